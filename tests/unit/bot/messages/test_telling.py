"""What people are told, once each, whatever happens on the way."""

from __future__ import annotations

from dataclasses import replace

import pytest

from bot.model.submission import SubmissionKind
from provisioner.engine.turn import advance
from provisioner.message import Message
from provisioner.vendor_call import Permanent, Temporary
from tests.builders import a_cause
from tests.fakes.office import CANARY, CHANNEL, Office
from tests.fakes.people import BOB, MINA


def test_the_card_goes_from_asked_to_ready_in_one_message(office: Office) -> None:
    request = office.requested()
    office.settle()
    assert office.chat.buttons_at(CHANNEL, request.id) == [
        "ws.req.approve",
        "ws.req.reject",
        "ws.req.withdraw",
    ]

    office.approves(request)
    office.settle()

    assert office.chat.keys(CHANNEL) == [request.id]
    assert "alpha is ready" in office.chat.card_at(CHANNEL, request.id)
    assert office.chat.buttons_at(CHANNEL, request.id) == ["ws.status.run"]


def test_the_thread_gets_a_line_for_each_milestone(office: Office) -> None:
    office.approves(office.requested())
    office.settle()

    lines = office.chat.lines(CHANNEL)
    for stage in ("profile", "bucket", "policy", "nodes", "login"):
        assert sum(f"Stage {stage} is" in line for line in lines) == 1, lines


def test_what_happened_since_the_last_word_is_told_in_one_post(office: Office) -> None:
    run = office.approves(office.requested())
    while office.run(run.id).active:
        advance(office.engine, office.run(run.id))
        office.later(seconds=5)
    office.settle()

    (post,) = office.chat.lines(CHANNEL)
    assert [line for line in post.splitlines() if "bucket" in line] == ["Stage bucket is ready"]
    assert post.splitlines()[0] == "Run started"
    assert post.splitlines()[-1] == "All resources are ready"


def test_a_post_whose_answer_was_lost_is_not_told_again_beside_what_came_since(office: Office) -> None:
    request = office.requested()
    office.settle()
    run = office.approves(request)
    advance(office.engine, office.run(run.id))
    office.chat.losing = 1
    office.message_sync.sync_once()
    office.later(seconds=5)
    office.settle()

    lines = [line for post in office.chat.lines(CHANNEL) for line in post.splitlines()]
    assert len(lines) == len(set(lines))
    assert {"Run started", "All resources are ready"} <= set(lines)


def test_a_channel_that_takes_no_more_posts_still_shows_the_end_on_the_card(office: Office) -> None:
    request = office.requested()
    office.settle()
    office.chat.full.add(CHANNEL)
    office.approves(request)
    office.settle()
    office.later(seconds=2)
    office.settle()

    assert office.chat.lines(CHANNEL) == []
    assert "alpha is ready" in office.chat.card_at(CHANNEL, request.id)

    office.chat.full.clear()
    office.later(seconds=31)
    office.settle()
    assert "All resources are ready" in office.chat.lines(CHANNEL)[-1]


def test_a_retry_is_shown_although_few_updates_are_left_and_its_line_was_told_before(office: Office) -> None:
    run = office.failed()
    office.service.retry(office.who(MINA), run.id)
    office.message_sync.sync_once()  # too soon for the card
    assert "ws.run.retry" in office.chat.buttons_at(CHANNEL, run.reference)
    advance(office.engine, office.run(run.id))
    office.chat.few = True
    office.later(seconds=5)
    office.message_sync.sync_once()

    assert office.run(run.id).active
    assert "ws.run.retry" not in office.chat.buttons_at(CHANNEL, run.reference)


def test_where_few_updates_are_left_they_are_kept_for_what_people_act_on(office: Office) -> None:
    request = office.requested()
    office.settle()
    office.chat.few = True
    office.later(seconds=5)
    run = office.approves(request)
    office.message_sync.sync_once()
    assert office.chat.buttons_at(CHANNEL, request.id) == ["ws.status.run", "ws.run.cancel"]

    advance(office.engine, office.run(run.id))
    office.later(seconds=5)
    office.message_sync.sync_once()
    begun = office.chat.card_at(CHANNEL, request.id)
    office.later(seconds=5)
    advance(office.engine, office.run(run.id))
    office.message_sync.sync_once()
    assert office.chat.card_at(CHANNEL, request.id) == begun

    office.settle()
    office.later(seconds=5)
    office.settle()
    assert "alpha is ready" in office.chat.card_at(CHANNEL, request.id)


def test_U7_the_requester_hears_of_every_end_by_direct_message(office: Office) -> None:
    office.world.breaks("nodes", Permanent(Message("cannot make nodes alpha"), cause=a_cause()))
    run = office.approves(office.requested())
    office.settle()
    office.service.retry(office.who(MINA), run.id)
    office.settle()

    approved, failed, ready = office.chat.directs(MINA)
    assert "approved" in approved
    assert "failed" in failed
    assert "ready" in ready
    assert all("https://chat.example/" in said or run.reference in said for said in (approved, failed, ready))


def test_a_failure_calls_those_who_can_act_and_quotes_the_vendor(office: Office) -> None:
    error = Permanent(Message("cannot make nodes alpha"), cause=a_cause("no capacity in zone a"))
    office.world.breaks("nodes", error)
    run = office.approves(office.requested())
    office.settle()

    (line,) = [line for line in office.chat.lines(CHANNEL) if "no capacity in zone a" in line]
    assert f"@{MINA}" in line
    assert f"@{BOB}" in line
    assert "ws.run.retry" in office.chat.buttons_at(CHANNEL, run.reference)
    assert "bucket alpha" in line


def test_U16_a_very_long_error_arrives_in_short_and_without_secrets(office: Office) -> None:
    words = f"denied for {CANARY}: " + "x" * 10_000
    office.world.breaks("bucket", Temporary(Message("cannot make bucket alpha"), cause=a_cause(words)))
    office.world.breaks("nodes", Permanent(Message("cannot make nodes alpha"), cause=a_cause(words)))
    run = office.approves(office.requested())
    office.settle()

    (line,) = [line for line in office.chat.lines(CHANNEL) if "denied for" in line]
    assert len(line) < 2_000
    with office.database.unit() as unit:
        written = repr(unit.journal.since(run.id, 0)) + repr(unit.runs.get(run.id))
    assert CANARY not in written + repr(office.chat.said)


def test_a_temporary_error_is_told_with_the_time_of_the_next_try(office: Office) -> None:
    office.world.breaks("bucket", Temporary(Message("cannot make bucket alpha")))
    run = office.approves(office.requested())
    advance(office.engine, office.run(run.id))
    office.message_sync.sync_once()

    assert "next retry" in office.chat.card_at(CHANNEL, run.reference)


def test_status_by_mention_is_answered_in_its_thread_once(office: Office) -> None:
    run = office.approves(office.requested())
    office.settle()
    root = office.chat.ts_of(CHANNEL, run.reference)
    spec = {"project": "alpha"}
    ask = replace(
        office.an_ask(), key="Ev1", kind=SubmissionKind.STATUS, channel=CHANNEL, thread_ts=root, spec=spec
    )

    office.service.submit(ask)
    office.chat.losing = 1
    office.message_sync.sync_once()
    office.later(seconds=5)
    office.service.submit(ask)
    office.settle()

    assert [line for line in office.chat.lines(CHANNEL) if "ready" in line and "requested by" in line]
    assert office.chat.doubled() == []


def test_the_chat_being_down_delays_words_and_never_work(office: Office) -> None:
    request = office.requested()
    office.settle()
    office.chat.down = True
    run = office.approves(request)
    office.settle()
    assert not office.run(run.id).active
    assert len(office.chat.said) == 1

    office.chat.down = False
    office.later(hours=1)
    office.settle()

    assert "alpha is ready" in office.chat.card_at(CHANNEL, request.id)
    assert office.chat.doubled() == []
    assert len(office.chat.directs(MINA)) == 2


def test_a_channel_the_bot_is_not_in_is_tried_again(office: Office) -> None:
    office.chat.gone.add(CHANNEL)
    request = office.requested()
    office.settle()
    assert office.chat.keys(CHANNEL) == []

    office.chat.gone.clear()
    office.later(minutes=2)
    office.settle()

    assert office.chat.keys(CHANNEL) == [request.id]


def test_a_person_who_left_is_left_alone(office: Office) -> None:
    office.chat.gone.add(MINA)
    run = office.approves(office.requested())
    office.settle()

    assert "alpha is ready" in office.chat.card_at(CHANNEL, run.reference)
    with office.database.unit() as unit:
        assert not unit.messages.to_tell(office.clock.now())


@pytest.mark.parametrize("lost", range(0, 12, 3))
def test_U25_a_lost_answer_neither_doubles_nor_drops_a_message(office: Office, lost: int) -> None:
    request = office.requested()
    for _ in range(lost):
        office.message_sync.sync_once()
        office.later(seconds=5)
    office.chat.losing = 1
    office.approves(request)
    for _ in range(5):
        office.settle()
        office.later(seconds=10)

    assert office.chat.doubled() == []
    assert "alpha is ready" in office.chat.card_at(CHANNEL, request.id)
    assert len(office.chat.directs(MINA)) == 2

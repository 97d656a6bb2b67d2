"""What goes wrong around the work: messages that are gone, clicks at the wrong moment, asks that break."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from approvals.errors import AlreadyDecided, Unknown
from approvals.model import Verdict
from approvals.policy import Policy
from bot.model.card import Mark
from bot.model.refusals import CannotCancel, CannotRetry
from bot.model.submission import SubmissionKind, SubmissionState
from bot.views.status import Finding
from provisioner.engine.run import Run, RunStatus
from provisioner.engine.turn import advance
from provisioner.message import Json, Message
from provisioner.vendor_call import Permanent, Temporary
from tests.builders import a_cause
from tests.fakes.notifier import shown
from tests.fakes.office import CHANNEL, POLICY, Office
from tests.fakes.people import BOB, JUN, MINA


def _parked(office: Office, project: str = "alpha") -> Run:
    """A run whose new plan has not been asked for yet."""
    office.world.places[project, "bucket"].parts += ["body", "mark"]
    run = office.approves(office.requested(project))
    office.world.places[project, "bucket"].parts.clear()
    office.message_sync.sync_once()
    advance(office.engine, office.run(run.id))
    assert office.run(run.id).status is RunStatus.PARKED
    return office.run(run.id)


def _minutes(office: Office, number: int) -> None:
    for _ in range(number):
        office.settle()
        office.later(minutes=1)


def _delete_message(office: Office, key: str) -> None:
    office.chat.said = [said for said in office.chat.said if said.key != key]


# ------------------------------------------------------------------------------------ messages


def test_a_card_that_somebody_deleted_keeps_nothing_else_from_being_told(office: Office) -> None:
    request = office.requested()
    office.settle()
    _delete_message(office, request.id)

    office.approves(request)
    _minutes(office, 3)

    assert any("ready" in said for said in office.chat.directs(MINA))
    assert any("All resources are ready" in line for line in office.chat.lines(CHANNEL))


def test_a_channel_that_is_gone_keeps_nobody_from_hearing_the_end(office: Office) -> None:
    request = office.requested()
    office.settle()
    office.chat.gone.add(CHANNEL)

    office.approves(request)
    _minutes(office, 3)

    assert any("ready" in said for said in office.chat.directs(MINA))


def test_a_request_that_cannot_be_shown_is_told_to_whoever_asked(office: Office) -> None:
    office.chat.gone.add(CHANNEL)
    office.requested()

    office.settle()
    office.later(minutes=5)
    office.settle()

    (said,) = office.chat.directs(MINA)
    assert "alpha" in said
    assert "no one can approve it" in said


def test_what_is_over_is_tried_ever_less_often_while_its_channel_is_away(office: Office) -> None:
    request = office.requested()
    office.settle()
    office.chat.gone.add(CHANNEL)
    office.service.withdraw(office.who(MINA), request.id)
    tried: list[timedelta] = []
    for _ in range(9):
        office.message_sync.sync_once()
        with office.database.unit() as unit:
            (card,) = unit.messages.to_tell(office.clock.now() + timedelta(days=1))
        assert card.next_at is not None
        tried.append(card.next_at - office.clock.now())
        office.later(hours=1)

    assert tried == sorted(tried)
    assert tried[0] == timedelta(minutes=1)
    assert tried[-1] == timedelta(hours=1)


def test_what_has_ended_in_a_channel_that_stays_away_is_left_alone(office: Office) -> None:
    request = office.requested()
    office.settle()
    office.chat.gone.add(CHANNEL)
    office.service.withdraw(office.who(MINA), request.id)

    for _ in range(40):
        office.message_sync.sync_once()
        office.later(hours=1)

    with office.database.unit() as unit:
        assert not unit.messages.to_tell(office.clock.now() + timedelta(days=1))


def test_a_request_that_was_half_told_when_slack_went_down_is_told_whole(office: Office) -> None:
    request = office.requested()
    office.settle()
    office.chat.down = True
    office.service.withdraw(office.who(MINA), request.id)
    for _ in range(12):
        office.message_sync.sync_once()
        office.later(minutes=5)

    office.chat.down = False
    office.later(minutes=1)
    office.settle()

    assert "Withdrawn" in office.chat.card_at(CHANNEL, request.id)


# ------------------------------------------------------------------------------------ clicks


def test_a_run_that_does_not_exist_is_said_not_to(office: Office) -> None:
    for click in (office.service.cancel, office.service.retry):
        with pytest.raises(Unknown):
            click(office.who(BOB), "WSR-9999.1")


def test_a_failed_run_is_given_up_at_once_and_that_is_told(office: Office) -> None:
    office.world.breaks("nodes", Permanent(Message("cannot make nodes alpha"), cause=a_cause()))
    run = office.approves(office.requested())
    office.settle()

    office.service.cancel(office.who(MINA), run.id)
    office.settle()

    assert office.run(run.id).status is RunStatus.CANCELLED
    assert any("Canceled" in line for line in office.chat.lines(CHANNEL))
    assert any("canceled" in said for said in office.chat.directs(MINA))
    with pytest.raises(CannotRetry):
        office.service.retry(office.who(MINA), run.id)


def test_a_withdrawn_request_names_whoever_withdrew_it_also_after_a_yes(office: Office) -> None:
    office.policy = Policy.from_toml(POLICY.replace("needed = 1", "needed = 2"))
    office.begin()
    request = office.requested()
    office.service.decide(office.who(BOB), request.id, Verdict.APPROVE)
    office.service.withdraw(office.who(MINA), request.id)

    with pytest.raises(AlreadyDecided) as refused:
        office.service.decide(office.who(JUN), request.id, Verdict.APPROVE)

    assert refused.value.by == MINA


@pytest.mark.parametrize("status", [RunStatus.QUEUED, RunStatus.RUNNING, RunStatus.WAITING])
def test_whatever_is_in_flight_can_be_cancelled(office: Office, status: RunStatus) -> None:
    run = office.approves(office.requested())
    with office.database.unit() as unit:
        bent = unit.runs.get(run.id)
        bent.status = status
        unit.runs.save(bent)
        unit.commit()

    office.service.cancel(office.who(MINA), run.id)
    office.settle()

    assert office.run(run.id).status is RunStatus.CANCELLED
    assert office.world.writes == []


# ------------------------------------------------------------------------------------ parked runs


def test_a_parked_run_that_waits_for_a_decision_is_not_cancelled_past_it(office: Office) -> None:
    run = _parked(office)
    office.reapproval.reapprove_parked()

    with pytest.raises(CannotCancel):
        office.service.cancel(office.who(MINA), run.id)


def test_a_parked_card_offers_no_cancel_that_would_be_refused(office: Office) -> None:
    run = _parked(office)
    office.later(seconds=2)
    office.message_sync.sync_once()
    assert office.chat.buttons_at(CHANNEL, run.reference) == ["ws.status.run", "ws.run.cancel"]
    assert "The run ends" in office.chat.card_at(CHANNEL, run.reference)

    office.settle()
    office.later(seconds=2)
    office.settle()

    assert office.chat.buttons_at(CHANNEL, run.reference) == ["ws.status.run"]


def test_what_a_run_made_before_its_plan_changed_is_not_said_to_have_been_there(office: Office) -> None:
    parked = _parked(office)
    office.settle()
    request = office.pending()
    assert request is not None
    office.service.decide(office.who(BOB), request.id, Verdict.APPROVE)
    office.settle()
    office.later(seconds=2)
    office.settle()

    run = office.run(parked.id)
    assert run.status is RunStatus.SUCCEEDED
    card = office.chat.card_at(CHANNEL, request.id)
    assert "There already" not in card
    assert "Stage profile" in card.partition("Created")[0]


def test_a_parked_card_does_not_call_a_deletion_the_new_plan(office: Office) -> None:
    run = _parked(office)
    request = office.to_be_deleted()
    office.later(seconds=2)
    office.settle()

    card = office.chat.card_at(CHANNEL, run.reference)
    assert f"{MINA} requested deletion: {request.id}." in card
    assert "new plan is" not in card
    assert office.chat.buttons_at(CHANNEL, run.reference) == ["ws.status.run", "ws.run.cancel"]


def test_a_parked_run_for_which_nothing_can_be_asked_can_be_cancelled(office: Office) -> None:
    run = _parked(office)
    office.world.places["alpha", "bucket"].foreign = True
    office.reapproval.reapprove_parked()
    assert office.pending() is None

    office.service.cancel(office.who(MINA), run.id)
    office.settle()

    assert office.run(run.id).status is RunStatus.CANCELLED
    assert office.pending() is None


def test_a_parked_run_for_which_nothing_can_be_asked_says_why_once_and_is_asked_for_when_it_can(
    office: Office,
) -> None:
    run = _parked(office)
    office.world.places["alpha", "bucket"].foreign = True

    _minutes(office, 3)

    [line] = [
        one for one in office.chat.lines(CHANNEL) if "can't request approval of the updated plan" in one
    ]
    assert f"@{MINA}" in line
    assert "I check again every minute.\nStage bucket: bucket alpha belongs to somebody else." in line
    assert office.pending() is None
    office.world.places["alpha", "bucket"].foreign = False
    _minutes(office, 2)
    assert office.pending() is not None
    assert office.run(run.id).status is RunStatus.PARKED


def test_nobody_is_asked_for_a_new_plan_of_a_run_that_was_told_to_stop(office: Office) -> None:
    run = _parked(office)
    with office.database.unit() as unit:
        unit.runs.request_cancel(run.id)  # as when Cancel is pressed just before the run parks
        unit.commit()

    office.settle()

    assert office.pending() is None
    assert office.run(run.id).status is RunStatus.CANCELLED
    assert any("canceled" in said for said in office.chat.directs(MINA))


def test_a_new_plan_has_to_pass_the_gate_of_the_policy_as_it_is(office: Office) -> None:
    run = _parked(office)
    office.policy = Policy.from_toml(POLICY.replace("needed = 1", "needed = 2"))
    office.begin()

    office.reapproval.reapprove_parked()

    anew = office.pending()
    assert anew is not None
    assert anew.gate.needed == 2
    assert anew.asked_by == office.request(run.reference).asked_by


def test_a_new_plan_is_shown_in_the_thread_also_after_the_channel_setting_changed(office: Office) -> None:
    run = _parked(office)
    office.channel = "C0ELSEWHERE"
    office.begin()

    office.settle()

    anew = office.pending()
    assert anew is not None
    assert office.chat.root_of(CHANNEL, anew.id) == office.chat.ts_of(CHANNEL, run.reference)


@pytest.mark.parametrize("end", ["withdraw", "expire"])
def test_a_new_plan_that_nobody_approves_gives_the_run_up(office: Office, end: str) -> None:
    run = _parked(office)
    office.reapproval.reapprove_parked()
    anew = office.pending()
    assert anew is not None

    if end == "withdraw":
        office.service.withdraw(office.who(MINA), anew.id)
    else:
        office.later(hours=25)
        office.service.expire()
    office.settle()

    assert office.run(run.id).status is RunStatus.CANCELLED
    assert any("wasn't approved" in line for line in office.chat.lines(CHANNEL))
    with office.database.unit() as unit:
        assert not unit.messages.to_tell(office.clock.now())


def test_one_parked_run_that_cannot_be_looked_at_does_not_keep_others_waiting(office: Office) -> None:
    _parked(office, "alpha")
    _parked(office, "beta")
    office.world.hides("profile", RuntimeError("a bug"))

    office.reapproval.reapprove_parked()

    assert office.pending("alpha") is None
    assert office.pending("beta") is not None
    office.reapproval.reapprove_parked()
    assert office.pending("alpha") is not None


# ------------------------------------------------------------------------------------ asks


def test_an_ask_that_breaks_every_time_is_answered_in_the_end(office: Office) -> None:
    office.world.hides("bucket", *[RuntimeError("a bug")] * 50)

    office.submissions()
    for _ in range(10):
        office.later(minutes=1)
        office.intake.process_due()
    office.settle()

    (said,) = office.chat.whispers(MINA)
    assert "internal error" in said
    assert "ref-" in said


def test_a_live_look_that_breaks_every_time_is_answered_in_the_end(office: Office) -> None:
    office.world.hides("bucket", *[RuntimeError("a bug")] * 50)
    look = replace(office.an_ask(), kind=SubmissionKind.LOOK, spec={"project": "alpha"})

    office.service.submit(look)
    for _ in range(10):
        office.later(minutes=1)
        office.intake.process_due()
    office.settle()

    (said,) = office.chat.whispers(MINA)
    assert "internal error" in said


def test_an_hour_without_slack_leaves_the_tries_for_the_systems(office: Office) -> None:
    office.people.silent = True
    office.submissions()
    for _ in range(100):
        office.later(seconds=36)
        office.intake.process_due()
    office.people.silent = False
    office.world.hides("bucket", Temporary(Message("cannot look at bucket alpha")))

    for _ in range(3):
        office.later(minutes=1)
        office.intake.process_due()

    assert office.pending() is not None


def test_an_ask_that_was_answered_meanwhile_is_not_answered_again(office: Office) -> None:
    """As when two processes lead for a moment."""
    ask = office.an_ask()
    office.service.submit(ask)
    office.intake.process_due()
    first = office.pending()

    office.intake.answer(ask)
    office.settle()

    assert office.pending() == first
    assert office.chat.whispers(MINA) == []


def test_a_look_that_an_older_version_answered_is_told_as_it_was_meant(office: Office) -> None:
    """It kept what it found without saying whether the workspace was to be there or to be gone."""
    finding = Finding(Message("S3 bucket"), Mark.DONE).to_json()
    spec: dict[str, Json] = {"project": "alpha"}
    old = replace(
        office.an_ask(),
        kind=SubmissionKind.LOOK,
        spec=spec,
        state=SubmissionState.ANSWERED,
        outcome={"findings": [finding]},
    )

    office.service.submit(old)
    office.settle()

    assert "matches its plan (checked just now)" in office.chat.whispers(MINA)[-1]


# ------------------------------------------------------------------------------------ looking


def test_a_workspace_stays_what_it_is_when_a_later_request_is_rejected(office: Office) -> None:
    run = office.approves(office.requested())
    office.settle()
    office.world.places["alpha", "bucket"].parts.remove("mark")
    again = office.requested()
    office.service.decide(office.who(BOB), again.id, Verdict.REJECT, "leave it")

    said = office.service.status("alpha")

    assert "alpha: ready" in str(said.text)
    assert run.reference in repr(said.parts)


def test_a_failed_run_is_not_said_to_be_worked_on(office: Office) -> None:
    office.world.breaks("nodes", Permanent(Message("cannot make nodes alpha"), cause=a_cause()))
    office.approves(office.requested())
    office.settle()

    office.submissions()
    office.settle()

    said = office.chat.whispers(MINA)[-1]
    assert "failed. Choose what to do on the card of WSR-0001 first" in said


def test_my_earlier_requests_are_shown_with_what_became_of_them(office: Office) -> None:
    run = office.approves(office.requested())
    advance(office.engine, office.run(run.id))
    office.service.cancel(office.who(MINA), run.id)
    office.settle()
    office.approves(office.requested())
    office.settle()

    said = shown(office.service.home(office.who(MINA)))

    assert {"ready", "WSR-0001", "WSR-0002"} <= set(said.splitlines())
    assert "was canceled, then WSR-0002: ready" in said

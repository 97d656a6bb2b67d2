"""What can be done about work that stopped: roll back a failure, go on after a cancel, delete, read why."""

from __future__ import annotations

import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

import pytest

from approvals.errors import AlreadyPending, Refusal, Unknown
from approvals.model import Verdict
from bot.model.refusals import (
    CannotRetry,
    CannotRollBack,
    DeletionPending,
    NeverFailed,
    NotCancelled,
    NotInvolved,
    Overtaken,
)
from provisioner.engine.run import Run, RunStatus
from provisioner.engine.stage import Goal
from provisioner.engine.turn import advance
from provisioner.message import Message
from provisioner.vendor_call import Cause, Permanent, Temporary
from tests.builders import a_cause
from tests.fakes.notifier import shown
from tests.fakes.office import CANARY, CHANNEL, Office
from tests.fakes.people import BOB, JUN, MINA, OLGA

STAGES = {"profile", "bucket", "policy", "nodes", "login"}


def _roll_back(office: Office, run: Run, user: str = MINA) -> bool:
    return office.service.roll_back(office.who(user), run.id, channel=CHANNEL)


def _go_on(office: Office, run: Run, user: str = MINA) -> bool:
    return office.service.go_on(office.who(user), run.id, channel=CHANNEL)


def _remove(office: Office, run: Run, user: str = MINA) -> bool:
    return office.service.remove(office.who(user), run.id, channel=CHANNEL)


def at_once(*acts: Callable[[], object]) -> list[object]:
    """What each gave, or how each was refused, when all begin in one moment."""
    start = threading.Barrier(len(acts))

    def act(do: Callable[[], object]) -> object:
        start.wait()
        try:
            return do()
        except Refusal as no:
            return no

    with ThreadPoolExecutor(len(acts)) as pool:
        return list(pool.map(act, acts))


def _cancelled(office: Office) -> Run:
    """A run that was stopped when it had made some."""
    run = office.approves(office.requested())
    advance(office.engine, office.run(run.id))
    office.service.cancel(office.who(MINA), run.id)
    office.settle()
    assert office.run(run.id).status is RunStatus.CANCELLED
    return office.run(run.id)


def _cancelled_deletion(office: Office) -> Run:
    office.ready()
    run = office.approves(office.to_be_deleted())
    advance(office.engine, office.run(run.id))
    office.service.cancel(office.who(MINA), run.id)
    office.settle()
    assert not office.world.empty()
    return office.run(run.id)


def _asks(office: Office) -> int:
    """Requests that were ever opened."""
    with office.database.unit() as unit:
        return int(unit.requests.next_id().split("-")[1]) - 1


# ------------------------------------------------------------------------------------ the failed card


def test_a_failed_card_says_what_happened_what_is_there_and_what_can_be_done(office: Office) -> None:
    run = office.failed()

    card = office.chat.card_at(CHANNEL, run.reference)
    assert "alpha failed at Stage nodes" in card
    assert "What happened: cannot make nodes of alpha." in card
    assert card.count("cannot make nodes of alpha") == 1
    assert "Stage login\nnot started" in card
    for there in ("profile alpha", "bucket alpha", "policy alpha"):
        assert there in card
    assert "What exists now" in card
    assert "Roll back requests approval to delete the existing resources." in card
    assert "Nothing happens until someone acts." in card
    assert office.chat.buttons_at(CHANNEL, run.reference) == [
        "ws.run.retry",
        "ws.run.rollback",
        "ws.run.details",
        "ws.run.cancel",
    ]


@pytest.mark.parametrize(
    ("cause", "said"),
    [
        (a_cause("SlowDown: reduce your request rate", code="SlowDown"), "may succeed this time."),
        (a_cause("Access Denied"), "Retrying without a fix will fail again."),
        (a_cause("a new way to fail"), "The cause is unknown. View details shows the full error."),
    ],
)
def test_a_failed_card_says_whether_trying_again_may_help(office: Office, cause: Cause, said: str) -> None:
    run = office.failed(error=Permanent(Message("cannot make nodes"), cause=cause))

    assert said in office.chat.card_at(CHANNEL, run.reference)


# ------------------------------------------------------------------------------------ roll back


def test_rolling_back_deletes_what_was_made_under_its_own_approval(office: Office) -> None:
    run = office.failed()

    assert _roll_back(office, run)
    office.settle()

    request = office.pending()
    assert request is not None
    assert request.subject.action == "workspace.delete"
    assert request.asked_by == MINA
    assert office.world.made() == {"profile", "bucket", "policy"}
    assert office.chat.root_of(CHANNEL, request.id) == ""  # a card of its own
    deletion = office.approves(request)
    assert office.run(run.id).status is RunStatus.CANCELLED
    office.settle()
    assert office.run(deletion.id).goal is Goal.ABSENT
    assert office.world.empty()
    card = office.chat.card_at(CHANNEL, run.reference)
    assert f"alpha: replaced by deletion {request.id}" in card
    assert office.chat.buttons_at(CHANNEL, run.reference) == ["ws.status.run"]


def test_a_failed_card_points_at_the_roll_back_and_lets_nobody_retry_past_it(office: Office) -> None:
    run = office.failed()
    _roll_back(office, run, BOB)
    office.settle()
    office.later(seconds=1)
    office.settle()

    request = office.pending()
    assert request is not None
    card = office.chat.card_at(CHANNEL, run.reference)
    assert f"{BOB} requested a rollback: {request.id}" in card
    assert office.chat.buttons_at(CHANNEL, run.reference) == ["ws.run.details", "ws.status.run"]

    office.service.decide(office.who(JUN), request.id, Verdict.REJECT, "it is needed")
    office.settle()
    office.later(seconds=1)
    office.settle()

    assert office.chat.buttons_at(CHANNEL, run.reference)[:2] == ["ws.run.retry", "ws.run.rollback"]


def test_pressed_twice_it_is_asked_for_once(office: Office) -> None:
    run = office.failed()

    assert _roll_back(office, run)
    assert not _roll_back(office, run)
    office.settle()

    assert len(office.chat.keys(CHANNEL)) == 2
    assert _asks(office) == 2


def test_pressed_again_once_it_is_open_it_names_the_request(office: Office) -> None:
    run = office.failed()
    _roll_back(office, run)
    office.settle()

    for user in (MINA, BOB):
        with pytest.raises(AlreadyPending):
            _roll_back(office, run, user)


def test_two_people_who_press_at_once_get_one_request_and_the_second_is_told(office: Office) -> None:
    run = office.failed()

    assert _roll_back(office, run, MINA)
    assert _roll_back(office, run, BOB)
    office.settle()

    assert _asks(office) == 2
    said = [*office.chat.whispers(MINA), *office.chat.whispers(BOB)]
    assert len([one for one in said if "A request to delete alpha is already pending" in one]) == 1


def test_a_double_press_at_the_same_moment_is_asked_for_once(office: Office) -> None:
    run = office.failed()

    asked = at_once(lambda: _roll_back(office, run), lambda: _roll_back(office, run))
    office.settle()

    assert sorted(map(str, asked)) == ["False", "True"]
    assert _asks(office) == 2


def test_a_retry_at_the_moment_of_the_approval_does_not_get_in_between(office: Office) -> None:
    run = office.failed()
    _roll_back(office, run)
    office.settle()
    request = office.pending()
    assert request is not None

    outcomes = at_once(
        lambda: office.approves(request),
        lambda: office.service.retry(office.who(MINA), run.id),
    )
    office.settle()

    assert [type(one) for one in outcomes if isinstance(one, Refusal)] in ([CannotRetry], [DeletionPending])
    assert office.world.empty()


def test_after_a_rejection_it_can_be_asked_for_again(office: Office) -> None:
    run = office.failed()
    _roll_back(office, run)
    office.settle()
    first = office.pending()
    assert first is not None
    office.service.decide(office.who(BOB), first.id, Verdict.REJECT, "wait for Monday")

    assert _roll_back(office, run)
    office.settle()

    second = office.pending()
    assert second is not None
    assert second.id != first.id


def test_after_a_refusal_it_can_be_asked_for_again(office: Office) -> None:
    run = office.failed()
    office.world.hides("bucket", Permanent(Message("cannot look at bucket alpha"), cause=a_cause()))
    _roll_back(office, run)
    office.settle()
    assert "cannot look at bucket alpha" in office.chat.whispers(MINA)[-1]
    assert office.pending() is None

    assert _roll_back(office, run)
    office.settle()

    assert office.pending() is not None


def test_a_retry_between_the_press_and_the_answer_wins(office: Office) -> None:
    run = office.failed()
    _roll_back(office, run)
    office.service.retry(office.who(BOB), run.id)

    office.intake.process_due()
    office.message_sync.sync_once()

    assert office.pending() is None
    assert "cancel it on its card first" in office.chat.whispers(MINA)[-1]


def test_what_was_made_after_all_is_not_deleted_by_an_earlier_press(office: Office) -> None:
    run = office.failed()
    _roll_back(office, run)
    office.world.mends()
    office.service.retry(office.who(BOB), run.id)
    while advance(office.engine, office.run(run.id)):
        office.later(minutes=1)
    assert office.run(run.id).status is RunStatus.SUCCEEDED

    office.settle()

    assert office.pending() is None
    assert f"alpha has a newer run ({run.reference}" in office.chat.whispers(MINA)[-1]


def test_rolling_back_where_nothing_exists_says_how_to_end_it(office: Office) -> None:
    run = office.failed(stage="profile")
    office.world.places.clear()

    _roll_back(office, run)
    office.settle()

    assert office.pending() is None
    said = office.chat.whispers(MINA)[-1]
    assert (
        f"Nothing of alpha exists in any system. To end the run, cancel it on the card of {run.reference}"
        in said
    )


def test_only_those_involved_ask_from_a_card(office: Office) -> None:
    failed = office.failed("alpha")
    office.world.mends()

    with pytest.raises(NotInvolved):
        _roll_back(office, failed, OLGA)
    office.service.cancel(office.who(MINA), failed.id)
    for press in (_go_on, _remove):
        with pytest.raises(NotInvolved):
            press(office, failed, OLGA)


def test_only_what_failed_is_rolled_back(office: Office) -> None:
    run = office.approves(office.requested())
    with pytest.raises(CannotRollBack):
        _roll_back(office, run)
    office.settle()

    with pytest.raises(CannotRollBack):
        _roll_back(office, run)
    deletion = office.approves(office.to_be_deleted())
    office.world.breaks("nodes", Permanent(Message("cannot delete nodes"), cause=a_cause()))
    office.settle()
    with pytest.raises(CannotRollBack):
        _roll_back(office, office.run(deletion.id))


def test_a_run_nobody_knows_is_said_not_to_exist(office: Office) -> None:
    for press in (office.service.roll_back, office.service.go_on, office.service.remove):
        with pytest.raises(Unknown):
            press(office.who(MINA), "WSR-9999.1", channel=CHANNEL)
    with pytest.raises(Unknown):
        office.service.details("WSR-9999.1")


# ------------------------------------------------------------------------------------ after a cancel


def test_a_cancelled_card_lists_what_exists_and_offers_both_ways(office: Office) -> None:
    run = _cancelled(office)

    card = office.chat.card_at(CHANNEL, run.reference)
    assert "What exists now" in card
    assert "bucket alpha" in card
    assert "Continue requests approval to create the rest. Existing resources are kept." in card
    assert office.chat.buttons_at(CHANNEL, run.reference) == [
        "ws.run.continue",
        "ws.run.delete",
        "ws.status.run",
    ]


def test_continue_asks_for_the_rest_and_keeps_what_exists(office: Office) -> None:
    run = _cancelled(office)

    assert _go_on(office, run)
    office.settle()

    request = office.pending()
    assert request is not None
    assert request.subject.action == "workspace.create"
    with office.database.unit() as unit:
        proposal = unit.proposals.get(request.id)
    assert proposal.asked == run.asked
    assert any(not stage.changes for stage in proposal.plan.stages)
    assert f"{MINA} requested to continue: {request.id}" in office.chat.card_at(CHANNEL, run.reference)
    office.approves(request)
    office.settle()
    assert office.world.made() == STAGES
    assert len(office.world.writes) == len(set(office.world.effects()))
    assert f"Continued in {request.id}" in office.chat.card_at(CHANNEL, run.reference)
    assert office.chat.buttons_at(CHANNEL, run.reference) == ["ws.status.run"]


def test_continue_twice_is_one_request(office: Office) -> None:
    run = _cancelled(office)

    assert _go_on(office, run)
    assert not _go_on(office, run)
    office.settle()
    with pytest.raises(AlreadyPending):
        _go_on(office, run)

    assert _asks(office) == 2


def test_continue_and_delete_at_once_are_one_request_and_the_second_is_told(office: Office) -> None:
    run = _cancelled(office)

    _go_on(office, run, MINA)
    _remove(office, run, BOB)
    office.settle()

    assert _asks(office) == 2
    told = [*office.chat.whispers(MINA), *office.chat.whispers(BOB)]
    assert len([one for one in told if "is already pending" in one]) == 1


def test_delete_after_a_cancel_removes_what_exists(office: Office) -> None:
    run = _cancelled(office)

    assert _remove(office, run)
    office.settle()
    request = office.pending()
    assert request is not None
    office.approves(request, JUN)
    office.settle()

    assert office.world.empty()
    assert f"{request.id} replaced this run" in office.chat.card_at(CHANNEL, run.reference)


def test_a_cancelled_card_offers_its_ways_again_when_nobody_approved(office: Office) -> None:
    run = _cancelled(office)
    before = office.chat.card_at(CHANNEL, run.reference)
    _remove(office, run)
    office.settle()
    request = office.pending()
    assert request is not None
    assert office.chat.buttons_at(CHANNEL, run.reference) == ["ws.status.run"]

    office.service.withdraw(office.who(MINA), request.id)
    office.settle()

    assert office.chat.card_at(CHANNEL, run.reference) == before


def test_an_old_card_does_nothing_once_the_work_went_on(office: Office) -> None:
    run = _cancelled(office)
    office.ready()

    for press in (_go_on, _remove):
        with pytest.raises(Overtaken):
            press(office, run)


def test_what_was_not_cancelled_is_not_gone_on_with(office: Office) -> None:
    run = office.failed()

    for press in (_go_on, _remove):
        with pytest.raises(NotCancelled):
            press(office, run)


def test_what_was_given_up_before_anything_was_made_offers_no_deletion(office: Office) -> None:
    run = office.approves(office.requested())
    office.service.cancel(office.who(MINA), run.id)
    office.settle()

    assert "What exists now: nothing" in office.chat.card_at(CHANNEL, run.reference)
    assert office.chat.buttons_at(CHANNEL, run.reference) == ["ws.run.continue", "ws.status.run"]


def test_a_cancelled_deletion_goes_on_as_a_deletion(office: Office) -> None:
    run = _cancelled_deletion(office)
    card = office.chat.card_at(CHANNEL, run.reference)
    assert "Deleting alpha was canceled" in card
    assert "Continue requests approval to delete the remaining resources." in card
    assert office.chat.buttons_at(CHANNEL, run.reference) == ["ws.run.continue", "ws.status.run"]

    _go_on(office, run)
    office.settle()
    request = office.pending()
    assert request is not None
    assert request.subject.action == "workspace.delete"
    office.approves(request)
    office.settle()

    assert office.world.empty()
    assert len(office.world.writes) == len(set(office.world.effects()))
    card = office.chat.card_at(CHANNEL, run.reference)
    assert f"alpha: replaced by deletion {request.id}" in card
    assert "Remaining resources are kept." not in card


def test_a_failure_that_was_given_up_lists_what_exists(office: Office) -> None:
    run = office.failed()

    office.service.cancel(office.who(MINA), run.id)
    office.settle()

    card = office.chat.card_at(CHANNEL, run.reference)
    assert "bucket alpha" in card
    assert "ws.run.delete" in office.chat.buttons_at(CHANNEL, run.reference)


def test_what_an_earlier_failure_saw_is_not_said_to_exist_now(office: Office) -> None:
    office.world.places["alpha", "bucket"].parts += ["body", "mark"]
    run = office.failed()
    office.world.places["alpha", "bucket"].parts.clear()
    office.service.retry(office.who(MINA), run.id)
    office.settle()
    assert office.run(run.id).status is RunStatus.PARKED
    anew = office.pending()
    assert anew is not None

    office.service.decide(office.who(BOB), anew.id, Verdict.REJECT, "no")
    office.settle()

    assert office.run(run.id).status is RunStatus.CANCELLED
    card = office.chat.card_at(CHANNEL, run.reference)
    assert "Existing resources are kept." in card
    assert "What exists now" not in card
    assert "ws.run.delete" in office.chat.buttons_at(CHANNEL, run.reference)


# ------------------------------------------------------------------------------------ details


def test_details_hold_all_that_was_said_without_secrets(office: Office) -> None:
    words = f"denied for {CANARY}: {'x' * 3_000} the end"
    cause = a_cause(words, code="Throttled", request_id="REQ-7")
    run = office.failed(error=Permanent(Message("cannot make nodes of alpha"), cause=cause))

    said = shown(office.service.details(run.id))

    assert "Why creating alpha failed" in said
    assert "Stage nodes: cannot make nodes of alpha." in said
    for fact in ("S3", "CreateBucket", "Throttled", "REQ-7", "the end", "ref-"):
        assert fact in said
    assert CANARY not in said
    assert "bucket alpha" in said
    assert "Stage nodes: in progress" in said
    assert "2026-11-23 12:0" in said


@pytest.mark.parametrize(
    ("cause", "said"),
    [
        (a_cause("SlowDown: reduce your request rate", code="SlowDown"), "A retry may help"),
        (a_cause("Access Denied"), "Until then, a retry will fail again."),
        (a_cause("a new way to fail"), "a retry may or may not help."),
        (None, "No other system reported an error."),
    ],
)
def test_details_say_whether_trying_again_may_help(office: Office, cause: Cause | None, said: str) -> None:
    run = office.failed(error=Permanent(Message("cannot make nodes"), cause=cause))

    assert said in shown(office.service.details(run.id))


def test_details_of_a_bug_name_the_reference_and_no_trace(office: Office) -> None:
    run = office.failed(error=ZeroDivisionError("inner secret of ours"))

    said = shown(office.service.details(run.id))

    assert "an unexpected error occurred (reference ref-" in said
    assert "inner secret" not in said


def test_details_stay_readable_when_the_work_went_on(office: Office) -> None:
    run = office.failed()
    office.service.retry(office.who(MINA), run.id)
    assert "The run was retried after this failure." in shown(office.service.details(run.id))
    office.settle()

    assert "cannot make nodes of alpha" in shown(office.service.details(run.id))


def test_details_of_what_was_given_up_say_so(office: Office) -> None:
    run = office.failed()
    office.service.cancel(office.who(MINA), run.id)

    assert "The run was canceled after this failure." in shown(office.service.details(run.id))


def test_details_of_a_deletion_speak_of_one(office: Office) -> None:
    office.ready()
    run = office.approves(office.to_be_deleted())
    office.world.breaks("nodes", Permanent(Message("cannot delete nodes"), cause=a_cause()))
    office.settle()

    assert "Why deleting alpha failed" in shown(office.service.details(run.id))


def test_only_the_last_lines_of_a_long_journal_are_shown(office: Office) -> None:
    office.world.breaks("bucket", *[Temporary(Message("cannot make bucket"), cause=a_cause())] * 2)
    office.world.breaks("policy", *[Temporary(Message("cannot make policy"), cause=a_cause())] * 2)
    run = office.failed()
    for _ in range(2):
        office.world.breaks("nodes", Permanent(Message("cannot make nodes again"), cause=a_cause()))
        office.service.retry(office.who(MINA), run.id)
        office.settle()

    said = shown(office.service.details(run.id))

    assert "cannot make nodes again" in said
    assert "Run log: last 15 of" in said
    assert "Stage nodes failed" in said
    assert "Run started" not in said


def test_what_never_failed_has_nothing_to_tell(office: Office) -> None:
    run = office.ready()

    with pytest.raises(NeverFailed):
        office.service.details(run.id)

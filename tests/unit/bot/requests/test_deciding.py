"""Yes, no, and who may say it; and what becomes of the run."""

from __future__ import annotations

import threading

import pytest

from approvals.errors import (
    AlreadyDecided,
    NotAnApprover,
    NotYours,
    ReasonMissing,
    Refusal,
    SelfApproval,
    Unknown,
)
from approvals.model import RequestStatus, Verdict
from bot.model.refusals import CannotCancel, CannotRetry, NotInvolved
from provisioner.engine.run import RunStatus
from provisioner.engine.turn import advance
from provisioner.message import Message
from provisioner.vendor_call import Permanent
from tests.builders import a_cause
from tests.fakes.office import CHANNEL, Office
from tests.fakes.people import BOB, JUN, MINA, OLGA


def test_an_approval_starts_the_run_in_the_same_moment(office: Office) -> None:
    run = office.approves(office.requested())

    assert run.status is RunStatus.QUEUED
    assert run.id in {f"{run.reference}.1"}
    office.settle()
    assert office.run(run.id).status is RunStatus.SUCCEEDED
    assert office.world.made() == {"profile", "bucket", "policy", "nodes", "login"}


def test_U3_nobody_approves_their_own_request(office: Office) -> None:
    office.people.groups["workspace-admins"] |= {MINA}
    request = office.requested()

    with pytest.raises(SelfApproval):
        office.service.decide(office.who(MINA), request.id, Verdict.APPROVE)

    assert office.request(request.id).pending


def test_U2_only_approvers_decide_and_a_refused_click_changes_nothing(office: Office) -> None:
    request = office.requested()

    for verdict in Verdict:
        with pytest.raises(NotAnApprover):
            office.service.decide(office.who(OLGA), request.id, verdict, "because")

    assert office.request(request.id).pending


def test_a_rejection_says_why_and_nothing_is_made(office: Office) -> None:
    request = office.requested()
    with pytest.raises(ReasonMissing):
        office.service.decide(office.who(BOB), request.id, Verdict.REJECT)

    office.service.decide(office.who(BOB), request.id, Verdict.REJECT, "use beta instead")
    office.settle()

    assert office.world.writes == []
    assert "use beta instead" in office.chat.card_at(CHANNEL, request.id)
    assert any("use beta instead" in said for said in office.chat.directs(MINA))


def test_U8_a_late_click_learns_who_was_first(office: Office) -> None:
    request = office.requested()
    office.approves(request)

    with pytest.raises(AlreadyDecided) as refused:
        office.service.decide(office.who(JUN), request.id, Verdict.REJECT, "too late")

    assert refused.value.by == BOB


def test_U1_two_admins_at_once_decide_once(office: Office) -> None:
    request = office.requested()
    refusals: list[Refusal] = []
    start = threading.Barrier(2)

    def click(user: str) -> None:
        start.wait()
        try:
            office.service.decide(office.who(user), request.id, Verdict.APPROVE)
        except Refusal as refusal:
            refusals.append(refusal)

    clicks = [threading.Thread(target=click, args=(user,)) for user in (BOB, JUN)]
    for thread in clicks:
        thread.start()
    for thread in clicks:
        thread.join()

    assert [type(refusal) for refusal in refusals] == [AlreadyDecided]
    assert len(office.request(request.id).decisions) == 1
    office.settle()
    assert len(office.world.writes) == 10


def test_a_request_is_withdrawn_by_whoever_asked_and_by_nobody_else(office: Office) -> None:
    request = office.requested()
    with pytest.raises(NotYours):
        office.service.withdraw(office.who(BOB), request.id)

    office.service.withdraw(office.who(MINA), request.id)
    office.settle()

    assert office.request(request.id).status is RequestStatus.WITHDRAWN
    assert "Withdrawn" in office.chat.card_at(CHANNEL, request.id)


def test_a_request_that_does_not_exist_is_said_not_to(office: Office) -> None:
    with pytest.raises(Unknown):
        office.service.decide(office.who(BOB), "WSR-9999", Verdict.APPROVE)


def test_a_failed_run_goes_on_where_it_stopped_after_retry(office: Office) -> None:
    office.world.breaks("nodes", Permanent(Message("cannot make nodes alpha"), cause=a_cause()))
    run = office.approves(office.requested())
    office.settle()
    assert office.run(run.id).status is RunStatus.FAILED
    before = len(office.world.writes)

    office.service.retry(office.who(MINA), run.id)
    office.settle()

    assert office.run(run.id).status is RunStatus.SUCCEEDED
    assert office.run(run.id).attempt == 2
    assert len(office.world.writes) - before == 3
    assert len(office.world.writes) == len(set(office.world.effects()))


def test_only_those_involved_retry_or_cancel(office: Office) -> None:
    run = office.approves(office.requested())

    with pytest.raises(NotInvolved):
        office.service.cancel(office.who(OLGA), run.id)
    with pytest.raises(NotInvolved):
        office.service.retry(office.who(OLGA), run.id)


def test_a_run_that_has_not_failed_is_not_retried(office: Office) -> None:
    run = office.approves(office.requested())

    with pytest.raises(CannotRetry):
        office.service.retry(office.who(MINA), run.id)


def test_cancel_stops_before_the_next_change_and_says_what_exists(office: Office) -> None:
    run = office.approves(office.requested())
    advance(office.engine, office.run(run.id))
    made = len(office.world.writes)

    office.service.cancel(office.who(MINA), run.id)
    office.settle()

    assert office.run(run.id).status is RunStatus.CANCELLED
    assert len(office.world.writes) == made
    card = office.chat.card_at(CHANNEL, run.reference)
    assert "canceled" in card
    assert any("bucket alpha" in line for line in office.chat.lines(CHANNEL))


def test_after_a_cancel_asking_again_makes_only_the_rest(office: Office) -> None:
    run = office.approves(office.requested())
    advance(office.engine, office.run(run.id))
    office.service.cancel(office.who(MINA), run.id)
    office.settle()

    office.approves(office.requested())
    office.settle()

    assert office.world.made() == {"profile", "bucket", "policy", "nodes", "login"}
    assert len(office.world.writes) == len(set(office.world.effects()))


def test_what_has_ended_cannot_be_cancelled(office: Office) -> None:
    run = office.approves(office.requested())
    office.settle()

    with pytest.raises(CannotCancel):
        office.service.cancel(office.who(MINA), run.id)


def test_a_world_that_changed_needs_a_new_approval_in_the_same_thread(office: Office) -> None:
    office.world.places["alpha", "bucket"].parts += ["body", "mark"]
    run = office.approves(office.requested())
    office.world.places["alpha", "bucket"].parts.clear()
    office.settle()
    assert office.run(run.id).status is RunStatus.PARKED
    anew = office.pending()
    assert anew is not None
    assert office.chat.root_of(CHANNEL, anew.id) == office.chat.ts_of(CHANNEL, run.reference)

    office.service.decide(office.who(JUN), anew.id, Verdict.APPROVE)
    office.settle()

    assert office.run(run.id).status is RunStatus.SUCCEEDED
    assert anew.id in office.chat.card_at(CHANNEL, run.reference)
    assert "is ready" in office.chat.card_at(CHANNEL, anew.id)


def test_a_new_plan_that_is_rejected_ends_the_run_and_keeps_what_exists(office: Office) -> None:
    office.world.places["alpha", "bucket"].parts += ["body", "mark"]
    run = office.approves(office.requested())
    office.world.places["alpha", "bucket"].parts.clear()
    office.settle()
    anew = office.pending()
    assert anew is not None

    office.service.decide(office.who(JUN), anew.id, Verdict.REJECT, "no")
    office.settle()

    assert office.run(run.id).status is RunStatus.CANCELLED
    assert "profile" in office.world.made()


def test_a_ready_card_says_what_is_asked_for_since_and_what_was_approved(office: Office) -> None:
    made = office.ready()
    office.world.places["alpha", "bucket"].parts.clear()
    request = office.requested()
    office.settle()
    before = office.chat.card_at(CHANNEL, made.reference)
    assert f"{MINA} requested the missing resources: {request.id}." in before

    office.approves(request)
    office.settle()

    card = office.chat.card_at(CHANNEL, made.reference)
    assert f"Missing resources are created in {request.id}." in card
    assert "requested the" not in card


def test_a_cancelled_deletion_says_that_it_is_made_again(office: Office) -> None:
    run = office.deleting()
    advance(office.engine, office.run(run.id))
    office.service.cancel(office.who(MINA), run.id)
    office.settle()
    request = office.requested()
    office.settle()
    assert f"requested the missing resources: {request.id}." in office.chat.card_at(CHANNEL, run.reference)

    office.approves(request)
    office.settle()

    card = office.chat.card_at(CHANNEL, run.reference)
    assert f"Missing resources are created in {request.id}." in card
    assert "goes on" not in card

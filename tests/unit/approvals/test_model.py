"""How a request is decided, and everything that does not decide it."""

from __future__ import annotations

from datetime import timedelta

import pytest

from approvals.errors import (
    AlreadyDecided,
    AlreadyVoted,
    Expired,
    NotAnApprover,
    NotYours,
    ReasonMissing,
    SelfApproval,
)
from approvals.model import RequestStatus, Verdict
from tests.builders import NOON, a_gate, a_request, an_actor

LATER = NOON + timedelta(hours=1)
OVER = NOON + timedelta(hours=24)


def test_the_approval_that_is_enough_approves() -> None:
    request = a_request()

    assert request.decide(an_actor("U0BOB"), Verdict.APPROVE, now=LATER) is RequestStatus.APPROVED

    assert request.ended_at == LATER
    assert [decision.actor for decision in request.decisions] == ["U0BOB"]


def test_u5_one_of_two_is_not_enough_and_two_are() -> None:
    request = a_request(gate=a_gate(needed=2))

    assert request.decide(an_actor("U0BOB"), Verdict.APPROVE, now=LATER) is RequestStatus.PENDING
    assert (request.approvals, request.gate.needed) == (1, 2)

    assert request.decide(an_actor("U0EVE"), Verdict.APPROVE, now=LATER) is RequestStatus.APPROVED


def test_one_person_counts_once() -> None:
    request = a_request(gate=a_gate(needed=2))
    request.decide(an_actor("U0BOB"), Verdict.APPROVE, now=LATER)

    with pytest.raises(AlreadyVoted):
        request.decide(an_actor("U0BOB"), Verdict.APPROVE, now=LATER)

    assert request.approvals == 1


def test_u3_nobody_decides_on_their_own_request() -> None:
    request = a_request(asked_by="U0BOB")

    for verdict in Verdict:
        with pytest.raises(SelfApproval):
            request.decide(an_actor("U0BOB"), verdict, now=LATER, comment="no")

    assert request.pending


def test_u2_only_approvers_decide() -> None:
    request = a_request()

    for verdict in Verdict:
        with pytest.raises(NotAnApprover) as no:
            request.decide(an_actor("U0JOE", "workspace-users"), verdict, now=LATER, comment="no")

    assert no.value.groups == ("workspace-admins",)
    assert request == a_request()


def test_any_of_the_groups_will_do() -> None:
    request = a_request(gate=a_gate(approvers=("leads", "workspace-admins")))

    assert request.decide(an_actor("U0LEA", "leads"), Verdict.APPROVE, now=LATER) is RequestStatus.APPROVED


@pytest.mark.parametrize("comment", ["", "  \n"])
def test_a_rejection_needs_a_reason(comment: str) -> None:
    request = a_request()

    with pytest.raises(ReasonMissing):
        request.decide(an_actor(), Verdict.REJECT, now=LATER, comment=comment)

    assert request.pending


def test_one_rejection_ends_it_with_its_reason() -> None:
    request = a_request(gate=a_gate(needed=2))
    request.decide(an_actor("U0BOB"), Verdict.APPROVE, now=LATER)

    status = request.decide(an_actor("U0EVE"), Verdict.REJECT, now=LATER, comment=" too large ")

    assert status is RequestStatus.REJECTED
    assert request.decisions[-1].comment == "too large"


def test_who_approved_may_still_reject_while_it_is_open() -> None:
    request = a_request(gate=a_gate(needed=2))
    request.decide(an_actor("U0BOB"), Verdict.APPROVE, now=LATER)

    status = request.decide(an_actor("U0BOB"), Verdict.REJECT, now=LATER, comment="I was wrong")

    assert status is RequestStatus.REJECTED


def test_a_late_decision_learns_who_was_first() -> None:
    request = a_request()
    request.decide(an_actor("U0BOB"), Verdict.APPROVE, now=LATER)

    with pytest.raises(AlreadyDecided) as no:
        request.decide(an_actor("U0EVE"), Verdict.REJECT, now=OVER, comment="no")

    assert (no.value.status, no.value.by, no.value.at) == ("approved", "U0BOB", LATER)


def test_u9_it_can_be_decided_until_its_time_is_over() -> None:
    last_moment = OVER - timedelta(microseconds=1)

    assert a_request().decide(an_actor(), Verdict.APPROVE, now=last_moment) is RequestStatus.APPROVED
    with pytest.raises(Expired) as no:
        a_request().decide(an_actor(), Verdict.APPROVE, now=OVER)

    assert no.value.at == OVER


def test_u9_it_expires_once_and_only_when_its_time_is_over() -> None:
    request = a_request()

    assert not request.expire(now=OVER - timedelta(seconds=1))
    assert request.expire(now=OVER)
    assert not request.expire(now=OVER)

    assert (request.status, request.ended_at) == (RequestStatus.EXPIRED, OVER)


def test_what_was_decided_does_not_expire() -> None:
    request = a_request()
    request.decide(an_actor(), Verdict.APPROVE, now=LATER)

    assert not request.expire(now=OVER)
    assert request.status is RequestStatus.APPROVED


def test_whoever_asked_takes_it_back() -> None:
    request = a_request()

    request.withdraw(an_actor("U0MINA", "workspace-users"), now=LATER)

    assert (request.status, request.ended_at) == (RequestStatus.WITHDRAWN, LATER)


def test_nobody_else_takes_it_back() -> None:
    request = a_request()

    with pytest.raises(NotYours):
        request.withdraw(an_actor("U0BOB"), now=LATER)

    assert request.pending


def test_what_was_decided_is_not_taken_back() -> None:
    request = a_request()
    request.decide(an_actor("U0BOB"), Verdict.APPROVE, now=LATER)

    with pytest.raises(AlreadyDecided):
        request.withdraw(an_actor("U0MINA"), now=LATER)

    assert request.status is RequestStatus.APPROVED


def test_what_was_withdrawn_names_whoever_asked() -> None:
    request = a_request()
    request.withdraw(an_actor("U0MINA"), now=LATER)

    with pytest.raises(AlreadyDecided) as no:
        request.decide(an_actor("U0BOB"), Verdict.APPROVE, now=LATER)

    assert (no.value.status, no.value.by) == ("withdrawn", "U0MINA")

"""What people read of work that has stopped: why a deletion is asked for, and what there is of it."""

from __future__ import annotations

import re

import pytest

from approvals.model import Verdict
from provisioner.engine.run import Run
from provisioner.engine.turn import advance
from provisioner.message import Message
from provisioner.vendor_call import Permanent
from tests.builders import a_cause
from tests.fakes.notifier import shown
from tests.fakes.office import CHANNEL, Office
from tests.fakes.people import BOB, MINA


def _asked_to_delete(office: Office) -> str:
    """The card of the deletion that waits for a decision."""
    office.settle()
    request = office.pending()
    assert request is not None
    return office.chat.card_at(CHANNEL, request.id)


def _cancelled(office: Office, *, after: int) -> Run:
    """Cancelled when this many turns had made something."""
    run = office.approves(office.requested())
    for _ in range(after):
        advance(office.engine, office.run(run.id))
    office.service.cancel(office.who(MINA), run.id)
    office.settle()
    return office.run(run.id)


def test_the_card_of_a_roll_back_says_what_failed_and_where(office: Office) -> None:
    run = office.failed()
    office.service.roll_back(office.who(MINA), run.id, channel=CHANNEL)

    said = f"This rolls back {run.reference}, which failed at Stage nodes: cannot make nodes of alpha."
    assert said in _asked_to_delete(office)


def test_the_card_of_a_deletion_after_a_cancel_says_what_was_cancelled(office: Office) -> None:
    run = _cancelled(office, after=1)
    office.service.remove(office.who(MINA), run.id, channel=CHANNEL)

    assert f"This deletes what {run.reference} created before it was canceled." in _asked_to_delete(office)


def test_the_card_of_a_deletion_asked_anew_says_where_the_last_one_failed(office: Office) -> None:
    run = office.deleting()
    office.world.breaks("nodes", Permanent(Message("cannot drain the nodes")))
    office.settle()
    office.asks_to_delete()

    said = f"Deletion {run.reference} failed at Stage nodes: cannot drain the nodes."
    assert said in _asked_to_delete(office)


def test_a_failed_repair_is_not_called_why_a_workspace_that_was_ready_goes(office: Office) -> None:
    office.ready()
    office.world.places["alpha", "bucket"].parts.clear()
    office.failed(stage="bucket")
    office.asks_to_delete()

    assert "failed at" not in _asked_to_delete(office)


def test_a_cancel_before_anything_was_made_says_so_wherever_it_is_told(office: Office) -> None:
    run = _cancelled(office, after=0)

    card = office.chat.card_at(CHANNEL, run.reference)
    told = [
        card,
        office.chat.directs(MINA)[-1],
        shown(office.service.status("alpha")),
        shown(office.service.home(office.who(MINA))),
    ]
    assert all(re.search("(Nothing was|anything was) created", said) for said in told), told
    assert not any("xisting resources" in said for said in told), told
    assert "Continue requests approval to create the workspace." in card


def test_what_was_cancelled_before_anything_was_made_is_not_listed(office: Office) -> None:
    _cancelled(office, after=0)
    alone = shown(office.service.list())
    office.ready("beta")

    assert "alpha" not in alone
    assert "No workspaces yet" in alone
    assert shown(office.service.list()).startswith("1 workspace")
    assert "alpha" not in shown(office.service.list())


def test_once_it_is_asked_for_again_it_is_listed(office: Office) -> None:
    _cancelled(office, after=0)
    office.requested()

    assert "alpha" in shown(office.service.list())


def test_what_was_cancelled_half_made_stays_in_the_list(office: Office) -> None:
    _cancelled(office, after=1)

    assert "canceled; existing resources were kept" in shown(office.service.list())


def test_a_failure_before_anything_was_made_says_so_and_is_listed_as_not_over(office: Office) -> None:
    request = office.requested()
    office.world.hides("profile", Permanent(Message("cannot look at it")))
    run = office.approves(request)
    office.settle()

    card = office.chat.card_at(CHANNEL, run.reference)
    assert "after 0 of 5 stages. Nothing was created." in card
    assert "failed before anything was created" in shown(office.service.list())
    office.service.cancel(office.who(MINA), run.id)
    office.settle()
    assert f"Canceled by {MINA}. Nothing was created." in "\n".join(office.chat.lines(CHANNEL))
    assert "alpha" not in shown(office.service.list())


@pytest.mark.parametrize("end", ["rejected", "withdrawn", "expired"])
def test_a_request_that_nobody_approved_is_no_workspace(office: Office, end: str) -> None:
    request = office.requested()
    match end:
        case "rejected":
            office.service.decide(office.who(BOB), request.id, Verdict.REJECT, "no")
        case "withdrawn":
            office.service.withdraw(office.who(MINA), request.id)
        case _:
            office.later(hours=25)
            office.service.expire()
    office.settle()

    assert "No workspaces yet." in shown(office.service.list())
    status = shown(office.service.status("alpha"))
    assert f"alpha: request {end}" in status
    assert "Nothing was created." in status


def _cancel_asks(office: Office, run: Run) -> str:
    """What a press on Cancel asks back."""
    card = office.chat.card_at(CHANNEL, run.reference)
    return card[card.index("ws.run.cancel") :]


def test_cancel_says_what_of_it_there_is_by_then(office: Office) -> None:
    run = office.approves(office.requested())
    office.message_sync.sync_once()
    before = _cancel_asks(office, run)
    advance(office.engine, office.run(run.id))
    office.later(seconds=1)
    office.message_sync.sync_once()
    after = _cancel_asks(office, run)

    assert "The run stops before its next change. Nothing has been created yet." in before
    assert "The run stops before its next change. Resources of these stages are kept: " in after
    assert "Stage profile" in after
    assert "Stage login" not in after


def test_cancel_of_a_deletion_says_whether_anything_is_gone(office: Office) -> None:
    run = office.deleting()
    office.message_sync.sync_once()
    before = _cancel_asks(office, run)
    advance(office.engine, office.run(run.id))
    office.later(seconds=1)
    office.message_sync.sync_once()

    assert "Nothing has been deleted yet." in before
    assert "Remaining resources are kept." in _cancel_asks(office, run)


def test_cancel_of_a_failure_that_made_nothing_does_not_speak_of_what_exists(office: Office) -> None:
    request = office.requested()
    office.world.hides("profile", Permanent(Message("cannot look at it")))
    run = office.approves(request)
    office.settle()

    assert "The run ends and can't be retried. Nothing was created." in _cancel_asks(office, run)


def test_the_card_of_a_roll_back_says_what_the_failure_means(office: Office) -> None:
    cause = a_cause("InsufficientInstanceCapacity", service="ec2")
    run = office.failed(error=Permanent(Message("cannot make nodes"), cause=cause))
    office.service.roll_back(office.who(MINA), run.id, channel=CHANNEL)

    said = "failed at Stage nodes: cannot make nodes. AWS has no capacity for this instance type right now."
    assert said in _asked_to_delete(office)

"""What people read of work that has stopped: why a deletion is asked for, and what there is of it."""

from __future__ import annotations

from provisioner.errors import Permanent
from provisioner.message import Message
from provisioner.run import Run
from tests.fakes.office import CHANNEL, Office
from tests.fakes.people import MINA


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
        office.engine.advance(office.run(run.id))
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

    assert f"This deletes what {run.reference} made before it was cancelled." in _asked_to_delete(office)


def test_the_card_of_a_deletion_asked_anew_says_where_the_last_one_failed(office: Office) -> None:
    run = office.deleting()
    office.world.breaks("nodes", Permanent(Message("cannot drain the nodes")))
    office.settle()
    office.asks_to_delete()

    said = f"The deletion {run.reference} failed at Stage nodes: cannot drain the nodes."
    assert said in _asked_to_delete(office)


def test_a_failed_repair_is_not_called_why_a_workspace_that_was_ready_goes(office: Office) -> None:
    office.ready()
    office.world.places["alpha", "bucket"].parts.clear()
    office.failed(stage="bucket")
    office.asks_to_delete()

    assert "failed at" not in _asked_to_delete(office)

"""Cancel before a turn has begun: there is nothing to stop, so it is over at once."""

from __future__ import annotations

from provisioner.engine.run import RunStatus, guard_of
from provisioner.engine.turn import advance
from tests.fakes.office import CHANNEL, Office
from tests.fakes.people import MINA


def test_a_queued_run_is_cancelled_at_once_and_nothing_is_looked_at(office: Office) -> None:
    run = office.approves(office.requested())
    office.world.hides("bucket", *[RuntimeError("nobody looks")] * 9)

    office.service.cancel(office.who(MINA), run.id)

    cancelled = office.run(run.id)
    assert (cancelled.status, cancelled.ended_at) == (RunStatus.CANCELLED, office.clock.now())
    office.settle()
    assert office.world.writes == []
    card = office.chat.card_at(CHANNEL, run.reference)
    assert "Nothing was created." in card
    assert "What exists now: nothing" in card


def test_after_a_queued_run_was_cancelled_the_project_can_be_asked_for_again(office: Office) -> None:
    run = office.approves(office.requested())
    office.service.cancel(office.who(MINA), run.id)

    office.approves(office.requested())
    office.settle()

    assert len(office.world.made()) == 5


def test_a_queued_run_that_a_turn_has_in_hand_is_asked_to_stop(office: Office) -> None:
    run = office.approves(office.requested())

    with office.database.locks().try_hold(guard_of(run.id)):
        office.service.cancel(office.who(MINA), run.id)

    assert office.run(run.id).status is RunStatus.QUEUED
    office.settle()
    assert office.run(run.id).status is RunStatus.CANCELLED
    assert office.world.writes == []


def test_a_turn_that_read_the_run_before_it_was_cancelled_does_nothing(office: Office) -> None:
    run = office.approves(office.requested())
    read = office.run(run.id)
    office.service.cancel(office.who(MINA), run.id)

    advance(office.engine, read)

    assert office.world.writes == []
    assert office.run(run.id).status is RunStatus.CANCELLED


def test_a_queued_deletion_that_is_cancelled_says_that_nothing_was_deleted(office: Office) -> None:
    run = office.deleting()

    office.service.cancel(office.who(MINA), run.id)
    office.settle()

    assert any("Nothing was deleted." in line for line in office.chat.lines(CHANNEL))
    assert len(office.world.made()) == 5
    assert "alpha" in str(office.service.list())


def test_a_queued_repair_that_is_cancelled_does_not_say_that_nothing_exists(office: Office) -> None:
    office.ready()
    office.world.places["alpha", "bucket"].parts.clear()
    repair = office.approves(office.requested())

    office.service.cancel(office.who(MINA), repair.id)
    office.settle()

    assert office.run(repair.id).status is RunStatus.CANCELLED
    assert "alpha" in str(office.service.list())
    assert "What exists now: nothing" not in office.chat.card_at(CHANNEL, repair.reference)


def test_a_retry_that_is_cancelled_while_queued_keeps_what_the_failure_saw(office: Office) -> None:
    failed = office.failed()
    office.service.retry(office.who(MINA), failed.id)

    office.service.cancel(office.who(MINA), failed.id)
    office.settle()
    office.later(seconds=2)
    office.settle()

    assert office.run(failed.id).status is RunStatus.CANCELLED
    assert "bucket alpha" in office.chat.card_at(CHANNEL, failed.reference)

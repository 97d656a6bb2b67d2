"""A run that fails about a workspace that was ready before: it does not offer all of that to be deleted."""

from __future__ import annotations

import pytest

from bot.model.card import Card
from bot.model.refusals import WasReady
from bot.texts.refusals import refusal
from provisioner.engine.run import Run, RunStatus
from provisioner.message import Message
from provisioner.vendor_call import Permanent
from tests.builders import a_cause
from tests.fakes.notifier import shown
from tests.fakes.office import CHANNEL, Office
from tests.fakes.people import MINA

NO_ROLL_BACK = ["ws.run.retry", "ws.run.details", "ws.status.run", "ws.run.cancel"]


def _failed_repair(office: Office, words: str = "no") -> Run:
    """alpha was ready, lost its nodes, and could not get them again."""
    office.world.places["alpha", "nodes"].parts.clear()
    run = office.failed(error=Permanent(Message("cannot make nodes"), cause=a_cause(words)))
    assert run.status is RunStatus.FAILED
    return run


def _roll_back(office: Office, run: Run) -> bool:
    return office.service.roll_back(office.who(MINA), run.id, channel=CHANNEL)


def test_a_failed_repair_offers_no_roll_back_and_names_the_way_to_delete(office: Office) -> None:
    office.ready()

    run = _failed_repair(office)

    card = office.chat.card_at(CHANNEL, run.reference)
    assert office.chat.buttons_at(CHANNEL, run.reference) == NO_ROLL_BACK
    assert "oll back" not in card
    assert "/workspace delete alpha" in card
    assert "Cancel ends the run and keeps existing resources." in card


def test_a_press_all_the_same_is_refused_and_names_the_way_to_delete(office: Office) -> None:
    office.ready()
    run = _failed_repair(office)

    with pytest.raises(WasReady) as no:
        _roll_back(office, run)
    office.settle()

    assert "type /ws delete alpha" in shown(Card(said := refusal(no.value, "/ws"), said))
    assert office.pending() is None
    assert office.run(run.id).status is RunStatus.FAILED


def test_so_it_is_when_the_repair_before_was_given_up(office: Office) -> None:
    office.ready()
    office.service.cancel(office.who(MINA), _failed_repair(office).id)
    office.settle()

    run = _failed_repair(office)

    with pytest.raises(WasReady):
        _roll_back(office, run)
    assert office.chat.buttons_at(CHANNEL, run.reference) == NO_ROLL_BACK


def test_a_cancelled_repair_is_not_deleted_at_a_press_either(office: Office) -> None:
    office.ready()
    run = _failed_repair(office)
    office.service.cancel(office.who(MINA), run.id)
    office.settle()

    card = office.chat.card_at(CHANNEL, run.reference)
    assert office.chat.buttons_at(CHANNEL, run.reference) == ["ws.run.continue", "ws.status.run"]
    assert "Delete requests approval" not in card
    assert "/workspace delete alpha" in card
    with pytest.raises(WasReady):
        office.service.remove(office.who(MINA), run.id, channel=CHANNEL)
    assert office.pending() is None


def test_what_is_made_anew_after_a_deletion_is_rolled_back_as_ever(office: Office) -> None:
    office.ready()
    office.approves(office.to_be_deleted())
    office.settle()
    assert office.world.empty()

    run = office.failed()

    assert "Roll back requests approval" in office.chat.card_at(CHANNEL, run.reference)
    assert "ws.run.rollback" in office.chat.buttons_at(CHANNEL, run.reference)
    assert _roll_back(office, run)


def test_a_neighbour_that_is_ready_changes_nothing(office: Office) -> None:
    office.ready("beta")

    run = office.failed()

    assert "ws.run.rollback" in office.chat.buttons_at(CHANNEL, run.reference)
    assert _roll_back(office, run)

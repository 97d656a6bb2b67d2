"""A run that waits in line says so, with its place."""

from __future__ import annotations

from bot.model.card import Paragraph
from bot.views.phrases import queued
from provisioner.engine.turn import advance
from tests.fakes.office import CHANNEL, Office


def test_a_queued_run_says_its_place_on_its_card_and_in_its_status(office: Office) -> None:
    office.approves(office.requested("beta"))
    run = office.approves(office.requested("alpha"))

    office.message_sync.sync_once()

    assert "Queued: number 2 in line to start." in office.chat.card_at(CHANNEL, run.reference)
    assert Paragraph(queued(2)) in office.service.status("alpha").parts


def test_the_place_moves_up_as_others_are_begun(office: Office) -> None:
    first = office.approves(office.requested("beta"))
    run = office.approves(office.requested("alpha"))
    office.message_sync.sync_once()

    advance(office.engine, office.run(first.id))
    office.later(seconds=2)
    office.message_sync.sync_once()

    assert "Queued: number 1 in line to start." in office.chat.card_at(CHANNEL, run.reference)


def test_a_run_that_is_begun_is_in_line_no_more(office: Office) -> None:
    run = office.approves(office.requested())
    office.message_sync.sync_once()

    advance(office.engine, run)
    office.later(seconds=2)
    office.message_sync.sync_once()

    assert "in line" not in office.chat.card_at(CHANNEL, run.reference)

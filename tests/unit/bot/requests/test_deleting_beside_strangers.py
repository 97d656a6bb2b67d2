"""A workspace of which one thing is somebody else's: rolled back, deleted, and told so until the end."""

from __future__ import annotations

from dataclasses import replace

from approvals.model import RequestStatus
from bot.model.submission import SubmissionKind
from provisioner.engine.run import RunStatus
from provisioner.engine.turn import advance
from tests.fakes.notifier import shown
from tests.fakes.office import CHANNEL, Office
from tests.fakes.people import MINA

THEIRS = "bucket alpha belongs to somebody else"


def somebody_takes(office: Office, stage: str = "bucket") -> None:
    place = office.world.places["alpha", stage]
    place.parts, place.foreign = ["body"], True


def half_made(office: Office) -> str:
    """Somebody made the bucket right after the approval; the card's number."""
    request = office.requested()
    run = office.approves(request)
    somebody_takes(office)
    office.settle()
    assert office.run(run.id).status is RunStatus.FAILED
    return request.id


def test_who_decides_sees_what_stays(office: Office) -> None:
    half_made(office)

    request = office.to_be_deleted()
    office.settle()

    card = office.chat.card_at(CHANNEL, request.id)
    assert "Plan: 1 resource to delete" in card
    assert "\nprofile alpha\n" in card
    assert f"Stage bucket: left in place — {THEIRS}" in card
    assert "Not found: Stage nodes, Stage login, Stage policy" in card


def test_all_that_is_ours_goes_and_the_card_says_what_is_still_there(office: Office) -> None:
    half_made(office)

    run = office.approves(office.to_be_deleted())
    office.settle()

    assert office.run(run.id).status is RunStatus.SUCCEEDED
    assert office.world.places["alpha", "bucket"].parts == ["body"]
    assert office.world.places["alpha", "profile"].parts == []
    card = office.chat.card_at(CHANNEL, run.reference)
    assert "alpha was deleted. Resources the bot doesn't own were left in place." in card
    assert "Verified: only resources the bot doesn't own remain." in card
    assert f"{THEIRS}\nLeft in place: resources the bot doesn't own" in card
    assert "profile alpha\nDidn't exist: Stage nodes, Stage login, Stage policy\nDeleted" in card
    assert (
        "This name is available again once the resources left in place are deleted: /workspace create alpha"
    ) in card
    lines = [line for post in office.chat.lines(CHANNEL) for line in post.splitlines()]
    assert f"Stage bucket left in place: {THEIRS}" in lines
    assert f"All resources the bot owns were deleted. Left in place: {THEIRS}" in lines


def test_the_asker_and_whoever_asks_later_hear_of_it(office: Office) -> None:
    half_made(office)
    office.approves(office.to_be_deleted())
    office.settle()

    assert "Resources the bot doesn't own were left in place" in office.chat.directs(MINA)[-1]
    status = office.service.status("alpha")
    assert THEIRS in shown(status)


def test_what_turned_out_to_be_somebody_elses_is_not_listed_as_deleted(office: Office) -> None:
    run = office.deleting()
    somebody_takes(office)
    office.settle()

    card = office.chat.card_at(CHANNEL, run.reference)
    assert (
        "resources the bot doesn't own\nnodes alpha\nlogin alpha\npolicy alpha\nprofile alpha\nDeleted"
        in card
    )
    assert f"{THEIRS}\nLeft in place: resources the bot doesn't own" in card


def test_a_live_look_afterwards_tells_it_apart_from_what_was_not_deleted(office: Office) -> None:
    half_made(office)
    office.approves(office.to_be_deleted())
    office.settle()

    office.service.submit(replace(office.an_ask(), kind=SubmissionKind.LOOK, spec={"project": "alpha"}))
    office.settle()

    said = office.chat.whispers(MINA)[-1]
    assert "alpha is deleted (checked just now)." in said
    assert f"{THEIRS}\nLeft in place: resources the bot doesn't own" in said


def test_where_nothing_is_ours_a_deletion_is_refused(office: Office) -> None:
    somebody_takes(office)

    office.asks_to_delete()
    office.settle()

    assert office.pending() is None
    said = office.chat.whispers(MINA)[-1]
    assert "Your request to delete alpha couldn't be submitted." in said
    assert f"Stage bucket: {THEIRS}." in said
    assert "Nothing of alpha exists" not in said


def test_who_cannot_delete_what_failed_is_told_to_cancel(office: Office) -> None:
    number = half_made(office)
    office.world.places["alpha", "profile"].parts.clear()

    office.asks_to_delete()
    office.settle()

    said = office.chat.whispers(MINA)[-1]
    assert f"Stage bucket: {THEIRS}." in said
    assert (
        f"Nothing here was created by the bot. To end the run, cancel it on the card of {number}."
    ) in said
    assert office.request(number).status is RequestStatus.APPROVED


def test_nobody_is_asked_for_what_somebody_made_under_our_names_while_ours_was_deleted(
    office: Office,
) -> None:
    for step in office.steps:
        step.stage.by_name = step.stage.name in {"login", "policy"}
    office.begin()
    office.ready()
    office.world.places["alpha", "login"].parts.clear()
    run = office.approves(office.to_be_deleted())
    for stage in ("nodes", "policy", "profile"):
        office.world.places["alpha", stage].parts.clear()
    somebody_takes(office)
    office.world.places["alpha", "login"].parts = ["body", "mark"]
    advance(office.engine, office.run(run.id))
    assert office.run(run.id).status is RunStatus.PARKED

    office.settle()

    assert office.pending() is None
    [line] = [
        one for one in office.chat.lines(CHANNEL) if "can't request approval of the updated plan" in one
    ]
    assert f"Stage bucket: {THEIRS}." in line
    office.service.cancel(office.who(MINA), run.id)
    office.settle()
    assert office.run(run.id).status is RunStatus.CANCELLED
    assert office.world.places["alpha", "login"].parts == ["body", "mark"]

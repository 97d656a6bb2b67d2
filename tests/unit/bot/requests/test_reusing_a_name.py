"""What is known of a workspace that was deleted, and what can be done with its name."""

from __future__ import annotations

from dataclasses import replace

from approvals.model import RequestStatus, Verdict
from bot.model.card import Lines, Mark
from bot.model.submission import SubmissionKind
from provisioner.engine.run import RunStatus
from tests.builders import a_spec
from tests.fakes.notifier import shown
from tests.fakes.office import CHANNEL, Office
from tests.fakes.people import BOB, MINA

STAGES = {"profile", "bucket", "policy", "nodes", "login"}


def test_status_tells_when_and_by_whom_it_was_deleted_and_the_list_leaves_it_out(office: Office) -> None:
    run = office.deleting()
    office.ready("beta")
    office.settle()

    said = shown(office.service.status("alpha"))
    ended = office.run(run.id).ended_at
    assert ended is not None
    assert f"alpha: deleted {ended:%Y-%m-%d %H:%M} UTC" in said
    assert f"{run.reference} · requested by {MINA} · approved by {BOB}" in said
    listed = shown(office.service.list())
    assert "1 workspace" in listed
    assert "beta" in listed
    assert "alpha" not in listed


def test_a_list_of_what_was_all_deleted_says_so(office: Office) -> None:
    office.deleting()
    office.settle()

    assert "Earlier ones were deleted" in shown(office.service.list())


def test_status_tells_of_a_deletion_that_waits_beside_how_the_workspace_is(office: Office) -> None:
    office.ready()
    request = office.to_be_deleted()

    said = str(office.service.status("alpha").text)

    assert said.startswith(f"alpha: ready. Deletion request {request.id} is pending approval (expires ")


def test_status_tells_of_a_deletion_that_was_rejected_and_that_it_changed_nothing(office: Office) -> None:
    office.ready()
    request = office.to_be_deleted()
    office.service.decide(office.who(BOB), request.id, Verdict.REJECT, "still needed")
    office.settle()

    said = office.service.status("alpha")

    assert str(said.text) == "alpha: ready"
    assert f"Deletion request {request.id} was rejected by {BOB}. Nothing changed." in shown(said)
    assert request.id not in shown(office.service.list())


def test_status_tells_of_a_repair_that_nobody_decided_on(office: Office) -> None:
    office.ready()
    office.world.places["alpha", "bucket"].parts.clear()
    request = office.requested()
    waiting = str(office.service.status("alpha").text)
    office.later(hours=25)
    office.service.expire()
    office.settle()

    assert waiting.startswith(f"alpha: ready. Request {request.id} is pending approval (expires ")
    said = shown(office.service.status("alpha"))
    assert f"{request.id} expired. Nothing changed." in said


def test_my_request_for_what_was_deleted_since_is_not_shown_as_ready(office: Office) -> None:
    run = office.deleting()
    office.settle()

    home = office.service.home(office.who(MINA))

    assert f"was ready, then {run.reference}: deleted " in shown(home)
    marks = {line.mark for part in home.parts if isinstance(part, Lines) for line in part.lines}
    assert marks == {Mark.GONE}


def test_my_request_that_was_cancelled_is_shown_with_what_came_of_the_next_one(office: Office) -> None:
    run = office.approves(office.requested())
    office.service.cancel(office.who(MINA), run.id)
    office.settle()
    again = office.ready()
    request = office.to_be_deleted()

    said = shown(office.service.home(office.who(MINA)))

    assert (
        f"was canceled, then {again.reference}: ready. Deletion request {request.id} is pending approval"
        in said
    )


def test_my_ready_workspace_is_shown_with_what_waits_to_be_decided_about_it(office: Office) -> None:
    run = office.ready()
    request = office.to_be_deleted()

    said = shown(office.service.home(office.who(MINA)))

    assert f"ready. Deletion request {request.id} is pending approval (expires" in said
    assert "deletion pending approval (expires" in said
    assert f"after {run.reference}" not in said


def test_a_rejected_deletion_among_my_requests_is_said_to_be_one(office: Office) -> None:
    office.ready()
    request = office.to_be_deleted()
    office.service.decide(office.who(BOB), request.id, Verdict.REJECT, "still needed")

    assert "deletion request rejected" in shown(office.service.home(office.who(MINA)))


def test_a_live_look_after_a_deletion_says_that_nothing_was_found(office: Office) -> None:
    office.deleting()
    office.settle()
    look = replace(office.an_ask(), kind=SubmissionKind.LOOK, spec={"project": "alpha"})

    office.service.submit(look)
    office.settle()
    office.world.places["alpha", "bucket"].parts.append("body")
    office.service.submit(replace(look, key="again"))
    office.settle()

    first, second = office.chat.whispers(MINA)[-2:]
    assert "alpha is deleted (checked just now)." in first
    assert "1 stage still has resources" in second
    assert "bucket alpha still exists" in second


def test_the_name_is_free_again(office: Office) -> None:
    office.deleting()
    office.settle()

    assert "This name is available again: /workspace create alpha" in office.chat.card_at(CHANNEL, "WSR-0002")
    assert office.service.problems(a_spec()) == ()
    again = office.ready()

    assert again.status is RunStatus.SUCCEEDED
    assert office.world.made() == STAGES
    assert "alpha: ready" in str(office.service.status("alpha").text)
    assert "This name is available again" not in office.chat.card_at(CHANNEL, "WSR-0002")


def test_deleting_twice_in_a_row_finds_nothing_the_second_time(office: Office) -> None:
    office.deleting()
    office.settle()

    office.asks_to_delete()
    office.settle()

    assert office.pending() is None
    assert "no resources of alpha exist in any system" in office.chat.whispers(MINA)[-1]
    assert office.request("WSR-0002").status is RequestStatus.APPROVED

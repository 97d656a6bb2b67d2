"""A deletion from the command to what is stored, and the buttons that ask for one."""

from __future__ import annotations

import pytest

from bot.model.submission import Submission, SubmissionKind, SubmissionState
from tests.integration.slack.stand import MINA, Stand

REQUESTS = "workspace-requests"


def due(stand: Stand) -> list[Submission]:
    with stand.database.unit() as unit:
        return list(unit.submissions.due(SubmissionState.NEW, stand.clock.now(), 10))


def test_the_form_says_that_nothing_is_deleted_yet_and_wants_the_name(stand: Stand) -> None:
    stand.form(line="/workspace delete alpha")

    view = stand.view("requester")
    assert view["callback_id"] == "ws.delete.submit"
    assert view["title"]["text"] == "Delete workspace"
    assert "Nothing is deleted until someone else approves that plan" in str(view["blocks"][0])
    assert [block["block_id"] for block in view["blocks"][1:]] == ["confirm", "why"]


def test_the_form_says_when_no_such_workspace_is_known(stand: Stand) -> None:
    stand.requested()

    stand.form(line="/workspace delete alpa")

    said = str(stand.view("requester")["blocks"][0])
    assert "I have no record of workspace `alpa`" in said
    assert "Did you mean `alpha`?" in said
    assert "The bot first lists what will be deleted" in said


@pytest.mark.parametrize("typed", ["alpha", " “Alpha” "])
def test_a_deletion_is_stored_before_it_is_acknowledged(stand: Stand, typed: str) -> None:
    view_id = stand.form(line="/workspace delete alpha")

    seen = stand.slack.submit("requester", view_id, {"confirm": typed, "why": "the project is over"})

    assert seen["acknowledged"]
    assert seen["view"] is None
    ask = stand.ask(view_id)
    assert ask is not None
    assert (ask.kind, ask.state, ask.user, ask.channel) == (
        SubmissionKind.DELETE,
        SubmissionState.NEW,
        MINA,
        "C0GENERAL1",
    )
    assert ask.spec == {"project": "alpha", "why": "the project is over"}
    assert stand.woken
    stand.told("requester", "Checking alpha in all systems")


@pytest.mark.parametrize("typed", ["alphabet", "yes"])
def test_another_name_is_told_at_its_field_and_nothing_is_kept(stand: Stand, typed: str) -> None:
    view_id = stand.form(line="/workspace delete alpha")

    seen = stand.slack.submit("requester", view_id, {"confirm": typed})

    assert seen["errors"] == {"confirm": "The name doesn't match. Type alpha to confirm, or close this form."}
    assert seen["view"] is not None
    assert stand.ask(view_id) is None


def test_a_form_delivered_twice_is_one_ask(stand: Stand) -> None:
    view_id = stand.form(line="/workspace delete alpha")
    stand.slack.faults.duplicate("interactive")

    stand.slack.submit("requester", view_id, {"confirm": "alpha"})

    stand.told("requester", "Checking alpha")
    assert len(due(stand)) == 1


def test_no_form_opens_for_what_cannot_be_asked_for(stand: Stand) -> None:
    stand.requested()

    stand.slack.command("admin", "general", "/workspace delete alpha")

    stand.told("admin", "A request for alpha is already pending: WSR-0001 (expires")
    assert stand.slack.view("admin") is None


def test_no_form_opens_for_a_name_of_the_platform(stand: Stand) -> None:
    stand.slack.command("admin", "general", "/workspace delete aia")

    stand.told("admin", "aia belongs to the platform and can't be deleted.")
    assert stand.slack.view("admin") is None


def test_what_came_in_between_is_told_at_the_field(stand: Stand) -> None:
    view_id = stand.form(line="/workspace delete alpha")
    stand.requested()

    seen = stand.slack.submit("requester", view_id, {"confirm": "alpha"})

    assert "A request for alpha is already pending" in seen["errors"]["confirm"]
    assert stand.ask(view_id) is None


def test_a_form_that_slack_opens_too_late_is_told(stand: Stand) -> None:
    stand.slack.faults.fail("views.open", "expired_trigger_id")

    stand.slack.command("requester", "general", "/workspace delete alpha")

    stand.told("requester", "Slack didn't open the form in time.")


def test_without_a_name_it_says_how_to_give_one(stand: Stand) -> None:
    stand.slack.command("requester", "general", "/workspace delete")

    stand.told("requester", "Which workspace? Add its name, for example /workspace delete alpha.")


def test_in_a_thread_the_form_is_offered_for_its_workspace(stand: Stand) -> None:
    at = stand.requested("beta")
    with stand.database.unit() as unit:
        request = unit.requests.pending_for("beta")
        assert request is not None
        request.expire(now=request.open_until)
        unit.requests.save(request)
        unit.commit()

    stand.slack.mention("admin", REQUESTS, at.ts, "delete")
    stand.told("admin", "Use the button below to request deletion of beta.", REQUESTS)
    stand.slack.click("admin", action_id="ws.delete.open", channel=REQUESTS)

    assert stand.view("admin")["callback_id"] == "ws.delete.submit"
    assert "`beta`" in str(stand.view("admin")["blocks"])


def test_the_form_can_be_had_in_a_direct_message(stand: Stand) -> None:
    stand.slack.message("requester", "dm", "delete alpha")
    stand.answered("requester", "Use the button below to request deletion of alpha.")

    stand.slack.click("requester", action_id="ws.delete.open", channel="dm")

    assert stand.view("requester")["callback_id"] == "ws.delete.submit"

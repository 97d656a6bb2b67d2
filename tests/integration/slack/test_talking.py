"""Mentions, direct messages, shortcuts and App Home."""

from __future__ import annotations

import pytest

from bot.model.submission import Submission, SubmissionKind, SubmissionState
from tests.integration.slack.stand import BOB, Stand

REQUESTS = "workspace-requests"
BOT = "<@U0WORKSPC1>"


def asked(stand: Stand, state: SubmissionState = SubmissionState.ANSWERED) -> list[Submission]:
    with stand.database.unit() as unit:
        return list(unit.submissions.due(state, stand.clock.now(), 10))


# ----------------------------------------------------------------------------------------- mentions


def test_status_in_a_thread_is_about_its_workspace_and_answered_there(stand: Stand) -> None:
    at = stand.requested()

    stand.slack.mention("admin", REQUESTS, at.ts, "status")

    stand.eventually(lambda: asked(stand))
    (ask,) = asked(stand)
    assert (ask.kind, ask.user, ask.thread_ts) == (SubmissionKind.STATUS, BOB, at.ts)
    assert ask.spec == {"project": "alpha"}


def test_a_mention_delivered_twice_is_one_ask(stand: Stand) -> None:
    at = stand.requested()
    stand.slack.faults.duplicate("events_api")

    stand.slack.mention("admin", REQUESTS, at.ts, "status")
    stand.slack.mention("admin", REQUESTS, at.ts, "status beta")

    stand.eventually(lambda: len(asked(stand)) == 2)


def test_status_with_live_looks_at_the_systems(stand: Stand) -> None:
    at = stand.requested()

    stand.slack.mention("admin", REQUESTS, at.ts, "status live")

    stand.eventually(lambda: asked(stand, SubmissionState.NEW))
    (ask,) = asked(stand, SubmissionState.NEW)
    assert (ask.kind, ask.thread_ts) == (SubmissionKind.LOOK, at.ts)


def test_who_chooses_another_language_is_answered_in_it_from_then_on(stand: Stand) -> None:
    stand.slack.command("requester", "general", "/workspace help")
    stand.told("requester", "I create and delete workspaces")

    stand.slack.set_locale("requester", "ko-KR")

    def answered_in_korean() -> bool:
        seen = stand.slack.command("requester", "general", "/workspace help")
        return "할 수 있는 일" in str(seen["private"])

    stand.eventually(answered_in_korean)


def test_status_outside_a_thread_asks_which(stand: Stand) -> None:
    stand.slack.mention("admin", "general", None, "status")

    stand.told("admin", "Which workspace?")


def test_what_is_not_understood_says_what_works_here(stand: Stand) -> None:
    at = stand.requested()

    stand.slack.mention("admin", REQUESTS, at.ts, "make it so")

    stand.told(
        "admin",
        "This thread is about alpha. Available here: status, status live, delete and help.",
        REQUESTS,
    )
    assert stand.private("requester", REQUESTS) == []


def test_help_in_a_thread_is_for_the_one_who_asked(stand: Stand) -> None:
    at = stand.requested()

    stand.slack.mention("admin", REQUESTS, at.ts, "help")

    stand.told("admin", "Type /workspace create", REQUESTS)


# ---------------------------------------------------------------------------------- direct messages


@pytest.mark.parametrize("text", ["help", "hello there"])
def test_a_direct_message_is_answered(stand: Stand, text: str) -> None:
    stand.slack.message("requester", "dm", text)

    stand.answered("requester", "/workspace create" if text == "help" else "Unknown command hello")


def test_the_bot_does_not_talk_to_itself(stand: Stand) -> None:
    stand.slack.message("requester", "dm", "help")
    stand.answered("requester", "/workspace create")
    stand.slack.message("requester", "dm", "list")
    stand.answered("requester", "No workspaces yet")

    assert len([one for one in stand.slack.dm("requester")["messages"] if one["bot"]]) == 2


def test_an_answer_that_slack_wants_a_little_later_is_given_then(stand: Stand) -> None:
    stand.slack.faults.limit("chat.postMessage", retry_after=1)

    stand.slack.message("requester", "dm", "help")

    stand.eventually(lambda: [one for one in stand.slack.dm("requester")["messages"] if one["bot"]])


def test_a_direct_message_is_quoted_as_it_was_written(stand: Stand) -> None:
    stand.slack.message("requester", "dm", "good morning")

    stand.eventually(lambda: "problem in `good morning`" in str(stand.slack.dm("requester")["messages"]))


def test_status_in_a_direct_message_is_kept(stand: Stand) -> None:
    stand.slack.message("requester", "dm", "status alpha")

    stand.eventually(lambda: asked(stand))
    (ask,) = asked(stand)
    assert (ask.channel, ask.thread_ts) == (stand.slack.dm("requester")["id"], "")


def test_the_form_can_be_had_in_a_direct_message(stand: Stand) -> None:
    stand.slack.message("requester", "dm", "create alpha max=7")
    stand.answered("requester", "Open the form to continue.")

    stand.slack.click("requester", action_id="ws.create.open", channel="dm")

    view = stand.view("requester")
    assert view["state"]["values"]["project"]["v"]["value"] == "alpha"
    assert view["state"]["values"]["max"]["v"]["value"] == "7"


# ---------------------------------------------------------------------------------------- shortcuts


def test_the_global_shortcut_opens_the_form(stand: Stand) -> None:
    stand.slack.shortcut("requester", "ws.create.shortcut")

    assert stand.view("requester")["callback_id"] == "ws.create.submit"


def test_a_form_from_nowhere_is_answered_by_direct_message(stand: Stand) -> None:
    stand.slack.shortcut("requester", "ws.create.shortcut")
    view_id = stand.view("requester")["id"]

    stand.slack.submit("requester", view_id, {"project": "alpha", "why": "to train"})

    stand.answered("requester", "Checking alpha in all systems")


def test_the_shortcut_on_a_card_shows_how_its_workspace_is(stand: Stand) -> None:
    at = stand.requested()

    stand.slack.shortcut("admin", "ws.shortcut", REQUESTS, at.ts)

    view = stand.view("admin")
    assert "pending approval" in str(view["blocks"])
    before = view["hash"]
    stand.slack.click("admin", view_id=view["id"], action_id="ws.status.run")
    stand.eventually(lambda: stand.view("admin")["hash"] != before)


def test_the_shortcut_on_any_other_message_says_so(stand: Stand) -> None:
    ts = stand.slack.message("admin", "general", "good morning")["ts"]

    stand.slack.shortcut("admin", "ws.shortcut", "general", ts)

    assert "This message isn't about a workspace." in str(stand.view("admin")["blocks"])


# ----------------------------------------------------------------------------------------- App Home


def test_home_shows_ones_own_requests(stand: Stand) -> None:
    stand.requested()

    stand.slack.home("requester")

    stand.eventually(lambda: "pending approval" in str(stand.slack.home_view("requester")))


def test_the_messages_tab_publishes_nothing(stand: Stand) -> None:
    stand.slack.home("requester", tab="messages")
    stand.slack.message("requester", "dm", "help")
    stand.answered("requester", "/workspace create")

    assert stand.slack.home_view("requester") is None


def test_the_form_opens_from_home(stand: Stand) -> None:
    stand.slack.home("requester")
    home = stand.slack.until(lambda: stand.slack.home_view("requester"))

    stand.slack.click("requester", view_id=home["id"], action_id="ws.create.open")

    assert stand.view("requester")["callback_id"] == "ws.create.submit"


def test_home_says_so_when_slack_cannot_say_who_somebody_is(stand: Stand) -> None:
    stand.slack.faults.fail("usergroups.list")

    stand.slack.home("requester")

    stand.eventually(lambda: "Slack didn't return your profile" in str(stand.slack.home_view("requester")))

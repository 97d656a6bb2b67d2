"""Commands and the form, from what a person types to what is stored."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from bot.model.submission import Submission, SubmissionKind, SubmissionState
from bot.requests.service import WorkspaceService
from bot.texts import Texts
from bot.views.status import refused_card
from provisioner.message import Message
from sandbox.slack.simulator import SlackSimulator
from tests.builders import a_platform, a_spec, an_ask
from tests.integration.slack.stand import MINA, Stand

KOREAN = """
msgid ""
msgstr "Content-Type: text/plain; charset=UTF-8\\nPlural-Forms: nplurals=1; plural=0;\\n"

msgid "The command wasn't run. {problems}"
msgstr "명령을 실행하지 않았습니다. {problems}"

msgid "New workspace"
msgstr "새 워크스페이스"
"""


class Broken(WorkspaceService):
    """Keeps nothing: the database is away."""

    def submit(self, submission: Submission) -> bool:
        raise OSError(f"disk full at {submission.key}")


def value_of(view: dict[str, Any], field: str) -> str | None:
    """What stands in an input of a form."""
    (entry,) = view["state"]["values"][field].values()
    found: str | None = (entry.get("selected_option") or {}).get("value") or entry.get("value")
    return found


# ----------------------------------------------------------------------------------------- commands


@pytest.mark.parametrize("line", ["/workspace", "/workspace help", "/workspace HELP"])
def test_help_says_what_there_is_to_the_one_who_asked(stand: Stand, line: str) -> None:
    seen = stand.slack.command("requester", "general", line)

    assert seen["acknowledged"]
    stand.told("requester", "Type /workspace create, /workspace status")
    assert stand.private("outsider") == []


def test_a_wrong_command_is_answered_with_all_that_is_wrong(stand: Stand) -> None:
    stand.slack.command("requester", "general", "/workspace create My_Team spec=huge <!channel>")

    said = stand.told("requester", "The command wasn't run.")
    assert "My_Team isn't a valid project name." in said
    assert "Try myteam." in said
    assert "Unknown spec huge" in said
    assert "&lt;!channel&gt;" in said


def test_once_the_language_is_known_the_answer_is_in_the_acknowledgement(stand: Stand) -> None:
    stand.slack.command("requester", "general", "/workspace help")
    stand.told("requester", "Type /workspace create")

    seen = stand.slack.command("requester", "general", "/workspace creat")

    assert [message["text"] for message in seen["private"]] == [
        "The command wasn't run. Unknown command creat. Did you mean create?"
    ]


def test_the_form_after_a_wrong_command_holds_what_could_be_read(stand: Stand) -> None:
    stand.slack.command("requester", "general", "/workspace create alpha spec=huge max=7")
    stand.told("requester", "Unknown spec huge")

    stand.slack.click("requester", action_id="ws.create.open", channel="general")

    view = stand.view("requester")
    assert value_of(view, "project") == "alpha"
    assert value_of(view, "max") == "7"


def test_status_and_list_are_answered_privately_from_what_is_stored(stand: Stand) -> None:
    stand.requested()

    stand.slack.command("admin", "general", "/workspace status alpha")
    stand.slack.command("admin", "general", "/workspace list")

    stand.told("admin", "alpha: pending approval")
    stand.told("admin", "1 workspace")


def test_a_live_status_is_kept_and_the_answer_announced(stand: Stand) -> None:
    stand.slack.command("requester", "general", "/workspace status alpha live")

    stand.told("requester", "Checking alpha in all systems")
    (ask,) = _due(stand)
    assert (ask.kind, ask.user, ask.channel) == (SubmissionKind.LOOK, MINA, "C0GENERAL1")
    assert ask.spec == {"project": "alpha"}


def test_an_answer_reaches_a_channel_the_bot_is_not_in(stand: Stand) -> None:
    stand.slack.core.world.channels["C0GENERAL1"].members.discard("U0WORKSPC1")

    stand.slack.command("requester", "general", "/workspace list")

    stand.told("requester", "No workspaces yet")


def test_private_answers_are_in_the_readers_language(
    slack: SlackSimulator, tmp_path: Path, tables: Path
) -> None:
    (tmp_path / "ko.po").write_text(KOREAN, encoding="utf-8")
    slack.set_locale("requester", "ko-KR")
    stand = Stand(slack, tmp_path, tables, http=True, texts=Texts(folder=tmp_path))
    stand.start()

    slack.command("requester", "general", "/workspace creat")
    slack.command("requester", "general", "/workspace create alpha")

    stand.told("requester", "명령을 실행하지 않았습니다.")
    assert stand.view("requester")["title"]["text"] == "새 워크스페이스"
    stand.stop()


# ----------------------------------------------------------------------------------------- the form


def test_the_form_opens_filled_with_what_was_typed(stand: Stand) -> None:
    view_id = stand.form(line="/workspace create alpha spec=gpu desired=2 max=4 why=“to train”")

    view = stand.view("requester")
    assert view["id"] == view_id
    fields = ("project", "spec", "desired", "max", "why")
    assert [value_of(view, field) for field in fields] == ["alpha", "gpu", "2", "4", "to train"]


def test_a_dashboard_goes_from_the_command_through_the_form_to_what_is_stored(stand: Stand) -> None:
    view_id = stand.form(line="/workspace create alpha dashboard=https://grafana.example/d/abc123/team")

    stand.slack.submit("requester", view_id, {"why": "to train"})

    stand.eventually(lambda: stand.ask(view_id))
    ask = stand.ask(view_id)
    assert ask is not None
    assert ask.spec["dashboard"] == "https://grafana.example/d/abc123/team"


def test_what_is_no_dashboard_is_told_at_its_field(stand: Stand) -> None:
    values = {"project": "alpha", "dashboard": "https://grafana.example/explore", "why": "x"}

    seen = stand.slack.submit("requester", stand.form(), values)

    assert set(seen["errors"]) == {"dashboard"}


def test_the_names_follow_the_size_that_is_chosen(stand: Stand) -> None:
    view_id = stand.form(line="/workspace create alpha")
    assert "ng-an2-aicond-alpha-ws-standard" in str(stand.view("requester")["blocks"])

    stand.slack.click("requester", view_id=view_id, action_id="spec", value="gpu")

    stand.eventually(lambda: "ng-an2-aicond-alpha-ws-gpu" in str(stand.view("requester")["blocks"]))


def test_the_names_are_shown_while_the_form_is_filled(stand: Stand) -> None:
    view_id = stand.form()
    stand.slack.submit("requester", view_id, {"why": "to train"})

    stand.slack.click("requester", view_id=view_id, action_id="v", value="beta")

    def named() -> bool:
        return "s3-an2-meerkat-prod-beta" in str(stand.view("requester")["blocks"])

    stand.eventually(named)
    assert value_of(stand.view("requester"), "why") == "to train"


def test_everything_wrong_is_shown_at_its_field_at_once(stand: Stand) -> None:
    seen = stand.slack.submit(
        "requester", stand.form(), {"project": "My_Team", "desired": "9", "max": "2", "why": "   "}
    )

    assert set(seen["errors"]) == {"project", "desired", "why"}
    assert seen["errors"]["desired"] == "Initial nodes (9) can't exceed maximum nodes (2)."


def test_a_number_that_is_none_is_told_at_its_field(stand: Stand) -> None:
    seen = stand.slack.submit("requester", stand.form(), {"project": "alpha", "max": "many", "why": "x"})

    assert seen["errors"] == {"max": "max must be a whole number, not many."}


def test_a_project_that_is_asked_for_already_is_told_at_its_field(stand: Stand) -> None:
    stand.requested("alpha")

    seen = stand.slack.submit("requester", stand.form(), {"project": "alpha", "why": "x"})

    assert "A request for alpha is already pending" in seen["errors"]["project"]


def test_a_form_is_stored_before_it_is_acknowledged(stand: Stand) -> None:
    view_id = stand.form()

    seen = stand.slack.submit("requester", view_id, {"project": "alpha", "max": "2", "why": "to train"})

    assert seen["acknowledged"]
    assert seen["view"] is None
    ask = stand.ask(view_id)
    assert ask is not None
    assert (ask.kind, ask.state, ask.user, ask.channel) == (
        SubmissionKind.CREATE,
        SubmissionState.NEW,
        MINA,
        "C0GENERAL1",
    )
    assert ask.spec == a_spec(max=2, why="to train").to_json()
    assert stand.woken
    stand.told("requester", "Checking alpha in all systems")


def test_a_form_delivered_twice_is_one_ask(stand: Stand) -> None:
    view_id = stand.form()
    stand.slack.faults.duplicate("interactive")

    stand.slack.submit("requester", view_id, {"project": "alpha", "why": "to train"})

    stand.told("requester", "Checking alpha")
    assert len(_due(stand)) == 1


def test_a_form_that_cannot_be_kept_stays_open_and_says_so(
    slack: SlackSimulator, tmp_path: Path, tables: Path
) -> None:
    stand = Stand(slack, tmp_path, tables, http=True)
    stand.service = Broken(
        units=stand.database.unit,
        reads=stand.database.reader,
        platform=a_platform(),
        clock=stand.clock,
        locks=stand.database.locks(),
        wake=lambda _="": None,
    )
    stand.start()

    seen = slack.submit("requester", stand.form(), {"project": "alpha", "why": "to train"})

    (said,) = seen["errors"].values()
    assert said.startswith("Your form wasn't saved because of an internal error. Try again.")
    assert "disk full" not in said
    assert seen["view"] is not None
    stand.stop()


def test_the_word_to_the_asker_may_get_lost(stand: Stand) -> None:
    view_id = stand.form()
    stand.slack.faults.fail("chat.postEphemeral", "internal_error")

    seen = stand.slack.submit("requester", view_id, {"project": "alpha", "why": "to train"})

    assert seen["acknowledged"]
    assert stand.ask(view_id) is not None


def test_a_form_that_slack_opens_too_late_is_told(stand: Stand) -> None:
    stand.slack.faults.fail("views.open", "expired_trigger_id")

    stand.slack.command("requester", "general", "/workspace create")

    stand.told("requester", "Slack didn't open the form in time.")


def test_a_refused_ask_is_offered_again_as_it_was_filled(stand: Stand) -> None:
    view_id = stand.form()
    stand.slack.submit("requester", view_id, {"project": "alpha", "max": "7", "why": "to train"})
    _offer(stand, view_id)

    stand.slack.click("requester", action_id="ws.create.open", channel="general")

    view = stand.view("requester")
    assert [value_of(view, field) for field in ("project", "max", "why")] == ["alpha", "7", "to train"]


def _offer(stand: Stand, key: str) -> None:
    """What the follower says when an ask was refused."""
    card = refused_card(an_ask(key), (Message("It is taken."),), "/workspace")
    stand.notifier.whisper("C0GENERAL1", MINA, card, language="en")


def _due(stand: Stand) -> list[Submission]:
    with stand.database.unit() as unit:
        return list(unit.submissions.due(SubmissionState.NEW, stand.clock.now(), 10))

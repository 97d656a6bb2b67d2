"""The form as plain data, and what is read from it."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.model.card import Card
from bot.slack.context import Origin
from bot.slack.forms import bare, create_form, delete_form, field_errors, reject_form, spec_of
from bot.texts import Texts
from bot.views.request import names_card
from provisioner.message import Message
from provisioner.workspace import NodeSpec, Problem, WorkspaceSpec
from sandbox.slack.modals import check
from tests.builders import a_platform, a_workspace

ENGLISH = Texts().for_locale("en")
ORIGIN = Origin(channel="C0GENERAL1", locale="en-US")
PLATFORM = a_platform()


def a_form(draft: dict[str, str], names: Card | None = None) -> dict[str, Any]:
    return create_form(PLATFORM, ENGLISH, ORIGIN, draft, names, dashboards=True)


def element(form: dict[str, Any], name: str) -> dict[str, Any]:
    found: dict[str, Any] = next(block for block in form["blocks"] if block.get("block_id") == name)[
        "element"
    ]
    return found


def filled(**typed: str | None) -> dict[str, Any]:
    """A submission in which these fields were typed."""
    values: dict[str, Any] = {}
    for name, text in typed.items():
        values[name] = {"v": {"type": "plain_text_input", "value": text}}
        if name == "spec":
            values[name] = {"spec": {"type": "static_select", "selected_option": {"value": text}}}
    return {"state": {"values": values}}


def test_an_empty_form_asks_for_the_usual_size() -> None:
    form = a_form({})

    assert "initial_value" not in element(form, "project")
    assert element(form, "spec")["initial_option"]["value"] == "standard"
    assert element(form, "desired")["initial_value"] == "1"
    assert element(form, "max")["initial_value"] == "3"


def test_the_sizes_are_those_of_the_spec_that_was_asked_for() -> None:
    platform = a_platform(specs={"big": NodeSpec(instance_type="m5.24xlarge", desired=2, max=9)})

    form = create_form(platform, ENGLISH, ORIGIN, {"spec": "big"}, dashboards=True)

    assert element(form, "spec")["initial_option"] in element(form, "spec")["options"]
    assert element(form, "max")["initial_value"] == "9"


def test_a_spec_that_does_not_exist_is_left_to_choose() -> None:
    form = a_form({"spec": "huge"})

    assert "initial_option" not in element(form, "spec")


def test_a_number_that_is_none_is_left_empty() -> None:
    assert "initial_value" not in element(a_form({"max": "many"}), "max")


def test_the_names_stand_below_the_project() -> None:
    form = a_form({"project": "alpha"}, names_card(a_workspace()))

    assert [block["block_id"] for block in form["blocks"]][:2] == ["project", "names.0"]
    assert "s3-an2-meerkat-prod-alpha" in str(form["blocks"][1])


def test_a_dashboard_may_be_left_empty() -> None:
    block = next(block for block in a_form({})["blocks"] if block.get("block_id") == "dashboard")

    assert block["optional"]
    assert block["hint"]["text"].endswith("Leave empty to create one.")
    assert element(a_form({"dashboard": "abc"}), "dashboard")["initial_value"] == "abc"


def test_where_there_are_no_dashboards_none_is_asked_for() -> None:
    form = create_form(PLATFORM, ENGLISH, ORIGIN, {"dashboard": "abc"}, dashboards=False)

    assert "dashboard" not in {block.get("block_id") for block in form["blocks"]}


def test_a_form_knows_where_it_was_opened_and_for_whom() -> None:
    form = a_form({})

    assert Origin.from_text(form["private_metadata"]) == ORIGIN


@given(
    draft=st.dictionaries(
        st.sampled_from(["project", "spec", "desired", "max", "dashboard", "why", "x"]), st.text()
    )
)
def test_slack_takes_the_form_whatever_was_typed(draft: dict[str, str]) -> None:
    check(a_form(draft, names_card(a_workspace())))


def test_slack_takes_the_form_for_a_reason() -> None:
    check(reject_form(ENGLISH, Origin(request_id="WSR-0001")))


def test_slack_takes_the_form_for_a_deletion() -> None:
    form = delete_form(ENGLISH, Origin(project="alpha"))

    check(form)
    assert "`alpha`" in form["blocks"][0]["text"]["text"]
    assert next(block for block in form["blocks"] if block.get("block_id") == "why")["optional"]


@pytest.mark.parametrize(
    "typed",
    [
        "alpha",
        " alpha ",
        "Alpha",
        "“alpha”",
        "'alpha'",
        "`alpha`",
        "alp\u200bha",
        "ａｌｐｈａ",
        "alpha.",
        "alpha\n",
    ],
)
def test_a_name_is_read_as_it_was_meant(typed: str) -> None:
    assert bare(typed) == "alpha"


@pytest.mark.parametrize("typed", ["", "alph", "alphabet", "al pha", "alpha beta", "alpha-ws", "yes"])
def test_another_name_stays_another(typed: str) -> None:
    assert bare(typed) != "alpha"


def test_what_was_filled_in_is_a_spec() -> None:
    view = filled(project=" alpha ", spec="gpu", desired="2", max="4", dashboard=" abc ", why="to train")

    assert spec_of(view, PLATFORM) == (
        WorkspaceSpec(project="alpha", spec="gpu", desired=2, max=4, dashboard="abc", why="to train"),
        {},
    )


@pytest.mark.parametrize("number", ["", "two", "1.5", "9" * 30, None])
def test_what_is_no_number_is_told_and_read_as_something_harmless(number: str | None) -> None:
    asked, unread = spec_of(filled(project="alpha", desired="7", max=number, why="x"), PLATFORM)

    assert set(unread) == {"max"}
    assert asked.max >= asked.desired


def test_all_errors_of_a_field_are_told_together_and_its_own_alone() -> None:
    problems = (
        Problem("project", Message("One.")),
        Problem("project", Message("Two.")),
        Problem("max", Message("Follows from the number that could not be read.")),
    )

    assert field_errors(problems, {"max": Message("No number.")}, ENGLISH) == {
        "max": "No number.",
        "project": "One. Two.",
    }

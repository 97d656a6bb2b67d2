"""`tests/checklist.toml` is whole: each stage, state, button and setting has a mark for each duty."""

from __future__ import annotations

import ast
import tomllib
from collections.abc import Collection, Iterator
from functools import cache
from pathlib import Path

import pytest

from bot.config.settings import PREFIX, SettingsFault, all_settings, load
from bot.model.card import Action
from bot.slack.app import TABLE, Kind
from bot.views.states import ROWS, State
from provisioner.engine.stage import Goal
from tests.test_architecture import steps
from tests.unit.bot.config.test_settings import environ

TESTS = Path(__file__).parent
LIST = tomllib.loads((TESTS / "checklist.toml").read_text(encoding="utf-8"))
DUTIES = LIST["duties"]
EXEMPT = "exempt: "
VALUE = "value: "

ALL: dict[str, Collection[str]] = {
    "stage": [step.stage.name for step in steps()],
    "state": list(State),
    "button": [action.name.lower().replace("_", "-") for action in Action],
    "setting": [setting.name.removeprefix(PREFIX) for setting in all_settings()],
}


def marks() -> Iterator[tuple[str, str, str, str]]:
    """Kind, name, duty and mark."""
    for kind in DUTIES:
        for name, kept in LIST[kind].items():
            for duty, mark in kept.items():
                yield kind, name, duty, mark


@cache
def defined_in(path: str) -> frozenset[str]:
    """Names of the functions and classes of a test file."""
    tree = ast.parse((TESTS / path).read_text(encoding="utf-8"))
    return frozenset(node.name for node in ast.walk(tree) if isinstance(node, ast.FunctionDef | ast.ClassDef))


@pytest.mark.parametrize("kind", ALL)
def test_each_has_its_place_in_the_list_and_the_list_names_no_other(kind: str) -> None:
    assert sorted(LIST[kind]) == sorted(ALL[kind])


def test_each_has_a_mark_for_every_duty() -> None:
    missing = [
        f"{kind} {name}: {duty} ({DUTIES[kind][duty]})"
        for kind in DUTIES
        for name, kept in LIST[kind].items()
        for duty in DUTIES[kind].keys() ^ kept.keys()
    ]

    assert missing == []


def test_each_test_that_is_named_exists() -> None:
    named = [mark for *_, mark in marks() if not mark.startswith((EXEMPT, VALUE))]

    lost = [mark for mark in named if (at := mark.partition("::"))[2] not in defined_in(at[0])]

    assert lost == []


def test_each_button_was_pressed_in_slack_and_somebody_listens() -> None:
    elsewhere = [
        name for name, kept in LIST["button"].items() if not kept["pressed"].startswith("integration/slack/")
    ]
    listened = {listener.id for listener in TABLE if listener.kind is Kind.ACTION}

    assert elsewhere == []
    assert [action for action in Action if action.value not in listened] == []


def test_who_is_exempt_says_why() -> None:
    excuses = [mark.removeprefix(EXEMPT) for *_, mark in marks() if mark.startswith(EXEMPT)]

    assert [excuse for excuse in excuses if len(excuse.split()) < 4] == []


@pytest.mark.parametrize(
    ("setting", "wrong"),
    [
        (name, mark.removeprefix(VALUE))
        for kind, name, _, mark in marks()
        if kind == "setting" and mark.startswith(VALUE)
    ],
)
def test_a_value_that_cannot_be_right_is_refused_by_name(setting: str, wrong: str) -> None:
    name = setting.replace("<NAME>", "STANDARD")

    with pytest.raises(SettingsFault) as found:
        load(environ(**{name: wrong}))

    assert any(line.startswith(f"{PREFIX}{name}") for line in found.value.lines), found.value.lines


@pytest.mark.parametrize("goal", Goal)
def test_every_state_has_its_row(goal: Goal) -> None:
    without = (
        {State.NOT_ALL_OURS} if goal is Goal.PRESENT else set()
    )  # only a deletion leaves what is not ours

    assert {state for state in State if (goal, state) not in ROWS} == without

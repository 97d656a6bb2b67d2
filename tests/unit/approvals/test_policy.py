"""Who may ask, what it takes, and what a policy cannot say."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import pytest

import bot
from approvals.errors import NotAllowed
from bot.config.policy import from_toml
from provisioner.validation import Invalid
from tests.builders import a_gate, a_subject, an_actor

RULE = """
[actions."workspace.create"]
ask = ["workspace-users", "workspace-admins"]
approve = ["workspace-admins"]
needed = 1
open_for = "24h"
"""
SHIPPED = Path(bot.__file__).parent / "config" / "policy.toml"


def faults(text: str) -> tuple[str, ...]:
    with pytest.raises(Invalid) as found:
        from_toml(text)
    return found.value.lines


def test_a_member_of_any_asking_group_gets_the_gate() -> None:
    policy = from_toml(RULE)

    for group in ("workspace-users", "workspace-admins"):
        assert policy.gate_for(a_subject(), an_actor("U0MINA", group)) == a_gate()


def test_everybody_else_learns_which_groups_may() -> None:
    with pytest.raises(NotAllowed) as no:
        from_toml(RULE).gate_for(a_subject(), an_actor("U0OUT", "visitors"))

    assert no.value.groups == ("workspace-users", "workspace-admins")


def test_somebody_in_no_group_may_not_ask() -> None:
    with pytest.raises(NotAllowed):
        from_toml(RULE).gate_for(a_subject(), an_actor("U0OUT", groups=frozenset()))


def test_an_action_without_a_rule_is_for_nobody() -> None:
    with pytest.raises(NotAllowed) as no:
        from_toml(RULE).gate_for(a_subject(action="workspace.explode"), an_actor())

    assert (no.value.action, no.value.groups) == ("workspace.explode", ())


def test_nobody_approves_for_themselves_whatever_the_policy_says() -> None:
    assert not from_toml(RULE).gate_for(a_subject(), an_actor()).allow_self
    assert faults(RULE + "allow_self = true") == (
        'actions."workspace.create".allow_self: there is no such key',
    )


def test_a_true_fact_raises_the_gate_and_never_lowers_it() -> None:
    policy = from_toml(RULE + "needed_if = { destroys_data = 2, harmless = 1 }")

    for facts, needed in [
        ({"destroys_data": True}, 2),
        ({"destroys_data": False}, 1),
        ({"destroys_data": 1}, 1),  # a number is not true
        ({"harmless": True}, 1),
        ({}, 1),
    ]:
        assert policy.gate_for(a_subject(facts=facts), an_actor()).needed == needed


@pytest.mark.parametrize(
    ("text", "length"),
    [
        ("2s", timedelta(seconds=2)),
        ("30m", timedelta(minutes=30)),
        ("24h", timedelta(hours=24)),
        ("90d", timedelta(days=90)),
    ],
)
def test_how_long_it_is_open_is_written_as_people_do(text: str, length: timedelta) -> None:
    policy = from_toml(RULE.replace("24h", text))

    assert policy.gate_for(a_subject(), an_actor()).open_for == length


@pytest.mark.parametrize("text", ["", "24", "0h", "1w", "91d", "-1h", "1.5h", "24 h"])
def test_a_length_that_is_none_is_a_fault(text: str) -> None:
    assert faults(RULE.replace("24h", text)) == (
        'actions."workspace.create".open_for: should be a text like "30m", "24h" or "7d", at most 90 days',
    )


def test_all_faults_are_told_at_once() -> None:
    wrong = """
        version = 2
        [actions.a]
        ask = []
        approve = ["@leads", "two words", ""]
        needed = 0
        open_for = 24
        [actions.b]
        ask = "workspace-users"
        approve = [7]
        needed = "two"
        needed_if = { destroys_data = true }
    """

    assert sorted(faults(wrong)) == [
        "actions.a.approve.0: should be a group's handle, without @ and without spaces",
        "actions.a.approve.1: should be a group's handle, without @ and without spaces",
        "actions.a.approve.2: should be a group's handle, without @ and without spaces",
        "actions.a.ask: should name at least one",
        "actions.a.needed: should be greater than or equal to 1",
        'actions.a.open_for: should be a text like "30m", "24h" or "7d", at most 90 days',
        "actions.b.approve.0: should be a valid string",
        "actions.b.ask: should be a list of groups",
        "actions.b.needed: should be a valid integer",
        "actions.b.needed_if.destroys_data: should be a valid integer",
        "actions.b.open_for: is missing",
        "version: there is no such key",
    ]


def test_a_policy_without_rules_is_a_fault() -> None:
    assert faults("[actions]") == ("actions: should name at least one",)
    assert faults("") == ("actions: is missing",)


def test_what_is_not_toml_is_told_with_its_line() -> None:
    (line,) = faults("[actions\nask")

    assert line.startswith("the policy is not TOML: ")
    assert "line 1" in line


def test_the_shipped_policy_is_right_and_keeps_a_request_open_for_a_day() -> None:
    policy = from_toml(SHIPPED.read_text(encoding="utf-8"))

    assert {"workspace.create", "workspace.delete"} <= policy.rules.keys()
    for action in policy.rules:
        gate = policy.gate_for(a_subject(action=action), an_actor("U0MINA", "workspace-users"))
        assert gate == a_gate()

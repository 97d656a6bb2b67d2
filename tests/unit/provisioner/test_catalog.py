"""The order of the stages, against the runbook's."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import pytest
from pydantic import SecretStr

from provisioner.catalog import catalog
from provisioner.engine.inspection import in_order
from provisioner.engine.stage import Goal, Step
from tests.laws.stage_laws import CANARY

CREATE = (
    "profile",  # 2-1: namespace and Profile
    "dex-user",  # Kubeflow user
    "bucket",  # S3 bucket, which the runbook names and has no command for
    "s3-access-kubeflow",  # policies
    "s3-access-aia",
    "nodegroup",
    "dashboard",  # 2-2
    "conductor-workspace",  # 2-3
    "conductor-account",  # 2-4
    "conductor-member",
)
DELETE = (
    "conductor-member",  # 4-1
    "conductor-account",
    "conductor-workspace",  # 4-2
    "nodegroup",  # 4-3
    "s3-access-kubeflow",
    "s3-access-aia",
    "dex-user",
    "profile",
)
"""The runbook deletes the bucket somewhere before the policies, and the dashboard never."""


def the_catalog(password_hash: str = CANARY, **bent: Any) -> tuple[Step, ...]:
    nobody: Any = object()
    systems = dict.fromkeys(
        (
            "profiles",
            "buckets",
            "policies",
            "policy_writes",
            "node_groups",
            "instances",
            "eksctl",
            "nodes",
            "dex",
            "dex_health",
            "dashboards",
            "conductor",
        ),
        nobody,
    )
    return catalog(**(systems | bent), password_hash=SecretStr(password_hash))


def names(goal: Goal, **bent: Any) -> list[str]:
    return [step.stage.name for step in in_order(the_catalog(**bent), goal)]


def before(order: list[str] | tuple[str, ...], first: str, second: str) -> bool:
    return order.index(first) < order.index(second)


def test_it_has_the_runbooks_steps_by_their_stored_names() -> None:
    assert {step.stage.name for step in the_catalog()} == set(CREATE)


def test_a_create_follows_the_runbook_but_keeps_the_login_until_all_that_may_fail_is_done() -> None:
    order = names(Goal.PRESENT)
    moved = [name for name in CREATE if name != "dex-user"]

    assert [name for name in order if name in moved] == moved
    assert before(order, "nodegroup", "dex-user")
    assert before(order, "dex-user", "conductor-workspace")


def test_a_delete_follows_the_runbooks_detailed_order() -> None:
    """T62: the order it lists and the order it describes differ; T60: member, account, workspace."""
    either = "s3-access-aia"  # its place beside the other policy says nothing
    described = [name for name in DELETE if name != either]

    assert [name for name in names(Goal.ABSENT) if name in described] == described


def test_T31_no_grant_outlives_the_name_of_its_bucket() -> None:
    order = names(Goal.ABSENT)

    assert before(order, "s3-access-kubeflow", "bucket")
    assert before(order, "s3-access-aia", "bucket")


def test_T29_a_bucket_is_proved_to_be_ours_before_anything_is_granted_on_it() -> None:
    order = names(Goal.PRESENT)

    assert before(order, "bucket", "s3-access-kubeflow")
    assert before(order, "bucket", "s3-access-aia")


def test_the_dashboard_is_removed_last() -> None:
    assert names(Goal.ABSENT)[-1] == "dashboard"


def test_who_goes_last_waits_for_everybody_and_not_by_chance() -> None:
    """Stages overlap, so a place at the end of the order is not enough."""
    needs = {step.stage.name: step.needs for step in the_catalog()}
    after = {step.stage.name: step.after for step in the_catalog()}
    seen_later = {"dashboard", "conductor-workspace", "conductor-account", "conductor-member"}

    assert reached("dex-user", needs) == set(CREATE) - seen_later - {"dex-user"}
    assert reached("conductor-member", needs) == set(CREATE) - {"conductor-member"}
    assert reached("dashboard", after) == set(CREATE) - {"dashboard"}


def reached(name: str, waits_for: Mapping[str, Sequence[str]]) -> set[str]:
    return set(waits_for[name]).union(*(reached(each, waits_for) for each in waits_for[name]))


def test_stages_that_do_not_need_each_other_overlap() -> None:
    """While the node group is made: the bucket, the policies, the dashboard."""
    needs = {step.stage.name: step.needs for step in the_catalog()}

    assert needs["bucket"] == needs["dashboard"] == needs["profile"] == ()
    assert needs["nodegroup"] == ("profile",)


def test_on_delete_the_bucket_and_the_profile_go_side_by_side() -> None:
    after = {step.stage.name: step.after for step in the_catalog()}

    assert after["bucket"] == ("s3-access-kubeflow", "s3-access-aia")
    assert after["profile"] == ("dex-user",)
    assert after["s3-access-aia"] == after["dex-user"] == ("nodegroup",)


@pytest.mark.parametrize(
    ("off", "gone"),
    [
        ("dashboards", {"dashboard"}),
        ("conductor", {"conductor-workspace", "conductor-account", "conductor-member"}),
    ],
)
def test_a_system_that_is_switched_off_has_no_stage_and_nobody_waits_for_it(off: str, gone: set[str]) -> None:
    for goal in Goal:
        assert set(names(goal, **{off: None})) == set(CREATE) - gone


def test_a_hash_that_dex_would_refuse_is_found_at_once() -> None:
    with pytest.raises(ValueError, match="not bcrypt of cost 10 to 16"):
        the_catalog("12341234")


def test_what_has_no_mark_is_made_after_something_that_has_one() -> None:
    """Whose a workspace is can be told from what vouches, as long as any of it is there."""
    steps = {step.stage.name: step for step in the_catalog()}
    vouch = {name for name, step in steps.items() if not step.stage.by_name}

    def needed(name: str) -> set[str]:
        return {name}.union(*(needed(other) for other in steps[name].needs))

    assert vouch == {"profile", "bucket", "nodegroup", "dashboard"}
    assert [name for name in steps if not needed(name) & vouch] == []

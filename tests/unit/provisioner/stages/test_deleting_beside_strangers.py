"""The real ten stages where some of what has the workspace's names is somebody else's."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace

import pytest

from provisioner.engine.inspection import Preview
from provisioner.engine.run import RunStatus
from provisioner.engine.stage import Goal
from provisioner.stages.access.document import read
from tests.builders import a_workspace
from tests.fakes.fuse import CrashNow
from tests.fakes.nodegroups import FakeGroup, FakeStack
from tests.fakes.s3 import FakeBucket
from tests.laws.stage_laws import CANARY
from tests.unit.provisioner.stages.wholeyard import Outside, WholeYard

WS = a_workspace()
ACCESS = {"s3-access-kubeflow", "s3-access-aia"}


def bucket_by_hand(outside: Outside) -> None:
    outside.s3.buckets[WS.bucket] = FakeBucket(tags={"team": "vision"})


def bucket_elsewhere(outside: Outside) -> None:
    outside.s3.elsewhere.add(WS.bucket)


def workspace_by_hand(outside: Outside) -> None:
    outside.conductor.put_workspace(WS.name, "s3-of-somebody")


def workspace_by_hand_with_its_account(outside: Outside) -> None:
    workspace_by_hand(outside)
    outside.conductor.put_account(WS.edge_account, "x")


def half_by_the_runbook(outside: Outside) -> None:
    """A person works on it by hand, and is not through: what they made has our names and no mark."""
    bucket_by_hand(outside)
    for policy in outside.iam.policies.values():
        policy.add(read(policy.document).with_bucket(WS.bucket_arns).text)
    login = {"email": WS.login_email, "hash": CANARY, "username": WS.login}
    outside.dex.text = outside.dex.text.replace(
        "staticPasswords:\n", f"staticPasswords:\n- {json.dumps(login)}\n"
    )
    outside.conductor.put_workspace(WS.name, WS.bucket)
    outside.conductor.put_account(WS.edge_account, "x")
    outside.conductor.roles[WS.name, WS.edge_account] = "MANAGER"


def account_by_hand(outside: Outside) -> None:
    outside.conductor.put_account(WS.edge_account, "x", "ADMIN")


def profile_by_hand(outside: Outside) -> None:
    outside.kubernetes.create_profile(WS.namespace, owner="somebody@example.com", annotations={})


def nodes_by_hand(outside: Outside) -> None:
    outside.cloud.stacks[WS.stack_of(WS.nodegroup)] = FakeStack("CREATE_COMPLETE", {})
    outside.cloud.grouped[WS.nodegroup] = FakeGroup({"team": "vision"})


def dashboard_by_hand(outside: Outside) -> None:
    outside.grafana.create(WS.made_dashboard, title="Vision", tags=("vision",), variables={})


Means = Callable[[Outside], None]
STRANGERS: dict[Means, set[str]] = {
    bucket_by_hand: {"bucket"},
    bucket_elsewhere: {"bucket"},
    half_by_the_runbook: {
        "bucket",
        *ACCESS,
        "dex-user",
        "conductor-workspace",
        "conductor-account",
        "conductor-member",
    },
    profile_by_hand: {"profile"},
    nodes_by_hand: {"nodegroup"},
    dashboard_by_hand: {"dashboard"},
    workspace_by_hand: {"conductor-workspace", "conductor-member"},
    workspace_by_hand_with_its_account: {"conductor-workspace", "conductor-account", "conductor-member"},
    account_by_hand: {"conductor-account", "conductor-member"},
}
"""What somebody makes after the approval, with the stages that leave it."""


def test_each_stage_meets_a_stranger() -> None:
    assert set().union(*STRANGERS.values()) == {step.stage.name for step in WholeYard().steps}


each = pytest.mark.parametrize("means", STRANGERS, ids=lambda means: means.__name__)


def half_made(means: Means) -> WholeYard:
    """A create that failed on it, and was given up."""
    yard = WholeYard()
    run_id = yard.approve()
    means(yard.outside)
    assert yard.settle(run_id).status is RunStatus.FAILED
    yard.give_up(run_id)
    return yard


def left_there(means: Means) -> object:
    """A world in which nobody else was."""
    outside = WholeYard().outside
    means(outside)
    return at_rest(outside)


def at_rest(outside: Outside) -> object:
    """What is there once no controller has anything to do.

    An edit of a policy that was taken back is still one of its versions.
    """
    for _ in range(3):
        outside.pass_by(60)
    state = outside.state()
    return {key: value for key, value in state.items() if key != "versions"}


@each
def test_what_is_half_made_goes_and_what_is_somebody_elses_stays(means: Means) -> None:
    yard = half_made(means)

    run = yard.settle(yard.approve(Goal.ABSENT))

    assert run.status is RunStatus.SUCCEEDED
    assert {name for name, stage in run.stages.items() if stage.not_owned} == STRANGERS[means]
    assert at_rest(yard.outside) == left_there(means)


@pytest.mark.long
@pytest.mark.parametrize("means", [bucket_by_hand, account_by_hand], ids=lambda means: means.__name__)
def test_an_end_of_the_process_after_any_write_changes_nothing(means: Means) -> None:
    yard = half_made(means)
    yard.tripwire.done.clear()
    yard.settle(yard.approve(Goal.ABSENT))
    undisturbed, effects = yard.outside.state(), list(dict.fromkeys(yard.tripwire.done))
    assert effects

    for effect in effects[:-1:2]:  # each is an end once in test_ten_stages, where nobody else is about
        again = half_made(means)
        run_id = again.approve(Goal.ABSENT)
        again.tripwire.arm([effect])
        with pytest.raises(CrashNow):
            again.settle(run_id)
        again.die()

        assert again.settle(run_id).status is RunStatus.SUCCEEDED, effect
        assert again.outside.state() == undisturbed, effect


def test_a_workspace_that_somebody_made_by_the_runbook_is_not_taken_apart() -> None:
    """The runbook gives it our names, and what carries no mark cannot be told from ours."""
    yard = WholeYard()
    yard.settle(yard.approve())
    by_hand(yard.outside)

    preview = yard.engine().inspector.preview(WS, Goal.ABSENT)

    assert {one.stage for one in preview.foreign} == {found.stage for found in preview.inspections}
    assert changes(preview) == set()


def by_hand(outside: Outside) -> None:
    """Takes our marks off everything."""
    outside.s3.buckets[WS.bucket].tags.clear()
    outside.kubernetes.annotate_profile(WS.namespace, {})
    for stack in outside.cloud.stacks.values():
        stack.tags = {}
    for group in outside.cloud.grouped.values():
        group.tags = {}
    made = outside.grafana.dashboards[WS.made_dashboard]
    outside.grafana.dashboards[WS.made_dashboard] = replace(made, tags=())


def changes(preview: Preview) -> set[str]:
    return {found.stage for found in preview.inspections if found.changes}

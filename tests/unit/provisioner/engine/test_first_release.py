"""Plans that the first release stored, and what they still cover."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from provisioner.engine.run import EntryKind, RunStatus
from provisioner.engine.stage import Change, Goal, Plan
from provisioner.message import Json, Message, named
from tests.builders import a_workspace
from tests.unit.provisioner.stages.wholeyard import WholeYard

STORED: dict[str, Any] = json.loads(
    Path(__file__).with_name("first_release.json").read_text(encoding="utf-8")
)
"""Plans of all ten stages, made and stored by commit 5397fd7."""

GROUP = "ng-an2-meerkat-prod-alpha-standard"
SIZES = {"type": "m5.xlarge", "desired": "1", "max": "3"}


def a_target(text: str, **values: str | int) -> Json:
    """As it was stored: names were references."""
    places: dict[str, Any] = {
        name: named(value) if isinstance(value, str) else value for name, value in values.items()
    }
    return Message(text, **places).to_json()


TARGETS: tuple[tuple[Json, str, str, dict[str, str]], ...] = (
    (a_target("Profile {name}", name="aic-ns-alpha-ws"), "kubeflow-profile", "aic-ns-alpha-ws", {}),
    (a_target("Namespace {name}", name="aic-ns-alpha-ws"), "namespace", "aic-ns-alpha-ws", {}),
    (a_target("S3 bucket {name}", name="s3-alpha"), "s3-bucket", "s3-alpha", {}),
    (
        a_target("S3 access to {bucket} in {policy}", bucket="s3-alpha", policy="policy-aia"),
        "iam-statement",
        "s3-alpha",
        {"policy": "policy-aia"},
    ),
    (
        a_target(
            "Node group {name}: {type}, {desired} of at most {max}",
            name=GROUP,
            type="m5.xlarge",
            desired=1,
            max=3,
        ),
        "node-group",
        GROUP,
        SIZES,
    ),
    (a_target("Node group {name}", name=GROUP), "node-group", GROUP, {}),
    (a_target("Stack {name}", name=f"eksctl-{GROUP}"), "cloudformation-stack", f"eksctl-{GROUP}", {}),
    (a_target("Kubeflow login {login}", login="aic@aic.com"), "kubeflow-login", "aic@aic.com", {}),
    (a_target("Grafana dashboard {uid}", uid="ws-alpha"), "grafana-dashboard", "ws-alpha", {}),
    (a_target("AI Conductor workspace {name}", name="alpha-ws"), "conductor-workspace", "alpha-ws", {}),
    (a_target("AI Conductor account {name}", name="edge-alpha"), "conductor-account", "edge-alpha", {}),
    (
        a_target(
            "AI Conductor role {role} of {login} in {workspace}",
            role="Manager",
            login="edge-alpha",
            workspace="alpha-ws",
        ),
        "conductor-role",
        "edge-alpha",
        {"role": "Manager", "workspace": "alpha-ws"},
    ),
    ("S3 bucket s3-alpha", "s3-bucket", "s3-alpha", {}),
    ("something that no stage ever made", "", "something that no stage ever made", {}),
)


@pytest.mark.parametrize(("target", "kind", "name", "promise"), TARGETS)
def test_a_target_is_read_as_what_it_was_about(
    target: Json, kind: str, name: str, promise: dict[str, str]
) -> None:
    old = {"verb": "create", "target": target, "detail": None, "destroys_data": False, "state": None}

    assert Change.from_json(old).binding == (kind, name, promise)


def test_its_plans_are_those_of_today() -> None:
    yard = WholeYard()
    plans = {"create": yard.engine().inspector.preview(a_workspace("alpha"), Goal.PRESENT).plan}
    yard.settle(yard.approve())
    plans["delete"] = yard.engine().inspector.preview(a_workspace("alpha"), Goal.ABSENT).plan

    for name, today in plans.items():
        old = Plan.from_json(STORED[name]["plan"])
        assert today is not None
        assert len(today.changes) == 10
        assert old.digest == today.digest


def test_its_runs_go_on() -> None:
    yard = WholeYard()
    created = yard.settle(yard.queue(Plan.from_json(STORED["create"]["plan"])))
    deleted = yard.settle(yard.queue(Plan.from_json(STORED["delete"]["plan"])))

    assert (created.status, deleted.status) == (RunStatus.SUCCEEDED, RunStatus.SUCCEEDED)
    told = [entry.kind for run in (created, deleted) for entry in yard.journal(run.id)]
    assert EntryKind.PARKED not in told


def test_a_text_that_was_reworded_parks_no_run() -> None:
    yard = WholeYard()
    plan = yard.engine().inspector.preview(a_workspace("alpha"), Goal.PRESENT).plan
    assert plan is not None
    reworded = [
        replace(stage, changes=tuple(replace(each, target=Message("it")) for each in stage.changes))
        for stage in plan.stages
    ]

    run = yard.settle(yard.queue(replace(plan, stages=tuple(reworded))))

    assert run.status is RunStatus.SUCCEEDED

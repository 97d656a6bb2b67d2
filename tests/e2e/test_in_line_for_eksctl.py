"""More creates than there may be eksctl, through the real bot: those in line say so, and can be canceled."""

from __future__ import annotations

import subprocess
from collections.abc import Sequence

import pytest

from sandbox.control.client import Client
from sandbox.demo.scene import Scene
from sandbox.serving.callfaults import Kind
from tests.e2e.conftest import Start
from tests.e2e.made import assert_made

pytestmark = [pytest.mark.long, pytest.mark.timeout(400)]

QUEUED = "queued for eksctl: number"
WITHIN = 120  # seconds
SLOW = 20.0  # seconds of the first CreateStack


def some_in_line(start: Start, projects: Sequence[str]) -> tuple[Client, list[Scene]]:
    """All are approved; the first eksctl is slow, and the others have said their place; they come last."""
    world, client = start(settings={"NODES__EKSCTL_AT_ONCE": "1"})
    assert world.outside.aws is not None
    scenes = [Scene(client, project, patience=60) for project in projects]
    for scene in scenes:
        scene.ask()
    world.outside.aws.faults.add(Kind.DELAY, "cloudformation.CreateStack", seconds=SLOW)
    for scene in scenes:
        scene.press("admin", "ws.req.approve")
    client.until(lambda: len(in_line(scenes)) == len(scenes) - 1, "cards of those in line", within=WITHIN)
    assert len(at_work_on(scenes)) == 1
    return client, sorted(scenes, key=in_line(scenes).count)


def test_who_is_in_line_says_so_and_can_be_canceled_and_the_others_get_ready(start: Start) -> None:
    _, (*others, last) = some_in_line(start, ("linea", "lineb", "linec"))

    last.press("requester", "ws.run.cancel")
    last.until_says("was canceled", within=WITHIN)
    for scene in others:
        scene.until_says("is ready", within=WITHIN)

    for scene in others:
        assert_made(scene)
    assert "nodegroups" not in last.names()
    assert at_work_on([*others, last]) == []


def test_killed_while_some_are_in_line_all_get_ready(start: Start) -> None:
    client, scenes = some_in_line(start, ("againa", "againb", "againc"))

    client.kill_bot()
    assert at_work_on(scenes) == []
    client.start_bot()
    for scene in scenes:
        scene.until_says("is ready", within=WITHIN)

    for scene in scenes:
        assert_made(scene)
    assert at_work_on(scenes) == []


def in_line(scenes: Sequence[Scene]) -> list[Scene]:
    return [scene for scene in scenes if scene.says(QUEUED)]


def at_work_on(scenes: Sequence[Scene]) -> list[str]:
    """Processes that were told to do something to a node group of theirs."""
    told = subprocess.run(("ps", "-A", "-ww", "-o", "args="), capture_output=True, text=True, check=True)
    groups = [f"ng-an2-aicond-{scene.project}-ws-standard" for scene in scenes]
    return [line for line in told.stdout.splitlines() if any(group in line for group in groups)]

"""Twenty workspaces at once through the real bot: all get ready, all go, and what they share is as it was."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from sandbox.control.client import REQUESTS, Client
from sandbox.demo.scene import Scene
from sandbox.world import World
from tests.e2e.hands import an_admin, iam_of
from tests.e2e.made import assert_gone, assert_made, neighbours

pytestmark = [pytest.mark.long, pytest.mark.timeout(1500)]

COUNT = 20
WITHIN = 600  # seconds, for all of them


def shared(world: World) -> dict[str, Any]:
    """dex's text, and both policies as documents."""
    iam, at = iam_of(world), world.place
    found: dict[str, Any] = {}
    with an_admin(world) as admin:
        config_map = admin.find("/api/v1/namespaces/auth/configmaps/dex")
        assert config_map is not None
        found["dex"] = config_map["data"], config_map["metadata"].get("annotations")
    for whose in ("aia", "kubeflow"):
        arn = f"arn:aws:iam::{at.account}:policy/policy-s3-{whose}-{at.region_alias}-{at.infra}-{at.env}"
        version = iam.get_policy(PolicyArn=arn)["Policy"]["DefaultVersionId"]
        found[whose] = iam.get_policy_version(PolicyArn=arn, VersionId=version)["PolicyVersion"]["Document"]
    return found


def approve_all(client: Client, scenes: Sequence[Scene], said: str) -> float:
    """All in the same moment; seconds until the last card says so."""
    cards = [scene.the_card()["ts"] for scene in scenes]
    began = time.monotonic()

    def approve(ts: str) -> None:
        client.click("admin", "ws.req.approve", ts=ts, channel=REQUESTS)

    with ThreadPoolExecutor(len(cards)) as pool:
        list(pool.map(approve, cards))
    waiting = list(scenes)

    def done() -> bool:
        waiting[:] = [scene for scene in waiting if not scene.says(said)]
        return not waiting

    client.until(done, f"last of {len(scenes)} cards that says {said}", within=WITHIN)
    return time.monotonic() - began


def restarts_of_dex(world: World, while_: Callable[[], float]) -> tuple[int, float]:
    assert world.dex is not None
    before = world.dex.restarts
    seconds = while_()
    return world.dex.restarts - before, seconds


def test_T5_T16_T31_twenty_creates_and_then_twenty_deletes_at_once(
    world: World, client: Client, project: str, capsys: pytest.CaptureFixture[str]
) -> None:
    scenes = [Scene(client, f"{project}{letter}", patience=60) for letter in "abcdefghijklmnopqrst"]
    assert len(scenes) == COUNT
    before, rest, since = shared(world), neighbours(client), len(client.writes())

    for scene in scenes:
        scene.ask()
    made_with, made_in = restarts_of_dex(world, lambda: approve_all(client, scenes, "is ready"))
    logins = [f"aic-user-{scene.project}-ws@aic.com" for scene in scenes]
    assert all(scenes[0].can_log_in(login) for login in logins)
    for scene in scenes:
        assert_made(scene, since=since)
    since = len(client.writes())
    for scene in scenes:
        scene.ask_delete()
    gone_with, gone_in = restarts_of_dex(world, lambda: approve_all(client, scenes, "was deleted"))

    with capsys.disabled():
        figures = (
            f"{COUNT} creates at once in {made_in:.1f} s with {made_with} restarts of dex,"
            f" {COUNT} deletes in {gone_in:.1f} s with {gone_with}"
        )
        sys.stdout.write(f"\n{figures}\n")
    for scene in scenes:
        assert_gone(scene, since=since)
    assert shared(world) == before
    assert neighbours(client) == rest
    assert all(scenes[0].can_log_in(one["email"]) for one in client.world()["dex_users"])
    log = (world.options.state / "bot.log").read_text(encoding="utf-8")
    assert "it keeps changing" not in log
    assert max(made_with, gone_with) <= COUNT

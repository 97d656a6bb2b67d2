"""The real bot under kill -9, right after it changed something at a vendor and before it heard so."""

from __future__ import annotations

import sys
from collections import Counter
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass

import pytest

from sandbox.control.client import Client, Refused, buttons
from sandbox.demo.scene import Scene
from sandbox.world import World
from tests.e2e.hands import an_admin, let_go, put_to_work, s3_of
from tests.e2e.made import assert_gone, assert_made, neighbours

pytestmark = [pytest.mark.crash, pytest.mark.timeout(1500)]

LEAST = 20
WITHIN = 1200  # seconds for one test; each kill costs a start of the bot
OVER_AGAIN = frozenset(
    {
        "autoscaling.CreateOrUpdateTags",
        "cloudformation.CreateStack",
        "cloudformation.UpdateTerminationProtection",
    }
)
"""What a second eksctl, or a second try, does again; `assert_made` counts the stacks."""


@dataclass(slots=True)
class Killer:
    """Kills the bot at the `nth` vendor write after each start, and at all until it is started again."""

    client: Client
    nth: int
    kills: int = 0

    def arm(self) -> None:
        self.client.fault("kill-bot", call="*", nth=self.nth, times=0)

    def until(self, done: Callable[[], bool], what: str) -> None:
        """Kill after kill, until it is so."""
        self.arm()

        def over() -> bool:
            if self.client.bot() == "killed":
                self._revive()
            return done()

        self.client.until(over, what, within=WITHIN)
        self.client.mend("kill-bot")

    def strike(self) -> None:
        """Now, and not at a write."""
        self.client.kill_bot()
        self.kills += 1
        self.client.start_bot()

    def _revive(self) -> None:
        self.kills += 1
        self.arm()
        self.client.start_bot()


def tell(capsys: pytest.CaptureFixture[str], what: str, killer: Killer, writes: int) -> None:
    with capsys.disabled():
        figures = f"{killer.kills} kills with -9 over {writes} vendor writes"
        sys.stdout.write(f"\n{what}: {figures}: nothing twice, nothing lost\n")


def repeated(scene: Scene, since: int) -> dict[str, int]:
    """The calls on its things that were carried out more than once and should not have been."""
    return {
        call: times for call, times in scene.writes(since).items() if times > 1 and call not in OVER_AGAIN
    }


def test_a_create_and_a_delete_survive_a_kill_at_every_vendor_write(
    world: World, client: Client, project: str, capsys: pytest.CaptureFixture[str]
) -> None:
    """Both at once. The delete has objects to remove, and a pod that a budget holds while eksctl drains."""
    leaving, coming = Scene(client, f"{project}a"), Scene(client, f"{project}b")
    work, nodegroup = f"work-{project}", f"ng-an2-aicond-{leaving.project}-ws-standard"
    rest = neighbours(client)
    leaving.ask()
    leaving.press("admin", "ws.req.approve")
    leaving.until_says("is ready", within=120)
    for key in ("a", "b", "a"):
        s3_of(world).put_object(Bucket=f"s3-an2-meerkat-prod-{leaving.project}", Key=key, Body=key.encode())
    killer, since = Killer(client, 1), len(client.writes())

    with an_admin(world) as admin:
        put_to_work(admin, nodegroup, work)
        coming.ask()
        leaving.ask_delete()
        killer.arm()
        for scene in (coming, leaving):
            scene.press("admin", "ws.req.approve")
        killer.until(lambda: leaving.says("blocks pod", work), "drain that a budget holds up")
        killer.strike()
        killer.until(lambda: leaving.says("blocks pod", work), "second drain of the same nodes")
        let_go(admin, work)
        killer.until(lambda: coming.says("is ready") and leaving.says("was deleted"), "end of all the kills")

    writes = client.writes(since)
    tell(capsys, "a create and a delete", killer, len(writes))
    assert_made(coming, since=since)
    assert_gone(leaving, since=since)
    assert [repeated(scene, since) for scene in (coming, leaving)] == [{}, {}]
    calls = Counter(write["call"] for write in writes)
    assert calls["iam.CreatePolicyVersion"] == 4
    assert neighbours(client, coming.project) == rest
    assert all(coming.can_log_in(one["email"]) for one in client.world()["dex_users"])
    assert [write for write in writes if not write["struck"]] == []
    assert killer.kills >= LEAST


def test_several_creates_of_which_one_fails_survive_kills(
    client: Client, project: str, capsys: pytest.CaptureFixture[str]
) -> None:
    """Three at once; the first to ask for a machine gets none, and somebody presses Retry."""
    scenes = [Scene(client, f"{project}{letter}") for letter in "cde"]
    failed: set[str] = set()
    rest, since = neighbours(client), len(client.writes())
    for scene in scenes:
        scene.ask()
    client.fault("no-capacity", times=1)
    killer = Killer(client, 4)
    killer.arm()
    for scene in scenes:
        scene.press("admin", "ws.req.approve")

    def done() -> bool:
        for scene in scenes:
            if "ws.run.retry" in buttons(scene.the_card()):
                failed.add(scene.project)
                with suppress(Refused):  # the card has just been redrawn, without the button
                    scene.press("requester", "ws.run.retry")
        return all(scene.says("is ready") for scene in scenes)

    killer.until(done, "end of all the kills")

    writes = client.writes(since)
    tell(capsys, "three creates, one without a machine", killer, len(writes))
    assert len(failed) == 1
    for scene in scenes:
        assert_made(scene, since=since, failed=scene.project in failed)
        assert repeated(scene, since) == {}
    # One each in both policies, or one for all who stood in line in that moment.
    assert 2 <= Counter(write["call"] for write in writes)["iam.CreatePolicyVersion"] <= 2 * len(scenes)
    assert neighbours(client, *(scene.project for scene in scenes)) == rest
    assert killer.kills >= LEAST / 2

"""The real bot under kill -9, right after it changed something at a vendor and before it heard so."""

import sys

import pytest

from sandbox.client import Client
from sandbox.scene import Scene
from tests.e2e.made import assert_made

pytestmark = [pytest.mark.crash, pytest.mark.timeout(900)]

LEAST = 20


class Killer:
    """Kills the bot at the `nth` vendor write after each start, until all scenes are ready."""

    def __init__(self, client: Client, nth: int) -> None:
        self._client = client
        self._nth = nth
        self.kills = 0

    def arm(self) -> None:
        self._client.fault("kill-bot", call="*", nth=self._nth)

    def until_ready(self, scenes: list[Scene]) -> None:
        def done() -> bool:
            if self._client.bot() == "killed":
                self.kills += 1
                self.arm()
                self._client.start_bot()
            return all(scene.says("is ready") for scene in scenes)

        scenes[0].until(done, "end of all the kills", 300)
        self._client.mend("kill-bot")


def test_a_create_survives_a_kill_at_every_vendor_write(
    client: Client, project: str, capsys: pytest.CaptureFixture[str]
) -> None:
    kills = 0
    writes = 0
    plan = ((1, 1), (1, 2), (2, 1), (1, 1))  # how many creates at once, and at which write after each start
    for number, (at_once, nth) in enumerate(plan):
        scenes = [Scene(client, f"{project}{'abcd'[number]}{one}") for one in range(at_once)]
        before = len(client.writes())
        for scene in scenes:
            scene.ask()
        killer = Killer(client, nth)
        killer.arm()
        for scene in scenes:
            scene.press("admin", "ws.req.approve")
        killer.until_ready(scenes)
        for scene in scenes:
            assert_made(scene)
            repeated = {call: times for call, times in scene.writes(before).items() if times > 1}
            assert repeated == {}
        kills += killer.kills
        writes += len(client.writes()) - before
    with capsys.disabled():
        figures = f"{kills} kills with -9 over {writes} vendor writes"
        sys.stdout.write(f"\n{figures}: nothing twice, nothing lost\n")
    assert kills >= LEAST

"""`docs/architecture.md` lists the modules that a create passes: here one goes that way, and is followed."""

from __future__ import annotations

import inspect
import re
import threading
from collections.abc import Collection, Iterator
from contextlib import ExitStack, contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from types import FrameType
from typing import Any

import pytest

from bot.config.settings import load
from bot.vendors import Vendors
from bot.wiring import Bot
from provisioner.engine.inspection import Preflight
from provisioner.engine.run import StageStatus
from provisioner.engine.stage import Step
from provisioner.stages.access.stage import LastWrites
from provisioner.stages.profile.client import KubeProfiles
from provisioner.stages.profile.stage import ProfileStage
from sandbox.kubeflow import ProfileController, seed_platform
from sandbox.kubernetes.emulator import KubernetesEmulator
from sandbox.slack.simulator import SlackSimulator
from tests.fakes.place import FakePlace
from tests.unit.bot.config.test_settings import environ

ROOT = Path(__file__).parent.parent
PRODUCT = tuple(f"{ROOT / package}/" for package in ("bot", "approvals", "provisioner"))
WITHIN = 30.0  # seconds
BY_THE_CLOCK = frozenset({"leader", "liveness", "look", "expire", "ask anew", "health"})
"""Threads that do what they do whether anything is created or not."""


class Follower:
    """Notes in which modules functions of the product run; the bodies of modules and classes are none."""

    def __init__(self) -> None:
        self.modules: set[str] = set()
        self.following = False
        self.left_out = BY_THE_CLOCK

    def __call__(self, frame: FrameType, event: str, _argument: object) -> None:
        code = frame.f_code
        if (
            self.following
            and event == "call"
            and code.co_flags & inspect.CO_OPTIMIZED
            and code.co_filename.startswith(PRODUCT)
            and threading.current_thread().name not in self.left_out
        ):
            self.modules.add(str(Path(code.co_filename).relative_to(ROOT)))


@contextmanager
def followed() -> Iterator[Follower]:
    """All threads that begin in here; what is there already is not looked at."""
    follower, before = Follower(), threading.getprofile()
    threading.setprofile(follower)
    try:
        yield follower
    finally:
        threading.setprofile(before)


class FirstStage(Vendors):
    """One stage, the first: each further one passes its own room besides. The place is the right one."""

    def stages(self, policy_writes: LastWrites) -> tuple[Step, ...]:
        del policy_writes
        return (Step(ProfileStage(KubeProfiles(self._cluster))),)

    def preflight(self) -> Preflight:
        return FakePlace().preflight()


class House:
    """A bot as `serve` runs it, between the simulated Slack and the simulated Kubernetes."""

    def __init__(self, folder: Path, exits: ExitStack) -> None:
        self.slack = SlackSimulator()
        self.slack.start()
        exits.callback(self.slack.stop)
        kubernetes = KubernetesEmulator()
        kubernetes.start()
        exits.callback(kubernetes.stop)
        seed_platform(kubernetes.kubeconfig("admin"))
        controller = ProfileController(kubernetes.kubeconfig("controller"), every=timedelta(milliseconds=20))
        controller.start()
        exits.callback(controller.stop)
        kubeconfig = folder / "kubeconfig"
        kubeconfig.write_text(kubernetes.kubeconfig("workspace-bot"))
        settings = load(
            environ(
                SLACK__BOT_TOKEN=self.slack.bot_token,
                SLACK__APP_TOKEN=self.slack.app_token,
                SLACK__BASE_URL=f"{self.slack.url}/api",
                SLACK__CHANNEL="C0REQUEST1",
                KUBECONFIG_PATH=str(kubeconfig),
                STATE=str(folder / "state"),
                HEALTH_PORT="0",
            )
        )
        self.bot = Bot(settings, FirstStage)
        self.bot.start()
        exits.callback(self.bot.stop)
        self.slack.until(self.slack.connected, within=WITHIN)

    def view(self) -> dict[str, Any]:
        return self.slack.until(lambda: self.slack.view("requester"), within=WITHIN)

    def card(self) -> str:
        """Where the request stands."""

        def look() -> str | None:
            messages = self.slack.channel("workspace-requests", "admin")["messages"]
            return next((one["ts"] for one in messages if one["bot"] and "requested" in one["text"]), None)

        return self.slack.until(look, within=WITHIN)

    def told(self) -> bool:
        """Nothing is left to be said."""
        with self.bot.database.reader() as unit:
            return not unit.messages.to_tell(datetime.now(UTC))

    def made(self) -> bool:
        with self.bot.database.reader() as unit:
            run = unit.runs.latest("alpha")
        return run is not None and run.progress(ProfileStage.name).status is StageStatus.DONE


@pytest.fixture(scope="module")
def passed(tmp_path_factory: pytest.TempPathFactory) -> Collection[str]:
    """The modules that a create passes from the slash command until its first stage is done."""
    with ExitStack() as exits:
        follower = exits.enter_context(followed())
        house = House(tmp_path_factory.mktemp("house"), exits)
        follower.following = True
        house.slack.command("requester", "general", "/workspace create")
        form = {"project": "alpha", "spec": "standard", "desired": "1", "max": "3", "why": "to try it"}
        house.slack.submit("requester", house.view()["id"], form)
        at = house.card()
        house.slack.until(house.told, within=WITHIN)
        follower.left_out |= {"follow"}  # progress is told beside the way, and its telling changes nothing
        house.slack.click("admin", channel="workspace-requests", ts=at, action_id="ws.req.approve")
        house.slack.until(house.made, within=WITHIN)
        follower.following = False
    return follower.modules


def documented() -> tuple[int, list[str]]:
    """How many it says there are, and those it names."""
    text = (ROOT / "docs" / "architecture.md").read_text(encoding="utf-8")
    _, _, rest = text.partition("\n## The way of a create\n")
    section, _, _ = rest.partition("\n## ")
    said = re.search(r"passes (\d+)\s+modules", section)
    table = "\n".join(line for line in section.splitlines() if line.startswith("|"))
    assert said is not None
    return int(said[1]), re.findall(r"`([a-z]+/[\w/]+\.py)`", table)


def test_the_way_of_a_create_is_the_documented_one(passed: Collection[str]) -> None:
    _, named = documented()

    assert sorted(named) == sorted(passed)


def test_no_more_modules_are_passed_than_is_said() -> None:
    number, named = documented()

    assert len(named) == number < 40

"""The bot under measurement: the unchanged process in a fresh sandbox."""

from __future__ import annotations

import os
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any, TypeVar

from bot.storage.database import Database
from provisioner.engine.run import EntryKind, RunId
from sandbox.slack import Rates, SlackSimulator
from sandbox.world import Options, Transport, World

REQUESTS = "workspace-requests"
WITHIN = 60.0  # seconds, for anything to come into sight
_LOOK_EVERY = 0.02

Found = TypeVar("Found")


class Subject:
    def __init__(self, world: World) -> None:
        self.world = world
        if world.slack is None or world.bot is None:
            raise ValueError("the subject needs a Slack and a bot")
        self.slack: SlackSimulator = world.slack
        self.bot = world.bot

    def request(self, project: str) -> dict[str, Any]:
        """Ask through the form; the card of the request."""
        self.slack.command("requester", "general", f"/workspace create {project}")
        view = until(lambda: self.slack.view("requester"))
        self.slack.submit("requester", view["id"], {"why": "to be measured"})
        return until(lambda: self._card(project))

    def approve(self, card: dict[str, Any]) -> None:
        self.slack.click("admin", action_id="ws.req.approve", ts=card["ts"], channel=REQUESTS)

    def ready(self, project: str) -> bool:
        card = self._card(project)
        return card is not None and "is ready" in card["text"]

    def stage_times(self, run_id: str) -> tuple[dict[str, datetime], dict[str, datetime]]:
        """When each stage was begun, and when it was done, as the run's journal tells."""
        database = Database(f"sqlite:///{self.world.options.state / 'bot.db'}")
        with database.unit() as unit:
            entries = unit.journal.since(RunId(run_id), 0)
        database.close()
        begun = {entry.stage: entry.at for entry in entries if entry.kind is EntryKind.INTENDED}
        done = {
            entry.stage: entry.at
            for entry in entries
            if entry.kind is EntryKind.STAGE_DONE and entry.stage in begun
        }
        return begun, done

    def memory(self) -> float:
        """Resident, in MB."""
        status = Path(f"/proc/{self.bot.pid}/status").read_text(encoding="utf-8")
        (line,) = [line for line in status.splitlines() if line.startswith("VmRSS")]
        return int(line.split()[1]) / 1024

    def processor(self) -> float:
        """Seconds of it that the bot has used, its own and the kernel's for it."""
        fields = Path(f"/proc/{self.bot.pid}/stat").read_text(encoding="utf-8").rpartition(")")[2].split()
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")

    def _card(self, project: str) -> dict[str, Any] | None:
        cards = [
            message
            for message in self.slack.channel(REQUESTS, "admin")["messages"]
            if project in message["text"] and not message.get("thread_ts")
        ]
        return cards[0] if cards else None


@contextmanager
def a_subject(
    transport: Transport = Transport.SOCKET, *, boot: timedelta = timedelta(milliseconds=200)
) -> Iterator[Subject]:
    """`boot`: how long a node group takes to come."""
    with tempfile.TemporaryDirectory(prefix="bench") as folder:
        world = World(Options(state=Path(folder), transport=transport, rates=Rates.OFF, boot=boot))
        world.start()
        try:
            yield Subject(world)
        finally:
            world.stop()


def until(look: Callable[[], Found | None], within: float = WITHIN) -> Found:
    """Looks again and again, for so many seconds at the most. Raises `TimeoutError`."""
    deadline = time.monotonic() + within
    while time.monotonic() < deadline:
        found = look()
        if found:
            return found
        time.sleep(_LOOK_EVERY)
    raise TimeoutError("what was to be measured did not happen")

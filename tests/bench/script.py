"""The runbook as a script: `python -m tests.bench.script PROJECT`, in the environment of a bot.

The bot's own stages and clients one after the other, without Slack, approval, journal or turns: each is
looked at, done, and looked at again until nothing is left, at once when a watch tells, else each twentieth of
a second. It tells when the node group was begun, the seconds of each step, and of all.
"""

from __future__ import annotations

import time
from datetime import UTC, datetime
from threading import Event
from typing import Any

import typer

from bot.config.settings import load
from bot.vendors import Vendors
from provisioner.engine.inspection import in_order, inspect
from provisioner.engine.stage import Goal, Stage
from provisioner.workspace import Workspace
from tests.builders import a_spec
from tests.fakes.iam import FakeWrites
from tests.laws.stage_laws import Context

BEGUN, READY = "begun", "ready"
_LOOK_EVERY = 0.05  # seconds


class _Script(Context):
    def __init__(self) -> None:
        super().__init__(clock=_now, since=_now())
        self.news = Event()

    def wake(self) -> None:  # type: ignore[override]  # here somebody waits
        self.news.set()


def main(project: str) -> None:
    settings = load()
    vendors = Vendors(settings)
    ws = Workspace(a_spec(project), settings.where())
    steps = in_order(vendors.stages(FakeWrites()), Goal.PRESENT)
    started = time.monotonic()
    for step in steps:
        _carry_out(step.stage, ws)
    typer.echo(f"{READY} {time.monotonic() - started}")
    vendors.stop()


def _carry_out(stage: Stage[Any], ws: Workspace) -> None:
    started = time.monotonic()
    if stage.long:
        typer.echo(f"{BEGUN} {time.time()}")
    context = _Script()
    while (found := inspect(stage, ws, Goal.PRESENT)).changes:
        if (wait := stage.ensure(ws, found.seen, context)) is not None:
            context.news.wait(wait.seconds if stage.long else _LOOK_EVERY)
            context.news.clear()
    typer.echo(f"{stage.name} {time.monotonic() - started}")


def _now() -> datetime:
    return datetime.now(UTC)


if __name__ == "__main__":
    typer.run(main)

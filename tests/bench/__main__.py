"""`python -m tests.bench [--json] [--only PART]`."""

from __future__ import annotations

import json
import time
import timeit
from collections.abc import Callable, Iterable, Iterator, Mapping
from enum import StrEnum
from functools import partial
from typing import Annotated

import typer
from rich.console import Console

from provisioner.redaction import Redactor
from tests.bench.acknowledgement import acknowledgement
from tests.bench.critical import critical_path
from tests.bench.figures import Figure, figure, table
from tests.bench.history import history
from tests.bench.replicas import replicas
from tests.bench.start import memory_and_start
from tests.bench.subject import Subject, a_subject, until
from tests.bench.together import together

RUNS = 5
KILLS = 3
REDACTED = (100_000, 200_000)  # characters


def redaction() -> Iterator[Figure]:
    """Texts that a pattern could be made to read again and again, each by the time of one half as long."""
    redact = Redactor().redact
    ratios = []
    for part in ("a-", "token=", "eyJ-", "://a:", "authorization: "):
        seconds = [min(timeit.repeat(partial(redact, part * (n // len(part))), number=1)) for n in REDACTED]
        ratios.append(seconds[1] / seconds[0])
    yield figure("redaction, 200 kB over 100 kB", ratios, "x", "at most 2.5")


def approval(subject: Subject) -> Iterator[Figure]:
    """From the click to the first change at a vendor, and to ready."""
    acted, done = [], []
    for number in range(RUNS):
        project = f"bench{number}"
        card = subject.request(project)
        before = len(subject.world.writes(0))
        clicked = time.monotonic()
        subject.approve(card)
        until(lambda before=before: subject.world.writes(before, wait=1.0))  # type: ignore[misc]  # bound on purpose
        acted.append(time.monotonic() - clicked)
        until(lambda project=project: subject.ready(project))  # type: ignore[misc]  # bound on purpose
        done.append(time.monotonic() - clicked)
    yield figure("approve click to first change", acted, "s")
    yield figure("approve click to ready, ten stages", done, "s", "node group in 0.2 s, dex restart included")


def kills(subject: Subject) -> Iterator[Figure]:
    """kill -9 in the middle of a run; from the start of the next process."""
    ready, going_on = [], []
    for number in range(KILLS):
        project = f"killed{number}"
        card = subject.request(project)
        before = len(subject.world.writes(0))
        subject.approve(card)
        until(lambda before=before: subject.world.writes(before, wait=1.0))  # type: ignore[misc]  # bound on purpose
        subject.bot.kill()
        before = len(subject.world.writes(0))
        started = time.monotonic()
        subject.world.start_bot()
        ready.append(time.monotonic() - started)
        until(lambda before=before: subject.world.writes(before, wait=1.0))  # type: ignore[misc]  # bound on purpose
        going_on.append(time.monotonic() - started)
        until(lambda project=project: subject.ready(project))  # type: ignore[misc]  # bound on purpose
    yield figure("start to ready", ready, "s", "after kill -9")
    yield figure("start to the next change of a killed run", going_on, "s")


def runs() -> Iterator[Figure]:
    with a_subject() as subject:
        yield from approval(subject)
        yield from kills(subject)
        yield figure("memory after the runs", [subject.memory()], "MB")


class Part(StrEnum):
    REDACTION = "redaction"
    START = "start"
    ACKNOWLEDGEMENT = "acknowledgement"
    HISTORY = "history"
    RUNS = "runs"
    TOGETHER = "together"
    CRITICAL = "critical"
    REPLICAS = "replicas"


MEASURED: Mapping[Part, Callable[[], Iterable[Figure]]] = {
    Part.REDACTION: redaction,
    Part.START: memory_and_start,
    Part.ACKNOWLEDGEMENT: acknowledgement,
    Part.HISTORY: history,
    Part.RUNS: runs,
    Part.TOGETHER: together,
    Part.CRITICAL: critical_path,
    Part.REPLICAS: replicas,
}


def main(
    *,
    as_json: Annotated[bool, typer.Option("--json", help="One JSON document instead of a table.")] = False,
    only: Annotated[
        list[Part],
        typer.Option(
            metavar="PART",
            help=f"One of {', '.join(Part)}; repeat it for several.",
            default_factory=lambda: list(Part),
            show_default="all",
        ),
    ],
) -> None:
    """Measure the unchanged bot against the sandbox's simulators: all parts, or only those named."""
    figures: list[Figure] = []
    console = Console(stderr=as_json)
    for part in only:
        console.print(f"measuring {part.value} …", style="bright_black")
        figures += MEASURED[part]()
    if as_json:
        typer.echo(json.dumps([one.to_json() for one in figures], indent=2))
    else:
        console.print(table(figures))


if __name__ == "__main__":
    typer.run(main)

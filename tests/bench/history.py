"""What years of use cost: the acknowledgement of a command, and what people are shown."""

from __future__ import annotations

import tempfile
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path

from bot.storage.database import Database
from provisioner.engine.run import RunStatus
from sandbox.world import Transport
from tests.bench.figures import Figure, figure
from tests.bench.subject import Subject, a_subject
from tests.fakes.history import Work, live, store
from tests.fakes.office import Office
from tests.fakes.statements import statements
from tests.laws.reading_laws import SHOWN, Shown, asked, names

WORKSPACES = (10, 1_000, 10_000)
AT_ONCE = 200
LOOKS = 5
OPEN = (0, 1_000)  # requests that wait for a decision
FAILED = 30


def history() -> Iterator[Figure]:
    for transport in Transport:
        yield from _acknowledgement(transport)
    yield from _reads()
    yield from _rest()


def acknowledged(subject: Subject, what: str) -> Figure:
    """200 commands in the same moment, as the simulated Slack times them."""
    with ThreadPoolExecutor(AT_ONCE) as pool:
        seen = list(
            pool.map(
                lambda _: subject.slack.command("requester", "general", "/workspace list"), range(AT_ONCE)
            )
        )
    in_time = sum(one["acknowledged"] for one in seen)
    seconds = [one["seconds"] for one in seen]
    return figure(what, [1000 * one for one in seconds], "ms", f"{in_time} of {AT_ONCE} within 3 s")


def _acknowledgement(transport: Transport) -> Iterator[Figure]:
    figures = []
    for number in WORKSPACES:
        with a_subject(transport) as subject:
            subject.bot.kill()
            database = Database(f"sqlite:///{subject.world.options.state / 'bot.db'}")
            store(database, live(names(number)))
            database.close()
            subject.world.start_bot()
            what = f"acknowledgement, {AT_ONCE} at once, {transport.value}, {number:,} workspaces"
            figures.append(acknowledged(subject, what))
    yield from figures
    ratio = figures[-1].p99 / figures[0].p99
    yield figure(
        f"{WORKSPACES[-1]:,} over {WORKSPACES[0]}, p99, {transport.value}", [ratio], "x", "at most 1.2"
    )


def _reads() -> Iterator[Figure]:
    for number in WORKSPACES:
        with _an_office(live(names(number))) as office:
            for what, show in SHOWN.items():
                queries = len(asked(office, show))
                taken = [1000 * _timed(show, office) for _ in range(LOOKS)]
                yield figure(f"{what}, {number:,} workspaces", taken, "ms", f"{queries} queries, at most 5")


def _rest() -> Iterator[Figure]:
    """One round of telling, which comes once a second."""
    for number in OPEN:
        failed = [Work(name, RunStatus.FAILED) for name in names(FAILED, "failed")]
        with _an_office([*(Work(name) for name in names(number)), *failed]) as office:
            office.settle()
            with statements() as sent:
                office.message_sync.sync_once()
            yield figure(
                f"queries of a round at rest, {number:,} open, {FAILED} failed", [len(sent)], "", "at most 2"
            )


@contextmanager
def _an_office(works: list[Work]) -> Iterator[Office]:
    with tempfile.TemporaryDirectory(prefix="bench") as folder:
        office = Office(Path(folder))
        try:
            store(office.database, works)
            yield office
        finally:
            office.close()


def _timed(show: Shown, office: Office) -> float:
    began = time.monotonic()
    show(office)
    return time.monotonic() - began

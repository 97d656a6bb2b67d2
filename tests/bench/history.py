"""What years of use cost: what people are shown, and a round of telling."""

from __future__ import annotations

import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from provisioner.engine.run import RunStatus
from tests.bench.figures import Figure, figure
from tests.fakes.history import Work, live, store
from tests.fakes.office import Office
from tests.fakes.statements import statements
from tests.laws.reading_laws import SHOWN, Shown, asked, names

WORKSPACES = (10, 1_000, 10_000)
LOOKS = 5
OPEN = (0, 1_000)  # requests that wait for a decision
FAILED = 30


def history() -> Iterator[Figure]:
    yield from _reads()
    yield from _rest()


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

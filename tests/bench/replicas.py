"""Runs that wait, and the replicas that carry them out, by real processes whose turns only write a line."""

from __future__ import annotations

import random
import tempfile
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from itertools import pairwise
from pathlib import Path

from tests.bench.figures import Figure, figure
from tests.conftest import Postgres, a_postgres
from tests.fakes.replica import Shared, until

KILLS = 30
HELD = 20
WAIT = 100
PAUSE = 2.0
SHARED_RUNS = 40
MANY_TURNS = ("--turns", "16", "--pause", "0.5")
FEW_TURNS = ("--turns", "4", "--answers", "0.5")


def replicas() -> Iterator[Figure]:
    with a_database("sqlite") as shared:
        yield lateness(shared, "SQLite")
    with a_postgres() as server:
        if server is None:
            return
        with a_database("postgres", server) as shared:
            yield lateness(shared, "PostgreSQL")
        with a_database("postgres", server) as shared:
            yield from sharing(shared)
        with a_database("postgres", server) as shared:
            yield from take_over(shared)


@contextmanager
def a_database(kind: str, server: Postgres | None = None) -> Iterator[Shared]:
    with tempfile.TemporaryDirectory(prefix=f"bench-{kind}") as name:
        folder = Path(name)
        urls = (f"sqlite:///{folder / 'bot.db'}", f"sqlite:///{folder / 'engine.db'}")
        if server is not None:
            urls = (server.new_database().render_as_string(hide_password=False),) * 2
        shared = Shared(*urls, folder / "turns")
        yield shared
        shared.database.close()


def lateness(shared: Shared, name: str) -> Figure:
    """A hundred wait; how long after its pause each had its next turn."""
    shared.queues(WAIT)
    with shared.replica("--pause", str(PAUSE), "--turns", "16") as replica:
        replica.say("dispatch")
        until(lambda: len(shared.turns()) > 6 * WAIT, within=120)
        at: dict[str, list[float]] = {}
        for turn in shared.turns():
            at.setdefault(turn.run, []).append(turn.at)
    late = [1000 * (later - turn - PAUSE) for run in at.values() for turn, later in pairwise(run)]
    what = f"lateness of a turn, {WAIT} waiting, {name}"
    return figure(what, late, "ms", f"largest {max(late):.0f} ms; the turn before it included")


def sharing(shared: Shared) -> Iterator[Figure]:
    """Turns a second while each looks for half a second, four at once in a process."""
    shared.queues(SHARED_RUNS)
    with ExitStack() as exits:
        first = exits.enter_context(shared.replica(*FEW_TURNS))
        first.say("dispatch")
        alone = _rate(shared)
        exits.enter_context(shared.replica(*FEW_TURNS))
        both = _rate(shared)
    yield figure("turns a second, answers of 500 ms, one replica", [alone], "1/s", "four places")
    yield figure("the same, two replicas", [both], "1/s", f"{both / alone:.2f} times")


def _rate(shared: Shared, settle: float = 4.0, seconds: float = 10.0) -> float:
    time.sleep(settle)
    begun = time.monotonic()
    time.sleep(seconds)
    return sum(turn.at >= begun for turn in shared.turns()) / seconds


def take_over(shared: Shared) -> Iterator[Figure]:
    """kill -9 of one of two; until the other has taken a turn of what it held, and of all of that."""
    runs = set(shared.queues(HELD))
    first, last = [], []
    with ExitStack() as exits:
        victim, other = (exits.enter_context(shared.replica(*MANY_TURNS)) for _ in range(2))
        victim.say("dispatch")
        until(lambda: set(shared.last()) == runs)
        for _ in range(KILLS):
            time.sleep(random.uniform(1.0, 2.0))  # noqa: S311 - at a moment of no meaning
            held = {run for run, pid in shared.last().items() if pid == victim.pid}
            victim.kill()
            again = _again(shared, held, killed=time.monotonic())
            if again:
                first.append(min(again))
                last.append(max(again))
            victim, other = other, exits.enter_context(shared.replica(*MANY_TURNS))
    note = f"{len(first)} kills, {HELD} runs"
    yield figure("take-over, kill -9 to the first turn", first, "s", f"{note}; largest {max(first):.2f} s")
    yield figure("take-over, to a turn of each run it held", last, "s", f"{note}; largest {max(last):.2f} s")


def _again(shared: Shared, held: set[str], *, killed: float) -> list[float]:
    """Seconds until the next turn of each."""
    after: dict[str, float] = {}

    def all_seen() -> bool:
        for turn in shared.turns():
            if turn.at > killed and turn.run in held:
                after.setdefault(turn.run, turn.at - killed)
        return held <= after.keys()

    until(all_seen)
    return list(after.values())

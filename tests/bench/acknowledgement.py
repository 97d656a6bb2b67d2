"""How soon commands are acknowledged that two hundred people type in the same moment."""

from __future__ import annotations

import gc
import shutil
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from pathlib import Path

from bot.storage.database import Database
from sandbox.world import Transport
from tests.bench.figures import Figure, figure
from tests.bench.history import WORKSPACES
from tests.bench.subject import Subject, a_subject, until
from tests.fakes.history import live, store
from tests.laws.reading_laws import names

AT_ONCE = 200
ROUNDS = 3
PROMISED = {Transport.SOCKET: "p99 under 200", Transport.HTTP: "p99 under 400"}


def acknowledgement() -> Iterator[Figure]:
    with tempfile.TemporaryDirectory(prefix="bench") as folder:
        aged = {number: _aged(Path(folder), number) for number in WORKSPACES}
        for transport in Transport:
            yield from _by(transport, aged)


def _by(transport: Transport, aged: Mapping[int, Path]) -> Iterator[Figure]:
    """A bot for each length of history, side by side and asked in turn: all meet the same load."""
    seconds: dict[int, list[float]] = {number: [] for number in WORKSPACES}
    worked: dict[int, list[float]] = {number: [] for number in WORKSPACES}
    with ExitStack() as exits:
        subjects = {number: exits.enter_context(a_subject(transport)) for number in WORKSPACES}
        for number, subject in subjects.items():
            _age(subject, aged[number])
        for _ in range(ROUNDS):
            for number, subject in subjects.items():
                before = subject.processor()
                seconds[number] += _typed(subject)
                worked[number].append(1000 * (subject.processor() - before) / AT_ONCE)
                until(lambda subject=subject: _answered(subject))  # type: ignore[misc]  # bound on purpose
                subject.slack.reload("requester")
    figures = {}
    for number in WORKSPACES:
        what = f"acknowledgement, {AT_ONCE} at once, {transport.value}, {number:,} workspaces"
        in_time = sum(one < 3 for one in seconds[number])
        note = f"{PROMISED[transport]}; {in_time} of {len(seconds[number])} within 3 s"
        figures[number] = figure(what, [1000 * one for one in seconds[number]], "ms", note)
        yield figures[number]
        yield figure("processor time of the bot for each", worked[number], "ms", "until the last of them")
    ratio = figures[WORKSPACES[-1]].p99 / figures[WORKSPACES[0]].p99
    what = f"{WORKSPACES[-1]:,} over {WORKSPACES[0]}, p99, {transport.value}"
    yield figure(what, [ratio], "x", "at most 1.2")


def _aged(folder: Path, number: int) -> Path:
    """A database with a history of so many workspaces; ten thousand take a minute to store."""
    file = folder / f"{number}.db"
    database = Database(f"sqlite:///{file}")
    database.migrate()
    store(database, live(names(number)))
    database.close()
    return file


def _age(subject: Subject, aged: Path) -> None:
    """Give it that history."""
    subject.bot.kill()
    for own in subject.world.options.state.glob("bot.db*"):
        own.unlink()
    shutil.copy(aged, subject.world.options.state / "bot.db")
    subject.world.start_bot()


def _typed(subject: Subject) -> list[float]:
    """Seconds to each acknowledgement, as the simulated Slack times them."""
    with _without_pauses():
        seen = subject.slack.commands("requester", "general", "/workspace list", AT_ONCE)
    return [one["seconds"] for one in seen]


@contextmanager
def _without_pauses() -> Iterator[None]:
    """The simulated Slack is in this process: while it collects garbage it neither sends nor hears."""
    gc.collect()
    gc.disable()
    try:
        yield
    finally:
        gc.enable()


def _answered(subject: Subject) -> bool:
    private = [one for one in subject.slack.channel("general", "requester")["messages"] if one["ephemeral"]]
    return len(private) >= AT_ONCE

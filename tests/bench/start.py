"""What a bot needs to start, and what it holds of memory when it has."""

from __future__ import annotations

import os
import time
from collections.abc import Iterator

from tests.bench.figures import Figure, figure
from tests.bench.subject import a_subject, until

STARTS = 3


def memory_and_start() -> Iterator[Figure]:
    """Each time in a world of its own: a fresh database, the first create, a kill, and a start beside it."""
    fresh, after, ready, worked = [], [], [], []
    for _ in range(STARTS):
        with a_subject() as subject:
            fresh.append(subject.memory())
            card = subject.request("first")
            subject.approve(card)
            until(lambda subject=subject: subject.ready("first"))  # type: ignore[misc]  # bound on purpose
            after.append(subject.memory())
            subject.bot.kill()
            begun = time.monotonic()
            subject.world.start_bot()
            ready.append(time.monotonic() - begun)
            worked.append(subject.processor())
    yield figure("memory of a fresh bot", fresh, "MB", "under 150")
    yield figure("memory after the first create", after, "MB", "under 190")
    load = f"under 2; {os.getloadavg()[0]:.1f} others want one of {os.cpu_count()} processors"
    yield figure("start to ready", ready, "s", load)
    yield figure("processor time of that start", worked, "s")

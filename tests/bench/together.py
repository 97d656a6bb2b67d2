"""Creates approved in the same moment, each with a node group that takes a minute."""

from __future__ import annotations

import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

from tests.bench.figures import Figure, figure
from tests.bench.subject import a_subject, until

BOOT = timedelta(seconds=60)
TOGETHER = (1, 10, 20, 50)
WITHIN = 600.0  # seconds, for all of them


def together() -> Iterator[Figure]:
    seconds = {number: _until_ready(number) for number in TOGETHER}
    for number, taken in seconds.items():
        note = f"node groups in {BOOT.total_seconds():.0f} s"
        yield figure(f"{number} creates at once, click to ready", taken, "s", note)
    for number in TOGETHER[1:]:
        ratio = max(seconds[number]) / max(seconds[1])
        yield figure(f"the last of {number} over one alone", [ratio], "x", "at most 1.5 for 20")


def _until_ready(number: int) -> list[float]:
    """How long each took from its click."""
    with a_subject(boot=BOOT) as subject:
        projects = [f"together{n:02}" for n in range(number)]
        cards = [subject.request(project) for project in projects]
        began = time.monotonic()
        with ThreadPoolExecutor(number) as pool:
            list(pool.map(subject.approve, cards))
        taken: dict[str, float] = {}

        def all_ready() -> bool:
            for project in projects:
                if project not in taken and subject.ready(project):
                    taken[project] = time.monotonic() - began
            return len(taken) == number

        until(all_ready, WITHIN)
    return list(taken.values())

"""What `/ready` looks at: each says in words what is wrong, or nothing."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Mapping
from pathlib import Path

from bot.runtime.health import Check

_LEAST = 50 * 1024 * 1024  # bytes: a day of journals, and time to notice
_LATE = 60.0  # seconds past its time, after which a job is missed


def disk(folder: Path, least: int = _LEAST) -> Check:
    """`least`: bytes that have to be free. The folder need not be there yet."""

    def check() -> str | None:
        there = next(path for path in (folder.absolute(), *folder.absolute().parents) if path.exists())
        free = shutil.disk_usage(there).free
        return None if free >= least else f"only {free // 1024**2} MB are left on the disk of {folder}"

    return check


def jobs(ages: Callable[[], Mapping[str, float]], every: Mapping[str, float]) -> Check:
    """`ages`: seconds since each last succeeded, none where they do not run; `every`: its interval."""

    def check() -> str | None:
        late = {name: age for name, age in ages().items() if age > every[name] + _LATE}
        told = [f"{name} has not succeeded for {age:.0f} s" for name, age in sorted(late.items())]
        return "; ".join(told) or None

    return check


def says(why: str, true: Callable[[], bool]) -> Check:
    """`why`, where it is not true."""
    return lambda: None if true() else why

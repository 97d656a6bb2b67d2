"""What the entries of `provisioner/failures` were learned from."""

from __future__ import annotations

import tomllib
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import Any

from provisioner.diagnosis import FILES, Known


@dataclass(frozen=True, slots=True)
class Seen:
    """A failure as it once came, and where that is on record."""

    service: str
    code: str
    operation: str
    text: str
    source: str


def seen(entry: Known) -> tuple[Seen, ...]:
    """What is left out is as `provisioner/diagnosis.py` says."""
    return tuple(
        Seen(
            service=one.get("service", next(iter(entry.services), "")),
            code=one.get("code", ""),
            operation=one.get("operation", next(iter(entry.operations), "")),
            text=one["text"],
            source=one["source"],
        )
        for one in _entries()[entry.id]["seen"]
    )


@cache
def _entries() -> dict[str, dict[str, Any]]:
    folder = files("provisioner").joinpath("failures")
    texts = (folder.joinpath(f"{name}.toml").read_text(encoding="utf-8") for name in FILES)
    return {entry["id"]: entry for text in texts for entry in tomllib.loads(text)["failure"]}

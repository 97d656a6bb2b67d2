"""One measured figure, and how many make a table."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass

from rich.table import Table


@dataclass(frozen=True, slots=True, kw_only=True)
class Figure:
    what: str
    p50: float
    p99: float
    unit: str
    samples: int
    note: str = ""

    def to_json(self) -> dict[str, object]:
        return asdict(self)


def figure(what: str, samples: Sequence[float], unit: str, note: str = "") -> Figure:
    """Of at least one sample; p99 of few is their largest."""
    ordered = sorted(samples)
    return Figure(
        what=what,
        p50=ordered[len(ordered) // 2],
        p99=ordered[min(len(ordered) - 1, int(len(ordered) * 0.99))],
        unit=unit,
        samples=len(ordered),
        note=note,
    )


def table(figures: Sequence[Figure]) -> Table:
    drawn = Table(title="workspace-bot, measured in one run")
    for heading in ("what", "p50", "p99", "unit", "samples", "note"):
        drawn.add_column(heading, justify="right" if heading in {"p50", "p99", "samples"} else "left")
    for one in figures:
        drawn.add_row(one.what, f"{one.p50:.3g}", f"{one.p99:.3g}", one.unit, str(one.samples), one.note)
    return drawn

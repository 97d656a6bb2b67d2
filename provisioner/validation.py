"""What pydantic finds wrong with what somebody wrote or a system answered: where, and in which words."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from pydantic import ValidationError

_USUAL = {"extra_forbidden": "there is no such key", "missing": "is missing"}


class Invalid(Exception):
    """All that is wrong with it, a line each."""

    def __init__(self, lines: list[str]) -> None:
        super().__init__("\n".join(lines))
        self.lines = tuple(lines)


@dataclass(frozen=True, slots=True)
class Fault:
    path: tuple[str, ...]
    kind: str  # pydantic's type of error
    words: str

    @property
    def place(self) -> str:
        return ".".join(f'"{part}"' if "." in part else part for part in self.path)

    def __str__(self) -> str:
        return f"{self.place}: {self.words}"


def faults(error: ValidationError, said: Mapping[str, str] | None = None) -> list[Fault]:
    """`said`: words for pydantic's types of error, where its own would not do. Never what was given.

    A list whose items are wrong counts as too short as well; that is told only where it stands alone.
    """
    words = _USUAL | dict(said or {})
    details = error.errors(include_input=False, include_url=False)
    found = [
        Fault(
            tuple(str(part) for part in detail["loc"]),
            detail["type"],
            words.get(detail["type"], detail["msg"].removeprefix("Input ")),
        )
        for detail in details
    ]
    return [one for one in found if one.kind != "too_short" or not _inside(one, found)]


def _inside(outer: Fault, found: list[Fault]) -> bool:
    depth = len(outer.path)
    return any(len(one.path) > depth and one.path[:depth] == outer.path for one in found)

"""Command line flags as pflag reads them, refused in its words."""

import re
from collections.abc import Container, Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from enum import StrEnum
from typing import Any

from sandbox.eksctl.failure import Failure, not_simulated


class Kind(StrEnum):
    TEXT = "text"
    SWITCH = "switch"
    NUMBER = "number"
    DURATION = "duration"


@dataclass(frozen=True, slots=True, kw_only=True)
class Flag:
    name: str
    kind: Kind = Kind.TEXT
    short: str = ""
    default: Any = ""

    @property
    def shown(self) -> str:
        return f"-{self.short}, --{self.name}" if self.short else f"--{self.name}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Parsed:
    """`given` are the names that stood on the command line; `words` what is no flag."""

    values: Mapping[str, Any]
    given: frozenset[str]
    words: tuple[str, ...]


EVERYWHERE = (
    Flag(name="help", kind=Kind.SWITCH, short="h", default=False),
    Flag(name="verbose", kind=Kind.NUMBER, short="v", default=3),
    Flag(name="color", short="C", default="true"),
)

_UNITS = {"ns": 1e-9, "us": 1e-6, "µs": 1e-6, "ms": 1e-3, "s": 1.0, "m": 60.0, "h": 3600.0}
_PART = re.compile(r"(\d+(?:\.\d*)?|\.\d+)(ns|us|µs|ms|s|m|h)")


def parse(flags: Sequence[Flag], absent: Container[str], arguments: Sequence[str]) -> Parsed:
    """`absent` are flags of the real program that the stand-in does not have."""
    known = {flag.name: flag for flag in (*EVERYWHERE, *flags)}
    shorts = {flag.short: flag for flag in known.values() if flag.short}
    values = {name: flag.default for name, flag in known.items()}
    given: set[str] = set()
    words: list[str] = []
    rest = list(arguments)
    while rest:
        word = rest.pop(0)
        if word == "--":
            words += rest
            break
        if word.startswith("--"):
            name, equals, text = word[2:].partition("=")
            if name in absent:
                raise not_simulated(f"the flag --{name}")
            if name not in known:
                raise Failure(f"unknown flag: --{name}")
            flag, missing = known[name], f"flag needs an argument: --{name}"
        elif word.startswith("-") and len(word) > 1:
            if word[1] not in shorts:
                raise Failure(f"unknown shorthand flag: {word[1]!r} in {word}")
            flag, missing = shorts[word[1]], f"flag needs an argument: {word[1]!r} in {word}"
            text = word[2:].removeprefix("=")
            equals = text
        else:
            words.append(word)
            continue
        if not equals:
            if flag.kind is Kind.SWITCH:
                text = "true"
            elif rest:
                text = rest.pop(0)
            else:
                raise Failure(missing)
        values[flag.name] = _value(flag, text)
        given.add(flag.name)
    return Parsed(values=values, given=frozenset(given), words=tuple(words))


def _value(flag: Flag, text: str) -> Any:
    match flag.kind:
        case Kind.TEXT:
            return text
        case Kind.SWITCH:
            if text in ("1", "t", "T", "true", "TRUE", "True"):
                return True
            if text in ("0", "f", "F", "false", "FALSE", "False"):
                return False
            why = f'strconv.ParseBool: parsing "{text}": invalid syntax'
        case Kind.NUMBER:
            if re.fullmatch(r"[+-]?\d+", text):
                return int(text)
            why = f'strconv.ParseInt: parsing "{text}": invalid syntax'
        case Kind.DURATION:
            if (found := duration(text)) is not None:
                return found
            why = f'time: invalid duration "{text}"'
    raise Failure(f'invalid argument "{text}" for "{flag.shown}" flag: {why}')


def duration(text: str) -> timedelta | None:
    """As Go writes it: "25m", "1h30m", "500ms"; None for anything else."""
    if text == "0":
        return timedelta()
    parts = _PART.findall(text)
    if not parts or "".join(number + unit for number, unit in parts) != text:
        return None
    return timedelta(seconds=sum(float(number) * _UNITS[unit] for number, unit in parts))

"""What is to be said, before it is a sentence in somebody's language; and how it is kept, with other values.

The domain never writes prose. It says `Message("nodegroup {name} is {status}", name=..., status=...)`: the
English template is the key of the catalogue, and the surface that shows it renders it in the reader's
language. `str()` is English, for logs.

What is kept (in rows, in the journal, in what a person has submitted) is JSON: a `Message`, or a `Record`.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import StrEnum
from functools import cache, reduce
from importlib.resources import files
from string import Formatter
from typing import Any, ClassVar, Protocol, Self, TypeAlias

from pydantic import ConfigDict, TypeAdapter
from pydantic_core import CoreSchema
from pydantic_core.core_schema import no_info_plain_validator_function, plain_serializer_function_ser_schema

Json: TypeAlias = "bool | int | float | str | list[Json] | dict[str, Json] | None"


class Record:
    """A dataclass that is kept as JSON, by the names of its fields or their aliases.

    What an older release stored may lack fields, which then have their defaults, and have others, which are
    left out. A span of time is kept in seconds.
    """

    __slots__ = ()
    __pydantic_config__: ClassVar[ConfigDict] = ConfigDict(ser_json_timedelta="float")

    def to_json(self) -> dict[str, Json]:
        kind: Any = type(self)
        kept: dict[str, Json] = _adapter(kind).dump_python(self, mode="json", by_alias=True)
        return kept

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> Self:
        """Raises `ValueError` for what is no such value."""
        kind: Any = cls
        found: Self = _adapter(kind).validate_python(data)
        return found


@cache
def _adapter(kind: type[Any]) -> TypeAdapter[Any]:
    return TypeAdapter(kind)


class RefKind(StrEnum):
    PERSON = "person"  # id of a person in the chat system
    GROUP = "group"  # id of a group of people in the chat system
    NAME = "name"  # a technical name or code, never translated
    LINK = "link"  # an address; `label` is what is shown


@dataclass(frozen=True, slots=True)
class Ref:
    """Something a surface draws in its own way: a mention, a code span, a link."""

    kind: RefKind
    value: str
    label: str = ""

    def __str__(self) -> str:
        return self.label or self.value


Value: TypeAlias = "str | int | float | datetime | Ref | Message"


class Renderer(Protocol):
    """How one surface and one language turn a template and its values into text."""

    def template(self, message: Message) -> str: ...  # the template in the reader's language
    def value(self, value: Value) -> str: ...


class _English:
    def template(self, message: Message) -> str:
        return message.plural if message.plural and message.values.get("n") != 1 else message.text

    def value(self, value: Value) -> str:
        if isinstance(value, datetime):
            return value.astimezone(UTC).strftime("%Y-%m-%d %H:%M UTC")
        return str(value)


_ENGLISH = _English()


@dataclass(frozen=True, slots=True)
class Message:
    """A template with named places, and their values.

    With `plural`, the value `n` chooses between the two: `Message("{n} object", plural="{n} objects", n=3)`.
    Catalogue extraction finds templates by the name `Message`, so they must be literals.
    """

    text: str
    plural: str
    values: Mapping[str, Value]

    def __init__(self, text: str, /, *, plural: str = "", **values: Value) -> None:
        object.__setattr__(self, "text", text)
        object.__setattr__(self, "plural", plural)
        object.__setattr__(self, "values", dict(values))

    def __str__(self) -> str:
        return self.render(_ENGLISH)

    def __hash__(self) -> int:
        return hash((self.text, self.plural, frozenset(self.values.items())))

    def render(self, renderer: Renderer) -> str:
        """The sentence. Values are placed once; braces in a value stay as they are."""
        shown = {
            name: value.render(renderer) if isinstance(value, Message) else renderer.value(value)
            for name, value in self.values.items()
        }
        return renderer.template(self).format_map(shown)

    def given(self, values: Mapping[str, Value]) -> Message:
        """This template with those of the values that it names; KeyError for one that is not there."""
        names = [name for _, name, _, _ in Formatter().parse(self.text) if name]
        return Message(self.text, plural=self.plural, **{name: values[name] for name in names})

    def cut(self, most: int) -> Message:
        """With its longest value cut where it would be longer than that, in characters of English."""
        excess = len(str(self)) - most
        if excess <= 0 or not self.values:
            return self
        name, longest = max(self.values.items(), key=lambda item: len(str(item[1])))
        shorter = _value_cut(longest, max(len(str(longest)) - excess, 0))
        return Message(self.text, plural=self.plural, **{**self.values, name: shorter})

    def to_json(self) -> dict[str, Json]:
        out: dict[str, Json] = {"text": self.text}
        if self.plural:
            out["plural"] = self.plural
        if self.values:
            out["values"] = {name: _value_to_json(value) for name, value in self.values.items()}
        return out

    @classmethod
    def from_json(cls, data: Mapping[str, Any] | str) -> Message:
        """Also of what an earlier release stored: a message whose template reads otherwise now, or only its
        English text. Raises `ValueError` for anything else."""
        if isinstance(data, str):
            return literal(data)
        try:
            text, plural = data["text"], data.get("plural", "")
        except (KeyError, TypeError):
            raise ValueError("this is no message") from None
        match _reworded().get(text):
            case str(now):
                text = now
            case [str(now), str(now_plural)] if plural:
                text, plural = now, now_plural
        values = {name: _value_from_json(value) for name, value in data.get("values", {}).items()}
        return cls(text, plural=plural, **values)

    @classmethod
    def __get_pydantic_core_schema__(cls, _source: object, _handler: object) -> CoreSchema:
        """For a `Record` that has messages."""
        kept = plain_serializer_function_ser_schema(cls.to_json)
        return no_info_plain_validator_function(cls.from_json, serialization=kept)


@cache
def _reworded() -> Mapping[str, Any]:
    """Templates of earlier releases that may be stored, and how they read now; with their plurals."""
    text = files(__package__).joinpath("reworded.json").read_text(encoding="utf-8")
    found: Mapping[str, Any] = json.loads(text)
    return found


def named(value: str) -> Ref:
    """A technical name or code, drawn as one and never translated."""
    return Ref(RefKind.NAME, value)


def person(user: str) -> Ref:
    return Ref(RefKind.PERSON, user)


def groups(names: Iterable[str]) -> Message:
    """`@workspace-admins or @leads`; at least one."""
    first, *others = [Ref(RefKind.GROUP, group) for group in names]
    said = Message("{group}", group=first)
    return reduce(lambda some, one: Message("{groups} or {group}", groups=some, group=one), others, said)


def literal(words: str) -> Message:
    """Words that are nobody's template: a vendor's own, or what a person typed. Shown as they are."""
    return Message("{words}", words=words)


def listed(items: Iterable[Message]) -> Message:
    """`a, b, c`; at least one."""
    return reduce(lambda some, one: Message("{some}, {one}", some=some, one=one), items)


def itemised(items: Iterable[Message]) -> Message:
    """`a; b; c`, for what may have commas of its own; at least one."""
    return reduce(lambda some, one: Message("{some}; {one}", some=some, one=one), items)


def _value_cut(value: Value, most: int) -> Value:
    match value:
        case Message():
            return value.cut(most)
        case Ref():
            return Ref(value.kind, value.value[:most], value.label[:most])
        case str():
            return value[:most]
        case _:
            return value


def _value_to_json(value: Value) -> Json:
    match value:
        case Message():
            return {"message": value.to_json()}
        case datetime():
            return {"time": value.astimezone(UTC).isoformat()}
        case Ref():
            return {"ref": [value.kind.value, value.value, value.label]}
        case _:
            return value


def _value_from_json(data: Any) -> Value:
    match data:
        case {"message": dict(message)}:
            return Message.from_json(message)
        case {"time": str(time)}:
            return datetime.fromisoformat(time)
        case {"ref": [kind, value, label]}:
            return Ref(RefKind(kind), value, label)
        case str() | int() | float():
            return data
        case _:
            raise ValueError(f"not a message value: {data!r}")

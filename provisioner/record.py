"""Values that are kept as JSON: in rows, in the journal, in what a person has submitted."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from typing import Any, ClassVar, Self

from pydantic import ConfigDict, TypeAdapter

from provisioner.message import Json


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

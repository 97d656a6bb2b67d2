"""What is asked of the database meanwhile, statement by statement."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, NamedTuple

from sqlalchemy import Engine, event


class Sent(NamedTuple):
    """As the driver gets it."""

    text: str
    values: Any


@contextmanager
def statements() -> Iterator[list[Sent]]:
    """All that any engine sends, without what begins and ends a transaction."""
    sent: list[Sent] = []

    def note(_connection: Any, _cursor: Any, statement: str, values: Any, *_rest: Any) -> None:
        if statement.split()[0] not in {"BEGIN", "SAVEPOINT", "RELEASE"}:
            sent.append(Sent(statement, values))

    event.listen(Engine, "before_cursor_execute", note)
    try:
        yield sent
    finally:
        event.remove(Engine, "before_cursor_execute", note)

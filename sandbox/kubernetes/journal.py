"""What was written through the API, and what was asked that the emulator does not know."""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

from sandbox.kubernetes.store import Clock

Hook = Callable[[int, str], None]


@dataclass(frozen=True, slots=True, kw_only=True)
class Write:
    """One writing call. `code` is what it came to (2xx: carried out), also if the answer was then lost."""

    number: int
    time: datetime
    user: str
    verb: str
    resource: str
    namespace: str
    name: str
    path: str
    code: int

    @property
    def described(self) -> str:
        where = f"{self.namespace}/" if self.namespace else ""
        return f"{self.user} {self.verb} {self.resource} {where}{self.name}".rstrip()


@dataclass(frozen=True, slots=True, kw_only=True)
class UnknownCall:
    method: str
    path: str
    user: str


class Journal:
    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._writes: list[Write] = []
        self._lock = threading.Lock()

    def add(
        self, *, user: str, verb: str, resource: str, namespace: str, name: str, path: str, code: int
    ) -> Write:
        with self._lock:
            write = Write(
                number=len(self._writes) + 1,
                time=self._clock(),
                user=user,
                verb=verb,
                resource=resource,
                namespace=namespace,
                name=name,
                path=path,
                code=code,
            )
            self._writes.append(write)
            return write

    def since(self, number: int) -> tuple[Write, ...]:
        with self._lock:
            return tuple(self._writes[number:])

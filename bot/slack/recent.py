"""A memory of the last few things, for what may be forgotten when the process ends."""

from __future__ import annotations

from collections import OrderedDict
from threading import Lock
from typing import Generic, TypeVar

Kept = TypeVar("Kept")


class Recent(Generic[Kept]):
    """The newest `most` values by key; the oldest goes first. Safe from any thread."""

    def __init__(self, most: int) -> None:
        self._most = most
        self._kept: OrderedDict[str, Kept] = OrderedDict()
        self._lock = Lock()

    def add(self, key: str, value: Kept) -> bool:
        """Keep it; False, and nothing changed, when the key is there already."""
        with self._lock:
            if key in self._kept:
                return False
            self._kept[key] = value
            if len(self._kept) > self._most:
                self._kept.popitem(last=False)
            return True

    def drop(self, key: str) -> None:
        with self._lock:
            self._kept.pop(key, None)

    def get(self, key: str) -> Kept | None:
        with self._lock:
            return self._kept.get(key)

    def put(self, key: str, value: Kept) -> None:
        """Keep it in the place of what was there."""
        with self._lock:
            self._kept[key] = value
            self._kept.move_to_end(key)
            if len(self._kept) > self._most:
                self._kept.popitem(last=False)

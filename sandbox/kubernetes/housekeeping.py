"""The controllers a cluster always has, in one thread: namespaces, garbage, deployments and their pods.

They work on the store directly; only what comes through the API stands in the journal.
"""

from __future__ import annotations

import heapq
import itertools
import queue
import threading
import time
from collections.abc import Callable
from datetime import timedelta
from typing import Protocol

from sandbox.kubernetes.store import Change, Store

Later = Callable[[timedelta, Callable[[], None]], None]
"""Do something after a while."""


class Controller(Protocol):
    def react(self, change: Change, later: Later) -> None: ...


class Housekeeping:
    def __init__(self, store: Store, controllers: tuple[Controller, ...]) -> None:
        self._store = store
        self._controllers = controllers
        self._changes: queue.SimpleQueue[Change | None] = queue.SimpleQueue()
        self._due: list[tuple[float, int, Callable[[], None]]] = []
        self._order = itertools.count()
        self._thread: threading.Thread | None = None

    def start(self) -> None:
        for change in self._store.listen(self._changes.put, since=0):
            self._changes.put(change)
        self._thread = threading.Thread(target=self._run, name="kubernetes-controllers", daemon=True)
        self._thread.start()

    def stop(self) -> None:
        if self._thread is None:
            return
        self._store.unlisten(self._changes.put)
        self._changes.put(None)
        self._thread.join()
        self._thread = None

    def _run(self) -> None:
        while True:
            try:
                change = self._changes.get(timeout=self._wait())
            except queue.Empty:
                self._do_due()
                continue
            if change is None:
                return
            with self._store.at_once():
                for controller in self._controllers:
                    controller.react(change, self._later)
            self._do_due()

    def _wait(self) -> float | None:
        return max(0.0, self._due[0][0] - time.monotonic()) if self._due else None

    def _do_due(self) -> None:
        while self._due and self._due[0][0] <= time.monotonic():
            _, _, act = heapq.heappop(self._due)
            with self._store.at_once():
                act()

    def _later(self, after: timedelta, act: Callable[[], None]) -> None:
        heapq.heappush(self._due, (time.monotonic() + after.total_seconds(), next(self._order), act))

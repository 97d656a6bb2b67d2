"""Watches: whoever waits for an object is called when it is as they want it.

One thread and one connection for each kind that somebody waits for, however many wait (in a namespace: for
each object, as the right is). Nothing depends on it: who waits looks now and then all the same, and believes
only what they see then. So a watch that is lost, late or refused costs a pause, and each process watches for
itself.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Hashable
from dataclasses import dataclass, field
from datetime import timedelta
from time import monotonic
from typing import TypeAlias

import structlog

from provisioner.clients.kube import Kind, KubeCluster, Object, dig
from provisioner.retry import backoff
from provisioner.vendor_call import Permanent, WorkError

log = structlog.get_logger()

Wanted: TypeAlias = Callable[[Object | None], bool]
"""Whether the object is as it is waited for; None: it is gone. Neither waits nor raises."""

Then: TypeAlias = Callable[[], None]

LASTS = timedelta(seconds=30)
"""One watch. A connection that died without a word is noticed then; who waits is kept for twice that."""

_REFUSED_FOR = timedelta(minutes=1)  # also by a server that starts and has not read its rights yet
_AGAIN, _AGAIN_AT_MOST = timedelta(seconds=1), timedelta(seconds=30)


@dataclass(frozen=True, slots=True)
class _What:
    kind: Kind
    namespace: str
    name: str  # empty: all of them, in the whole cluster


@dataclass(slots=True)
class _Watch:
    waiting: dict[tuple[str, Hashable], tuple[Wanted, Then, float]] = field(default_factory=dict)
    running: bool = False
    open: bool = False  # what happens now is told
    refused_until: float = 0.0


class Watches:
    """Of one cluster. Threads are begun when they are needed, end when nobody waits, and keep no process."""

    def __init__(self, cluster: KubeCluster, *, lasts: timedelta = LASTS) -> None:
        self._open = cluster.watch
        self._lasts = lasts
        self._lock = threading.Lock()
        self._known: dict[_What, _Watch] = {}

    def when(self, kind: Kind, name: str, wanted: Wanted, then: Then, *, namespace: str = "") -> bool:
        """Call `then` once, in another thread, when the object is `wanted`: to be said at each look, since it
        is kept for the time of two watches. Of an equal `then` for the same object the last counts.

        Whether it is watched now: False where the watch has yet to begin, is lost or refused.
        """
        with self._lock:
            what = _What(kind, namespace, name if namespace else "")
            watch, now = self._known.setdefault(what, _Watch()), monotonic()
            if now < watch.refused_until:
                return False
            watch.waiting[name, then] = (wanted, then, now + 2 * self._lasts.total_seconds())
            if not watch.running:
                watch.running = True
                threading.Thread(target=self._follow, args=(what, watch), name="watch", daemon=True).start()
            return watch.open

    def _follow(self, what: _What, watch: _Watch) -> None:
        version, tries = "", 0
        while self._awaited(watch):
            begun = monotonic()
            try:
                version = self._listen(what, watch, version)
            except WorkError as error:
                code = error.cause.code if error.cause else ""
                if code == "410" and version:  # it was forgotten meanwhile: begin with what there is
                    version = ""
                    continue
                if isinstance(error, Permanent):
                    self._refused(what, watch, error)
            except Exception:
                log.exception("watch broke", what=what.kind.plural)
            tries = tries + 1 if monotonic() - begun < _AGAIN.total_seconds() else 0
            if tries:
                threading.Event().wait(backoff(tries, first=_AGAIN, longest=_AGAIN_AT_MOST).total_seconds())

    def _listen(self, what: _What, watch: _Watch, version: str) -> str:
        """Until it ends; the version with which to go on."""
        with self._open(
            what.kind, namespace=what.namespace, name=what.name, version=version, lasts=self._lasts
        ) as events:
            watch.open = True
            try:
                for event, found in events:
                    version = dig(found, "metadata.resourceVersion") or version
                    if event != "BOOKMARK":
                        self._tell(watch, dig(found, "metadata.name"), None if event == "DELETED" else found)
            finally:
                watch.open = False
        return version

    def _tell(self, watch: _Watch, name: str, found: Object | None) -> None:
        with self._lock:
            heard = [key for key, (wanted, _, _) in watch.waiting.items() if key[0] == name and wanted(found)]
            called = [watch.waiting.pop(key)[1] for key in heard]
        for then in called:
            then()

    def _awaited(self, watch: _Watch) -> bool:
        """Whether anybody still waits; else this thread ends."""
        now = monotonic()
        with self._lock:
            watch.waiting = {key: one for key, one in watch.waiting.items() if one[2] > now}
            watch.running = bool(watch.waiting)
            return watch.running

    def _refused(self, what: _What, watch: _Watch, error: Permanent) -> None:
        """For a right that is missing, or an API server that knows no such kind: pauses have to do."""
        why = error.cause.raw_text if error.cause else str(error)
        log.warning("cannot watch, looks now and then instead", what=what.kind.plural, why=why)
        with self._lock:
            watch.waiting.clear()
            watch.refused_until = monotonic() + _REFUSED_FOR.total_seconds()

"""Objects with resource versions, a history of changes, finalizers. Knows nothing of HTTP or rights.

Objects are plain JSON. What the store hands out is shared with its history and must not be changed: copy
first.
"""

from __future__ import annotations

import copy
import random
import threading
import uuid
from collections import deque
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from sandbox.kubernetes.refusal import (
    Refused,
    already_exists,
    bad_request,
    conflict,
    expired,
    invalid,
    not_found,
    terminating,
)
from sandbox.kubernetes.resource import Resource, resource
from sandbox.kubernetes.shape import check, check_name, prepare

Object = dict[str, Any]
Clock = Callable[[], datetime]

HISTORY = 20_000
NAMESPACES = resource("namespaces")


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """One write that took place. `before` is None for a new object, `after` for one that is gone."""

    version: int
    resource: Resource
    namespace: str
    before: Object | None
    after: Object | None

    @property
    def last(self) -> Object:
        """The object as it is now, or as it was when it went (with the version of its going)."""
        found = self.after if self.after is not None else self.before
        if found is None:
            raise AssertionError("a change has an object")
        return found


Listener = Callable[[Change], None]


class Store:
    def __init__(self, *, seed: int, clock: Clock, history: int = HISTORY) -> None:
        """`history`: how many changes back a watch may begin."""
        self._random = random.Random(seed)
        self._clock = clock
        self._objects: dict[Resource, dict[tuple[str, str], Object]] = {}
        self._version = 1
        self._history: deque[Change] = deque(maxlen=history)
        self._compacted = 0  # the history up to this version is forgotten
        self._listeners: list[Listener] = []
        self._lock = threading.RLock()

    # -- reading

    @contextmanager
    def at_once(self) -> Iterator[None]:
        """Hold everybody else off: read, decide and write as one."""
        with self._lock:
            yield

    @property
    def version(self) -> int:
        return self._version

    def now(self) -> str:
        return self._clock().astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")

    def find(self, kind: Resource, namespace: str, name: str) -> Object | None:
        with self._lock:
            return self._objects.get(kind, {}).get((namespace, name))

    def get(self, kind: Resource, namespace: str, name: str) -> Object:
        found = self.find(kind, namespace, name)
        if found is None:
            raise not_found(kind, name)
        return found

    def every(self, kind: Resource, namespace: str = "") -> list[Object]:
        """In the order of namespace and name. An empty `namespace` is all of them."""
        with self._lock:
            kept = self._objects.get(kind, {})
            return [kept[key] for key in sorted(kept) if not namespace or key[0] == namespace]

    def everything(self) -> list[tuple[Resource, Object]]:
        with self._lock:
            return [(kind, item) for kind, kept in self._objects.items() for item in kept.values()]

    def listen(self, listener: Listener, *, since: int | None = None) -> list[Change]:
        """Call `listener` (under the lock) for each later change; returns those after `since`. Raises 410 if
        the history does not go back that far."""
        with self._lock:
            missed: list[Change] = []
            if since is not None:
                if len(self._history) == self._history.maxlen:
                    self._compacted = max(self._compacted, self._history[0].version - 1)
                if since < self._compacted:
                    raise expired(since, self._compacted + 1)
                missed = [change for change in self._history if change.version > since]
            self._listeners.append(listener)
            return missed

    def compact(self) -> None:
        """Forget what was, as etcd does every five minutes: what stands stays."""
        with self._lock:
            self._history.clear()
            self._compacted = self._version

    def unlisten(self, listener: Listener) -> None:
        with self._lock:
            self._listeners.remove(listener)

    # -- writing

    def create(self, kind: Resource, namespace: str, given: Object, *, dry_run: bool = False) -> Object:
        new = copy.deepcopy(given)
        meta = new.setdefault("metadata", {})
        if meta.get("resourceVersion"):
            raise bad_request("resourceVersion should not be set on objects to be created")
        with self._lock:
            if not meta.get("name") and meta.get("generateName"):
                meta["name"] = meta["generateName"] + self.suffix()
            name = meta.get("name") or ""
            if kind.namespaced:
                meta["namespace"] = namespace
                self._check_namespace(kind, namespace, name)
            check_name(kind, name)
            if self.find(kind, namespace, name) is not None:
                raise already_exists(kind, name)
            for key in ("deletionTimestamp", "deletionGracePeriodSeconds", "selfLink"):
                meta.pop(key, None)
            meta["uid"] = str(uuid.UUID(int=self._random.getrandbits(128), version=4))
            meta["creationTimestamp"] = self.now()
            if kind.generation:
                meta["generation"] = 1
            if kind.status:
                new.pop("status", None)
            prepare(kind, new, None)
            check(kind, new, None)
            if not dry_run:
                self._keep(kind, None, new)
            return new

    def update(
        self, kind: Resource, given: Object, old: Object, *, status: bool = False, dry_run: bool = False
    ) -> Object:
        """Put `given` in the place of `old`, which the caller read under the same lock."""
        new = copy.deepcopy(given)
        name = old["metadata"]["name"]
        meta = new.setdefault("metadata", {})
        asked = meta.get("resourceVersion") or ""
        if asked and asked != old["metadata"]["resourceVersion"]:
            raise conflict(kind, name)
        if meta.get("uid") and meta["uid"] != old["metadata"]["uid"]:
            why = f"Precondition failed: UID in precondition: {meta['uid']}, UID in object meta: "
            raise conflict(kind, name, why + old["metadata"]["uid"])
        if status:
            new = copy.deepcopy(old) | ({"status": new["status"]} if "status" in new else {})
            meta = new["metadata"]
        elif kind.status:
            new.pop("status", None)
            if "status" in old:
                new["status"] = copy.deepcopy(old["status"])
        self._carry_over(kind, old, meta)
        prepare(kind, new, old)
        if kind.generation and not status and _content(new) != _content(old):
            meta["generation"] = old["metadata"].get("generation", 1) + 1
        check(kind, new, old)
        meta["resourceVersion"] = old["metadata"]["resourceVersion"]
        if new == old or dry_run:
            return new
        with self._lock:
            if meta.get("deletionTimestamp") and not meta.get("finalizers") and not _held(new):
                return self._drop(kind, new)
            self._keep(kind, old, new)
        return new

    def delete(self, kind: Resource, old: Object, options: Object, *, dry_run: bool = False) -> Object | None:
        """Returns None when the object is gone, or the object that now waits for its finalizers."""
        meta = old["metadata"]
        self._preconditions(kind, old, options.get("preconditions") or {})
        policy = options.get("propagationPolicy") or "Background"
        if kind is NAMESPACES and meta["name"] in ("default", "kube-system", "kube-public"):
            raise _protected(meta["name"])
        finalizers = [*meta.get("finalizers", ())]
        if policy == "Foreground" and "foregroundDeletion" not in finalizers and not _held(old):
            finalizers.append("foregroundDeletion")
        with self._lock:
            if not finalizers and not _held(old):
                if not dry_run:
                    if policy == "Orphan":
                        self._orphan(meta["uid"])
                    self._drop(kind, old)
                return None
            if meta.get("deletionTimestamp"):
                return old
            new = copy.deepcopy(old)
            new["metadata"]["deletionTimestamp"] = self.now()
            if finalizers:
                new["metadata"]["finalizers"] = finalizers
                new["metadata"]["deletionGracePeriodSeconds"] = 0
            if kind is NAMESPACES:
                new["status"] = {**new.get("status", {}), "phase": "Terminating"}
            if not dry_run:
                self._keep(kind, old, new)
            return new

    def finalize_namespace(self, name: str) -> None:
        """The namespace is empty: take away what held it."""
        with self._lock:
            old = self.find(NAMESPACES, "", name)
            if old is None or not old["metadata"].get("deletionTimestamp"):
                return
            if old["metadata"].get("finalizers"):
                self._keep(NAMESPACES, old, {**copy.deepcopy(old), "spec": {}})
            else:
                self._drop(NAMESPACES, old)

    def suffix(self) -> str:
        return "".join(self._random.choices("bcdfghjklmnpqrstvwxz2456789", k=5))

    # -- inside

    def _check_namespace(self, kind: Resource, namespace: str, name: str) -> None:
        found = self.find(NAMESPACES, "", namespace)
        if found is None:
            raise not_found(NAMESPACES, namespace)
        if found["metadata"].get("deletionTimestamp"):
            raise terminating(kind, name, namespace)

    def _carry_over(self, kind: Resource, old: Object, meta: Object) -> None:
        for key in ("name", "namespace", "uid", "creationTimestamp", "generation", "deletionTimestamp"):
            meta.pop(key, None)
            if key in old["metadata"]:
                meta[key] = old["metadata"][key]
        if meta.get("deletionTimestamp"):
            added = sorted({*meta.get("finalizers", ())} - {*old["metadata"].get("finalizers", ())})
            if added:
                listed = ", ".join(f'"{each}"' for each in added)
                why = (
                    "Forbidden: no new finalizers can be added if the object is being deleted, "
                    f"found new finalizers []string{{{listed}}}"
                )
                raise invalid(kind, meta["name"], "metadata.finalizers", why, "FieldValueForbidden")

    def _preconditions(self, kind: Resource, old: Object, wanted: Object) -> None:
        meta = old["metadata"]
        if wanted.get("uid") and wanted["uid"] != meta["uid"]:
            why = (
                f"the UID in the precondition ({wanted['uid']}) does not match the UID in record "
                f"({meta['uid']}). The object might have been deleted and then recreated"
            )
            raise conflict(kind, meta["name"], why)
        if wanted.get("resourceVersion") and wanted["resourceVersion"] != meta["resourceVersion"]:
            why = (
                f"the ResourceVersion in the precondition ({wanted['resourceVersion']}) does not match the "
                f"ResourceVersion in record ({meta['resourceVersion']}). The object might have been modified"
            )
            raise conflict(kind, meta["name"], why)

    def _orphan(self, uid: str) -> None:
        for kind, item in self.everything():
            refs = item["metadata"].get("ownerReferences", [])
            if any(ref["uid"] == uid for ref in refs):
                new = copy.deepcopy(item)
                new["metadata"]["ownerReferences"] = [ref for ref in refs if ref["uid"] != uid]
                self.update(kind, new, item)

    def _keep(self, kind: Resource, old: Object | None, new: Object) -> None:
        self._version += 1
        meta = new["metadata"]
        meta["resourceVersion"] = str(self._version)
        self._objects.setdefault(kind, {})[(meta.get("namespace", ""), meta["name"])] = new
        self._tell(kind, old, new)

    def _drop(self, kind: Resource, old: Object) -> Object:
        self._version += 1
        gone = copy.deepcopy(old)
        gone["metadata"]["resourceVersion"] = str(self._version)
        del self._objects[kind][(old["metadata"].get("namespace", ""), old["metadata"]["name"])]
        self._tell(kind, gone, None)
        return gone

    def _tell(self, kind: Resource, old: Object | None, new: Object | None) -> None:
        known = new if new is not None else old
        if known is None:
            raise AssertionError("a change has an object")
        change = Change(
            version=self._version,
            resource=kind,
            namespace=known["metadata"].get("namespace", ""),
            before=old,
            after=new,
        )
        self._history.append(change)
        for listener in self._listeners:
            listener(change)


def _content(item: Object) -> Object:
    return {key: value for key, value in item.items() if key not in ("metadata", "status", "apiVersion")}


def _held(item: Object) -> bool:
    """A namespace is held by a finalizer of its own kind, in its spec."""
    return item["kind"] == "Namespace" and bool(item.get("spec", {}).get("finalizers"))


def _protected(name: str) -> Refused:
    return Refused(
        403,
        "Forbidden",
        f'namespaces "{name}" is forbidden: this namespace may not be deleted',
        details={"name": name, "kind": "namespaces"},
    )

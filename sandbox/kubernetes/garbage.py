"""What goes when something else goes: a namespace's content, an owner's dependents, a node's pods."""

from __future__ import annotations

import copy
from collections import Counter
from datetime import timedelta

from sandbox.kubernetes.housekeeping import Later
from sandbox.kubernetes.resource import resource
from sandbox.kubernetes.store import NAMESPACES, Change, Object, Store

NODES = resource("nodes")
PODS = resource("pods")


class Namespaces:
    """Empties a namespace that is being deleted, then lets it go; says what holds it up meanwhile."""

    def __init__(self, store: Store, delay: timedelta) -> None:
        """`delay`: how long a namespace stays in Terminating at least."""
        self._store = store
        self._delay = delay

    def react(self, change: Change, later: Later) -> None:
        if change.resource is NAMESPACES:
            new, old = change.after, change.before
            if new is None or not new["metadata"].get("deletionTimestamp"):
                return
            if old is None or not old["metadata"].get("deletionTimestamp"):
                name = new["metadata"]["name"]
                later(self._delay, lambda: self._empty(name))
        elif change.after is None and change.namespace:
            found = self._store.find(NAMESPACES, "", change.namespace)
            if found is not None and found["metadata"].get("deletionTimestamp"):
                later(timedelta(), lambda: self._empty(change.namespace))

    def _empty(self, name: str) -> None:
        found = self._store.find(NAMESPACES, "", name)
        if found is None or not found["metadata"].get("deletionTimestamp"):
            return
        inside = [
            (kind, item)
            for kind, item in self._store.everything()
            if item["metadata"].get("namespace") == name
        ]
        for kind, item in inside:
            if not item["metadata"].get("deletionTimestamp"):
                self._store.delete(kind, item, {})
        left = [
            (kind, item)
            for kind, item in self._store.everything()
            if item["metadata"].get("namespace") == name
        ]
        if not left:
            self._store.finalize_namespace(name)
            return
        held: Counter[str] = Counter()
        for _, item in left:
            held.update(item["metadata"].get("finalizers", ()))
        kinds = Counter(kind.qualified for kind, _ in left)
        self._say(found["metadata"]["name"], kinds, held)

    def _say(self, name: str, kinds: Counter[str], held: Counter[str]) -> None:
        found = self._store.find(NAMESPACES, "", name)
        if found is None:
            return
        remaining = ", ".join(
            f"{kind if '.' in kind else kind + '.'} has {count} resource instances"
            for kind, count in sorted(kinds.items())
        )
        finalizers = ", ".join(
            f"{each} in {count} resource instances" for each, count in sorted(held.items())
        )
        said = [
            (
                "NamespaceDeletionDiscoveryFailure",
                "False",
                "ResourcesDiscovered",
                "All resources successfully discovered",
            ),
            (
                "NamespaceDeletionGroupVersionParsingFailure",
                "False",
                "ParsedGroupVersions",
                "All legacy kube types successfully parsed",
            ),
            (
                "NamespaceDeletionContentFailure",
                "False",
                "ContentDeleted",
                "All content successfully deleted, may be waiting on finalization",
            ),
            (
                "NamespaceContentRemaining",
                "True",
                "SomeResourcesRemain",
                f"Some resources are remaining: {remaining}",
            ),
        ]
        if finalizers:
            why = f"Some content in the namespace has finalizers remaining: {finalizers}"
            said.append(("NamespaceFinalizersRemaining", "True", "SomeFinalizersRemain", why))
        known = {each["type"]: each for each in found["status"].get("conditions", [])}
        new = copy.deepcopy(found)
        new["status"]["conditions"] = [
            {
                "type": kind,
                "status": status,
                "reason": reason,
                "message": message,
                "lastTransitionTime": known.get(kind, {}).get("lastTransitionTime", self._store.now()),
            }
            for kind, status, reason, message in said
        ]
        self._store.update(NAMESPACES, new, found, status=True)


class Garbage:
    """Deletes what no owner is left for, and ends deletions in the foreground."""

    def __init__(self, store: Store) -> None:
        self._store = store

    def react(self, change: Change, later: Later) -> None:
        if change.after is None:
            uid = change.last["metadata"]["uid"]
            if self._dependents(uid):
                later(timedelta(), lambda: self._sweep(uid))
            for ref in change.last["metadata"].get("ownerReferences", []):
                self._end_foreground(ref["uid"])
            return
        meta = change.after["metadata"]
        if meta.get("ownerReferences") and not self._owned(change.after):
            later(timedelta(), lambda: self._collect_orphan(change))
        if meta.get("deletionTimestamp") and "foregroundDeletion" in meta.get("finalizers", ()):
            uid = meta["uid"]
            later(timedelta(), lambda: self._foreground(uid))

    def _dependents(self, uid: str) -> list[tuple[object, Object]]:
        return [
            (kind, item)
            for kind, item in self._store.everything()
            if any(ref["uid"] == uid for ref in item["metadata"].get("ownerReferences", []))
        ]

    def _owned(self, item: Object) -> bool:
        uids = {each["metadata"]["uid"] for _, each in self._store.everything()}
        return any(ref["uid"] in uids for ref in item["metadata"].get("ownerReferences", []))

    def _sweep(self, uid: str) -> None:
        for kind, item in self._store.everything():
            refs = item["metadata"].get("ownerReferences", [])
            if any(ref["uid"] == uid for ref in refs) and not self._owned(item):
                self._store.delete(kind, item, {})

    def _collect_orphan(self, change: Change) -> None:
        meta = change.last["metadata"]
        now = self._store.find(change.resource, change.namespace, meta["name"])
        if now is not None and now["metadata"]["uid"] == meta["uid"] and not self._owned(now):
            self._store.delete(change.resource, now, {})

    def _foreground(self, uid: str) -> None:
        for kind, item in self._store.everything():
            if any(ref["uid"] == uid for ref in item["metadata"].get("ownerReferences", [])):
                self._store.delete(kind, item, {"propagationPolicy": "Foreground"})
        self._end_foreground(uid)

    def _end_foreground(self, uid: str) -> None:
        for kind, item in self._store.everything():
            meta = item["metadata"]
            if meta["uid"] != uid or "foregroundDeletion" not in meta.get("finalizers", ()):
                continue
            blocking = [
                each
                for _, each in self._store.everything()
                for ref in each["metadata"].get("ownerReferences", [])
                if ref["uid"] == uid and ref.get("blockOwnerDeletion")
            ]
            if not blocking:
                new = copy.deepcopy(item)
                new["metadata"]["finalizers"].remove("foregroundDeletion")
                self._store.update(kind, new, item)


class Strays:
    """Deletes the pods of a node that is gone: nobody is left to end them."""

    def __init__(self, store: Store) -> None:
        self._store = store

    def react(self, change: Change, later: Later) -> None:
        del later
        if change.resource is not NODES or change.after is not None:
            return
        gone = change.last["metadata"]["name"]
        for pod in self._store.every(PODS):
            if pod["spec"].get("nodeName") == gone:
                self._store.delete(PODS, pod, {})

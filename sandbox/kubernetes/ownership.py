"""Who set which field (`metadata.managedFields`), and server-side apply, which lives by it.

A field is a path: keys of objects, and for lists with identity one step naming the entry. All other lists
are one field each.
"""

from __future__ import annotations

import copy
import json
from collections.abc import Iterator, Mapping
from typing import Any

from sandbox.kubernetes.patch import MERGE_KEYS, SETS
from sandbox.kubernetes.refusal import apply_conflict

Object = dict[str, Any]
Path = tuple[str, ...]

_UNOWNED = frozenset({
    ("apiVersion",),
    ("kind",),
    ("metadata", "creationTimestamp"),
    ("metadata", "deletionGracePeriodSeconds"),
    ("metadata", "deletionTimestamp"),
    ("metadata", "generation"),
    ("metadata", "managedFields"),
    ("metadata", "name"),
    ("metadata", "namespace"),
    ("metadata", "resourceVersion"),
    ("metadata", "selfLink"),
    ("metadata", "uid"),
})  # fmt: skip


def fields(item: Any, at: Path = ()) -> Iterator[tuple[Path, Any]]:
    """Every owned field of an object, with its value."""
    if at in _UNOWNED:
        return
    if isinstance(item, dict) and item:
        for key, value in item.items():
            yield from fields(value, (*at, key))
    elif isinstance(item, list) and (key := _identity(at, item)):
        for each in item:
            yield from _entry(each, (*at, _step(key, each)))
    elif isinstance(item, list) and at and at[-1] in SETS:
        for each in item:
            yield (*at, f"v:{json.dumps(each)}"), each
    else:
        yield at, item


def _entry(item: Any, at: Path) -> Iterator[tuple[Path, Any]]:
    for key, value in item.items():
        yield from fields(value, (*at, key))


def _identity(at: Path, items: list[Any]) -> str | None:
    key = MERGE_KEYS.get(at[-1]) if at else None
    return key if key and items and all(isinstance(each, dict) and key in each for each in items) else None


def _step(key: str, item: Mapping[str, Any]) -> str:
    return f"k:{json.dumps({key: item[key]}, separators=(',', ':'))}"


def encode(owned: set[Path]) -> Object:
    """As `fieldsV1` has it: nested objects with `f:`, `k:` and `v:` keys."""
    tree: Object = {}
    for path in sorted(owned):
        here = tree
        for step in path:
            here = here.setdefault(step if step[:2] in ("k:", "v:") else f"f:{step}", {})
    return tree


def decode(tree: Object, at: Path = ()) -> set[Path]:
    if not tree:
        return {at} if at else set()
    found: set[Path] = set()
    for key, below in tree.items():
        if key != ".":
            found |= decode(below, (*at, key[2:] if key.startswith("f:") else key))
    return found


def record(
    old: Object | None, new: Object, *, manager: str, operation: str, now: str, part: str = ""
) -> None:
    """Note in `new` that `manager` set what differs from `old`. Nothing is noted where nothing differs."""
    before = dict(fields(old)) if old else {}
    after = dict(fields(new))
    changed = {path for path, value in after.items() if path not in before or before[path] != value}
    entries = _entries(old)
    gone = before.keys() - after.keys()
    if not changed and not gone:
        if old is not None:
            _write(new, entries)
        return
    for entry in entries:
        entry["paths"] -= gone
        if entry["manager"] != manager or entry["operation"] != operation:
            entry["paths"] -= changed
    _own(entries, changed, manager=manager, operation=operation, now=now, part=part, add=True)
    _write(new, entries)


def apply(old: Object | None, wanted: Object, *, manager: str, force: bool, now: str) -> Object:
    """Server-side apply: what `manager` says is set, what it no longer says is removed unless others own it.

    Raises 409 where another manager owns a field with another value, unless `force`.
    """
    wanted = copy.deepcopy(wanted)
    wanted.get("metadata", {}).pop("managedFields", None)
    said = dict(fields(wanted))
    entries = _entries(old)
    if old is None:
        new = wanted
    else:
        current = dict(fields(old))
        others = [e for e in entries if (e["manager"], e["operation"]) != (manager, "Apply")]
        clashes = [
            (entry["manager"], "." + ".".join(path))
            for entry in others
            for path in sorted(entry["paths"] & said.keys())
            if current.get(path) != said[path]
        ]
        if clashes and not force:
            raise apply_conflict(clashes)
        differing = {path for path in said if current.get(path) != said[path]}
        for entry in others:
            entry["paths"] -= differing
        held = set().union(*(entry["paths"] for entry in others)) if others else set()
        mine = [entry for entry in entries if (entry["manager"], entry["operation"]) == (manager, "Apply")]
        dropped = (mine[0]["paths"] if mine else set()) - said.keys() - held
        new = _overlay(_without(copy.deepcopy(old), dropped), wanted)
    if old is None or dict(fields(new)) != dict(fields(old)) or not _has(entries, manager):
        _own(entries, set(said), manager=manager, operation="Apply", now=now, part="", add=False)
    _write(new, entries)
    return new


def _entries(item: Object | None) -> list[Object]:
    known = item["metadata"].get("managedFields", []) if item else []
    return [entry | {"paths": decode(entry.get("fieldsV1", {}))} for entry in known]


def _has(entries: list[Object], manager: str) -> bool:
    return any((entry["manager"], entry["operation"]) == (manager, "Apply") for entry in entries)


def _own(
    entries: list[Object], paths: set[Path], *, manager: str, operation: str, now: str, part: str, add: bool
) -> None:
    for entry in entries:
        if (entry["manager"], entry["operation"], entry.get("subresource", "")) == (manager, operation, part):
            entry["paths"] = entry["paths"] | paths if add else paths
            entry["time"] = now
            return
    fresh: Object = {"manager": manager, "operation": operation, "time": now, "paths": paths}
    entries.append(fresh | ({"subresource": part} if part else {}))


def _write(item: Object, entries: list[Object]) -> None:
    kept = [
        {
            "manager": entry["manager"],
            "operation": entry["operation"],
            "apiVersion": item["apiVersion"],
            "time": entry["time"],
            "fieldsType": "FieldsV1",
            "fieldsV1": encode(entry["paths"]),
            **({"subresource": entry["subresource"]} if "subresource" in entry else {}),
        }
        for entry in entries
        if entry["paths"]
    ]
    item["metadata"].pop("managedFields", None)
    if kept:
        item["metadata"]["managedFields"] = kept


def _overlay(old: Any, new: Any, name: str = "") -> Any:
    if isinstance(old, dict) and isinstance(new, dict):
        return old | {key: _overlay(old.get(key), value, key) for key, value in new.items()}
    if isinstance(old, list) and isinstance(new, list):
        if name in SETS:
            return [*old, *(each for each in new if each not in old)]
        key = _identity((name,), [*old, *new])
        if key:
            by_key = {each[key]: each for each in old}
            merged = by_key | {each[key]: _overlay(by_key.get(each[key]), each) for each in new}
            return list(merged.values())
    return copy.deepcopy(new)


def _without(item: Object, paths: set[Path]) -> Object:
    for path in sorted(paths, key=len, reverse=True):
        _remove(item, path)
    return item


def _remove(here: Any, path: Path) -> None:
    """Take one field out, and what is empty because of it."""
    step, rest = path[0], path[1:]
    if isinstance(here, list):
        if step.startswith("v:"):
            here[:] = [each for each in here if f"v:{json.dumps(each)}" != step]
            return
        for each in [each for each in here if any(_step(key, each) == step for key in each)]:
            if rest:
                _remove(each, rest)
            wanted = json.loads(step[2:])
            if not rest or each == wanted or not each:
                here.remove(each)
        return
    if not isinstance(here, dict) or step not in here:
        return
    if not rest:
        del here[step]
        return
    _remove(here[step], rest)
    if here[step] in ({}, []):
        del here[step]

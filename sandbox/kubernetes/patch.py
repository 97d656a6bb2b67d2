"""The three ways to change a part of an object: JSON merge patch, JSON patch, strategic merge patch."""

from __future__ import annotations

import copy
from collections.abc import Mapping
from typing import Any

import jsonpatch
from jsonpointer import JsonPointerException

from sandbox.kubernetes.refusal import Refused, bad_request

Object = dict[str, Any]

MERGE_KEYS: Mapping[str, str] = {
    "addresses": "type",
    "conditions": "type",
    "containers": "name",
    "env": "name",
    "imagePullSecrets": "name",
    "initContainers": "name",
    "ownerReferences": "uid",
    "ports": "containerPort",
    "secrets": "name",
    "volumeMounts": "mountPath",
    "volumes": "name",
}
"""Lists whose entries have an identity: the list's name and the key of an entry. Of the API's
`patchMergeKey` those that the kept kinds have."""

SETS = frozenset({"finalizers"})
"""Lists of plain values that are merged, not replaced."""


def merge(target: Any, change: Any) -> Any:
    """RFC 7386."""
    if not isinstance(change, dict):
        return copy.deepcopy(change)
    result = dict(target) if isinstance(target, dict) else {}
    for key, value in change.items():
        if value is None:
            result.pop(key, None)
        else:
            result[key] = merge(result.get(key), value)
    return result


def json_patch(target: Object, operations: Any) -> Object:
    """RFC 6902."""
    if not isinstance(operations, list):
        raise bad_request(
            "error decoding patch: json: cannot unmarshal object into Go value of type jsonpatch.Patch"
        )
    try:
        result = jsonpatch.apply_patch(target, operations)
    except (jsonpatch.JsonPatchException, JsonPointerException) as error:
        raise Refused(
            422,
            "Invalid",
            "the server rejected our request due to an error in our request",
            details={"causes": [{"reason": "UnexpectedServerResponse", "message": str(error)}]},
        ) from error
    if not isinstance(result, dict):
        raise bad_request("a patch must leave an object")
    return result


def strategic_merge(target: Any, change: Any) -> Any:
    """Kubernetes' own merge: named lists are merged entry by entry, `$patch` and its like are obeyed."""
    if not isinstance(change, dict):
        return copy.deepcopy(change)
    if change.get("$patch") == "replace":
        return {key: copy.deepcopy(value) for key, value in change.items() if key != "$patch"}
    if change.get("$patch") == "delete":
        return {}
    result = dict(target) if isinstance(target, dict) else {}
    retained = change.get("$retainKeys")
    if isinstance(retained, list):
        result = {key: value for key, value in result.items() if key in retained}
    for key, value in change.items():
        if key.startswith("$deleteFromPrimitiveList/"):
            name = key.partition("/")[2]
            result[name] = [each for each in result.get(name, []) if each not in value]
        elif key.startswith("$"):
            continue
        elif value is None:
            result.pop(key, None)
        elif isinstance(value, list):
            result[key] = _merge_list(key, result.get(key) or [], value)
        else:
            result[key] = strategic_merge(result.get(key), value)
    for key, order in change.items():
        if key.startswith("$setElementOrder/"):
            name = key.partition("/")[2]
            result[name] = _in_order(name, result.get(name) or [], order)
    return result


def _merge_list(name: str, old: list[Any], change: list[Any]) -> list[Any]:
    if name in SETS:
        return [*old, *(each for each in change if each not in old)]
    key = MERGE_KEYS.get(name)
    if key is None or not all(isinstance(each, dict) and key in each for each in (*old, *change)):
        return copy.deepcopy(change)
    if any(each.get("$patch") == "replace" for each in change):
        return [copy.deepcopy(each) for each in change if "$patch" not in each]
    result = list(old)
    for each in change:
        at = next((i for i, known in enumerate(result) if known[key] == each[key]), None)
        if each.get("$patch") == "delete":
            if at is not None:
                del result[at]
        elif at is None:
            result.append(strategic_merge({}, each))
        else:
            result[at] = strategic_merge(result[at], each)
    return result


def _in_order(name: str, items: list[Any], order: list[Any]) -> list[Any]:
    key = MERGE_KEYS.get(name)
    wanted = [each[key] if key and isinstance(each, dict) else each for each in order]

    def place(item: Any) -> int:
        identity = item.get(key) if key and isinstance(item, dict) else item
        return wanted.index(identity) if identity in wanted else len(wanted)

    return sorted(items, key=place)

"""Which fields an object may have, as far as that is known: of every kind the outermost, of a Profile all.

The API server drops the others silently, or refuses the object if asked to (`fieldValidation=Strict`, as
kubectl does).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from sandbox.kubernetes.refusal import bad_request
from sandbox.kubernetes.resource import Resource

Object = dict[str, Any]
Shape = Mapping[str, Any]
"""Field → its own fields, or None where anything goes. A list has the shape of its entries."""

_HEAD: Shape = {"apiVersion": None, "kind": None, "metadata": None}
_SUBJECT: Shape = {"apiGroup": None, "kind": None, "name": None, "namespace": None}
_SHAPES: Mapping[str, Shape] = {
    "namespaces": {"spec": None, "status": None},
    "nodes": {"spec": None, "status": None},
    "configmaps": {"data": None, "binaryData": None, "immutable": None},
    "secrets": {"data": None, "stringData": None, "type": None, "immutable": None},
    "serviceaccounts": {"secrets": None, "imagePullSecrets": None, "automountServiceAccountToken": None},
    "pods": {"spec": None, "status": None},
    "resourcequotas": {"spec": None, "status": None},
    "limitranges": {"spec": None},
    "deployments": {"spec": None, "status": None},
    "replicasets": {"spec": None, "status": None},
    "daemonsets": {"spec": None, "status": None},
    "poddisruptionbudgets": {"spec": None, "status": None},
    "roles": {"rules": None},
    "rolebindings": {"subjects": _SUBJECT, "roleRef": {"apiGroup": None, "kind": None, "name": None}},
    "clusterroles": {"rules": None, "aggregationRule": None},
    "clusterrolebindings": {"subjects": _SUBJECT, "roleRef": {"apiGroup": None, "kind": None, "name": None}},
    "profiles": {
        "spec": {
            "owner": _SUBJECT,
            "plugins": None,
            "resourceQuotaSpec": {"hard": None, "scopes": None, "scopeSelector": None},
        },
        "status": {"conditions": {"type": None, "status": None, "message": None}},
    },
    "authorizationpolicies": {"spec": None, "status": None},
}


def settle(kind: Resource, item: Object, *, strict: bool) -> Object:
    """Without the fields that the kind does not have; raises 400 for them if `strict`."""
    known = _SHAPES.get(kind.plural)
    if known is None:
        return item
    shape = {**_HEAD, **known}
    if strict and (found := list(_unknown(item, shape, ""))):
        words = ", ".join(f'unknown field "{path}"' for path in found)
        raise bad_request(
            f'{kind.kind} in version "{item["apiVersion"].rpartition("/")[2]}" cannot be handled as a '
            f"{kind.kind}: strict decoding error: {words}"
        )
    pruned: Object = _pruned(item, shape)
    return pruned


def _unknown(item: Any, shape: Shape, at: str) -> Iterator[str]:
    if isinstance(item, list):
        for index, each in enumerate(item):
            yield from _unknown(each, shape, f"{at}[{index}]")
    elif isinstance(item, dict):
        for key, value in item.items():
            path = f"{at}.{key}" if at else key
            if key not in shape:
                yield path
            elif shape[key] is not None:
                yield from _unknown(value, shape[key], path)


def _pruned(item: Any, shape: Shape) -> Any:
    if isinstance(item, list):
        return [_pruned(each, shape) for each in item]
    if not isinstance(item, dict):
        return item
    return {
        key: value if shape[key] is None else _pruned(value, shape[key])
        for key, value in item.items()
        if key in shape
    }

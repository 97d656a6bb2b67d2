"""Reads the protobuf form of the few kinds that kubectl's typed commands send in it (`create namespace`,
`create configmap`, `auth can-i`); answers are JSON always, which every client takes.

Field numbers are those of the `generated.proto` files of k8s.io/api and k8s.io/apimachinery.
"""

from __future__ import annotations

import base64
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

MAGIC = b"k8s\x00"
CONTENT_TYPE = "application/vnd.kubernetes.protobuf"


class Unreadable(ValueError):
    """Not protobuf, or of a kind whose fields are not in the table."""


@dataclass(frozen=True, slots=True)
class Field:
    name: str
    kind: str = "text"  # text, bytes, bool, number, map, bytes map, or the name of a message
    repeated: bool = False


MESSAGES: Mapping[str, Mapping[int, Field]] = {
    "Unknown": {1: Field("typeMeta", "TypeMeta"), 2: Field("raw", "bytes")},
    "TypeMeta": {1: Field("apiVersion"), 2: Field("kind")},
    "Time": {},
    "ObjectMeta": {
        1: Field("name"),
        2: Field("generateName"),
        3: Field("namespace"),
        5: Field("uid"),
        6: Field("resourceVersion"),
        8: Field("creationTimestamp", "Time"),
        11: Field("labels", "map"),
        12: Field("annotations", "map"),
        14: Field("finalizers", repeated=True),
    },
    "Namespace": {
        1: Field("metadata", "ObjectMeta"),
        2: Field("spec", "NamespaceSpec"),
        3: Field("status", "Empty"),
    },
    "NamespaceSpec": {1: Field("finalizers", repeated=True)},
    "ConfigMap": {
        1: Field("metadata", "ObjectMeta"),
        2: Field("data", "map"),
        3: Field("binaryData", "bytes map"),
        4: Field("immutable", "bool"),
    },
    "Secret": {1: Field("metadata", "ObjectMeta"), 2: Field("data", "bytes map"), 3: Field("type")},
    "ServiceAccount": {1: Field("metadata", "ObjectMeta")},
    "SelfSubjectAccessReview": {
        1: Field("metadata", "ObjectMeta"),
        2: Field("spec", "SelfSubjectAccessReviewSpec"),
        3: Field("status", "Empty"),
    },
    "SelfSubjectAccessReviewSpec": {
        1: Field("resourceAttributes", "ResourceAttributes"),
        2: Field("nonResourceAttributes", "NonResourceAttributes"),
    },
    "ResourceAttributes": {
        1: Field("namespace"),
        2: Field("verb"),
        3: Field("group"),
        4: Field("version"),
        5: Field("resource"),
        6: Field("subresource"),
        7: Field("name"),
    },
    "NonResourceAttributes": {1: Field("path"), 2: Field("verb")},
    "SelfSubjectReview": {1: Field("metadata", "ObjectMeta"), 2: Field("status", "Empty")},
    "DeleteOptions": {
        1: Field("gracePeriodSeconds", "number"),
        2: Field("preconditions", "Preconditions"),
        4: Field("propagationPolicy"),
        5: Field("dryRun", repeated=True),
    },
    "Preconditions": {1: Field("uid"), 2: Field("resourceVersion")},
}


def decode(body: bytes) -> dict[str, Any]:
    """The object as its JSON form would be. Raises Unreadable."""
    if not body.startswith(MAGIC):
        raise Unreadable("no Kubernetes protobuf")
    envelope = _message("Unknown", body[len(MAGIC) :])
    head = envelope.get("typeMeta", {})
    found = _message(str(head.get("kind", "")), base64.b64decode(envelope.get("raw", "")))
    return {**head, **found}


def _message(name: str, data: bytes) -> dict[str, Any]:
    if name == "Empty":
        return {}
    if name not in MESSAGES:
        raise Unreadable(f"kind {name} in protobuf")
    found: dict[str, Any] = {}
    for number, value in _wire(data):
        field = MESSAGES[name].get(number)
        if field is None:
            if name == "Time" or value in (b"", 0):
                continue
            raise Unreadable(f"field {number} of {name}")
        if field.kind in ("map", "bytes map"):
            entry = dict(_wire(_bytes(value)))
            content = _bytes(entry.get(2, b""))
            text = content.decode() if field.kind == "map" else base64.b64encode(content).decode()
            found.setdefault(field.name, {})[_bytes(entry.get(1, b"")).decode()] = text
        elif field.repeated:
            found.setdefault(field.name, []).append(_bytes(value).decode())
        else:
            one = _single(field.kind, value)
            if one not in ("", {}):
                found[field.name] = one
    return found


def _single(kind: str, value: int | bytes) -> Any:
    match kind:
        case "text":
            return _bytes(value).decode()
        case "bytes":
            return base64.b64encode(_bytes(value)).decode()
        case "bool":
            return bool(value)
        case "number":
            return value
    return _message(kind, _bytes(value))


def _bytes(value: int | bytes) -> bytes:
    if isinstance(value, int):
        raise Unreadable("a number where bytes were expected")
    return value


def _wire(data: bytes) -> Iterator[tuple[int, int | bytes]]:
    at = 0
    while at < len(data):
        tag, at = _varint(data, at)
        match tag & 7:
            case 0:
                number, at = _varint(data, at)
                yield tag >> 3, number
            case 2:
                length, at = _varint(data, at)
                yield tag >> 3, data[at : at + length]
                at += length
            case _:
                raise Unreadable(f"wire type {tag & 7}")


def _varint(data: bytes, at: int) -> tuple[int, int]:
    result = shift = 0
    while at < len(data):
        byte = data[at]
        at += 1
        result |= (byte & 0x7F) << shift
        if byte < 0x80:
            return result, at
        shift += 7
    raise Unreadable("a number that does not end")

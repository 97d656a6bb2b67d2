"""What an object has to look like, and what the API server adds to it: names, defaults, required fields.

Only what the platform's kinds need; a kind without an entry is kept as it came.
"""

from __future__ import annotations

import base64
import json
import re
from collections.abc import Mapping
from typing import Any

from sandbox.kubernetes.refusal import bad_request, invalid
from sandbox.kubernetes.resource import Naming, Resource

Object = dict[str, Any]

_LABEL = re.compile(r"[a-z0-9]([-a-z0-9]*[a-z0-9])?\Z")
_SUBDOMAIN = re.compile(r"[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*\Z")
_LABEL_WORDS = (
    "a lowercase RFC 1123 label must consist of lower case alphanumeric characters or '-', and must start "
    "and end with an alphanumeric character (e.g. 'my-name',  or '123-abc', regex used for validation is "
    "'[a-z0-9]([-a-z0-9]*[a-z0-9])?')"
)
_SUBDOMAIN_WORDS = (
    "a lowercase RFC 1123 subdomain must consist of lower case alphanumeric characters, '-' or '.', and must "
    "start and end with an alphanumeric character (e.g. 'example.com', regex used for validation is "
    r"'[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*')"
)
_DAEMON_COUNTS = ("currentNumberScheduled", "desiredNumberScheduled", "numberMisscheduled", "numberReady")
_BUDGET_COUNTS = ("currentHealthy", "desiredHealthy", "disruptionsAllowed", "expectedPods")
"""Told from the first moment on, also as zero: clients read them without asking whether they are there."""

_PERCENT = re.compile(r"[0-9]+%\Z")
_LABEL_VALUE = re.compile(r"(([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9])?\Z")
_LABEL_VALUE_WORDS = (
    "a valid label must be an empty string or consist of alphanumeric characters, '-', '_' or '.', and must "
    "start and end with an alphanumeric character (e.g. 'MyValue',  or 'my_value',  or '12345', regex used "
    "for validation is '(([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9])?')"
)


def check_name(kind: Resource, name: str) -> None:
    field = "metadata.name"
    if not name:
        why = "Required value: name or generateName is required"
        raise invalid(kind, name, field, why, "FieldValueRequired")
    if kind.naming is Naming.PATH_SEGMENT:
        for sign in "/%":
            if sign in name:
                raise invalid(
                    kind, name, field, f"Invalid value: {json.dumps(name)}: may not contain '{sign}'"
                )
        return
    pattern, words, longest = (
        (_LABEL, _LABEL_WORDS, 63) if kind.naming is Naming.LABEL else (_SUBDOMAIN, _SUBDOMAIN_WORDS, 253)
    )
    if len(name) > longest:
        why = f"Invalid value: {json.dumps(name)}: must be no more than {longest} characters"
        raise invalid(kind, name, field, why)
    if not pattern.match(name):
        raise invalid(kind, name, field, f"Invalid value: {json.dumps(name)}: {words}")


def prepare(kind: Resource, item: Object, old: Object | None) -> None:
    """Set what the API server sets on each write, in place. `old` is None for a new object."""
    item["kind"] = kind.kind
    item["apiVersion"] = kind.api_version(kind.versions[0])
    meta = item["metadata"]
    for key in ("annotations", "finalizers", "labels", "ownerReferences"):
        if key in meta and not meta[key]:
            del meta[key]
    match kind.plural:
        case "namespaces":
            meta.setdefault("labels", {})["kubernetes.io/metadata.name"] = meta["name"]
            item["spec"] = {"finalizers": ["kubernetes"]} if old is None else old.get("spec", {})
            item.setdefault("status", {}).setdefault("phase", "Active")
        case "deployments":
            _deployment_defaults(item)
        case "daemonsets":
            strategy = {"type": "RollingUpdate", "rollingUpdate": {"maxSurge": 0, "maxUnavailable": 1}}
            item.setdefault("spec", {}).setdefault("updateStrategy", strategy)
            item["status"] = dict.fromkeys(_DAEMON_COUNTS, 0) | item.get("status", {})
        case "nodes":
            item.setdefault("spec", {})
            item.setdefault("status", {})
        case "poddisruptionbudgets":
            item.setdefault("spec", {})
            item["status"] = dict.fromkeys(_BUDGET_COUNTS, 0) | item.get("status", {})
        case "pods":
            item.setdefault("status", {}).setdefault("phase", "Pending")
            item.setdefault("spec", {}).setdefault("restartPolicy", "Always")
        case "secrets":
            item.setdefault("type", "Opaque")
            _fold_string_data(item)


def check(kind: Resource, new: Object, old: Object | None) -> None:
    """Refuse what the API server refuses, in its words. `old` is None for a new object."""
    _check_labels(kind, new)
    match kind.plural:
        case "configmaps":
            _check_text(kind, new)
        case "deployments" | "daemonsets":
            _check_template(kind, new, old)
        case "poddisruptionbudgets":
            _check_budget(kind, new)
        case "pods":
            if not (new.get("spec") or {}).get("containers"):
                raise invalid(kind, _name(new), "spec.containers", "Required value", "FieldValueRequired")
        case "rolebindings" | "clusterrolebindings":
            _check_binding(kind, new, old)
        case "profiles":
            _check_profile(kind, new)


def _name(item: Object) -> str:
    return str(item["metadata"].get("name", ""))


def _check_labels(kind: Resource, item: Object) -> None:
    for value in (item["metadata"].get("labels") or {}).values():
        if not isinstance(value, str):
            raise _not_text(kind, "ObjectMeta.metadata.labels", value)
        if len(value) > 63:
            why = f"Invalid value: {json.dumps(value)}: must be no more than 63 characters"
            raise invalid(kind, _name(item), "metadata.labels", why)
        if not _LABEL_VALUE.match(value):
            why = f"Invalid value: {json.dumps(value)}: {_LABEL_VALUE_WORDS}"
            raise invalid(kind, _name(item), "metadata.labels", why)
    for value in (item["metadata"].get("annotations") or {}).values():
        if not isinstance(value, str):
            raise _not_text(kind, "ObjectMeta.metadata.annotations", value)


def _check_text(kind: Resource, item: Object) -> None:
    data = item.get("data")
    for value in (data or {}).values():
        if not isinstance(value, str):
            raise _not_text(kind, "ConfigMap.data", value)


def _not_text(kind: Resource, field: str, value: object) -> Exception:
    words = {bool: "bool", int: "number", float: "number", dict: "object", list: "array"}
    found = words.get(type(value), "null")
    return bad_request(
        f'{kind.kind} in version "{kind.versions[0]}" cannot be handled as a {kind.kind}: '
        f"json: cannot unmarshal {found} into Go struct field {field} of type string"
    )


def _deployment_defaults(item: Object) -> None:
    spec = item.setdefault("spec", {})
    spec.setdefault("replicas", 1)
    strategy = spec.setdefault("strategy", {})
    if strategy.setdefault("type", "RollingUpdate") == "RollingUpdate":
        strategy.setdefault("rollingUpdate", {"maxSurge": "25%", "maxUnavailable": "25%"})
    spec.setdefault("revisionHistoryLimit", 10)
    spec.setdefault("progressDeadlineSeconds", 600)
    item.setdefault("status", {})


def _check_template(kind: Resource, new: Object, old: Object | None) -> None:
    spec, name = new["spec"], _name(new)
    wanted = (spec.get("selector") or {}).get("matchLabels")
    if not wanted:
        raise invalid(kind, name, "spec.selector", "Required value", "FieldValueRequired")
    labels = ((spec.get("template") or {}).get("metadata") or {}).get("labels") or {}
    if any(labels.get(key) != value for key, value in wanted.items()):
        shown = json.dumps(labels, separators=(",", ":")) if labels else "null"
        why = f"Invalid value: {shown}: `selector` does not match template `labels`"
        raise invalid(kind, name, "spec.template.metadata.labels", why)
    if not ((spec["template"].get("spec")) or {}).get("containers"):
        raise invalid(kind, name, "spec.template.spec.containers", "Required value", "FieldValueRequired")
    if old is not None and spec["selector"] != old["spec"]["selector"]:
        shown = json.dumps(spec["selector"], separators=(",", ":"))
        raise invalid(kind, name, "spec.selector", f"Invalid value: {shown}: field is immutable")


def _check_budget(kind: Resource, item: Object) -> None:
    spec = item["spec"]
    if spec.get("minAvailable") is not None and spec.get("maxUnavailable") is not None:
        shown = json.dumps(spec, separators=(",", ":"))
        why = f"Invalid value: {shown}: minAvailable and maxUnavailable cannot be both set"
        raise invalid(kind, _name(item), "spec", why)
    for field in ("minAvailable", "maxUnavailable"):
        value = spec.get(field)
        if isinstance(value, str) and not _PERCENT.match(value):
            why = (
                f"Invalid value: {json.dumps(value)}: a valid percent string must be a numeric string "
                "followed by an ending '%' (e.g. '1%',  or '93%', regex used for validation is '[0-9]+%')"
            )
            raise invalid(kind, _name(item), f"spec.{field}", why)
        if isinstance(value, int) and value < 0:
            why = f"Invalid value: {value}: must be greater than or equal to 0"
            raise invalid(kind, _name(item), f"spec.{field}", why)


def _check_binding(kind: Resource, new: Object, old: Object | None) -> None:
    ref: Mapping[str, Any] = new.get("roleRef") or {}
    if not ref.get("name"):
        raise invalid(kind, _name(new), "roleRef.name", "Required value", "FieldValueRequired")
    if old is not None and ref != old.get("roleRef"):
        shown = json.dumps(ref, separators=(",", ":"))
        raise invalid(kind, _name(new), "roleRef", f"Invalid value: {shown}: cannot change roleRef")


def _check_profile(kind: Resource, item: Object) -> None:
    owner = (item.get("spec") or {}).get("owner")
    if owner is None:
        return
    for key in ("kind", "name"):
        if not owner.get(key):
            raise invalid(kind, _name(item), f"spec.owner.{key}", "Required value", "FieldValueRequired")


def _fold_string_data(item: Object) -> None:
    """`stringData` is write-only: it ends up in `data`, in base64."""
    for key, value in (item.pop("stringData", None) or {}).items():
        item.setdefault("data", {})[key] = base64.b64encode(value.encode()).decode()

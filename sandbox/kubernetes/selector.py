"""Label and field selectors."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import Any

from sandbox.kubernetes.refusal import bad_request
from sandbox.kubernetes.resource import Resource

Matcher = Callable[[Mapping[str, Any]], bool]

_SET = re.compile(r"(?P<key>[^\s!=,()]+)\s+(?P<op>in|notin)\s*\((?P<values>[^)]*)\)\Z")
_EQUAL = re.compile(r"(?P<key>[^\s!=,()]+)\s*(?P<op>==|=|!=)\s*(?P<value>[^\s,()]*)\Z")
_EXISTS = re.compile(r"(?P<no>!?)\s*(?P<key>[^\s!=,()]+)\Z")
_COMMA_OUTSIDE = re.compile(r",(?![^(]*\))")


def by_labels(text: str) -> Matcher:
    terms = [_label_term(part.strip()) for part in _COMMA_OUTSIDE.split(text) if part.strip()]

    def matches(item: Mapping[str, Any]) -> bool:
        labels = item["metadata"].get("labels") or {}
        return all(term(labels) for term in terms)

    return matches


def _label_term(text: str) -> Callable[[Mapping[str, str]], bool]:
    if found := _SET.match(text):
        key, values = found["key"], {v.strip() for v in found["values"].split(",")}
        if found["op"] == "in":
            return lambda labels: key in labels and labels[key] in values
        return lambda labels: labels.get(key) not in values
    if found := _EQUAL.match(text):
        key, value = found["key"], found["value"]
        if found["op"] == "!=":
            return lambda labels: labels.get(key) != value
        return lambda labels: labels.get(key) == value
    if found := _EXISTS.match(text):
        key, wanted = found["key"], not found["no"]
        return lambda labels: (key in labels) is wanted
    raise bad_request(f"unable to parse requirement: found '{text}', expected: identifier")


def by_selector(selector: Mapping[str, Any] | None) -> Matcher:
    """As objects have it: `matchLabels` and `matchExpressions`. None selects nothing, an empty one all."""
    if selector is None:
        return lambda _item: False
    wanted: Mapping[str, str] = selector.get("matchLabels") or {}
    terms = [_equals(key, value) for key, value in wanted.items()]
    terms += [_expression(each) for each in selector.get("matchExpressions") or ()]

    def matches(item: Mapping[str, Any]) -> bool:
        labels = item["metadata"].get("labels") or {}
        return all(term(labels) for term in terms)

    return matches


def _equals(key: str, value: str) -> Callable[[Mapping[str, str]], bool]:
    return lambda labels: labels.get(key) == value


def _expression(term: Mapping[str, Any]) -> Callable[[Mapping[str, str]], bool]:
    key, values = term["key"], set(term.get("values") or ())
    match term["operator"]:
        case "In":
            return lambda labels: labels.get(key) in values
        case "NotIn":
            return lambda labels: labels.get(key) not in values
        case "Exists":
            return lambda labels: key in labels
        case "DoesNotExist":
            return lambda labels: key not in labels
    raise bad_request(f'"{term["operator"]}" is not a valid label selector operator')


def by_fields(text: str, resource: Resource) -> Matcher:
    terms: list[tuple[str, bool, str]] = []
    for part in filter(None, (p.strip() for p in text.split(","))):
        found = _EQUAL.match(part)
        if not found:
            raise bad_request(f"invalid selector: '{text}'; can't understand '{part}'")
        if found["key"] not in ("metadata.name", "metadata.namespace", *resource.fields):
            raise bad_request(f"field label not supported: {found['key']}")
        terms.append((found["key"], found["op"] != "!=", found["value"]))

    def matches(item: Mapping[str, Any]) -> bool:
        return all((_at(item, path) == value) is wanted for path, wanted, value in terms)

    return matches


def _at(item: Mapping[str, Any], path: str) -> str:
    here: Any = item
    for key in path.split("."):
        here = here.get(key) if isinstance(here, Mapping) else None
    return "" if here is None else str(here)

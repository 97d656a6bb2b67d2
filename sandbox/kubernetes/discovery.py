"""What the API server says it serves: versions, groups, kinds, and just enough OpenAPI for kubectl.

kubectl asks for aggregated discovery first and takes the plain form where that is what it gets. Of OpenAPI v3
it only wants to know that the server itself checks fields (`fieldValidation`) and which patches it takes.
"""

from __future__ import annotations

from typing import Any

from sandbox.kubernetes.refusal import unknown_path
from sandbox.kubernetes.resource import Resource, groups, served

VERSION = "v1.35.4"
EVICTION = {"group": "policy", "version": "v1", "kind": "Eviction"}
"""What is posted to a pod's eviction; programs that drain nodes look for it here."""

Object = dict[str, Any]


def document(path: str) -> Object:
    """Raises 404 where nothing is told."""
    steps = [step for step in path.split("/") if step]
    match steps:
        case ["version"]:
            return _version()
        case ["api"]:
            return {
                "kind": "APIVersions",
                "versions": ["v1"],
                "serverAddressByClientCIDRs": [],
            }
        case ["apis"]:
            found = [_group(name, versions) for name, versions in groups().items()]
            return {"kind": "APIGroupList", "apiVersion": "v1", "groups": found}
        case ["apis", group] if group in groups():
            return {"kind": "APIGroup", "apiVersion": "v1", **_group(group, groups()[group])}
        case ["api", "v1"]:
            return _resources("", "v1")
        case ["apis", group, version] if served(group, version):
            return _resources(group, version)
        case ["openapi", "v3"]:
            return _openapi_index()
        case ["openapi", "v3", "api", "v1"]:
            return _openapi("", "v1")
        case ["openapi", "v3", "apis", group, version] if served(group, version):
            return _openapi(group, version)
    raise unknown_path()


def tells(path: str) -> bool:
    """Whether `document` answers this path. `/openapi/v2` is left out: kubectl wants it in protobuf only."""
    steps = [step for step in path.split("/") if step]
    if steps[:2] == ["openapi", "v3"] or steps == ["version"]:
        return True
    return bool(steps) and (
        (steps[0] == "api" and len(steps) <= 2) or (steps[0] == "apis" and len(steps) <= 3)
    )


def _version() -> Object:
    return {
        "major": "1",
        "minor": "35",
        "emulationMajor": "1",
        "emulationMinor": "35",
        "minCompatibilityMajor": "1",
        "minCompatibilityMinor": "34",
        "gitVersion": VERSION,
        "gitCommit": "0000000000000000000000000000000000000000",
        "gitTreeState": "clean",
        "buildDate": "2026-01-01T00:00:00Z",
        "goVersion": "go1.26.0",
        "compiler": "gc",
        "platform": "linux/amd64",
    }


def _group(name: str, versions: tuple[str, ...]) -> Object:
    known = [{"groupVersion": f"{name}/{version}", "version": version} for version in versions]
    return {"name": name, "versions": known, "preferredVersion": known[0]}


def _resources(group: str, version: str) -> Object:
    listed: list[Object] = []
    for each in served(group, version):
        entry: Object = {
            "name": each.plural,
            "singularName": each.singular,
            "namespaced": each.namespaced,
            "kind": each.kind,
            "verbs": list(each.verbs),
        }
        if each.short_names:
            entry["shortNames"] = list(each.short_names)
        listed.append(entry)
        for part, verbs in each.parts.items():
            listed.append({
                "name": f"{each.plural}/{part}",
                "singularName": "",
                "namespaced": each.namespaced,
                "kind": each.kind,
                "verbs": list(verbs),
                **(EVICTION if part == "eviction" else {}),
            })  # fmt: skip
    return {
        "kind": "APIResourceList",
        "apiVersion": "v1",
        "groupVersion": f"{group}/{version}" if group else version,
        "resources": listed,
    }


def _openapi_index() -> Object:
    paths = ["api/v1", *(f"apis/{group}/{v}" for group, versions in groups().items() for v in versions)]
    return {"paths": {path: {"serverRelativeURL": f"/openapi/v3/{path}?hash=0"} for path in paths}}


def _openapi(group: str, version: str) -> Object:
    root = f"/apis/{group}/{version}" if group else f"/api/{version}"
    paths: Object = {}
    for each in served(group, version):
        inside = f"{root}/namespaces/{{namespace}}" if each.namespaced else root
        paths[f"{inside}/{each.plural}"] = {"post": _operation(each, version)}
        paths[f"{inside}/{each.plural}/{{name}}"] = {
            "put": _operation(each, version),
            "patch": _operation(each, version) | {"requestBody": {"content": _patches(each)}},
        }
    return {
        "openapi": "3.0.0",
        "info": {"title": "Kubernetes", "version": VERSION},
        "paths": paths,
        "components": {"schemas": {}},
    }


def _operation(kind: Resource, version: str) -> Object:
    parameters = [
        {"name": name, "in": "query", "schema": {"type": "string", "uniqueItems": True}}
        for name in ("dryRun", "fieldManager", "fieldValidation")
    ]
    return {
        "parameters": parameters,
        "responses": {"200": {"description": "OK"}},
        "x-kubernetes-group-version-kind": {"group": kind.group, "version": version, "kind": kind.kind},
    }


def _patches(kind: Resource) -> Object:
    taken = ["application/apply-patch+yaml", "application/json-patch+json", "application/merge-patch+json"]
    if not kind.custom:
        taken.append("application/strategic-merge-patch+json")
    return {each: {"schema": {"type": "object"}} for each in taken}

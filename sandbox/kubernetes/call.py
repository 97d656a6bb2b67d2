"""One request to the API, understood: which verb on which object, by whom."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from sandbox.kubernetes.refusal import bad_request, unknown_method, unknown_path
from sandbox.kubernetes.resource import BY_PATH, Resource
from sandbox.kubernetes.rights import User

MUTATING = frozenset({"create", "update", "patch", "delete", "deletecollection"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Target:
    """What a path names. `name` is empty for a collection; `part` is the subresource."""

    resource: Resource
    version: str
    namespace: str
    name: str
    part: str

    @property
    def qualified(self) -> str:
        """As rights and faults name it: `profiles.kubeflow.org`, `deployments.apps/status`."""
        return f"{self.resource.qualified}/{self.part}" if self.part else self.resource.qualified


@dataclass(frozen=True, slots=True, kw_only=True)
class Call:
    target: Target
    verb: str
    user: User
    query: Mapping[str, str]
    content_type: str
    body: bytes
    agent: str
    path: str

    @property
    def name(self) -> str:
        """For which a right is needed: a list or a watch of one object by its name is about that one."""
        fields = self.query.get("fieldSelector", "").partition("metadata.name=")
        return self.target.name or (fields[2].lstrip("=") if fields[0] == "" and "," not in fields[2] else "")

    @property
    def dry_run(self) -> bool:
        return self.query.get("dryRun") == "All"

    def number(self, name: str) -> int:
        """A whole number from the query, 0 where there is none. Raises 400."""
        text = self.query.get(name) or "0"
        if not text.isdecimal():
            raise bad_request(
                f'{name}: Invalid value: "{text}": strconv.ParseUint: parsing "{text}": invalid syntax'
            )
        return int(text)

    @property
    def strict(self) -> bool:
        """Whether fields that nobody knows are an error."""
        return self.query.get("fieldValidation") == "Strict"

    @property
    def manager(self) -> str:
        """Field manager: as given, else the program's name as the API server takes it from the user agent."""
        return self.query.get("fieldManager") or self.agent.partition("/")[0] or "unknown"


def target(path: str) -> Target:
    """Raises 404 for a path that no registered kind answers."""
    steps = [step for step in path.split("/") if step]
    if steps[:1] == ["api"] and len(steps) > 2:
        group, version, rest = "", steps[1], steps[2:]
    elif steps[:1] == ["apis"] and len(steps) > 3:
        group, version, rest = steps[1], steps[2], steps[3:]
    else:
        raise unknown_path()
    namespace = ""
    in_namespace = rest[0] == "namespaces" and len(rest) > 2 and (group, rest[2]) in BY_PATH
    if in_namespace:
        namespace, rest = rest[1], rest[2:]
    kind = BY_PATH.get((group, rest[0]))
    if kind is None or version not in kind.versions or len(rest) > 3:
        raise unknown_path()
    if in_namespace and not kind.namespaced:
        raise unknown_path()
    name, part = (rest[1] if len(rest) > 1 else ""), (rest[2] if len(rest) > 2 else "")
    if part and part not in kind.parts:
        raise unknown_path()
    if name and kind.namespaced and not namespace:
        raise unknown_path()
    return Target(resource=kind, version=version, namespace=namespace, name=name, part=part)


def verb(method: str, found: Target, query: Mapping[str, str]) -> str:
    """Raises 405 for a method the object does not take."""
    if found.resource.review:
        if method == "POST" and not found.name:
            return "create"
        raise unknown_method()
    if method == "GET":
        if query.get("watch") in ("1", "true") and not found.name:
            return "watch"
        known = {"GET": "get" if found.name else "list"}
    elif found.part:
        known = {"PUT": "update", "PATCH": "patch", "POST": "create"}
    elif found.name:
        known = {"PUT": "update", "PATCH": "patch", "DELETE": "delete"}
    else:
        known = {"DELETE": "deletecollection"}
        if found.namespace or not found.resource.namespaced:
            known["POST"] = "create"
    if method not in known or (found.part and known[method] not in found.resource.parts[found.part]):
        raise unknown_method()
    return known[method]

"""CloudFormation's stacks: what each one is, what happened in it, and what will."""

import uuid
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from .nodegroups import Fate
from .site import Site

STACK = "AWS::CloudFormation::Stack"


@dataclass(slots=True, kw_only=True)
class Resource:
    """`properties` are worked out; `physical` is empty until it is made."""

    name: str
    type: str
    properties: dict[str, Any]
    physical: str = ""
    intended: str = ""  # what `physical` will be
    status: str = ""
    reason: str = ""
    changed: datetime | None = None


@dataclass(slots=True, kw_only=True)
class Event:
    id: str
    resource: str  # the stack's name for the stack itself
    type: str
    physical: str
    time: datetime
    status: str
    reason: str
    properties: str


@dataclass(slots=True, kw_only=True)
class Beat:
    """One thing that is going to happen at its time. Without a resource it happens to the stack."""

    at: datetime
    status: str
    resource: str = ""
    reason: str = ""
    made: bool = False  # it has its physical id from now on
    act: str = ""  # "make" or "delete": what is done to the node group


@dataclass(slots=True, kw_only=True)
class Stack:
    name: str
    id: str
    body: str
    description: str
    tags: dict[str, str]
    capabilities: list[str]
    created: datetime
    key_id: str = ""  # who asked last: with its rights CloudFormation works
    protected: bool = False
    keeps_failed: bool = False  # made with rollback disabled
    status: str = ""
    reason: str = ""
    changed: datetime | None = None
    deleted: datetime | None = None
    resources: dict[str, Resource] = field(default_factory=dict)
    outputs: list[dict[str, str]] = field(default_factory=list)
    events: list[Event] = field(default_factory=list)  # oldest first
    score: list[Beat] = field(default_factory=list)
    fates: dict[str, Fate] = field(default_factory=dict)  # of its node groups, by resource

    @property
    def gone(self) -> bool:
        return self.status == "DELETE_COMPLETE"


class Stacks:
    """All there ever were; deleted ones can be looked at by id. `key_id` signed the call under way."""

    def __init__(self, site: Site) -> None:
        self._site = site
        self.all: list[Stack] = []
        self.key_id = ""

    def find(self, name: str) -> Stack | None:
        """By id, or the one that is there by name."""
        for stack in reversed(self.all):
            if stack.id == name or (stack.name == name and not stack.gone):
                return stack
        return None

    @property
    def exports(self) -> dict[str, str]:
        return {
            output["ExportName"]: output["OutputValue"]
            for stack in self.all
            if not stack.gone
            for output in stack.outputs
            if "ExportName" in output
        }

    def new_id(self, name: str) -> str:
        return self._site.arn("cloudformation", f"stack/{name}/{uuid.uuid4()}")


def nodegroup_spec(properties: Mapping[str, Any]) -> dict[str, Any]:
    """CloudFormation's properties of a node group as EKS's own arguments."""
    return {_small(key): _smaller(key, value) for key, value in properties.items()}


def _smaller(key: str, value: Any) -> Any:
    if key in ("Labels", "Tags"):
        return value  # keys of the user's
    if isinstance(value, list):
        return [_smaller("", one) for one in value]
    if isinstance(value, dict):
        return {_small(name): one for name, one in value.items()}
    return value


def _small(name: str) -> str:
    return f"{name[0].lower()}{name[1:]}"

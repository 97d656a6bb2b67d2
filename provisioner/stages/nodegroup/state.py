"""What there is of a node group: the eksctl at work on it, its stack, itself, and what these amount to. Pure.

eksctl makes a CloudFormation stack, the stack makes the node group, the node group makes an auto scaling
group. Each can be there without the next, and the words for how far it is stand with all of them.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum

from provisioner.vendor_call import WorkError
from provisioner.workspace import InstanceType

LABEL_TAG = "k8s.io/cluster-autoscaler/node-template/label/"
"""The autoscaler reads a label of nodes that are not there yet from a tag of this name and the label's."""

_FAILED_MAKING = frozenset({"CREATE_FAILED", "ROLLBACK_IN_PROGRESS", "ROLLBACK_COMPLETE", "ROLLBACK_FAILED"})
_BEGINS = ("CREATE_IN_PROGRESS", "UPDATE_IN_PROGRESS", "DELETE_IN_PROGRESS")
_CANCELLED = "cancelled"  # "Resource creation cancelled": not the cause, but because of it


class Task(StrEnum):
    CREATE = "create"
    DELETE = "delete"


@dataclass(frozen=True, slots=True, kw_only=True)
class Child:
    """The eksctl that was started last for a node group. It says nothing for sure: what it made does."""

    task: Task
    started_at: datetime
    running: bool = False
    exit_code: int | None = None  # None while it runs, and when it was killed
    words: str = ""  # what it said of errors; else its last lines

    @property
    def ended(self) -> bool:
        """By itself. One that was killed with us has said nothing."""
        return self.exit_code is not None


@dataclass(frozen=True, slots=True, kw_only=True)
class StackEvent:
    resource: str  # "ManagedNodeGroup"
    status: str  # "CREATE_FAILED"
    at: datetime
    reason: str = ""
    whole: bool = False  # about the stack itself


@dataclass(frozen=True, slots=True, kw_only=True)
class Stack:
    """`events` are those of its last operation, the oldest first; none where all is well."""

    status: str
    tags: Mapping[str, str] = field(default_factory=dict)
    reason: str = ""
    events: tuple[StackEvent, ...] = ()

    @property
    def settled(self) -> bool:
        return not self.status.endswith("_IN_PROGRESS")

    @property
    def failure(self) -> StackEvent | None:
        """The first thing that failed: the others failed because of it."""
        failed = [each for each in self.events if each.status.endswith("_FAILED")]
        causes = [each for each in failed if not each.whole and _CANCELLED not in each.reason]
        return next(iter([*causes, *failed]), None)

    @property
    def under_way(self) -> StackEvent | None:
        """The newest of what is not at its end; if there is none, the newest of all."""
        last = {each.resource: each for each in self.events}
        going = [each for each in last.values() if each.status.endswith("_IN_PROGRESS") and not each.whole]
        return max(going or last.values(), key=self.events.index, default=None)


@dataclass(frozen=True, slots=True, kw_only=True)
class AutoScalingGroup:
    name: str
    tags: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class NodeGroup:
    """As EKS has it. How many nodes it has now is the autoscaler's business, so that is not asked."""

    status: str
    tags: Mapping[str, str] = field(default_factory=dict)
    instance_types: tuple[str, ...] = ()
    most: int = 0
    labels: Mapping[str, str] = field(default_factory=dict)
    issues: tuple[str, ...] = ()  # "AsgInstanceLaunchFailures: Could not launch On-Demand Instances. …"
    scaling: tuple[AutoScalingGroup, ...] = ()

    @property
    def untagged(self) -> Mapping[str, Mapping[str, str]]:
        """What each auto scaling group lacks to be scaled up from no node at all."""
        wanted = {f"{LABEL_TAG}{label}": value for label, value in self.labels.items()}
        lacks = {
            group.name: {key: value for key, value in wanted.items() if group.tags.get(key) != value}
            for group in self.scaling
        }
        return {name: tags for name, tags in lacks.items() if tags}

    @property
    def own_tags(self) -> Mapping[str, str]:
        """Those that were asked for, as AWS's own cannot be given to anything else."""
        return {key: value for key, value in self.tags.items() if not key.startswith("aws:")}

    @property
    def tagged(self) -> bool:
        return bool(self.scaling) and not self.untagged


@dataclass(frozen=True, slots=True, kw_only=True)
class Blocked:
    """A pod that a drain cannot evict, both as "namespace/name"."""

    pod: str
    budget: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Occupancy:
    """What runs on the nodes of a group: pods that are no DaemonSet's and have not ended."""

    nodes: int = 0
    pods: int = 0
    blocked: tuple[Blocked, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Network:
    """Where a cluster's nodes may go."""

    vpc: str
    security_group: str
    subnets: Mapping[str, str]  # the private ones, with their zones
    owned: bool  # eksctl made the cluster, and knows its network

    @property
    def zones(self) -> frozenset[str]:
        return frozenset(self.subnets.values())


class Phase(StrEnum):
    NOTHING = "nothing"
    MAKING = "making"
    FAILED = "failed"  # while it was made; the stack stays until somebody deletes it
    HOLLOW = "hollow"  # a stack that is complete, and no node group
    THERE = "there"  # in whatever health
    LEAVING = "leaving"
    UNDELETED = "undeleted"  # the stack could not be deleted


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """All there is under one name."""

    name: str
    child: Child | None = None
    stack: Stack | None = None
    group: NodeGroup | None = None
    stack_only: bool = False  # there is a node group of this name, which is somebody else's

    @property
    def phase(self) -> Phase:
        stack = self.stack.status if self.stack else ""
        group = self.group.status if self.group else ""
        if self.runs(Task.DELETE) or stack == "DELETE_IN_PROGRESS" or group == "DELETING":
            return Phase.LEAVING
        if stack == "DELETE_FAILED":
            return Phase.UNDELETED
        if stack in _FAILED_MAKING:
            return Phase.FAILED
        if (self.stack and not self.stack.settled) or group in ("CREATING", "UPDATING"):
            return Phase.MAKING
        if group:
            return Phase.THERE
        return Phase.HOLLOW if stack else Phase.NOTHING

    @property
    def exists(self) -> bool:
        """Something that has to go; also an eksctl at work, with what it is about to make."""
        return self.stack is not None or self.group is not None or bool(self.child and self.child.running)

    @property
    def eksctl_waits(self) -> bool:
        """The eksctl at work only waits for what AWS does without it, but for a device plugin to install."""
        stack = self.stack.status if self.stack else ""
        if self.runs(Task.CREATE):
            return bool(stack)
        gone = not stack and (self.group is None or self.group.status == "DELETING")
        return self.runs(Task.DELETE) and (gone or stack.startswith("DELETE_"))

    def runs(self, task: Task) -> bool:
        return self.child is not None and self.child.running and self.child.task is task

    @property
    def how_far(self) -> str:
        """In AWS's words: "CREATING: ManagedNodeGroup CREATE_IN_PROGRESS"."""
        status = self.group.status if self.group else self.stack.status if self.stack else ""
        event = self.stack.under_way if self.stack else None
        return f"{status}: {event.resource} {event.status}" if event else status


@dataclass(frozen=True, slots=True, kw_only=True)
class Offer:
    """What EC2 and the cluster's network allow for the type that was asked for."""

    instance: InstanceType
    zones: tuple[str, ...]
    network: Network


class Plugin(StrEnum):
    """Through which pods get the devices of a node. Nobody looks whether Neuron's is in the cluster."""

    NVIDIA = "nvidia"
    NEURON = "neuron"


@dataclass(frozen=True, slots=True, kw_only=True)
class NodegroupSeen:
    """What only one goal needs is kept with its error, which is raised for that goal alone."""

    asked: Found
    others: tuple[Found, ...] = ()  # under other specs, also such as the settings no longer have
    offer: Offer | WorkError | None = None  # None while there is a node group, or it is being made
    occupancy: Mapping[str, Occupancy | WorkError] = field(default_factory=dict)  # by node group
    lacks_plugin: Plugin | WorkError | None = None  # eksctl has to install it when all else is made

    @property
    def all(self) -> tuple[Found, ...]:
        return (self.asked, *self.others)

    def runs_there(self, name: str) -> Occupancy | None:
        """None where it cannot be told."""
        occupancy = self.occupancy.get(name)
        return occupancy if isinstance(occupancy, Occupancy) else None


def last_operation(events: Sequence[StackEvent]) -> tuple[StackEvent, ...]:
    """Of events from the oldest, those since the stack was last told to do something."""
    begun = [number for number, each in enumerate(events) if each.whole and each.status in _BEGINS]
    return tuple(events[begun[-1] :]) if begun else tuple(events)

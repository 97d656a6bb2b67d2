"""AWS, eksctl and the nodes in memory, over a clock that stands still until a test moves it."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from provisioner.message import Message
from provisioner.stages.nodegroup.config import ClusterConfig
from provisioner.stages.nodegroup.places import Places
from provisioner.stages.nodegroup.state import (
    LABEL_TAG,
    AutoScalingGroup,
    Blocked,
    Child,
    Network,
    NodeGroup,
    Occupancy,
    Stack,
    StackEvent,
    Task,
)
from provisioner.vendor_call import Cause, Permanent, Temporary
from provisioner.workspace import InstanceType
from tests.fakes.clock import FakeClock

NO_CAPACITY = (
    "Nodegroup ng failed to stabilize: [{Code: AsgInstanceLaunchFailures,Message: Could not launch On-Demand"
    " Instances. InsufficientInstanceCapacity - We currently do not have sufficient m5.xlarge capacity in the"
    " Availability Zone you requested (ap-northeast-2a).}]"
)
NOT_DRAINED = (
    'pod eviction error ("timed out waiting for node \\"n0\\" to be drained") on node n0\n'
    'Error: draining nodegroups: timed out waiting for nodegroup "ng" to be drained'
)
BEGINS_AFTER = 1.0  # seconds from the start of eksctl to CreateStack
TAKES = 6.0  # seconds from CreateStack to a node group
NO_PLUGIN = (
    'error installing device plugin: daemonsets.apps is forbidden: User "eksctl" cannot create resource'
    ' "daemonsets" in API group "apps" in the namespace "kube-system"'
)
INSTALLS = 1.0  # seconds from the tags to the device plugin
GIVES_UP_AFTER = 1500.0  # seconds, draining


@dataclass(slots=True)
class FakeStack:
    status: str
    tags: Mapping[str, str]
    events: list[StackEvent] = field(default_factory=list)


@dataclass(slots=True)
class FakeGroup:
    tags: Mapping[str, str]
    status: str = "ACTIVE"
    instance_type: str = "m5.xlarge"
    most: int = 3
    labels: Mapping[str, str] = field(default_factory=dict)
    issues: tuple[str, ...] = ()
    scaling: str = "asg"  # name of the auto scaling group
    scaling_tags: dict[str, str] = field(default_factory=dict)
    nodes: int = 1
    pods: dict[str, str] = field(default_factory=dict)  # with the budget that keeps each, or ""


@dataclass(slots=True)
class FakeChild:
    task: Task
    started_at: datetime
    config: ClusterConfig | None = None
    running: bool = True
    exit_code: int | None = None
    words: str = ""
    ended: Callable[[], None] = lambda: None

    def end(self, code: int, words: str) -> None:
        self.running, self.exit_code, self.words = False, code, words
        self.ended()


class FakeCloud:
    """All four ports of the stage."""

    def __init__(self, clock: FakeClock, *, at_once: int = 10) -> None:
        self.clock = clock
        self.at_once = at_once
        self.places = Places(at_once, clock.elapsed)
        self.types = {
            "m5.xlarge": InstanceType(name="m5.xlarge", vcpus=4, memory_gib=16),
            "g5.xlarge": InstanceType(name="g5.xlarge", vcpus=4, memory_gib=16, gpus=1, nvidia=True),
            "inf2.xlarge": InstanceType(name="inf2.xlarge", vcpus=4, memory_gib=16, neuron=True),
        }
        self.offered = {"m5.xlarge": {"a", "c", "d"}, "g5.xlarge": {"a"}, "inf2.xlarge": {"a"}}
        self.net = Network(
            vpc="vpc-1", security_group="sg-1", subnets={"subnet-a": "a", "subnet-c": "c"}, owned=True
        )
        self.stacks: dict[str, FakeStack] = {}
        self.grouped: dict[str, FakeGroup] = {}
        self.children: dict[str, FakeChild] = {}
        self.made: list[str] = []  # stacks, each time one was created
        self.plugin = False  # NVIDIA's
        self.fault = (
            ""  # no-capacity, no-stack, tags-denied, no-plugin, nothing-made, undeletable, cluster-down
        )
        self._due: list[tuple[datetime, Callable[[], None]]] = []

    # AWS

    def stack(self, name: str) -> Stack | None:
        self.catch_up()
        found = self.stacks.get(name)
        if found is None:
            return None
        events = () if found.status == "CREATE_COMPLETE" else tuple(found.events)
        return Stack(status=found.status, tags=found.tags, events=events)

    def names(self, cluster: str) -> Collection[str]:
        self.catch_up()
        return set(self.grouped)

    def groups(self, cluster: str, names: Collection[str]) -> Mapping[str, NodeGroup]:
        self.catch_up()
        return {
            name: NodeGroup(
                status=found.status,
                tags=found.tags,
                instance_types=(found.instance_type,),
                most=found.most,
                labels=found.labels,
                issues=found.issues,
                scaling=(AutoScalingGroup(name=found.scaling, tags=dict(found.scaling_tags)),),
            )
            for name, found in self.grouped.items()
            if name in names
        }

    def network(self, cluster: str) -> Network:
        return self.net

    def zones_offering(self, instance_type: str) -> frozenset[str]:
        return frozenset(self.offered.get(instance_type, ()))

    def describe(self, name: str) -> InstanceType:
        if name not in self.types:
            cause = Cause(service="ec2", operation="DescribeInstanceTypes", raw_text=f"no type {name}")
            raise Permanent(Message("cannot read instance type {name}", name=name), cause=cause)
        return self.types[name]

    def tag(self, scaling_group: str, tags: Mapping[str, str]) -> None:
        if self.fault == "tags-denied":
            cause = Cause(service="autoscaling", operation="CreateOrUpdateTags", raw_text="not authorized")
            raise Permanent(Message("cannot tag {name}", name=scaling_group), cause=cause)
        for found in self.grouped.values():
            if found.scaling == scaling_group:
                found.scaling_tags |= tags

    def delete_stack(self, name: str) -> None:
        found = self.stacks.get(name)
        if found is None:
            return
        empty = found.status == "ROLLBACK_COMPLETE"
        found.status = "DELETE_IN_PROGRESS"
        self._event(found, "stack", "DELETE_IN_PROGRESS")
        self._later(2.0, lambda: self._gone(name, empty=empty))

    # eksctl

    def child(self, nodegroup: str) -> Child | None:
        self.catch_up()
        found = self.children.get(nodegroup)
        if found is None:
            return None
        return Child(
            task=found.task,
            started_at=found.started_at,
            running=found.running,
            exit_code=found.exit_code,
            words=found.words,
        )

    def start_create(
        self, nodegroup: str, config: ClusterConfig, *, at: datetime, ended: Callable[[], None]
    ) -> None:
        child = self._start(nodegroup, FakeChild(Task.CREATE, at, config, ended=ended))
        self._later(BEGINS_AFTER, self._while(child, lambda: self._create(nodegroup, child, config)))

    def start_delete(
        self, nodegroup: str, *, cluster: str, region: str, at: datetime, ended: Callable[[], None]
    ) -> None:
        child = self._start(nodegroup, FakeChild(Task.DELETE, at, ended=ended))
        stack = f"eksctl-{cluster}-nodegroup-{nodegroup}"
        self._later(BEGINS_AFTER, self._while(child, lambda: self._drain(nodegroup, stack, child)))
        self._later(GIVES_UP_AFTER, self._while(child, lambda: child.end(1, NOT_DRAINED)))

    def place(self, nodegroup: str, *, since: datetime) -> int:
        self.catch_up()
        taken = sum(child.running for name, child in self.children.items() if name != nodegroup)
        return self.places.ask(nodegroup, since, taken=taken)

    def dismiss(self, nodegroup: str) -> None:
        if nodegroup in self.children:
            self.children[nodegroup].running = False

    def end(self, nodegroup: str) -> None:
        self.places.leave(nodegroup)
        child = self.children.pop(nodegroup, None)
        if child is not None:
            child.running = False

    def kill(self) -> None:
        """The bot's process is gone, and its children and their line with it."""
        self.places = Places(self.at_once, self.clock.elapsed)
        for child in self.children.values():
            child.running = False

    # Kubernetes

    def occupancy(self, nodegroup: str) -> Occupancy:
        if self.fault == "cluster-down":
            raise Temporary(Message("cannot read the nodes"))
        found = self.grouped.get(nodegroup)
        if found is None:
            return Occupancy()
        blocked = tuple(Blocked(pod=pod, budget=budget) for pod, budget in found.pods.items() if budget)
        return Occupancy(nodes=found.nodes, pods=len(found.pods), blocked=blocked)

    def device_plugin(self) -> bool:
        if self.fault == "cluster-down":
            raise Temporary(Message("cannot list DaemonSets"))
        self.catch_up()
        return self.plugin

    def _start(self, nodegroup: str, child: FakeChild) -> FakeChild:
        self.end(nodegroup)
        self.children[nodegroup] = child
        return child

    def _create(self, nodegroup: str, child: FakeChild, config: ClusterConfig) -> None:
        name = f"eksctl-{config.metadata.name}-nodegroup-{nodegroup}"
        if self.fault == "no-stack":
            child.end(1, "creating CloudFormation stack: api error AccessDenied")
        elif self.fault == "nothing-made" or name in self.stacks or nodegroup in self.grouped:
            child.end(0, "created 0 managed nodegroup(s)")
        else:
            stack = FakeStack("CREATE_IN_PROGRESS", config.managed_node_groups[0].tags)
            self.stacks[name] = stack
            self.made.append(name)
            self._event(stack, "stack", "CREATE_IN_PROGRESS")
            self._event(stack, "ManagedNodeGroup", "CREATE_IN_PROGRESS")
            if self.fault == "no-capacity":
                self._later(TAKES, lambda: self._roll_back(stack, child))
            else:
                self._later(TAKES, lambda: self._made(nodegroup, stack, config))
                self._later(TAKES + 1, self._while(child, lambda: self._tagged(nodegroup, child, config)))

    def _made(self, nodegroup: str, stack: FakeStack, config: ClusterConfig) -> None:
        if stack not in self.stacks.values():
            return
        (wanted,) = config.managed_node_groups
        stack.status = "CREATE_COMPLETE"
        self.grouped[nodegroup] = FakeGroup(
            tags=wanted.tags,
            instance_type=wanted.instance_types[0],
            most=wanted.max_size,
            labels=wanted.labels,
            scaling=f"eks-{nodegroup}",
            nodes=wanted.desired_capacity,
        )

    def _tagged(self, nodegroup: str, child: FakeChild, config: ClusterConfig) -> None:
        if self.fault == "tags-denied":
            child.end(1, "creating or updating asg tags: api error AccessDenied")
            return
        (wanted,) = config.managed_node_groups
        tags = {f"{LABEL_TAG}{key}": value for key, value in wanted.labels.items()}
        self.grouped[nodegroup].scaling_tags |= tags | dict(wanted.tags)
        self._later(INSTALLS, self._while(child, lambda: self._installed(child, config)))

    def _installed(self, child: FakeChild, config: ClusterConfig) -> None:
        nvidia = any(self.types[each].nvidia for each in config.managed_node_groups[0].instance_types)
        if nvidia and self.fault == "no-plugin":
            child.end(1, NO_PLUGIN)
            return
        self.plugin = self.plugin or nvidia
        child.end(0, "created 1 managed nodegroup(s)")

    def _roll_back(self, stack: FakeStack, child: FakeChild) -> None:
        self._event(stack, "ManagedNodeGroup", "CREATE_FAILED", NO_CAPACITY)
        self._event(stack, "NodeInstanceRole", "CREATE_FAILED", "Resource creation cancelled")
        self._event(stack, "stack", "ROLLBACK_IN_PROGRESS", "The following resource(s) failed to create")
        stack.status = "ROLLBACK_IN_PROGRESS"
        self._later(3.0, lambda: self._rolled_back(stack, child))

    def _rolled_back(self, stack: FakeStack, child: FakeChild) -> None:
        stack.status = "ROLLBACK_COMPLETE"
        self._event(stack, "stack", "ROLLBACK_COMPLETE")
        if child.running:
            child.end(1, 'Error: failed to create nodegroups for cluster "aic"')

    def _drain(self, nodegroup: str, stack: str, child: FakeChild) -> None:
        group = self.grouped.get(nodegroup)
        if group is not None:
            group.pods = {pod: budget for pod, budget in group.pods.items() if budget}
            if group.pods:
                self._later(1.0, self._while(child, lambda: self._drain(nodegroup, stack, child)))
                return
            group.status = "DELETING"
        self.delete_stack(stack)
        if stack not in self.stacks:
            self._later(2.0, lambda: self._gone(stack))
        self._later(3.0, self._while(child, lambda: child.end(0, "deleted 1 nodegroup(s)")))

    def _gone(self, name: str, *, empty: bool = False) -> None:
        """`empty`: its node group, if there is one of the name, is not in it."""
        if not empty:
            self.grouped.pop(name.partition("-nodegroup-")[2], None)
        found = self.stacks.get(name)
        if found is not None and self.fault == "undeletable":
            found.status = "DELETE_FAILED"
            self._event(found, "NodeInstanceRole", "DELETE_FAILED", "Cannot delete entity, must detach first")
            self._event(found, "stack", "DELETE_FAILED", "The following resource(s) failed to delete")
            return
        self.stacks.pop(name, None)

    def _event(self, stack: FakeStack, resource: str, status: str, reason: str = "") -> None:
        at = self.clock.now()
        event = StackEvent(resource=resource, status=status, at=at, reason=reason, whole=resource == "stack")
        if event.whole and status in ("CREATE_IN_PROGRESS", "DELETE_IN_PROGRESS"):
            stack.events.clear()
        stack.events.append(event)

    def _while(self, child: FakeChild, effect: Callable[[], None]) -> Callable[[], None]:
        def run() -> None:
            if child.running:
                effect()

        return run

    def _later(self, seconds: float, effect: Callable[[], None]) -> None:
        self._due.append((self.clock.now() + timedelta(seconds=seconds), effect))

    def catch_up(self) -> None:
        """Let all happen that is due by now."""
        while due := [each for each in self._due if each[0] <= self.clock.now()]:
            for each in sorted(due, key=lambda one: one[0]):
                self._due.remove(each)
                each[1]()

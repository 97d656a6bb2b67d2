"""The workspace's nodes: an EKS node group that eksctl makes through CloudFormation, and drains and removes.

Ours or not: eksctl puts the tag `workspace-bot/project` on the stack inside CreateStack, and the stack on the
node group. A stack or a node group of our name without it is never touched, in neither direction. A delete
leaves it, and removes what is ours beside it: node groups under other specs, and a stack that failed on it.

eksctl works for minutes, so it is started and not awaited: each turn looks at what there is. What it says
when it ends is believed in neither direction (it ends well having made nothing where a rolled-back stack
stands, and badly where all but a tag is made); it is quoted when the world shows that it did not do what it
was for.

A process has room for so many of them, so who would start one waits in line. And each is ended once there is
a stack, on its way up or down: from there on it only waits for what CloudFormation does without it, half a
minute and more between two looks. The tags of the auto scaling group, which it would write then, are written
here.

A stack that this attempt's eksctl was at, here or in another replica, is this attempt's failure when it
fails, told with its first cause. Any other failed stack is an earlier try's: eksctl would take it for a node
group, so it is deleted first.

Where eksctl has a device plugin to install, which it does when all else is made, it is let go on. Without
NVIDIA's, through which pods get GPUs, the nodes are of no use, and no eksctl installs it afterwards: where it
is not there in the end, that is told.

A node group that exists with another instance type, label or upper limit than asked, or under another spec,
is ours and differs. This release changes no node group: that is refused, in the preview already. How many
nodes it has now is never compared: the cluster's autoscaler moves that.
"""

from __future__ import annotations

from dataclasses import replace

from provisioner.engine.stage import Change, Goal, Stage, StageContext, Verb, Wait, pause
from provisioner.message import Message, named
from provisioner.stages.nodegroup import errors
from provisioner.stages.nodegroup.config import config_of
from provisioner.stages.nodegroup.ownership import PROJECT, foreign, ours, refuse_others, sound
from provisioner.stages.nodegroup.places import pause_in_line
from provisioner.stages.nodegroup.ports import Eksctl, NodeGroups, Nodes
from provisioner.stages.nodegroup.state import (
    Child,
    Found,
    NodeGroup,
    NodegroupSeen,
    Occupancy,
    Offer,
    Phase,
    Plugin,
    Task,
)
from provisioner.vendor_call import NotOurs, Permanent, WorkError
from provisioner.workspace import InstanceTypes, Workspace

_SOONEST = 1.0  # seconds
_SOON = 2.0  # at most in the first minute of an attempt
_LATER = 5.0  # AWS needs minutes, and counts calls
_KIND = "node-group"
_ENDING = Message("stopping eksctl, which has nothing left to do")
_PLUGIN_BY_EKSCTL = frozenset({"AmazonLinux2", "AmazonLinux2023"})
"""Images of nodes for whose GPUs eksctl installs the device plugin."""
_INSTALLING = {
    Plugin.NVIDIA: Message("waiting for eksctl to install the NVIDIA device plugin"),
    Plugin.NEURON: Message("waiting for eksctl to install the AWS Neuron device plugin"),
}


class NodegroupStage(Stage[NodegroupSeen]):
    """`ami_family`: the image of the nodes, in eksctl's words."""

    name = "nodegroup"
    title = Message("EKS node group")
    long = True

    def __init__(
        self,
        groups: NodeGroups,
        instances: InstanceTypes,
        eksctl: Eksctl,
        nodes: Nodes,
        *,
        ami_family: str = "AmazonLinux2023",
    ) -> None:
        self._groups = groups
        self._instances = instances
        self._eksctl = eksctl
        self._nodes = nodes
        self._ami_family = ami_family

    def observe(self, ws: Workspace, goal: Goal) -> NodegroupSeen:
        """In the order in which things come to be: what eksctl did before it ended is then seen.

        The list is for specs that the settings have dropped. A name may begin as ours do and be another
        project's: under such a spec only what is marked is looked at.
        """
        configured = {ws.nodegroup, *(ws.nodegroup_of(spec) for spec in ws.platform.specs)}
        listed = self._groups.names(ws.platform.cluster)
        alike = {name for name in listed if name.startswith(ws.nodegroup_of(""))} - configured
        names = (ws.nodegroup, *sorted((configured | alike) - {ws.nodegroup}))
        children = {name: self._eksctl.child(name) for name in names}
        stacks = {name: self._groups.stack(ws.stack_of(name)) for name in names}
        groups = self._groups.groups(ws.platform.cluster, names)
        found = [
            Found(name=name, child=children[name], stack=stacks[name], group=groups.get(name))
            for name in names
            if name in configured or (name in groups and groups[name].tags.get(PROJECT) == ws.project)
        ]
        asked, others = found[0], tuple(found[1:])
        if goal is Goal.ABSENT:
            grouped = [each.name for each in found if each.group is not None]
            occupancy = {name: self._occupancy(name) for name in grouped}
            return NodegroupSeen(asked=asked, others=others, occupancy=occupancy)
        drains = asked.phase is Phase.LEAVING and asked.group is not None
        return NodegroupSeen(
            asked=asked,
            others=others,
            offer=None if asked.phase in (Phase.MAKING, Phase.THERE) else self._offer(ws),
            occupancy={asked.name: self._occupancy(asked.name)} if drains else {},
            lacks_plugin=self._lacks_plugin(ws, asked),
        )

    def foreign(self, ws: Workspace, seen: NodegroupSeen, goal: Goal) -> NotOurs | None:
        """A create looks at what it would run into; a delete has to be able to remove all."""
        return foreign(ws, seen.all if goal is Goal.ABSENT else (seen.asked,))

    def ours(self, ws: Workspace, seen: NodegroupSeen) -> NodegroupSeen | None:
        asked = ours(ws, seen.asked)
        others = tuple(there for found in seen.others if (there := ours(ws, found)) is not None)
        if asked is None and not others:
            return None
        return replace(seen, asked=asked or Found(name=seen.asked.name), others=others)

    def plan(self, ws: Workspace, seen: NodegroupSeen, goal: Goal) -> tuple[Change, ...]:
        """Raises `Permanent` also for what cannot be made: a person is not asked to approve that."""
        if goal is Goal.ABSENT:
            return tuple(_deletion(ws, found, seen) for found in seen.all if found.exists)
        group = _fit(ws, seen)
        if seen.asked.phase is Phase.MAKING:
            how = Message("already being created: {how_far}", how_far=seen.asked.how_far)
            return (_change(ws, Verb.CREATE, how),)
        if seen.asked.phase is not Phase.THERE or group is None:
            return (_change(ws, Verb.CREATE, _made_of(seen)),)
        detail = Message("missing autoscaler tags, so it can't scale up from zero")
        if group.tagged:
            plugin = _lacks_plugin(seen)
            if not plugin and not seen.asked.runs(Task.CREATE):
                return ()
            detail = _INSTALLING[plugin] if plugin else _ENDING
        return (_change(ws, Verb.UPDATE, detail),)

    def ensure(self, ws: Workspace, seen: NodegroupSeen, ctx: StageContext) -> Wait | None:
        found, group = seen.asked, _fit(ws, seen)
        if found.eksctl_waits and seen.lacks_plugin is None:
            self._dismiss(found, ctx)
        match found.phase:
            case Phase.NOTHING:
                return self._create(ws, seen, ctx)
            case Phase.THERE if group is not None:
                return self._complete(seen, group, ctx)
            case Phase.MAKING:
                return Wait(_pace(ctx), Message("in progress in AWS: {how_far}", how_far=found.how_far))
            case Phase.LEAVING:
                return Wait(_pace(ctx), errors.going(found, seen.runs_there(found.name)))
            case Phase.FAILED | Phase.HOLLOW if _this_attempts(found.child, ctx) or _begun(found, ctx):
                raise errors.not_made(found)
        return self._clear(ws, found, ctx)

    def remove(self, ws: Workspace, seen: NodegroupSeen, ctx: StageContext) -> Wait | None:
        waits = [wait for found in seen.all if (wait := self._remove(ws, found, seen, ctx))]
        if not waits:
            return None
        # What is at work is told before what is in line.
        told = next((wait for wait in waits if wait.counts), waits[0])
        return replace(told, seconds=min(wait.seconds for wait in waits))

    def _offer(self, ws: Workspace) -> Offer | WorkError:
        try:
            spec = ws.platform.specs.get(ws.asked.spec)
            if spec is None:
                raise Permanent(Message("spec {name} doesn't exist", name=named(ws.asked.spec)))
            instance = self._instances.describe(spec.instance_type)
            offered = self._groups.zones_offering(spec.instance_type)
            network = self._groups.network(ws.platform.cluster)
            if zones := tuple(sorted(offered & network.zones)):
                return Offer(instance=instance, zones=zones, network=network)
            raise errors.nowhere(spec.instance_type, offered, network)
        except WorkError as error:
            return error

    def _occupancy(self, nodegroup: str) -> Occupancy | WorkError:
        try:
            return self._nodes.occupancy(nodegroup)
        except WorkError as error:
            return error

    def _lacks_plugin(self, ws: Workspace, found: Found) -> Plugin | WorkError | None:
        """Of a node group that is not there yet only while an eksctl is at work on it."""
        by_eksctl, spec = self._ami_family in _PLUGIN_BY_EKSCTL, ws.platform.specs.get(ws.asked.spec)
        at_work = found.runs(Task.CREATE) and found.phase in (Phase.MAKING, Phase.THERE)
        if not at_work and (found.phase is not Phase.THERE or not by_eksctl):
            return None
        names = found.group.instance_types if found.group else (spec.instance_type,) if spec else ()
        try:
            types = [self._instances.describe(each) for each in names]
            if by_eksctl and any(each.nvidia for each in types) and not self._nodes.device_plugin():
                return Plugin.NVIDIA
        except WorkError as error:
            return error
        return Plugin.NEURON if at_work and any(each.neuron for each in types) else None

    def _create(self, ws: Workspace, seen: NodegroupSeen, ctx: StageContext) -> Wait:
        child, name = seen.asked.child, ws.nodegroup
        begun = Wait(_SOON, Message("waiting for eksctl to create the stack"))
        if child is not None and _this_attempts(child, ctx):
            if child.running:
                return begun
            if child.ended:
                raise errors.made_nothing(name, child)
        config = config_of(ws, _known(seen), self._ami_family)
        if queued := self._in_line(name, ctx):
            return queued
        ctx.progress(Message("creating EKS node group {name}", name=named(name)))
        self._eksctl.start_create(name, config, at=ctx.now, ended=ctx.wake)
        return begun

    def _complete(self, seen: NodegroupSeen, group: NodeGroup, ctx: StageContext) -> Wait | None:
        if not group.scaling:
            return Wait(_pace(ctx), Message("waiting for EKS to report the Auto Scaling group"))
        for scaling_group, tags in group.untagged.items():
            ctx.progress(Message("tagging Auto Scaling group {name}", name=named(scaling_group)))
            self._groups.tag(scaling_group, {**group.own_tags, **tags})
        plugin = _lacks_plugin(seen)
        return Wait(_pace(ctx), _INSTALLING[plugin]) if plugin else None

    def _dismiss(self, found: Found, ctx: StageContext) -> None:
        ctx.progress(_ENDING)
        self._eksctl.dismiss(found.name)

    def _in_line(self, nodegroup: str, ctx: StageContext) -> Wait | None:
        """None: an eksctl may be started now."""
        place = self._eksctl.place(nodegroup, since=ctx.since)
        if not place:
            return None
        reason = Message("queued for eksctl: number {n} in line", n=place)
        return Wait(pause_in_line(place), reason, counts=False)

    def _remove(self, ws: Workspace, found: Found, seen: NodegroupSeen, ctx: StageContext) -> Wait | None:
        name, stack = found.name, found.stack
        if not found.exists:
            return None
        if found.eksctl_waits:
            self._dismiss(found, ctx)
            if stack is None and found.group is None:
                return None
        if found.phase is Phase.NOTHING:
            ctx.progress(
                Message("stopping eksctl, which is creating EKS node group {name}", name=named(name))
            )
            self._eksctl.end(name)
            return Wait(_SOON, Message("checking what eksctl left behind"))
        if found.phase is Phase.LEAVING:
            return Wait(_pace(ctx), errors.going(found, seen.runs_there(found.name)))
        if stack is not None and not stack.settled and stack.status != "CREATE_IN_PROGRESS":
            return Wait(_pace(ctx), Message("in progress in AWS: {how_far}", how_far=found.how_far))
        if found.phase is Phase.UNDELETED or (found.group is None and found.phase is not Phase.MAKING):
            return self._clear(ws, found, ctx)
        child = found.child
        if child is not None and child.ended and _this_attempts(child, ctx) and child.task is Task.DELETE:
            raise errors.not_deleted(found, child, seen.runs_there(name))
        if queued := self._in_line(name, ctx):
            return queued
        ctx.progress(Message("draining and deleting EKS node group {name}", name=named(name)))
        at = ws.platform
        self._eksctl.start_delete(name, cluster=at.cluster, region=at.region, at=ctx.now, ended=ctx.wake)
        return Wait(_SOON, Message("eksctl is draining EKS node group {name}", name=named(name)))

    def _clear(self, ws: Workspace, found: Found, ctx: StageContext) -> Wait:
        """Delete a stack that has no nodes. One that this attempt could not delete is its failure."""
        name, stack = ws.stack_of(found.name), found.stack
        if stack is not None and not stack.settled:
            return Wait(
                _pace(ctx),
                Message("cleaning up the failed previous attempt: {how_far}", how_far=found.how_far),
            )
        if stack is not None and found.phase is Phase.UNDELETED:
            failure = stack.failure
            if _this_attempts(found.child, ctx) or (failure is not None and failure.at >= ctx.since):
                raise errors.undeleted(name, found)
        ctx.progress(Message("deleting CloudFormation stack {name}", name=named(name)))
        self._groups.delete_stack(name)
        return Wait(_SOON, Message("CloudFormation stack {name} is being deleted", name=named(name)))


def _fit(ws: Workspace, seen: NodegroupSeen) -> NodeGroup | None:
    """The node group that is to stay, if there is one."""
    refuse_others(ws, seen.others)
    return sound(ws, seen.asked)


def _lacks_plugin(seen: NodegroupSeen) -> Plugin | None:
    """What eksctl has still to install. Raises `Permanent` where nobody will."""
    if isinstance(seen.lacks_plugin, WorkError):
        raise seen.lacks_plugin
    if seen.lacks_plugin and not seen.asked.runs(Task.CREATE):
        raise errors.no_device_plugin(seen.asked)
    return seen.lacks_plugin


def _known(seen: NodegroupSeen) -> Offer:
    if not isinstance(seen.offer, Offer):
        raise seen.offer or TypeError("the offer was not looked at")
    return seen.offer


def _made_of(seen: NodegroupSeen) -> Message:
    offer = _known(seen)
    held, zones = offer.instance, ", ".join(offer.zones)
    each = Message(
        "{vcpus} vCPU and {memory} GiB each, in {zones}",
        vcpus=held.vcpus,
        memory=held.memory_gib,
        zones=zones,
    )
    if held.gpus:
        each = Message(
            "{vcpus} vCPU, {memory} GiB and {n} GPU each, in {zones}; for NVIDIA GPUs, eksctl installs the"
            " device plugin in the whole cluster",
            plural="{vcpus} vCPU, {memory} GiB and {n} GPUs each, in {zones}; for NVIDIA GPUs, eksctl"
            " installs the device plugin in the whole cluster",
            vcpus=held.vcpus,
            memory=held.memory_gib,
            n=held.gpus,
            zones=zones,
        )
    if seen.asked.phase is not Phase.NOTHING:
        return Message("{each}; leftovers of a previous attempt are deleted first", each=each)
    return each


def _deletion(ws: Workspace, found: Found, seen: NodegroupSeen) -> Change:
    """Whoever works on the nodes loses that work: a pod's own disk goes with its node."""
    if found.stack_only:
        stack = ws.stack_of(found.name)
        target = Message("CloudFormation stack {name}", name=named(stack))
        return Change(Verb.DELETE, target, errors.state(found), kind="cloudformation-stack", name=stack)
    target = Message("EKS node group {name}", name=named(found.name))
    occupancy = seen.occupancy.get(found.name, Occupancy())
    if isinstance(occupancy, WorkError):
        raise occupancy
    state = errors.state(found)
    if found.group is None:
        return Change(Verb.DELETE, target, state, kind=_KIND, name=found.name, state=state)
    told = Message("{n} node", plural="{n} nodes", n=occupancy.nodes)
    if occupancy.pods:
        pods = Message("{n} running pod", plural="{n} running pods", n=occupancy.pods)
        told = Message("{nodes}, {pods}", nodes=told, pods=pods)
    data = occupancy.pods > 0
    return Change(Verb.DELETE, target, told, kind=_KIND, name=found.name, destroys_data=data, state=state)


def _this_attempts(child: Child | None, ctx: StageContext) -> bool:
    return child is not None and child.started_at >= ctx.since


def _begun(found: Found, ctx: StageContext) -> bool:
    """Whether its stack was by this attempt, maybe by an eksctl of another replica."""
    events = found.stack.events if found.stack else ()
    return bool(events) and events[0].at >= ctx.since


def _pace(ctx: StageContext) -> float:
    longest = _SOON if ctx.taken < 60 else _LATER
    return longest if ctx.usual is None else pause(ctx, longest, shortest=_SOONEST)


def _change(ws: Workspace, verb: Verb, detail: Message) -> Change:
    """What is approved: the type and the sizes."""
    spec = ws.platform.specs.get(ws.asked.spec)
    type_ = spec.instance_type if spec else ws.asked.spec
    target = Message(
        "EKS node group {name}: {type}, {desired} initial nodes, {max} maximum",
        name=named(ws.nodegroup),
        type=named(type_),
        desired=ws.asked.desired,
        max=ws.asked.max,
    )
    promise = {"type": type_, "desired": str(ws.asked.desired), "max": str(ws.asked.max)}
    return Change(verb, target, detail, kind=_KIND, name=ws.nodegroup, promise=promise)

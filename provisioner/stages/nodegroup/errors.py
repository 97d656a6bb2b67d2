"""What a node group waits for and what went wrong with it: what could not be done, and the facts. Pure.

eksctl and the node group's own status say little; the cause stands in the events of the stack, in the health
of the node group, and in the cluster's disruption budgets.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Sequence

from provisioner.message import Message, named
from provisioner.stages.nodegroup.state import (
    Blocked,
    Child,
    Found,
    Network,
    NodeGroup,
    Occupancy,
    Phase,
)
from provisioner.vendor_call import Cause, Permanent

_NOT_DRAINED = re.compile(r"to be drained|disruption budget")
"""eksctl's words for a pod that did not go. It may end for another reason while some budget has no room."""


def state(found: Found) -> Message | None:
    """What there is of it; None when it is simply there."""
    how_far = found.group.status if found.group else found.stack.status if found.stack else ""
    match found.phase:
        case Phase.THERE:
            return None
        case Phase.NOTHING:
            return Message("eksctl has started to create it")
        case Phase.MAKING:
            return Message("still being created, {how_far}", how_far=how_far)
        case Phase.FAILED if found.group is not None:
            return Message("failed, rolling back, {how_far}", how_far=how_far)
        case Phase.FAILED:
            return Message("only the failed stack exists, {how_far}", how_far=how_far)
        case Phase.HOLLOW:
            return Message("only the stack exists, {how_far}", how_far=how_far)
        case Phase.LEAVING if not how_far:
            return Message("being deleted by eksctl")
        case Phase.LEAVING:
            return Message("being deleted, {how_far}", how_far=how_far)
        case Phase.UNDELETED:
            return Message("left over from its deletion, {how_far}", how_far=how_far)


def going(found: Found, occupancy: Occupancy | None) -> Message:
    """What its removal waits for. `occupancy` is None where it is not known."""
    name = named(found.name)
    draining = found.group is not None and (found.stack is None or found.stack.settled)
    if draining and occupancy is not None:
        if occupancy.blocked:
            return _held(Message("waiting to drain EKS node group {name}", name=name), occupancy.blocked)
        if not occupancy.pods:
            return Message("eksctl is draining EKS node group {name}", name=name)
        return Message(
            "draining EKS node group {name}: {n} pod left",
            plural="draining EKS node group {name}: {n} pods left",
            name=name,
            n=occupancy.pods,
        )
    if not found.how_far:
        return Message("eksctl is finishing the deletion of EKS node group {name}", name=name)
    return Message("EKS node group {name} is being deleted ({how_far})", name=name, how_far=found.how_far)


def not_made(found: Found) -> Permanent:
    what = Message("cannot create EKS node group {name}", name=named(found.name))
    if found.phase is Phase.HOLLOW:
        what = Message(
            "the stack is complete, but EKS node group {name} doesn't exist", name=named(found.name)
        )
    return Permanent(what, cause=_failure("CreateStack", found))


def made_nothing(name: str, child: Child) -> Permanent:
    """It ended, and there is not even a stack. A stack that was rolled back counts for it as made: exit 0."""
    what = Message("cannot create EKS node group {name}", name=named(name))
    if child.exit_code == 0:
        what = Message("eksctl succeeded, but EKS node group {name} doesn't exist", name=named(name))
    return Permanent(what, cause=_said("create nodegroup", child))


def not_deleted(found: Found, child: Child, occupancy: Occupancy | None) -> Permanent:
    """It ended, and nothing is on its way out: most often it could not drain a node in time."""
    what = Message("cannot delete EKS node group {name}", name=named(found.name))
    if occupancy is not None and occupancy.blocked and _NOT_DRAINED.search(child.words):
        what = _held(Message("cannot drain EKS node group {name}", name=named(found.name)), occupancy.blocked)
    return Permanent(what, cause=_said("delete nodegroup", child))


def undeleted(stack: str, found: Found) -> Permanent:
    what = Message("cannot delete CloudFormation stack {name}", name=named(stack))
    return Permanent(what, cause=_failure("DeleteStack", found))


def unwell(group: NodeGroup, name: str) -> Permanent:
    cause = Cause(service="eks", operation="DescribeNodegroup", code=group.status, raw_text=_issues(group))
    what = Message("EKS node group {name} is {status}", name=named(name), status=group.status)
    return Permanent(what, cause=cause)


def no_device_plugin(found: Found) -> Permanent:
    """eksctl installs it last, and only with a node group that it makes: called again, it would not."""
    child = found.child
    told = child is not None and bool(child.exit_code) and "device plugin" in child.words
    what = Message(
        "EKS node group {name} has NVIDIA GPUs, but the cluster has no NVIDIA device plugin",
        name=named(found.name),
    )
    return Permanent(what, cause=_said("create nodegroup", child) if child is not None and told else None)


def nowhere(instance_type: str, offered: Collection[str], network: Network) -> Permanent:
    what = Message(
        "{type} is offered in {offered}, but the cluster has private subnets only in {zones}",
        type=named(instance_type),
        offered=", ".join(sorted(offered)) or "–",
        zones=", ".join(sorted(network.zones)) or "–",
    )
    hint = Message(
        "Choose another spec. Or ask your AWS administrator to create a private subnet in one of the"
        " offered zones."
    )
    return Permanent(what, hint=hint)


def _held(what: Message, blocked: Sequence[Blocked]) -> Message:
    """eksctl names neither the pod nor the budget."""
    first = blocked[0]
    return Message(
        "{what}: pod disruption budget {budget} blocks pod {pod}",
        plural="{what}: pod disruption budget {budget} blocks pod {pod}, one of {n}",
        n=len(blocked),
        what=what,
        budget=named(first.budget),
        pod=named(first.pod),
    )


def _said(operation: str, child: Child) -> Cause:
    return Cause(service="eksctl", operation=operation, code=f"exit {child.exit_code}", raw_text=child.words)


def _failure(operation: str, found: Found) -> Cause:
    """The first thing that failed in the stack, and what EKS says of the node group."""
    stack = found.stack
    first = stack.failure if stack else None
    code = f"{first.status}/{first.resource}" if first else stack.status if stack else ""
    reason = first.reason if first else stack.reason if stack else ""
    issues = _issues(found.group) if found.group else ""
    words = "; ".join(each for each in (reason, issues) if each)
    return Cause(service="cloudformation", operation=operation, code=code, raw_text=words)


def _issues(group: NodeGroup) -> str:
    return "; ".join(group.issues)

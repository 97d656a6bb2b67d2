"""What there is of node groups: how much of it is ours, and whether it is as it was asked for. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace

from provisioner.message import Message, listed, named
from provisioner.stages.nodegroup import errors
from provisioner.stages.nodegroup.state import Found, NodeGroup, Phase, Task
from provisioner.vendor_call import NotOurs, Permanent
from provisioner.workspace import Workspace

PROJECT = "workspace-bot/project"
ROLE = "aic-role"
"""The label by which AI Conductor finds a workspace's nodes."""

_UNCHANGED = Message(
    "Request the existing spec, or delete the workspace first. The bot can't change an existing node group."
)

_EMPTIED = frozenset({"ROLLBACK_IN_PROGRESS", "ROLLBACK_COMPLETE", "DELETE_IN_PROGRESS"})
"""Of a stack that will have no resource any more, so that to delete it deletes nothing else."""


def foreign(ws: Workspace, all_found: Iterable[Found]) -> NotOurs | None:
    """All of them at once."""
    if strangers := [name for found in all_found for name in _strangers(ws, found)]:
        return NotOurs(
            Message("already exists and wasn't created by this bot: {things}", things=listed(strangers))
        )
    return None


def ours(ws: Workspace, found: Found) -> Found | None:
    """What of it is to be removed; None: nothing.

    Where a stack of ours failed on a node group that somebody had made first, only the stack is. Raises
    `Permanent` for any other pair of which one is marked as ours: to delete one might delete the other.
    """
    if not any(_strangers(ws, found)):
        return found if found.exists else None
    stack = found.stack if found.stack and _marked(ws, found.stack.tags) else None
    group = found.group if found.group and _marked(ws, found.group.tags) else None
    if stack is None and group is None:
        return None
    if stack is not None and stack.status in _EMPTIED:
        return replace(found, group=None, stack_only=True)
    raise Permanent(
        Message(
            "only one of CloudFormation stack {stack} and EKS node group {name} was created by this bot",
            stack=named(ws.stack_of(found.name)),
            name=named(found.name),
        )
    )


def _strangers(ws: Workspace, found: Found) -> Iterator[Message]:
    """By the name of the stack, where there is one that is not ours."""
    if found.stack is not None and not _marked(ws, found.stack.tags):
        yield Message("CloudFormation stack {name}", name=named(ws.stack_of(found.name)))
    elif found.group is not None and not _marked(ws, found.group.tags):
        yield Message("EKS node group {name}", name=named(found.name))


def _marked(ws: Workspace, tags: Mapping[str, str]) -> bool:
    return tags.get(PROJECT) == ws.project


def refuse_others(ws: Workspace, others: Iterable[Found]) -> None:
    """Raises `Permanent` for nodes of this workspace under another spec: one more node group would change a
    workspace that is there. What is left of one that was never made is no reason."""
    for found in others:
        spec = found.name.removeprefix(ws.nodegroup_of(""))
        if found.group is not None and found.group.tags.get(PROJECT) == ws.project:
            what = Message(
                "EKS node group {name} already exists with spec {spec}",
                name=named(found.name),
                spec=named(spec),
            )
            raise Permanent(what, hint=_UNCHANGED)
        tags = found.stack.tags if found.stack else {}
        if found.runs(Task.CREATE) or (found.phase is Phase.MAKING and tags.get(PROJECT) == ws.project):
            what = Message(
                "EKS node group {name} is being created with spec {spec}",
                name=named(found.name),
                spec=named(spec),
            )
            raise Permanent(what, hint=_UNCHANGED)


def sound(ws: Workspace, found: Found) -> NodeGroup | None:
    """The node group that is to stay, if there is one. Raises `Permanent` for one that cannot do."""
    group = found.group
    if group is None or found.phase not in (Phase.MAKING, Phase.THERE, Phase.UNDELETED):
        return None
    if found.phase is Phase.UNDELETED:
        # Somebody may work on its nodes: for a delete to end, not for a create.
        raise errors.undeleted(ws.stack_of(found.name), found)
    if found.phase is Phase.THERE and group.status != "ACTIVE":
        raise errors.unwell(group, found.name)
    spec = ws.platform.specs.get(ws.asked.spec)
    same = spec is None or (
        group.instance_types == (spec.instance_type,)
        and group.most == ws.asked.max
        and group.labels.get(ROLE) == ws.node_label
    )
    if not same:
        what = Message(
            "EKS node group {name} already exists with {type}, {most} maximum nodes and label {label}",
            name=named(found.name),
            type=", ".join(group.instance_types),
            most=group.most,
            label=group.labels.get(ROLE, "–"),
        )
        raise Permanent(what, hint=_UNCHANGED)
    return group

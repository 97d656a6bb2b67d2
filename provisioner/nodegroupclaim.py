"""Whether what there is of node groups is ours, and as it was asked for: if not, that is refused. Pure."""

from __future__ import annotations

from collections.abc import Iterable

from provisioner import nodegrouptrouble as trouble
from provisioner.errors import NotOurs, Permanent
from provisioner.message import Message, Ref, RefKind
from provisioner.nodegroupstate import Found, NodeGroup, Phase, Task
from provisioner.workspace import Workspace

PROJECT = "workspace-bot/project"
ROLE = "aic-role"
"""The label by which AI Conductor finds a workspace's nodes."""

_UNCHANGED = Message("Ask for what is there, or delete the workspace first: no node group is changed yet.")


def refuse_strangers(ws: Workspace, all_found: Iterable[Found]) -> None:
    hint = Message("Choose another project name, or remove it by hand.")
    for found in all_found:
        if found.stack is not None and found.stack.tags.get(PROJECT) != ws.project:
            name = _name(ws.stack_of(found.name))
            raise NotOurs(Message("stack {name} exists and was not made by this bot", name=name), hint=hint)
        if found.group is not None and found.group.tags.get(PROJECT) != ws.project:
            name = _name(found.name)
            raise NotOurs(
                Message("node group {name} exists and was not made by this bot", name=name), hint=hint
            )


def refuse_others(ws: Workspace, others: Iterable[Found]) -> None:
    """Raises `Permanent` for nodes of this workspace under another spec: one more node group would change a
    workspace that is there. What is left of one that was never made is no reason."""
    for found in others:
        spec = found.name.removeprefix(ws.nodegroup_of(""))
        if found.group is not None and found.group.tags.get(PROJECT) == ws.project:
            what = Message(
                "node group {name} exists with spec {spec}", name=_name(found.name), spec=_name(spec)
            )
            raise Permanent(what, hint=_UNCHANGED)
        tags = found.stack.tags if found.stack else {}
        if found.runs(Task.CREATE) or (found.phase is Phase.MAKING and tags.get(PROJECT) == ws.project):
            what = Message(
                "node group {name} is being made with spec {spec}", name=_name(found.name), spec=_name(spec)
            )
            raise Permanent(what, hint=_UNCHANGED)


def sound(ws: Workspace, found: Found) -> NodeGroup | None:
    """The node group that is to stay, if there is one. Raises `Permanent` for one that cannot do."""
    group = found.group
    if group is None or found.phase not in (Phase.MAKING, Phase.THERE, Phase.UNDELETED):
        return None
    if found.phase is Phase.UNDELETED:
        # Somebody may work on its nodes: for a delete to end, not for a create.
        raise trouble.undeleted(ws.stack_of(found.name), found)
    if found.phase is Phase.THERE and group.status != "ACTIVE":
        raise trouble.unwell(group, found.name)
    spec = ws.platform.specs.get(ws.asked.spec)
    same = spec is None or (
        group.instance_types == (spec.instance_type,)
        and group.most == ws.asked.max
        and group.labels.get(ROLE) == ws.node_label
    )
    if not same:
        what = Message(
            "node group {name} exists with {type}, at most {most} and label {label}",
            name=_name(found.name),
            type=", ".join(group.instance_types),
            most=group.most,
            label=group.labels.get(ROLE, "–"),
        )
        raise Permanent(what, hint=_UNCHANGED)
    return group


def _name(value: str) -> Ref:
    return Ref(RefKind.NAME, value)

"""The workspace in AI Conductor, with the resources that its pipelines may ask for.

AI Conductor derives namespace, login and node label from the name it is given, and whether it adds the `-ws`
to that name is not known: so what it made is read back, and anything else than the derived names is an error.
A workspace with such a wrong name is still ours by its bucket, so that it can be removed again.

What a node holds is looked up, never typed.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass

from provisioner.engine.stage import Change, Goal, Stage, StageContext, Verb, Wait
from provisioner.message import Message, named
from provisioner.ownership import Tags, foreign_bucket
from provisioner.stages.conductor.model import (
    Conductor,
    ConductorWorkspace,
    NameForm,
    NewWorkspace,
    Resource,
    foreign_workspace,
    refuse_used,
)
from provisioner.vendor_call import NotOurs, Permanent, Temporary
from provisioner.workspace import InstanceTypes, Workspace, dashboard_uid


@dataclass(frozen=True, slots=True, kw_only=True)
class WorkspaceSeen:
    """`wanted` is for a create, and an error when it cannot be told what a node holds; all but that and
    `found` is for a delete."""

    wanted: Resource | Permanent | None = None
    found: ConductorWorkspace | None = None
    solutions: tuple[str, ...] = ()
    members: tuple[str, ...] | None = ()  # logins; None: AI Conductor does not tell
    bucket: Mapping[str, str] | None = None  # its tags


class ConductorWorkspaceStage(Stage[WorkspaceSeen]):
    """`monitored`: every workspace has a dashboard; else only one for which a person gave one."""

    name = "conductor-workspace"
    title = Message("AI Conductor workspace")
    by_name = True

    def __init__(
        self,
        conductor: Conductor,
        buckets: Tags,
        instances: InstanceTypes,
        *,
        form: NameForm,
        monitored: bool,
    ) -> None:
        self._conductor = conductor
        self._buckets = buckets
        self._instances = instances
        self._form = form
        self._monitored = monitored

    def observe(self, ws: Workspace, goal: Goal) -> WorkspaceSeen:
        found = self._find(ws)
        if goal is Goal.PRESENT:
            return WorkspaceSeen(wanted=self._wanted(ws), found=found)
        if found is None or foreign_workspace(ws, found):
            return WorkspaceSeen(found=found)  # what a stranger's holds is not for us to read
        members = self._conductor.members(found)
        return WorkspaceSeen(
            found=found,
            solutions=tuple(self._conductor.solutions(found)),
            members=None if members is None else tuple(member.login for member in members),
            bucket=self._buckets.tags(ws.bucket),
        )

    def foreign(self, ws: Workspace, seen: WorkspaceSeen, goal: Goal) -> NotOurs | None:
        return foreign_workspace(ws, seen.found) or foreign_bucket(ws, seen.bucket)

    def plan(self, ws: Workspace, seen: WorkspaceSeen, goal: Goal) -> tuple[Change, ...]:
        """What no run could do is refused here, before anybody approves it: wrong names, solutions in it."""
        found = seen.found
        if goal is Goal.PRESENT:
            if found is not None:
                _refuse_differences(ws, found)
                if _has(ws, found, seen.wanted):
                    return ()
            verb = Verb.UPDATE if found else Verb.CREATE
            return (_change(verb, ws.name, _resources(_known(seen.wanted))),)
        if found is None:
            return ()
        refuse_used(found, seen.solutions)
        return (_change(Verb.DELETE, found.name, _lost(found, seen.members)),)

    def ensure(self, ws: Workspace, seen: WorkspaceSeen, ctx: StageContext) -> Wait | None:
        found = seen.found
        if found is not None:
            _refuse_differences(ws, found)
            if _has(ws, found, seen.wanted):
                return None
        wanted = _known(seen.wanted)
        new = self._new(ws, wanted, found)
        if found is None:
            made = self._create(ws, new, ctx)
        else:
            ctx.progress(Message("changing AI Conductor workspace {name}", name=named(ws.name)))
            self._conductor.update_workspace(found, new)
            made = self._conductor.look(found)
        _refuse_differences(ws, made)
        if not _has(ws, made, wanted):
            raise Permanent(
                Message(
                    "AI Conductor didn't save the resources of workspace {name}: {resources}",
                    name=named(ws.name),
                    resources=_resources(wanted),
                )
            )
        return None

    def remove(
        self,
        ws: Workspace,
        seen: WorkspaceSeen,
        ctx: StageContext,
    ) -> Wait | None:
        if seen.found is None:
            return None
        refuse_used(seen.found, seen.solutions)
        ctx.progress(Message("deleting AI Conductor workspace {name}", name=named(seen.found.name)))
        self._conductor.delete_workspace(seen.found)
        return None

    def _wanted(self, ws: Workspace) -> Resource | Permanent:
        spec = ws.platform.specs.get(ws.asked.spec)
        if spec is None:
            return Permanent(Message("the settings no longer have spec {name}", name=named(ws.asked.spec)))
        try:
            node = self._instances.describe(spec.instance_type)
        except Permanent as error:
            return error
        return Resource(name=ws.asked.spec, vcpu=node.vcpus, ram_gb=node.memory_gib, gpu=node.gpus)

    def _find(self, ws: Workspace) -> ConductorWorkspace | None:
        """The one on our bucket, of our name or one that it got wrongly; else a stranger's of our name."""
        listed = {each.name: each for each in self._conductor.workspaces()}
        by_name = self._conductor.look(listed[ws.name]) if ws.name in listed else None
        if by_name is not None and by_name.bucket == ws.bucket:
            return by_name
        wrong = (ws.project, f"{ws.name}-ws")  # what comes of giving the other form of the name
        looked_at = (self._conductor.look(listed[name]) for name in wrong if name in listed)
        return next((each for each in looked_at if each.bucket == ws.bucket), by_name)

    def _new(self, ws: Workspace, wanted: Resource, found: ConductorWorkspace | None) -> NewWorkspace:
        """Of one that is there, resources of other names stay, and so does its dashboard: only the resources
        stand in the plan."""
        others = tuple(each for each in found.resources if each.name != wanted.name) if found else ()
        dashboard = ws.dashboard if self._monitored else dashboard_uid(ws.asked.dashboard)
        return NewWorkspace(
            name=self._form.of(ws),
            bucket=ws.bucket,
            dashboard=found.dashboard if found else dashboard,
            resources=(*others, wanted),
        )

    def _create(self, ws: Workspace, new: NewWorkspace, ctx: StageContext) -> ConductorWorkspace:
        given = asdict(new)
        given["resources"] = [asdict(each) for each in new.resources]
        ctx.record(
            Message(
                "Saved the values for AI Conductor workspace {name} before the call", name=named(ws.name)
            ),
            given,
        )
        ctx.progress(Message("creating AI Conductor workspace {name}", name=named(ws.name)))
        number = self._conductor.create_workspace(new)
        made = next((each for each in self._conductor.workspaces() if each.id == number), None)
        looked_at = self._conductor.look(made) if made else self._find(ws)
        if looked_at is None:
            raise Temporary(
                Message("AI Conductor doesn't list the new workspace {name}", name=named(ws.name))
            )
        return looked_at


def _refuse_differences(ws: Workspace, found: ConductorWorkspace) -> None:
    for wrong in _differences(ws, found):
        raise Permanent(wrong)


def _differences(ws: Workspace, found: ConductorWorkspace) -> Iterator[Message]:
    """What AI Conductor derived otherwise than we do; what it does not tell is not compared."""
    if found.name != ws.name:
        yield Message(
            "AI Conductor created workspace {found}, not {wanted}",
            found=named(found.name),
            wanted=named(ws.name),
        )
    if found.namespace not in ("", ws.namespace):
        yield Message(
            "AI Conductor workspace {name} has namespace {found}, not {wanted}",
            name=named(found.name),
            found=named(found.namespace),
            wanted=named(ws.namespace),
        )
    if found.login not in ("", ws.login_email):
        yield Message(
            "AI Conductor workspace {name} has login {found}, not {wanted}",
            name=named(found.name),
            found=named(found.login),
            wanted=named(ws.login_email),
        )
    for resource in found.resources:
        if resource.name == ws.asked.spec and resource.label not in ("", ws.node_label):
            yield Message(
                "AI Conductor workspace {name} has node label {found}, not {wanted}",
                name=named(found.name),
                found=named(resource.label),
                wanted=named(ws.node_label),
            )


def _known(wanted: Resource | Permanent | None) -> Resource:
    if not isinstance(wanted, Resource):
        raise wanted or TypeError("what a node holds was not looked at")
    return wanted


def _has(ws: Workspace, found: ConductorWorkspace, wanted: Resource | Permanent | None) -> bool:
    """Whether its pipelines can ask for the node that was asked for, as far as that can be told."""
    if not isinstance(wanted, Resource):
        return any(each.name == ws.asked.spec for each in found.resources)
    numbers = (wanted.name, wanted.vcpu, wanted.ram_gb, wanted.gpu)
    return any((each.name, each.vcpu, each.ram_gb, each.gpu) == numbers for each in found.resources)


def _resources(wanted: Resource) -> Message:
    return Message(
        "{spec}: {vcpu} vCPU, {ram_gb} GB memory, {gpu} GPU",
        spec=named(wanted.name),
        vcpu=wanted.vcpu,
        ram_gb=wanted.ram_gb,
        gpu=wanted.gpu,
    )


def _lost(found: ConductorWorkspace, members: tuple[str, ...] | None) -> Message:
    """What goes with it, in a line. Solutions there are none by then."""
    resources = ", ".join(each.name for each in found.resources) or "-"
    if members is None:
        return Message("no solutions; resources: {resources}; all members lose access", resources=resources)
    if not members:
        return Message("no solutions, no members; resources: {resources}", resources=resources)
    return Message(
        "no solutions; resources: {resources}; {n} member loses access: {members}",
        plural="no solutions; resources: {resources}; {n} members lose access: {members}",
        resources=resources,
        n=len(members),
        members=", ".join(members),
    )


def _change(verb: Verb, name: str, detail: Message) -> Change:
    target = Message("AI Conductor workspace {name}", name=named(name))
    return Change(verb, target, detail, kind="conductor-workspace", name=name)

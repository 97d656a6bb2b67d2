"""The role of the edge account in the workspace: Manager, proved by one login as that account.

Whether it is there is told by the members that the admin sees; where AI Conductor has no such call, only the
account's own login tells. A login that is refused counts towards the lock of the account (five lock it), so
a finished workspace is not looked at by logging in where that can be helped.

The login comes right after the role was given. Until it showed this workspace, with this role and nothing
else, the role is not done: a login that shows something else takes the role away again, so that trying again
proves it again; and a role whose login found no answer is remembered here as unproved. Only a process that
is killed between the two leaves a role that the admin's view alone vouches for.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from provisioner.engine.stage import Change, Goal, Stage, StageContext, Verb, Wait
from provisioner.message import Message, named
from provisioner.ownership import Tags, foreign_bucket
from provisioner.stages.conductor.model import (
    Access,
    Account,
    Conductor,
    ConductorWorkspace,
    Listed,
    WorkspaceRole,
    find,
    foreign_login,
    refuse_used,
)
from provisioner.vendor_call import NotOurs, Permanent, Temporary
from provisioner.workspace import Workspace


@dataclass(frozen=True, slots=True, kw_only=True)
class MemberSeen:
    workspace: ConductorWorkspace | None = None
    account: Account | None = None
    role: str = ""  # empty: no member
    proved: bool = True  # False: given by this process, and not yet proved
    bucket: Mapping[str, str] | None = None  # its tags; looked at for a delete only, where there is a role


class ConductorMemberStage(Stage[MemberSeen]):
    name = "conductor-member"
    title = Message("AI Conductor role")
    by_name = True

    def __init__(self, conductor: Conductor, buckets: Tags) -> None:
        self._conductor = conductor
        self._buckets = buckets
        self._unproved: set[str] = set()

    def observe(self, ws: Workspace, goal: Goal) -> MemberSeen:
        workspace = find(self._conductor, ws.name)
        account = self._conductor.account(ws.edge_account)
        seen = MemberSeen(workspace=workspace, account=account)
        if workspace is None or account is None or self.foreign(ws, seen, goal):
            return seen  # where one of them is somebody else's, nobody's role is for us to look at
        role = self._role(ws, workspace)
        bucket = self._buckets.tags(ws.bucket) if role and goal is Goal.ABSENT else None
        return replace(seen, role=role, proved=ws.name not in self._unproved, bucket=bucket)

    def foreign(self, ws: Workspace, seen: MemberSeen, goal: Goal) -> NotOurs | None:
        return foreign_login(ws, seen.workspace, seen.account) or foreign_bucket(ws, seen.bucket)

    def plan(self, ws: Workspace, seen: MemberSeen, goal: Goal) -> tuple[Change, ...]:
        if goal is Goal.ABSENT:
            return (_change(ws, Verb.DELETE),) if seen.role else ()
        if seen.role != WorkspaceRole.MANAGER:
            instead = Message("replaces role {role}", role=named(seen.role)) if seen.role else None
            return (_change(ws, Verb.CREATE, instead),)
        if not seen.proved:
            return (_change(ws, Verb.UPDATE, Message("to be verified by a login")),)
        return ()

    def ensure(self, ws: Workspace, seen: MemberSeen, ctx: StageContext) -> Wait | None:
        if seen.role == WorkspaceRole.MANAGER and seen.proved:
            return None
        if seen.workspace is None or seen.account is None:
            raise Temporary(
                Message(
                    "cannot make {login} Manager of AI Conductor workspace {name}: the account or the"
                    " workspace doesn't exist",
                    login=named(ws.edge_account),
                    name=named(ws.name),
                )
            )
        if seen.role != WorkspaceRole.MANAGER:
            if seen.role:
                self._take_out(ws, seen.workspace, seen.account, ctx)
            ctx.progress(
                Message(
                    "making {login} Manager of AI Conductor workspace {name}",
                    login=named(ws.edge_account),
                    name=named(ws.name),
                )
            )
            self._unproved.add(ws.name)
            self._conductor.add_member(seen.workspace, seen.account, WorkspaceRole.MANAGER)
        self._prove(ws, seen.workspace, seen.account, ctx)
        return None

    def remove(self, ws: Workspace, seen: MemberSeen, ctx: StageContext) -> Wait | None:
        """The first step of a delete in AI Conductor: nothing is begun there while solutions are left."""
        if not seen.role or seen.workspace is None or seen.account is None:
            return None
        refuse_used(seen.workspace, self._conductor.solutions(seen.workspace))
        self._take_out(ws, seen.workspace, seen.account, ctx)
        return None

    def _role(self, ws: Workspace, workspace: Listed) -> str:
        members = self._conductor.members(workspace)
        if members is None:
            accesses = self._conductor.log_in(ws.edge_account, password=ws.edge_password)
            return next((each.role for each in accesses if each.workspace == ws.name), "")
        return next((each.role for each in members if each.login == ws.edge_account), "")

    def _prove(self, ws: Workspace, workspace: Listed, account: Account, ctx: StageContext) -> None:
        ctx.progress(
            Message(
                "logging in to AI Conductor once as {login} to verify the role", login=named(ws.edge_account)
            )
        )
        try:
            accesses = self._conductor.log_in(ws.edge_account, password=ws.edge_password)
            _refuse_other_accesses(ws, accesses)
        except Permanent:
            self._take_out(ws, workspace, account, ctx)
            self._unproved.discard(ws.name)
            raise
        self._unproved.discard(ws.name)

    def _take_out(self, ws: Workspace, workspace: Listed, account: Account, ctx: StageContext) -> None:
        ctx.progress(
            Message(
                "removing {login} from AI Conductor workspace {name}",
                login=named(ws.edge_account),
                name=named(ws.name),
            )
        )
        self._conductor.remove_member(workspace, account)


def _change(ws: Workspace, verb: Verb, detail: Message | None = None) -> Change:
    promise = {"role": "Manager", "workspace": ws.name}
    target = Message(
        "AI Conductor role {role} for {login} in workspace {workspace}",
        role=named("Manager"),
        login=named(ws.edge_account),
        workspace=named(ws.name),
    )
    return Change(verb, target, detail, kind="conductor-role", name=ws.edge_account, promise=promise)


def _refuse_other_accesses(ws: Workspace, accesses: Sequence[Access]) -> None:
    if tuple(accesses) == (Access(workspace=ws.name, role=WorkspaceRole.MANAGER),):
        return
    raise Permanent(
        Message(
            "AI Conductor account {login} must have only the Manager role in {name}, but has {found}",
            login=named(ws.edge_account),
            found=", ".join(f"{each.workspace} ({each.role})" for each in accesses) or "-",
            name=named(ws.name),
        )
    )

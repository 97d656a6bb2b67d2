"""The account in AI Conductor with which Edge Conductor logs in.

It is ours by its derived name, unless the workspace of our name is not ours: this bot makes no account before
it has made the workspace, so whoever made that one made the account, by the same runbook, and both are left.
Its password is the platform's, which is shown nowhere. An account of that name that is there already counts
as there, whatever its password: the role in the workspace, which comes next, is proved by a login.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from provisioner.engine.stage import Change, Goal, Stage, StageContext, Verb, Wait
from provisioner.message import Message, named
from provisioner.ownership import Tags, foreign_bucket
from provisioner.stages.conductor.model import (
    Account,
    AccountType,
    Conductor,
    ConductorWorkspace,
    find,
    foreign_login,
)
from provisioner.vendor_call import NotOurs
from provisioner.workspace import Workspace


@dataclass(frozen=True, slots=True, kw_only=True)
class AccountSeen:
    """`workspace`: the one of our name; looked at only where there is an account, as are the `bucket`'s tags
    for a delete."""

    account: Account | None = None
    workspace: ConductorWorkspace | None = None
    bucket: Mapping[str, str] | None = None


class ConductorAccountStage(Stage[AccountSeen]):
    name = "conductor-account"
    title = Message("AI Conductor account")
    by_name = True

    def __init__(self, conductor: Conductor, buckets: Tags) -> None:
        self._conductor = conductor
        self._buckets = buckets

    def observe(self, ws: Workspace, goal: Goal) -> AccountSeen:
        account = self._conductor.account(ws.edge_account)
        if account is None:
            return AccountSeen()
        return AccountSeen(
            account=account,
            workspace=find(self._conductor, ws.name),
            bucket=self._buckets.tags(ws.bucket) if goal is Goal.ABSENT else None,
        )

    def foreign(self, ws: Workspace, seen: AccountSeen, goal: Goal) -> NotOurs | None:
        return foreign_login(ws, seen.workspace, seen.account) or foreign_bucket(ws, seen.bucket)

    def plan(self, ws: Workspace, seen: AccountSeen, goal: Goal) -> tuple[Change, ...]:
        if goal is Goal.PRESENT:
            detail = Message("type Developer, with the platform's fixed password")
            return () if seen.account else (_change(ws, Verb.CREATE, detail),)
        detail = Message("Edge Conductor loses this login")
        return (_change(ws, Verb.DELETE, detail),) if seen.account else ()

    def ensure(self, ws: Workspace, seen: AccountSeen, ctx: StageContext) -> Wait | None:
        if seen.account is None:
            ctx.progress(Message("creating AI Conductor account {login}", login=named(ws.edge_account)))
            self._conductor.create_account(
                ws.edge_account, password=ws.edge_password, type_=AccountType.DEVELOPER
            )
        return None

    def remove(self, ws: Workspace, seen: AccountSeen, ctx: StageContext) -> Wait | None:
        if seen.account is not None:
            ctx.progress(Message("deleting AI Conductor account {login}", login=named(ws.edge_account)))
            self._conductor.delete_account(seen.account)
        return None


def _change(ws: Workspace, verb: Verb, detail: Message) -> Change:
    login = ws.edge_account
    target = Message("AI Conductor account {name}", name=named(login))
    return Change(verb, target, detail, kind="conductor-account", name=login)

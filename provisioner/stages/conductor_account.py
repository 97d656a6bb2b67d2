"""The account in AI Conductor with which Edge Conductor logs in.

It is ours by its derived name, and its password is the platform's, which is shown nowhere. An account of that
name that is there already counts as there, whatever its password: the role in the workspace, which comes
next, is proved by a login.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

from pydantic import SecretStr

from provisioner.conductor import Account, AccountType, refuse_other_type
from provisioner.message import Message, Ref, RefKind
from provisioner.stage import Change, Goal, StageContext, Verb, Wait
from provisioner.workspace import Workspace


class Accounts(Protocol):
    """What this stage needs of AI Conductor. What was deleted there is in no answer."""

    def account(self, login: str) -> Account | None: ...

    def create_account(self, login: str, *, password: SecretStr, type_: AccountType) -> None: ...

    def delete_account(self, account: Account) -> None: ...  # nothing when it is gone


class ConductorAccountStage:
    def __init__(self, conductor: Accounts) -> None:
        self._conductor = conductor

    @property
    def name(self) -> str:
        return "conductor-account"

    @property
    def title(self) -> Message:
        return Message("AI Conductor account")

    def locks(self, ws: Workspace) -> Sequence[str]:  # noqa: ARG002 - it edits nothing shared
        return ()

    def observe(self, ws: Workspace) -> Account | None:
        return self._conductor.account(ws.edge_account)

    def plan(self, ws: Workspace, seen: Account | None, goal: Goal) -> tuple[Change, ...]:
        refuse_other_type(seen)
        target = Message("AI Conductor account {name}", name=_name(ws.edge_account))
        if goal is Goal.PRESENT:
            detail = Message("type Developer, with the platform's fixed password")
            return () if seen else (Change(Verb.CREATE, target, detail),)
        detail = Message("Edge Conductor can no longer log in with it")
        return (Change(Verb.DELETE, target, detail),) if seen else ()

    def ensure(self, ws: Workspace, seen: Account | None, ctx: StageContext) -> Wait | None:
        refuse_other_type(seen)
        if seen is None:
            ctx.progress(Message("creating AI Conductor account {login}", login=_name(ws.edge_account)))
            self._conductor.create_account(
                ws.edge_account, password=ws.edge_password, type_=AccountType.DEVELOPER
            )
        return None

    def remove(self, ws: Workspace, seen: Account | None, ctx: StageContext) -> Wait | None:
        refuse_other_type(seen)
        if seen is not None:
            ctx.progress(Message("deleting AI Conductor account {login}", login=_name(ws.edge_account)))
            self._conductor.delete_account(seen)
        return None


def _name(value: str) -> Ref:
    return Ref(RefKind.NAME, value)

"""AI Conductor's things as the stages speak of them, and when they are ours.

Nothing there carries a mark of ours: a thing is ours by its derived name, and a workspace by its bucket too.
An account has a type, a member of a workspace has a role; the two are different lists of words.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Protocol

from pydantic import SecretStr

from provisioner.message import Message, named
from provisioner.vendor_call import NotOurs, Permanent
from provisioner.workspace import Workspace

_SOLUTIONS_NAMED = 5


class AccountType(StrEnum):
    """In AI Conductor's own letters."""

    DEVELOPER = "DEVELOPER"


class WorkspaceRole(StrEnum):
    """In AI Conductor's own letters."""

    MANAGER = "MANAGER"


class NameForm(StrEnum):
    """What is given as a workspace's name: whether AI Conductor adds the `-ws` by itself is not known."""

    PROJECT = "project"
    WORKSPACE = "workspace"

    def of(self, ws: Workspace) -> str:
        return ws.project if self is NameForm.PROJECT else ws.name


@dataclass(frozen=True, slots=True, kw_only=True)
class Resource:
    """What a pipeline may ask for by name. `label` is the value of the node label, where it is told."""

    name: str
    vcpu: int
    ram_gb: int
    gpu: int
    label: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Listed:
    """A workspace in the list. Empty: AI Conductor does not tell."""

    id: str
    name: str
    namespace: str = ""
    login: str = ""  # of Kubeflow
    dashboard: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class ConductorWorkspace(Listed):
    """A workspace as it is looked at alone."""

    bucket: str
    resources: tuple[Resource, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class NewWorkspace:
    """What is given to make one, or to change it. Without a dashboard: empty; then a change leaves it."""

    name: str
    bucket: str
    dashboard: str
    resources: tuple[Resource, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Account:
    id: str
    login: str
    type: str  # "DEVELOPER", or a word we do not use


@dataclass(frozen=True, slots=True, kw_only=True)
class Member:
    login: str
    role: str  # "MANAGER", or a word we do not use


@dataclass(frozen=True, slots=True, kw_only=True)
class Access:
    """A workspace that somebody who logged in may use."""

    workspace: str
    role: str


class Conductor(Protocol):
    """What the stages need of AI Conductor. What was deleted there is in no answer, nor in anybody's way."""

    def workspaces(self) -> Sequence[Listed]: ...

    def look(self, workspace: Listed) -> ConductorWorkspace: ...

    def solutions(self, workspace: Listed) -> Sequence[str]: ...  # names

    def members(self, workspace: Listed) -> Sequence[Member] | None: ...  # None: there is no such call

    def create_workspace(self, new: NewWorkspace) -> str: ...  # its id; empty when that is not told

    def update_workspace(self, workspace: Listed, new: NewWorkspace) -> None: ...

    def delete_workspace(self, workspace: Listed) -> None: ...

    def account(self, login: str) -> Account | None: ...

    def create_account(self, login: str, *, password: SecretStr, type_: AccountType) -> None: ...

    def delete_account(self, account: Account) -> None: ...

    def log_in(self, login: str, *, password: SecretStr) -> Sequence[Access]:
        """What that account may use. A refused login is `Permanent` and is not made again by itself."""
        ...

    def add_member(self, workspace: Listed, account: Account, role: WorkspaceRole) -> None: ...

    def remove_member(self, workspace: Listed, account: Account) -> None: ...


def find(conductor: Conductor, name: str) -> ConductorWorkspace | None:
    listed = next((each for each in conductor.workspaces() if each.name == name), None)
    return conductor.look(listed) if listed else None


def foreign_workspace(ws: Workspace, found: ConductorWorkspace | None) -> NotOurs | None:
    """A workspace of our name on a bucket of somebody else's."""
    if found is None or found.bucket == ws.bucket:
        return None
    return NotOurs(
        Message(
            "AI Conductor workspace {name} uses a different bucket ({bucket})",
            name=named(found.name),
            bucket=named(found.bucket),
        )
    )


def foreign_login(
    ws: Workspace, workspace: ConductorWorkspace | None, account: Account | None
) -> NotOurs | None:
    """The same, or an account of our name that may do more than ours, or something else."""
    if stranger := foreign_workspace(ws, workspace):
        return stranger
    if account is None or account.type == AccountType.DEVELOPER:
        return None
    return NotOurs(
        Message(
            "AI Conductor account {login} has type {type}, not {wanted}",
            login=named(account.login),
            type=named(account.type),
            wanted=named(AccountType.DEVELOPER),
        )
    )


def refuse_used(workspace: Listed, solutions: Sequence[str]) -> None:
    """Raises `Permanent` while there are solutions in it: people's work, which only they can give up."""
    if not solutions:
        return
    listing = ", ".join(solutions[:_SOLUTIONS_NAMED]) + (", …" if len(solutions) > _SOLUTIONS_NAMED else "")
    raise Permanent(
        Message(
            "AI Conductor workspace {name} still has {n} solution: {solutions}",
            plural="AI Conductor workspace {name} still has {n} solutions: {solutions}",
            name=named(workspace.name),
            n=len(solutions),
            solutions=listing,
        ),
        hint=Message(
            "Delete its streams, instances and solutions in AI Conductor. Then try the deletion again."
        ),
    )

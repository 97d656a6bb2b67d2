"""AI Conductor's things as the stages speak of them, and when they are ours.

Nothing there carries a mark of ours: a thing is ours by its derived name, and a workspace by its bucket too.
An account has a type, a member of a workspace has a role; the two are different lists of words.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

from provisioner.errors import NotOurs, Permanent
from provisioner.message import Message, named
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


def foreign_workspace(ws: Workspace, found: ConductorWorkspace | None) -> NotOurs | None:
    """A workspace of our name on a bucket of somebody else's."""
    if found is not None and found.bucket != ws.bucket:
        what = Message(
            "AI Conductor workspace {name} uses a different bucket ({bucket})",
            name=named(found.name),
            bucket=named(found.bucket),
        )
        return NotOurs(what)
    return None


def foreign_account(account: Account | None) -> NotOurs | None:
    """An account of our name that may do more than ours, or something else."""
    if account is not None and account.type != AccountType.DEVELOPER:
        what = Message(
            "AI Conductor account {login} has type {type}, not {wanted}",
            login=named(account.login),
            type=named(account.type),
            wanted=named(AccountType.DEVELOPER),
        )
        return NotOurs(what)
    return None


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

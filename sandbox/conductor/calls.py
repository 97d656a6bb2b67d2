"""The calls there are: those of the public clients, and the guess of those that change something."""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from pydantic import BaseModel

from sandbox.conductor.bodies import AccountBody, MemberBody, WorkspaceBody, WorkspaceChange
from sandbox.conductor.installation import Answer, Asked, Installation


@dataclass(frozen=True, slots=True, kw_only=True)
class Call:
    """`name` is what a fault names it by; `open`: without a login; `admin`: for administrators alone."""

    name: str
    method: str
    path: str
    answer: Callable[[Installation, Asked], Answer]
    body: type[BaseModel] | None = None
    writes: bool = False
    open: bool = False
    admin: bool = False

    def fits(self, method: str, path: str) -> Mapping[str, str] | None:
        """The places of the path, or None when it is another call."""
        pattern = re.sub(r"\{(\w+)\}", r"(?P<\1>[^/]+)", self.path)
        found = re.fullmatch(pattern, path) if method == self.method else None
        return found.groupdict() if found else None


_ONE = "/api/v1/workspaces/{workspace_id}"
_MEMBERS = f"{_ONE}/members"

KNOWN = (
    Call(
        name="conductor.read health",
        method="GET",
        path="/api/v1/healthz",
        answer=Installation.healthz,
        open=True,
    ),
    Call(
        name="conductor.read version",
        method="GET",
        path="/api/v1/versions",
        answer=Installation.versions,
        open=True,
    ),
    Call(
        name="conductor.log in",
        method="POST",
        path="/api/v1/auth/login",
        answer=Installation.log_in,
        open=True,
    ),
    Call(
        name="conductor.list workspaces",
        method="GET",
        path="/api/v1/workspaces",
        answer=Installation.list_workspaces,
    ),
    Call(
        name="conductor.read workspace",
        method="GET",
        path="/api/v1/workspaces/info",
        answer=Installation.workspace_info,
    ),
    Call(
        name="conductor.list solutions",
        method="GET",
        path="/api/v1/solutions/workspace",
        answer=Installation.list_solutions,
    ),
)

GUESSED = (
    Call(
        name="conductor.create workspace",
        method="POST",
        path="/api/v1/workspaces",
        answer=Installation.create_workspace,
        body=WorkspaceBody,
        writes=True,
        admin=True,
    ),
    Call(
        name="conductor.update workspace",
        method="PUT",
        path=_ONE,
        answer=Installation.update_workspace,
        body=WorkspaceChange,
        writes=True,
        admin=True,
    ),
    Call(
        name="conductor.delete workspace",
        method="DELETE",
        path=_ONE,
        answer=Installation.delete_workspace,
        writes=True,
        admin=True,
    ),
    Call(
        name="conductor.list accounts",
        method="GET",
        path="/api/v1/accounts",
        answer=Installation.list_accounts,
        admin=True,
    ),
    Call(
        name="conductor.create account",
        method="POST",
        path="/api/v1/accounts",
        answer=Installation.create_account,
        body=AccountBody,
        writes=True,
        admin=True,
    ),
    Call(
        name="conductor.delete account",
        method="DELETE",
        path="/api/v1/accounts/{account_id}",
        answer=Installation.delete_account,
        writes=True,
        admin=True,
    ),
    Call(
        name="conductor.list members",
        method="GET",
        path=_MEMBERS,
        answer=Installation.list_members,
        admin=True,
    ),
    Call(
        name="conductor.add member",
        method="POST",
        path=_MEMBERS,
        answer=Installation.add_member,
        body=MemberBody,
        writes=True,
        admin=True,
    ),
    Call(
        name="conductor.remove member",
        method="DELETE",
        path=f"{_MEMBERS}/{{account_id}}",
        answer=Installation.remove_member,
        writes=True,
        admin=True,
    ),
)

CALLS = (*KNOWN, *GUESSED)

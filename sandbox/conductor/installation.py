"""What AI Conductor keeps, and what it answers to each of its calls."""

import threading
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

from sandbox.conductor.accounts import ADMIN, Account, Accounts
from sandbox.conductor.bodies import (
    AccountBody,
    LoginBody,
    MemberBody,
    SpecBody,
    WorkspaceBody,
    WorkspaceChange,
    checked,
)
from sandbox.conductor.refusal import Refused, bad
from sandbox.conductor.workspaces import Workspace, Workspaces


@dataclass(frozen=True, slots=True, kw_only=True)
class Ways:
    """How this installation behaves where nobody knows how the real one does."""

    version: str = "2.0"
    appends_ws: bool = True  # to the name of a new workspace
    names_stay: bool = False  # the name of a deleted workspace is not to be had again

    @property
    def by_id(self) -> bool:
        """Workspaces are asked for by id since 2, by name before."""
        return int(self.version.partition(".")[0]) >= 2


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """One call: the places of its path, its query and body, and who makes it."""

    places: Mapping[str, str] = field(default_factory=dict)
    query: Mapping[str, str] = field(default_factory=dict)
    body: object = None
    by: Account | None = None


@dataclass(frozen=True, slots=True)
class Answer:
    """`resource`: what was changed, for the journal. `token`: for the cookie of a login."""

    content: Any
    resource: str = ""
    token: str = ""


class Installation:
    """All methods may be called from any thread."""

    def __init__(
        self,
        *,
        ways: Ways,
        token_lasts: timedelta,
        shared_bucket: str,
        image_base: str,
        login_domain: str,
    ) -> None:
        self.ways = ways
        self.accounts = Accounts(token_lasts=token_lasts)
        self.workspaces = Workspaces()
        self.lock = threading.RLock()
        self._shared_bucket = shared_bucket
        self._image_base = image_base
        self._login_domain = login_domain

    def versions(self, _asked: Asked) -> Answer:
        return Answer({"versions": [{"ver_str": self.ways.version}]})

    def healthz(self, _asked: Asked) -> Answer:
        return Answer({"status": "ok"})

    def log_in(self, asked: Asked) -> Answer:
        body = checked(LoginBody, asked.body)
        token, account = self.accounts.log_in(body.login_id, body.login_pw)
        return Answer({**self._person(account), "workspace": self._accesses(account)}, token=token)

    def list_workspaces(self, asked: Asked) -> Answer:
        rows = self.workspaces.rows
        if asked.by is not None and asked.by.role != ADMIN:
            rows = [row for row in rows if asked.by.id in row.members]
        return Answer({"workspaces": [self._row(row) for row in rows]})

    def workspace_info(self, asked: Asked) -> Answer:
        found = self._asked_for(asked)
        buckets: Any = found.bucket
        images: Any = f"{self._image_base}/{found.name.partition('-')[0]}/"
        if not self.ways.by_id:
            buckets = {"public": self._shared_bucket, "private": buckets}
            images = {"public": f"{self._image_base}/public/", "private": images}
        return Answer({"s3_bucket_name": buckets, "ecr_base_path": images, "specs": found.specs})

    def list_solutions(self, asked: Asked) -> Answer:
        found = self._asked_for(asked)
        rows: list[dict[str, Any]] = [
            {"id": name, "name": name, "versions": [], "is_deleted": 0} for name in found.solutions
        ]
        rows.append({"id": "gone", "name": "gone", "versions": [], "scope_ws": None, "is_deleted": 1})
        return Answer({"solutions": rows})

    def create_workspace(self, asked: Asked) -> Answer:
        body = checked(WorkspaceBody, asked.body)
        name = f"{body.name}-ws" if self.ways.appends_ws else body.name
        made = Workspace(name, body.s3_bucket_name, body.dashboard_hash)
        made.save(body.execution_specs)
        self.workspaces.add(made, names_stay=self.ways.names_stay)
        return Answer(self._row(made), name)

    def update_workspace(self, asked: Asked) -> Answer:
        found = self.workspaces.by_id(asked.places["workspace_id"])
        body = checked(WorkspaceChange, asked.body)
        found.bucket = body.s3_bucket_name
        if body.dashboard_hash is not None:
            found.dashboard = body.dashboard_hash
        found.save(body.execution_specs)
        return Answer(self._row(found), found.name)

    def delete_workspace(self, asked: Asked) -> Answer:
        found = self.workspaces.by_id(asked.places["workspace_id"])
        if found.solutions:
            raise bad(
                "workspace", f"Failed to delete Workspace, Solution exist [{', '.join(found.solutions)}]"
            )
        found.deleted = True
        return Answer(self._row(found), found.name)

    def list_accounts(self, _asked: Asked) -> Answer:
        rows = [
            {**self._person(row), "is_deleted": int(row.deleted), "workspace": self._accesses(row)}
            for row in self.accounts.rows
        ]
        return Answer({"accounts": rows})

    def create_account(self, asked: Asked) -> Answer:
        body = checked(AccountBody, asked.body)
        made = self.accounts.add(Account(body.login_id, body.login_pw, body.role, body.display_name))
        return Answer(self._person(made), made.login)

    def delete_account(self, asked: Asked) -> Answer:
        found = self.accounts.by_id(asked.places["account_id"])
        if used := [each["name"] for each in self._accesses(found)]:
            raise bad("account", f"Failed to delete Account, Workspace exist [{', '.join(used)}]")
        found.deleted = True
        return Answer({**self._person(found), "is_deleted": 1}, found.login)

    def list_members(self, asked: Asked) -> Answer:
        found = self.workspaces.by_id(asked.places["workspace_id"])
        people = {row.id: row for row in self.accounts.living()}
        rows = [
            {**self._person(people[number]), "role": role}
            for number, role in found.members.items()
            if number in people
        ]
        return Answer({"members": rows})

    def add_member(self, asked: Asked) -> Answer:
        found = self.workspaces.by_id(asked.places["workspace_id"])
        body = checked(MemberBody, asked.body)
        account = self.accounts.by_id(body.account_id)
        if account.id in found.members:
            raise bad("workspace", f"already exist member {account.login}")
        found.members[account.id] = body.role
        return Answer({"account_id": account.id, "role": body.role}, f"{account.login} in {found.name}")

    def remove_member(self, asked: Asked) -> Answer:
        found = self.workspaces.by_id(asked.places["workspace_id"])
        account = self.accounts.by_id(asked.places["account_id"])
        if account.id not in found.members:
            raise bad("workspace", f"can't find member {account.login}")
        del found.members[account.id]
        return Answer({"account_id": account.id, "is_deleted": 1}, f"{account.login} in {found.name}")

    def _asked_for(self, asked: Asked) -> Workspace:
        key = "workspace_id" if self.ways.by_id else "workspace_name"
        if key not in asked.query:
            fault = {"type": "missing", "loc": ["query", key], "msg": "Field required", "input": None}
            raise Refused(422, [fault])
        if self.ways.by_id:
            return self.workspaces.by_id(asked.query[key])
        found = self.workspaces.find(asked.query[key])
        if found is None:
            raise bad("workspace", f"can't find workspace {asked.query[key]}")
        return found

    def _row(self, row: Workspace) -> dict[str, Any]:
        return {
            "id": row.id,
            "name": row.name,
            "namespace": f"aic-ns-{row.name}",
            "kubeflow_user": f"aic-user-{row.name}@{self._login_domain}",
            "s3_bucket_name": {"public": self._shared_bucket, "private": row.bucket},
            "ecr_base_path": {"public": f"{self._image_base}/public/", "private": f"{self._image_base}/"},
            "dashboard_hash": row.dashboard,
            "execution_specs": row.specs,
            "is_deleted": int(row.deleted),
            "created_at": row.created_at,
            "updated_at": row.updated_at,
        }

    def _person(self, row: Account) -> dict[str, Any]:
        return {
            "account_id": row.id,
            "login_id": row.login,
            "display_name": row.display_name or row.login,
            "role": row.role,
        }

    def _accesses(self, account: Account) -> list[dict[str, str]]:
        return [
            {"id": row.id, "name": row.name, "role": row.members[account.id]}
            for row in self.workspaces.living()
            if account.id in row.members
        ]


def a_spec(name: str, vcpu: int, ram_gb: int, gpu: int) -> SpecBody:
    return SpecBody(name=name, vcpu=vcpu, ram_gb=ram_gb, gpu=gpu)

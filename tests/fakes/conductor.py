"""AI Conductor in memory: workspaces, accounts and who may use what."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace

from pydantic import SecretStr

from provisioner.message import Message
from provisioner.stages.conductor.model import (
    Access,
    Account,
    AccountType,
    ConductorWorkspace,
    Listed,
    Member,
    NewWorkspace,
    Resource,
    WorkspaceRole,
)
from provisioner.vendor_call import Permanent, Temporary
from provisioner.workspace import InstanceType


@dataclass(slots=True)
class FakeInstances:
    """EC2's facts of the types that the tests' platform names."""

    def describe(self, name: str) -> InstanceType:
        known = {"m5.xlarge": (4, 16, 0), "g5.xlarge": (4, 16, 1)}
        if name not in known:
            raise Permanent(Message("there is no instance type {name}", name=name))
        vcpus, memory, gpus = known[name]
        return InstanceType(name=name, vcpus=vcpus, memory_gib=memory, gpus=gpus)


@dataclass(slots=True)
class FakeConductor:
    """`appends`: what is added to the name of a new workspace. `forgets`: a spec it does not save."""

    appends: str = "-ws"
    forgets: str = ""
    tells_members: bool = True
    refused: str = ""  # a method that is not allowed to us
    lost: str = ""  # a method whose next answer gets lost, after the deed
    locked: bool = False  # the edge account
    deaf: bool = False  # logins are not answered
    rows: dict[str, ConductorWorkspace] = field(default_factory=dict)
    people: dict[str, Account] = field(default_factory=dict)
    passwords: dict[str, str] = field(default_factory=dict, repr=False)
    roles: dict[tuple[str, str], str] = field(default_factory=dict)  # by workspace and login
    work: dict[str, tuple[str, ...]] = field(default_factory=dict)  # solutions by workspace
    logins: int = 0

    def put_workspace(self, name: str, bucket: str, *resources: Resource, dashboard: str = "") -> None:
        labelled = tuple(replace(each, label=f"{name}-{each.name}") for each in resources)
        self.rows[name] = ConductorWorkspace(
            id=f"id of {name}",
            name=name,
            namespace=f"aic-ns-{name}",
            login=f"aic-user-{name}@aic.com",
            dashboard=dashboard,
            bucket=bucket,
            resources=labelled,
        )

    def put_account(self, login: str, password: str, type_: str = AccountType.DEVELOPER) -> None:
        self.people[login] = Account(id=f"id of {login}", login=login, type=type_)
        self.passwords[login] = password

    def workspaces(self) -> Sequence[Listed]:
        return tuple(self.rows.values())

    def look(self, workspace: Listed) -> ConductorWorkspace:
        return self.rows[workspace.name]

    def solutions(self, workspace: Listed) -> Sequence[str]:
        return self.work.get(workspace.name, ())

    def members(self, workspace: Listed) -> Sequence[Member] | None:
        if not self.tells_members:
            return None
        return tuple(
            Member(login=login, role=role)
            for (name, login), role in list(self.roles.items())
            if name == workspace.name
        )

    def create_workspace(self, new: NewWorkspace) -> str:
        self._allow("create_workspace")
        name = f"{new.name}{self.appends}"
        self.put_workspace(name, new.bucket, *self._saved(new), dashboard=new.dashboard)
        self._answer("create_workspace")
        return f"id of {name}"

    def update_workspace(self, workspace: Listed, new: NewWorkspace) -> None:
        """A dashboard that is not given stays."""
        dashboard = new.dashboard or self.rows[workspace.name].dashboard
        self.put_workspace(workspace.name, new.bucket, *self._saved(new), dashboard=dashboard)

    def delete_workspace(self, workspace: Listed) -> None:
        self._allow("delete_workspace")
        del self.rows[workspace.name]
        self.roles = {key: role for key, role in self.roles.items() if key[0] != workspace.name}

    def account(self, login: str) -> Account | None:
        return self.people.get(login)

    def create_account(self, login: str, *, password: SecretStr, type_: AccountType) -> None:
        self._allow("create_account")
        self.put_account(login, password.get_secret_value(), type_)

    def delete_account(self, account: Account) -> None:
        del self.people[account.login]

    def log_in(self, login: str, *, password: SecretStr) -> Sequence[Access]:
        self.logins += 1
        if self.deaf:
            raise Temporary(Message("cannot log in to AI Conductor as {login}", login=login))
        if self.locked:
            raise Permanent(Message("the account is locked"))
        if self.passwords.get(login) != password.get_secret_value():
            raise Permanent(Message("AI Conductor rejects the login {login}", login=login))
        return tuple(
            Access(workspace=name, role=role)
            for (name, member), role in list(self.roles.items())
            if member == login
        )

    def add_member(self, workspace: Listed, account: Account, role: WorkspaceRole) -> None:
        self._allow("add_member")
        self.roles[workspace.name, account.login] = role.value
        self._answer("add_member")

    def remove_member(self, workspace: Listed, account: Account) -> None:
        del self.roles[workspace.name, account.login]

    def _saved(self, new: NewWorkspace) -> tuple[Resource, ...]:
        return tuple(each for each in new.resources if each.name != self.forgets)

    def _allow(self, method: str) -> None:
        if self.refused == method:
            raise Permanent(Message("AI Conductor does not permit it"))

    def _answer(self, method: str) -> None:
        if self.lost == method:
            self.lost = ""
            raise Temporary(Message("no answer"))

"""AI Conductor: the calls that are public knowledge, and those that a file says (`conductorcalls`).

Its conflicts are answered 400 with a text, and so is a thing to delete that is not there; so whether a thing
is there is looked up, never told from an answer. What is deleted stays in its lists with a flag.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import timedelta
from typing import Any

from pydantic import SecretStr

from provisioner.clients.http import Operation
from provisioner.message import Message, named
from provisioner.stages.conductor.calls import Call, Calls, Value
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
from provisioner.stages.conductor.session import LOGGING_IN, ConductorSession
from provisioner.vendor_call import CALL_WITHIN, Observer, Permanent, Temporary, unobserved

HEALTH, VERSIONS = "api/v1/healthz", "api/v1/versions"
WORKSPACES, INFO = "api/v1/workspaces", "api/v1/workspaces/info"
SOLUTIONS = "api/v1/solutions/workspace"

_PAGE = "100"  # what the public clients ask for
_ALL = "0"  # what the newer ones ask for; whether every version knows it is not known
_REFUSED = frozenset({"400", "404"})  # a conflict, or something that is not there
_BY_ID_SINCE = (2,)  # earlier versions are asked by a workspace's name


class ConductorHttp:
    """`url` is AI Conductor's address, without `/api`; `user` is an account of type Admin.

    Raises `Temporary` and `Permanent` with AI Conductor's words, without any password. From any thread.
    """

    def __init__(
        self,
        *,
        url: str,
        user: str,
        password: SecretStr,
        calls: Calls,
        timeout: timedelta = CALL_WITHIN,
        observer: Observer = unobserved,
    ) -> None:
        self._session = ConductorSession(
            url=url, user=user, password=password, timeout=timeout, observer=observer
        )
        self._calls = calls
        self._version: tuple[int, ...] = ()

    def check(self) -> str:
        """Its version, when it is up and lets us in. An account that nobody uses locks; this is a use."""
        what = Message("AI Conductor isn't running")
        self._session.answers(Operation("check health", what), HEALTH)
        self._session.admin_logs_in()
        self._version = self._read_version()
        return ".".join(str(number) for number in self._version)

    def reset_lockout(self) -> None:
        """A person has acted: logins that were refused may be tried once more."""
        self._session.reset_lockout()

    def workspaces(self) -> Sequence[Listed]:
        operation = Operation("list workspaces", Message("cannot read AI Conductor's workspaces"))
        found = self._session.call(operation, "GET", WORKSPACES)
        with self._understood(operation):
            rows = found if isinstance(found, list) else _at(found, "workspaces")  # a bare list until 2023
            return tuple(
                Listed(
                    id=str(_at(row, "id")),
                    name=str(_at(row, "name")),
                    namespace=str(row.get("namespace") or ""),
                    login=str(row.get("kubeflow_user") or ""),
                    dashboard=str(row.get("dashboard_hash") or ""),
                )
                for row in _living(rows, "is_deleted")
            )

    def look(self, workspace: Listed) -> ConductorWorkspace:
        operation = Operation(
            "read workspace", Message("cannot read AI Conductor workspace {name}", name=named(workspace.name))
        )
        query = {**self._key(workspace), "page_size": _PAGE}
        found = self._session.call(operation, "GET", INFO, params=query)
        with self._understood(operation):
            bucket = _at(found, "s3_bucket_name")
            return ConductorWorkspace(
                id=workspace.id,
                name=workspace.name,
                namespace=workspace.namespace,
                login=workspace.login,
                dashboard=workspace.dashboard,
                bucket=str(_at(bucket, "private") if isinstance(bucket, dict) else bucket),  # 1.x has two
                resources=tuple(_resource(spec) for spec in _at(found, "specs")),
            )

    def solutions(self, workspace: Listed) -> Sequence[str]:
        what = Message(
            "cannot read the solutions of AI Conductor workspace {name}", name=named(workspace.name)
        )
        operation = Operation("list solutions", what)
        query = self._key(workspace)
        if self._known_version() < _BY_ID_SINCE:
            query["only_public"] = "0"  # the workspace's own alone
        for page in (_PAGE, _ALL):
            found = self._session.call(operation, "GET", SOLUTIONS, params={**query, "page_size": page})
            with self._understood(operation):
                rows = _at(found, "solutions")
                names = tuple(str(_at(row, "name")) for row in _living(rows, "is_deleted"))
            if names or len(rows) > int(_PAGE) or (page == _PAGE and len(rows) < int(_PAGE)):
                return names
        why = Message(
            "the first {n} are deleted, and AI Conductor doesn't say whether there are more", n=int(_PAGE)
        )
        raise self._session.unusable(operation, why)

    def create_workspace(self, new: NewWorkspace) -> str:
        call = self._calls.create_workspace
        full = f"{new.name}-ws"  # AI Conductor adds that itself
        what = Message("cannot create AI Conductor workspace {name}", name=named(full))
        operation = Operation("create workspace", what)
        try:
            made = self._call(call, operation, _of_new(new), resources=new.resources)
        except Permanent as error:
            if _refused(error) and any(each.name in (new.name, full) for each in self.workspaces()):
                raise Temporary(what, cause=error.cause) from error  # made meanwhile: look again
            raise
        if not call.id:
            return ""
        with self._understood(operation):
            return str(_at(made, call.id))

    def update_workspace(self, workspace: Listed, new: NewWorkspace) -> None:
        what = Message("cannot change AI Conductor workspace {name}", name=named(workspace.name))
        operation = Operation("update workspace", what)
        values = {**_of_new(new), **_of_workspace(workspace)}
        self._call(self._calls.update_workspace, operation, values, resources=new.resources)

    def delete_workspace(self, workspace: Listed) -> None:
        what = Message("cannot delete AI Conductor workspace {name}", name=named(workspace.name))
        operation = Operation("delete workspace", what)
        try:
            self._call(self._calls.delete_workspace, operation, _of_workspace(workspace))
        except Permanent as error:
            if not _refused(error) or any(each.id == workspace.id for each in self.workspaces()):
                raise

    def account(self, login: str) -> Account | None:
        call = self._calls.list_accounts
        operation = Operation("list accounts", Message("cannot read AI Conductor's accounts"))
        found = self._call(call, operation, {})
        with self._understood(operation):
            for row in _living(_at(found, call.items), call.deleted):
                if _at(row, call.login) == login:
                    return Account(id=str(_at(row, call.id)), login=login, type=str(_at(row, call.type)))
        return None

    def create_account(self, login: str, *, password: SecretStr, type_: AccountType) -> None:
        what = Message("cannot create AI Conductor account {login}", login=named(login))
        operation = Operation("create account", what, (password,))
        values = {"login": login, "password": password.get_secret_value(), "type": type_.value}
        try:
            self._call(self._calls.create_account, operation, values)
        except Permanent as error:
            if _refused(error) and self.account(login) is not None:  # made meanwhile: look again
                raise Temporary(what, cause=error.cause) from error
            raise
        self._session.forget(login)

    def delete_account(self, account: Account) -> None:
        what = Message("cannot delete AI Conductor account {login}", login=named(account.login))
        operation = Operation("delete account", what)
        try:
            self._call(self._calls.delete_account, operation, _of_account(account))
        except Permanent as error:
            if not _refused(error) or self.account(account.login) is not None:
                raise
        self._session.forget(account.login)

    def members(self, workspace: Listed) -> Sequence[Member] | None:
        call = self._calls.list_members
        if call is None:
            return None
        what = Message("cannot read the members of AI Conductor workspace {name}", name=named(workspace.name))
        operation = Operation("list members", what)
        found = self._call(call, operation, _of_workspace(workspace))
        with self._understood(operation):
            return tuple(
                Member(login=str(_at(row, call.login)), role=str(_at(row, call.role)))
                for row in _living(_at(found, call.items), call.deleted)
            )

    def add_member(self, workspace: Listed, account: Account, role: WorkspaceRole) -> None:
        what = Message(
            "cannot add {login} to AI Conductor workspace {name}",
            login=named(account.login),
            name=named(workspace.name),
        )
        values = {**_of_workspace(workspace), **_of_account(account), "role": role.value}
        self._call(self._calls.add_member, Operation("add member", what), values)

    def remove_member(self, workspace: Listed, account: Account) -> None:
        what = Message(
            "cannot remove {login} from AI Conductor workspace {name}",
            login=named(account.login),
            name=named(workspace.name),
        )
        operation = Operation("remove member", what)
        values = {**_of_workspace(workspace), **_of_account(account)}
        try:
            self._call(self._calls.remove_member, operation, values)
        except Permanent as error:
            members = self.members(workspace) if _refused(error) else None
            if members is None or any(each.login == account.login for each in members):
                raise

    def log_in(self, login: str, *, password: SecretStr) -> Sequence[Access]:
        answer = self._session.log_in(login, password).answer
        what = Message("cannot log in to AI Conductor as {login}", login=named(login))
        with self._understood(Operation(LOGGING_IN, what)):
            return tuple(
                Access(workspace=str(_at(row, "name")), role=str(_at(row, "role")))
                for row in _at(answer, "workspace")
            )

    def _call(
        self,
        call: Call,
        operation: Operation,
        values: Mapping[str, Value],
        *,
        resources: Sequence[Resource] = (),
    ) -> Any:
        repeated: list[Mapping[str, Value]] = [
            {"spec": each.name, "vcpu": each.vcpu, "ram_gb": each.ram_gb, "gpu": each.gpu}
            for each in resources
        ]
        return self._session.call(
            operation,
            call.method,
            call.address(values),
            params=call.parameters(values),
            json=call.content(values, repeated),
        )

    def _key(self, workspace: Listed) -> dict[str, str]:
        if self._known_version() < _BY_ID_SINCE:
            return {"workspace_name": workspace.name}
        return {"workspace_id": workspace.id}

    def _known_version(self) -> tuple[int, ...]:
        """Asked once; an upgrade is seen by `check`."""
        if not self._version:
            self._version = self._read_version()
        return self._version

    def _read_version(self) -> tuple[int, ...]:
        """As numbers, since 2.10 comes after 2.9."""
        operation = Operation("read version", Message("cannot read the version of AI Conductor"))
        found = self._session.ask(operation, VERSIONS)
        with self._understood(operation):
            told = str(_at(_at(found, "versions")[0], "ver_str"))
        numbers = re.search(r"\d+(\.\d+)*", told)
        if numbers is None:
            why = Message("the version {told} has no number", told=named(told))
            raise self._session.unusable(operation, why)
        return tuple(int(number) for number in numbers[0].split("."))

    @contextmanager
    def _understood(self, operation: Operation) -> Iterator[None]:
        """Raise what comes of an answer that is not of the form it should have."""
        try:
            yield
        except (KeyError, IndexError, TypeError, ValueError, AttributeError) as error:
            fault = named(f"{type(error).__name__} {error}")
            why = Message("the answer is not as expected: {fault}", fault=fault)
            raise self._session.unusable(operation, why) from error


def _at(content: Any, dotted: str) -> Any:
    """What stands at "a.b"; the content itself for ""."""
    for key in dotted.split(".") if dotted else ():
        content = content[key]
    return content


def _living(rows: Any, deleted: str) -> Iterator[Any]:
    """Without those that are only kept as deleted. Rows of which that is not told are there."""
    for row in rows:
        flag = row.get(deleted) if deleted else 0
        if flag in (None, 0, False):
            yield row


def _resource(spec: Any) -> Resource:
    return Resource(
        name=str(_at(spec, "name")),
        vcpu=int(_at(spec, "vcpu")),
        ram_gb=int(_at(spec, "ram_gb")),
        gpu=int(spec.get("gpu") or 0),
        label=str(spec.get("label") or ""),
    )


def _of_new(new: NewWorkspace) -> dict[str, Value]:
    return {"name": new.name, "bucket": new.bucket, "dashboard": new.dashboard}


def _of_workspace(workspace: Listed) -> dict[str, Value]:
    return {"workspace_id": workspace.id, "workspace": workspace.name}


def _of_account(account: Account) -> dict[str, Value]:
    return {"account_id": account.id, "login": account.login}


def _refused(error: Permanent) -> bool:
    return error.cause is not None and error.cause.code in _REFUSED

"""The calls of AI Conductor that no public source shows, as a file says they are.

The shipped `calls.toml` beside this module is a guess and explains the form. What is wrong with a
file is said all at once, before anything is called.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterator, Mapping, Sequence
from importlib.resources import files
from pathlib import Path
from typing import Annotated, Any, ClassVar, Literal, TypeAlias
from urllib.parse import quote

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, JsonValue, ValidationError
from pydantic_core import PydanticCustomError

from provisioner.message import Json
from provisioner.validation import Invalid, faults

Value: TypeAlias = str | int
Values: TypeAlias = Mapping[str, Value]

SECRET = "password"  # noqa: S105 - the name of a place, not a password
OPTIONAL = "dashboard"
REPEATED = "spec"

_PLACE = re.compile(r"\{(\w*)\}")
_WORKSPACE = frozenset({"workspace_id", "workspace"})
_ACCOUNT = frozenset({"account_id", "login"})
_SAID = {"string_pattern_mismatch": 'should be names with dots between them, "account.id"'}
RESOURCE = frozenset({REPEATED, "vcpu", "ram_gb", "gpu"})


def _path(path: str) -> str:
    if "://" in path or path.startswith("/") or "?" in path or not path.strip():
        raise PydanticCustomError("path", 'should be a path without the address, "api/v1/workspaces"')
    return path


Path_ = Annotated[str, Field(strict=True), AfterValidator(_path)]
Dotted = Annotated[str, Field(strict=True, pattern=r"^[\w-]+(\.[\w-]+)*$")]
MaybeDotted = Annotated[str, Field(strict=True, pattern=r"^([\w-]+(\.[\w-]+)*)?$")]


class Call(BaseModel):
    """One call. `knows`: the places it may have; of each set in `needs` at least one has to be there."""

    model_config = ConfigDict(frozen=True, extra="forbid", hide_input_in_errors=True)

    knows: ClassVar[frozenset[str]] = frozenset()
    needs: ClassVar[tuple[frozenset[str], ...]] = ()

    method: Literal["GET", "POST", "PUT", "PATCH", "DELETE"]
    path: Path_
    query: dict[str, str] = {}
    body: dict[str, JsonValue] = {}

    def address(self, values: Values) -> str:
        return _PLACE.sub(lambda found: quote(str(values[found[1]]), safe=""), self.path)

    def parameters(self, values: Values) -> dict[str, str]:
        return {key: _filled(text, values) for key, text in self.query.items()}

    def content(self, values: Values, repeated: Sequence[Values] = ()) -> Json:
        """The body; None when the call has none. `repeated`: the values of each resource."""
        return _rendered(self.body, values, repeated) if self.body else None


class CreateWorkspace(Call):
    knows = frozenset({"name", "bucket", OPTIONAL}) | RESOURCE
    needs = tuple(frozenset({each}) for each in ("name", "bucket", *sorted(RESOURCE)))
    id: MaybeDotted


class UpdateWorkspace(Call):
    knows = CreateWorkspace.knows | _WORKSPACE
    needs = (_WORKSPACE, *(frozenset({each}) for each in sorted(RESOURCE)))


class OfWorkspace(Call):
    knows = _WORKSPACE
    needs = (_WORKSPACE,)


class ListAccounts(Call):
    items: MaybeDotted
    id: Dotted
    login: Dotted
    type: Dotted
    deleted: MaybeDotted


class CreateAccount(Call):
    knows = frozenset({"login", SECRET, "type"})
    needs = (frozenset({"login"}), frozenset({SECRET}), frozenset({"type"}))


class DeleteAccount(Call):
    knows = _ACCOUNT
    needs = (_ACCOUNT,)


class ListMembers(OfWorkspace):
    items: MaybeDotted
    login: Dotted
    role: Dotted
    deleted: MaybeDotted


class AddMember(Call):
    knows = _WORKSPACE | _ACCOUNT | {"role"}
    needs = (_WORKSPACE, _ACCOUNT, frozenset({"role"}))


class RemoveMember(Call):
    knows = _WORKSPACE | _ACCOUNT
    needs = (_WORKSPACE, _ACCOUNT)


class Calls(BaseModel):
    """A whole file."""

    model_config = ConfigDict(frozen=True, extra="forbid", hide_input_in_errors=True)

    create_workspace: CreateWorkspace
    update_workspace: UpdateWorkspace
    delete_workspace: OfWorkspace
    list_accounts: ListAccounts
    create_account: CreateAccount
    delete_account: DeleteAccount
    list_members: ListMembers | None = None
    add_member: AddMember
    remove_member: RemoveMember

    @classmethod
    def read(cls, path: Path | None = None) -> Calls:
        """The file at `path`, or else the shipped guess. Raises `Invalid` with every fault there is."""
        if path is None:
            return cls.from_toml(files(__package__).joinpath("calls.toml").read_text(encoding="utf-8"))
        try:
            text = path.read_text(encoding="utf-8")
        except (OSError, UnicodeDecodeError) as error:
            raise Invalid([f"the calls of AI Conductor cannot be read: {error}"]) from None
        return cls.from_toml(text)

    @classmethod
    def from_toml(cls, text: str) -> Calls:
        """Raises `Invalid` with every fault there is."""
        try:
            tables = tomllib.loads(text)
        except tomllib.TOMLDecodeError as error:
            raise Invalid([f"the calls of AI Conductor are not TOML: {error}"]) from None
        lines = [
            f"{name}: {wrong}" for name, kind in KINDS.items() for wrong in _wrong(kind, tables.get(name))
        ]
        try:
            calls = cls.model_validate(tables)
        except ValidationError as error:
            raise Invalid([*map(str, faults(error, _SAID)), *lines]) from None
        if lines:
            raise Invalid(lines)
        return calls


KINDS: Mapping[str, type[Call]] = {
    "create_workspace": CreateWorkspace,
    "update_workspace": UpdateWorkspace,
    "delete_workspace": OfWorkspace,
    "list_accounts": ListAccounts,
    "create_account": CreateAccount,
    "delete_account": DeleteAccount,
    "list_members": ListMembers,
    "add_member": AddMember,
    "remove_member": RemoveMember,
}


def _wrong(kind: type[Call], table: object) -> Iterator[str]:
    """What is wrong with the places of a call, however wrong the rest of it is."""
    if not isinstance(table, dict):
        return
    path, query, body = table.get("path"), table.get("query"), table.get("body")
    address = {*_places(path), *_places(query)}
    for name in sorted((address | {*_places(body)}) - kind.knows):
        known = ", ".join(f"{{{each}}}" for each in sorted(kind.knows)) or "none"
        yield f"there is no place {{{name}}} here; known: {known}"
    if SECRET in address:
        yield f"{{{SECRET}}} may stand in the body only"
    for name in sorted((address | {*_places(_without_repeated(body))}) & RESOURCE & kind.knows):
        yield f"{{{name}}} may stand only in a list of one table with {{{REPEATED}}} in it"
    for need in kind.needs:
        if not need & (address | {*_places(body)}):
            yield f"{' or '.join(f'{{{each}}}' for each in sorted(need))} is nowhere in it"


def _places(value: Any) -> Iterator[str]:
    match value:
        case str():
            yield from (found[1] for found in _PLACE.finditer(value))
        case dict():
            for each in value.values():
                yield from _places(each)
        case list():
            for each in value:
                yield from _places(each)


def _without_repeated(value: Any) -> Any:
    match value:
        case dict():
            return {key: _without_repeated(each) for key, each in value.items()}
        case [dict(table)] if REPEATED in {*_places(table)}:
            return []
        case list():
            return [_without_repeated(each) for each in value]
        case _:
            return value


def _filled(text: str, values: Values) -> str:
    return _PLACE.sub(lambda found: str(values[found[1]]), text)


def _rendered(value: Any, values: Values, repeated: Sequence[Values]) -> Any:
    match value:
        case str():
            alone = _PLACE.fullmatch(value)
            return values[alone[1]] if alone else _filled(value, values)
        case dict():
            return {
                key: _rendered(each, values, repeated)
                for key, each in value.items()
                if not (each == f"{{{OPTIONAL}}}" and not values[OPTIONAL])
            }
        case [dict(table)] if REPEATED in {*_places(table)}:
            return [_rendered(table, {**values, **each}, ()) for each in repeated]
        case list():
            return [_rendered(each, values, repeated) for each in value]
        case _:
            return value

"""The calls of AI Conductor that no public source shows, as a file says they are.

The shipped `calls.toml` beside this module is a guess and explains the form. What is wrong with a
file is said all at once, before anything is called.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterator, Mapping, Sequence
from importlib.resources import files
from itertools import chain
from pathlib import Path
from typing import Annotated, Any, ClassVar, Literal, TypeAlias, get_args
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
_WORKSPACE, _ACCOUNT = "workspace_id|workspace", "account_id|login"
_SAID = {"string_pattern_mismatch": 'should be names with dots between them, "account.id"'}
_RESOURCE = (REPEATED, "vcpu", "ram_gb", "gpu")


def _path(path: str) -> str:
    if "://" in path or path.startswith("/") or "?" in path or not path.strip():
        raise PydanticCustomError("path", 'should be a path without the address, "api/v1/workspaces"')
    return path


Path_ = Annotated[str, Field(strict=True), AfterValidator(_path)]
Dotted = Annotated[str, Field(strict=True, pattern=r"^[\w-]+(\.[\w-]+)*$")]
MaybeDotted = Annotated[str, Field(strict=True, pattern=r"^([\w-]+(\.[\w-]+)*)?$")]


class Call(BaseModel):
    """One call. `needs`: the places it has to have, or one of several; `may`: those it may have as well."""

    model_config = ConfigDict(frozen=True, extra="forbid", hide_input_in_errors=True)

    needs: ClassVar[tuple[str, ...]] = ()
    may: ClassVar[tuple[str, ...]] = ()

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
    needs = ("name", "bucket", *_RESOURCE)
    may = (OPTIONAL,)
    id: MaybeDotted


class UpdateWorkspace(Call):
    needs = (_WORKSPACE, *_RESOURCE)
    may = ("name", "bucket", OPTIONAL)


class OfWorkspace(Call):
    needs = (_WORKSPACE,)


class ListAccounts(Call):
    items: MaybeDotted
    id: Dotted
    login: Dotted
    type: Dotted
    deleted: MaybeDotted


class CreateAccount(Call):
    needs = ("login", SECRET, "type")


class DeleteAccount(Call):
    needs = (_ACCOUNT,)


class ListMembers(OfWorkspace):
    items: MaybeDotted
    login: Dotted
    role: Dotted
    deleted: MaybeDotted


class AddMember(Call):
    needs = (_WORKSPACE, _ACCOUNT, "role")


class RemoveMember(Call):
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
            f"{name}: {wrong}" for name, kind in _kinds().items() for wrong in _wrong(kind, tables.get(name))
        ]
        try:
            calls = cls.model_validate(tables)
        except ValidationError as error:
            raise Invalid([*map(str, faults(error, _SAID)), *lines]) from None
        if lines:
            raise Invalid(lines)
        return calls


def _kinds() -> dict[str, type[Call]]:
    """Of each call that a file has, or may have."""
    return {
        name: next(kind for kind in (field.annotation, *get_args(field.annotation)) if isinstance(kind, type))
        for name, field in Calls.model_fields.items()
    }


def _wrong(kind: type[Call], table: object) -> Iterator[str]:
    """What is wrong with the places of a call, however wrong the rest of it is."""
    if not isinstance(table, dict):
        return
    needs = [need.split("|") for need in kind.needs]
    knows = {*kind.may, *chain(*needs)}
    address = {*_places(table.get("path")), *_places(table.get("query"))}
    everywhere = address | {*_places(table.get("body"))}
    for name in sorted(everywhere - knows):
        known = ", ".join(f"{{{each}}}" for each in sorted(knows)) or "none"
        yield f"there is no place {{{name}}} here; known: {known}"
    if SECRET in address:
        yield f"{{{SECRET}}} may stand in the body only"
    once = address | {*_places(_without_repeated(table.get("body")))}
    for name in sorted(once & {*_RESOURCE} & knows):
        yield f"{{{name}}} may stand only in a list of one table with {{{REPEATED}}} in it"
    for need in needs:
        if not everywhere & {*need}:
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

"""The file of AI Conductor's calls: what it may say, what is wrong with it, what is made of it."""

from __future__ import annotations

import tomllib
from importlib.resources import files
from pathlib import Path
from typing import Any

import pytest

from provisioner.stages.conductor.calls import Calls, Values
from provisioner.validation import Invalid

SHIPPED = files("provisioner.stages.conductor").joinpath("calls.toml").read_text(encoding="utf-8")
NEW = {"name": "alpha", "bucket": "s3-alpha", "dashboard": ""}
STANDARD: Values = {"spec": "standard", "vcpu": 4, "ram_gb": 16, "gpu": 0}
HIGH: Values = {"spec": "high", "vcpu": 8, "ram_gb": 32, "gpu": 1}


def faults(text: str) -> tuple[str, ...]:
    with pytest.raises(Invalid) as found:
        Calls.from_toml(text)
    return found.value.lines


def bent(before: str, after: str) -> str:
    assert before in SHIPPED
    return SHIPPED.replace(before, after)


def test_the_shipped_guess_is_right_and_complete() -> None:
    assert set(tomllib.loads(SHIPPED)) == set(Calls.model_fields)
    assert Calls.read().create_workspace.path == "api/v1/workspaces"


def test_a_file_of_ones_own_is_read_instead(tmp_path: Path) -> None:
    path = tmp_path / "calls.toml"
    path.write_text(bent('path = "api/v1/accounts/{account_id}"', 'path = "api/v2/users/{login}"'))

    call = Calls.read(path).delete_account

    assert call.address({"account_id": "1", "login": "a/b c"}) == "api/v2/users/a%2Fb%20c"


def test_a_body_is_filled_in_with_numbers_as_numbers_and_a_table_for_each_resource() -> None:
    body = Calls.read().create_workspace.content({**NEW, "dashboard": "uid1"}, [STANDARD, HIGH])

    assert body == {
        "name": "alpha",
        "s3_bucket_name": "s3-alpha",
        "dashboard_hash": "uid1",
        "execution_specs": [
            {"name": "standard", "vcpu": 4, "ram_gb": 16, "gpu": 0},
            {"name": "high", "vcpu": 8, "ram_gb": 32, "gpu": 1},
        ],
    }


def test_T57_without_a_dashboard_its_key_is_left_out() -> None:
    body: Any = Calls.read().create_workspace.content(NEW, [STANDARD])

    assert "dashboard_hash" not in body


def test_what_is_no_place_is_sent_as_it_stands() -> None:
    text = bent('role = "{role}"', 'role = "as {role}"\nflags = [1, true, { deep = "{login}" }]')

    body = Calls.from_toml(text).add_member.content(
        {"account_id": "7", "role": "MANAGER", "login": "alpha-edge"}
    )

    assert body == {"account_id": "7", "role": "as MANAGER", "flags": [1, True, {"deep": "alpha-edge"}]}


def test_a_query_is_filled_in_and_a_call_without_a_body_has_none() -> None:
    calls = Calls.from_toml(
        bent('query = { page_size = "0" }\nitems = "members"', 'query = { of = "{workspace}" }\nitems = ""')
    )

    assert calls.list_members is not None
    assert calls.list_members.parameters({"workspace": "alpha-ws", "workspace_id": "1"}) == {"of": "alpha-ws"}
    assert calls.remove_member.content({}) is None


def test_the_list_of_members_alone_may_be_left_out() -> None:
    tables = SHIPPED.split("\n[")
    without = "\n[".join(table for table in tables if not table.startswith("list_members"))

    assert Calls.from_toml(without).list_members is None


def test_all_that_is_wrong_is_said_at_once() -> None:
    text = (
        bent('method = "PUT"', 'method = "SAVE"')
        .replace('path = "api/v1/accounts"\nquery', 'path = "https://host/api/v1/accounts"\nquery')
        .replace('login = "login_id"\ntype', 'login = "login id"\ntype')
        .replace('role = "{type}"', 'role = "{kind}"')
        .replace('id = "id"\n', "")
        .replace("[delete_workspace]", "[remove_workspace]")
        .replace('role = "{role}"', "")
    )

    assert sorted(faults(text)) == [
        "add_member: {role} is nowhere in it",
        "create_account: there is no place {kind} here; known: {login}, {password}, {type}",
        "create_account: {type} is nowhere in it",
        "create_workspace.id: is missing",
        "delete_workspace: is missing",
        'list_accounts.login: should be names with dots between them, "account.id"',
        'list_accounts.path: should be a path without the address, "api/v1/workspaces"',
        "remove_workspace: there is no such key",
        "update_workspace.method: should be 'GET', 'POST', 'PUT', 'PATCH' or 'DELETE'",
    ]


def test_T53_a_password_may_not_stand_in_an_address() -> None:
    text = bent(
        'path = "api/v1/accounts"\n\n[create_account.body]',
        'path = "api/v1/accounts"\nquery = { pw = "{password}" }\n\n[create_account.body]',
    )

    assert faults(text) == ("create_account: {password} may stand in the body only",)


def test_what_is_of_a_resource_stands_in_the_table_of_a_resource() -> None:
    text = bent('name = "{name}"', 'name = "{name}"\nsize = "{vcpu}"')

    assert faults(text) == (
        "create_workspace: {vcpu} may stand only in a list of one table with {spec} in it",
    )


@pytest.mark.parametrize("path", ["/api/v1/accounts", "api/v1/accounts?all=1", " "])
def test_a_path_is_only_a_path(path: str) -> None:
    text = bent('path = "api/v1/accounts"\nquery', f'path = "{path}"\nquery')

    assert faults(text) == ('list_accounts.path: should be a path without the address, "api/v1/workspaces"',)


def test_what_is_no_TOML_or_no_file_is_said_to_be_none(tmp_path: Path) -> None:
    assert faults("[create_workspace")[0].startswith("the calls of AI Conductor are not TOML: ")
    with pytest.raises(Invalid, match=r"the calls of AI Conductor cannot be read: .*No such file"):
        Calls.read(tmp_path / "none.toml")


def test_a_table_that_is_none_is_said_to_be_none() -> None:
    found = faults('create_workspace = 3\nlist_accounts = { query = "x", path = 5 }')

    assert any(line.startswith("create_workspace: ") for line in found)
    assert any(line.startswith("list_accounts.path: ") for line in found)

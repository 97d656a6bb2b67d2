"""The guess is written twice, since the sandbox knows nothing of the product: both have to say the same."""

from __future__ import annotations

from typing import Any

import pytest
from pydantic import BaseModel

from provisioner.stages.conductor import client, session
from provisioner.stages.conductor.calls import Call, Calls
from sandbox.conductor.bodies import AccountBody
from sandbox.conductor.calls import GUESSED, KNOWN

VALUES = {
    "name": "alpha",
    "bucket": "s3-alpha",
    "dashboard": "uid1",
    "workspace_id": "w1",
    "workspace": "alpha-ws",
    "account_id": "a1",
    "login": "alpha-edge",
    "password": "made up",
    "type": "DEVELOPER",
    "role": "MANAGER",
}
SPECS: list[dict[str, str | int]] = [{"spec": "standard", "vcpu": 4, "ram_gb": 16, "gpu": 0}]


def shipped() -> dict[str, Call]:
    calls = Calls.read()
    return {name: getattr(calls, name) for name in Calls.model_fields}


def keys(body: Any) -> Any:
    """Without the values."""
    if isinstance(body, dict):
        return {key: keys(each) for key, each in body.items()}
    return [keys(each) for each in body] if isinstance(body, list) else None


def test_both_guess_the_same_calls() -> None:
    ours = {name.replace("_", " "): (call.method, f"/{call.path}") for name, call in shipped().items()}
    theirs = {call.name.removeprefix("conductor."): (call.method, call.path) for call in GUESSED}

    assert ours == theirs


@pytest.mark.parametrize("call", GUESSED, ids=lambda call: call.name)
def test_both_guess_the_same_bodies(call: Any) -> None:
    name = call.name.removeprefix("conductor.").replace(" ", "_")
    body = shipped()[name].content(VALUES, SPECS)

    assert (body is None) is (call.body is None)
    if call.body is not None:
        model: BaseModel = call.body.model_validate(body)
        assert keys(model.model_dump()) == keys(body)


def test_the_public_calls_are_the_same_too() -> None:
    assert {call.path.removeprefix("/") for call in KNOWN} == {
        client.HEALTH,
        client.VERSIONS,
        client.WORKSPACES,
        client.INFO,
        client.SOLUTIONS,
        session.LOGIN,
    }


def test_the_sandbox_does_not_take_what_the_guess_does_not_send() -> None:
    body: Any = shipped()["create_account"].content(VALUES)
    AccountBody.model_validate(body)

    with pytest.raises(ValueError, match="extra_forbidden"):
        AccountBody.model_validate({**body, "company": "LG"})

"""AI Conductor on loopback, and the bot's client of it."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from pydantic import SecretStr

from provisioner.stages.conductor.calls import Calls
from provisioner.stages.conductor.client import ConductorHttp
from sandbox.conductor import ConductorSimulator
from sandbox.conductor.simulator import ADMIN_LOGIN
from tests.laws.stage_laws import CANARY

NEIGHBOUR = "vision-ws"


@dataclass(frozen=True, slots=True)
class Conductor:
    simulator: ConductorSimulator
    url: str

    def client(self, *, calls: Calls | None = None, seconds: float = 10, url: str = "") -> ConductorHttp:
        """A process of the bot that has just been started."""
        return ConductorHttp(
            url=url or self.url,
            user=ADMIN_LOGIN,
            password=SecretStr(CANARY),
            calls=calls or Calls.read(),
            timeout=timedelta(seconds=seconds),
        )

    def workspace(self, name: str) -> dict[str, Any] | None:
        return next((row for row in self.simulator.workspaces() if row["name"] == name), None)

    def account(self, login: str) -> dict[str, Any] | None:
        return next((row for row in self.simulator.accounts() if row["login"] == login), None)

    def neighbours(self) -> object:
        return self.workspace(NEIGHBOUR), self.account("mina")

    def codes(self, login: str = ADMIN_LOGIN) -> list[str]:
        """How each login of an account went."""
        return [each.code for each in self.simulator.logins if each.login == login]


@contextmanager
def conductor(**ways: Any) -> Iterator[Conductor]:
    """With a workspace and an account that are somebody else's. The administrator's password is `CANARY`."""
    simulator = ConductorSimulator(password=CANARY, **ways)
    found = Conductor(simulator, simulator.start())
    simulator.add_workspace(NEIGHBOUR, bucket="s3-an2-meerkat-prod-vision", specs=(("high", 8, 32, 0),))
    simulator.add_account("mina", password="hers")
    simulator.set_role("mina", NEIGHBOUR, "MANAGER")
    try:
        yield found
    finally:
        simulator.stop()
    assert simulator.unknown_calls == []


def without_members() -> Calls:
    """The calls of an AI Conductor that lists no members."""
    return Calls.read().model_copy(update={"list_members": None})

"""What people are shown, and what it may cost."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TypeAlias

from bot.model.card import Card
from tests.fakes.office import Office
from tests.fakes.people import BOB, MINA
from tests.fakes.statements import Sent, statements

MOST = 5
"""Queries, for whatever a person is shown."""

Shown: TypeAlias = Callable[[Office], Card]
SHOWN: dict[str, Shown] = {
    "list": lambda office: office.service.list(),
    "status": lambda office: office.service.status("p0"),
    "status of none": lambda office: office.service.status("nobody"),
    "home of who asked": lambda office: office.service.home(office.who(MINA)),
    "home of an approver": lambda office: office.service.home(office.who(BOB)),
}


def names(number: int, kind: str = "p") -> list[str]:
    return [f"{kind}{n}" for n in range(number)]


def asked(office: Office, show: Shown) -> Sequence[Sent]:
    with statements() as sent:
        show(office)
    return sent

"""People and groups in memory."""

from __future__ import annotations

from approvals.model import Actor
from bot.model.people import PeopleUnknown

MINA = "U0MINA001"  # may ask
BOB = "U0BOB0001"  # may approve
JUN = "U0JUN0001"  # may approve
OLGA = "U0OLGA001"  # in no group

GROUPS = {"workspace-users": frozenset({MINA}), "workspace-admins": frozenset({BOB, JUN})}


class FakePeople:
    """`People`. `silent`: the chat system does not answer."""

    def __init__(self) -> None:
        self.groups = dict(GROUPS)
        self.silent = False

    def actor(self, user: str) -> Actor:
        self._speak()
        groups = frozenset(name for name, members in self.groups.items() if user in members)
        return Actor(id=user, team="T0TEAM", groups=groups)

    def fresh(self, user: str) -> Actor:
        return self.actor(user)

    def members(self, group: str) -> frozenset[str]:
        self._speak()
        return self.groups.get(group, frozenset())

    def group_id(self, group: str) -> str | None:
        return f"S0{group.upper()}" if group in self.groups else None

    def _speak(self) -> None:
        if self.silent:
            raise PeopleUnknown("the chat system does not answer")

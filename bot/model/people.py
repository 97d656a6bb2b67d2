"""Who a person is, as the chat system says right now."""

from __future__ import annotations

from typing import Protocol

from approvals.model import Actor


class PeopleUnknown(Exception):
    """The chat system can't say who a person is. Nothing is allowed on a guess."""


class People(Protocol):
    """Every method may raise `PeopleUnknown`."""

    def actor(self, user: str) -> Actor: ...  # may be a minute old

    def fresh(self, user: str) -> Actor: ...  # read now: for a decision

    def members(self, group: str) -> frozenset[str]: ...  # ids of the people in a group, by its handle

    def group_id(self, group: str) -> str | None: ...  # for mentions

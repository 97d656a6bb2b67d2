"""Slack user → Actor: id, language, and the user groups they are in. Refused when Slack cannot be read.

Groups are read by one call (`usergroups.list` with their users, tier 2), so a decision costs two calls.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from threading import Lock
from typing import Any, Generic, TypeVar

import structlog
from slack_sdk import WebClient

from approvals.model import Actor
from bot.model.people import PeopleUnknown
from bot.slack.errors import TROUBLE, error_code
from bot.slack.recent import Recent
from provisioner.engine.run import Clock

log = structlog.get_logger()

KEPT_FOR = timedelta(seconds=60)
"""How old a person's groups may be where nothing is decided."""
LOCALE_KEPT_FOR = timedelta(hours=1)
"""A language gives no right; reading it seldom keeps forms within Slack's three seconds."""
DEFAULT_LOCALE = "en-US"

_PEOPLE_KEPT = 5_000
_WHY = {
    "plan_upgrade_required": "this Slack plan has no user groups, so nobody can be an approver",
    "missing_scope": "the app lacks a scope that its manifest asks for; install it again",
}

Read = TypeVar("Read")


@dataclass(frozen=True, slots=True)
class _Person:
    locale: str
    team: str
    may_act: bool  # neither deactivated nor a bot


@dataclass(frozen=True, slots=True)
class _Group:
    id: str
    users: frozenset[str]


class _Shelf(Generic[Read]):
    """Values by key with the time they were read. Those who ask together cause one reading."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._read: Recent[tuple[datetime, Read]] = Recent(_PEOPLE_KEPT)
        self._locks: Recent[Lock] = Recent(_PEOPLE_KEPT)

    def last(self, key: str, within: timedelta) -> Read | None:
        found = self._read.get(key)
        return found[1] if found and self._clock.now() - found[0] < within else None

    def get(self, key: str, within: timedelta, read: Callable[[], Read]) -> Read:
        known = self.last(key, within)
        if known is not None:
            return known
        with self._lock(key):
            known = self.last(key, within)
            return known if known is not None else self.renew(key, read)

    def forget(self, key: str) -> None:
        """Also what is being read in this moment, which may be old."""
        with self._lock(key):
            self._read.drop(key)

    def _lock(self, key: str) -> Lock:
        self._locks.add(key, Lock())
        return self._locks.get(key) or Lock()

    def renew(self, key: str, read: Callable[[], Read]) -> Read:
        asked_at = self._clock.now()
        value = read()
        self._read.put(key, (asked_at, value))
        return value


class SlackPeople:
    """`People` over the Web API."""

    def __init__(self, client: WebClient, clock: Clock) -> None:
        self._client = client
        self._people: _Shelf[_Person] = _Shelf(clock)
        self._groups: _Shelf[dict[str, _Group]] = _Shelf(clock)

    def actor(self, user: str) -> Actor:
        person = self._people.get(user, KEPT_FOR, lambda: self._read_person(user))
        return self._actor(user, person, self._groups.get("all", KEPT_FOR, self._read_groups))

    def known(self, user: str) -> Actor | None:
        person, groups = self._people.last(user, KEPT_FOR), self._groups.last("all", KEPT_FOR)
        return self._actor(user, person, groups) if person is not None and groups is not None else None

    def fresh(self, user: str) -> Actor:
        person = self._people.renew(user, lambda: self._read_person(user))
        return self._actor(user, person, self._groups.renew("all", self._read_groups))

    def members(self, group: str) -> frozenset[str]:
        found = self._groups.get("all", KEPT_FOR, self._read_groups).get(group)
        return found.users if found else frozenset()

    def group_id(self, group: str) -> str | None:
        """For a mention only: None also when Slack cannot be asked."""
        try:
            found = self._groups.get("all", KEPT_FOR, self._read_groups).get(group)
        except PeopleUnknown as error:
            log.info("group not mentioned", group=group, why=str(error))
            return None
        return found.id if found else None

    def locale(self, user: str) -> str:
        """Never raises: words in another language are better than none."""
        try:
            return self._people.get(user, LOCALE_KEPT_FOR, lambda: self._read_person(user)).locale
        except PeopleUnknown as error:
            log.info("language not known", user=user, why=str(error))
            return DEFAULT_LOCALE

    def known_locale(self, user: str) -> str | None:
        known = self._people.last(user, LOCALE_KEPT_FOR)
        return known.locale if known else None

    def forget(self, user: str) -> None:
        self._people.forget(user)

    @staticmethod
    def _actor(user: str, person: _Person, groups: dict[str, _Group]) -> Actor:
        mine = frozenset(handle for handle, group in groups.items() if user in group.users)
        return Actor(
            id=user,
            team=person.team,
            groups=mine if person.may_act else frozenset(),
            locale=person.locale,
        )

    def _read_person(self, user: str) -> _Person:
        found = self._ask("users.info", {"user": user, "include_locale": True})["user"]
        return _Person(
            locale=found.get("locale") or DEFAULT_LOCALE,
            team=found.get("team_id", ""),
            may_act=not found.get("deleted") and not found.get("is_bot"),
        )

    def _read_groups(self) -> dict[str, _Group]:
        """Groups in use, by handle, each with its people."""
        listed = self._ask("usergroups.list", {"include_users": True, "include_disabled": False})
        return {
            group["handle"]: _Group(group["id"], frozenset(self._users(group)))
            for group in listed["usergroups"]
            if not group.get("date_delete")
        }

    def _users(self, group: dict[str, Any]) -> list[str]:
        """Slack leaves `users` out of a listing at times; then the group is asked for itself."""
        users = group.get("users")
        if users is None or len(users) != int(group.get("user_count", len(users))):
            users = self._ask("usergroups.users.list", {"usergroup": group["id"]})["users"]
        return list(users)

    def _ask(self, method: str, arguments: dict[str, Any]) -> dict[str, Any]:
        try:
            answer = self._client.api_call(method, params=arguments)
        except TROUBLE as error:
            code = error_code(error)
            raise PeopleUnknown(f"cannot read {method}: {_WHY.get(code, code)}") from error
        return dict(answer.data) if isinstance(answer.data, dict) else {}

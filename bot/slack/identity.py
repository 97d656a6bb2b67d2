"""Slack user → Actor: id, language, and the user groups they are in. Refused when Slack cannot be read.

Groups are read by one call (`usergroups.list` with their users, tier 2), so a decision costs two calls.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from threading import Lock
from time import monotonic
from typing import Any, Generic, TypeAlias, TypeVar

import structlog
from cachetools import LRUCache, TTLCache
from slack_sdk import WebClient

from approvals.model import Actor
from bot.model.people import PeopleUnknown
from bot.slack.client import TROUBLE, error_code

log = structlog.get_logger()

KEPT_FOR = timedelta(seconds=60)
"""How old a person's groups may be where nothing is decided."""
LOCALE_KEPT_FOR = timedelta(hours=1)
"""A language gives no right; reading it seldom keeps forms within Slack's three seconds."""
DEFAULT_LOCALE = "en-US"

_PEOPLE_KEPT = 5_000
_WHY = {
    "plan_upgrade_required": "this Slack plan has no user groups, so no one can be an approver",
    "missing_scope": "the app lacks a scope that its manifest asks for; install it again",
}

Read = TypeVar("Read")
Timer: TypeAlias = Callable[[], float]
"""Seconds since some moment. Never the time of day: a clock that is set stops nothing."""


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
    """Values by key, for a while. Those who ask together cause one reading. Safe from any thread."""

    def __init__(self, kept_for: timedelta, timer: Timer) -> None:
        self._read: TTLCache[str, Read] = TTLCache(_PEOPLE_KEPT, kept_for.total_seconds(), timer)
        self._locks: LRUCache[str, Lock] = LRUCache(_PEOPLE_KEPT)  # held while a key is read
        self._guard = Lock()  # over the two caches

    def last(self, key: str) -> Read | None:
        with self._guard:
            return self._read.get(key)

    def get(self, key: str, read: Callable[[], Read]) -> Read:
        known = self.last(key)
        if known is not None:
            return known
        with self._lock(key):
            known = self.last(key)
            return known if known is not None else self.put(key, read())

    def put(self, key: str, value: Read) -> Read:
        with self._guard:
            self._read[key] = value
        return value

    def forget(self, key: str) -> None:
        """Also what is being read in this moment, which may be old."""
        with self._lock(key), self._guard:
            self._read.pop(key, None)

    def _lock(self, key: str) -> Lock:
        with self._guard:
            return self._locks.setdefault(key, Lock())


class SlackPeople:
    """`People` over the Web API."""

    def __init__(self, client: WebClient, timer: Timer = monotonic) -> None:
        self._client = client
        self._people: _Shelf[_Person] = _Shelf(KEPT_FOR, timer)
        self._locales: _Shelf[str] = _Shelf(LOCALE_KEPT_FOR, timer)
        self._groups: _Shelf[dict[str, _Group]] = _Shelf(KEPT_FOR, timer)

    def actor(self, user: str) -> Actor:
        return self._actor(user, self._person(user), self._groups.get("all", self._read_groups))

    def known(self, user: str) -> Actor | None:
        """As `actor`, from memory alone; None when Slack would have to be asked."""
        person, groups = self._people.last(user), self._groups.last("all")
        return self._actor(user, person, groups) if person is not None and groups is not None else None

    def fresh(self, user: str) -> Actor:
        person = self._people.put(user, self._read_person(user))
        return self._actor(user, person, self._groups.put("all", self._read_groups()))

    def members(self, group: str) -> frozenset[str]:
        found = self._groups.get("all", self._read_groups).get(group)
        return found.users if found else frozenset()

    def group_id(self, group: str) -> str | None:
        """For a mention only: None also when Slack cannot be asked."""
        try:
            found = self._groups.get("all", self._read_groups).get(group)
        except PeopleUnknown as error:
            log.info("group not mentioned", group=group, why=str(error))
            return None
        return found.id if found else None

    def locale(self, user: str) -> str:
        """The person's language, ko-KR. Never raises: words in another language are better than none."""
        try:
            return self._locales.get(user, lambda: self._person(user).locale)
        except PeopleUnknown as error:
            log.info("language not known", user=user, why=str(error))
            return DEFAULT_LOCALE

    def known_locale(self, user: str) -> str | None:
        """The same from memory alone."""
        return self._locales.last(user)

    def forget(self, user: str) -> None:
        """Something about this person changed: Slack is asked the next time."""
        self._people.forget(user)
        self._locales.forget(user)

    def _person(self, user: str) -> _Person:
        return self._people.get(user, lambda: self._read_person(user))

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
            locale=self._locales.put(user, found.get("locale") or DEFAULT_LOCALE),
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

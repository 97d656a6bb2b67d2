"""Slack's Web API as every part of the bot asks it: with a limit on the whole call, and no second try.

And what a call can end in, what Slack calls that, how often one may be made, and who a person is.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from functools import partial
from http.client import HTTPException
from threading import Lock
from time import monotonic
from typing import Any, Generic, TypeAlias, TypeVar

import structlog
from cachetools import LRUCache, TTLCache
from pydantic import SecretStr
from slack_sdk import WebClient
from slack_sdk.errors import SlackApiError
from slack_sdk.http_retry import HttpRequest, HttpResponse, RetryHandler, RetryState
from slack_sdk.web import SlackResponse
from slack_sdk.webhook import WebhookClient, WebhookResponse

from approvals.model import Actor
from bot.model.people import PeopleUnknown
from provisioner.retry import retry_after as headers_say
from provisioner.vendor_call import OutOfTime, TimeLimit

log = structlog.get_logger()

CALL_WITHIN = 10
"""Seconds for one call; Slack answers in a few hundred milliseconds or not at all."""
ANSWER_WITHIN = 5
"""Seconds for one answer to a response_url."""
TROUBLE = (SlackApiError, OSError, HTTPException)
"""All that a WebClient raises when Slack says no, is down, or its answer is lost."""

_GROUPS_KEPT_FOR = timedelta(seconds=60)
"""How old a person's groups may be where nothing is decided."""
_LOCALE_KEPT_FOR = timedelta(hours=1)
"""A language gives no right; reading it seldom keeps forms within Slack's three seconds."""
_DEFAULT_LOCALE = "en-US"

_PEOPLE_KEPT = 5_000
_WHY = {
    "plan_upgrade_required": "this Slack plan has no user groups, so no one can be an approver",
    "missing_scope": "the app lacks a scope that its manifest asks for; install it again",
}

T = TypeVar("T")
Timer: TypeAlias = Callable[[], float]
"""Seconds since some moment. Never the time of day: a clock that is set stops nothing."""


def web_client(token: SecretStr, base_url: str, *, within: float = CALL_WITHIN) -> WebClient:
    """Without retry handlers: the caller knows whether a repetition does harm. Doesn't contact Slack yet."""
    return _LimitedWeb(token.get_secret_value(), f"{base_url.rstrip('/')}/", within)


def webhook(url: str, *, within: float = ANSWER_WITHIN) -> WebhookClient:
    """For a response_url, the same way."""
    return _LimitedWebhook(url, within)


class _LimitedWeb(WebClient):
    """All its methods come through `api_call`. `OSError` when a call takes too long, as urllib has it."""

    def __init__(self, token: str, base_url: str, within: float) -> None:
        super().__init__(token=token, base_url=base_url, timeout=_seconds(within), retry_handlers=[])
        self._limit = TimeLimit(timedelta(seconds=within))

    def api_call(self, api_method: str, **options: Any) -> SlackResponse:
        return _in_time(self._limit, partial(super().api_call, api_method, **options))


class _LimitedWebhook(WebhookClient):
    def __init__(self, url: str, within: float) -> None:
        super().__init__(url, timeout=_seconds(within), retry_handlers=[])
        self._limit = TimeLimit(timedelta(seconds=within))

    def send_dict(self, body: dict[str, Any], headers: dict[str, str] | None = None) -> WebhookResponse:
        return _in_time(self._limit, partial(super().send_dict, body, headers))


def _in_time(limit: TimeLimit, call: Callable[[], T]) -> T:
    try:
        return limit.run(call)
    except OutOfTime:
        raise TimeoutError("Slack did not answer in time") from None


def _seconds(within: float) -> int:
    return max(1, round(within))


def error_code(error: Exception) -> str:
    """Slack's own word, such as `channel_not_found`; for a broken connection the name of the exception."""
    if isinstance(error, SlackApiError):
        return str(error.response.get("error", "")) or f"http_{http_status(error)}"
    return type(error).__name__


def http_status(error: Exception) -> int:
    """0 when there was no answer at all."""
    return int(getattr(error.response, "status_code", 0)) if isinstance(error, SlackApiError) else 0


def retry_after(error: Exception) -> float | None:
    """Seconds that Slack wants to be left alone, when it said so."""
    if not isinstance(error, SlackApiError):
        return None
    said = headers_say(getattr(error.response, "headers", {}))
    return said.total_seconds() if said is not None else None


class RateLimitedObserver(RetryHandler):
    """Is told of each answer of Slack, among a client's `retry_handlers`. Has nothing tried again."""

    def __init__(self, told: Callable[[], None]) -> None:
        super().__init__()
        self._told = told

    def _can_retry(
        self,
        *,
        state: RetryState,
        request: HttpRequest,
        response: HttpResponse | None = None,
        error: Exception | None = None,
    ) -> bool:
        del state, request, error
        if response is not None and response.status_code == 429:
            self._told()
        return False


class RateLimiter:
    """`burst` at once, then `a_minute` evenly. Safe from any thread; the time of day may be set."""

    def __init__(self, *, a_minute: int, burst: int, timer: Timer = monotonic) -> None:
        self._timer = timer
        self._gap = 60 / a_minute  # seconds
        self._span = self._gap * burst
        self._lock = Lock()
        # When the bucket will be full again; one taken moves it one gap on.
        self._full_at = timer()

    def take(self, *, leave: int = 0) -> float:
        """Take one and `leave` so many: 0. Where that cannot be, how many seconds until it can."""
        with self._lock:
            now = self._timer()
            full_at = max(self._full_at, now) + self._gap
            span = self._span - leave * self._gap
            if full_at - now > span:
                return full_at - now - span
            self._full_at = full_at
            return 0.0


@dataclass(frozen=True, slots=True)
class _Person:
    locale: str
    team: str
    may_act: bool  # neither deactivated nor a bot


@dataclass(frozen=True, slots=True)
class _Group:
    id: str
    users: frozenset[str]


class _Shelf(Generic[T]):
    """Values by key, for a while. Those who ask together cause one reading. Safe from any thread."""

    def __init__(self, kept_for: timedelta, timer: Timer) -> None:
        self._read: TTLCache[str, T] = TTLCache(_PEOPLE_KEPT, kept_for.total_seconds(), timer)
        self._locks: LRUCache[str, Lock] = LRUCache(_PEOPLE_KEPT)  # held while a key is read
        self._guard = Lock()  # over the two caches

    def last(self, key: str) -> T | None:
        with self._guard:
            return self._read.get(key)

    def get(self, key: str, read: Callable[[], T]) -> T:
        known = self.last(key)
        if known is not None:
            return known
        with self._lock(key):
            known = self.last(key)
            return known if known is not None else self.put(key, read())

    def put(self, key: str, value: T) -> T:
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
    """`People` over the Web API: a Slack user's language, and the user groups they are in.

    Groups are read by one call (`usergroups.list` with their users, tier 2), so a decision costs two calls.
    Raises PeopleUnknown where Slack cannot be read.
    """

    def __init__(self, client: WebClient, timer: Timer = monotonic) -> None:
        self._client = client
        self._people: _Shelf[_Person] = _Shelf(_GROUPS_KEPT_FOR, timer)
        self._locales: _Shelf[str] = _Shelf(_LOCALE_KEPT_FOR, timer)
        self._groups: _Shelf[dict[str, _Group]] = _Shelf(_GROUPS_KEPT_FOR, timer)

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
            return _DEFAULT_LOCALE

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
            locale=self._locales.put(user, found.get("locale") or _DEFAULT_LOCALE),
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

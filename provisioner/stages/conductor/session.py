"""AI Conductor over HTTP: logging in, and what its answers mean.

Five refused logins lock an account there, so a login that was refused is not made again by itself: it is
remembered, and every later call fails with it, until a person acts (`forgive`). At three of the five the bot
leaves the rest to people, until it is started again. A login that found no answer may have been refused as
well: after three of them it waits for a person, too, unless that password was right before.

The public address answers 200 with a page for people to anything.
"""

from __future__ import annotations

import json
import threading
from dataclasses import dataclass, field
from datetime import timedelta
from http.cookiejar import CookieJar, DefaultCookiePolicy
from http.cookies import CookieError, SimpleCookie
from typing import Any

import httpx
from pydantic import SecretStr

from provisioner.clients.http import HttpApi, Operation, is_json, kind
from provisioner.message import Json, Message, named
from provisioner.vendor_call import Cause, Observer, Permanent, Temporary, WorkError, unobserved

LOGIN, LOGGING_IN = "api/v1/auth/login", "log in"
COOKIE = "access-token"
LOCKS_AT = 5  # refused logins in a row, after which AI Conductor locks an account
LEAVES_AT = 3  # of them, after which we leave the others to people

_LOCKED, _UNUSED = "USER.LOGIN.002", "USER.LOGIN.003"  # 001: wrong login or password
_NO_JUDGEMENT = frozenset({404, 405, 422})  # of a login: the call itself was wrong


@dataclass(frozen=True, slots=True)
class LoggedIn:
    token: str = field(repr=False)
    answer: Any


@dataclass(slots=True)
class _Record:
    """Of one login name."""

    refusal: Permanent | None = None  # why it is not tried again
    fails: int = 0  # refused in a row, as far as is known
    unanswered: int = 0  # in a row
    good: bool = False  # the password was right once

    def close(self, what: Message, cause: Cause | None) -> Permanent:
        self.refusal = Permanent(what, cause=cause)
        return self.refusal


class ConductorSession(HttpApi):
    """`url` is AI Conductor's address, without `/api`."""

    service = "conductor"

    def __init__(
        self, *, url: str, user: str, password: SecretStr, timeout: timedelta, observer: Observer = unobserved
    ) -> None:
        self._user = user
        self._password = password
        self._token = ""
        self._records: dict[str, _Record] = {}
        self._lock = threading.RLock()  # held over a login, so that two threads do not make it twice
        super().__init__(
            url=url,
            headers={"Accept": "application/json", "Content-Type": "application/json"},
            cookies=CookieJar(DefaultCookiePolicy(allowed_domains=[])),  # two accounts log in; neither stays
            timeout=timeout,
            observer=observer,
        )

    def call(self, operation: Operation, method: str, path: str, **options: Any) -> Any:
        """The answer's JSON, None when it has no content. As the admin; logs in again once when it has to.

        `options` are httpx's: `params`, `json`.
        """
        token = self._admin_token("")
        answer = self.send(operation, method, path, headers=_as_admin(token), **options)
        if answer.status_code == httpx.codes.UNAUTHORIZED:
            token = self._admin_token(token)
            answer = self.send(operation, method, path, headers=_as_admin(token), **options)
        return self._read(operation, answer)

    def ask(self, operation: Operation, path: str) -> Any:
        """The same for what needs no login."""
        return self._read(operation, self.send(operation, "GET", path))

    def answers(self, operation: Operation, path: str) -> None:
        """Whether there is any good answer that is not a page for people."""
        answer = self.send(operation, "GET", path)
        if not answer.is_success or "html" in kind(answer):
            self.refuse(operation, answer)

    def admin_logs_in(self) -> None:
        """Now, whether the last login still holds or not."""
        with self._lock:
            self._token = self.log_in(self._user, self._password).token

    def log_in(self, login: str, password: SecretStr) -> LoggedIn:
        """`Permanent` when it is refused, and from then on without a call until `forgive`."""
        operation = Operation(
            LOGGING_IN,
            Message("cannot log in to AI Conductor as {login}", login=named(login)),
            (password,),
        )
        body: Json = {"login_id": login, "login_pw": password.get_secret_value()}
        with self._lock:
            record = self._records.setdefault(login, _Record())
            if record.refusal is not None:
                raise Permanent(record.refusal.what, cause=record.refusal.cause)
            try:
                answer = self.send(operation, "POST", LOGIN, json=body)
            except Temporary as error:
                raise self._no_answer(login, record, error) from error.__cause__
            record.unanswered = 0
            if answer.is_client_error and answer.status_code not in _NO_JUDGEMENT:
                raise self._refused(login, record, self.cause(operation, answer), answer)
            content = self._read(operation, answer)
            token = _cookie(answer)
            if not token or not isinstance(content, dict):
                why = Message("the answer has no cookie {cookie}, or no object", cookie=named(COOKIE))
                raise self.unusable(operation, why)
            record.fails, record.good = 0, True
            return LoggedIn(token, content)

    def reset_lockout(self) -> None:
        """A person wants refused logins tried again; not one that the bot tries no more."""
        with self._lock:
            for record in self._records.values():
                if record.fails < LEAVES_AT:
                    record.refusal, record.unanswered = None, 0

    def forget(self, login: str) -> None:
        """The account was made anew, or is gone: what is remembered of it was of another."""
        with self._lock:
            self._records.pop(login, None)

    def unusable(self, operation: Operation, why: Message) -> Permanent:
        """An answer that lacks what it has to have."""
        cause = Cause.noted(why, service=self.service, operation=operation.name, code="200")
        return Permanent(operation.what, cause=cause.redacted(self._redact(operation)))

    def _admin_token(self, refused: str) -> str:
        """`refused`: the one that no longer holds; another thread may have a newer one already."""
        with self._lock:
            if self._token == refused:
                self.admin_logs_in()
            return self._token

    def _no_answer(self, login: str, record: _Record, error: Temporary) -> WorkError:
        """It may have been refused where a connection came about."""
        lost = isinstance(error.__cause__, httpx.HTTPError)
        unheard = isinstance(error.__cause__, httpx.ConnectError | httpx.ConnectTimeout)
        if record.good or not lost or unheard:
            return error
        record.unanswered += 1
        if record.unanswered < LEAVES_AT:
            return error
        what = Message(
            "AI Conductor didn't respond to {n} logins of {login}, which it may have rejected",
            n=record.unanswered,
            login=named(login),
        )
        return record.close(what, error.cause)

    def _refused(self, login: str, record: _Record, cause: Cause, answer: httpx.Response) -> Permanent:
        detail = _detail(answer)
        count = str(detail.get("login_fail_count", "")) if isinstance(detail, dict) else ""
        record.fails = int(count) if count.isdecimal() else record.fails + 1
        record.good = False
        if cause.code in (_LOCKED, _UNUSED):
            record.fails = 0  # nothing is left to lose, and an unlocked account begins anew
        name = named(login)
        if cause.code == _LOCKED:
            what = Message("cannot log in to AI Conductor as {login}: the account is locked", login=name)
        elif cause.code == _UNUSED:
            what = Message(
                "cannot log in to AI Conductor as {login}: the account is locked for inactivity",
                login=name,
            )
        elif record.fails >= LEAVES_AT:
            what = Message(
                "AI Conductor rejected the login {login} {fails} of {most} times, so the bot stopped trying",
                login=name,
                fails=record.fails,
                most=LOCKS_AT,
            )
        elif login == self._user:
            what = Message("AI Conductor rejects the bot's login {login}", login=name)
        else:
            what = Message("AI Conductor rejects the login {login}", login=name)
        return record.close(what, cause)

    def _read(self, operation: Operation, answer: httpx.Response) -> Any:
        if not answer.is_success or (answer.content and not is_json(answer)):
            self.refuse(operation, answer)
        return answer.json() if answer.content else None

    def said(self, operation: Operation, answer: httpx.Response) -> Cause | None:
        detail = _detail(answer)
        words = _words(detail)
        if words is None:
            return None
        code = detail.get("error_code") if isinstance(detail, dict) else None
        code = str(code or answer.status_code)
        return Cause(service=self.service, operation=operation.name, code=code, raw_text=words)

    def secrets(self) -> tuple[SecretStr, ...]:
        """Validation quotes what it was sent."""
        return self._password, SecretStr(self._token)


def _as_admin(token: str) -> dict[str, str]:
    return {"Cookie": f"{COOKIE}={token}"}


def _cookie(answer: httpx.Response) -> str:
    """The access token, whatever domain the cookie is for: inside the cluster we come by another name."""
    for header in answer.headers.get_list("set-cookie"):
        try:
            found = SimpleCookie(header)
        except CookieError:
            continue
        if COOKIE in found:
            return str(found[COOKIE].value)
    return ""


def _detail(answer: httpx.Response) -> Any:
    """What is under `detail`: a string, a list of faults, or an object."""
    content = answer.json() if is_json(answer) else None
    return content.get("detail") if isinstance(content, dict) else None


def _words(detail: Any) -> str | None:
    """AI Conductor's own words in that detail."""
    match detail:
        case str() as text:
            return text
        case list() as faults:
            return "; ".join(_fault(each) for each in faults)
        case dict():
            return json.dumps(detail, ensure_ascii=False)
    return None


def _fault(fault: Any) -> str:
    """One fault of a validation, without what it was sent."""
    if not isinstance(fault, dict):
        return str(fault)
    where = ".".join(str(part) for part in fault.get("loc", ()))
    return f"{where}: {fault.get('msg', '')}"

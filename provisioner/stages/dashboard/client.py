"""Grafana's dashboards through its HTTP API.

A page for people (a login in front, another program's "not found") is never taken for an answer: what is
not JSON says nothing about a dashboard.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from copy import deepcopy
from dataclasses import dataclass
from datetime import timedelta
from importlib.resources import files
from typing import Any, NoReturn

import httpx
from pydantic import BaseModel, SecretStr, ValidationError

from provisioner.clients.answer import is_json, seen
from provisioner.clients.http import HttpClient
from provisioner.clients.observer import Observer, observed, unobserved
from provisioner.deadline import CALL_WITHIN
from provisioner.errors import Cause, Permanent, Temporary
from provisioner.message import Message, named
from provisioner.redaction import Redactor
from provisioner.retry import retry_after
from provisioner.stages.dashboard.stage import BOT, Dashboard
from provisioner.validation import faults

_SOON = timedelta(seconds=5)
_RIGHTS_KNOWN = timedelta(seconds=30)
"""Until Grafana sees the rights to a dashboard that was made under the uid of one it just deleted."""


class _Model(BaseModel):
    uid: str
    title: str
    tags: list[str] | None = None
    version: int = 1


class _Found(BaseModel):
    dashboard: _Model


@dataclass(frozen=True, slots=True)
class _Call:
    operation: str
    what: Message  # that could not be done


class GrafanaHttp:
    """`url` is Grafana's address, without the path of a page. `token` is a service account's.

    `template` is the text of a dashboard's JSON, as Grafana's own settings page shows it; empty: the shipped
    one. Its variables of type constant that are named `namespace`, `node_label` and `bucket` are given their
    values. Raises `ValueError`, without the token, for a token or a template that cannot be used.
    """

    def __init__(
        self,
        *,
        url: str,
        token: SecretStr,
        template: str = "",
        timeout: timedelta = CALL_WITHIN,
        observer: Observer = unobserved,
    ) -> None:
        self._observer = observer
        self._token = SecretStr(token.get_secret_value().strip())  # a file often ends in a new line
        if not re.fullmatch(r"[!-~]+", self._token.get_secret_value()):
            raise ValueError("Grafana's token must be visible ASCII characters without blanks")
        self._redact = Redactor((self._token,)).redact
        self._template = checked(template or shipped())
        authorization = {"Authorization": f"Bearer {self._token.get_secret_value()}"}
        self._http = HttpClient(url=url, headers=authorization, timeout=timeout)

    def look(self, uid: str) -> Dashboard | None:
        call = _Call("GetDashboard", Message("cannot read Grafana dashboard {uid}", uid=named(uid)))
        answer = self._send(call, "GET", f"/api/dashboards/uid/{uid}")
        if _absent(answer):
            return None
        self._refuse_failure(call, answer)
        try:
            found = _Found.model_validate_json(answer.content).dashboard
        except ValidationError as error:
            fields = named(", ".join(fault.place for fault in faults(error)))
            self._refuse(call, answer, Message("answered without a usable {fields}", fields=fields))
        if found.uid != uid:  # some databases compare without regard to case
            other = Message("answered with another dashboard, {uid}", uid=named(found.uid))
            self._refuse(call, answer, other)
        return Dashboard(title=found.title, tags=tuple(found.tags or ()), version=found.version)

    def create(self, uid: str, *, title: str, tags: Sequence[str], variables: Mapping[str, str]) -> None:
        call = _Call("PostDashboard", Message("cannot create Grafana dashboard {uid}", uid=named(uid)))
        body = {
            "dashboard": self._filled(uid, title, tags, variables),
            "message": "made by workspace-bot",
            "overwrite": False,
        }
        answer = self._send(call, "POST", "/api/dashboards/db", body)
        if _there_by_now(answer):  # a lost answer, or made meanwhile: look again
            raise Temporary(call.what, cause=self._cause(call, answer))
        self._refuse_failure(call, answer)

    def delete(self, uid: str) -> None:
        call = _Call("DeleteDashboard", Message("cannot delete Grafana dashboard {uid}", uid=named(uid)))
        answer = self._send(call, "DELETE", f"/api/dashboards/uid/{uid}")
        if not _absent(answer):
            self._refuse_failure(call, answer)

    def _filled(
        self, uid: str, title: str, tags: Sequence[str], variables: Mapping[str, str]
    ) -> dict[str, Any]:
        """The template as a dashboard of its own. Our tags in it are another workspace's, if any."""
        board = deepcopy(self._template)
        for variable in board.get("templating", {}).get("list", ()):
            if variable.get("type") == "constant" and variable.get("name") in variables:
                value = variables[variable["name"]]
                chosen = {"text": value, "value": value, "selected": True}
                variable |= {"query": value, "current": chosen, "options": [chosen]}
        board.pop("version", None)
        own = [tag for tag in board.get("tags") or () if not tag.startswith(BOT)]
        return board | {"id": None, "uid": uid, "title": title, "tags": [*own, *tags]}

    def _send(self, call: _Call, method: str, path: str, body: object = None) -> httpx.Response:
        """Whatever was answered in JSON, good or bad; all else is an error."""
        with observed(self._observer, "grafana", call.operation) as watched:
            answer = self._answer(call, method, path, body)
            if answer.is_error:
                watched.code = str(answer.status_code)
            return answer

    def _answer(self, call: _Call, method: str, path: str, body: object) -> httpx.Response:
        try:
            answer = self._http.request(method, path, json=body)
        except httpx.HTTPError as error:  # no connection, a time-out, or one that broke
            cause = Cause(
                service="grafana",
                operation=call.operation,
                raw_text=self._redact(str(error)),
                code=type(error).__name__,
            )
            raise Temporary(call.what, cause=cause) from error
        if answer.status_code == httpx.codes.TOO_MANY_REQUESTS or answer.is_server_error:
            raise Temporary(
                call.what, cause=self._cause(call, answer), retry_after=retry_after(answer.headers) or _SOON
            )
        if answer.is_redirect or _json(answer) is None:
            self._refuse(call, answer)
        return answer

    def _refuse_failure(self, call: _Call, answer: httpx.Response) -> None:
        denied = "access denied to this dashboard" in _words(answer).lower()
        if answer.status_code == httpx.codes.FORBIDDEN and denied:
            raise Temporary(call.what, cause=self._cause(call, answer), retry_after=_RIGHTS_KNOWN)
        if not answer.is_success:
            self._refuse(call, answer)

    def _refuse(self, call: _Call, answer: httpx.Response, note: Message | None = None) -> NoReturn:
        raise Permanent(call.what, cause=self._cause(call, answer, note))

    def _cause(self, call: _Call, answer: httpx.Response, note: Message | None = None) -> Cause:
        """A `note` where what Grafana says is no fault in its own eyes."""
        code, said = str(answer.status_code), _json(answer)
        if said is None or note is not None:
            note = note or seen(answer, self._redact)
            cause = Cause.noted(note, service="grafana", operation=call.operation, code=code)
            return cause.redacted(self._redact)
        return Cause(
            service="grafana",
            operation=call.operation,
            code=code,
            raw_text=self._redact(_words(answer)),
            request_id=str(said.get("accessErrorId") or said.get("traceID") or ""),
        )


def shipped() -> str:
    """The template that comes with the bot."""
    return files(__package__).joinpath("dashboard.json").read_text(encoding="utf-8")


def checked(template: str) -> dict[str, Any]:
    """The dashboard in a template's text. `ValueError` says what is wrong with it."""
    try:
        found = json.loads(template)
        json.dumps(found, allow_nan=False, ensure_ascii=False).encode()  # as it will be sent
    except ValueError as error:
        raise ValueError(f"the dashboard template is no JSON: {error}") from None
    if not isinstance(found, dict):
        raise ValueError("the dashboard template is no dashboard: it must be a JSON object")
    if found.get("__inputs"):
        raise ValueError(
            "the dashboard template was exported for sharing, with __inputs that only Grafana's import page"
            " fills in: export it without, and let a variable choose the data source"
        )
    if not _objects(found.get("panels")) or not _objects(_variables(found)):
        raise ValueError(
            "the dashboard template is no dashboard: it must have `panels`, and `templating.list` if any,"
            " as lists of objects at its top, as Grafana's JSON model shows them"
        )
    if not _strings(found.get("tags") or []):
        raise ValueError("the dashboard template has `tags` that are no list of words")
    return found


def _variables(template: dict[str, Any]) -> object:
    templating = template.get("templating", {})
    return templating.get("list", []) if isinstance(templating, dict) else None


def _objects(value: object) -> bool:
    return isinstance(value, list) and all(isinstance(each, dict) for each in value)


def _strings(value: object) -> bool:
    return isinstance(value, list) and all(isinstance(each, str) for each in value)


def _json(answer: httpx.Response) -> dict[str, Any] | None:
    """The object that was answered, or None when it was none."""
    found = answer.json() if is_json(answer) else None
    return found if isinstance(found, dict) else None


def _words(answer: httpx.Response) -> str:
    """What Grafana says; empty of anything else."""
    said = _json(answer)
    return "" if said is None else str(said.get("message") or said.get("error") or answer.reason_phrase)


def _absent(answer: httpx.Response) -> bool:
    """Whether there is no such dashboard. A 404 that speaks of none is of a wrong address."""
    return answer.status_code == httpx.codes.NOT_FOUND and "dashboard" in _words(answer).lower()


def _there_by_now(answer: httpx.Response) -> bool:
    """Whether there is one with this uid: Grafana finds that our version of it is not the last."""
    if answer.is_success:
        return False
    mismatch = (_json(answer) or {}).get("status") == "version-mismatch"
    return mismatch or answer.status_code == httpx.codes.CONFLICT or "same uid" in _words(answer).lower()

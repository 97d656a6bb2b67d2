"""Grafana's dashboards through its HTTP API: what is not JSON says nothing about a dashboard."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from copy import deepcopy
from datetime import timedelta
from importlib.resources import files
from typing import Any

import httpx
from pydantic import BaseModel, SecretStr, ValidationError

from provisioner.clients.http import HttpApi, Operation, is_json
from provisioner.message import Message, named
from provisioner.stages.dashboard.stage import BOT, Dashboard
from provisioner.validation import faults
from provisioner.vendor_call import CALL_WITHIN, Cause, Observer, Temporary, unobserved

_RIGHTS_KNOWN = timedelta(seconds=30)
"""Until Grafana sees the rights to a dashboard that was made under the uid of one it just deleted."""


class _Model(BaseModel):
    uid: str
    title: str
    tags: list[str] | None = None
    version: int = 1


class _Found(BaseModel):
    dashboard: _Model


class GrafanaHttp(HttpApi):
    """`url` is Grafana's address, without the path of a page. `token` is a service account's.

    `template` is the text of a dashboard's JSON, as Grafana's own settings page shows it; empty: the shipped
    one. Its variables of type constant that are named `namespace`, `node_label` and `bucket` are given their
    values. Raises `ValueError`, without the token, for a token or a template that cannot be used.
    """

    service = "grafana"

    def __init__(
        self,
        *,
        url: str,
        token: SecretStr,
        template: str = "",
        timeout: timedelta = CALL_WITHIN,
        observer: Observer = unobserved,
    ) -> None:
        self._token = SecretStr(token.get_secret_value().strip())  # a file often ends in a new line
        if not re.fullmatch(r"[!-~]+", self._token.get_secret_value()):
            raise ValueError("Grafana's token must be visible ASCII characters without blanks")
        self._template = checked(template or shipped())
        authorization = {"Authorization": f"Bearer {self._token.get_secret_value()}"}
        super().__init__(url=url, headers=authorization, timeout=timeout, observer=observer)

    def look(self, uid: str) -> Dashboard | None:
        call = Operation("GetDashboard", Message("cannot read Grafana dashboard {uid}", uid=named(uid)))
        answer = self.send(call, "GET", f"/api/dashboards/uid/{uid}")
        if _absent(answer):
            return None
        self._refuse_failure(call, answer)
        try:
            found = _Found.model_validate_json(answer.content).dashboard
        except ValidationError as error:
            fields = named(", ".join(fault.place for fault in faults(error)))
            self.refuse(call, answer, Message("answered without a usable {fields}", fields=fields))
        if found.uid != uid:  # some databases compare without regard to case
            other = Message("answered with another dashboard, {uid}", uid=named(found.uid))
            self.refuse(call, answer, other)
        return Dashboard(title=found.title, tags=tuple(found.tags or ()), version=found.version)

    def create(self, uid: str, *, title: str, tags: Sequence[str], variables: Mapping[str, str]) -> None:
        call = Operation("PostDashboard", Message("cannot create Grafana dashboard {uid}", uid=named(uid)))
        body = {
            "dashboard": self._filled(uid, title, tags, variables),
            "message": "made by workspace-bot",
            "overwrite": False,
        }
        answer = self.send(call, "POST", "/api/dashboards/db", json=body)
        if _there_by_now(answer):  # a lost answer, or made meanwhile: look again
            raise Temporary(call.what, cause=self.cause(call, answer))
        self._refuse_failure(call, answer)

    def delete(self, uid: str) -> None:
        call = Operation("DeleteDashboard", Message("cannot delete Grafana dashboard {uid}", uid=named(uid)))
        answer = self.send(call, "DELETE", f"/api/dashboards/uid/{uid}")
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

    def _answer(self, operation: Operation, method: str, path: str, **options: Any) -> httpx.Response:
        """Whatever was answered in JSON, good or bad; all else is an error."""
        answer = super()._answer(operation, method, path, **options)
        if answer.is_redirect or _json(answer) is None:
            self.refuse(operation, answer)
        return answer

    def _refuse_failure(self, call: Operation, answer: httpx.Response) -> None:
        denied = "access denied to this dashboard" in _words(answer).lower()
        if answer.status_code == httpx.codes.FORBIDDEN and denied:
            raise Temporary(call.what, cause=self.cause(call, answer), retry_after=_RIGHTS_KNOWN)
        if not answer.is_success:
            self.refuse(call, answer)

    def said(self, operation: Operation, answer: httpx.Response) -> Cause | None:
        said = _json(answer)
        if said is None:
            return None
        return Cause(
            service=self.service,
            operation=operation.name,
            code=str(answer.status_code),
            raw_text=_words(answer),
            request_id=str(said.get("accessErrorId") or said.get("traceID") or ""),
        )

    def secrets(self) -> tuple[SecretStr, ...]:
        return (self._token,)


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

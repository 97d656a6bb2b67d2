"""APIs over HTTP whose clients are our own: a limit on the whole call, which httpx has none of, and their
errors mapped to ours, once.

A page for people (a login in front, another program's "not found") is never taken for an answer.
"""

from __future__ import annotations

import re
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import timedelta
from functools import partial
from html import unescape
from http.cookiejar import CookieJar
from typing import Any, NoReturn

import httpx
from pydantic import SecretStr

from provisioner.message import Message, named
from provisioner.redaction import Redactor
from provisioner.retry import retry_after
from provisioner.vendor_call import (
    CALL_WITHIN,
    CONNECT_WITHIN,
    Cause,
    Observer,
    OutOfTime,
    Permanent,
    Temporary,
    TimeLimit,
    check_time,
    observed,
)

_SOON = timedelta(seconds=5)
_SHOWN = 200  # characters of what was answered: enough to recognise it by


class HttpClient:
    """`url` is what paths are added to. A proxy that the environment names is not used."""

    def __init__(
        self,
        *,
        url: str,
        timeout: timedelta = CALL_WITHIN,
        headers: Mapping[str, str] | None = None,
        cookies: CookieJar | None = None,
    ) -> None:
        """`timeout` is for a call from its beginning to the last byte of the answer."""
        self._http = httpx.Client(
            base_url=url,
            headers=headers,
            cookies=cookies,
            timeout=httpx.Timeout(
                timeout.total_seconds(), connect=min(timeout, CONNECT_WITHIN).total_seconds()
            ),
            transport=_InTime(trust_env=False),
            trust_env=False,
        )
        self._timeout = timeout
        self._limit = TimeLimit(timeout)

    def request(self, method: str, path: str, **options: Any) -> httpx.Response:
        """The whole answer. Raises `httpx.HTTPError`, also when it takes too long."""
        try:
            return self._limit.run(partial(self._http.request, method, path, **options))
        except OutOfTime as late:
            error = httpx.ReadTimeout if late.begun else httpx.ConnectTimeout
            raise error(f"no answer within {self._timeout.total_seconds():g} s") from None


class _InTime(httpx.HTTPTransport):
    """What was given up sends nothing any more, and reads no answer to its end."""

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        request.extensions = {**request.extensions, "trace": _before_sending}
        answer = super().handle_request(request)
        if isinstance(answer.stream, httpx.SyncByteStream):
            answer.stream = _Parts(answer.stream)
        return answer


def _before_sending(event: str, _info: Mapping[str, Any]) -> None:
    if event == "http11.send_request_headers.started":
        check_time()


class _Parts(httpx.SyncByteStream):
    def __init__(self, stream: httpx.SyncByteStream) -> None:
        self._stream = stream

    def __iter__(self) -> Iterator[bytes]:
        for part in self._stream:
            check_time()
            yield part

    def close(self) -> None:
        self._stream.close()


@dataclass(frozen=True, slots=True)
class Operation:
    """`what` could not be done if it fails. `secrets`: what was sent and may be quoted."""

    name: str  # as the observer and a `Cause` have it: "create workspace"
    what: Message
    secrets: tuple[SecretStr, ...] = ()


class HttpApi(ABC):
    """One system. Whoever inherits this tells the system's words, and the secrets that they may quote."""

    service: str  # as in `Cause.service`

    def __init__(self, *, url: str, timeout: timedelta, observer: Observer, **options: Any) -> None:
        self._http = HttpClient(url=url, timeout=timeout, **options)
        self._observer = observer

    @abstractmethod
    def said(self, operation: Operation, answer: httpx.Response) -> Cause | None:
        """In the system's own words, as they came; None where there are none."""

    @abstractmethod
    def secrets(self) -> tuple[SecretStr, ...]: ...

    def send(self, operation: Operation, method: str, path: str, **options: Any) -> httpx.Response:
        """`Temporary` when it may go better later; any other answer as it is."""
        with observed(self._observer, self.service, operation.name) as watched:
            answer = self._answer(operation, method, path, **options)
            if answer.is_error:
                watched.code = str(answer.status_code)
            return answer

    def refuse(self, operation: Operation, answer: httpx.Response, note: Message | None = None) -> NoReturn:
        """`note`: what is wrong with the answer, where that is no fault in the system's own eyes."""
        raise Permanent(operation.what, cause=self.cause(operation, answer, note))

    def cause(self, operation: Operation, answer: httpx.Response, note: Message | None = None) -> Cause:
        redact = self._redact(operation)
        found = None if note else self.said(operation, answer)
        if found is None:
            note, code = note or seen(answer, redact), str(answer.status_code)
            found = Cause.noted(note, service=self.service, operation=operation.name, code=code)
        return found.redacted(redact)

    def _answer(self, operation: Operation, method: str, path: str, **options: Any) -> httpx.Response:
        try:
            answer = self._http.request(method, path, **options)
        except httpx.HTTPError as error:  # no connection, a time-out, or one that broke
            cause = Cause.broken(error, service=self.service, operation=operation.name)
            raise Temporary(operation.what, cause=cause.redacted(self._redact(operation))) from error
        if answer.status_code == httpx.codes.TOO_MANY_REQUESTS or answer.is_server_error:
            raise Temporary(
                operation.what,
                cause=self.cause(operation, answer),
                retry_after=retry_after(answer.headers) or _SOON,
            )
        return answer

    def _redact(self, operation: Operation) -> Callable[[str], str]:
        return Redactor((*self.secrets(), *operation.secrets)).redact


def kind(answer: httpx.Response) -> str:
    """Its content type, without parameters; empty when it has none."""
    return str(answer.headers.get("content-type", "")).partition(";")[0].strip().lower()


def is_json(answer: httpx.Response) -> bool:
    """Whether it says that it is JSON, and is."""
    if not kind(answer).endswith("json"):
        return False
    try:
        answer.json()
    except ValueError:
        return False
    return True


def seen(answer: httpx.Response, mask: Callable[[str], str]) -> Message:
    """Of an answer without words of the API that was asked: what it is.

    `mask` goes before the cut, which could leave half of a secret.
    """
    code = answer.status_code
    if answer.is_redirect:
        where = mask(answer.headers.get("location", "").partition("?")[0])
        return Message("answered {code} with a redirect to {where}, not JSON", code=code, where=named(where))
    if is_json(answer):
        shown = mask(answer.text)[:_SHOWN]
        return Message("answered {code} with unexpected JSON: {shown}", code=code, shown=shown)
    title = re.search(r"<title[^>]*>(.*?)</title>", answer.text, re.IGNORECASE | re.DOTALL)
    said = kind(answer)
    return Message(
        "answered {code} with {kind}, not JSON: {shown}",
        code=code,
        kind=named(said) if said else Message("an unknown content type"),
        shown=mask(" ".join(unescape(title[1] if title else answer.text).split()))[:_SHOWN],
    )

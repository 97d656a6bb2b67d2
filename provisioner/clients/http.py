"""HTTP for the clients that are our own: httpx with a limit on the whole call, which it has none of."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import timedelta
from functools import partial
from http.cookiejar import CookieJar
from typing import Any

import httpx

from provisioner import deadline
from provisioner.deadline import CALL_WITHIN, CONNECT_WITHIN, OutOfTime, TimeLimit


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
        deadline.check()


class _Parts(httpx.SyncByteStream):
    def __init__(self, stream: httpx.SyncByteStream) -> None:
        self._stream = stream

    def __iter__(self) -> Iterator[bytes]:
        for part in self._stream:
            deadline.check()
            yield part

    def close(self) -> None:
        self._stream.close()

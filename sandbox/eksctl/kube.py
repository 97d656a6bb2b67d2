"""The cluster's API server, asked with a token made of the AWS keys."""

from __future__ import annotations

import base64
import json
import ssl
from collections.abc import Callable
from typing import Any
from urllib.parse import urlencode, urlsplit

import urllib3

from sandbox.eksctl.failure import Failure

Object = dict[str, Any]
STRATEGIC = "application/strategic-merge-patch+json"


class Refused(Failure):
    """A Status in answer. `status` is the HTTP code."""

    def __init__(self, status: int, text: str) -> None:
        super().__init__(text)
        self.status = status


class Unreachable(Failure):
    """No answer at all."""


class Kube:
    def __init__(self, endpoint: str, authority: str, token: Callable[[], str]) -> None:
        """`authority` is PEM in base64; `token` is asked before each call."""
        tls = ssl.create_default_context(cadata=base64.b64decode(authority).decode())
        self._endpoint = endpoint
        self._token = token
        self._pool = urllib3.PoolManager(ssl_context=tls, retries=False, timeout=urllib3.Timeout(30))

    def get(self, path: str, **query: str) -> Object:
        return self._call("GET", path, query)

    def items(self, path: str, **query: str) -> list[Object]:
        found: list[Object] = self.get(path, **query)["items"]
        return found

    def find(self, path: str) -> Object | None:
        try:
            return self.get(path)
        except Refused as refused:
            if refused.status == 404:
                return None
            raise

    def create(self, path: str, body: Object) -> Object:
        return self._call("POST", path, {}, body)

    def replace(self, path: str, body: Object) -> Object:
        return self._call("PUT", path, {}, body)

    def patch(self, path: str, body: Object) -> Object:
        return self._call("PATCH", path, {}, body, STRATEGIC)

    def delete(self, path: str, body: Object) -> Object:
        return self._call("DELETE", path, {}, body)

    def _call(
        self,
        method: str,
        path: str,
        query: dict[str, str],
        body: Object | None = None,
        content: str = "application/json",
    ) -> Object:
        url = f"{self._endpoint}{path}{'?' if query else ''}{urlencode(query)}"
        headers = {
            "Accept": "application/json",
            "Authorization": f"Bearer {self._token()}",
            "User-Agent": "eksctl/0.230.0",
            **({"Content-Type": content} if body is not None else {}),
        }
        sent = None if body is None else json.dumps(body)
        try:
            answer = self._pool.request(method, url, body=sent, headers=headers)
        except urllib3.exceptions.HTTPError as error:
            verb = method.capitalize()
            raise Unreachable(f'{verb} "{url}": dial tcp {urlsplit(url).netloc}: {_reason(error)}') from error
        try:
            told: Object = answer.json()
        except ValueError:
            told = {}
        if answer.status >= 300:
            raise Refused(answer.status, told.get("message") or f"an error on the server ({answer.status})")
        return told


def _reason(error: Exception) -> str:
    if isinstance(error, urllib3.exceptions.TimeoutError):
        return "i/o timeout"
    if "refused" in str(error):
        return "connect: connection refused"
    return "EOF"

"""The one HTTP address for Slack, and whether a request there is Slack's."""

from __future__ import annotations

import re
from collections.abc import Awaitable, Callable, Mapping
from threading import Lock

import structlog
from cachetools import FIFOCache
from pydantic import SecretStr
from slack_bolt import BoltRequest, BoltResponse
from slack_sdk.signature import Clock, SignatureVerifier
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

log = structlog.get_logger()

PATH = "/slack/events"
BODY_LONGEST = 1_000_000
"""Bytes; Slack's largest, a view of 250 kB escaped in a form, is below."""
_REMEMBERED = 20_000
"""More than Slack sends in the five minutes a signature is good for (30,000 events an hour at most)."""

_SECONDS = re.compile(r"[0-9]{1,12}\Z")


class Signatures:
    """Signed with our secret, not older than five minutes, and not seen before.

    Docs: authentication/verifying-requests-from-slack.

    Slack's own second delivery of an event carries a new timestamp and so a new signature: it passes.
    """

    def __init__(self, secret: SecretStr, clock: Clock | None = None) -> None:
        self._verifier = SignatureVerifier(secret.get_secret_value(), clock or Clock())
        self._seen: FIFOCache[str, bool] = FIFOCache(_REMEMBERED)
        self._lock = Lock()  # over those seen

    def accept(self, body: bytes, headers: Mapping[str, str]) -> bool:
        """Header names in lower case."""
        timestamp = headers.get("x-slack-request-timestamp", "")
        signature = headers.get("x-slack-signature", "")
        if not (_SECONDS.match(timestamp) and signature.isascii()):
            return False
        try:
            genuine = self._verifier.is_valid(body, timestamp, signature)
        except UnicodeDecodeError:
            return False
        with self._lock:
            new = signature not in self._seen
            if genuine and new:
                self._seen[signature] = True
        return genuine and new


def endpoint(dispatch: Callable[[BoltRequest], Awaitable[BoltResponse]], signatures: Signatures) -> Starlette:
    async def receive(request: Request) -> Response:
        body = await _body(request)
        if body is None:
            return Response(status_code=413)
        if not signatures.accept(body, request.headers):
            log.warning("request not from Slack", client=request.client.host if request.client else "")
            return Response(status_code=401)
        try:
            incoming = BoltRequest(body=body.decode(), headers={**request.headers})
        except ValueError:  # signed, and yet neither a form nor JSON
            return Response(status_code=400)
        return _response(await dispatch(incoming))

    return Starlette(routes=[Route(PATH, receive, methods=["POST"])])


async def _body(request: Request) -> bytes | None:
    """None when it is longer than anything Slack sends; it is not read to its end then."""
    chunks = bytearray()
    async for chunk in request.stream():
        chunks += chunk
        if len(chunks) > BODY_LONGEST:
            return None
    return bytes(chunks)


def _response(answer: BoltResponse) -> Response:
    headers = {name: values[0] for name, values in answer.headers.items()}
    return Response(content=answer.body, status_code=answer.status, headers=headers)

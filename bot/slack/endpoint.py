"""The one HTTP address for Slack. Bolt's dispatch runs in a pool of threads, not on the event loop, where
each command would wait for the one before."""

from __future__ import annotations

import structlog
from slack_bolt import App, BoltRequest, BoltResponse
from starlette.applications import Starlette
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from bot.slack.acknowledgements import Acknowledgements
from bot.slack.signature import Signatures

log = structlog.get_logger()

PATH = "/slack/events"
BODY_LONGEST = 1_000_000
"""Bytes; Slack's largest, a view of 250 kB escaped in a form, is below."""


def endpoint(bolt: App, signatures: Signatures, acks: Acknowledgements) -> Starlette:
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
        acks.begun()
        try:
            return _response(await run_in_threadpool(bolt.dispatch, incoming))
        finally:
            acks.ended()

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

"""The HTTP side: which call it is, who makes it, what strikes it, the journal."""

import asyncio
import json
import threading
import time
from collections.abc import Awaitable, Callable
from dataclasses import asdict, dataclass
from typing import Any

from starlette.requests import Request
from starlette.responses import HTMLResponse, JSONResponse, Response
from starlette.types import Receive, Scope, Send

from sandbox.conductor.accounts import ADMIN, Account
from sandbox.conductor.calls import CALLS, Call
from sandbox.conductor.installation import Answer, Asked, Installation
from sandbox.conductor.refusal import Refused
from sandbox.serving.callfaults import Faults, Kind

COOKIE = "access-token"
PAGE = "<!doctype html><html><head><title>AI Conductor</title></head><body><div id=root></div></body></html>"


@dataclass(frozen=True, slots=True)
class Write:
    """One call that changed something. `login` is who made it."""

    number: int
    time: float
    call: str
    resource: str
    login: str


class Application:
    """An ASGI app. `on_write` is called after a write was carried out and before it is answered."""

    def __init__(self, installation: Installation, faults: Faults) -> None:
        self.unknown_calls: list[str] = []
        self.writes: list[Write] = []
        self.on_write: Callable[[Write], None] | None = None
        self.cut: Callable[[Scope, Receive], Awaitable[None]] | None = None
        self._installation = installation
        self._faults = faults
        self._lock = threading.Lock()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            return
        try:
            response = await self._answer(Request(scope, receive))
        except Refused as refused:
            response = JSONResponse({"detail": refused.detail}, status_code=refused.status)
        if response is not None:
            await response(scope, receive, send)
        elif self.cut is not None:
            await self.cut(scope, receive)

    def journal(self, since: int) -> list[dict[str, Any]]:
        with self._lock:
            return [asdict(write) for write in self.writes[since:]]

    async def _answer(self, request: Request) -> Response | None:
        """None: the connection is to be broken."""
        found = self._find(request)
        if isinstance(found, Response):
            return found
        call, places = found
        delay = self._faults.take(Kind.DELAY, call.name, writes=call.writes)
        if delay is not None:
            await asyncio.sleep(delay)
        if self._faults.take(Kind.THROTTLING, call.name, writes=call.writes) is not None:
            return JSONResponse(
                {"detail": "Too many requests"}, status_code=429, headers={"Retry-After": "1"}
            )
        body = await _body(request)
        with self._installation.lock:
            by = None if call.open else self._who(request)
            if self._faults.take(Kind.ACCESS_DENIED, call.name, writes=call.writes) is not None:
                raise _forbidden(call, by)
            if call.admin and by is not None and by.role != ADMIN:
                raise _forbidden(call, by)
            asked = Asked(places=places, query=request.query_params, body=body, by=by)
            answer = call.answer(self._installation, asked)
        if call.writes:
            await asyncio.to_thread(self._written, call, answer, by)
        if self._faults.take(Kind.LOST_ANSWER, call.name, writes=call.writes) is not None:
            return None
        response = JSONResponse(answer.content)
        if answer.token:
            response.set_cookie(COOKIE, answer.token, httponly=True, domain="conductor.example.com")
        return response

    def _find(self, request: Request) -> tuple[Call, Any] | Response:
        path = request.url.path
        for call in CALLS:
            places = call.fits(request.method, path)
            if places is not None:
                return call, places
        self.unknown_calls.append(f"{request.method} {path}")
        if not path.startswith("/api/"):
            return HTMLResponse(PAGE)  # the load balancer sends it to the pages
        return JSONResponse({"detail": "Not Found"}, status_code=404)

    def _who(self, request: Request) -> Account:
        return self._installation.accounts.of_token(request.cookies.get(COOKIE, ""))

    def _written(self, call: Call, answer: Answer, by: Account | None) -> None:
        with self._lock:
            write = Write(
                len(self.writes) + 1, time.time(), call.name, answer.resource, by.login if by else ""
            )
            self.writes.append(write)
        if self.on_write is not None:
            self.on_write(write)


def _forbidden(call: Call, by: Account | None) -> Refused:
    who = by.login if by is not None else "anybody"
    return Refused(403, f"{who} is not permitted to {call.name.removeprefix('conductor.')}")


async def _body(request: Request) -> object:
    raw = await request.body()
    if not raw:
        return None
    if request.headers.get("content-type", "").partition(";")[0] != "application/json":
        raise Refused(
            422, [{"type": "dict_type", "loc": ["body"], "msg": "Input should be a valid dictionary"}]
        )
    try:
        return json.loads(raw)
    except ValueError:
        raise Refused(422, [{"type": "json_invalid", "loc": ["body"], "msg": "JSON decode error"}]) from None

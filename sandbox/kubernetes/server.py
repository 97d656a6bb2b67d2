"""The HTTP side: who asks, faults, the answer on the wire, watches."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Any

from starlette.requests import Request
from starlette.responses import JSONResponse, PlainTextResponse, Response, StreamingResponse
from starlette.types import Receive, Scope, Send

from sandbox.kubernetes import call as calls
from sandbox.kubernetes import discovery
from sandbox.kubernetes.call import MUTATING, Call
from sandbox.kubernetes.faults import Effect, Fault, Faults
from sandbox.kubernetes.identity import Tokens
from sandbox.kubernetes.journal import Hook, Journal, UnknownCall, Write
from sandbox.kubernetes.operations import Operations
from sandbox.kubernetes.refusal import Refused, unauthorized
from sandbox.kubernetes.rights import User, allowed, denial
from sandbox.kubernetes.store import Change, Object, Store

OPEN = frozenset({"/healthz", "/livez", "/readyz"})
WATCH_LASTS = 1800.0
"""Seconds a watch lasts that did not say how long; the real server takes 30 to 60 minutes."""


class Server:
    """An ASGI application."""

    def __init__(
        self,
        *,
        store: Store,
        tokens: Tokens,
        journal: Journal,
        faults: Faults,
        cut: Callable[[Scope, Receive], Awaitable[None]],
    ) -> None:
        """`cut` breaks the connection of a request."""
        self._store = store
        self._tokens = tokens
        self._journal = journal
        self._faults = faults
        self._cut = cut
        self._operations = Operations(store)
        self._watches: set[tuple[asyncio.AbstractEventLoop, asyncio.Queue[Change | None]]] = set()
        self.unknown: list[UnknownCall] = []
        self.hooks: list[tuple[str, Hook]] = []

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            return
        request = Request(scope, receive)
        try:
            response = await self._answer(request)
        except Refused as refused:
            response = _refusal(refused)
        if response is None:
            await self._cut(scope, receive)
        else:
            await response(scope, receive, send)

    def end_watches(self) -> None:
        """As a server does that stops, or a proxy that has had enough."""
        for loop, queue in list(self._watches):
            loop.call_soon_threadsafe(queue.put_nowait, None)

    async def _answer(self, request: Request) -> Response | None:
        path = request.url.path
        if path in OPEN:
            return PlainTextResponse("ok")
        user = self._who(request)
        if discovery.tells(path) and request.method == "GET":
            return JSONResponse(discovery.document(path))
        try:
            found = calls.target(path)
            verb = calls.verb(request.method, found, request.query_params)
        except Refused:
            if path != "/openapi/v2":
                self.unknown.append(UnknownCall(method=request.method, path=path, user=user.name))
            raise
        call = Call(
            target=found,
            verb=verb,
            user=user,
            query=dict(request.query_params),
            content_type=request.headers.get("content-type", "").partition(";")[0].strip(),
            body=await request.body(),
            agent=request.headers.get("user-agent", ""),
            path=path,
        )
        return await self._serve(call)

    def _who(self, request: Request) -> User:
        scheme, _, token = request.headers.get("authorization", "").partition(" ")
        user = self._tokens.user(token.strip()) if scheme.lower() == "bearer" else None
        if user is None:
            raise unauthorized()
        return user

    async def _serve(self, call: Call) -> Response | None:
        struck = self._faults.struck(call)
        for fault in struck:
            if fault.effect is Effect.DELAY:
                await asyncio.sleep(fault.delay.total_seconds())
        try:
            self._admit(call, struck)
            if call.verb == "watch":
                return self._watch(call)
            if call.target.part == "log":
                return PlainTextResponse(self._operations.log(call))
            code, body = self._operations.carry_out(call)
        except Refused as refused:
            self._note(call, refused.code, (refused.details or {}).get("name", ""))
            raise
        write = self._note(call, code, body["metadata"].get("name", ""))
        if write is not None:
            for user, hook in self.hooks:
                if user in ("", call.user.name):
                    await asyncio.to_thread(hook, write.number, write.described)
        if any(fault.effect is Effect.LOSE_ANSWER for fault in struck):
            return None  # the connection is cut
        return JSONResponse(body, status_code=code)

    def _admit(self, call: Call, struck: list[Fault]) -> None:
        for fault in struck:
            if fault.refusal is not None:
                raise fault.refusal(call)
        found, namespace = call.target, call.target.namespace or _own(call)
        if not allowed(call.user, call.verb, found.qualified, namespace, call.name):
            raise denial(call.user, call.verb, found.resource, found.part, namespace, call.name)

    def _note(self, call: Call, code: int, name: str = "") -> Write | None:
        if call.verb not in MUTATING or call.dry_run or call.target.resource.review:
            return None
        found = call.target
        return self._journal.add(
            user=call.user.name,
            verb=call.verb,
            resource=found.qualified,
            namespace=found.namespace,
            name=found.name or name,
            path=call.path,
            code=code,
        )

    def _watch(self, call: Call) -> Response:
        kind, matches = call.target.resource, self._operations.selected(call)
        asked, lasts = call.number("resourceVersion"), call.number("timeoutSeconds") or WATCH_LASTS
        initial = call.query.get("sendInitialEvents") == "true"
        bookmarks = call.query.get("allowWatchBookmarks") == "true"
        loop = asyncio.get_running_loop()
        queue: asyncio.Queue[Change | None] = asyncio.Queue()

        def heard(change: Change) -> None:
            loop.call_soon_threadsafe(queue.put_nowait, change)

        head = {"kind": kind.kind, "apiVersion": kind.api_version(call.target.version)}
        first: list[Object] = []
        with self._store.at_once():
            since, begun = None if initial or not asked else asked, self._store.version
            try:
                missed = self._store.listen(heard, since=since)
            except Refused as gone:
                return _lines(_once({"type": "ERROR", "object": gone.status()}))
            if since is None:
                present = self._store.every(kind, call.target.namespace)
                first = [{"type": "ADDED", "object": item | head} for item in present if matches(item)]
            if initial:
                marks = {"annotations": {"k8s.io/initial-events-end": "true"}}
                end = {"resourceVersion": str(begun), **marks}
                first.append({"type": "BOOKMARK", "object": head | {"metadata": end}})

        async def events() -> AsyncIterator[Object]:
            self._watches.add((loop, queue))
            told_to = begun
            try:
                for event in first:
                    yield event
                for change in missed:
                    if told := _event(change, kind, matches, head):
                        yield told
                async for change in self._until(queue, lasts):
                    told_to = change.version
                    if told := _event(change, kind, matches, head):
                        yield told
                if bookmarks:
                    marks = {"metadata": {"resourceVersion": str(told_to), "creationTimestamp": None}}
                    yield {"type": "BOOKMARK", "object": head | marks}
            finally:
                self._watches.discard((loop, queue))
                self._store.unlisten(heard)

        return _lines(events())

    async def _until(self, queue: asyncio.Queue[Change | None], lasts: float) -> AsyncIterator[Change]:
        """Changes until the time is over or the server stops."""
        end = asyncio.get_running_loop().time() + lasts
        while (left := end - asyncio.get_running_loop().time()) > 0:
            try:
                change = await asyncio.wait_for(queue.get(), left)
            except TimeoutError:
                return
            if change is None:
                return
            yield change


def _event(change: Change, kind: object, matches: Callable[[Any], bool], head: Object) -> Object | None:
    if change.resource is not kind:
        return None
    was = change.before is not None and matches(change.before)
    now = change.after is not None and matches(change.after)
    if not was and not now:
        return None
    word = "MODIFIED" if was and now else "ADDED" if now else "DELETED"
    return {"type": word, "object": change.last | head}


async def _once(event: Object) -> AsyncIterator[Object]:
    yield event


def _lines(events: AsyncIterator[Object]) -> Response:
    async def text() -> AsyncIterator[str]:
        async for event in events:
            yield json.dumps(event) + "\n"

    return StreamingResponse(text(), media_type="application/json")


def _refusal(refused: Refused) -> Response:
    headers = {"Retry-After": str(refused.retry_after)} if refused.retry_after is not None else None
    return JSONResponse(refused.status(), status_code=refused.code, headers=headers)


def _own(call: Call) -> str:
    """A namespace counts as lying in itself: rights in a namespace cover the object of that name."""
    return call.target.name if call.target.resource.plural == "namespaces" else ""

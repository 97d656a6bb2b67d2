"""The Web API's front door: bodies, tokens, scopes, rates, faults, journal."""

import json
from typing import Any
from urllib.parse import parse_qsl

from starlette.requests import Request
from starlette.responses import JSONResponse, PlainTextResponse, Response
from starlette.types import Receive, Scope, Send

from sandbox.slack.calls import Answer, Call, Method, Token
from sandbox.slack.core import Core
from sandbox.slack.errors import RateLimited, SlackError
from sandbox.slack.faults import Down, Kind


class Lost(Response):
    """No answer at all: the connection breaks."""

    def __init__(self, core: Core, request: Request) -> None:
        super().__init__()
        self._transports = core.transports
        self._client = (request.client.host, request.client.port) if request.client else None

    async def __call__(self, _scope: Scope, receive: Receive, _send: Send) -> None:
        self._transports.abort(self._client)
        while (await receive())["type"] != "http.disconnect":
            pass  # else uvicorn complains that nothing was answered


class WebApi:
    def __init__(self, core: Core, methods: dict[str, Method]) -> None:
        self._core = core
        self.methods = methods

    def unreachable(self, request: Request) -> Response | None:
        """The answer of a Slack that is down; None while it is up."""
        down = self._core.faults.is_down
        if down is Down.UNAVAILABLE:
            return PlainTextResponse("upstream connect error", status_code=503)
        return Lost(self._core, request) if down else None

    async def serve(self, request: Request) -> Response:
        gone = self.unreachable(request)
        if gone is not None:
            return gone
        name = request.path_params["method"]
        faults = self._core.faults
        delay = faults.take(Kind.DELAY, name)
        if delay is not None:
            await self._core.clock.pause(delay.seconds)
        lost = faults.take(Kind.LOSE, name)
        arguments: dict[str, Any] = {}
        try:
            arguments = await self._arguments(request)
            answer = self._run(name, request, arguments)
        except SlackError as error:
            answer = error.answer()
            limited = error if isinstance(error, RateLimited) else None
        else:
            limited = None
        shown = {key: value for key, value in arguments.items() if key != "token"}
        extra = {"lost": True} if lost else {}
        self._core.journal.write("call", name, arguments=shown, answer=self._recorded(name, answer), **extra)
        if lost is not None:
            return Lost(self._core, request)
        if limited is not None:
            return JSONResponse(answer, 429, {"Retry-After": str(limited.retry_after)})
        method = self.methods.get(name)
        return JSONResponse(answer, headers=method.headers if method else None)

    def _recorded(self, name: str, answer: Answer) -> Answer:
        """The URL of a socket lets its bearer in, so it is not kept."""
        return {**answer, "url": "***"} if name == "apps.connections.open" and "url" in answer else answer

    async def _arguments(self, request: Request) -> dict[str, Any]:
        arguments: dict[str, Any] = dict(request.query_params)
        if request.method != "POST":
            return arguments
        body = await request.body()
        of_type = request.headers.get("content-type", "").split(";")[0].strip()
        if of_type == "application/json":
            try:
                posted = json.loads(body or b"{}")
            except ValueError:
                raise SlackError("invalid_json") from None
            if not isinstance(posted, dict):
                raise SlackError("json_not_object")
            return arguments | posted
        if of_type in ("application/x-www-form-urlencoded", ""):
            try:
                return arguments | dict(parse_qsl(body.decode(), keep_blank_values=True))
            except UnicodeDecodeError:
                raise SlackError("invalid_charset") from None
        raise SlackError("invalid_post_type")

    def _run(self, name: str, request: Request, arguments: dict[str, Any]) -> Answer:
        limit = self._core.faults.take(Kind.LIMIT, name)
        if limit is not None:
            raise RateLimited(int(limit.seconds))
        method = self.methods.get(name)
        if method is None:
            self._core.unknown_calls.append(name)
            raise SlackError("unknown_method", req_method=name)
        self._authorise(method, request, arguments)
        self._core.limits.call(name, method.tier)
        fault = self._core.faults.take(Kind.ERROR, name)
        if fault is not None:
            raise SlackError(fault.error)
        return method.run(Call(arguments))

    def _authorise(self, method: Method, request: Request, arguments: dict[str, Any]) -> None:
        if method.token is Token.NONE:
            return
        scheme, _, bearer = request.headers.get("authorization", "").partition(" ")
        token = bearer.strip() if scheme.lower() == "bearer" else str(arguments.get("token", ""))
        core = self._core
        if not token:
            raise SlackError("not_authed")
        if token not in (core.bot_token, core.app_token):
            raise SlackError("invalid_auth")
        if (token == core.app_token) is not (method.token is Token.APP):
            raise SlackError("not_allowed_token_type")
        granted = core.seed.scopes if method.token is Token.BOT else ("connections:write",)
        if method.scopes and not set(method.scopes) & set(granted):
            raise SlackError("missing_scope", needed=",".join(method.scopes), provided=",".join(granted))

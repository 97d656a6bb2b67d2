"""The address the bot calls: names calls, journals writes, strikes faults, mends what ministack lacks."""

import asyncio
import time
import uuid
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import asdict, dataclass
from typing import Any

import httpx
from starlette.requests import Request
from starlette.responses import Response, StreamingResponse
from starlette.types import Receive, Scope, Send

from . import s3
from .calls import Call, Calls, NotKnown
from .faults import Faults, Kind

_HOP_BY_HOP = frozenset(
    {"connection", "keep-alive", "transfer-encoding", "content-length", "expect", "te", "date", "server"}
)
_READ_WHOLE = 1 << 20
_UNKNOWN_TO_MINISTACK = frozenset({501, 405})


@dataclass(frozen=True, slots=True)
class Write:
    """One call that changed something. `key_id` is the access key it was signed with."""

    number: int
    time: float
    call: str
    resource: str
    key_id: str


class Front:
    """An ASGI app. `on_write` is called after a write was carried out and before it is answered."""

    def __init__(self, upstream: str, *, account: str, region: str, calls: Calls, faults: Faults) -> None:
        self.calls = calls
        self.faults = faults
        self.unknown_calls: list[str] = []
        self.writes: list[Write] = []
        self.on_write: Callable[[Write], None] | None = None
        self.foreign: set[str] = set()
        self.cut: Callable[[Scope, Receive], Awaitable[None]] | None = None
        self._account = account
        self._upstream = httpx.AsyncClient(base_url=upstream, timeout=60, trust_env=False)
        self._ours = s3.signed(region)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "lifespan":
            await self._live(receive, send)
            return
        request = Request(scope, receive)
        response = await self._answer(request)
        if response is None:
            if self.cut is not None:
                await self.cut(scope, receive)
            return
        await response(scope, receive, send)

    async def _answer(self, request: Request) -> Response | None:
        """None: the connection is to be broken."""
        headers = dict(request.headers)
        # Only objects are large, and nothing here needs to read them.
        streamed = request.method == "PUT" and int(headers.get("content-length", "0")) > _READ_WHOLE
        body = b"" if streamed else await request.body()
        path, query = request.scope["raw_path"].decode(), request.scope["query_string"].decode()
        try:
            call = self.calls.name(request.method, path, query, headers, body)
        except NotKnown as error:
            self.unknown_calls.append(str(error))
            return _refusal(Call(service="s3", operation=""), 501, "NotImplemented", str(error), request)
        if (refused := await self._strike(call, request)) is not None:
            return refused
        content = request.stream() if streamed else body
        response = await self._forward(request, headers, content)
        if response.status_code in _UNKNOWN_TO_MINISTACK:
            self.unknown_calls.append(call.name)
        if call.writes and response.is_success:
            await self._finish(call, body)
            self._written(call)
        if self.faults.take(Kind.LOST_ANSWER, call.name, writes=call.writes) is not None:
            await response.aclose()
            return None
        if call.operation == "DeleteBucket" and response.status_code == 409:
            return await self._not_empty(call, request, response)
        return _passed_on(response)

    async def _strike(self, call: Call, request: Request) -> Response | None:
        """What is answered instead of carrying the call out."""
        delay = self.faults.take(Kind.DELAY, call.name, writes=call.writes)
        if delay is not None:
            await asyncio.sleep(delay)
        if self.faults.take(Kind.THROTTLING, call.name, writes=call.writes) is not None:
            if call.service == "s3":
                return _refusal(call, 503, "SlowDown", "Please reduce your request rate.", request)
            return _refusal(call, 400, "Throttling", "Rate exceeded", request)
        if self.faults.take(Kind.ACCESS_DENIED, call.name, writes=call.writes) is not None:
            return self._denied(call, request)
        if call.service != "s3":
            return None
        bucket = call.resource.partition("/")[0]
        if bucket in self.foreign and call.operation == "CreateBucket":
            taken = (
                "The requested bucket name is not available. The bucket namespace is shared by all users of"
                " the system. Please select a different name and try again."
            )
            return _refusal(call, 409, "BucketAlreadyExists", taken, request)
        if bucket in self.foreign or (
            bucket and s3.wrong_owner(request.headers, self._account) and await self._exists(bucket)
        ):
            return _refusal(call, 403, "AccessDenied", "Access Denied", request)
        return None

    def _denied(self, call: Call, request: Request) -> Response:
        action = f"{call.service}:{call.operation}"
        resource = f' on resource: "arn:aws:s3:::{call.resource}"' if call.service == "s3" else ""
        return _refusal(
            call,
            403,
            "AccessDenied",
            f"User: arn:aws:iam::{self._account}:user/workspace-bot is not authorized to perform: {action}"
            f"{resource} because no identity-based policy allows the {action} action",
            request,
        )

    async def _forward(
        self, request: Request, headers: dict[str, str], content: bytes | AsyncIterator[bytes]
    ) -> httpx.Response:
        kept = {name: value for name, value in headers.items() if name not in _HOP_BY_HOP}
        if not isinstance(content, bytes):
            kept["content-length"] = headers["content-length"]
        raw = request.scope["raw_path"] + b"?" + request.scope["query_string"]
        url = self._upstream.base_url.copy_with(raw_path=raw.rstrip(b"?"))
        sent = self._upstream.build_request(request.method, url, headers=kept, content=content)
        return await self._upstream.send(sent, stream=True)

    async def _finish(self, call: Call, body: bytes) -> None:
        """Tags inside CreateBucket, which ministack ignores: put before the answer, so they come as one."""
        tags = s3.tags_of(body) if call.operation == "CreateBucket" else {}
        if tags:
            answer = await self._upstream.put(
                f"/{call.resource}", params={"tagging": ""}, content=s3.tagging(tags), headers=self._ours
            )
            answer.raise_for_status()

    def _written(self, call: Call) -> None:
        write = Write(len(self.writes) + 1, time.time(), call.name, call.resource, call.key_id)
        self.writes.append(write)
        if self.on_write is not None:
            self.on_write(write)

    async def _exists(self, bucket: str) -> bool:
        return (await self._upstream.head(f"/{bucket}", headers=self._ours)).is_success

    async def _not_empty(self, call: Call, request: Request, response: httpx.Response) -> Response:
        """S3 says when only versions are left; ministack does not."""
        await response.aclose()
        listed = await self._upstream.get(f"/{call.resource}", params={"list-type": "2"}, headers=self._ours)
        text = s3.NOT_EMPTY if s3.texts(listed.content, "Key", "Size") else s3.VERSIONS_LEFT
        return _refusal(call, 409, "BucketNotEmpty", text, request)

    def journal(self, since: int) -> list[dict[str, Any]]:
        return [asdict(write) for write in self.writes[since:]]

    async def _live(self, receive: Receive, send: Send) -> None:
        """Closes the way to ministack when the server stops."""
        while True:
            event = await receive()
            if event["type"] == "lifespan.shutdown":
                await self._upstream.aclose()
            await send({"type": f"{event['type']}.complete"})
            if event["type"] == "lifespan.shutdown":
                return


def _refusal(call: Call, status: int, code: str, message: str, request: Request) -> Response:
    request_id = uuid.uuid4().hex[:16].upper()
    headers = {"x-amz-request-id": request_id, "content-type": "application/xml"}
    if request.method == "HEAD":
        return Response(status_code=status, headers=headers)
    if call.service == "s3":
        body = s3.error(code, message, request_id=request_id, resource=f"/{call.resource}")
    else:
        body = s3.query_error(code, message, request_id=request_id)
    return Response(body, status_code=status, headers=headers)


def _passed_on(response: httpx.Response) -> Response:
    headers = {name: value for name, value in response.headers.items() if name not in _HOP_BY_HOP}
    if "content-length" in response.headers:
        headers["content-length"] = response.headers["content-length"]

    async def chunks() -> AsyncIterator[bytes]:
        async for chunk in response.aiter_raw():
            yield chunk
        await response.aclose()

    return StreamingResponse(chunks(), status_code=response.status_code, headers=headers)

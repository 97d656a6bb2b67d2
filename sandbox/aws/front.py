"""The address the bot calls: names calls, journals writes, strikes faults, mends what ministack lacks."""

import asyncio
import time
import uuid
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from dataclasses import asdict, dataclass
from typing import Any

import httpx
from starlette.requests import Request
from starlette.responses import Response, StreamingResponse
from starlette.types import Receive, Scope, Send

from sandbox.serving.callfaults import Faults, Kind

from . import iam, s3
from .calls import Call, Calls, NotKnown
from .estate import Handler
from .refusals import denied, throttled
from .site import Site
from .wire import Refused, Said, query_refusal

_HOP_BY_HOP = frozenset(
    {"connection", "keep-alive", "transfer-encoding", "content-length", "expect", "te", "date", "server"}
)
_READ_WHOLE = 1 << 20


@dataclass(frozen=True, slots=True)
class Write:
    """One call that changed something. `key_id` is the access key it was signed with."""

    number: int
    time: float
    call: str
    resource: str
    key_id: str


class Front:
    """An ASGI app. `on_write` is called after a write was carried out and before it is answered.

    `ours` has what the front answers itself, by service and operation.
    """

    def __init__(
        self,
        upstream: str,
        *,
        site: Site,
        calls: Calls,
        faults: Faults,
        ours: Mapping[str, Mapping[str, Handler]],
    ) -> None:
        self.calls = calls
        self.faults = faults
        self.unknown_calls: list[str] = []
        self.writes: list[Write] = []
        self.on_write: Callable[[Write], None] | None = None
        self.foreign: set[str] = set()
        self.cut: Callable[[Scope, Receive], Awaitable[None]] | None = None
        self._site = site
        self._handlers = ours
        self._upstream = httpx.AsyncClient(base_url=upstream, timeout=60, trust_env=False)
        self._ours = s3.signed(site.region)

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
            return self._not_known(Call(service=self.calls.service(headers), operation=""), error, request)
        try:
            await self._strike(call, request)
            if call.service in self._handlers:
                response = self._handle(call, Said(request.method, path, query, body))
            elif call.service == "s3":
                response = await self._pass_on(call, request, request.stream() if streamed else body)
            else:
                response = await self._ask_ministack(call, request, Said(request.method, path, query, body))
        except NotKnown as error:
            return self._not_known(call, error, request)
        except Refused as error:
            return self._refuse(call, error, request)
        if call.writes and response.status_code < 300:
            await self._finish(call, body)
            self._written(call)
        if self._struck(Kind.LOST_ANSWER, call) is not None:
            if isinstance(response, _PassedOn):
                await response.source.aclose()
            return None
        return response

    def _handle(self, call: Call, said: Said) -> Response:
        wire = self.calls.wires[call.service]
        asked = wire.read(call.operation, said)
        result = self._handlers[call.service][call.operation](asked, call.key_id)
        return wire.answer(call.operation, result)

    async def _ask_ministack(self, call: Call, request: Request, said: Said) -> Response:
        """STS and IAM. Raises `Refused` with AWS's words where ministack has its own."""
        asked = self.calls.wires[call.service].read(call.operation, said)
        if call.service == "iam":
            iam.check(call, asked)
        answer = await self._forward(request, said.body)
        content = await answer.aread()
        if answer.is_success:
            return Response(content, headers={"content-type": "text/xml"})
        found = query_refusal(answer.status_code, content)
        if found.code == "InvalidAction":
            self.unknown_calls.append(call.name)
        raise iam.reworded(call, asked, found)

    async def _pass_on(self, call: Call, request: Request, content: bytes | AsyncIterator[bytes]) -> Response:
        response = await self._forward(request, content)
        if call.operation == "DeleteBucket" and response.status_code == 409:
            await response.aclose()
            raise await self._not_empty(call)
        return _PassedOn(response)

    async def _strike(self, call: Call, request: Request) -> None:
        """Raises `Refused` where the call is not to be carried out."""
        delay = self._struck(Kind.DELAY, call)
        if delay is not None:
            await asyncio.sleep(delay)
        if self._struck(Kind.THROTTLING, call) is not None:
            raise throttled(call)
        if self._struck(Kind.ACCESS_DENIED, call) is not None:
            raise denied(call, account=self._site.account, region=self._site.region)
        if call.service != "s3":
            return
        bucket = call.resource.partition("/")[0]
        if bucket in self.foreign and call.operation == "CreateBucket":
            raise Refused(409, "BucketAlreadyExists", s3.TAKEN)
        if bucket in self.foreign or (
            bucket and s3.wrong_owner(request.headers, self._site.account) and await self._exists(bucket)
        ):
            raise Refused(403, "AccessDenied", "Access Denied")

    def _struck(self, kind: Kind, call: Call) -> float | None:
        return self.faults.take(kind, call.name, writes=call.writes, key_id=call.key_id)

    def _not_known(self, call: Call, error: NotKnown, request: Request) -> Response:
        self.unknown_calls.append(str(error))
        return self._refuse(call, Refused(501, "NotImplemented", str(error)), request)

    def _refuse(self, call: Call, error: Refused, request: Request) -> Response:
        if call.service in self.calls.wires:
            return self.calls.wires[call.service].refuse(error)
        request_id = uuid.uuid4().hex[:16].upper()
        headers = {"x-amz-request-id": request_id, "content-type": "application/xml"}
        if request.method == "HEAD":
            return Response(status_code=error.status, headers=headers)
        body = s3.error(error.code, error.message, request_id=request_id, resource=f"/{call.resource}")
        return Response(body, status_code=error.status, headers=headers)

    async def _forward(self, request: Request, content: bytes | AsyncIterator[bytes]) -> httpx.Response:
        headers = dict(request.headers)
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

    async def _not_empty(self, call: Call) -> Refused:
        """S3 says when only versions are left; ministack does not."""
        listed = await self._upstream.get(f"/{call.resource}", params={"list-type": "2"}, headers=self._ours)
        text = s3.NOT_EMPTY if s3.texts(listed.content, "Key", "Size") else s3.VERSIONS_LEFT
        return Refused(409, "BucketNotEmpty", text)

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


class _PassedOn(StreamingResponse):
    """What ministack answered, as it comes."""

    def __init__(self, source: httpx.Response) -> None:
        headers = {name: value for name, value in source.headers.items() if name not in _HOP_BY_HOP}
        if "content-length" in source.headers:
            headers["content-length"] = source.headers["content-length"]
        super().__init__(_chunks(source), status_code=source.status_code, headers=headers)
        self.source = source


async def _chunks(source: httpx.Response) -> AsyncIterator[bytes]:
    async for chunk in source.aiter_raw():
        yield chunk
    await source.aclose()

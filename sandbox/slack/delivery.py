"""Bringing things to the bot: over a socket or by signed HTTP, within three seconds, events again."""

import asyncio
import contextlib
import hashlib
import hmac
import json
import secrets
from collections.abc import Coroutine
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode
from uuid import uuid4

from sandbox.slack.clock import Clock
from sandbox.slack.faults import Faults, Kind
from sandbox.slack.journal import Journal
from sandbox.slack.post import Reply, post
from sandbox.slack.sockets import Sockets

COMMAND, INTERACTIVE, EVENT = "slash_commands", "interactive", "events_api"
# Seconds after a failed delivery of an event until it is delivered again (docs: apis/events-api).
RETRY_AFTER = (0.0, 60.0, 300.0)
TIMEOUT, FAILED = "operation_timeout", "dispatch_failed"
HELD_AT_MOST = 1.0
APART = 0.02


@dataclass(frozen=True, slots=True, kw_only=True)
class Receipt:
    """How a delivery ended. `seconds` until it did; `reason` is Slack's word in X-Slack-Retry-Reason."""

    code: str | None = None
    payload: Any = None
    seconds: float = 0.0
    reason: str = ""
    retry: bool = True

    @property
    def acknowledged(self) -> bool:
        return self.code is None


@dataclass(frozen=True, slots=True, kw_only=True)
class Retry:
    number: int
    reason: str


class Delivery:
    def __init__(
        self,
        clock: Clock,
        faults: Faults,
        journal: Journal,
        sockets: Sockets,
        signing_secret: str,
        ack_within: float,
    ) -> None:
        self._clock = clock
        self._faults = faults
        self._journal = journal
        self._sockets = sockets
        self._signing_secret = signing_secret
        self._ack_within = ack_within
        self._tasks: set[asyncio.Task[Any]] = set()
        self._held: list[asyncio.Future[None]] = []
        self.url: str | None = None

    @property
    def held(self) -> int:
        """How many deliveries the reordering fault holds back just now."""
        return len(self._held)

    async def interact(self, kind: str, payload: dict[str, Any]) -> Receipt:
        """A command, click, form or shortcut: delivered once, or twice by a fault."""
        twice = self._faults.take(Kind.DUPLICATE, kind)
        receipt = await self._deliver(kind, payload)
        if twice:
            await self._deliver(kind, payload)
        return receipt

    async def event(self, payload: dict[str, Any]) -> Receipt:
        """An event: the first delivery is awaited, up to three more follow by themselves."""
        twice = self._faults.take(Kind.DUPLICATE, EVENT)
        receipt = await self._deliver(EVENT, payload)
        if twice:
            await self._deliver(EVENT, payload, Retry(number=1, reason="http_timeout"))
        elif not receipt.acknowledged and receipt.retry:
            self.later(self._redeliver(payload, receipt))
        return receipt

    async def _redeliver(self, payload: dict[str, Any], receipt: Receipt) -> None:
        for number, wait in enumerate(RETRY_AFTER, start=1):
            await self._clock.pause(wait)
            receipt = await self._deliver(EVENT, payload, Retry(number=number, reason=receipt.reason))
            if receipt.acknowledged or not receipt.retry:
                return

    def later(self, work: Coroutine[Any, Any, Any]) -> None:
        """Do it in the background, until the simulator stops."""
        task = asyncio.ensure_future(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def stop(self) -> None:
        for task in list(self._tasks):
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    async def _in_turn(self) -> None:
        """Hold back what the reordering fault asks for; the last to come goes first."""
        if self._faults.reordering < 2:
            return
        future: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._held.append(future)
        if len(self._held) >= self._faults.reordering:
            self._faults.reordering = 0
            held, self._held = self._held, []
            self.later(self._release(held))
        await asyncio.wait({future}, timeout=HELD_AT_MOST)
        if future in self._held:
            self._held.remove(future)

    async def _release(self, held: list[asyncio.Future[None]]) -> None:
        """Let them go, last first, far enough apart that each is on its way before the next."""
        for one in reversed(held):
            if not one.done():
                one.set_result(None)
            await asyncio.sleep(APART)

    async def _deliver(self, kind: str, payload: dict[str, Any], retry: Retry | None = None) -> Receipt:
        await self._in_turn()
        started = self._clock.now()
        if self._faults.is_down:
            receipt = Receipt(code=FAILED, reason="connection_failed")
        elif self.url is not None:
            receipt = await self._post(self.url, kind, payload, retry)
        else:
            receipt = await self._emit(kind, payload, retry)
        self._journal.write(
            "ack" if receipt.acknowledged else "no ack",
            kind,
            answer=receipt.payload if receipt.acknowledged else receipt.code,
            seconds=round(self._clock.now() - started, 4),
        )
        return receipt

    async def _emit(self, kind: str, payload: dict[str, Any], retry: Retry | None) -> Receipt:
        envelope: dict[str, Any] = {
            "envelope_id": str(uuid4()),
            "type": kind,
            "accepts_response_payload": kind != EVENT,
            "payload": payload,
        }
        if kind == EVENT:
            envelope["retry_attempt"] = retry.number if retry else 0
            envelope["retry_reason"] = retry.reason if retry else ""
        self._journal.write("envelope", kind, arguments=envelope, sockets=self._sockets.count)
        started = self._clock.now()
        future = await self._sockets.send(envelope)
        if future is None:
            return Receipt(code=FAILED, reason="connection_failed")
        if not await self._within(future):
            self._sockets.give_up(envelope["envelope_id"])
            return Receipt(code=TIMEOUT, reason="timeout", seconds=self._ack_within)
        return Receipt(payload=future.result(), seconds=self._clock.now() - started)

    async def _within(self, future: "asyncio.Future[Any]") -> bool:
        pause = asyncio.ensure_future(self._clock.pause(self._ack_within))
        try:
            await asyncio.wait({future, pause}, return_when=asyncio.FIRST_COMPLETED)
        finally:
            pause.cancel()
        return future.done()

    async def _post(self, url: str, kind: str, payload: dict[str, Any], retry: Retry | None) -> Receipt:
        if kind == EVENT:
            content, of_type = json.dumps(payload), "application/json"
        else:
            form = payload if kind == COMMAND else {"payload": json.dumps(payload)}
            content, of_type = urlencode(form), "application/x-www-form-urlencoded"
        headers = self.signed(content) | {"Content-Type": of_type}
        if retry:
            headers |= {"X-Slack-Retry-Num": str(retry.number), "X-Slack-Retry-Reason": retry.reason}
        self._journal.write("request", kind, arguments=payload, retry=retry.number if retry else 0)
        return await self._send(url, content, headers)

    async def _send(self, url: str, content: str, headers: dict[str, str]) -> Receipt:
        started = self._clock.now()
        posting = asyncio.ensure_future(post(url, content.encode(), headers))
        if not await self._within(posting):
            posting.cancel()
            return Receipt(code=TIMEOUT, reason="http_timeout", seconds=self._ack_within)
        seconds = self._clock.now() - started
        try:
            reply = posting.result()
        except OSError:
            return Receipt(code=FAILED, reason="connection_failed", seconds=seconds)
        if not reply.ok:
            retry = reply.headers.get("x-slack-no-retry") != "1"
            return Receipt(code=FAILED, reason="http_error", seconds=seconds, retry=retry)
        return Receipt(payload=_body(reply), seconds=seconds)

    def signed(self, content: str, *, at: float | None = None) -> dict[str, str]:
        """The headers by which the bot knows that Slack sent this (docs: verifying-requests-from-slack)."""
        timestamp = str(int(self._clock.now() if at is None else at))
        base = f"v0:{timestamp}:{content}".encode()
        digest = hmac.new(self._signing_secret.encode(), base, hashlib.sha256).hexdigest()
        return {"X-Slack-Request-Timestamp": timestamp, "X-Slack-Signature": f"v0={digest}"}

    async def verify_url(self, url: str) -> bool:
        """What Slack does when a request URL is saved: send a challenge and want it back."""
        challenge = secrets.token_hex(16)
        content = json.dumps({"type": "url_verification", "challenge": challenge, "token": "made-up"})
        receipt = await self._send(url, content, self.signed(content) | {"Content-Type": "application/json"})
        answer = receipt.payload.get("challenge") if isinstance(receipt.payload, dict) else receipt.payload
        return receipt.acknowledged and answer == challenge


def _body(reply: Reply) -> Any:
    if not reply.body:
        return None
    text = reply.body.decode(errors="replace")
    if reply.headers.get("content-type", "").startswith("application/json"):
        with contextlib.suppress(ValueError):
            return json.loads(text)
    return text

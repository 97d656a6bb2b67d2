"""chat.startStream, appendStream, stopStream: a message that grows, for five minutes at most."""

from dataclasses import dataclass, field
from typing import Any

from sandbox.slack.blocks import Surface, check
from sandbox.slack.calls import Answer, Call, Method
from sandbox.slack.cards import STATUSES
from sandbox.slack.core import Core
from sandbox.slack.errors import SlackError, invalid
from sandbox.slack.messages import Message
from sandbox.slack.methods.chat import MARKDOWN_MOST, Chat, Content, metadata
from sandbox.slack.rates import Tier

# Measured by others, not documented: a stream ends by itself after about five minutes.
LIFE = 300.0
FIELD_MOST = 256


@dataclass(slots=True)
class Stream:
    message: Message
    started: float
    as_plan: bool
    text: str = ""
    title: str = ""
    tasks: dict[str, dict[str, Any]] = field(default_factory=dict)
    blocks: list[dict[str, Any]] = field(default_factory=list)


def _line(text: str) -> dict[str, Any]:
    section = {"type": "rich_text_section", "elements": [{"type": "text", "text": text}]}
    return {"type": "rich_text", "elements": [section]}


class Streams:
    def __init__(self, core: Core, chat: Chat) -> None:
        self._core = core
        self._chat = chat
        self._streams: dict[tuple[str, str], Stream] = {}

    def methods(self) -> dict[str, Method]:
        write = ("chat:write",)
        return {
            "chat.startStream": Method(self.start, Tier.TWO, write),
            "chat.appendStream": Method(self.append, Tier.FOUR, write),
            "chat.stopStream": Method(self.stop, Tier.TWO, write),
        }

    def start(self, call: Call) -> Answer:
        channel = self._chat.target(call.required("channel"))
        thread_ts = call.required("thread_ts")
        self._core.ledger.get(channel.id, thread_ts, error="thread_not_found")
        if not channel.is_im:
            for name in ("recipient_user_id", "recipient_team_id"):
                if not call.has(name):
                    raise SlackError(f"missing_{name}")
        message = self._chat.put(channel, Content(Call({})), thread_ts)
        stream = Stream(message, self._core.clock.now(), call.text("task_display_mode") == "plan")
        self._streams[(channel.id, message.ts)] = stream
        self._grow(stream, call)
        return {"ok": True, "channel": channel.id, "ts": message.ts}

    def _open(self, call: Call) -> Stream:
        channel = self._core.world.channel_for_bot(call.required("channel"))
        ts = call.required("ts")
        self._core.ledger.get(channel.id, ts)
        stream = self._streams.get((channel.id, ts))
        if stream is None or self._core.clock.now() - stream.started > LIFE:
            raise SlackError("message_not_in_streaming_state")
        return stream

    def append(self, call: Call) -> Answer:
        stream = self._open(call)
        self._grow(stream, call)
        return {"ok": True, "channel": stream.message.channel, "ts": stream.message.ts}

    def stop(self, call: Call) -> Answer:
        stream = self._open(call)
        self._grow(stream, call)
        last = call.json("blocks", error="invalid_blocks_format")
        if last:
            check(last, Surface.MESSAGE)
            stream.message.blocks += self._core.ledger.with_ids(last)
        stream.message.metadata = metadata(call) or None
        del self._streams[(stream.message.channel, stream.message.ts)]
        shown = self._core.ledger.as_api(stream.message)
        return {"ok": True, "channel": stream.message.channel, "ts": stream.message.ts, "message": shown}

    def _grow(self, stream: Stream, call: Call) -> None:
        chunks = call.json("chunks") or []
        if chunks and call.has("markdown_text"):
            raise SlackError("markdown_text_conflict")
        if call.has("markdown_text"):
            chunks = [{"type": "markdown_text", "text": call.text("markdown_text")}]
        for chunk in chunks:
            self._take(stream, chunk)
        if len(stream.text) > MARKDOWN_MOST:
            raise SlackError("msg_too_long")
        stream.message.text = stream.text or stream.title
        stream.message.blocks = self._core.ledger.with_ids(self._drawn(stream))

    def _take(self, stream: Stream, chunk: dict[str, Any]) -> None:
        kind = chunk.get("type")
        long = [name for name, value in chunk.items() if isinstance(value, str) and len(value) > FIELD_MOST]
        if kind in ("task_update", "plan_update") and long:
            raise invalid("invalid_chunks", [f"must be less than {FIELD_MOST + 1} characters: {long[0]}"])
        if kind == "markdown_text":
            stream.text += str(chunk.get("text", ""))
        elif kind == "plan_update":
            stream.title = str(chunk.get("title", ""))
        elif kind == "blocks":
            check(chunk.get("blocks"), Surface.MESSAGE)
            stream.blocks += chunk["blocks"]
        elif kind == "task_update" and chunk.get("id") and chunk.get("status", "pending") in STATUSES:
            self._task(stream, chunk)
        else:
            raise invalid("invalid_chunks", [f"unsupported type: {kind}"])

    def _task(self, stream: Stream, chunk: dict[str, Any]) -> None:
        """Title and status replace what was there; details and output are added to it."""
        task = stream.tasks.setdefault(chunk["id"], {"task_id": chunk["id"], "title": chunk["id"]})
        for name in ("title", "status", "sources"):
            if name in chunk:
                task[name] = chunk[name]
        for name in ("details", "output"):
            if name in chunk:
                before = task[name]["elements"][0]["elements"][0]["text"] if name in task else ""
                task[name] = _line(before + str(chunk[name]))

    def _drawn(self, stream: Stream) -> list[dict[str, Any]]:
        blocks: list[dict[str, Any]] = []
        if stream.text:
            blocks.append({"type": "markdown", "text": stream.text})
        if stream.as_plan and stream.tasks:
            blocks.append(
                {"type": "plan", "title": stream.title or "Plan", "tasks": list(stream.tasks.values())}
            )
        elif stream.tasks:
            blocks += [{"type": "task_card", **task} for task in stream.tasks.values()]
        return blocks + stream.blocks

"""chat.*: posting, changing and deleting messages."""

from typing import Any

from sandbox.slack.blocks import Surface, check
from sandbox.slack.calls import Answer, Call, Method
from sandbox.slack.core import Core
from sandbox.slack.errors import SlackError
from sandbox.slack.events import Events
from sandbox.slack.messages import Message
from sandbox.slack.rates import Tier
from sandbox.slack.world import Channel

UPDATE_MOST = 4_000
MARKDOWN_MOST = 12_000
METADATA_BYTES = 8_000
ATTACHMENTS_MOST = 100


class Content:
    """The text, blocks, attachments and metadata of a call, when Slack would take them."""

    def __init__(self, call: Call) -> None:
        self.text = call.text("text")
        self.blocks: list[dict[str, Any]] = call.json("blocks", error="invalid_blocks_format") or []
        self.attachments: list[dict[str, Any]] = call.json("attachments", error="invalid_attachments") or []
        self.metadata = metadata(call)
        if call.has("markdown_text"):
            if self.text or self.blocks:
                raise SlackError("markdown_text_conflict")
            self.text = call.text("markdown_text")
            if len(self.text) > MARKDOWN_MOST:
                raise SlackError("msg_too_long")
        if self.blocks:
            check(self.blocks, Surface.MESSAGE)
        if len(self.attachments) > ATTACHMENTS_MOST:
            raise SlackError("too_many_attachments")

    @property
    def empty(self) -> bool:
        return not (self.text.strip() or self.blocks or self.attachments)


def metadata(call: Call) -> dict[str, Any] | None:
    found = call.json("metadata", error="invalid_metadata_format")
    if found is None:
        return None
    if found == {}:
        return {}
    if not isinstance(found, dict) or not isinstance(found.get("event_type"), str):
        raise SlackError("invalid_metadata_schema")
    if not isinstance(found.get("event_payload"), dict):
        raise SlackError("invalid_metadata_schema")
    if len(str(found).encode()) > METADATA_BYTES:
        raise SlackError("metadata_too_large")
    return found


class Chat:
    def __init__(self, core: Core, events: Events) -> None:
        self._core = core
        self._events = events

    def methods(self) -> dict[str, Method]:
        write = ("chat:write",)
        return {
            "chat.postMessage": Method(self.post, Tier.POST, write),
            "chat.postEphemeral": Method(self.post_ephemeral, Tier.FOUR, write),
            "chat.update": Method(self.update, Tier.THREE, write),
            "chat.delete": Method(self.delete, Tier.THREE, write),
            "chat.getPermalink": Method(self.permalink, Tier.POST),
            "chat.scheduleMessage": Method(self.schedule, Tier.THREE, write),
        }

    def target(self, ref: str) -> Channel:
        """Where a post goes: a channel the bot is in, or the DM of a user id."""
        world = self._core.world
        if ref in world.people:
            return world.dm(ref)
        channel = world.channel_for_bot(ref, member="chat:write.public" not in self._core.seed.scopes)
        if channel.is_archived:
            raise SlackError("is_archived")
        return channel

    def post(self, call: Call) -> Answer:
        channel = self.target(call.required("channel"))
        content = Content(call)
        if content.empty:
            raise SlackError("no_text")
        self._core.limits.post(channel.id)
        message = self.put(channel, content, self._thread(call, channel))
        message.broadcast = bool(message.thread_ts) and call.flag("reply_broadcast")
        self._events.bot_said(message)
        return {
            "ok": True,
            "channel": channel.id,
            "ts": message.ts,
            "message": self._core.ledger.as_api(message),
        }

    def _thread(self, call: Call, channel: Channel) -> str | None:
        """The thread's first message; a reply's own ts leads to its thread."""
        if not call.has("thread_ts"):
            return None
        ts = call.text("thread_ts")
        parent = self._core.ledger.find(channel.id, ts)
        if parent is None or parent.ephemeral_for is not None:
            raise SlackError("thread_not_found")
        return parent.thread_ts or ts

    def put(
        self, channel: Channel, content: Content, thread_ts: str | None, reader: str | None = None
    ) -> Message:
        ledger = self._core.ledger
        message = Message(
            ledger.new_ts(),
            channel.id,
            self._core.seed.bot_user_id,
            content.text,
            ledger.with_ids(content.blocks),
            content.attachments,
            thread_ts,
            content.metadata or None,
            bot=True,
            ephemeral_for=reader,
        )
        return ledger.add(message)

    def post_ephemeral(self, call: Call) -> Answer:
        channel = self._core.world.channel_for_bot(call.required("channel"), member=True)
        reader = self._core.world.user(call.required("user"))
        if channel.is_archived:
            raise SlackError("is_archived")
        if reader.id not in channel.members:
            raise SlackError("user_not_in_channel")
        content = Content(call)
        if content.empty:
            raise SlackError("no_text")
        thread = call.text("thread_ts") or None
        message = self.put(channel, content, thread, reader.id)
        return {"ok": True, "message_ts": message.ts}

    def update(self, call: Call) -> Answer:
        channel = self._core.world.channel_for_bot(call.required("channel"))
        message = self._own(channel, call.required("ts"), "cant_update_message")
        if channel.is_archived:
            raise SlackError("is_inactive")
        if len(call.text("text")) > UPDATE_MOST:
            raise SlackError("msg_too_long")
        content = Content(call)
        keeps = not (call.has("text") or call.has("markdown_text") or content.blocks or content.attachments)
        if keeps and content.metadata is None:
            raise SlackError("no_text")
        rich = any(block["type"] == "rich_text" for block in message.blocks)
        if rich and not keeps and not any(block["type"] == "rich_text" for block in content.blocks):
            raise SlackError("block_mismatch")
        before = self._core.ledger.as_api(message)
        if not keeps:
            self._change(call, message, content)
        if content.metadata is not None:
            message.metadata = content.metadata or None
        self._events.bot_changed(message, before)
        shown = self._core.ledger.as_api(message)
        return {"ok": True, "channel": channel.id, "ts": message.ts, "text": message.text, "message": shown}

    def _change(self, call: Call, message: Message, content: Content) -> None:
        """Text without blocks removes the blocks; blocks without text keep the text."""
        if content.text or not content.blocks:
            message.text = content.text
        message.blocks = self._core.ledger.with_ids(content.blocks)
        if content.attachments or call.json("attachments") == []:
            message.attachments = content.attachments

    def _own(self, channel: Channel, ts: str, error: str) -> Message:
        message = self._core.ledger.get(channel.id, ts)
        if message.user != self._core.seed.bot_user_id:
            raise SlackError(error)
        return message

    def delete(self, call: Call) -> Answer:
        channel = self._core.world.channel_for_bot(call.required("channel"))
        message = self._own(channel, call.required("ts"), "cant_delete_message")
        self._core.ledger.remove(message)
        return {"ok": True, "channel": channel.id, "ts": message.ts}

    def permalink(self, call: Call) -> Answer:
        channel = self._core.world.channel_for_bot(call.required("channel"))
        message = self._core.ledger.get(channel.id, call.required("message_ts"))
        link = f"https://{self._core.seed.team_domain}.slack.com/archives/{channel.id}/"
        link += "p" + message.ts.replace(".", "")
        if message.thread_ts:
            link += f"?thread_ts={message.thread_ts}&cid={channel.id}"
        return {"ok": True, "channel": channel.id, "permalink": link}

    def schedule(self, call: Call) -> Answer:
        channel = self.target(call.required("channel"))
        post_at = call.number("post_at", 0)
        wait = post_at - self._core.clock.now()
        if wait <= 0:
            raise SlackError("time_in_past")
        content = Content(call)
        if content.empty:
            raise SlackError("no_text")
        self._core.delivery.later(self._post_later(wait, channel, content, self._thread(call, channel)))
        return {
            "ok": True,
            "channel": channel.id,
            "scheduled_message_id": "Q" + self._core.ledger.new_ts().replace(".", ""),
            "post_at": post_at,
            "message": {"text": content.text, "type": "delayed_message", "bot_id": self._core.seed.bot_id},
        }

    async def _post_later(self, wait: float, channel: Channel, content: Content, thread: str | None) -> None:
        await self._core.clock.pause(wait)
        self._events.bot_said(self.put(channel, content, thread))

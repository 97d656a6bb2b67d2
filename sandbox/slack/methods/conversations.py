"""conversations.*: channels, DMs and their histories."""

from collections.abc import Sequence
from typing import Any

from sandbox.slack.calls import Answer, Call, Method
from sandbox.slack.core import Core
from sandbox.slack.errors import SlackError
from sandbox.slack.messages import Message
from sandbox.slack.rates import Tier
from sandbox.slack.world import Channel

MOST = 999


def page(items: Sequence[Any], call: Call, default: int) -> tuple[list[Any], str]:
    """The page that `cursor` and `limit` ask for, and the next cursor ("" at the end)."""
    limit = min(max(call.number("limit", default), 1), MOST)
    cursor = call.text("cursor")
    if cursor and not cursor.removeprefix("next:").isdigit():
        raise SlackError("invalid_cursor")
    start = int(cursor.removeprefix("next:")) if cursor else 0
    following = f"next:{start + limit}" if start + limit < len(items) else ""
    return list(items[start : start + limit]), following


class Conversations:
    def __init__(self, core: Core) -> None:
        self._core = core

    def methods(self) -> dict[str, Method]:
        read = ("channels:read", "groups:read", "im:read")
        history = ("channels:history", "groups:history", "im:history")
        return {
            "conversations.open": Method(self.open, Tier.THREE, ("im:write",)),
            "conversations.info": Method(self.info, Tier.THREE, read),
            "conversations.list": Method(self.list, Tier.TWO, read),
            "conversations.members": Method(self.members, Tier.FOUR, read),
            "conversations.join": Method(self.join, Tier.THREE, ("channels:join",)),
            "conversations.history": Method(self.history, Tier.THREE, history),
            "conversations.replies": Method(self.replies, Tier.THREE, history),
        }

    def open(self, call: Call) -> Answer:
        if call.has("channel"):
            channel = self._core.world.channel_for_bot(call.text("channel"))
        else:
            users = call.required("users").split(",")
            if len(users) > 1:
                raise SlackError("missing_scope", needed="mpim:write", provided=self._provided())
            self._core.world.user(users[0])
            channel = self._core.world.dm(users[0])
        shown = channel.as_conversation(self._core.seed.bot_user_id)
        return {"ok": True, "channel": shown if call.flag("return_im") else {"id": channel.id}}

    def _provided(self) -> str:
        return ",".join(self._core.seed.scopes)

    def info(self, call: Call) -> Answer:
        channel = self._core.world.channel_for_bot(call.required("channel"))
        return {"ok": True, "channel": channel.as_conversation(self._core.seed.bot_user_id)}

    def list(self, call: Call) -> Answer:
        wanted = call.text("types", "public_channel").split(",")
        bot = self._core.seed.bot_user_id
        found = []
        for channel in self._core.world.channels.values():
            kind = "im" if channel.is_im else "private_channel" if channel.is_private else "public_channel"
            hidden = channel.is_private and bot not in channel.members
            archived = channel.is_archived and call.flag("exclude_archived")
            if kind in wanted and not hidden and not archived:
                found.append(channel.as_conversation(bot))
        shown, following = page(found, call, 100)
        return {"ok": True, "channels": shown, "response_metadata": {"next_cursor": following}}

    def members(self, call: Call) -> Answer:
        channel = self._core.world.channel_for_bot(call.required("channel"))
        shown, following = page(sorted(channel.members), call, 100)
        return {"ok": True, "members": shown, "response_metadata": {"next_cursor": following}}

    def join(self, call: Call) -> Answer:
        channel = self._core.world.channel_for_bot(call.required("channel"))
        if channel.is_archived:
            raise SlackError("is_archived")
        if channel.is_private or channel.is_im:
            raise SlackError("method_not_supported_for_channel_type")
        channel.members.add(self._core.seed.bot_user_id)
        return {"ok": True, "channel": channel.as_conversation(self._core.seed.bot_user_id)}

    def _readable(self, call: Call) -> Channel:
        channel = self._core.world.channel_for_bot(call.required("channel"), member=True)
        if channel.history_scope not in self._core.seed.scopes:
            raise SlackError("missing_scope", needed=channel.history_scope, provided=self._provided())
        return channel

    def history(self, call: Call) -> Answer:
        """Newest first, without the replies in threads (but for those also sent to the channel)."""
        channel = self._readable(call)
        found = [m for m in self._core.ledger.lasting(channel.id) if m.thread_ts is None or m.broadcast]
        return self._answer(list(reversed(self._between(found, call))), call, pin_count=True)

    def replies(self, call: Call) -> Answer:
        """Oldest first, the thread's first message always among them."""
        channel = self._readable(call)
        ts = call.required("ts")
        first = self._core.ledger.get(channel.id, ts, error="thread_not_found")
        parent = self._core.ledger.find(channel.id, first.thread_ts) if first.thread_ts else first
        if parent is None:
            raise SlackError("thread_not_found")
        replies = self._between(self._core.ledger.replies(channel.id, parent.ts), call)
        return self._answer([parent, *replies] if parent is first else [first], call, pin_count=False)

    def _between(self, messages: Sequence[Message], call: Call) -> Sequence[Message]:
        oldest, latest = call.text("oldest", "0"), call.text("latest") or "9999999999"
        try:
            low, high = float(oldest or "0"), float(latest)
        except ValueError:
            raise SlackError("invalid_ts_oldest") from None
        if call.flag("inclusive"):
            return [message for message in messages if low <= float(message.ts) <= high]
        return [message for message in messages if low < float(message.ts) < high]

    def _answer(self, messages: Sequence[Message], call: Call, *, pin_count: bool) -> Answer:
        shown, following = page(messages, call, 100)
        metadata = call.flag("include_all_metadata")
        answer: Answer = {
            "ok": True,
            "messages": [self._core.ledger.as_api(message, metadata=metadata) for message in shown],
            "has_more": bool(following),
        }
        if pin_count:
            answer["pin_count"] = sum(message.pinned for message in messages)
        if following:
            answer["response_metadata"] = {"next_cursor": following}
        return answer

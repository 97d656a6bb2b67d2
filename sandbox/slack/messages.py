"""What stands in the channels: messages, threads, and what only one person sees."""

import json
from dataclasses import asdict, dataclass, field
from typing import Any

from sandbox.slack.clock import Clock
from sandbox.slack.errors import SlackError
from sandbox.slack.forms import State
from sandbox.slack.seed import Seed
from sandbox.slack.world import Channel

TRUNCATED_AT = 40_000


@dataclass(slots=True)
class Message:
    ts: str
    channel: str
    user: str
    text: str
    blocks: list[dict[str, Any]] = field(default_factory=list)
    attachments: list[dict[str, Any]] = field(default_factory=list)
    thread_ts: str | None = None
    metadata: dict[str, Any] | None = None
    edited: str | None = None
    bot: bool = False
    ephemeral_for: str | None = None
    broadcast: bool = False
    reactions: dict[str, list[str]] = field(default_factory=dict)
    pinned: bool = False
    files: list[dict[str, Any]] = field(default_factory=list)
    client_msg_id: str | None = None
    state: State = field(default_factory=dict)

    def holds(self, *words: str) -> bool:
        """Whether one of them stands in its text or in its blocks."""
        said = self.text + json.dumps(self.blocks)
        return any(one in said for one in words)


class Ledger:
    """All messages of all channels, oldest first in each."""

    def __init__(self, seed: Seed, clock: Clock) -> None:
        self._seed = seed
        self._clock = clock
        self._messages: dict[str, dict[str, Message]] = {}
        self._last = 0
        self._blocks = 0

    def new_ts(self) -> str:
        """A time stamp that no other message has."""
        self._last = max(self._last + 1, int(self._clock.now() * 1_000_000))
        return f"{self._last // 1_000_000}.{self._last % 1_000_000:06d}"

    def with_ids(self, blocks: list[dict[str, Any]]) -> list[dict[str, Any]]:
        """The blocks as stored: each gets a block_id, each interactive element an action_id."""
        stored = []
        for block in blocks:
            self._blocks += 1
            stored.append({"block_id": f"b{self._blocks:04d}", **block})
        return stored

    def add(self, message: Message) -> Message:
        message.text = message.text[:TRUNCATED_AT]
        self._messages.setdefault(message.channel, {})[message.ts] = message
        return message

    def remove(self, message: Message) -> None:
        self._messages[message.channel].pop(message.ts, None)

    def find(self, channel_id: str, ts: str) -> Message | None:
        return self._messages.get(channel_id, {}).get(ts)

    def get(self, channel_id: str, ts: str, *, error: str = "message_not_found") -> Message:
        """The message as the Web API finds it: what is ephemeral is not there."""
        found = self.find(channel_id, ts)
        if found is None or found.ephemeral_for is not None:
            raise SlackError(error)
        return found

    def all(self, channel_id: str) -> list[Message]:
        return sorted(self._messages.get(channel_id, {}).values(), key=lambda message: message.ts)

    def lasting(self, channel_id: str) -> list[Message]:
        return [message for message in self.all(channel_id) if message.ephemeral_for is None]

    def replies(self, channel_id: str, ts: str) -> list[Message]:
        return [message for message in self.lasting(channel_id) if message.thread_ts == ts]

    def forget_private(self, user_id: str) -> None:
        """What happens to ephemeral messages when that person's client reloads."""
        for messages in self._messages.values():
            for message in [m for m in messages.values() if m.ephemeral_for == user_id]:
                del messages[message.ts]

    def keep(self) -> list[dict[str, Any]]:
        """All that lasts, as JSON, for `bring_back` in another process."""
        return [
            {**asdict(message), "state": [[*ids, entry] for ids, entry in message.state.items()]}
            for channel in self._messages
            for message in self.lasting(channel)
        ]

    def bring_back(self, kept: list[dict[str, Any]]) -> None:
        """What `keep` gave, into an empty ledger; block ids go on counting after theirs."""
        for facts in kept:
            state = {(block, action): entry for block, action, entry in facts["state"]}
            message = self.add(Message(**{**facts, "state": state}))
            self._blocks += len(message.blocks)

    def as_api(self, message: Message, *, metadata: bool = True) -> dict[str, Any]:
        """The message object of the Web API and of payloads."""
        seed = self._seed
        body: dict[str, Any] = {
            "type": "message",
            "user": message.user,
            "ts": message.ts,
            "text": message.text,
            "team": seed.team_id,
        }
        if message.bot:
            body |= {"bot_id": seed.bot_id, "app_id": seed.app_id, "bot_profile": bot_profile(seed)}
        if message.client_msg_id:
            body["client_msg_id"] = message.client_msg_id
        for name in ("blocks", "attachments", "files"):
            if getattr(message, name):
                body[name] = getattr(message, name)
        if message.edited:
            body["edited"] = {"user": message.user, "ts": message.edited}
        if metadata and message.metadata:
            body["metadata"] = message.metadata
        if message.reactions:
            body["reactions"] = [
                {"name": name, "users": users, "count": len(users)}
                for name, users in message.reactions.items()
            ]
        return body | self._thread(message)

    def _thread(self, message: Message) -> dict[str, Any]:
        if message.ephemeral_for is not None:
            return {"thread_ts": message.thread_ts} if message.thread_ts else {}
        if message.thread_ts is not None:
            return {"thread_ts": message.thread_ts, "parent_user_id": self._author(message)}
        replies = self.replies(message.channel, message.ts)
        if not replies:
            return {}
        users = list(dict.fromkeys(reply.user for reply in replies))
        return {
            "thread_ts": message.ts,
            "reply_count": len(replies),
            "reply_users": users,
            "reply_users_count": len(users),
            "latest_reply": replies[-1].ts,
            "subscribed": False,
        }

    def _author(self, message: Message) -> str:
        parent = self.find(message.channel, message.thread_ts or "")
        return parent.user if parent else ""

    def as_seen(self, message: Message) -> dict[str, Any]:
        """The message as a person sees it, for tests and the page."""
        return {
            **self.as_api(message),
            "channel": message.channel,
            "thread_ts": message.thread_ts,
            "blocks": message.blocks,
            "bot": message.bot,
            "edited": message.edited is not None,
            "ephemeral": message.ephemeral_for is not None,
            "metadata": message.metadata,
            "pinned": message.pinned,
            "broadcast": message.broadcast,
            "reply_count": 0 if message.thread_ts else len(self.replies(message.channel, message.ts)),
        }

    def visible(self, channel: Channel, user_id: str) -> list[Message]:
        return [message for message in self.all(channel.id) if message.ephemeral_for in (None, user_id)]

    def private_for(self, user_id: str) -> dict[tuple[str, str], Message]:
        """All ephemeral messages that person has on the screen, by channel and ts."""
        return {
            (message.channel, message.ts): message
            for messages in self._messages.values()
            for message in messages.values()
            if message.ephemeral_for == user_id
        }


def bot_profile(seed: Seed) -> dict[str, Any]:
    return {
        "id": seed.bot_id,
        "app_id": seed.app_id,
        "name": seed.bot_real_name,
        "deleted": False,
        "updated": 1_795_000_000,
        "team_id": seed.team_id,
        "icons": {},
    }

"""The threads that each person follows, and what is new in them for whom."""

from collections import defaultdict
from collections.abc import Iterator
from typing import Any

from sandbox.slack.core import Core
from sandbox.slack.marks import Marks
from sandbox.slack.messages import Message
from sandbox.slack.world import Channel, Person


class Threads:
    """As in Slack, one follows a thread that one began, wrote in, or was named in; groups do not count."""

    def __init__(self, core: Core) -> None:
        self._core = core
        self._marks = Marks()

    def mark(self, person: Person, channel: Channel, thread_ts: str, ts: str) -> None:
        """The replies; the channel has marks of its own."""
        self._marks.put(person.id, channel.id, thread_ts, ts=ts)

    def of(self, person: Person) -> list[dict[str, Any]]:
        """The newest reply first; each with its first message, as that person sees it."""
        found = [
            self._row(person, channel, first, replies)
            for channel in self._core.world.channels.values()
            if person.id in channel.members
            for first, replies in self._begun(channel)
            if _follows(person, [first, *replies])
        ]
        return sorted(found, key=lambda row: str(row["message"]["latest_reply"]), reverse=True)

    def _begun(self, channel: Channel) -> Iterator[tuple[Message, list[Message]]]:
        """Each first message with its replies, oldest first."""
        lasting = self._core.ledger.lasting(channel.id)
        replies: dict[str | None, list[Message]] = defaultdict(list)
        for message in lasting:
            replies[message.thread_ts].append(message)
        return ((one, replies[one.ts]) for one in lasting if one.ts in replies)

    def _row(
        self, person: Person, channel: Channel, message: Message, replies: list[Message]
    ) -> dict[str, Any]:
        own = [one.ts for one in replies if one.user == person.id]
        read = max(self._marks.at(person.id, channel.id, message.ts), *own, "")
        return {
            "channel": "dm" if channel.is_im else channel.name,
            "message": self._core.ledger.as_seen(message),
            "read": read,
            "unread": sum(one.ts > read for one in replies),
        }


def _follows(person: Person, messages: list[Message]) -> bool:
    return any(one.user == person.id or one.holds(f"<@{person.id}") for one in messages)

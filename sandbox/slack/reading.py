"""How far each person has read, and what they have not: the marks in the side bar."""

from typing import Any

from sandbox.slack.core import Core
from sandbox.slack.marks import Marks
from sandbox.slack.messages import Message
from sandbox.slack.world import Channel, Person

_EVERYBODY = ("<!channel", "<!here", "<!everyone")


class Reading:
    """A person begins with everything unread. Replies count where they are also sent to the channel."""

    def __init__(self, core: Core) -> None:
        self._core = core
        self._marks = Marks()

    def mark(self, person: Person, channel: Channel, ts: str) -> None:
        self._marks.put(person.id, channel.id, ts=ts)

    def channels(self, person: Person) -> list[dict[str, Any]]:
        """The side bar: channels as they were made, the conversation with the bot last."""
        world = self._core.world
        channels = [one for one in world.channels.values() if not one.is_im and self._sees(person, one)]
        return [self._row(person, channel) for channel in (*channels, world.dm(person.id))]

    @staticmethod
    def _sees(person: Person, channel: Channel) -> bool:
        return person.id in channel.members or not channel.is_private

    def _row(self, person: Person, channel: Channel) -> dict[str, Any]:
        read = self._marks.at(person.id, channel.id)
        lasting = self._core.ledger.lasting(channel.id)
        new = [one for one in lasting if one.ts > read and one.user != person.id and _counts(one)]
        calls = self._calls(person)
        return {
            "id": channel.id,
            "name": "dm" if channel.is_im else channel.name,
            "private": channel.is_private,
            "members": len(channel.members),
            "read": read,
            "latest": lasting[-1].ts if lasting else None,
            "unread": len(new),
            "mentions": len(new) if channel.is_im else sum(one.holds(*calls) for one in new),
        }

    def _calls(self, person: Person) -> tuple[str, ...]:
        """What in a message's text calls this person."""
        groups = [one.id for one in self._core.world.groups.values() if person.id in one.members]
        return (f"<@{person.id}", *(f"<!subteam^{one}" for one in groups), *_EVERYBODY)


def _counts(message: Message) -> bool:
    return message.thread_ts is None or message.broadcast

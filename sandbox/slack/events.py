"""Events that the app has subscribed to, sent in the background."""

from typing import Any

from sandbox.slack.core import Core
from sandbox.slack.delivery import Receipt
from sandbox.slack.messages import Message
from sandbox.slack.payloads import Payloads
from sandbox.slack.world import Channel, Person


class Events:
    def __init__(self, core: Core, payloads: Payloads) -> None:
        self._core = core
        self._payloads = payloads

    def _subscribed(self, name: str) -> bool:
        return name in self._core.seed.events

    async def said(self, channel: Channel, message: Message) -> Receipt | None:
        """A person wrote something; None when that interests no subscription."""
        if channel.is_im and self._subscribed("message.im"):
            return await self._core.delivery.event(self._payloads.direct_message(message))
        mention = f"<@{self._core.seed.bot_user_id}>"
        inside = self._core.seed.bot_user_id in channel.members
        if not channel.is_im and inside and mention in message.text and self._subscribed("app_mention"):
            return await self._core.delivery.event(self._payloads.mention(message))
        return None

    async def home_opened(self, person: Person, tab: str) -> Receipt | None:
        if not self._subscribed("app_home_opened"):
            return None
        channel = self._core.world.dm(person.id)
        return await self._core.delivery.event(self._payloads.home_opened(person, channel, tab))

    async def person_changed(self, person: Person) -> None:
        if self._subscribed("user_change"):
            await self._core.delivery.event(self._payloads.person_changed(person))

    def bot_said(self, message: Message) -> None:
        """The bot's own messages in a DM come back to it, as they do at Slack."""
        if self._in_dm(message):
            self._core.delivery.later(self._core.delivery.event(self._payloads.direct_message(message)))

    def bot_changed(self, message: Message, before: dict[str, Any]) -> None:
        if self._in_dm(message):
            self._core.delivery.later(self._core.delivery.event(self._payloads.changed(message, before)))

    def _in_dm(self, message: Message) -> bool:
        channel = self._core.world.channels[message.channel]
        return channel.is_im and self._subscribed("message.im")

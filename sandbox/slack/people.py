"""What a person can do in Slack: type, press, fill in, look."""

import re
from typing import Any

from sandbox.slack.core import Core
from sandbox.slack.delivery import COMMAND, INTERACTIVE, Receipt
from sandbox.slack.errors import CannotAct, SlackError
from sandbox.slack.events import Events
from sandbox.slack.forms import fresh_state
from sandbox.slack.messages import Message
from sandbox.slack.modals import View
from sandbox.slack.payloads import Payloads
from sandbox.slack.press import Press, find_element
from sandbox.slack.responses import Responses
from sandbox.slack.submit import Submission
from sandbox.slack.world import Channel, Person

TROUBLE = "We had some trouble connecting. Try again?"


class People:
    def __init__(self, core: Core, payloads: Payloads, events: Events, responses: Responses) -> None:
        self._core = core
        self._payloads = payloads
        self._events = events
        self._responses = responses
        self._submission = Submission(core)

    def seen(self, person: Person, before: set[tuple[str, str]], receipt: Receipt | None) -> dict[str, Any]:
        """What the person sees once the act is over; `before`: the private messages that were there."""
        private = self._core.ledger.private_for(person.id)
        top = self._core.modals.top(person.id)
        return {
            "acknowledged": receipt is not None and receipt.acknowledged,
            "error": None,
            "code": receipt.code if receipt else None,
            "errors": {},
            "private": [
                self._core.ledger.as_seen(message) for key, message in private.items() if key not in before
            ],
            "view": self._core.modals.as_seen(top) if top else None,
            "seconds": receipt.seconds if receipt else 0.0,
        }

    def _before(self, person: Person, act: str, **facts: Any) -> set[tuple[str, str]]:
        """Note the act; the private messages that were there before it."""
        said = {name: value for name, value in facts.items() if value is not None}
        self._core.journal.write("act", act, person=person.seed.key, arguments=said)
        return set(self._core.ledger.private_for(person.id))

    def typed(self, text: str) -> str:
        """What Slack makes of a typed line: escaped, with people, channels and links as references."""
        for sign, entity in (("&", "&amp;"), ("<", "&lt;"), (">", "&gt;")):
            text = text.replace(sign, entity)
        text = re.sub(r"&lt;([@#!][A-Z0-9]+(?:\|[^&]*)?)&gt;", r"<\1>", text)
        text = re.sub(r"(?<![\w<|])(https?://[^\s<>|]+)", r"<\1>", text)
        return re.sub(r"(?<![\w&<|])([@#])([\w-]+)", self._reference, text)

    def _reference(self, found: re.Match[str]) -> str:
        sign, name = found.groups()
        seed, world = self._core.seed, self._core.world
        if sign == "#":
            channel = world.find_channel(name)
            return f"<#{channel.id}|{channel.name}>" if channel and not channel.is_im else found.group()
        if name == seed.bot_name:
            return f"<@{seed.bot_user_id}>"
        person = next((one for one in world.people.values() if one.seed.name == name), None)
        return f"<@{person.id}>" if person else found.group()

    async def command(self, who: str, where: str, line: str, thread_ts: str | None) -> dict[str, Any]:
        person = self._core.world.person(who)
        channel = self._core.world.channel_of(where, person)
        before = self._before(person, "command", channel=channel.name, text=line, thread_ts=thread_ts)
        name, _, text = line.strip().partition(" ")
        if not name.startswith("/"):
            raise CannotAct("a command begins with a slash")
        refusal = self._refused(name, thread_ts)
        if refusal is not None:
            return self.seen(person, before, None) | {"code": refusal[0], "error": refusal[1]}
        text = self.typed(text.strip()) if self._core.seed.should_escape else text.strip()
        hook = self._core.tickets.hook("commands", channel.id, person.id)
        url = self._responses.url(hook)
        payload = self._payloads.command(person, channel, name, text, url)
        receipt = await self._core.delivery.interact(COMMAND, payload)
        code = receipt.code
        if receipt.acknowledged:
            answer = {"text": receipt.payload} if isinstance(receipt.payload, str) else receipt.payload
            try:
                if answer:
                    self._echo(person, channel, line, answer)
                    self._responses.say(hook, answer)
            except SlackError as error:
                code = error.error
                self._core.journal.write("shown", "command", answer=error.answer())
        words = f'{name} failed with the error "{code}"' if code else None
        return self.seen(person, before, receipt) | {"error": words, "code": code}

    def _refused(self, name: str, thread_ts: str | None) -> tuple[str, str] | None:
        if name not in self._core.seed.commands:
            return "no_such_command", f"{name} is not a valid command."
        if thread_ts is not None:
            return "not_in_threads", f"{name} is not supported in threads. Sorry!"
        return None

    def _echo(self, person: Person, channel: Channel, line: str, answer: dict[str, Any]) -> None:
        """A public answer also shows what was typed."""
        if answer.get("response_type") == "in_channel":
            self._payloads.new_message(person, channel, self.typed(line), None)

    async def say(self, who: str, where: str, text: str, thread_ts: str | None = None) -> dict[str, Any]:
        person = self._core.world.person(who)
        channel = self._core.world.channel_of(where, person)
        before = self._before(person, "message", channel=channel.name, text=text, thread_ts=thread_ts)
        if thread_ts is not None:
            parent = self._core.ledger.find(channel.id, thread_ts)
            if parent is None:
                raise CannotAct(f"there is no message {thread_ts} in {channel.name}")
            thread_ts = parent.thread_ts or thread_ts
        message = self._payloads.new_message(person, channel, self.typed(text), thread_ts)
        receipt = await self._events.said(channel, message)
        return self.seen(person, before, receipt) | {"ts": message.ts, "channel": channel.id}

    async def mention(self, who: str, where: str, thread_ts: str | None, text: str) -> dict[str, Any]:
        name = f"@{self._core.seed.bot_name}"
        mentioned = name in text or f"<@{self._core.seed.bot_user_id}>" in text
        return await self.say(who, where, text if mentioned else f"{name} {text}", thread_ts)

    async def set_locale(self, who: str, locale: str) -> None:
        person = self._core.world.person(who)
        if person.locale != locale:
            person.locale = locale
            await self._events.person_changed(person)

    async def home(self, who: str, tab: str) -> dict[str, Any]:
        person = self._core.world.person(who)
        before = self._before(person, "home", tab=tab)
        receipt = await self._events.home_opened(person, tab)
        home = self._core.modals.home(person.id)
        return self.seen(person, before, receipt) | {
            "home": self._core.modals.as_seen(home) if home else None
        }

    async def shortcut(self, who: str, callback_id: str, where: str | None, ts: str | None) -> dict[str, Any]:
        person = self._core.world.person(who)
        before = self._before(person, "shortcut", callback_id=callback_id, channel=where, ts=ts)
        of_message = ts is not None
        if not any(
            one.callback_id == callback_id and one.of_message is of_message
            for one in self._core.seed.shortcuts
        ):
            raise CannotAct(f"the app has no {'message ' if of_message else ''}shortcut {callback_id}")
        if ts is None:
            payload = self._payloads.shortcut(person, callback_id)
        else:
            channel, message = self._message(person, where, ts)
            hook = self._core.tickets.hook("actions", channel.id, person.id, message_ts=message.ts)
            url = self._responses.url(hook)
            payload = self._payloads.message_shortcut(person, callback_id, channel, message, url)
        receipt = await self._core.delivery.interact(INTERACTIVE, payload)
        return self.seen(person, before, receipt) | {"error": TROUBLE if receipt.code else None}

    def _channels(self, person: Person, where: str | None) -> list[Channel]:
        if where is not None:
            return [self._core.world.channel_of(where, person)]
        return [
            channel
            for channel in self._core.world.channels.values()
            if person.id in channel.members or not (channel.is_private or channel.is_im)
        ]

    def _message(self, person: Person, where: str | None, ts: str) -> tuple[Channel, Message]:
        for channel in self._channels(person, where):
            message = self._core.ledger.find(channel.id, ts)
            if message is not None and message.ephemeral_for in (None, person.id):
                return channel, message
        raise CannotAct(f"{person.seed.real_name} sees no message {ts}")

    async def click(
        self, who: str, press: Press, *, ts: str | None, view_id: str | None, where: str | None
    ) -> dict[str, Any]:
        """Press, choose or tick something, in a message or a view."""
        person = self._core.world.person(who)
        before = self._before(
            person,
            "click",
            action_id=press.action_id,
            value=press.value,
            ts=ts,
            view_id=view_id,
            channel=where,
        )
        payload = self._pressed(person, press, ts, view_id, where)
        receipt = await self._core.delivery.interact(INTERACTIVE, payload)
        return self.seen(person, before, receipt) | {"error": receipt.code}

    def _pressed(
        self, person: Person, press: Press, ts: str | None, view_id: str | None, where: str | None
    ) -> dict[str, Any]:
        if view_id is None:
            for channel, message in self._candidates(person, where, ts):
                found = find_element(message.blocks, press)
                if found is not None:
                    hook = self._core.tickets.hook(
                        "actions", channel.id, person.id, message_ts=message.ts, thread_ts=message.thread_ts
                    )
                    action = press.action(*found, self._core)
                    message.state = fresh_state(message.blocks, message.state)
                    press.keep(message.state, *found, self._core)
                    url = self._responses.url(hook)
                    return self._payloads.message_action(person, channel, message, action, url)
        if ts is None and where is None:
            for view in self._views(person, view_id):
                found = find_element(view.body["blocks"], press)
                if found is not None:
                    block, element = found
                    self._submission.fill(view, press.values)
                    action = press.action(block, element, self._core)
                    press.keep(view.state, block, element, self._core)
                    return self._payloads.view_action(person, view, action)
        place = f"view {view_id}" if view_id else f"message {ts}" if ts else "anything in sight"
        raise CannotAct(f"there is no {press.named()} on {place}")

    def _candidates(self, person: Person, where: str | None, ts: str | None) -> list[tuple[Channel, Message]]:
        """The messages to look at, newest first."""
        if ts is not None:
            return [self._message(person, where, ts)]
        found = [
            (channel, message)
            for channel in self._channels(person, where)
            for message in self._core.ledger.visible(channel, person.id)
        ]
        return sorted(found, key=lambda one: one[1].ts, reverse=True)

    def _views(self, person: Person, view_id: str | None) -> list[View]:
        modals = self._core.modals
        views = [view for view in (modals.top(person.id), modals.home(person.id)) if view is not None]
        return [view for view in views if view_id in (None, view.id)]

    def _dialog(self, person: Person, view_id: str) -> View:
        top = self._core.modals.top(person.id)
        if top is None or top.id != view_id:
            raise CannotAct(f"{person.seed.real_name} has no view {view_id} open on top")
        return top

    async def submit(self, who: str, view_id: str, values: dict[str, Any]) -> dict[str, Any]:
        person = self._core.world.person(who)
        before = self._before(person, "submit", view_id=view_id, values=values)
        view = self._dialog(person, view_id)
        self._submission.fill(view, values)
        view.errors = self._submission.objections(view)
        if view.errors:
            return self.seen(person, before, None) | {"errors": dict(view.errors), "sent": False}
        receipt = await self._core.delivery.interact(INTERACTIVE, self._payloads.submission(person, view))
        code = receipt.code or self._submission.carry_out(view, receipt.payload)
        words = TROUBLE if code else None
        outcome = {"error": words, "code": code, "errors": dict(view.errors), "sent": True}
        return self.seen(person, before, receipt) | outcome

    async def close_view(self, who: str, view_id: str) -> dict[str, Any]:
        """The x or the close button; `clear_on_close` takes the views below along."""
        person = self._core.world.person(who)
        before = self._before(person, "close", view_id=view_id)
        view = self._dialog(person, view_id)
        cleared = bool(view.body.get("clear_on_close"))
        closed = self._core.modals.clear(person.id) if cleared else [view]
        self._core.modals.close(view)
        receipt: Receipt | None = None
        for one in closed:
            if one.body.get("notify_on_close"):
                payload = self._payloads.closed(person, one, cleared=cleared)
                receipt = await self._core.delivery.interact(INTERACTIVE, payload)
        return self.seen(person, before, receipt)

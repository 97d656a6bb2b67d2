"""The simulated Slack as one object: start it, act as a person, look, make trouble."""

import asyncio
import copy
import threading
import time
from collections.abc import Callable
from typing import Any, TypeVar

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route, WebSocketRoute

from sandbox.slack.calls import Method
from sandbox.slack.clock import Clock, SystemClock
from sandbox.slack.core import Core
from sandbox.slack.errors import CannotAct
from sandbox.slack.events import Events
from sandbox.slack.faults import Faults
from sandbox.slack.methods.chat import Chat
from sandbox.slack.methods.conversations import Conversations
from sandbox.slack.methods.directory import Directory
from sandbox.slack.methods.extras import Extras
from sandbox.slack.methods.streams import Streams
from sandbox.slack.methods.views import Views
from sandbox.slack.payloads import Payloads
from sandbox.slack.people import People
from sandbox.slack.press import Press
from sandbox.slack.rates import Rates
from sandbox.slack.reading import Reading
from sandbox.slack.responses import Responses
from sandbox.slack.seed import Seed
from sandbox.slack.server import Server
from sandbox.slack.threads import Threads
from sandbox.slack.web import WebApi
from sandbox.slack.world import Person

Seen = dict[str, Any]
Found = TypeVar("Found")


class SlackSimulator:
    """One team with one app. Every method may be called from any thread but the simulator's own."""

    def __init__(
        self,
        seed: Seed | None = None,
        *,
        rates: Rates = Rates.REAL,
        clock: Clock | None = None,
        ack_within: float = 3.0,
    ) -> None:
        self.faults = Faults(self.cut_sockets)
        self.core = Core(seed or Seed(), rates, clock or SystemClock(), ack_within, self.faults)
        payloads = Payloads(self.core)
        events = Events(self.core, payloads)
        chat = Chat(self.core, events)
        self._extras = Extras(self.core, chat)
        families = (
            chat,
            Conversations(self.core),
            Directory(self.core),
            Views(self.core),
            Streams(self.core, chat),
            self._extras,
        )
        self.methods: dict[str, Method] = {}
        for family in families:
            self.methods |= family.methods()
        self._web = WebApi(self.core, self.methods)
        self._responses = Responses(self.core, chat, events, self._web)
        self._people = People(self.core, payloads, events, self._responses)
        self._reading = Reading(self.core)
        self._threads = Threads(self.core)
        self._server = Server(self._app(), self.core.transports.protocol())

    def _app(self) -> Starlette:
        return Starlette(
            routes=[
                Route("/api/{method}", self._web.serve, methods=["GET", "POST"]),
                Route("/response/{kind}/{hook}", self._responses.serve, methods=["POST"]),
                Route("/upload/{file}", self._upload, methods=["POST"]),
                WebSocketRoute("/link/", self.core.sockets.serve),
            ]
        )

    async def _upload(self, request: Request) -> Response:
        taken = self._extras.receive(request.path_params["file"], await request.body())
        return PlainTextResponse("OK" if taken else "not_found", 200 if taken else 404)

    # Running

    def start(self, port: int = 0) -> str:
        """The URL; the Web API is below URL + "/api/"."""
        self.core.url = self._server.start(port)
        return self.core.url

    @property
    def url(self) -> str:
        """Where it listens; "" before the first start."""
        return self.core.url

    def stop(self) -> None:
        if self.running:
            self._server.call(self.core.sockets.cut_all)
            self._server.run(self.core.delivery.stop())
            self._server.stop()

    @property
    def running(self) -> bool:
        return self._server.running

    @property
    def bot_token(self) -> str:
        return self.core.bot_token

    @property
    def app_token(self) -> str:
        return self.core.app_token

    @property
    def signing_secret(self) -> str:
        return self.core.signing_secret

    @property
    def team_id(self) -> str:
        return self.core.seed.team_id

    @property
    def unknown_calls(self) -> list[str]:
        """Methods that were called and that the simulator does not know."""
        return list(self.core.unknown_calls)

    def deliver_to(self, url: str | None) -> None:
        """Signed HTTP to this request URL from now on; None: Socket Mode."""
        self.core.delivery.url = url

    def verify_url(self) -> bool:
        """Whether the request URL answers Slack's challenge."""
        url = self.core.delivery.url
        return url is not None and self._server.run(self.core.delivery.verify_url(url))

    def connected(self) -> bool:
        """A socket is open, or HTTP delivery is set."""
        return self.core.delivery.url is not None or self.core.sockets.count > 0

    def disconnect(self, reason: str = "refresh_requested") -> None:
        """Tell every client to reconnect, as Slack does from time to time."""
        self._server.run(self.core.sockets.disconnect(reason))

    def cut_sockets(self, *, quietly: bool = False) -> None:
        """Reset every socket; quietly, end it in a way that the SDK hardly notices."""
        self._server.call(lambda: self.core.sockets.cut_all(quietly=quietly))

    # From one start to the next

    def keep(self) -> list[Seen]:
        """All messages that last, as JSON, for `bring_back`."""
        return self._server.call(self.core.ledger.keep)

    def bring_back(self, kept: list[Seen]) -> None:
        """The messages of an earlier simulator with the same seed; call it before anything is said."""
        self._server.call(lambda: self._bring_back(kept))

    def _bring_back(self, kept: list[Seen]) -> None:
        for message in kept:
            if message["channel"] not in self.core.world.channels:  # a direct message
                self.core.world.dm("U0" + message["channel"].removeprefix("D0"))
        self.core.ledger.bring_back(kept)

    # Acting as a person: each blocks until acknowledged or given up, and returns what the person sees

    def command(self, person: str, channel: str, text: str, *, thread_ts: str | None = None) -> Seen:
        """The whole line, "/workspace create alpha"."""
        return self._act(self._people.command(person, channel, text, thread_ts))

    def commands(self, person: str, channel: str, text: str, times: int) -> list[Seen]:
        """The same line so many times at once."""

        async def typed() -> list[Seen]:
            each = (self._people.command(person, channel, text, None) for _ in range(times))
            return await asyncio.gather(*each)

        return self._server.run(typed())

    def submit(self, person: str, view_id: str, values: dict[str, Any]) -> Seen:
        """Values by block_id: a text, the value of an option (or several), a person's key; None empties."""
        return self._act(self._people.submit(person, view_id, values))

    def click(
        self,
        person: str,
        *,
        action_id: str,
        ts: str | None = None,
        view_id: str | None = None,
        channel: str | None = None,
        value: Any = None,
        values: dict[str, Any] | None = None,
    ) -> Seen:
        """Press it on that message or view, or on the newest in sight. CannotAct when it is not there.

        `values`: what stands in the view's inputs by then, as for `submit`.
        """
        press = Press(action_id, value, values or {})
        return self._act(self._people.click(person, press, ts=ts, view_id=view_id, where=channel))

    def mention(self, person: str, channel: str, thread_ts: str | None, text: str) -> Seen:
        return self._act(self._people.mention(person, channel, thread_ts, text))

    def message(self, person: str, channel: str, text: str, *, thread_ts: str | None = None) -> Seen:
        """Say something; channel "dm" is the conversation with the bot."""
        return self._act(self._people.say(person, channel, text, thread_ts))

    def shortcut(
        self, person: str, callback_id: str, channel: str | None = None, ts: str | None = None
    ) -> Seen:
        """With `ts` the one of a message, without it the global one."""
        return self._act(self._people.shortcut(person, callback_id, channel, ts))

    def home(self, person: str, *, tab: str = "home") -> Seen:
        return self._act(self._people.home(person, tab))

    def close_view(self, person: str, view_id: str) -> Seen:
        return self._act(self._people.close_view(person, view_id))

    def set_locale(self, person: str, locale: str) -> None:
        """Choose another language; the bot is told before this returns, if it listens."""
        self._server.run(self._people.set_locale(person, locale))

    def reload(self, person: str) -> None:
        """Reload that person's client: private answers are gone."""
        self._server.call(lambda: self.core.ledger.forget_private(self.core.world.person(person).id))

    def dismiss(self, person: str, channel: str, ts: str) -> None:
        """Take one private message off that person's screen; anything else stays."""
        self._server.call(lambda: self._dismiss(self.core.world.person(person), channel, ts))

    def _dismiss(self, person: Person, where: str, ts: str) -> None:
        found = self.core.ledger.find(self.core.world.channel_of(where, person).id, ts)
        if found is None or found.ephemeral_for != person.id:
            raise CannotAct(f"{person.seed.real_name} sees no private message {ts} in {where}")
        self.core.ledger.remove(found)

    def read(self, person: str, channel: str, ts: str, thread_ts: str | None = None) -> None:
        """That person has read the channel, or the thread in it, up to `ts`."""
        self._server.call(lambda: self._read(self.core.world.person(person), channel, ts, thread_ts))

    def _read(self, person: Person, where: str, ts: str, thread_ts: str | None) -> None:
        channel = self.core.world.channel_of(where, person)
        if thread_ts is None:
            self._reading.mark(person, channel, ts)
        else:
            self._threads.mark(person, channel, thread_ts, ts)

    def _act(self, work: Any) -> Seen:
        seen: Seen = self._server.run(work)
        return copy.deepcopy(seen)

    # Looking as a person

    def channels(self, as_: str) -> list[Seen]:
        """The side bar of that person, with what is unread."""
        return self._server.call(lambda: self._reading.channels(self.core.world.person(as_)))

    def threads(self, as_: str) -> list[Seen]:
        """The threads that person follows, the newest reply first, with what is unread."""
        return self._server.call(lambda: self._threads.of(self.core.world.person(as_)))

    def channel(self, name: str, as_: str) -> Seen:
        """Messages oldest first, replies among them; private ones only for their reader."""
        return self._server.call(lambda: self._look(name, as_))

    def dm(self, as_: str) -> Seen:
        return self.channel("dm", as_)

    def _look(self, name: str, as_: str) -> Seen:
        core = self.core
        person = core.world.person(as_)
        channel = core.world.channel_of(name, person)
        messages = [core.ledger.as_seen(one) for one in core.ledger.visible(channel, person.id)]
        for message in messages:
            message["user_name"] = core.world.names(message["user"])[1]
        return copy.deepcopy(
            {
                "id": channel.id,
                "name": "dm" if channel.is_im else channel.name,
                "members": sorted(channel.members),
                "messages": messages,
                "statuses": self._extras.statuses_in(channel.id),
            }
        )

    def home_view(self, as_: str) -> Seen | None:
        return self._server.call(lambda: self._shown(self.core.modals.home(self._id(as_))))

    def view(self, as_: str) -> Seen | None:
        """The dialog on top, if any is open."""
        return self._server.call(lambda: self._shown(self.core.modals.top(self._id(as_))))

    def _shown(self, view: Any) -> Seen | None:
        return copy.deepcopy(self.core.modals.as_seen(view)) if view is not None else None

    def _id(self, who: str) -> str:
        return self.core.world.person(who).id

    def people(self) -> list[Seen]:
        """Everybody: key, id, names, locale, groups."""
        world = self.core.world
        return [
            {
                "key": person.seed.key,
                "id": person.id,
                "name": person.seed.name,
                "real_name": person.seed.real_name,
                "locale": person.locale,
                "tz": person.seed.tz,
                "groups": [group.handle for group in world.groups.values() if person.id in group.members],
            }
            for person in world.people.values()
        ]

    def journal(self, since: int = 0, wait: float = 0) -> list[Seen]:
        """What happened after number `since`, oldest first; waits so many seconds for the first of it."""
        if wait > 0 and self.running:
            self._server.run(self.core.journal.wait(since, wait))
        return self._server.call(lambda: self.core.journal.after(since))

    def until(self, look: Callable[[], Found | None], *, within: float = 5.0) -> Found:
        """Look again whenever something happened, until there is something to see.

        What a CannotAct says is "not there yet". Raises TimeoutError after `within` real seconds.
        """
        deadline = time.monotonic() + within
        while True:
            number = self.core.journal.number
            try:
                found = look()
            except CannotAct:
                found = None
            if found:
                return found
            left = deadline - time.monotonic()
            if left <= 0:
                raise TimeoutError("that did not come into sight")
            if self.running:
                self._server.run(self.core.journal.wait(number, min(left, 0.2)))
            else:
                threading.Event().wait(min(left, 0.02))

"""The whole sandbox as one thing: the simulators, the unchanged bot, and the folder they keep things in."""

import queue
import secrets
import threading
from collections.abc import Mapping
from contextlib import ExitStack
from typing import Any

import bcrypt

from sandbox import environment as env
from sandbox.aws import AwsSimulator
from sandbox.bot import Bot
from sandbox.faults import Switches
from sandbox.kubeflow import Dex
from sandbox.kubeflow.seed import CLIENT_ID, CLIENT_SECRET, NEIGHBOURS
from sandbox.memory import Memory
from sandbox.options import Options, Part, Transport
from sandbox.outside import BOT_KEY_ID, REQUESTS, Outside
from sandbox.place import Place
from sandbox.serving.child import Nursery
from sandbox.serving.loopback import HOST, free_port
from sandbox.slack import SlackSimulator

__all__ = ["BOT_KEY_ID", "REQUESTS", "Options", "Part", "Transport", "World"]


class World:
    """Start it, act in it through its parts, stop it. `told` has a line for people now and then."""

    def __init__(self, options: Options) -> None:
        self.options = options
        self.place = Place()
        self.password = secrets.token_urlsafe(12)
        self.bot: Bot | None = None
        self.told: queue.SimpleQueue[str] = queue.SimpleQueue()
        self._nursery = Nursery()
        self._memory = Memory(options.state)
        self.outside = Outside(options, self.place, self._nursery, self._memory, self._bot_wrote)
        self._exits = ExitStack()
        self._written = threading.Condition()
        self._http_port = free_port()

    def start(self) -> None:
        """Everything, the bot last. What was started is stopped again if something does not start."""
        self.options.state.mkdir(parents=True, exist_ok=True)
        try:
            self._start_parts()
        except BaseException:
            self.stop()
            raise

    def stop(self) -> None:
        """Safe to call twice, and from a signal."""
        self._exits.close()

    def start_bot(self) -> None:
        """Raises `BotFailed`. Also after a kill."""
        if self.bot is None:
            return
        self.bot.start()
        if self.slack is not None and self.options.transport is Transport.HTTP:
            self.slack.deliver_to(f"http://{HOST}:{self._http_port}/slack/events")

    @property
    def slack(self) -> SlackSimulator | None:
        return self.outside.slack

    @property
    def aws(self) -> AwsSimulator | None:
        return self.outside.aws

    @property
    def dex(self) -> Dex | None:
        return self.outside.dex

    @property
    def urls(self) -> Mapping[str, str]:
        return self.outside.urls

    def look(self) -> dict[str, Any]:
        """What is out there now, how the bot is, and where the simulators listen."""
        return {
            **self.outside.look(),
            "bot": self.bot.state if self.bot is not None else "absent",
            "urls": dict(self.urls),
        }

    def logins(self) -> dict[str, Any]:
        """How a person logs in at the simulated dex: a password grant, with a password by login.

        "*" is the platform's constant password, which every workspace's login has.
        """
        return {
            "url": f"{self.urls.get('dex', '')}/dex/token",
            "client_id": CLIENT_ID,
            "client_secret": CLIENT_SECRET,
            "passwords": {**NEIGHBOURS, "*": self.password},
        }

    def writes(self, since: int, wait: float = 0.0) -> list[dict[str, Any]]:
        """What the bot changed at vendors after number `since`; waits so many seconds for the first.

        `workspace` is told by the name of what was changed; null where that says nothing.
        """
        with self._written:
            if wait > 0:
                self._written.wait_for(lambda: len(self.switches.writes) > since, wait)
            return [
                {
                    "number": one.number,
                    "time": one.time,
                    "call": one.call,
                    "resource": one.resource,
                    "workspace": self.place.workspace_at(one.resource),
                    "struck": one.struck,
                }
                for one in self.switches.writes[since:]
            ]

    def unknown_calls(self) -> list[str]:
        """What nothing here understands; each was refused. A test ends with none."""
        return self.outside.unknown_calls()

    def _start_parts(self) -> None:
        self._memory.open()
        self.password = self._memory.password(self.password)
        self.outside.start(self._exits)
        self.switches = Switches(self.outside, kill_bot=self._kill_bot)
        self._exits.callback(self._keep)
        self._memory.close()
        self._start_bot_part()

    def _keep(self) -> None:
        """Once the bot has stopped and before anything else does."""
        self.outside.keep(self.password)

    def _start_bot_part(self) -> None:
        hashed = bcrypt.hashpw(self.password.encode(), bcrypt.gensalt(10)).decode()
        health_port = free_port()
        settings = env.common(
            self.place,
            state=self.options.state,
            password_hash=hashed,
            http_port=self._http_port,
            health_port=health_port,
        )
        given = {
            **env.program(self.options.state),
            **self.outside.plain,
            **env.prefixed({**settings, **self.outside.settings, **self.options.settings}),
        }
        env.write_env(self.options.state / "bot.env", given)
        if Part.BOT not in self.options.parts:
            return
        self.bot = Bot(
            self._nursery,
            environment=given,
            log=self.options.state / "bot.log",
            health_port=health_port,
            changed=self.told.put,
        )
        self._exits.callback(self.bot.stop)
        self.start_bot()

    def _kill_bot(self) -> bool:
        return self.bot is not None and self.bot.kill()

    def _bot_wrote(self, call: str, resource: str) -> None:
        self.switches.vendor_wrote(call, resource)
        with self._written:
            self._written.notify_all()

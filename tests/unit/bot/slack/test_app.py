"""What stands before an acknowledgement, and what does not."""

from __future__ import annotations

import threading
from typing import Any

from pydantic import SecretStr
from slack_bolt import App, BoltRequest

from bot.model.card import Action, Card
from bot.slack.app import SlackApp
from bot.slack.client import web_client
from bot.slack.context import SlackContext
from bot.texts import Texts
from tests.builders import a_platform
from tests.fakes.clock import FakeClock
from tests.fakes.notifier import FakeNotifier
from tests.fakes.people import FakePeople

CLICKS = 200
SOON = 5  # seconds, at most


class Breaks:
    """A service that fails at the first touch."""

    platform = a_platform()

    def status(self, project: str) -> Card:
        raise RuntimeError(project)


class Speaks(FakePeople):
    def locale(self, user: str) -> str:  # noqa: ARG002 - everybody has one
        return "en-US"


class SlowChat(FakeNotifier):
    """Whispers only once the click was acknowledged, as Slack does that limits us: `early` if it was not."""

    def __init__(self) -> None:
        super().__init__(clock=FakeClock())
        self.acknowledged = {f"U{n}": threading.Event() for n in range(CLICKS)}
        self.told = {user: threading.Event() for user in self.acknowledged}
        self.early: list[str] = []

    def whisper(self, channel: str, user: str, card: Card, *, language: str, root_ts: str = "") -> None:  # noqa: ARG002 - only who and when counts
        if not self.acknowledged[user].wait(SOON):
            self.early.append(user)
        self.told[user].set()


class Wire:
    """A transport that hands the app over. `quiet`: that nothing is to be acknowledged."""

    bolt: App

    def __init__(self) -> None:
        self.quiet = threading.Event()
        self.quiet.set()
        self.held = threading.Event()  # an answer is

    def start(self, bolt: App) -> None:
        self.bolt = bolt

    def stop(self) -> None:
        pass

    def connected(self) -> bool:
        return True

    def let_by(self) -> None:
        self.held.set()
        self.quiet.wait(SOON)


def click(user: str) -> BoltRequest:
    body: dict[str, Any] = {
        "type": "block_actions",
        "user": {"id": user},
        "team": {"id": "T0TEAM"},
        "channel": {"id": "C0GENERAL"},
        "actions": [{"type": "button", "action_id": Action.STATUS.value, "block_id": "b", "value": "alpha"}],
    }
    return BoltRequest(mode="socket_mode", body=body)


def an_app(chat: SlowChat, wire: Wire) -> SlackApp:
    context = SlackContext(
        service=Breaks(),  # type: ignore[arg-type]  # only what is touched
        people=Speaks(),  # type: ignore[arg-type]  # only what is touched
        texts=Texts(),
        notifier=chat,
        client=web_client(SecretStr("any"), "http://127.0.0.1:1"),
        clock=FakeClock(),
    )
    app = SlackApp(context, wire)
    app.start()
    return app


def test_a_handler_that_fails_at_once_is_told_of_after_the_acknowledgement() -> None:
    chat, wire = SlowChat(), Wire()
    app = an_app(chat, wire)

    for user, acknowledged in chat.acknowledged.items():
        assert wire.bolt.dispatch(click(user)).status == 200
        acknowledged.set()
        if chat.early:
            break
    app.stop()

    assert chat.early == []
    assert all(told.is_set() for told in chat.told.values())


def test_no_answer_begins_while_something_is_to_be_acknowledged() -> None:
    chat, wire = SlowChat(), Wire()
    app = an_app(chat, wire)
    wire.quiet.clear()

    for user, acknowledged in chat.acknowledged.items():
        assert wire.bolt.dispatch(click(user)).status == 200
        acknowledged.set()
    assert wire.held.wait(SOON)
    told = [user for user, told in chat.told.items() if told.is_set()]
    wire.quiet.set()
    app.stop()

    assert told == []
    assert all(told.is_set() for told in chat.told.values())

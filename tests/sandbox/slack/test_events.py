from collections.abc import Callable
from typing import Any

import pytest
from slack_bolt import BoltRequest, BoltResponse
from slack_sdk import WebClient

from sandbox.slack import CannotAct, MovableClock, SlackSimulator
from tests.sandbox.slack.bot import Bot, remember
from tests.sandbox.slack.crowd import Meanwhile
from tests.sandbox.slack.forms import actions, button

Event = dict[str, Any]


def test_a_mention_in_a_thread_tells_its_thread(slack: SlackSimulator, bot: Bot, web: WebClient) -> None:
    events: list[Event] = []
    bot.app.event("app_mention")(remember(events, lambda body: body["event"]))
    bot.connect()
    card = web.chat_postMessage(channel="workspace-requests", text="card")["ts"]

    seen = slack.mention("requester", "workspace-requests", card, "status")

    assert seen["acknowledged"]
    slack.until(lambda: events)
    assert events[0]["thread_ts"] == card
    assert events[0]["text"] == "<@U0WORKSPC1> status"
    assert (events[0]["user"], events[0]["channel"]) == ("U0MINA001", "C0REQUEST1")


def test_a_message_without_a_mention_is_nothing_to_the_bot(slack: SlackSimulator, bot: Bot) -> None:
    bot.connect()

    seen = slack.message("requester", "general", "lunch?")

    assert not seen["acknowledged"]
    assert not any(entry["kind"] == "envelope" for entry in slack.journal())


def test_what_is_said_to_the_bot_alone_arrives_as_a_direct_message(slack: SlackSimulator, bot: Bot) -> None:
    events: list[Event] = []
    bot.app.event("message")(remember(events, lambda body: body["event"]))
    bot.connect()

    slack.message("requester", "dm", "status alpha <3")

    slack.until(lambda: events)
    assert (events[0]["channel_type"], events[0]["text"]) == ("im", "status alpha &lt;3")
    assert events[0]["channel"].startswith("D0")


def test_the_bots_own_direct_messages_and_their_changes_come_back(
    slack: SlackSimulator, bot: Bot, web: WebClient
) -> None:
    heard: list[Event] = []
    bot.app.event("message")(remember(heard, lambda body: body["event"]))
    bot.connect()
    posted = web.chat_postMessage(channel="U0MINA001", text="ready")

    web.chat_update(channel=posted["channel"], ts=posted["ts"], text="deleted")

    slack.until(lambda: sum(entry["kind"] == "ack" for entry in slack.journal()) == 2)
    said, changed = (envelope["payload"]["event"] for envelope in deliveries(slack))
    assert (said["text"], said["bot_id"]) == ("ready", "B0WORKSPC1")
    assert (changed["subtype"], changed["previous_message"]["text"]) == ("message_changed", "ready")
    assert heard == [], "Bolt drops what the bot itself has said"


def test_an_event_comes_again_at_once_after_a_minute_and_after_five(
    slack: SlackSimulator, bot: Bot, clock: MovableClock
) -> None:
    bot.app.event("app_mention")(lambda: None)

    seen = slack.mention("requester", "general", None, "status")
    attempts = [0, 1]
    for wait in (60, 300):
        slack.until(lambda: len(deliveries(slack)) == len(attempts))
        clock.advance(wait)
        attempts.append(len(attempts))
    slack.until(lambda: len(deliveries(slack)) == 4)

    assert not seen["acknowledged"]
    assert [envelope["retry_attempt"] for envelope in deliveries(slack)] == [0, 1, 2, 3]
    assert len({envelope["payload"]["event_id"] for envelope in deliveries(slack)}) == 1


def deliveries(slack: SlackSimulator) -> list[dict[str, Any]]:
    return [entry["arguments"] for entry in slack.journal() if entry["kind"] == "envelope"]


def test_a_bot_that_comes_back_gets_the_event_as_a_retry(
    slack: SlackSimulator, bot: Bot, clock: MovableClock
) -> None:
    headers: list[dict[str, Any]] = []

    def listen(request: BoltRequest) -> None:
        headers.append(dict(request.headers))

    bot.app.event("app_mention")(listen)
    slack.mention("requester", "general", None, "status")
    slack.until(lambda: len(deliveries(slack)) == 2)

    bot.connect()
    clock.advance(60)

    slack.until(lambda: headers)
    assert headers[0]["x-slack-retry-num"] == ["2"]
    assert headers[0]["x-slack-retry-reason"] == ["connection_failed"]


def test_an_event_by_http_is_repeated_with_slacks_headers(slack: SlackSimulator, bot: Bot) -> None:
    headers: list[dict[str, Any]] = []

    def note(request: BoltRequest, next_: Callable[[], BoltResponse]) -> BoltResponse:
        headers.append(dict(request.headers))
        return next_()

    bot.app.middleware(note)
    slack.deliver_to(bot.serve())

    slack.mention("requester", "general", None, "nobody listens to this")

    slack.until(lambda: len(headers) == 2)
    assert "x-slack-retry-num" not in headers[0]
    assert headers[1]["x-slack-retry-num"] == ["1"]
    assert headers[1]["x-slack-retry-reason"] == ["http_error"]


def test_an_event_that_nobody_acknowledges_in_time_is_repeated(
    slack: SlackSimulator, bot: Bot, clock: MovableClock
) -> None:
    bot.app.event("app_mention", middleware=[lambda: None])(lambda: None)
    bot.connect()

    with Meanwhile(lambda: slack.mention("requester", "general", None, "status")) as mention:
        slack.until(lambda: deliveries(slack))
        clock.advance(3)
        seen = mention.result()

    slack.until(lambda: len(deliveries(slack)) == 2)
    assert seen["code"] == "operation_timeout"
    assert deliveries(slack)[1]["retry_reason"] == "timeout"


def test_a_message_shortcut_brings_the_message(slack: SlackSimulator, bot: Bot, web: WebClient) -> None:
    bodies: list[dict[str, Any]] = []
    bot.app.shortcut("ws.shortcut")(remember(bodies))
    bot.connect()
    card = web.chat_postMessage(channel="workspace-requests", text="card", blocks=[actions(button("a"))])[
        "ts"
    ]

    seen = slack.shortcut("requester", "ws.shortcut", "workspace-requests", card)

    assert seen["acknowledged"]
    assert (bodies[0]["type"], bodies[0]["message"]["ts"]) == ("message_action", card)
    assert bodies[0]["response_url"]
    with pytest.raises(CannotAct, match="no message shortcut nothing"):
        slack.shortcut("requester", "nothing", "workspace-requests", card)

import json
from collections.abc import Callable
from contextlib import ExitStack
from typing import Any
from urllib.error import HTTPError
from urllib.request import Request, urlopen

import pytest
from slack_bolt import Ack
from slack_sdk import WebClient
from websockets.exceptions import InvalidStatus
from websockets.sync.client import connect

from sandbox.slack import MovableClock, SlackSimulator
from tests.sandbox.slack.bot import Bot, remember
from tests.sandbox.slack.crowd import Meanwhile
from tests.sandbox.slack.forms import modal, section

MakeBot = Callable[[], Bot]


def envelopes(slack: SlackSimulator) -> list[dict[str, Any]]:
    return [entry["arguments"] for entry in slack.journal() if entry["kind"] == "envelope"]


def test_each_envelope_goes_to_one_socket_only(slack: SlackSimulator, make_bot: MakeBot) -> None:
    heard: list[str] = []
    replicas = [make_bot(), make_bot()]
    for name, bot in zip("ab", replicas, strict=True):
        bot.app.command("/workspace")(remember(heard, {"a": lambda _: "a", "b": lambda _: "b"}[name]))
    for bot in replicas:
        bot.connect()
    slack.until(lambda: slack.core.sockets.count == 2)

    for _ in range(6):
        slack.command("requester", "general", "/workspace")

    assert sorted(heard) == ["a"] * 3 + ["b"] * 3


def test_an_eleventh_socket_is_sent_away(slack: SlackSimulator, web: WebClient) -> None:
    with ExitStack() as open_sockets:
        greetings = []
        for _ in range(11):
            url = web.apps_connections_open(app_token=slack.app_token)["url"]
            socket = open_sockets.enter_context(connect(url, proxy=None))
            greetings.append(json.loads(socket.recv(timeout=5)))

        assert [greeting["type"] for greeting in greetings] == ["hello"] * 10 + ["disconnect"]
        assert greetings[-1]["reason"] == "too_many_websockets"
        assert greetings[9]["num_connections"] == 10


def test_the_url_of_a_socket_opens_one_only(slack: SlackSimulator, web: WebClient) -> None:
    url = web.apps_connections_open(app_token=slack.app_token)["url"]

    with connect(url, proxy=None) as first:
        assert json.loads(first.recv(timeout=5))["type"] == "hello"
        with pytest.raises(InvalidStatus):
            connect(url, proxy=None)


def test_a_client_told_to_leave_comes_back(slack: SlackSimulator, bot: Bot) -> None:
    bot.app.command("/workspace")(lambda ack: ack("still here"))
    bot.connect()

    slack.disconnect("refresh_requested")
    slack.until(lambda: sum(e["kind"] == "socket" and e["method"] == "open" for e in slack.journal()) == 2)

    assert slack.command("requester", "general", "/workspace")["private"][0]["text"] == "still here"


def test_a_ping_is_answered(slack: SlackSimulator, bot: Bot) -> None:
    bot.connect()
    session = bot.handlers[0].client.current_session

    slack.until(lambda: session is not None and session.last_ping_pong_time)


def test_two_hundred_commands_at_once_are_all_acknowledged(slack: SlackSimulator, bot: Bot) -> None:
    bot.app.command("/workspace")(lambda ack: ack())
    bot.connect()
    acts = [lambda: slack.command("requester", "general", "/workspace")] * 200

    with Meanwhile(*acts) as commands:
        results = commands.results()

    assert all(seen["acknowledged"] for seen in results)


def test_commands_clicks_and_events_go_by_signed_http(slack: SlackSimulator, bot: Bot) -> None:
    heard: list[str] = []
    bot.app.command("/workspace")(lambda ack, command: ack(f"got {command['text']}"))
    bot.app.shortcut("ws.create.shortcut")(
        lambda ack, body, client: (
            ack(),
            client.views_open(trigger_id=body["trigger_id"], view=modal(section("x"))),
        )
    )
    bot.app.event("app_mention")(remember(heard, lambda body: body["event"]["text"]))
    slack.deliver_to(bot.serve())

    seen = slack.command("requester", "general", "/workspace ㅎ & =")
    slack.shortcut("requester", "ws.create.shortcut")
    slack.mention("requester", "general", None, "status")

    assert slack.verify_url()
    assert slack.connected()
    assert [message["text"] for message in seen["private"]] == ["got ㅎ &amp; ="]
    slack.until(lambda: slack.view("requester"))
    slack.until(lambda: heard == ["<@U0WORKSPC1> status"])


@pytest.mark.parametrize(("age", "alter"), [(0, True), (400, False), (-400, False)])
def test_bolt_refuses_what_slack_did_not_sign(
    slack: SlackSimulator,
    bot: Bot,
    clock: MovableClock,
    age: int,
    alter: bool,  # noqa: FBT001 - a parameter of the test
) -> None:
    url = bot.serve()
    content = json.dumps({"type": "url_verification", "challenge": "c"})
    headers = slack.core.delivery.signed(content, at=clock.now() - age)
    sent = content.replace('"c"', '"d"') if alter else content
    request = Request(url, sent.encode(), {**headers, "Content-Type": "application/json"})  # noqa: S310 - our own server

    with pytest.raises(HTTPError, match="401") as caught:
        urlopen(request)  # noqa: S310 - our own server

    caught.value.close()


def test_a_request_url_that_does_not_answer_in_time_has_failed(
    slack: SlackSimulator, bot: Bot, clock: MovableClock
) -> None:
    bot.app.command("/workspace")(lambda: None)
    slack.deliver_to(bot.serve())

    with Meanwhile(lambda: slack.command("requester", "general", "/workspace")) as command:
        slack.until(lambda: any(entry["kind"] == "request" for entry in slack.journal()))
        clock.advance(3)
        seen = command.result()

    assert seen["code"] == "operation_timeout"


def test_a_request_url_where_nobody_listens_has_failed(slack: SlackSimulator, bot: Bot) -> None:
    url = bot.serve()
    bot.close()
    slack.deliver_to(url)

    assert slack.command("requester", "general", "/workspace")["code"] == "dispatch_failed"
    assert not slack.verify_url()


def test_sockets_are_refused_while_requests_go_by_http(slack: SlackSimulator, bot: Bot) -> None:
    slack.deliver_to("http://127.0.0.1:9/slack/events")

    with pytest.raises(Exception, match="socket_mode_not_enabled"):
        bot.client.apps_connections_open(app_token=slack.app_token)


def test_a_late_acknowledgement_is_recorded_and_changes_nothing(
    slack: SlackSimulator, bot: Bot, clock: MovableClock
) -> None:
    def slow(ack: Ack) -> None:
        slack.until(lambda: any(entry["kind"] == "no ack" for entry in slack.journal()))
        ack("late")

    bot.app.command("/workspace")(slow)
    bot.connect()

    with Meanwhile(lambda: slack.command("requester", "general", "/workspace")) as command:
        slack.until(lambda: envelopes(slack))
        clock.advance(3)
        seen = command.result()

    slack.until(lambda: any(entry["method"] == "too late" for entry in slack.journal()))
    assert seen["code"] == "operation_timeout"
    assert slack.channel("general", "requester")["messages"] == []

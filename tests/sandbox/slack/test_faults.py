import pytest
from slack_sdk import WebClient
from slack_sdk.errors import SlackApiError

from sandbox.slack import Down, MovableClock, SlackSimulator
from tests.sandbox.slack.bot import Bot, client, remember
from tests.sandbox.slack.crowd import Meanwhile


def texts(slack: SlackSimulator) -> list[str]:
    return [message["text"] for message in slack.channel("general", "requester")["messages"]]


def test_the_nth_call_fails_and_does_nothing(slack: SlackSimulator, web: WebClient) -> None:
    slack.faults.fail("chat.postMessage", "fatal_error", nth=2)

    web.chat_postMessage(channel="general", text="1")
    with pytest.raises(SlackApiError, match="fatal_error"):
        web.chat_postMessage(channel="general", text="2")
    web.chat_postMessage(channel="general", text="3")

    assert texts(slack) == ["1", "3"]


def test_a_call_is_held_off_with_retry_after(slack: SlackSimulator, web: WebClient) -> None:
    slack.faults.limit("chat.postMessage", retry_after=7)

    with pytest.raises(SlackApiError) as caught:
        web.chat_postMessage(channel="general", text="1")

    assert caught.value.response.status_code == 429
    assert caught.value.response.headers["Retry-After"] == "7"
    assert texts(slack) == []


def test_an_answer_is_lost_after_the_call_was_carried_out(slack: SlackSimulator, web: WebClient) -> None:
    slack.faults.lose_answer("chat.postMessage")

    with pytest.raises(OSError, match=r"(?i)closed|reset|aborted"):
        web.chat_postMessage(channel="general", text="posted")

    assert texts(slack) == ["posted"]
    assert [entry.get("lost") for entry in slack.journal()] == [True]


def test_the_sdks_own_retry_posts_a_lost_message_twice(slack: SlackSimulator) -> None:
    slack.faults.lose_answer("chat.postMessage")
    trusting = WebClient(slack.bot_token, base_url=f"{slack.url}/api/")

    trusting.chat_postMessage(channel="general", text="posted")

    assert texts(slack) == ["posted", "posted"]


def test_a_delayed_call_waits_for_the_clock(
    slack: SlackSimulator, web: WebClient, clock: MovableClock
) -> None:
    slack.faults.delay("chat.postMessage", 30)

    with Meanwhile(lambda: dict(web.chat_postMessage(channel="general", text="slow").headers)) as posting:
        slack.until(lambda: not slack.faults.active())
        before = texts(slack)
        clock.advance(30)
        posting.result()

    assert before == []
    assert texts(slack) == ["slow"]


@pytest.mark.parametrize("how", list(Down))
def test_a_slack_that_is_down_answers_nothing_until_it_is_up(
    slack: SlackSimulator, bot: Bot, how: Down
) -> None:
    bot.app.command("/workspace")(lambda ack: ack("back"))
    bot.connect()

    slack.faults.down(how)

    with pytest.raises((OSError, SlackApiError)):
        bot.client.chat_postMessage(channel="general", text="x")
    assert slack.command("requester", "general", "/workspace")["code"] == "dispatch_failed"
    assert not slack.connected()
    slack.faults.up()
    assert bot.client.chat_postMessage(channel="general", text="x")["ok"]


def test_a_socket_cut_in_the_middle_of_an_acknowledgement_loses_it(
    slack: SlackSimulator, bot: Bot, clock: MovableClock
) -> None:
    heard: list[str] = []
    bot.app.command("/workspace")(remember(heard, lambda body: body["text"]))
    bot.connect(ping_interval=0.2)
    slack.faults.cut_ack()

    with Meanwhile(lambda: slack.command("requester", "general", "/workspace one")) as command:
        slack.until(lambda: not slack.connected())
        clock.advance(3)
        seen = command.result()

    assert heard == ["one"]
    assert seen["code"] == "operation_timeout"
    slack.until(slack.connected)
    assert slack.command("requester", "general", "/workspace two")["acknowledged"]


def test_a_socket_that_ends_quietly_is_noticed_by_its_pings(slack: SlackSimulator, bot: Bot) -> None:
    bot.connect(ping_interval=0.1)

    slack.cut_sockets(quietly=True)

    slack.until(slack.connected)


def test_a_click_may_arrive_twice(slack: SlackSimulator, bot: Bot) -> None:
    triggers: list[str] = []
    bot.app.command("/workspace")(remember(triggers, lambda body: body["trigger_id"]))
    bot.connect()
    slack.faults.duplicate("slash_commands")

    slack.command("requester", "general", "/workspace")

    assert len(triggers) == 2
    assert len(set(triggers)) == 1


def test_an_event_may_arrive_twice_with_one_id(slack: SlackSimulator, bot: Bot) -> None:
    ids: list[str] = []
    bot.app.event("app_mention")(remember(ids, lambda body: body["event_id"]))
    bot.connect()
    slack.faults.duplicate("events_api")

    slack.mention("requester", "general", None, "status")

    slack.until(lambda: len(ids) == 2)
    assert len(set(ids)) == 1


def test_deliveries_may_arrive_in_another_order(slack: SlackSimulator, bot: Bot) -> None:
    bot.app.command("/workspace")(lambda ack: ack())
    bot.connect()
    slack.faults.reorder(2)

    with Meanwhile(lambda: slack.command("requester", "general", "/workspace first")) as waiting:
        slack.until(lambda: slack.core.delivery.held == 1)
        slack.command("requester", "general", "/workspace second")
        waiting.result()

    sent = [entry["arguments"]["payload"]["text"] for entry in slack.journal() if entry["kind"] == "envelope"]
    assert sent == ["second", "first"]


def test_cleared_faults_strike_no_more(slack: SlackSimulator) -> None:
    slack.faults.fail("*", times=0)
    slack.faults.down()
    web = client(slack, slack.url)

    slack.faults.clear()

    assert web.auth_test()["ok"]
    assert slack.faults.active() == []

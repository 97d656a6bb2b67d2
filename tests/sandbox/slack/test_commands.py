from slack_bolt import Ack, Respond

from sandbox.slack import MovableClock, SlackSimulator
from tests.sandbox.slack.bot import Bot, remember
from tests.sandbox.slack.crowd import Meanwhile


def test_the_acknowledgement_of_a_command_is_seen_by_its_author_alone(
    slack: SlackSimulator, bot: Bot
) -> None:
    bot.app.command("/workspace")(lambda ack, command: ack(f"got {command['text']}"))
    bot.connect()

    seen = slack.command("requester", "general", "/workspace create alpha")

    assert seen["acknowledged"]
    assert [message["text"] for message in seen["private"]] == ["got create alpha"]
    assert seen["private"][0]["ephemeral"]
    assert slack.channel("general", "admin")["messages"] == []
    assert len(slack.channel("general", "requester")["messages"]) == 1


def test_a_private_answer_is_gone_after_a_reload(slack: SlackSimulator, bot: Bot) -> None:
    bot.app.command("/workspace")(lambda ack: ack("only for you"))
    bot.connect()
    slack.command("requester", "general", "/workspace")

    slack.reload("requester")

    assert slack.channel("general", "requester")["messages"] == []


def test_an_answer_in_the_channel_also_shows_what_was_typed(slack: SlackSimulator, bot: Bot) -> None:
    bot.app.command("/workspace")(lambda ack: ack(text="for all", response_type="in_channel"))
    bot.connect()

    slack.command("requester", "general", "/workspace list")

    assert [m["text"] for m in slack.channel("general", "outsider")["messages"]] == [
        "/workspace list",
        "for all",
    ]


def test_people_channels_links_and_signs_arrive_escaped(slack: SlackSimulator, bot: Bot) -> None:
    heard: list[str] = []

    def listen(ack: Ack, command: dict[str, str]) -> None:
        heard.append(command["text"])
        ack()

    bot.app.command("/workspace")(listen)
    bot.connect()

    slack.command(
        "requester", "general", "/workspace for @bob in #general at https://a.example/d?x=1&y=2 <b>"
    )

    assert heard == [
        "for <@U0BOB0001> in <#C0GENERAL1|general> at <https://a.example/d?x=1&amp;y=2> &lt;b&gt;"
    ]


def test_text_of_any_length_and_curly_quotes_are_delivered_as_typed(slack: SlackSimulator, bot: Bot) -> None:
    heard: list[str] = []
    bot.app.command("/workspace")(remember(heard, lambda body: body["text"]))
    bot.connect()

    slack.command("requester", "general", "/workspace why=“" + "ㅎ" * 5000 + "” —")

    assert heard == ["why=“" + "ㅎ" * 5000 + "” —"]


def test_a_command_in_a_thread_never_reaches_the_bot(slack: SlackSimulator, bot: Bot) -> None:
    bot.app.command("/workspace")(lambda ack: ack("never"))
    bot.connect()
    first = slack.message("requester", "general", "hello")

    seen = slack.command("requester", "general", "/workspace status", thread_ts=first["ts"])

    assert seen["error"] == "/workspace is not supported in threads. Sorry!"
    assert not any(entry["kind"] == "envelope" for entry in slack.journal())


def test_a_command_that_the_app_does_not_have_is_no_command(slack: SlackSimulator) -> None:
    seen = slack.command("requester", "general", "/wrkspace create")

    assert seen["code"] == "no_such_command"


def test_without_a_connected_bot_the_command_fails_at_once(slack: SlackSimulator) -> None:
    seen = slack.command("requester", "general", "/workspace help")

    assert seen["error"] == '/workspace failed with the error "dispatch_failed"'
    assert not seen["acknowledged"]


def test_a_bot_that_does_not_acknowledge_within_three_seconds_has_failed(
    slack: SlackSimulator, bot: Bot, clock: MovableClock
) -> None:
    bot.app.command("/workspace")(lambda: None)
    bot.connect()

    with Meanwhile(lambda: slack.command("requester", "general", "/workspace help")) as command:
        slack.until(lambda: any(entry["kind"] == "envelope" for entry in slack.journal()))
        clock.advance(3)
        seen = command.result()

    assert seen["error"] == '/workspace failed with the error "operation_timeout"'
    assert any(entry["kind"] == "no ack" for entry in slack.journal())


def test_the_response_url_serves_five_times(slack: SlackSimulator, bot: Bot) -> None:
    statuses: list[int] = []

    def listen(ack: Ack, respond: Respond) -> None:
        statuses.extend(respond(f"answer {number}").status_code for number in range(6))
        ack()

    bot.app.command("/workspace")(listen)
    bot.connect()

    slack.command("requester", "general", "/workspace")

    assert statuses == [200] * 5 + [404]
    assert len(slack.channel("general", "requester")["messages"]) == 5


def test_the_response_url_ends_after_half_an_hour(
    slack: SlackSimulator, bot: Bot, clock: MovableClock
) -> None:
    kept: list[Respond] = []

    def listen(ack: Ack, respond: Respond) -> None:
        kept.append(respond)
        ack()

    bot.app.command("/workspace")(listen)
    bot.connect()
    slack.command("requester", "general", "/workspace")

    clock.advance(30 * 60 + 1)

    late = kept[0]("too late")
    assert late.status_code == 404
    assert "expired_url" in late.body


def test_blocks_that_slack_refuses_in_an_acknowledgement_are_the_persons_error(
    slack: SlackSimulator, bot: Bot
) -> None:
    bot.app.command("/workspace")(lambda ack: ack(text="x", blocks=[{"type": "section"}]))
    bot.connect()

    seen = slack.command("requester", "general", "/workspace")

    assert seen["error"] == '/workspace failed with the error "invalid_blocks"'
    assert seen["private"] == []

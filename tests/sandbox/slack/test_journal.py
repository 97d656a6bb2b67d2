import json

from slack_sdk import WebClient

from sandbox.slack import SlackSimulator
from tests.sandbox.slack.bot import Bot
from tests.sandbox.slack.crowd import Meanwhile


def test_every_call_and_delivery_is_numbered_in_order(
    slack: SlackSimulator, bot: Bot, web: WebClient
) -> None:
    bot.app.command("/workspace")(lambda ack, respond: (respond("by url"), ack("by ack")))
    bot.connect()
    slack.command("requester", "general", "/workspace help")

    entries = slack.journal()

    assert [entry["number"] for entry in entries] == list(range(1, len(entries) + 1))
    kinds = [(entry["kind"], entry["method"]) for entry in entries]
    assert kinds[-3:] == [
        ("envelope", "slash_commands"),
        ("response_url", "respond"),
        ("ack", "slash_commands"),
    ]
    assert slack.journal(since=entries[-1]["number"]) == []
    web.chat_postMessage(channel="general", text="x")
    later = slack.journal(since=entries[-1]["number"])
    assert later[0]["arguments"] == {"channel": "general", "text": "x"}
    assert later[0]["answer"]["ok"]


def test_no_secret_is_ever_in_it(slack: SlackSimulator, bot: Bot) -> None:
    bot.app.command("/workspace")(lambda ack: ack(f"leaking {slack.bot_token}"))
    bot.connect()
    slack.command("requester", "general", "/workspace help")
    bot.client.api_call("auth.test", params={"token": slack.bot_token})

    text = json.dumps(slack.journal())

    for secret in (slack.bot_token, slack.app_token, slack.signing_secret, slack.core.verification_token):
        assert secret not in text
    assert "ticket=" not in text


def test_a_reader_waits_for_the_next_entry(slack: SlackSimulator, web: WebClient) -> None:
    number = len(slack.journal())

    with Meanwhile(lambda: {"entries": slack.journal(since=number, wait=10)}) as reading:
        web.auth_test()
        entries = reading.result()["entries"]

    assert [entry["method"] for entry in entries] == ["auth.test"]
    assert slack.journal(since=number + 1, wait=0.01) == []


def test_it_can_still_be_read_after_the_end() -> None:
    slack = SlackSimulator()
    WebClient(slack.bot_token, base_url=f"{slack.start()}/api/").auth_test()

    slack.stop()

    assert [entry["method"] for entry in slack.journal()] == ["auth.test"]
    assert slack.channel("general", "requester")["messages"] == []

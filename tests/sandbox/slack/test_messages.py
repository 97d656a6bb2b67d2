import json
from typing import Any

import pytest
from slack_sdk import WebClient
from slack_sdk.errors import SlackApiError

from sandbox.slack import CannotAct, ChannelSeed, MovableClock, Rates, Seed, SlackSimulator
from sandbox.slack.messages import Ledger
from tests.sandbox.slack.bot import Bot, client, remember
from tests.sandbox.slack.forms import actions, button, option, section

REQUESTS = "C0REQUEST1"
METADATA = {"event_type": "workspace_request", "event_payload": {"request_id": "WS-7"}}


def error_of(call: Any, *arguments: Any, **named: Any) -> str:
    with pytest.raises(SlackApiError) as caught:
        call(*arguments, **named)
    return str(caught.value.response["error"])


def test_a_message_stands_in_the_channel_for_everybody(slack: SlackSimulator, web: WebClient) -> None:
    posted = web.chat_postMessage(channel="workspace-requests", text="hello", blocks=[section("*hello*")])

    shown = slack.channel("workspace-requests", "outsider")["messages"]

    assert posted["channel"] == REQUESTS
    assert [message["ts"] for message in shown] == [posted["ts"]]
    assert shown[0]["blocks"][0]["text"]["text"] == "*hello*"
    assert shown[0]["blocks"][0]["block_id"]
    assert shown[0]["user_name"] == "Workspace Bot"
    assert not shown[0]["ephemeral"]


def test_a_user_id_as_channel_is_the_direct_message(slack: SlackSimulator, web: WebClient) -> None:
    posted = web.chat_postMessage(channel="U0MINA001", text="psst")

    assert posted["channel"].startswith("D0")
    assert [message["text"] for message in slack.dm("requester")["messages"]] == ["psst"]
    assert slack.dm("admin")["messages"] == []
    opened = web.conversations_open(users="U0MINA001")
    assert opened["channel"]["id"] == posted["channel"]
    assert web.chat_update(channel=posted["channel"], ts=posted["ts"], text="psst!")["ok"]


def test_a_reply_belongs_to_its_thread(slack: SlackSimulator, web: WebClient) -> None:
    first = web.chat_postMessage(channel=REQUESTS, text="first")
    reply = web.chat_postMessage(channel=REQUESTS, text="second", thread_ts=first["ts"])
    web.chat_postMessage(channel=REQUESTS, text="third", thread_ts=reply["ts"])

    shown = slack.channel("workspace-requests", "requester")["messages"]

    assert [message["thread_ts"] for message in shown] == [None, first["ts"], first["ts"]]
    assert shown[0]["reply_count"] == 2
    replies = web.conversations_replies(channel=REQUESTS, ts=first["ts"])["messages"]
    assert [message["text"] for message in replies] == ["first", "second", "third"]
    history = web.conversations_history(channel=REQUESTS)["messages"]
    assert [message["text"] for message in history] == ["first"]
    assert (
        error_of(web.chat_postMessage, channel=REQUESTS, text="x", thread_ts="1.000001") == "thread_not_found"
    )


def test_metadata_is_kept_and_told_only_when_asked_for(web: WebClient) -> None:
    first = web.chat_postMessage(channel=REQUESTS, text="first", metadata=METADATA)
    web.chat_postMessage(channel=REQUESTS, text="reply", thread_ts=first["ts"], metadata=METADATA)
    dm = web.chat_postMessage(channel="U0MINA001", text="dm", metadata=METADATA)
    web.chat_update(channel=REQUESTS, ts=first["ts"], text="changed")

    history = web.conversations_history(channel=REQUESTS, include_all_metadata=True)["messages"]
    replies = web.conversations_replies(channel=REQUESTS, ts=first["ts"], include_all_metadata=True)[
        "messages"
    ]
    private = web.conversations_history(channel=dm["channel"], include_all_metadata=True)["messages"]

    assert history[0]["metadata"] == METADATA
    assert [message["metadata"] for message in replies] == [METADATA, METADATA]
    assert private[0]["metadata"] == METADATA
    assert "metadata" not in web.conversations_history(channel=REQUESTS)["messages"][0]
    assert error_of(web.chat_postMessage, channel=REQUESTS, text="x", metadata={"event_type": 1}) == (
        "invalid_metadata_schema"
    )


def test_history_is_newest_first_between_times_and_in_pages(web: WebClient) -> None:
    stamps = [web.chat_postMessage(channel=REQUESTS, text=str(number))["ts"] for number in range(5)]

    page = web.conversations_history(channel=REQUESTS, limit=2)
    following = web.conversations_history(
        channel=REQUESTS, limit=2, cursor=page["response_metadata"]["next_cursor"]
    )
    later = web.conversations_history(channel=REQUESTS, oldest=stamps[2])["messages"]
    with_it = web.conversations_history(channel=REQUESTS, oldest=stamps[2], inclusive=True)["messages"]

    assert [message["text"] for message in page["messages"]] == ["4", "3"]
    assert page["has_more"]
    assert [message["text"] for message in following["messages"]] == ["2", "1"]
    assert [message["text"] for message in later] == ["4", "3"]
    assert [message["text"] for message in with_it] == ["4", "3", "2"]


def test_an_update_replaces_text_and_blocks_without_an_edited_mark(
    slack: SlackSimulator, web: WebClient
) -> None:
    posted = web.chat_postMessage(channel=REQUESTS, text="asked", blocks=[actions(button("approve"))])

    web.chat_update(channel=REQUESTS, ts=posted["ts"], text="approved")

    shown = slack.channel("workspace-requests", "requester")["messages"][0]
    assert (shown["text"], shown["blocks"], shown["edited"]) == ("approved", [], False)


def test_updates_that_slack_refuses(slack: SlackSimulator, web: WebClient) -> None:
    own = web.chat_postMessage(channel=REQUESTS, text="mine")["ts"]
    theirs = slack.message("requester", "workspace-requests", "theirs")["ts"]
    rich = {"type": "rich_text", "elements": []}
    richly = web.chat_postMessage(channel=REQUESTS, text="rich", blocks=[rich])["ts"]
    private = web.chat_postEphemeral(channel=REQUESTS, user="U0MINA001", text="psst")["message_ts"]

    assert error_of(web.chat_update, channel=REQUESTS, ts=own, text="x" * 4001) == "msg_too_long"
    assert error_of(web.chat_update, channel=REQUESTS, ts="1.000001", text="x") == "message_not_found"
    assert error_of(web.chat_update, channel=REQUESTS, ts=private, text="x") == "message_not_found"
    assert error_of(web.chat_update, channel=REQUESTS, ts=theirs, text="x") == "cant_update_message"
    assert error_of(web.chat_update, channel="C0NOWHERE", ts=own, text="x") == "channel_not_found"
    blocks = [section("x")]
    assert error_of(web.chat_update, channel=REQUESTS, ts=richly, text="x", blocks=blocks) == "block_mismatch"
    assert web.chat_update(channel=REQUESTS, ts=own, text="x" * 4000)["ok"]


def test_a_deleted_message_is_gone(slack: SlackSimulator, web: WebClient) -> None:
    posted = web.chat_postMessage(channel=REQUESTS, text="oops")

    web.chat_delete(channel=REQUESTS, ts=posted["ts"])

    assert slack.channel("workspace-requests", "requester")["messages"] == []
    assert error_of(web.chat_delete, channel=REQUESTS, ts=posted["ts"]) == "message_not_found"


def test_posts_that_slack_refuses() -> None:
    everybody = ("requester", "admin")
    seed = Seed(
        channels=(
            ChannelSeed(id="C0OUTSIDE1", name="outside", members=everybody, bot_is_member=False),
            ChannelSeed(
                id="C0PRIVATE1", name="secret", members=everybody, bot_is_member=False, is_private=True
            ),
            ChannelSeed(id="C0ARCHIVE1", name="old", members=everybody, is_archived=True),
            ChannelSeed(id="C0INSIDE01", name="inside", members=everybody),
        )
    )
    slack = SlackSimulator(seed, rates=Rates.OFF)
    web = client(slack, slack.start())
    try:
        assert error_of(web.chat_postMessage, channel="outside", text="x") == "not_in_channel"
        assert error_of(web.chat_postMessage, channel="secret", text="x") == "channel_not_found"
        assert error_of(web.chat_postMessage, channel="old", text="x") == "is_archived"
        with pytest.warns(UserWarning, match="`text` argument is missing"):
            assert error_of(web.chat_postMessage, channel="inside", text=" ") == "no_text"
        assert error_of(web.chat_postMessage, channel="U0NOBODY1", text="x") == "channel_not_found"
        ephemeral = web.chat_postEphemeral
        assert error_of(ephemeral, channel="inside", user="U0OWEN001", text="x") == "user_not_in_channel"
        assert error_of(ephemeral, channel="outside", user="U0MINA001", text="x") == "not_in_channel"
        with pytest.raises(CannotAct):
            slack.channel("secret", "outsider")
    finally:
        slack.stop()


def test_an_ephemeral_message_is_for_its_reader_only(slack: SlackSimulator, web: WebClient) -> None:
    web.chat_postEphemeral(channel=REQUESTS, user="U0BOB0001", text="you may not")

    assert [m["text"] for m in slack.channel("workspace-requests", "admin")["messages"]] == ["you may not"]
    assert slack.channel("workspace-requests", "requester")["messages"] == []
    assert web.conversations_history(channel=REQUESTS)["messages"] == []


def test_a_permalink_names_channel_message_and_thread(web: WebClient) -> None:
    first = web.chat_postMessage(channel=REQUESTS, text="first")["ts"]
    reply = web.chat_postMessage(channel=REQUESTS, text="reply", thread_ts=first)["ts"]

    link = web.chat_getPermalink(channel=REQUESTS, message_ts=reply)["permalink"]

    base = "https://meerkat.slack.com/archives/C0REQUEST1"
    assert link == f"{base}/p{reply.replace('.', '')}?thread_ts={first}&cid=C0REQUEST1"


def test_a_click_tells_where_and_what(slack: SlackSimulator, bot: Bot, web: WebClient) -> None:
    bodies: list[dict[str, Any]] = []
    bot.app.action("approve")(remember(bodies))
    bot.connect()
    posted = web.chat_postMessage(
        channel=REQUESTS, text="asked", metadata=METADATA, blocks=[actions(button("approve", "r-1"))]
    )

    seen = slack.click("admin", action_id="approve", ts=posted["ts"])

    body = bodies[0]
    assert seen["acknowledged"]
    assert body["user"]["id"] == "U0BOB0001"
    assert body["container"] == {
        "type": "message",
        "message_ts": posted["ts"],
        "channel_id": REQUESTS,
        "is_ephemeral": False,
    }
    assert body["message"]["metadata"] == METADATA
    assert body["channel"] == {"id": REQUESTS, "name": "workspace-requests"}
    assert body["actions"][0]["value"] == "r-1"
    assert body["actions"][0]["block_id"] == body["message"]["blocks"][0]["block_id"]


def test_a_click_finds_the_newest_button_or_the_one_with_the_value(
    slack: SlackSimulator, bot: Bot, web: WebClient
) -> None:
    values: list[str] = []
    bot.app.action("open")(remember(values, lambda body: body["actions"][0]["value"]))
    bot.connect()
    for value in ("a", "b"):
        web.chat_postMessage(channel="U0MINA001", text=value, blocks=[actions(button("open", value))])

    slack.click("requester", action_id="open")
    slack.click("requester", action_id="open", value="a", channel="dm")

    assert values == ["b", "a"]


def test_a_choice_in_a_message_stays_chosen(slack: SlackSimulator, bot: Bot, web: WebClient) -> None:
    bodies: list[dict[str, Any]] = []
    bot.app.action("size")(remember(bodies))
    bot.app.action("go")(remember(bodies))
    bot.connect()
    sizes = {"type": "static_select", "action_id": "size", "options": [option("small"), option("large")]}
    web.chat_postMessage(channel=REQUESTS, text="?", blocks=[actions(sizes, button("go"), block_id="b")])

    slack.click("requester", action_id="size", value="large")
    slack.click("requester", action_id="go")

    assert bodies[0]["actions"][0]["selected_option"] == option("large")
    assert bodies[1]["state"]["values"]["b"]["size"]["selected_option"] == option("large")


def test_a_button_that_is_gone_cannot_be_pressed(slack: SlackSimulator, web: WebClient) -> None:
    posted = web.chat_postMessage(channel=REQUESTS, text="asked", blocks=[actions(button("approve"))])
    web.chat_update(channel=REQUESTS, ts=posted["ts"], text="approved")

    with pytest.raises(CannotAct, match="there is no approve"):
        slack.click("admin", action_id="approve", ts=posted["ts"])
    with pytest.raises(CannotAct):
        slack.click("admin", action_id="approve")


def test_the_response_url_of_a_click_replaces_or_deletes_the_message(
    slack: SlackSimulator, bot: Bot, web: WebClient
) -> None:
    bot.app.action("again")(lambda ack, respond: (respond(replace_original=True, text="replaced"), ack()))
    bot.app.action("away")(lambda ack, respond: (respond(delete_original=True), ack()))
    bot.app.action("tell")(lambda ack, respond: (respond("for you"), ack()))
    bot.connect()
    post = web.chat_postEphemeral
    for name in ("again", "away"):
        post(channel=REQUESTS, user="U0BOB0001", text=name, blocks=[actions(button(name))])
    web.chat_postMessage(channel=REQUESTS, text="public", blocks=[actions(button("tell"))])

    slack.click("admin", action_id="again")
    slack.click("admin", action_id="away")
    told = slack.click("admin", action_id="tell")

    shown = slack.channel("workspace-requests", "admin")["messages"]
    assert [message["text"] for message in shown] == ["replaced", "public", "for you"]
    assert [message["text"] for message in told["private"]] == ["for you"]


def test_what_was_chosen_in_a_message_outlasts_the_process(slack: SlackSimulator, web: WebClient) -> None:
    options = [option("small"), option("large")]
    select = {"type": "static_select", "action_id": "size", "options": options}
    posted = web.chat_postMessage(channel=REQUESTS, text="which?", blocks=[actions(select, block_id="pick")])
    slack.click("requester", action_id="size", ts=posted["ts"], value="large")

    again = Ledger(Seed(), MovableClock())
    again.bring_back(json.loads(json.dumps(slack.keep())))

    state = again.get(REQUESTS, posted["ts"]).state
    assert state["pick", "size"]["selected_option"] == option("large")

from collections.abc import Iterator
from typing import Any

import pytest
from slack_sdk import WebClient
from slack_sdk.errors import SlackApiError

from sandbox.slack import ChannelSeed, MovableClock, Rates, Seed, SlackSimulator
from sandbox.slack.seed import CHANNELS, SCOPES
from tests.sandbox.slack.bot import client
from tests.sandbox.slack.forms import section

GENERAL = "C0GENERAL1"
MORE = (
    "channels:join",
    "channels:read",
    "files:write",
    "im:read",
    "pins:write",
    "reactions:write",
    "team:read",
    "users:read.email",
)
OUTSIDE = ChannelSeed(id="C0OUTSIDE1", name="outside", members=("admin",), bot_is_member=False)


@pytest.fixture
def wide(clock: MovableClock) -> Iterator[SlackSimulator]:
    """A Slack where the app has been granted more than ours asks for."""
    seed = Seed(scopes=(*SCOPES, *MORE), channels=(*CHANNELS, OUTSIDE))
    simulator = SlackSimulator(seed, rates=Rates.OFF, clock=clock)
    simulator.start()
    yield simulator
    simulator.stop()


@pytest.fixture
def web(wide: SlackSimulator) -> WebClient:
    return client(wide, wide.url)


def texts(slack: SlackSimulator) -> list[str]:
    return [message["text"] for message in slack.channel("general", "requester")["messages"]]


def error_of(call: Any, *arguments: Any, **named: Any) -> str:
    with pytest.raises(SlackApiError) as caught:
        call(*arguments, **named)
    return str(caught.value.response["error"])


def test_a_channel_can_be_joined_and_looked_at(web: WebClient) -> None:
    names = [channel["name"] for channel in web.conversations_list()["channels"]]
    before = error_of(web.chat_postMessage, channel="outside", text="x")

    web.conversations_join(channel="C0OUTSIDE1")

    assert names == ["workspace-requests", "general", "outside"]
    assert before == "not_in_channel"
    assert web.chat_postMessage(channel="outside", text="x")["ok"]
    assert web.conversations_info(channel="C0OUTSIDE1")["channel"]["is_member"]
    assert web.conversations_members(channel="C0OUTSIDE1")["members"] == ["U0BOB0001", "U0WORKSPC1"]


def test_team_bot_and_mail_addresses_are_told(web: WebClient) -> None:
    assert web.team_info()["team"]["domain"] == "meerkat"
    assert web.bots_info(bot="B0WORKSPC1")["bot"]["user_id"] == "U0WORKSPC1"
    assert web.users_info(user="U0MINA001")["user"]["profile"]["email"] == "mina@example.com"


def test_reactions_and_pins_stay_on_the_message(wide: SlackSimulator, web: WebClient) -> None:
    ts = web.chat_postMessage(channel=GENERAL, text="x")["ts"]

    web.reactions_add(channel=GENERAL, timestamp=ts, name="eyes")
    web.pins_add(channel=GENERAL, timestamp=ts)

    shown = wide.channel("general", "requester")["messages"][0]
    assert shown["reactions"] == [{"name": "eyes", "users": ["U0WORKSPC1"], "count": 1}]
    assert shown["pinned"]
    assert error_of(web.reactions_add, channel=GENERAL, timestamp=ts, name="eyes") == "already_reacted"
    assert error_of(web.pins_add, channel=GENERAL, timestamp=ts) == "already_pinned"
    web.reactions_remove(channel=GENERAL, timestamp=ts, name="eyes")
    assert error_of(web.reactions_remove, channel=GENERAL, timestamp=ts, name="eyes") == "no_reaction"


def test_a_file_is_uploaded_and_shared(wide: SlackSimulator, web: WebClient) -> None:
    web.files_upload_v2(
        content="line 1\nline 2", filename="run.log", channel=GENERAL, initial_comment="the log"
    )

    shown = wide.channel("general", "requester")["messages"][0]
    assert shown["text"] == "the log"
    assert [(file["name"], file["size"]) for file in shown["files"]] == [("run.log", 13)]


def test_a_message_can_be_scheduled(wide: SlackSimulator, web: WebClient, clock: MovableClock) -> None:
    web.chat_scheduleMessage(channel=GENERAL, text="later", post_at=int(clock.now()) + 100)
    before = texts(wide)

    clock.advance(101)

    wide.until(lambda: texts(wide) == ["later"])
    assert before == []
    assert error_of(web.chat_scheduleMessage, channel=GENERAL, text="x", post_at=1) == "time_in_past"


def test_a_status_line_belongs_to_a_thread(wide: SlackSimulator, web: WebClient) -> None:
    ts = web.chat_postMessage(channel=GENERAL, text="x")["ts"]

    assert web.assistant_threads_setStatus(channel_id=GENERAL, thread_ts=ts, status="is working…")["ok"]
    assert wide.channel("general", "requester")["statuses"] == {ts: "is working…"}
    assert error_of(web.assistant_threads_setStatus, channel_id=GENERAL, thread_ts="1.0", status="x") == (
        "thread_not_found"
    )


def started(web: WebClient, **more: Any) -> tuple[str, str]:
    """A thread and a stream in it."""
    thread = web.chat_postMessage(channel=GENERAL, text="card")["ts"]
    more |= {"recipient_user_id": "U0MINA001", "recipient_team_id": "T0MEERKAT"}
    return thread, web.chat_startStream(channel=GENERAL, thread_ts=thread, **more)["ts"]


def test_a_stream_of_tasks_becomes_a_plan(wide: SlackSimulator, web: WebClient) -> None:
    chunks = [{"type": "plan_update", "title": "Checking"}, task("c1", "in_progress", "Address")]
    thread, ts = started(web, task_display_mode="plan", chunks=chunks)
    web.chat_appendStream(channel=GENERAL, ts=ts, chunks=[task("c1", "complete", output="HTTP 200")])

    web.chat_stopStream(channel=GENERAL, ts=ts, blocks=[section("done")])

    shown = wide.channel("general", "requester")["messages"][1]
    plan = shown["blocks"][0]
    assert (shown["thread_ts"], plan["type"], plan["title"]) == (thread, "plan", "Checking")
    assert (plan["tasks"][0]["title"], plan["tasks"][0]["status"]) == ("Address", "complete")
    assert shown["blocks"][1]["text"]["text"] == "done"
    assert error_of(web.chat_appendStream, channel=GENERAL, ts=ts, markdown_text="x") == (
        "message_not_in_streaming_state"
    )


def task(task_id: str, status: str, title: str | None = None, output: str | None = None) -> dict[str, Any]:
    chunk = {"type": "task_update", "id": task_id, "status": status, "title": title, "output": output}
    return {name: value for name, value in chunk.items() if value is not None}


def test_a_stream_ends_after_five_minutes_and_can_then_be_updated(
    wide: SlackSimulator, web: WebClient, clock: MovableClock
) -> None:
    _, ts = started(web, markdown_text="Hello ")
    web.chat_appendStream(channel=GENERAL, ts=ts, markdown_text="world")
    clock.advance(301)

    late = error_of(web.chat_appendStream, channel=GENERAL, ts=ts, markdown_text="!")
    before = texts(wide)
    web.chat_update(channel=GENERAL, ts=ts, text="Hello again")

    assert late == "message_not_in_streaming_state"
    assert before == ["card", "Hello world"]
    assert texts(wide) == ["card", "Hello again"]


def test_a_stream_in_a_channel_needs_its_reader(web: WebClient) -> None:
    ts = web.chat_postMessage(channel=GENERAL, text="card")["ts"]

    assert error_of(web.chat_startStream, channel=GENERAL, thread_ts=ts) == "missing_recipient_user_id"

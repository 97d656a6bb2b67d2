"""The side bar: what is unread for whom, and what one takes off one's own screen."""

import pytest
from slack_sdk import WebClient

from sandbox.slack import CannotAct, SlackSimulator

REQUESTS = "workspace-requests"


def unread(slack: SlackSimulator, person: str, channel: str = REQUESTS) -> tuple[int, int]:
    """Messages, and those that call this person."""
    (row,) = [one for one in slack.channels(person) if one["name"] == channel]
    return row["unread"], row["mentions"]


def test_the_side_bar_has_the_channels_and_the_conversation_with_the_app(slack: SlackSimulator) -> None:
    assert [row["name"] for row in slack.channels("outsider")] == [REQUESTS, "general", "dm"]


def test_a_message_is_unread_for_all_but_its_author(slack: SlackSimulator) -> None:
    slack.message("requester", "general", "good morning")

    assert unread(slack, "requester", "general") == (0, 0)
    assert unread(slack, "admin", "general") == (1, 0)


@pytest.mark.parametrize(
    ("text", "called"),
    [("<@U0BOB0001> look", 1), ("<!subteam^S0ADMINS01> look", 1), ("<!here> look", 1), ("bob, look", 0)],
)
def test_whoever_is_called_by_name_or_group_has_a_number(
    slack: SlackSimulator, web: WebClient, text: str, called: int
) -> None:
    web.chat_postMessage(channel=REQUESTS, text=text)

    assert unread(slack, "admin") == (1, called)


def test_each_message_of_the_app_to_one_person_counts(slack: SlackSimulator, web: WebClient) -> None:
    web.chat_postMessage(channel="U0MINA001", text="ready")

    assert unread(slack, "requester", "dm") == (1, 1)
    assert unread(slack, "admin", "dm") == (0, 0)


def test_what_was_read_is_not_unread_and_the_mark_never_goes_back(
    slack: SlackSimulator, web: WebClient
) -> None:
    first = web.chat_postMessage(channel=REQUESTS, text="first")["ts"]
    second = web.chat_postMessage(channel=REQUESTS, text="second")["ts"]

    slack.read("admin", REQUESTS, first)
    assert unread(slack, "admin") == (1, 0)
    slack.read("admin", REQUESTS, second)
    slack.read("admin", REQUESTS, first)

    assert unread(slack, "admin") == (0, 0)
    assert unread(slack, "requester") == (2, 0)


def test_a_reply_is_unread_only_where_it_also_went_to_the_channel(
    slack: SlackSimulator, web: WebClient
) -> None:
    first = web.chat_postMessage(channel=REQUESTS, text="first")["ts"]
    web.chat_postMessage(channel=REQUESTS, text="quietly", thread_ts=first)
    web.chat_postMessage(channel=REQUESTS, text="loudly", thread_ts=first, reply_broadcast=True)

    assert unread(slack, "admin") == (2, 0)


def test_a_private_message_is_dismissed_by_its_reader_alone(slack: SlackSimulator, web: WebClient) -> None:
    web.chat_postEphemeral(channel=REQUESTS, user="U0MINA001", text="only you")
    (private,) = slack.channel(REQUESTS, "requester")["messages"]
    lasting = web.chat_postMessage(channel=REQUESTS, text="for all")["ts"]

    for person, ts in (("admin", private["ts"]), ("requester", lasting)):
        with pytest.raises(CannotAct, match="sees no private message"):
            slack.dismiss(person, REQUESTS, ts)
    slack.dismiss("requester", REQUESTS, private["ts"])

    assert [one["text"] for one in slack.channel(REQUESTS, "requester")["messages"]] == ["for all"]


def followed(slack: SlackSimulator, person: str) -> list[tuple[str, int]]:
    """The first message of each thread, and how many replies are new."""
    return [(one["message"]["text"], one["unread"]) for one in slack.threads(person)]


def test_one_follows_the_threads_one_began_wrote_in_or_was_named_in(
    slack: SlackSimulator, web: WebClient
) -> None:
    began = slack.message("requester", "general", "mine")
    card = web.chat_postMessage(channel="general", text="for <@U0BOB0001> of <!subteam^S0ADMINS01>")["ts"]
    web.chat_postMessage(channel="general", text="alone")
    first = slack.channel("general", "requester")["messages"][0]["ts"]
    web.chat_postMessage(channel="general", text="one", thread_ts=first)
    web.chat_postMessage(channel="general", text="two", thread_ts=card)
    slack.message("outsider", "general", "three", thread_ts=first)

    assert began["error"] is None
    assert followed(slack, "requester") == [("mine", 2)]
    assert followed(slack, "admin") == [("for <@U0BOB0001> of <!subteam^S0ADMINS01>", 1)]
    assert followed(slack, "second-admin") == []
    assert followed(slack, "outsider") == [("mine", 0)]


def test_a_thread_is_read_up_to_its_mark_or_to_ones_own_words(slack: SlackSimulator, web: WebClient) -> None:
    slack.message("requester", "general", "mine")
    first = slack.channel("general", "requester")["messages"][0]["ts"]
    one = web.chat_postMessage(channel="general", text="one", thread_ts=first)["ts"]
    two = web.chat_postMessage(channel="general", text="two", thread_ts=first)["ts"]

    slack.read("requester", "general", two, first)
    slack.read("requester", "general", one, first)
    assert followed(slack, "requester") == [("mine", 0)]
    web.chat_postMessage(channel="general", text="three", thread_ts=first)
    assert followed(slack, "requester") == [("mine", 1)]
    slack.message("requester", "general", "four", thread_ts=first)

    assert followed(slack, "requester") == [("mine", 0)]
    assert unread(slack, "admin", "general") == (1, 0)

"""What is new in a thread one follows: at its message, in the side bar, in the list of threads, inside."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from sandbox.control.client import Client
from sandbox.slack import SlackSimulator
from tests.page.drawing.post import post
from tests.page.test_access import wrong

if TYPE_CHECKING:
    from sandbox.demo.browser import Screen
    from tests.page.conftest import Open

pytestmark = pytest.mark.page


@pytest.fixture
def first(slack: SlackSimulator) -> str:
    """A message of the requester's with two replies that she has not seen; its ts."""
    slack.message("requester", "general", "who knows?")
    ts = str(slack.channel("general", "requester")["messages"][-1]["ts"])
    for words in ("I do", "so do I"):
        slack.message("outsider", "general", words, thread_ts=ts)
    return ts


def test_new_replies_are_told_until_the_thread_was_open(
    screen: Screen, slack: SlackSimulator, first: str
) -> None:
    screen.show("requester", "general")
    message = screen.message("who knows?")
    row = screen.page.locator(".side-row").filter(has_text="Threads")
    screen.sees("2 replies", "2 new", within=message.locator(".replies.unread"))
    assert int(row.locator(".count").inner_text()) >= 1

    message.locator(".replies").click()

    screen.sees("New", within=screen.thread.locator(".line-new"))
    message.locator(".replies:not(.unread)").wait_for()
    slack.message("outsider", "general", "and one more", thread_ts=first)
    screen.sees("and one more", within=screen.thread)
    assert message.locator(".replies.unread").count() == 0
    assert {one["message"]["ts"]: one["unread"] for one in slack.threads("requester")}[first] == 0


def test_a_thread_of_others_is_nothing_new(screen: Screen, first: str) -> None:
    assert first
    screen.show("admin", "general")

    screen.sees("2 replies", within=screen.message("who knows?"))
    assert screen.message("who knows?").locator(".unread").count() == 0


def test_the_threads_are_listed_and_lead_there(screen: Screen, first: str) -> None:
    assert first
    screen.show("requester", "threads")
    row = screen.page.locator(".thread-row.unread").first
    screen.sees("#general", "Mina Kim who knows?", "2 replies", "2 new", within=row)

    row.click()

    screen.sees("so do I", within=screen.thread)
    screen.page.locator(".side-row").filter(has_text="Threads").click()
    screen.page.locator(".thread-row:not(.unread)").filter(has_text="who knows?").first.wait_for()


def test_whoever_follows_nothing_is_told_what_would_be_here(screen: Screen, client: Client) -> None:
    client.message("admin", "quiet", "general")
    screen.show("second-admin", "threads")

    screen.sees("Threads that you begin", within=screen.page.locator(".middle"))


@pytest.mark.parametrize("theme", ["light", "dark"])
@pytest.mark.parametrize("channel", ["threads", "general"])
def test_nothing_is_wrong(
    open_screen: Open, empty_url: str, slack: SlackSimulator, first: str, theme: str, channel: str
) -> None:
    assert first
    post(slack, "general", text="the end")
    screen = open_screen(empty_url)
    screen.show("requester", channel, theme=theme)
    screen.sees("2 new")

    assert "\n".join(wrong(screen)) == ""

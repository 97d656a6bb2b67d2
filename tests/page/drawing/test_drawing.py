"""Each kind of block and element is drawn, text stays text, and a long list keeps its place."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from sandbox.control.api import Api
from sandbox.control.client import Client
from sandbox.serving.loopback import Loopback
from sandbox.slack import SlackSimulator
from sandbox.slack.blocks import _KNOWN, Surface, complaints
from sandbox.slack.elements import IN_INPUT
from sandbox.world import Options, Part, World
from tests.page.drawing.post import REQUESTER, post
from tests.page.fixtures import BLOCKS, INPUTS, input_block, modal

if TYPE_CHECKING:
    from sandbox.demo.browser import Screen
    from tests.page.conftest import Open

pytestmark = pytest.mark.page

LONG = 240


def test_there_is_one_of_each_kind_and_slack_would_take_it() -> None:
    assert set(BLOCKS) == set(_KNOWN)
    assert set(INPUTS) == set(IN_INPUT)
    for kind, (block, _) in BLOCKS.items():
        surface = next(iter(sorted(_KNOWN[kind][1])))
        assert complaints([block], Surface(surface)) == []
    assert complaints([input_block(kind) for kind in INPUTS], Surface.MODAL) == []


@pytest.mark.parametrize("kind", [kind for kind in BLOCKS if Surface.MESSAGE in _KNOWN[kind][1]])
def test_a_message_draws_the_block(screen: Screen, slack: SlackSimulator, kind: str) -> None:
    block, words = BLOCKS[kind]
    post(slack, "general", text=f"a {kind}", blocks=[block])
    screen.show("requester", "general")

    drawn = screen.messages.last.locator(f".block-{kind}").first
    drawn.wait_for(state="attached")
    screen.sees(*words, within=drawn)
    assert screen.page.locator(".unsupported").count() == 0


@pytest.mark.parametrize("kind", [kind for kind in BLOCKS if _KNOWN[kind][1] >= {Surface.MODAL}])
def test_a_dialog_draws_the_block(screen: Screen, opened: Callable[..., str], kind: str) -> None:
    block, words = BLOCKS[kind]
    opened(modal(block))
    screen.show("requester", "general")

    screen.sees(*words, within=screen.dialog.locator(f".block-{kind}").first)
    assert screen.page.locator(".unsupported").count() == 0


def test_an_input_of_each_kind_is_drawn_and_read(
    screen: Screen, opened: Callable[..., str], client: Client
) -> None:
    opened(modal(*(input_block(kind) for kind in INPUTS)))
    screen.show("requester", "general")
    screen.dialog.wait_for()
    number = client.journal("end")["next"]

    screen.send()

    sent = client.until(
        lambda: [one for one in client.journal(number)["entries"] if one["method"] == "submit"], "submit"
    )
    given = {kind: value for kind, (_, value) in INPUTS.items() if kind != "file_input"}
    assert sent[0]["arguments"]["values"] == given


def test_text_never_becomes_markup(screen: Screen, client: Client, slack: SlackSimulator) -> None:
    evil = "<img src=x onerror=document.title='gone'><script>1</script>"
    client.message("admin", evil, "general")
    safe = evil.replace("<", "&lt;").replace(">", "&gt;")
    post(slack, "general", text="x", blocks=[{"type": "section", "text": {"type": "mrkdwn", "text": safe}}])
    post(
        slack, "general", text="x", blocks=[{"type": "header", "text": {"type": "plain_text", "text": evil}}]
    )
    post(slack, "general", text="<javascript:alert(1)|press me>")
    screen.show("requester", "general", pane="traffic")

    screen.sees("press me", within=screen.messages.last)
    assert screen.page.get_by_text(evil).count() >= 3
    assert screen.page.locator("img[src=x], .message script, a[href^=javascript]").count() == 0
    assert "sandbox" in screen.page.title()


def test_marks_count_only_where_no_letter_touches_them(screen: Screen, slack: SlackSimulator) -> None:
    post(
        slack,
        "general",
        text="*loud* a*b*c *굵게*는 _so_ ~no~ &amp;amp; :nosuch: `1 &lt; 2`\n&gt; said\n```\n*raw*\n```",
    )
    screen.show("requester", "general")
    message = screen.messages.last.locator(".text")

    assert message.locator("strong").all_inner_texts() == ["loud"]
    assert message.locator("code").inner_text() == "1 < 2"
    assert message.locator("blockquote").inner_text() == "said"
    assert message.locator("pre").inner_text() == "*raw*"
    screen.sees("a*b*c *굵게*는", "&amp; :nosuch:", within=message)


def test_a_new_message_comes_by_itself_and_is_told(screen: Screen, client: Client) -> None:
    screen.show("requester", "general")
    client.message("admin", "out of the blue", "general")

    screen.sees("out of the blue", within=screen.messages.last)
    live = screen.page.locator(".middle [aria-live]")
    screen.sees("Bob Lee: out of the blue", within=live)


def test_what_is_very_long_is_folded_and_unfolded(
    screen: Screen, client: Client, slack: SlackSimulator
) -> None:
    client.message("admin", "\n".join(f"line {number}" for number in range(60)), "general")
    post(
        slack, "general", text="x", attachments=[{"text": "\n".join(f"row {number}" for number in range(9))}]
    )
    client.message("admin", "\n".join(f"short {number}" for number in range(9)), "general")
    screen.show("requester", "general")
    message = screen.message("line 59")
    high = message.evaluate("node => node.offsetHeight")
    assert high < 400
    assert screen.message("row 8").get_by_role("button", name="Show more").count() == 1
    assert screen.message("short 8").get_by_role("button", name="Show more").count() == 0

    more = message.get_by_role("button", name="Show more")
    assert more.get_attribute("aria-expanded") == "false"
    more.click()

    less = message.get_by_role("button", name="Show less")
    assert less.get_attribute("aria-expanded") == "true"
    assert message.evaluate("node => node.offsetHeight") > 1000
    less.click()
    assert message.evaluate("node => node.offsetHeight") == high


def test_a_channel_is_bold_until_it_was_looked_at(screen: Screen, client: Client) -> None:
    screen.show("second-admin")
    client.message("admin", "@dana please", "general")
    row = screen.page.locator(".side-row.unread").filter(has_text="general")
    row.wait_for()
    assert int(row.locator(".count").inner_text()) >= 1

    row.click()

    screen.page.locator(".side-row[aria-current]").filter(has_text="general").wait_for()
    screen.page.locator(".side-row").filter(has_text="workspace-requests").click()
    screen.page.locator(".side-row[aria-current]").filter(has_text="workspace-requests").wait_for()
    assert screen.page.locator(".side-row.unread").filter(has_text="general").count() == 0


def test_a_long_thread_keeps_its_nodes_and_its_place(
    screen: Screen, client: Client, slack: SlackSimulator
) -> None:
    first = post(slack, "general", text="a long story")
    for number in range(LONG):
        slack.message("admin", "general", f"part {number}", thread_ts=first)
    screen.show("requester", "general", thread=first)
    scroller = screen.thread.locator(".scroller")
    screen.sees(f"part {LONG - 1}", within=screen.thread)
    assert scroller.evaluate("node => node.scrollHeight - node.scrollTop - node.clientHeight") < 2

    scroller.evaluate("node => { node.scrollTop = 900; node.querySelectorAll('.message')[30].ours = true; }")
    jump = screen.thread.get_by_role("button", name="Jump to newest")
    jump.wait_for()
    before = scroller.evaluate("node => node.scrollTop")
    client.message("admin", "another channel stirs", "workspace-requests")
    slack.message("admin", "general", "the end", thread_ts=first)
    screen.thread.get_by_text("the end").first.wait_for(state="attached")

    assert scroller.evaluate("node => node.querySelectorAll('.message')[30].ours") is True
    assert scroller.evaluate("node => node.scrollTop") == before
    jump.click()
    jump.wait_for(state="hidden")
    assert scroller.evaluate("node => node.scrollHeight - node.scrollTop - node.clientHeight") < 2


def test_a_dialog_above_another_has_a_way_back(
    screen: Screen, slack: SlackSimulator, opened: Callable[..., str]
) -> None:
    opened(modal(input_block("plain_text_input")))
    screen.show("requester", "general")
    screen.fill(plain_text_input="typed below")
    modals = slack.core.modals
    slack._server.call(lambda: modals.push(REQUESTER, modal(BLOCKS["alert"][0])))
    slack.message("admin", "general", "something happens")
    screen.sees("Careful now", within=screen.dialog)

    screen.dialog.get_by_role("button", name="Back").click()

    screen.field("plain_text_input").wait_for()
    assert screen.field("plain_text_input").locator("input").input_value() == "typed below"


def test_a_link_to_a_message_leads_to_it(screen: Screen, slack: SlackSimulator) -> None:
    first = post(slack, "general", text="here it is")
    for number in range(40):
        slack.message("admin", "general", f"and more {number}")
    link = f"https://meerkat.slack.com/archives/C0GENERAL1/p{first.replace('.', '')}"
    post(slack, "workspace-requests", text=f"see <{link}|that one>")
    screen.show("requester")

    screen.messages.last.get_by_role("link", name="that one").click()

    target = screen.page.locator(f"[data-ts='{first}']")
    screen.sees("here it is", within=screen.page.locator(".message.found"))
    assert target.evaluate("node => node === document.activeElement")
    box = target.bounding_box()
    assert box is not None
    assert 48 < box["y"] < 400


def test_a_lost_sandbox_is_told_and_found_again(open_screen: Open, empty: World) -> None:
    api = Api(empty)
    server = Loopback(api.app, "page")
    url = server.start()
    screen = open_screen(url)
    screen.show("requester", "general")
    api.close()
    server.stop()
    screen.sees("The sandbox does not answer", within=screen.page.locator(".lost"))

    again = Loopback(Api(empty).app, "page")
    again.start(int(url.rsplit(":", 1)[1]))
    assert empty.slack is not None
    empty.slack.message("admin", "general", "back again")

    screen.sees("back again", within=screen.messages.last)
    screen.page.locator(".lost").wait_for(state="hidden")
    screen.close()
    screen.troubles.clear()  # the browser told of each request that failed
    again.stop()


def test_without_a_slack_the_page_says_so(open_screen: Open, tmp_path: Path) -> None:
    world = World(Options(state=tmp_path, without=frozenset(Part)))
    world.start()
    server = Loopback(Api(world).app, "page")
    screen = open_screen(server.start())
    screen.page.goto(screen.url)

    screen.sees("Slack is not simulated here", within=screen.page.locator(".lost"))
    screen.close()
    screen.troubles.clear()  # the browser told of each answer that is no success
    server.stop()
    world.stop()


def test_a_channel_that_is_not_there_is_left(screen: Screen) -> None:
    screen.page.goto(f"{screen.url}/#channel=nowhere")

    screen.sees("workspace-requests", within=screen.page.locator(".middle h2"))
    screen.close()
    screen.troubles.clear()  # the same

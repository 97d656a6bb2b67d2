"""What people see, drawn in a terminal, and the lines of what happens."""

import io

import pytest
from rich.console import Console

from sandbox.control.client import Client
from sandbox.demo.mrkdwn import plain
from sandbox.demo.narrator import Narrator
from sandbox.demo.show import Screen
from sandbox.world import World

NAMES = {"U1": "Mina Kim", "S1": "workspace-admins", "C1": "general"}


@pytest.mark.parametrize(
    ("said", "read"),
    [
        ("*bold* and _slanted_ and `code`", "bold and slanted and code"),
        ("2 * 3 * 4, snake_case_name", "2 * 3 * 4, snake_case_name"),
        ("<@U1> in <#C1|general> asks <!subteam^S1>", "@Mina Kim in #general asks @workspace-admins"),
        ("<https://example.com|WSR-0001> a &amp; &lt;b&gt;", "WSR-0001 a & <b>"),
        ("until <!date^1795564608^{date_short_pretty} {time}|tomorrow>", "until 2026-11-24 23:56 UTC"),
        (":white_check_mark: done :parrot:", "✔ done :parrot:"),
        (">first\n>second > third", "┃ first\n┃ second > third"),
    ],
)
def test_mrkdwn_is_read_as_slack_shows_it(said: str, read: str) -> None:
    assert plain(said, NAMES) == read


@pytest.mark.parametrize("width", [40, 80, 200])
def test_a_card_fits_the_terminal(width: int) -> None:
    drawn = io.StringIO()
    screen = Screen(Console(file=drawn, width=width), NAMES)
    blocks = [
        {"type": "header", "text": {"type": "plain_text", "text": "Workspace request: alpha"}},
        {"type": "section", "text": {"type": "mrkdwn", "text": "<@U1> asks " + "for much " * 30}},
        {"type": "section", "fields": [{"type": "mrkdwn", "text": f"*Fact {n}*\nvalue"} for n in range(3)]},
        {"type": "divider"},
        {
            "type": "actions",
            "elements": [{"type": "button", "text": {"text": "Approve"}, "style": "primary"}],
        },
        {"type": "context", "elements": [{"type": "mrkdwn", "text": "WSR-0001"}]},
        {"type": "carousel", "elements": []},
    ]

    screen.message({"text": "", "blocks": blocks}, "#workspace-requests")

    lines = drawn.getvalue().splitlines()
    assert max(len(line) for line in lines) <= min(width, 100)
    for word in ("Workspace request: alpha", "@Mina Kim asks", "Fact 2", "Approve", "WSR-0001", "(carousel)"):
        assert any(word in line for line in lines)


def test_what_happens_is_told_a_line_each(world: World, client: Client) -> None:
    told = io.StringIO()
    narrator = Narrator(world, Console(file=told, width=100))
    world.told.put("the bot is ready")

    client.message("requester", "good evening", "general")
    client.command("outsider", "/workspace help")
    narrator.turn()

    lines = told.getvalue().splitlines()
    assert any("Mina Kim" in line and "says good evening in #general" in line for line in lines)
    assert any("Owen Reed" in line and "types /workspace help" in line for line in lines)
    assert any("Slack" in line and "was not acknowledged" in line for line in lines)
    assert any("sandbox" in line and "the bot is ready" in line for line in lines)

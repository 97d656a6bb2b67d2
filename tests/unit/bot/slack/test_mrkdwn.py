"""Messages in Slack's own syntax."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.slack.cards import Mrkdwn, capital, code, cut, escape, shorten
from bot.slack.commands import unescape
from bot.texts import Texts
from provisioner.message import Message, Ref, RefKind

NOON = datetime(2026, 11, 23, 12, tzinfo=UTC)
ENGLISH = Texts().for_locale("en")


def drawn(value: str | int | datetime | Ref | Message, groups: dict[str, str] | None = None) -> str:
    return Mrkdwn(ENGLISH, (groups or {}).get).text(Message("{value}", value=value))


def test_what_a_person_typed_calls_nobody() -> None:
    assert drawn("<!channel> & <@U0BOB0001>") == "&lt;!channel&gt; &amp; &lt;@U0BOB0001&gt;"


@pytest.mark.parametrize(
    ("ref", "text"),
    [
        (Ref(RefKind.PERSON, "U0MINA001"), "<@U0MINA001>"),
        (Ref(RefKind.PERSON, "system"), "system"),
        (Ref(RefKind.PERSON, "U0> <!channel"), "U0&gt; &lt;!channel"),
        (Ref(RefKind.GROUP, "S0ADMINS01"), "<!subteam^S0ADMINS01>"),
        (Ref(RefKind.GROUP, "workspace-admins"), "<!subteam^S0ADMINS01>"),
        (Ref(RefKind.GROUP, "leads"), "@leads"),
        (Ref(RefKind.NAME, "alpha"), "`alpha`"),
        (Ref(RefKind.NAME, "a`b <c>\nd"), "`ab &lt;c&gt; d`"),
        (Ref(RefKind.NAME, "```"), "`–`"),
        (Ref(RefKind.LINK, "https://x.example/?a=1&b=2", "a | b"), "<https://x.example/?a=1&amp;b=2|a b>"),
        (Ref(RefKind.LINK, "https://x.example/"), "<https://x.example/>"),
        (Ref(RefKind.LINK, "javascript:alert(1)", "press"), "press"),
        (Ref(RefKind.LINK, "https://x.example/|<!channel>", "press"), "press"),
    ],
)
def test_a_reference_is_drawn_in_slacks_way(ref: Ref, text: str) -> None:
    assert drawn(ref, {"workspace-admins": "S0ADMINS01"}) == text


def test_a_time_is_shown_in_each_readers_zone() -> None:
    assert drawn(NOON) == "<!date^1795435200^{date_short_pretty} {time}|2026-11-23 12:00 UTC>"


def test_a_message_in_a_message_is_drawn_the_same_way() -> None:
    assert drawn(Message("made {name}", name=Ref(RefKind.NAME, "alpha"))) == "made `alpha`"


def test_the_templates_own_signs_are_escaped() -> None:
    assert Mrkdwn(ENGLISH).text(Message("a < b & c")) == "a &lt; b &amp; c"


@pytest.mark.parametrize(
    ("text", "most", "short"),
    [
        ("short", 5, "short"),
        ("one two three", 9, "one two…"),
        ("abcdefghij", 5, "abcd…"),
        ("see <https://x.example/long|here> now", 12, "see…"),
        ("a &amp; b", 6, "a…"),
        ("made `a long name` now", 12, "made…"),
    ],
)
def test_a_text_is_cut_at_a_word(text: str, most: int, short: str) -> None:
    assert shorten(text, most) == short


@given(st.text(), st.integers(1, 60))
def test_no_text_is_too_long_once_it_is_shortened(text: str, most: int) -> None:
    short = shorten(escape(text), most)

    assert len(short) <= most
    assert short.count("<") == short.count(">") == 0


@given(st.text())
def test_what_slack_escaped_is_read_back(text: str) -> None:
    assert unescape(escape(text)) == text


@given(st.text())
def test_a_code_span_is_one_span_on_one_line(text: str) -> None:
    span = code(text)

    assert span.count("`") == 2
    assert "\n" not in span


@given(text=st.text() | st.text(alphabet="a&<\n", min_size=50), most=st.integers(5, 40))
def test_a_text_is_cut_in_pieces_that_fit_and_nothing_is_lost(text: str, most: int) -> None:
    pieces = cut(text, most)

    assert all(0 < len(escape(piece)) <= most for piece in pieces)
    assert "".join("".join(pieces).split()) == "".join(text.split())


def test_a_text_is_cut_between_its_lines() -> None:
    assert cut("first line\nsecond line\nthird", 25) == ["first line\nsecond line", "third"]


@pytest.mark.parametrize(
    ("line", "begins"),
    [
        ("node group `ng`", "Node group `ng`"),
        ("`node` group", "`node` group"),
        ("dex is restarted", "dex is restarted"),
        ("<@U0BOB0001> asks", "<@U0BOB0001> asks"),
        ("m5.xlarge machines", "m5.xlarge machines"),
        ("", ""),
    ],
)
def test_a_line_begins_with_a_capital_unless_it_begins_with_a_name(line: str, begins: str) -> None:
    assert capital(line) == begins

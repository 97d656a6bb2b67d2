"""Any card as blocks that Slack takes."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bot.model.card import (
    Action,
    Bullets,
    Button,
    Buttons,
    Card,
    Confirm,
    Facts,
    Line,
    Lines,
    Mark,
    Paragraph,
    Part,
    Quote,
    Small,
    Style,
)
from bot.slack.cards import SIGNS, VIEW_BLOCKS, blocks, render
from bot.texts import Texts
from provisioner.message import Message, Ref, RefKind, literal, named
from sandbox.slack.blocks import Surface, complaints

ENGLISH = Texts().for_locale("en")


def shown(card: Card) -> list[dict[str, Any]]:
    return render(card, ENGLISH)[1]


def texts(card: Card) -> list[str]:
    return [block["text"]["text"] for block in shown(card) if "text" in block]


def a_card(*parts: Part, title: str = "Title", text: str = "A sentence.") -> Card:
    return Card(literal(title), literal(text), parts)


# ------------------------------------------------------------------------------------ what is shown


def test_a_card_without_parts_is_its_sentence() -> None:
    assert texts(a_card()) == ["A sentence."]


def test_the_title_stands_above_the_parts() -> None:
    assert texts(a_card(Paragraph(literal("Body")))) == ["Title", "Body"]


def test_a_title_that_the_first_part_repeats_is_said_once() -> None:
    assert texts(a_card(Paragraph(literal("Title")))) == ["Title"]


def test_a_step_has_a_sign_a_word_and_its_note() -> None:
    lines = Lines(
        (
            Line(Mark.DONE, Message("Profile")),
            Line(Mark.RETRYING, Message("S3 bucket"), Message("bucket is busy")),
            Line(Mark.TO_COME, Message("Dex login")),
        ),
        Message("Steps"),
    )

    assert texts(a_card(lines))[1].splitlines() == [
        "*Steps*",
        ":white_check_mark: Profile — done",
        ":arrows_counterclockwise: *S3 bucket* — retrying · bucket is busy",
        ":white_large_square: Dex login",
    ]


def test_what_a_step_waits_for_is_said_without_saying_twice_that_it_waits() -> None:
    waiting, what = Line(Mark.WAITING, Message("S3 bucket")), Message("waiting for AWS")

    assert texts(a_card(Lines((waiting, replace(waiting, note=what)))))[1].splitlines() == [
        ":hourglass_flowing_sand: *S3 bucket* — waiting",
        ":hourglass_flowing_sand: *S3 bucket* — waiting for AWS",
    ]


def test_every_line_of_a_list_begins_as_a_sentence_does() -> None:
    bullets = Bullets((Message("node group {name}", name=named("ng-a")), Message("S3 bucket")))

    assert texts(a_card(bullets))[1].splitlines() == ["• Node group `ng-a`", "• S3 bucket"]


def test_every_state_has_a_sign_of_its_own() -> None:
    assert len({sign for sign, _ in SIGNS.values()}) == len(Mark)


def test_a_code_span_never_stands_in_bold() -> None:
    line = Line(Mark.NOW, Message("{name}", name=Ref(RefKind.NAME, "alpha")))

    assert texts(a_card(Lines((line,))))[1] == ":gear: `alpha` — in progress"


def test_facts_stand_in_two_columns() -> None:
    facts = Facts(((Message("Workspace"), Message("{name}", name=Ref(RefKind.NAME, "alpha-ws"))),))

    (_, section) = shown(a_card(facts))

    assert [field["text"] for field in section["fields"]] == ["*Workspace*\n`alpha-ws`"]


def test_a_persons_own_words_are_quoted_and_call_nobody() -> None:
    assert texts(a_card(Quote("first <!here>\nsecond")))[1] == ">first &lt;!here&gt;\n>second"


def test_a_vendors_words_stand_in_a_fixed_width() -> None:
    assert texts(a_card(Quote("AccessDenied ``` <x>", code=True)))[1] == (
        "```\nAccessDenied ''' &lt;x&gt;\n```"
    )


def test_a_button_carries_its_id_and_asks_first() -> None:
    sure = Confirm(Message("Sure?"), Message("All of it."), Message("Yes"), Message("No"))
    button = Button(
        Action.CANCEL, Message("Cancel"), "WSR-0001.1", Style.DANGER, sure, Message("Cancel alpha")
    )

    (_, actions) = shown(a_card(Buttons((button,))))

    assert actions["elements"] == [
        {
            "type": "button",
            "action_id": "ws.run.cancel",
            "text": {"type": "plain_text", "text": "Cancel", "emoji": True},
            "value": "WSR-0001.1",
            "style": "danger",
            "accessibility_label": "Cancel alpha",
            "confirm": {
                "title": {"type": "plain_text", "text": "Sure?", "emoji": True},
                "text": {"type": "mrkdwn", "text": "All of it."},
                "confirm": {"type": "plain_text", "text": "Yes", "emoji": True},
                "deny": {"type": "plain_text", "text": "No", "emoji": True},
                "style": "danger",
            },
        }
    ]


def test_buttons_of_one_kind_stand_in_blocks_of_their_own() -> None:
    buttons = tuple(Button(Action.STATUS, Message("View status"), project) for project in ("alpha", "beta"))

    rows = [block["elements"] for block in shown(a_card(Buttons(buttons))) if block["type"] == "actions"]

    assert [[button["value"] for button in row] for row in rows] == [["alpha"], ["beta"]]


def test_the_sentence_for_screen_readers_has_no_code_and_calls_nobody() -> None:
    said = Message("{name} of {who}", name=Ref(RefKind.NAME, "alpha"), who="<!channel>")

    text, _ = render(Card(said, said), ENGLISH)

    assert text == "alpha of &lt;!channel&gt;"


def test_a_card_that_is_too_long_is_folded_and_says_so() -> None:
    quotes = [Quote("x" * 2_900, code=True) for _ in range(70)]
    buttons = Buttons((Button(Action.HELP, Message("Help"), "help"),))

    drawn = shown(a_card(*quotes, buttons))

    assert len(drawn) == 50
    assert drawn[-2]["type"] == "actions"
    assert drawn[-1]["elements"][0]["text"] == "23 more parts aren't shown here."


# -------------------------------------------------------------------------------------- any card at all

WORDS = st.text(max_size=60) | st.text(min_size=1, max_size=5).map(lambda text: text * 1_200)
VALUES = st.one_of(
    WORDS,
    st.integers(),
    st.datetimes(datetime(2000, 1, 1), datetime(2100, 1, 1), timezones=st.just(UTC)),  # noqa: DTZ001 - hypothesis adds the zone
    st.builds(Ref, st.sampled_from(RefKind), WORDS, st.text(max_size=20)),
)
MESSAGES = st.builds(lambda value: Message("said {value} & done", value=value), VALUES) | WORDS.map(literal)
MAYBE = st.none() | MESSAGES
LINES = st.lists(st.builds(Line, st.sampled_from(Mark), MESSAGES, MAYBE), max_size=30).map(tuple)
BUTTONS = st.builds(
    Button,
    st.sampled_from(Action),
    MESSAGES,
    WORDS,
    st.sampled_from(Style),
    st.none() | st.builds(Confirm, MESSAGES, MESSAGES, MESSAGES, MESSAGES),
    MAYBE,
)
PARTS = st.one_of(
    st.builds(Paragraph, MESSAGES),
    st.builds(Facts, st.lists(st.tuples(MESSAGES, MESSAGES), max_size=15).map(tuple)),
    st.builds(Lines, LINES, MAYBE),
    st.builds(Bullets, st.lists(MESSAGES, max_size=20).map(tuple), MAYBE),
    st.builds(Quote, WORDS, st.booleans()),
    st.builds(Buttons, st.lists(BUTTONS, max_size=30).map(tuple)),
    st.builds(Small, MESSAGES),
)
CARDS = st.builds(Card, MESSAGES, MESSAGES, st.lists(PARTS, max_size=12).map(tuple))


@given(card=CARDS)
@settings(max_examples=60)
def test_slack_takes_any_card(card: Card) -> None:
    text, drawn = render(card, ENGLISH)

    assert 0 < len(text) < 4_000
    assert complaints(drawn, Surface.MESSAGE) == []


@given(card=CARDS)
@settings(max_examples=20)
def test_slack_takes_any_card_in_a_dialog(card: Card) -> None:
    assert complaints(blocks(card, ENGLISH, most=VIEW_BLOCKS), Surface.MODAL) == []


@pytest.mark.parametrize("many", [49, 50, 51, 120])
def test_no_number_of_parts_is_too_many(many: int) -> None:
    for part in (Small(literal("x")), Buttons((Button(Action.HELP, Message("Help"), "help"),))):
        assert complaints(shown(a_card(*[part] * many)), Surface.MESSAGE) == []

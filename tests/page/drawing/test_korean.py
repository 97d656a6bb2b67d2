"""Slack's own sentences in Korean: all of them, in one tone."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import pytest

from sandbox.slack.people import TROUBLE

if TYPE_CHECKING:
    from sandbox.demo.browser import Screen

pytestmark = pytest.mark.page

SAID = (
    "Please complete this required field.",
    "Must be at least 2 characters.",
    "Must be 20 characters or fewer.",
    "Please enter a valid email address.",
    "Please enter a valid URL.",
    "Please select no more than 3 items.",
    "/x is not a valid command.",
    "/x is not supported in threads. Sorry!",
    '/x failed with the error "dispatch_failed"',
    TROUBLE,
)
TRANSLATE = """async (texts) => {
  const { slackSays } = await import("/page/slack.js");
  const { reader } = await import("/page/reader.js");
  reader.locale = "ko-KR";
  return texts.map(slackSays);
}"""


def test_each_of_slacks_sentences_is_said_politely_in_korean(screen: Screen) -> None:
    screen.show("requester", "general")

    said = dict(zip(SAID, screen.page.evaluate(TRANSLATE, list(SAID)), strict=True))

    assert {one: words for one, words in said.items() if not re.search("니다|주세요", words)} == {}
    assert {one: words for one, words in said.items() if "십시오" in words} == {}

"""A story that goes wrong says what was expected and what was seen; make demo runs one that goes right."""

import io

import pytest
from rich.console import Console

from sandbox.control.client import Client
from sandbox.demo.stories import STORIES
from sandbox.demo.story import NotAsExpected


@pytest.mark.parametrize("name", STORIES)
def test_without_a_bot_no_story_ends_well(client: Client, name: str) -> None:
    console = Console(file=io.StringIO(), width=60)

    with pytest.raises(NotAsExpected) as wrong:
        STORIES[name](client, console, patience=0.2).play()

    assert "expected: the story to go on" in str(wrong.value)
    assert "there was no dialog" in str(wrong.value)

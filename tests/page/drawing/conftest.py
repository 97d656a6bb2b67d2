"""Here no bot runs: the tests put there what is to be drawn."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Any

import pytest

from sandbox.control.client import Client
from sandbox.slack import SlackSimulator
from sandbox.world import World
from tests.page.drawing.post import REQUESTER

if TYPE_CHECKING:
    from sandbox.demo.browser import Screen
    from tests.page.conftest import Open


@pytest.fixture
def slack(empty: World) -> SlackSimulator:
    assert empty.slack is not None
    return empty.slack


@pytest.fixture
def client(empty_url: str) -> Iterator[Client]:
    client = Client(empty_url)
    yield client
    client.close()


@pytest.fixture
def screen(open_screen: Open, empty_url: str) -> Screen:
    return open_screen(empty_url)


@pytest.fixture
def opened(slack: SlackSimulator) -> Iterator[Callable[..., str]]:
    """Opens a dialog of the requester's, as an app's trigger would; its id."""
    modals = slack.core.modals

    def open_it(body: dict[str, Any]) -> str:
        return slack._server.call(lambda: modals.open(REQUESTER, body)).id

    yield open_it
    slack._server.call(lambda: modals.clear(REQUESTER))

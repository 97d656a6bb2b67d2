"""Sandboxes and browsers for the page; skipped with a word where there is no browser."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import timedelta
from itertools import count
from typing import TYPE_CHECKING

import pytest

from sandbox.control.api import Api
from sandbox.control.client import Client
from sandbox.faults import Name
from sandbox.serving.loopback import Loopback
from sandbox.slack import Rates
from sandbox.world import Options, Part, World

if TYPE_CHECKING:
    from playwright.sync_api import Browser

    from sandbox.demo.browser import Screen

Open = Callable[..., "Screen"]


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    pytest.importorskip("playwright.sync_api", reason="Playwright is not installed: make test-page does it")
    from sandbox.demo.browser import a_browser, chromium

    if chromium() is None:
        pytest.skip("there is no Chromium on this machine: apt-get install chromium")
    with a_browser() as found:
        yield found


@pytest.fixture(scope="session")
def world(browser: Browser, tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    """With the bot; once for all tests, after it is known that there is a browser."""
    assert browser.is_connected()
    options = Options(
        state=tmp_path_factory.mktemp("page"), rates=Rates.FAST, boot=timedelta(milliseconds=500)
    )
    world = World(options)
    world.start()
    yield world
    if world.bot is not None:
        world.bot.kill()  # nothing is asked of it any more; an orderly stop takes seconds
    world.stop()


@pytest.fixture(scope="session")
def empty(browser: Browser, tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    """Without a bot: whatever is to be drawn is put there by the tests."""
    assert browser.is_connected()
    world = World(Options(state=tmp_path_factory.mktemp("empty"), without=frozenset({Part.BOT})))
    world.start()
    yield world
    world.stop()


def served(world: World) -> Iterator[str]:
    api = Api(world)
    server = Loopback(api.app, "page")
    yield server.start()
    api.close()
    server.stop()


@pytest.fixture(scope="session")
def url(world: World) -> Iterator[str]:
    yield from served(world)


@pytest.fixture(scope="session")
def empty_url(empty: World) -> Iterator[str]:
    yield from served(empty)


@pytest.fixture
def client(url: str) -> Iterator[Client]:
    """The same sandbox without a browser; calm and in English again after each test."""
    client = Client(url)
    yield client
    for name in Name:
        client.mend(name.value)
    for person in client.people():
        client.set_locale(person["key"], "en-US")
        view = client.view(person["key"])
        if view is not None:
            client.close_view(person["key"], view["id"])
    client.close()


@pytest.fixture
def open_screen(browser: Browser) -> Iterator[Open]:
    """Opens screens; in the end none of them has complained."""
    from sandbox.demo.browser import Screen

    screens: list[Screen] = []

    def opened(url: str, **how: object) -> Screen:
        screens.append(Screen(browser, url, **how))  # type: ignore[arg-type]  # a width or touch
        return screens[-1]

    yield opened
    for screen in screens:
        screen.close()
    assert [trouble for screen in screens for trouble in screen.troubles] == []


@pytest.fixture
def screen(open_screen: Open, url: str, client: Client) -> Screen:
    """On a sandbox that is calm again once the screen is closed."""
    assert client.bot() == "running"
    return open_screen(url)


@pytest.fixture(scope="session")
def numbers() -> Iterator[int]:
    return count(101)


@pytest.fixture
def project(numbers: Iterator[int]) -> str:
    """A name of this test's own."""
    return f"page{next(numbers)}"

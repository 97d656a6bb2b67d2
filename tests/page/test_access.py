"""What axe-core finds wrong: nothing, in the main states of the page, in both lights."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

import pytest

from sandbox.control.client import Client
from sandbox.demo.scene import Scene

if TYPE_CHECKING:
    from sandbox.demo.browser import Screen
    from tests.page.conftest import Open

pytestmark = [pytest.mark.page, pytest.mark.timeout(240)]

THEMES = ("light", "dark")
RULES = {"runOnly": ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]}


def wrong(screen: Screen) -> list[str]:
    """Each rule that is broken, and where."""
    from axe_playwright_python.sync_playwright import Axe

    found = Axe().run(screen.page, options={**RULES, "resultTypes": ["violations"]}).response["violations"]
    return [
        f"{rule['id']}: {node['target']} {node['failureSummary']}" for rule in found for node in rule["nodes"]
    ]


def channel(screen: Screen, client: Client, project: str, theme: str) -> None:
    Scene(client, project).ask()
    screen.show("admin", theme=theme)
    screen.message(project, "Approve").wait_for()


def thread(screen: Screen, client: Client, project: str, theme: str) -> None:
    client.message("admin", f"about {project}", "general")
    ts = client.channel("general", "admin")[-1]["ts"]
    client.mention("requester", "status", "general", ts)
    screen.show("requester", "general", theme=theme, thread=ts, pane="traffic")
    screen.sees("@Workspace Bot status", within=screen.thread)


def private(screen: Screen, client: Client, project: str, theme: str) -> None:
    client.command("requester", f"/workspace creat {project}", "general")
    screen.show("requester", "general", theme=theme, pane="faults")
    screen.sees("Only visible to you", "Command not run")


def form(screen: Screen, _: Client, project: str, theme: str) -> None:
    screen.show("requester", "general", theme=theme)
    screen.write(f"/workspace create {project}")
    screen.dialog.wait_for()
    screen.send()
    screen.sees("Please complete this required field.")


def question(screen: Screen, client: Client, project: str, theme: str) -> None:
    channel(screen, client, project, theme)
    screen.press("Approve", within=screen.message(project, "Approve"))
    screen.dialog.wait_for()


def home(screen: Screen, _: Client, __: str, theme: str) -> None:
    screen.show("requester", "home", theme=theme)
    screen.sees("My requests")


def menu(screen: Screen, client: Client, project: str, theme: str) -> None:
    client.message("admin", f"about {project}", "general")
    screen.show("requester", "general", theme=theme)
    screen.message(project).hover()
    screen.message(project).get_by_role("button", name="More actions").click()
    screen.page.get_by_role("menu").wait_for()


STATES = (channel, thread, private, form, question, home, menu)


@pytest.mark.parametrize("theme", THEMES)
@pytest.mark.parametrize("state", STATES)
def test_nothing_is_wrong(
    screen: Screen,
    client: Client,
    project: str,
    state: Callable[[Screen, Client, str, str], None],
    theme: str,
) -> None:
    state(screen, client, project, theme)

    assert "\n".join(wrong(screen)) == ""


@pytest.mark.parametrize("theme", THEMES)
@pytest.mark.parametrize("place", [{}, {"show": "pane"}, {"drawer": "open"}])
def test_nothing_is_wrong_on_a_phone(
    open_screen: Open, client: Client, url: str, theme: str, place: dict[str, str]
) -> None:
    client.set_locale("second-admin", "ko-KR")
    screen = open_screen(url, width="phone", touch=True)
    drawer = place.get("drawer")
    screen.show("second-admin", theme=theme, **({} if drawer else place))
    if drawer:
        screen.page.locator(".drawer-button").tap()
        screen.page.locator(".drawer .sidebar").wait_for()

    assert "\n".join(wrong(screen)) == ""

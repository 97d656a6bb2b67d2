"""What people do with the page, from the first command to the last, through the real bot."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from sandbox.control.client import Client
from sandbox.demo.scene import Scene

if TYPE_CHECKING:
    from sandbox.demo.browser import Screen
    from tests.page.conftest import Open

pytestmark = [pytest.mark.page, pytest.mark.timeout(240)]


def ask(screen: Screen, project: str) -> None:
    """As the requester, by the form."""
    screen.show("requester", "general")
    screen.write(f"/workspace create {project}")
    screen.dialog.wait_for()
    screen.fill(why="to draw it")
    screen.send()
    screen.dialog.wait_for(state="hidden")
    screen.sees(f"Checking {project}")


def approve(screen: Screen, project: str) -> None:
    screen.show("admin")
    screen.press("Approve", within=screen.message(f"a workspace {project}".split()[-1], "Approve"))
    screen.agree()


def test_a_workspace_is_asked_for_made_looked_at_and_deleted(
    screen: Screen, client: Client, project: str
) -> None:
    ask(screen, project)
    approve(screen, project)
    screen.sees(f"{project} is ready", within=screen.messages.last)
    screen.sees(f"s3-an2-meerkat-prod-{project}", "the bot", within=screen.page.locator(".backstage"))

    screen.messages.last.locator(".replies").click()
    screen.write("@workspacebot status", thread=True)
    screen.sees(f"{project}: ready", within=screen.thread)

    screen.show("requester")
    screen.write(f"/workspace delete {project}")
    screen.dialog.wait_for()
    screen.fill(confirm=project)
    screen.send()
    screen.dialog.wait_for(state="hidden")
    approve(screen, project)
    screen.sees(f"This name is available again: /workspace create {project}", within=screen.messages.last)

    assert Scene(client, project).names() == {}


def test_what_is_wrong_stands_at_its_field_and_what_was_typed_stays(screen: Screen, project: str) -> None:
    screen.show("requester", "general")
    screen.write(f"/workspace create {project}")
    screen.dialog.wait_for()
    screen.fill(desired="7", max="3", why="no room")
    screen.send()

    screen.sees("can't exceed maximum nodes", within=screen.field("desired"))
    assert screen.field("desired").locator("input").get_attribute("aria-invalid") == "true"
    assert screen.focused() == screen.field("desired").locator("input").get_attribute("id")
    assert screen.field("why").locator("textarea").input_value() == "no room"

    screen.page.keyboard.press("Escape")
    screen.dialog.wait_for(state="hidden")


def test_an_empty_field_is_slacks_own_complaint(screen: Screen, project: str) -> None:
    screen.show("requester", "general")
    screen.write(f"/workspace create {project}")
    screen.dialog.wait_for()
    screen.send()

    screen.sees("Please complete this required field.", within=screen.field("why"))
    screen.press("Close", within=screen.dialog)
    screen.dialog.wait_for(state="hidden")


def test_names_follow_the_project_and_the_rest_of_the_form_stays(screen: Screen, project: str) -> None:
    screen.show("requester", "general")
    screen.write("/workspace create")
    screen.dialog.wait_for()
    screen.fill(why="typed before", project=project)
    screen.field("project").locator("input").press("Enter")

    screen.sees(f"aic-ns-{project}-ws", within=screen.dialog)
    assert screen.field("why").locator("textarea").input_value() == "typed before"
    screen.fill(spec="gpu")
    screen.sees(f"ng-an2-aicond-{project}-ws-gpu", within=screen.dialog)
    assert screen.field("why").locator("textarea").input_value() == "typed before"


def test_a_command_in_a_thread_is_refused_as_in_slack(screen: Screen, client: Client) -> None:
    client.message("admin", "a thread begins", "general")
    screen.show("requester", "general")
    message = screen.message("a thread begins")
    message.hover()
    message.get_by_role("button", name="Reply in thread").click()

    screen.write("/workspace status", thread=True)

    screen.sees("/workspace is not supported in threads. Sorry!", "Only visible to you", within=screen.thread)
    screen.press("Dismiss", within=screen.thread)
    screen.thread.locator(".message.local").wait_for(state="detached")
    screen.write("words go well", thread=True)
    screen.sees("words go well", "1 reply", within=screen.thread)
    screen.page.keyboard.press("Escape")
    screen.thread.wait_for(state="hidden")


def test_the_outsider_is_refused_privately(screen: Screen, client: Client, project: str) -> None:
    scene = Scene(client, project)
    scene.ask()
    screen.show("outsider")
    screen.press("Approve", within=screen.message(project, "Approve"))
    screen.agree()

    screen.sees("Only visible to you", within=screen.messages.last)
    screen.show("requester")
    assert "Only visible to you" not in screen.messages.last.inner_text()
    scene.press("requester", "ws.req.withdraw")
    screen.sees(f"Withdrawn: {project}", within=screen.messages.last)


def test_a_request_is_approved_with_the_keyboard_alone(screen: Screen, client: Client, project: str) -> None:
    Scene(client, project).ask()
    screen.show("admin")
    screen.message(project, "Approve").wait_for()
    keyboard = screen.page.keyboard
    screen.page.locator("#composer-channel").focus()
    for _ in range(40):
        keyboard.press("Shift+Tab")
        if screen.focused_words() == "Approve":
            break
    keyboard.press("Enter")
    screen.sees(f"Approve {project}?", within=screen.dialog)
    keyboard.press("Enter")

    screen.sees(f"{project} is ready", within=screen.message(project))
    assert screen.message(project).evaluate("node => node.contains(document.activeElement)")


def test_a_person_is_chosen_with_the_arrow_keys(screen: Screen) -> None:
    screen.show("requester", "general")
    screen.page.get_by_role("radio", checked=True).focus()
    screen.page.keyboard.press("ArrowRight")

    screen.drawn_as("admin")
    assert screen.page.get_by_role("radio", checked=True).get_attribute("title") == "Bob Lee"


def test_the_side_bar_is_a_drawer_on_a_phone(open_screen: Open, url: str) -> None:
    screen = open_screen(url, width="phone", touch=True)
    screen.show("requester")
    general = screen.page.locator(".sidebar").get_by_text("general")
    assert not general.is_visible()

    screen.page.get_by_role("button", name="Open side bar").tap()
    general.tap()

    screen.sees("general", within=screen.page.locator(".middle h2"))
    general.wait_for(state="hidden")
    screen.page.locator(".bottom").get_by_text("World").tap()
    screen.sees("What exists in each system", within=screen.page.locator(".backstage"))
    width = screen.page.evaluate("document.documentElement.scrollWidth")
    assert width == 390


def test_nothing_sticks_out_on_a_phone_and_a_question_is_no_longer_than_its_words(
    open_screen: Open, url: str, client: Client, project: str
) -> None:
    screen = open_screen(url, width="phone", touch=True)
    screen.show("admin", "home")
    bar = screen.page.locator(".middle .pane-head")
    assert bar.evaluate("node => node.scrollWidth <= node.clientWidth")

    Scene(client, project).ask()
    screen.show("admin")
    screen.press("Approve", within=screen.message(project, "Approve"))

    assert screen.dialog.evaluate("node => node.clientHeight") < 300


def test_a_person_who_speaks_korean_is_spoken_to_in_korean(screen: Screen, client: Client) -> None:
    screen.show("requester", "general")
    screen.page.get_by_label("Language").select_option("ko-KR")

    screen.sees("채널", "현황")
    screen.write("/nonsense")
    screen.sees("올바른 명령어가 아닙니다: /nonsense", "나만 볼 수 있음", within=screen.messages.last)
    assert screen.page.locator("html").get_attribute("lang") == "ko-KR"
    assert [one["locale"] for one in client.people() if one["key"] == "requester"] == ["ko-KR"]


def test_the_home_of_the_app_is_drawn_and_its_button_opens_the_form(screen: Screen) -> None:
    screen.show("requester", "home")
    screen.sees("My requests")

    screen.press("New workspace…", within=screen.page.locator(".home-body"))

    screen.sees("New workspace", within=screen.dialog)


def test_the_menu_of_a_message_tells_about_its_workspace(screen: Screen, client: Client) -> None:
    client.message("admin", "about nothing", "general")
    screen.show("requester", "general")
    message = screen.message("about nothing")
    message.hover()
    message.get_by_role("button", name="More actions").click()
    screen.page.get_by_role("menuitem", name="Workspace actions").click()

    screen.sees("This message isn't about a workspace.", within=screen.dialog)


def test_faults_are_switched_and_the_bot_is_killed_and_started(screen: Screen, client: Client) -> None:
    screen.show("requester", "general", pane="faults")
    fault = screen.page.locator("[data-fault='no-capacity']")
    screen.press("Switch on", within=fault)
    screen.sees("Switch off", within=fault)
    assert client.is_on("no-capacity")
    screen.press("Switch off", within=fault)
    screen.sees("Switch on", within=fault)
    assert not client.is_on("no-capacity")

    screen.press("kill -9")
    screen.sees("The bot: killed")
    screen.press("Start")
    screen.sees("The bot: running")


def test_a_wrong_fault_is_told_what_is_known(screen: Screen) -> None:
    screen.show("requester", "general", pane="faults")
    fault = screen.page.locator("[data-fault='access-denied']")
    fault.locator("input").first.fill("s3.MakeCoffee")
    screen.press("Switch on", within=fault)

    screen.sees("there is no call 's3.MakeCoffee'", within=fault)
    screen.close()
    screen.troubles.clear()  # the browser told of each answer that is no success


def test_commands_and_names_are_completed(screen: Screen) -> None:
    screen.show("requester", "general")
    box = screen.page.locator("#composer-channel")
    offers = screen.page.locator(".middle .completion li")
    box.press_sequentially("/wo")
    offers.first.wait_for()
    box.press("Tab")
    assert box.input_value() == "/workspace "
    assert offers.all_inner_texts()[0].startswith("create")
    box.press_sequentially("li")
    box.press("Enter")
    assert box.input_value() == "/workspace list"
    box.press("Enter")

    screen.sees("Only visible to you", within=screen.messages.last)
    box.press_sequentially("@work")
    box.press("Enter")
    assert box.input_value() == "@workspacebot "

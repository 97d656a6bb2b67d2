"""Takes the pictures of README and the tour: one sandbox, one story, photographed as each person sees it.

Run by `make screenshots`. Without Chromium it says so and changes nothing.
"""

import sys
import tempfile
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from datetime import timedelta
from pathlib import Path

from sandbox.control.api import PEOPLE, Api
from sandbox.control.client import Client
from sandbox.demo.browser import Screen, a_browser, chromium
from sandbox.demo.scene import Scene
from sandbox.options import Options
from sandbox.serving.loopback import Loopback
from sandbox.world import World

PICTURES = Path(__file__).parents[1] / "docs" / "pictures"
PROJECT, OTHER = "alpha", "beta"
BOOT = timedelta(seconds=5)  # a picture is taken while the node group comes


class Tour:
    """The story, step by step; each step leaves its pictures."""

    def __init__(self, screen: Screen, client: Client, folder: Path) -> None:
        self.screen = screen
        self.client = client
        self.folder = folder
        self.taken: list[str] = []

    def take(self, name: str, screen: Screen | None = None, *, high: int = 0) -> None:
        """`high`: pixels, for a card that is longer than the window."""
        page = (screen or self.screen).page
        if high:
            page.set_viewport_size({"width": 1440, "height": high})
        page.mouse.move(0, 0)  # nothing is hovered
        (screen or self.screen).picture(self.folder / f"{name}.png")
        if high:
            page.set_viewport_size({"width": 1440, "height": 900})
        self.taken.append(name)

    def play(self) -> None:
        self.command()
        self.form()
        self.card()
        self.work()
        self.ready()
        self.home()
        self.korean()
        self.trouble()
        self.delete()

    def command(self) -> None:
        screen = self.screen
        screen.show("requester", "general", theme="light")
        box = screen.page.locator("#composer-channel")
        box.press_sequentially("/workspace ")
        screen.page.locator(".completion li").first.wait_for()
        self.take("command")
        box.fill("")

    def form(self) -> None:
        screen = self.screen
        screen.show("requester", "general", theme="light")
        screen.write(f"/workspace create {PROJECT}")
        screen.dialog.wait_for()
        screen.fill(why="Demand forecast for the autumn campaign")
        screen.field("project").locator("input").focus()
        self.take("form")
        screen.fill(desired="7")
        screen.send()
        screen.sees("can't exceed maximum nodes", within=screen.field("desired"))
        self.take("form-wrong")
        screen.fill(desired="1")
        screen.send()
        screen.dialog.wait_for(state="hidden")

    def card(self) -> None:
        screen = self.screen
        screen.show("admin", theme="light")
        screen.message(PROJECT, "Approve").wait_for()
        self.take("request", high=1100)
        screen.show("outsider", theme="light")
        self.approve(PROJECT)
        screen.sees("Only visible to you", within=screen.messages.last)
        self.take("refused")

    def approve(self, project: str) -> None:
        self.screen.press("Approve", within=self.screen.message(project, "Approve"))
        self.screen.agree()

    def work(self) -> None:
        screen = self.screen
        screen.show("admin", theme="light")
        self.approve(PROJECT)
        screen.sees("Creating", "waiting", within=screen.message(PROJECT))
        screen.message(PROJECT).locator(".replies").click()
        screen.sees("Grafana dashboard is ready", within=screen.thread)
        screen.sees(f"s3-an2-meerkat-prod-{PROJECT}", within=screen.page.locator(".backstage"))
        self.take("work-light")
        self.dark("work-dark")

    def dark(self, name: str) -> None:
        """The same in the dark."""
        self.screen.page.get_by_label("Theme").select_option("dark")
        self.screen.page.wait_for_selector("html[data-theme=dark]")
        self.take(name)
        self.screen.page.get_by_label("Theme").select_option("light")

    def ready(self) -> None:
        screen = self.screen
        screen.sees(f"{PROJECT} is ready", within=screen.message(PROJECT))
        screen.write("@workspacebot status", thread=True)
        screen.sees("@Workspace Bot status", f"{PROJECT}: ready", within=screen.thread)
        self.take("ready")

    def home(self) -> None:
        screen = self.screen
        screen.show("requester", "home", theme="light", pane="none")
        screen.sees("My requests")
        self.take("home")
        screen.show("requester", "dm", theme="light", pane="none")
        screen.messages.last.wait_for()
        self.take("dm")

    def korean(self) -> None:
        """The asker's Slack is Korean: private answers, dialogs, and the page itself."""
        screen = self.screen
        self.client.set_locale("requester", "ko-KR")
        screen.show("requester", "general", theme="light")
        screen.write("/workspace help")
        screen.sees("/workspace create", within=screen.messages.last)
        self.take("korean")
        screen.write(f"/workspace create {OTHER}")
        screen.dialog.wait_for()
        self.take("korean-form")
        screen.page.keyboard.press("Escape")
        screen.dialog.wait_for(state="hidden")
        self.client.set_locale("requester", "en-US")

    def trouble(self) -> None:
        """EC2 has no machine: what the card and its thread say."""
        screen = self.screen
        self.client.fault("no-capacity")
        view = self.client.command("requester", f"/workspace create {OTHER}")["view"]
        view = view or self.client.until(lambda: self.client.view("requester"), "form")
        self.client.submit("requester", view["id"], why="Recommender, first trial")
        screen.show("admin", theme="light", pane="faults")
        self.approve(OTHER)
        screen.message(OTHER, "Retry").wait_for(timeout=90_000)
        screen.message(OTHER, "Retry").locator(".replies").click()
        screen.thread.locator(".message").nth(3).wait_for()
        self.take("failed", high=1100)
        self.client.mend("no-capacity")
        screen.press("Retry", within=screen.message(OTHER, "Retry"))
        screen.sees(f"{OTHER} is ready", within=screen.message(OTHER))

    def delete(self) -> None:
        screen = self.screen
        screen.show("requester", theme="light")
        screen.write(f"/workspace delete {OTHER}")
        screen.dialog.wait_for()
        screen.fill(confirm=OTHER)
        self.take("delete-form")
        screen.send()
        screen.dialog.wait_for(state="hidden")
        screen.show("second-admin", theme="light")
        screen.message(OTHER, "Approve").wait_for()
        self.take("delete-request", high=1100)
        self.approve(OTHER)
        screen.sees("This name is available again", within=screen.message(f"create {OTHER}"))
        self.take("deleted")


def in_korean(screen: Screen, phone: Screen, client: Client, tour: Tour) -> None:
    """A whole installation in Korean: the cards of the channel, too."""
    for person in PEOPLE:
        client.set_locale(person, "ko-KR")
    scene = Scene(client, PROJECT, patience=90)
    client.fault("no-capacity")
    client.submit("requester", scene.open_form()["id"], why="가을 캠페인 수요 예측")
    scene.until(scene.card, "card")
    screen.show("admin", theme="light", pane="none")
    screen.message(PROJECT, "승인").wait_for()
    tour.take("korean-request", screen)
    scene.press("admin", "ws.req.approve")
    screen.message(PROJECT, "다시 시도").locator(".replies").click(timeout=90_000)
    screen.sees("원인", within=screen.thread)
    tour.take("korean-failed", screen)
    client.mend("no-capacity")
    scene.press("admin", "ws.run.retry")
    screen.sees(f"{PROJECT} 준비 완료", within=screen.message(PROJECT))
    phone.show("requester", "dm", theme="dark")
    phone.messages.last.wait_for()
    tour.take("korean-phone", phone)


@contextmanager
def a_sandbox(language: str) -> Iterator[tuple[str, Client]]:
    with ExitStack() as exits:
        state = Path(exits.enter_context(tempfile.TemporaryDirectory(prefix="pictures-")))
        world = World(Options(state=state, boot=BOOT, settings={"LANGUAGE": language}))
        exits.callback(world.stop)
        world.start()
        api = Api(world)
        server = Loopback(api.app, "page")
        url = server.start()
        exits.callback(server.stop)
        exits.callback(api.close)
        client = Client(url)
        exits.callback(client.close)
        yield url, client


def main() -> int:
    if chromium() is None:
        print("no pictures are taken: there is no Chromium here (apt-get install chromium)")
        return 0
    PICTURES.mkdir(parents=True, exist_ok=True)
    with a_browser() as browser:
        with a_sandbox("en") as (url, client):
            screen = Screen(browser, url)
            tour = Tour(screen, client, PICTURES)
            tour.play()
            phone = Screen(browser, url, width="phone", touch=True)
            phone.show("requester", theme="light")
            tour.take("phone-light", phone)
            phone.show("requester", theme="dark")
            tour.take("phone-dark", phone)
            phone.show("requester", theme="light", show="pane")
            tour.take("phone-world", phone)
            tablet = Screen(browser, url, width="tablet")
            tablet.show("admin", theme="light")
            tour.take("tablet", tablet)
            troubles = [*screen.troubles, *phone.troubles, *tablet.troubles]
        with a_sandbox("ko") as (url, client):
            screen, phone = Screen(browser, url), Screen(browser, url, width="phone", touch=True)
            in_korean(screen, phone, client, tour)
            troubles += [*screen.troubles, *phone.troubles]
    for name in tour.taken:
        print(f"docs/pictures/{name}.png")
    print(f"{len(tour.taken)} pictures taken")
    for trouble in troubles:
        print(f"the browser's console: {trouble}", file=sys.stderr)
    return 1 if troubles else 0


if __name__ == "__main__":
    sys.exit(main())

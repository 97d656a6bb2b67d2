"""The page in a browser, driven as a person uses it: for tests, and for pictures.

Wants Playwright (the extra `page`) and Debian's Chromium, or another one of that name on the PATH.
"""

import json
import re
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any
from urllib.parse import urlencode

from playwright.sync_api import Browser, ConsoleMessage, Locator, Page, expect, sync_playwright

# A browser that fetches nothing of its own accord.
_QUIET = (
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
)
WIDTHS = {"phone": (390, 844), "tablet": (820, 1180), "desktop": (1440, 900)}
PATIENCE = 30_000.0  # milliseconds until what should come into sight is given up


def chromium() -> str | None:
    """Where the program is, or None."""
    return next((found for name in ("chromium", "chromium-browser") if (found := shutil.which(name))), None)


@contextmanager
def a_browser() -> Iterator[Browser]:
    """Raises RuntimeError where there is no Chromium."""
    program = chromium()
    if program is None:
        raise RuntimeError("there is no Chromium here: apt-get install chromium")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=program, args=list(_QUIET))
        yield browser
        browser.close()


class Screen:
    """One window on the sandbox at `url`; `troubles` is what its console complained about."""

    def __init__(self, browser: Browser, url: str, *, width: str = "desktop", touch: bool = False) -> None:
        wide, high = WIDTHS[width]
        self.context = browser.new_context(
            viewport={"width": wide, "height": high}, has_touch=touch, reduced_motion="reduce"
        )
        self.page: Page = self.context.new_page()
        self.page.set_default_timeout(PATIENCE)
        self.troubles: list[str] = []
        self.page.on("console", self._complained)
        self.page.on("pageerror", lambda error: self.troubles.append(str(error)))
        self.url = url
        self._place: dict[str, str] = {}

    def _complained(self, message: ConsoleMessage) -> None:
        if message.type in ("error", "warning"):
            self.troubles.append(message.text)

    def close(self) -> None:
        self.context.close()

    # Going somewhere

    def show(self, person: str = "requester", channel: str = "workspace-requests", **place: str) -> None:
        """Open the page there, as this person in that channel; `place` is more of the address."""
        self._place = {"as": person, "channel": channel, "pane": "world", **place}
        self.page.goto("about:blank")
        self.page.goto(f"{self.url}/#{urlencode(self._place)}")
        self.drawn()

    def drawn(self) -> None:
        """Wait until what the address names is on the screen."""
        place = self._place
        mark = f"{place['as']}|{place['channel']}|{place['pane']}"
        self.page.wait_for_selector(f"html[data-drawn={json.dumps(mark)}]", state="attached")

    def drawn_as(self, person: str) -> None:
        """Wait until the page shows what this person sees, in the same place."""
        self._place["as"] = person
        self.drawn()

    # Acting

    def write(self, text: str, *, thread: bool = False) -> None:
        """Into the composer, and Enter."""
        box = self.page.locator("#composer-thread" if thread else "#composer-channel")
        box.fill(text)
        box.press("Enter")

    def press(self, label: str, *, within: Locator | None = None) -> None:
        """The last button with these words on it, as in the newest message."""
        words = re.compile(rf"^\s*{re.escape(label)}\s*$")
        (within or self.page).locator("button").filter(has_text=words, visible=True).last.click()

    def agree(self) -> None:
        """Yes, to the question that a button asks first."""
        self.dialog.locator(".modal-buttons button").last.click()

    def fill(self, **values: str) -> None:
        """The fields of the dialog, by block id."""
        for block, value in values.items():
            field = self.field(block)
            target = field.locator("input, textarea").first
            if target.get_attribute("role") == "combobox":
                self.choose(target, value)
            else:
                target.fill(value)

    def choose(self, select: Locator, value: str) -> None:
        """The option with this value, in the list that the select opens."""
        select.click()
        self.page.locator(f"[role=option][data-value='{value}']").click()

    def send(self) -> None:
        """The dialog, as it is filled in."""
        self.dialog.locator("button[type=submit]").click()

    # Looking

    @property
    def dialog(self) -> Locator:
        return self.page.locator("dialog.modal[open]")

    def field(self, block: str) -> Locator:
        return self.dialog.locator(f"[data-block='{block}']")

    @property
    def messages(self) -> Locator:
        """Of the channel."""
        return self.page.locator(".middle .message")

    @property
    def thread(self) -> Locator:
        return self.page.locator(".thread")

    def message(self, *words: str) -> Locator:
        """The newest in the channel with all these words."""
        found = self.messages
        for word in words:
            found = found.filter(has_text=word)
        return found.last

    def sees(self, *words: str, within: Locator | None = None) -> None:
        """Wait until all the words are to be read, in the whole page or there."""
        for word in words:
            expect(within or self.page.locator("body")).to_contain_text(word, timeout=PATIENCE)

    def focused(self) -> str | None:
        """The id of what has the focus."""
        return self.page.locator(":focus").get_attribute("id")

    def focused_words(self) -> str:
        """What stands on it."""
        return self.page.locator(":focus").inner_text().strip()

    def picture(self, path: Any) -> None:
        self.page.screenshot(path=path, animations="disabled")

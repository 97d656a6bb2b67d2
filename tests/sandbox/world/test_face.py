"""The page's files: all are served, as what they are, and nothing else is asked of anybody else."""

import re
from html.parser import HTMLParser
from pathlib import Path

import httpx
import pytest

from bot.slack.cards import SIGNS
from sandbox.control.pagefiles import FOLDER
from sandbox.slack.forms import keys, objections
from sandbox.slack.people import TROUBLE

FILES = sorted(path.name for path in FOLDER.iterdir())
MODULES = [name for name in FILES if name.endswith(".js")]
TYPES = {".js": "text/javascript", ".css": "text/css", ".svg": "image/svg+xml", ".html": "text/html"}
IMPORT = re.compile(r"""^import\s+(?:[^"';]*\sfrom\s+)?["']([^"']+)["'];$""", re.MULTILINE)
LONGEST = 400


def fetched(url: str, path: str) -> httpx.Response:
    return httpx.get(url + path, trust_env=False)


class Links(HTMLParser):
    """Whatever a page fetches."""

    def __init__(self) -> None:
        super().__init__()
        self.found: list[str] = []
        self.inline: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = dict(attrs)
        self.found += [value for name in ("src", "href") if (value := given.get(name))]
        if tag == "style" or (tag == "script" and "src" not in given):
            self.inline.append(tag)
        self.inline += [name for name in given if name == "style" or name.startswith("on")]


def links() -> Links:
    page = Links()
    page.feed((FOLDER / "index.html").read_text())
    return page


@pytest.mark.parametrize("path", ["/", *(f"/page/{name}" for name in FILES)])
def test_each_file_is_served_as_what_it_is_under_a_strict_policy(url: str, path: str) -> None:
    answer = fetched(url, path)

    kind = TYPES[Path(path).suffix or ".html"]
    policy = answer.headers["content-security-policy"]
    assert answer.status_code == 200
    assert answer.headers["content-type"].startswith(kind)
    assert answer.headers["x-content-type-options"] == "nosniff"
    assert "default-src 'none'" in policy
    assert "unsafe" not in policy
    assert "http" not in policy


@pytest.mark.parametrize("path", ["/page/", "/page/nothing.js", "/page/../api.py", "/page/%2e%2e/api.py"])
def test_nothing_but_the_pages_own_files_is_served(url: str, path: str) -> None:
    answer = fetched(url, path)

    assert answer.status_code == 404
    assert answer.json()["what to do"]


@pytest.mark.parametrize("name", MODULES)
def test_a_module_imports_only_modules_that_are_there(name: str) -> None:
    text = (FOLDER / name).read_text()
    imported = IMPORT.findall(text)

    assert len(imported) == len(re.findall(r"^import\b", text, re.MULTILINE))
    assert not [one for one in imported if not one.startswith("./") or one[2:] not in MODULES]
    assert "import(" not in text


def test_all_modules_are_reached_from_the_first() -> None:
    reached: set[str] = set()
    waiting = ["main.js"]
    while waiting:
        name = waiting.pop()
        if name not in reached:
            reached.add(name)
            waiting += [one[2:] for one in IMPORT.findall((FOLDER / name).read_text())]

    assert reached == set(MODULES)


def test_the_page_fetches_its_own_files_and_has_nothing_inline() -> None:
    page = links()

    assert not [one for one in page.found if not (FOLDER / one.removeprefix("/page/")).is_file()]
    assert {f"/page/{name}" for name in FILES if name.endswith(".css")} <= set(page.found)
    assert page.inline == []


@pytest.mark.parametrize("name", [name for name in FILES if name.endswith((".js", ".css"))])
def test_nothing_is_fetched_from_elsewhere_and_no_text_becomes_markup(name: str) -> None:
    text = (FOLDER / name).read_text()

    assert not re.findall(r"@import|url\(", text)
    assert not re.findall(
        r"innerHTML|outerHTML|insertAdjacentHTML|document\.write|\beval\(|new Function", text
    )
    assert not [one for one in re.findall(r"https?://[^\s\"'`]*", text) if "www.w3.org/2000/svg" not in one]
    assert len(text.splitlines()) < LONGEST


def words(name: str) -> dict[str, str]:
    text = (FOLDER / f"{name}.js").read_text()
    found = re.findall(r'^  "?([\w-]+)"?:\s+"(.*)",$', text, re.MULTILINE)
    assert len(found) == len(re.findall(r'^  "?\w', text, re.MULTILINE))
    return dict(found)


def test_the_pages_own_words_exist_in_both_languages_with_the_same_blanks() -> None:
    english, korean = words("english"), words("korean")

    blanks = re.compile(r"\{\w+\}")
    assert list(english) == list(korean)
    assert not [
        key for key in english if sorted(blanks.findall(english[key])) != sorted(blanks.findall(korean[key]))
    ]


def test_each_word_that_the_page_says_is_known() -> None:
    known = words("english")
    said = {
        key for name in MODULES for key in re.findall(r'\bsay\(\s*"([\w-]+)"', (FOLDER / name).read_text())
    }

    assert said
    assert not said - set(known)


def test_all_that_slack_itself_says_is_said_in_korean_too() -> None:
    patterns = [
        re.compile(one.replace(r"\/", "/"))
        for one in re.findall(r"^  \[/(.+)/, ", (FOLDER / "slack.js").read_text(), re.MULTILINE)
    ]
    inputs: list[tuple[dict[str, object], object]] = [
        ({"type": "plain_text_input", "min_length": 3}, ""),
        ({"type": "plain_text_input", "min_length": 3}, "a"),
        ({"type": "plain_text_input", "max_length": 3}, "abcd"),
        ({"type": "email_text_input"}, "a"),
        ({"type": "url_text_input"}, "a"),
        ({"type": "multi_users_select", "max_selected_items": 1}, ["a", "b"]),
    ]
    said = [
        objections({"element": element}, {keys(str(element["type"]))[0]: value}) for element, value in inputs
    ]
    said += [TROUBLE, '/workspace failed with the error "operation_timeout"']
    said += ["/x is not a valid command.", "/workspace is not supported in threads. Sorry!"]

    assert not [words for words in said if not any(one.match(words or "") for one in patterns)]
    assert len(said) == len(patterns)


def test_each_emoji_of_the_bot_is_drawn() -> None:
    known = (FOLDER / "emoji.js").read_text()
    names = {sign.strip(":") for sign, _ in SIGNS.values()} | {"warning"}

    assert not [name for name in names if f" {name}: " not in known]

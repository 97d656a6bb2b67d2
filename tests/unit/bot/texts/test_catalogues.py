"""Each catalogue is whole and fits its English; Korean is polite, natural and Korean throughout."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from string import Formatter

import pytest
from babel.messages.catalog import Catalog
from babel.messages.catalog import Message as Entry
from babel.messages.pofile import read_po

from bot.texts import Texts
from provisioner.message import Message
from tools.texts import FOLDER, collected

CATALOGUES = sorted(FOLDER.glob("*.po"))
KOREAN = FOLDER / "ko.po"

# 을/를, 은/는, 이/가, 과/와 and (으)로 depend on the last letter before them, and a value may end in any.
_PARTICLE = re.compile(r"\}(을|를|은|는|이(?!상|며|고)|가|과|와|으로|로)(?=[\s.,:)·—]|$|[가-힣])")
_EITHER = re.compile(r"[을은이과]\([를는가와]\)")
_INFORMAL = re.compile(r"[가-힣]*(?<!세)(?<!필)요(?=[\s.,:?!)”]|$)")
_PLAIN = re.compile(r"[가-힣]+(?<!니)다(?=[.:?!)]|$)")
_STATES = re.compile(
    r"(?<![\w-])(approved?|cancell?(ed)?|delet(ed|ing)|done|expired|fail(ed|ure)?|gone|next|queued|ready|reject(ed)?|"
    r"request(ed)?|running|stages?|unknown|waiting|withdrawn?|workspace)(?![\w-])"
)


def entries(path: Path) -> Catalog:
    with path.open("rb") as file:
        return read_po(file, locale=path.stem)


def translated(path: Path) -> Iterator[tuple[str, str]]:
    """Each English text, singular and plural, with each of its translations."""
    for entry in entries(path):
        if not entry.id:
            continue
        for english in _texts(entry.id):
            for said in _texts(entry.string):
                yield english, said


def _texts(found: object) -> tuple[str, ...]:
    return (found,) if isinstance(found, str) else tuple(found)  # type: ignore[arg-type]  # babel: one or all forms


def _places(template: str) -> set[str]:
    return {name for _, name, _, _ in Formatter().parse(template) if name}


def _keys(catalogue: Catalog) -> set[tuple[str, ...]]:
    return {_texts(entry.id) for entry in catalogue if entry.id}


def test_there_is_korean() -> None:
    assert Texts().for_locale("ko-KR").language == "ko"
    assert Texts().for_locale("ko-KR").plain(Message("Approve")) == "승인"


@pytest.mark.parametrize("path", CATALOGUES, ids=lambda path: path.stem)
def test_every_text_is_translated(path: Path) -> None:
    catalogue = entries(path)

    def untold(entry: Entry) -> bool:
        return entry.fuzzy or not all(_texts(entry.string))

    assert _keys(catalogue) == _keys(collected()), "run `make texts` and translate what is new"
    assert [entry.id for entry in catalogue if entry.id and untold(entry)] == []


@pytest.mark.parametrize("path", CATALOGUES, ids=lambda path: path.stem)
def test_nothing_is_kept_that_is_said_no_more(path: Path) -> None:
    assert list(entries(path).obsolete) == []


@pytest.mark.parametrize("path", CATALOGUES, ids=lambda path: path.stem)
def test_every_value_has_its_place(path: Path) -> None:
    """What the singular leaves out ("One thing …") a language without a singular may leave out too."""
    wrong = [
        entry.id
        for entry in entries(path)
        if entry.id
        for said in _texts(entry.string)
        if not (
            set.intersection(*map(_places, _texts(entry.id)))
            <= _places(said)
            <= set.union(*map(_places, _texts(entry.id)))
        )
    ]

    assert wrong == []


@pytest.mark.parametrize("path", CATALOGUES, ids=lambda path: path.stem)
def test_what_is_one_line_stays_one_line(path: Path) -> None:
    assert [said for english, said in translated(path) if english.count("\n") != said.count("\n")] == []


@pytest.mark.parametrize(
    "fault",
    [_PARTICLE, _EITHER, _INFORMAL, _PLAIN, re.compile("당신|귀하|  ")],
    ids=["particle", "either", "informal", "plain", "word"],
)
def test_korean_is_polite_and_fits_whatever_it_is_filled_with(fault: re.Pattern[str]) -> None:
    assert [said for _, said in translated(KOREAN) if fault.search(said)] == []


def test_korean_quotes_buttons_by_their_names_and_in_brackets() -> None:
    """English tells Retry from "retry" by its capital, which Korean does not have."""
    korean = Texts().for_locale("ko-KR")
    buttons = ("Cancel", "Continue", "Delete", "View details", "Retry", "Roll back", "View status")
    names = {korean.plain(Message(button)) for button in buttons}
    bare = re.compile(rf"(?<!\[)({'|'.join(names)}) 버튼")

    said = [said for _, said in translated(KOREAN)]

    assert {name for text in said for name in re.findall(r"\[(.+?)\] 버튼", text)} <= names
    assert [text for text in said if bare.search(text)] == []


def test_korean_says_no_state_in_english() -> None:
    """But for commands and names as they are typed."""
    said = [
        re.sub(r"`[^`]*`|\"[^\"]*\"|“[^”]*”|/\w+( \w+)?|\{\w+\}", "", said) for _, said in translated(KOREAN)
    ]

    assert [text for text in said if _STATES.search(text)] == []


@pytest.mark.parametrize(
    ("fault", "said"),
    [
        (_PARTICLE, "{name}을 만듭니다"),
        (_PARTICLE, "{name}로 이동합니다"),
        (_EITHER, "{name} 버킷을(를) 만듭니다"),
        (_INFORMAL, "다시 시도해요."),
        (_PLAIN, "버킷이 없다."),
        (_STATES, "alpha ready"),
    ],
)
def test_such_a_fault_would_be_found(fault: re.Pattern[str], said: str) -> None:
    assert fault.search(said)


@pytest.mark.parametrize(
    "said", ["버튼을 눌러 주세요.", "승인이 필요", "{n}개 이상입니다", "{at}까지 열려 있습니다"]
)
def test_what_is_well_is_no_fault(said: str) -> None:
    assert not any(fault.search(said) for fault in (_PARTICLE, _EITHER, _INFORMAL, _PLAIN, _STATES))

"""The words: in the reader's language, complete, and for everybody who is told no."""

from __future__ import annotations

import inspect
import json
from collections.abc import Iterator
from datetime import datetime, timedelta, timezone
from pathlib import Path
from string import Formatter

import pytest

from approvals import errors
from approvals.errors import Refusal
from bot.model import refusals
from bot.texts import Texts, refusal
from provisioner.message import Message, Ref, RefKind
from tests.builders import NOON
from tools.texts import ROOT, TEMPLATE, Found, collected, everything, templates, written

KOREAN = """
msgid ""
msgstr ""
"Content-Type: text/plain; charset=UTF-8\\n"
"Plural-Forms: nplurals=1; plural=0;\\n"

msgid "Approve"
msgstr "승인"

msgid "{n} object"
msgid_plural "{n} objects"
msgstr[0] "객체 {n}개"

msgid "open until {until}"
msgstr "{until}까지 열려 있음"

#, fuzzy
msgid "Reject"
msgstr "추측"

msgid "Withdraw"
msgstr ""
"""

ADMINS = ("workspace-admins",)
EVERY_REFUSAL: tuple[Refusal, ...] = (
    errors.NotAllowed("workspace.create", ("workspace-users", "workspace-admins")),
    errors.NotAllowed("workspace.create", ()),
    errors.NobodyMayApprove("workspace.create", 1, ADMINS),
    errors.NobodyMayApprove("workspace.create", 2, ADMINS),
    errors.NotAnApprover(ADMINS),
    errors.SelfApproval(),
    errors.AlreadyDecided("WSR-0001", "approved", "U0BOB", NOON),
    errors.AlreadyDecided("WSR-0001", "rejected", "U0BOB", NOON),
    errors.AlreadyDecided("WSR-0001", "withdrawn", "U0MINA", NOON),
    errors.AlreadyDecided("WSR-0001", "expired", "U0MINA", NOON),
    errors.AlreadyVoted("WSR-0001"),
    errors.Expired("WSR-0001", NOON),
    errors.ReasonMissing(),
    errors.NotYours("WSR-0001"),
    errors.AlreadyPending("WSR-0001", "alpha"),
    errors.KeyReused("V1"),
    errors.Unknown("WSR-0001"),
    refusals.NotInvolved(ADMINS),
    refusals.CannotCancel("alpha", "succeeded"),
    refusals.CannotCancel("alpha", "parked"),
    refusals.CannotRetry("alpha", "cancelled"),
    refusals.CannotRetry("alpha", "running"),
    refusals.StillRunning("alpha"),
    refusals.DeletionPending("alpha", "WSR-0002"),
    refusals.CannotRollBack("alpha", "cancelled"),
    refusals.CannotRollBack("alpha", "running"),
    refusals.WasReady("alpha"),
    refusals.NotCancelled("alpha", "failed"),
    refusals.Overtaken("alpha", "WSR-0002"),
    refusals.NeverFailed("WSR-0001.1"),
)


@pytest.fixture
def texts(tmp_path: Path) -> Texts:
    (tmp_path / "ko.po").write_text(KOREAN, encoding="utf-8")
    return Texts(folder=tmp_path)


def kinds_of_refusal() -> Iterator[type[Refusal]]:
    for module in (errors, refusals):
        for _, kind in inspect.getmembers(module, inspect.isclass):
            if issubclass(kind, Refusal) and kind is not Refusal:
                yield kind


def test_english_is_the_template_itself() -> None:
    words = Texts().for_locale("en-US")

    assert words.language == "en"
    assert words.plain(Message("Approve {project}?", project="alpha")) == "Approve alpha?"


@pytest.mark.parametrize(("n", "said"), [(0, "0 objects"), (1, "1 object"), (2, "2 objects")])
def test_english_counts(n: int, said: str) -> None:
    assert Texts().for_locale("en").plain(Message("{n} object", plural="{n} objects", n=n)) == said


@pytest.mark.parametrize("locale", ["ko", "ko-KR", "ko_KR", "KO-kr"])
def test_a_catalogue_serves_its_language_wherever_it_is_spoken(texts: Texts, locale: str) -> None:
    words = texts.for_locale(locale)

    assert words.language == "ko"
    assert words.plain(Message("Approve")) == "승인"
    assert words.plain(Message("{n} object", plural="{n} objects", n=1)) == "객체 1개"


def test_what_nobody_translated_or_somebody_guessed_is_english(texts: Texts) -> None:
    words = texts.for_locale("ko-KR")

    for text in ("Cancel", "Reject", "Withdraw"):
        assert words.plain(Message(text)) == text


def test_a_language_nobody_wrote_gets_the_default(texts: Texts, tmp_path: Path) -> None:
    assert texts.for_locale("de-DE").language == "en"
    assert texts.for_locale("").language == "en"
    assert Texts("ko", tmp_path).for_locale("de-DE").language == "ko"


@pytest.mark.usefixtures("texts")
def test_english_is_there_whatever_the_default(tmp_path: Path) -> None:
    assert Texts("ko", tmp_path).for_locale("en-GB").language == "en"


def test_messages_within_messages_are_in_the_same_language(texts: Texts) -> None:
    inner = Message("{n} object", plural="{n} objects", n=3)

    assert (
        texts.for_locale("ko").plain(Message("open until {until}", until=inner)) == "객체 3개까지 열려 있음"
    )


def test_values_are_plain_where_nothing_can_be_drawn() -> None:
    words = Texts().for_locale("en")
    seoul = datetime(2026, 11, 23, 21, tzinfo=timezone(timedelta(hours=9)))

    shown = Message(
        "{when} {who} {link} {braces}",
        when=seoul,
        who=Ref(RefKind.PERSON, "U0BOB"),
        link=Ref(RefKind.LINK, "https://host/x", "the card"),
        braces="{when}",
    )

    assert words.plain(shown) == "2026-11-23 12:00 UTC U0BOB the card {when}"


def test_everybody_who_is_told_no_is_told_why_and_every_kind_is_here() -> None:
    words = Texts().for_locale("en")

    assert {type(no) for no in EVERY_REFUSAL} == set(kinds_of_refusal())
    for no in EVERY_REFUSAL:
        said = words.plain(refusal(no))
        assert said[0].isupper() or said.startswith(("WSR-", "alpha")), said
        assert said.endswith((".", ".)")), said
        assert "{" not in said
        assert len(said) <= 200, said


def test_different_refusals_are_told_differently() -> None:
    said = [str(refusal(no)) for no in EVERY_REFUSAL]

    assert len(set(said)) == len(said)


def test_a_group_is_named_so_that_it_can_be_asked() -> None:
    said = str(
        refusal(errors.NotAllowed("workspace.create", ("workspace-users", "leads", "workspace-admins")))
    )

    assert "workspace-users or leads or workspace-admins" in said


def test_a_refusal_without_words_is_a_bug() -> None:
    class Newcomer(Refusal):
        pass

    with pytest.raises(TypeError, match="Newcomer"):
        refusal(Newcomer())


def test_the_list_for_translators_is_fresh() -> None:
    assert TEMPLATE.read_text(encoding="utf-8") == written(collected()), "run `make texts`"


def test_a_template_is_found_with_its_plural_wherever_it_stands() -> None:
    source = (
        'f(Message("one {x}", x=Message("two")), Message("{n} thing", plural="{n} things", n=3))\n'
        "Message(words)  # somebody else's\n"
        'Message("in " "two parts")\n'
    )

    assert set(templates(source, "a.py")) == {
        Found("a.py", "one {x}"),
        Found("a.py", "two"),
        Found("a.py", "{n} thing", "{n} things"),
        Found("a.py", "in two parts"),
    }


def test_every_template_can_be_filled_in() -> None:
    for found in everything():
        for text in (found.text, found.plural):
            for _, name, spec, conversion in Formatter().parse(text):
                assert name is None or name.isidentifier(), f"{found.file}: {text}"
                assert not spec, f"{found.file}: {text}"
                assert not conversion, f"{found.file}: {text}"


def test_a_plural_has_an_n_to_choose_by() -> None:
    for found in everything():
        names = {name for _, name, _, _ in Formatter().parse(found.plural) if name}
        assert not found.plural or "n" in names, f"{found.file}: {found.plural}"


def test_what_was_reworded_reads_as_it_is_said_today() -> None:
    """It is looked up once: a text that changes again has to change there too."""
    said = {found.text for found in everything()}
    reworded = json.loads((ROOT / "provisioner" / "reworded.json").read_text(encoding="utf-8"))

    now = {one[0] if isinstance(one, list) else one for one in reworded.values()}
    assert not now - said
    assert not reworded.keys() & said, "a text that is said today is not read as another"

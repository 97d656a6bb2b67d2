"""What is said before it is a sentence."""

from __future__ import annotations

import json
from datetime import datetime, timedelta, timezone
from importlib.resources import files
from string import Formatter

import pytest
from hypothesis import given
from hypothesis import strategies as st

from provisioner.message import Message, Ref, RefKind, Value, literal
from tests.builders import NOON

names = st.from_regex(r"[a-z]{1,8}\Z").filter(lambda name: name not in {"plural"})
plain: st.SearchStrategy[Value] = st.one_of(
    st.text(),
    st.integers(),
    st.floats(allow_nan=False),
    st.datetimes(timezones=st.just(NOON.tzinfo)),
    st.builds(Ref, st.sampled_from(RefKind), st.text(), st.text()),
)


def messages(values: st.SearchStrategy[Value]) -> st.SearchStrategy[Message]:
    return st.builds(
        lambda text, plural, given_values: Message(text, plural=plural, **given_values),
        st.text(),
        st.text(),
        st.dictionaries(names, values, max_size=3),
    )


any_message = messages(st.one_of(plain, messages(plain)))


class Shouting:
    """A surface in a language of its own."""

    def template(self, message: Message) -> str:
        return message.text.upper().replace("{NAME}", "{name}")

    def value(self, value: Value) -> str:
        return f"<{value}>"


def test_in_english_it_is_the_template_with_its_values() -> None:
    assert str(Message("{name} is {status}", name="alpha", status="ACTIVE")) == "alpha is ACTIVE"


@pytest.mark.parametrize(("n", "words"), [(0, "0 objects"), (1, "1 object"), (2, "2 objects")])
def test_n_chooses_between_one_and_many(n: int, words: str) -> None:
    assert str(Message("{n} object", plural="{n} objects", n=n)) == words


def test_only_as_much_is_cut_as_has_to_go() -> None:
    told = Message("{name} is {status}", name="alpha", status="ACTIVE")

    assert told.cut(15) is told
    assert str(told.cut(14)) == "alpha is ACTIV"


def test_a_time_is_said_in_utc() -> None:
    noon_in_seoul = datetime(2026, 11, 23, 21, tzinfo=timezone(timedelta(hours=9)))

    assert str(Message("at {time}", time=noon_in_seoul)) == "at 2026-11-23 12:00 UTC"


def test_a_message_within_a_message_is_rendered_by_the_same_surface() -> None:
    inner = Message("the {name}", name="bucket")

    assert Message("not {name}", name=inner).render(Shouting()) == "NOT THE <bucket>"


def test_braces_in_a_value_are_only_braces() -> None:
    assert str(Message("said {words}", words="{name} {0} {{")) == "said {name} {0} {{"


def test_the_words_of_others_are_shown_as_they_are() -> None:
    assert str(literal("{oops} %s")) == "{oops} %s"


def test_a_link_shows_its_label_and_a_name_its_value() -> None:
    link = Ref(RefKind.LINK, "https://example.org", "the dashboard")

    assert str(Message("see {link}, {name}", link=link, name=Ref(RefKind.NAME, "alpha"))) == (
        "see the dashboard, alpha"
    )


@given(any_message)
def test_it_comes_back_from_json_as_it_was(message: Message) -> None:
    back = Message.from_json(json.loads(json.dumps(message.to_json())))

    assert back == message
    assert hash(back) == hash(message)


@pytest.mark.parametrize("value", [None, ["list"], {"odd": 1}])
def test_what_is_no_value_is_not_read(value: object) -> None:
    with pytest.raises(ValueError, match="not a message value"):
        Message.from_json({"text": "{x}", "values": {"x": value}})


def test_a_message_of_an_earlier_release_reads_as_it_is_worded_now() -> None:
    stored = {"text": "Kubeflow login {login}", "values": {"login": "a@aic.com"}}

    assert Message.from_json(stored) == Message("Dex login {login}", login="a@aic.com")


def test_what_was_reworded_names_the_same_values() -> None:
    def places(template: str) -> set[str | None]:
        return {name for _, name, _, _ in Formatter().parse(template) if name}

    reworded = json.loads(files("provisioner").joinpath("reworded.json").read_text(encoding="utf-8"))

    assert len(reworded) > 100
    for before, now in reworded.items():
        text, *plural = now if isinstance(now, list) else [now]
        assert places(text) == places(before), before
        assert all(places(one) <= places(before) | {"n"} for one in plural), before

"""dex's shared document: checked as dex checks it, edited so that nothing else moves."""

from __future__ import annotations

import base64
from dataclasses import replace

import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from provisioner.stages.dex.config import Login, Unsound, read
from tests.fakes.dex import NEIGHBOURS

HASH = "$2a$12$CanaryCanaryCanaryCanaryeCanaryCanaryCanaryCanaryCana"
LOGIN = Login(email="aic-user-alpha-ws@aic.com", hash=HASH, username="aic-user-alpha-ws", user_id="6f2d-77aa")
HEAD = "issuer: http://dex/dex\nstorage: {type: kubernetes}\nenablePasswordDB: true\n"
CLIENTS = "staticClients:\n- id: a\n"

few = settings(max_examples=40)  # ruamel takes its time

comment = st.sampled_from(["", "# one", "  # deeper", "\t", "    ", "# - email: x", "# hash: 'y'"])
comments = st.lists(comment, max_size=3)
quoted = st.sampled_from(["{}", "'{}'", '"{}"'])
name = st.from_regex(r"[a-z][a-z0-9]{0,8}", fullmatch=True)


@st.composite
def users(draw: st.DrawFn) -> list[list[str]]:
    """The lines of each user, without the indentation of the list."""
    found = []
    for who in draw(st.lists(name, min_size=1, max_size=4, unique=True)):
        keys = {
            "email": f"{who}@{draw(st.sampled_from(['example.com', 'AIC.com']))}",
            "hash": HASH.replace("Canary", who.ljust(6, "x")[:6].capitalize()),
            "username": who,
            "userID": draw(st.sampled_from(['"20240917103000"', "'\"0\"'", "a-b", "!!str 7"])),
        }
        lines = []
        for key in draw(st.permutations(list(keys))):
            value = keys[key] if key == "userID" else draw(quoted).format(keys[key])
            lines.append(f"{key}: {value}{draw(st.sampled_from(['', '   # said']))}")
            lines.extend(line.strip() for line in draw(comments) if line.startswith("#"))
        if draw(st.booleans()):
            lines.extend(["groups:", "  - a", "  - {b: [1,", "      2]}"])
        if draw(st.booleans()):
            lines.extend(["note: |", "  two", "", "  lines"])
        found.append(lines)
    return found


@st.composite
def documents(draw: st.DrawFn) -> str:
    dash = draw(st.sampled_from([0, 2, 3]))
    inside = draw(st.sampled_from([2, 4]))
    lines = [draw(st.sampled_from(["staticPasswords:", "staticPasswords:   # who may log in"]))]
    for user in draw(users()):
        lines.extend(draw(comments))
        alone = draw(st.booleans())
        start = " " * dash + "-" + ("" if alone else " " * (inside - 1) + user[0])
        lines.append(start)
        pad = " " * (dash + inside)
        lines.extend(pad + line if line else "" for line in (user if alone else user[1:]))
    lines.extend(draw(comments))
    body = "\n".join(lines) + "\n"
    order = draw(st.permutations([HEAD, CLIENTS, body]))
    text = draw(st.sampled_from(["", "---\n", "# head\n\n"])) + "".join(order)
    bare = text.rstrip("\n \t")
    if draw(st.booleans()) and not bare.endswith("  lines"):  # whose last line break is part of its value
        text = bare
    return text.replace("\n", "\r\n") if draw(st.booleans()) else text


def sound(text: str) -> bool:
    try:
        read(text)
    except Unsound:
        return False
    return True


@few
@given(documents().filter(sound))
def test_a_login_put_in_and_taken_out_leaves_every_byte_as_it_was(text: str) -> None:
    put = read(text).with_login(LOGIN)

    assert put.entries(LOGIN.email) == (LOGIN.entry(),)
    assert put.without_login(LOGIN.email).text == text


@pytest.mark.parametrize("user_id", ["20241002101010", "1e5", "0x10", "yes", "~", '"20240917103000"'])
@pytest.mark.parametrize(
    "users", ["", "staticPasswords: []\n", f"staticPasswords:\n- {{email: a@b.c, hash: '{HASH}'}}\n"]
)
def test_T7_an_id_is_written_as_text_whatever_it_looks_like(users: str, user_id: str) -> None:
    """dex does not start with an id that its YAML, which is version 1.1, takes for a number or a yes."""
    put = read(HEAD + CLIENTS + users).with_login(replace(LOGIN, user_id=user_id))

    entry = yaml.safe_load(put.text)["staticPasswords"][-1]
    assert (entry["userID"], type(entry["userID"])) == (user_id, str)


def test_T7_a_neighbours_id_with_quotes_in_it_is_not_repaired() -> None:
    put = read(NEIGHBOURS).with_login(LOGIN)

    assert '  userID: "\\"20240917103000\\""   # made by hand\n' in put.text
    assert put.without_login(LOGIN.email).text == NEIGHBOURS


@few
@given(documents().filter(sound))
def test_putting_a_login_in_only_adds_lines(text: str) -> None:
    put = read(text).with_login(LOGIN).text

    ours = [line for line in put.splitlines() if any(value in line for value in LOGIN.entry().values())]
    left = [line for line in put.splitlines() if line not in ours]
    assert len(ours) == 4
    assert left == text.splitlines()


@few
@given(documents().filter(sound))
def test_taking_a_neighbour_out_leaves_the_other_lines(text: str) -> None:
    config = read(text)
    email = config.document["staticPasswords"][0]["email"]

    rest = config.without_login(email)

    assert rest.entries(email) == ()
    assert set(rest.text.splitlines()) <= set(text.splitlines())
    assert read(rest.text).document["issuer"] == config.document["issuer"]


@pytest.mark.parametrize("body", ["staticPasswords: []\n", "staticPasswords:\n", "staticPasswords: [  ]\n"])
def test_an_empty_list_takes_a_login_and_is_empty_again(body: str) -> None:
    put = read(HEAD + CLIENTS + body).with_login(LOGIN)

    assert put.entries(LOGIN.email) == (LOGIN.entry(),)
    assert not put.without_login(LOGIN.email).document["staticPasswords"]


def test_a_document_without_a_list_gets_one() -> None:
    put = read(HEAD + CLIENTS).with_login(LOGIN)

    assert read(put.text).entries(LOGIN.email) == (LOGIN.entry(),)


def test_a_list_in_one_line_is_edited_as_well() -> None:
    text = f"{HEAD}{CLIENTS}staticPasswords: [{{email: a@b.c, hash: '{HASH}', userID: \"1\"}}]  # all\n"

    put = read(text).with_login(LOGIN)

    assert put.without_login(LOGIN.email).document == read(text).document
    assert "# all" in put.text


def test_a_last_value_that_owns_its_line_break_is_kept_by_ruamels_own_form() -> None:
    text = f"{HEAD}{CLIENTS}staticPasswords:\n- email: a@b.c\n  hash: {HASH}\n  note: |\n    kept"

    put = read(text).with_login(LOGIN)

    assert put.without_login(LOGIN.email).document == read(text).document


def test_users_that_refer_to_each_other_are_kept() -> None:
    text = (
        f"{HEAD}{CLIENTS}staticPasswords:\n- &a\n  email: a@b.c\n  hash: &h {HASH}\n"
        "  userID: '1'\n- {email: d@e.f, hash: *h, userID: '2'}\n"
    )

    put = read(text).with_login(LOGIN)

    assert put.without_login(LOGIN.email).text == text


def test_a_user_that_others_refer_to_is_not_torn_out() -> None:
    text = (
        f"{HEAD}{CLIENTS}staticPasswords:\n- email: {LOGIN.email}\n  hash: &h {HASH}\n  userID: '1'\n"
        "- email: d@e.f\n  hash: *h\n  userID: '2'\n"
    )

    rest = read(text).without_login(LOGIN.email)

    assert [user["email"] for user in read(rest.text).document["staticPasswords"]] == ["d@e.f"]


@pytest.mark.parametrize(
    ("broken", "words"),
    [
        ("", "it is empty"),
        ("- a\n", "it is empty"),
        (NEIGHBOURS.replace("issuer:", "isuer:"), "issuer is missing"),
        (NEIGHBOURS.replace("storage:", "stor:"), "storage is missing"),
        (NEIGHBOURS.replace("staticClients:", "clients:"), "staticClients is missing"),
        (NEIGHBOURS.replace("enablePasswordDB: true", "enablePasswordDB: false"), "isn't true"),
        (NEIGHBOURS.replace("  hash: $2y", "  hashed: $2y"), "login user@example.com has no password hash"),
        (NEIGHBOURS.replace("$2y$12$4K", "$2y$12"), ("login user@example.com has an invalid password hash")),
        (NEIGHBOURS.replace('"15841185641784"', "15841185641784"), "userID of login user@example.com"),
        (NEIGHBOURS.replace("logger:", "issuer: twice\nlogger:"), "it isn't valid YAML (line"),
        (NEIGHBOURS.replace('level: "debug"', 'level: "debug'), "it isn't valid YAML (line"),
        (f"{HEAD}{CLIENTS}staticPasswords: all\n", "staticPasswords isn't a list"),
        (f"{HEAD}{CLIENTS}staticPasswords: [all]\n", "login 1 isn't a mapping"),
    ],
)
def test_what_dex_would_not_start_with_is_refused(broken: str, words: str) -> None:
    with pytest.raises(Unsound) as refused:
        read(broken)

    assert words in str(refused.value)
    assert "$2" not in str(refused.value)


def test_a_hash_may_be_wrapped_in_base64_or_come_from_the_environment() -> None:
    wrapped = base64.b64encode(HASH.encode()).decode()
    users = f"- {{email: a@b.c, hash: {wrapped}}}\n- {{email: d@e.f, hashFromEnv: HASH}}\n"

    assert sound(f"{HEAD}{CLIENTS}staticPasswords:\n{users}")


def test_an_entry_about_to_be_mended_may_be_broken() -> None:
    text = f"{HEAD}{CLIENTS}staticPasswords:\n- email: {LOGIN.email}\n  userID: 7\n"

    assert read(text, mending=LOGIN.email).with_login(LOGIN).entries(LOGIN.email) == (LOGIN.entry(),)


def test_nothing_of_a_document_shows_in_its_repr() -> None:
    assert HASH not in repr((read(NEIGHBOURS), LOGIN))

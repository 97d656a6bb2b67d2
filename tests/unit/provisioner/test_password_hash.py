"""The hash of the password that everybody gets."""

from __future__ import annotations

import bcrypt
import pytest

from provisioner.password_hash import strong

HASH = "$2a$12$ucqiYA9KBbTvtXFKqnFJfuxWkp3wRfTWOgDW5ajwYGdZ3jpJIXHSW"


def test_what_bcrypt_makes_is_strong() -> None:
    assert strong(bcrypt.hashpw(b"word", bcrypt.gensalt(10)).decode())


@pytest.mark.parametrize("version", ["2a", "2b", "2y"])
def test_every_version_of_it_is(version: str) -> None:
    assert strong(HASH.replace("$2a$", f"${version}$"))


@pytest.mark.parametrize("cost", ["09", "17", "31", "99", "1x", "²0"])
@pytest.mark.timeout(10)
def test_a_cost_that_keeps_people_out_or_waiting_is_refused_at_once(cost: str) -> None:
    assert not strong(HASH.replace("$12$", f"${cost}$"))


@pytest.mark.parametrize("at", [0, 1, 2, 3, 6, 7, 28, 29, 45, 59])
def test_a_letter_that_bcrypt_does_not_know_is_found_wherever_it_stands(at: int) -> None:
    assert not strong(f"{HASH[:at]}!{HASH[at + 1 :]}")


@pytest.mark.parametrize("hashed", ["가" * 60, "\x00" * 60, "\ud800", HASH[:30], "$2b$10$", HASH * 2])
def test_any_text_has_an_answer(hashed: str) -> None:
    assert not strong(hashed)


@pytest.mark.parametrize("cost", ["10", "12", "16"])
def test_a_hash_that_dex_takes_at_login_is_strong(cost: str) -> None:
    assert strong(HASH.replace("$12$", f"${cost}$"))


@pytest.mark.parametrize(
    "hashed", ["", "secret", HASH[:-1], HASH + "a", HASH.replace("$12$", "$09$"), HASH + "\n"]
)
def test_any_other_hash_is_not(hashed: str) -> None:
    assert not strong(hashed)

"""What a vendor answered, and what the bot saw where it said nothing."""

from __future__ import annotations

from provisioner.message import Message, Ref, RefKind
from provisioner.vendor_call import LONGEST_WORDS, Cause

SECRET = "made-up-secret"


def a_note(where: str) -> Message:
    return Message(
        "answered {code} with a redirect to {where}, not JSON", code=302, where=Ref(RefKind.NAME, where)
    )


def noted(where: str = "/login") -> Cause:
    return Cause.noted(a_note(where), service="grafana", operation="GetDashboard", code="302")


def hidden(words: str) -> str:
    return words.replace(SECRET, "***")


def test_a_note_is_its_own_words() -> None:
    assert noted().raw_text == "answered 302 with a redirect to /login, not JSON"


def test_a_cause_is_kept_with_its_note_and_without() -> None:
    plain = Cause(service="s3", operation="CreateBucket", raw_text="Access Denied", code="AccessDenied")

    assert [Cause.from_json(cause.to_json()) for cause in (noted(), plain)] == [noted(), plain]


def test_a_note_is_kept_within_the_same_bounds_as_words() -> None:
    note = Message(
        "{what}: {why}", what=Message("cannot read {name}'s log", name="dex"), why="x" * LONGEST_WORDS
    )
    cause = Cause.from_json(Cause.noted(note, service="dex", operation="start").to_json())

    assert cause.note is not None
    assert len(str(cause.note)) == LONGEST_WORDS
    assert str(cause.note) == cause.raw_text
    assert cause.raw_text.startswith("cannot read dex's log: xxx")


def test_a_long_name_in_a_note_is_cut_and_stays_a_name() -> None:
    cause = Cause.from_json(noted("/" + "a" * 2 * LONGEST_WORDS).to_json())

    assert cause.note is not None
    assert str(cause.note).endswith("a, not JSON")
    assert len(str(cause.note)) == LONGEST_WORDS
    assert isinstance(cause.note.values["where"], Ref)


def test_a_note_without_a_secret_stays() -> None:
    assert noted().redacted(hidden) == noted()


def test_a_note_that_quotes_a_secret_goes_and_its_words_stay_without() -> None:
    cause = noted(f"/login/{SECRET}").redacted(hidden)

    assert cause.note is None
    assert cause.raw_text == "answered 302 with a redirect to /login/***, not JSON"
    assert SECRET not in repr(cause)


def test_a_note_that_is_cut_keeps_no_half_of_a_secret() -> None:
    cause = noted("/" + "a" * (LONGEST_WORDS - 50) + SECRET).redacted(hidden)

    assert cause.note is None


def test_a_secret_behind_the_words_that_are_kept_is_no_less_one() -> None:
    cause = noted("/" + "a" * LONGEST_WORDS + SECRET)

    assert SECRET not in repr(cause.redacted(hidden))


def test_words_are_cut_after_their_secrets_are_taken_out() -> None:
    words = "a" * (LONGEST_WORDS - 4) + SECRET
    cause = Cause(service="s3", operation="CreateBucket", raw_text=words).redacted(hidden)

    kept = Cause.from_json(cause.to_json())

    assert kept.raw_text == "a" * (LONGEST_WORDS - 4) + "***"
    assert SECRET[:4] not in kept.raw_text

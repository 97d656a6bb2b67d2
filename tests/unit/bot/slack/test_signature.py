"""Which requests are Slack's."""

from __future__ import annotations

import hashlib
import hmac

from hypothesis import given
from hypothesis import strategies as st
from pydantic import SecretStr
from slack_sdk.signature import Clock

from bot.slack.endpoint import Signatures

SECRET = "canary-signing-secret"
NOW = 1_795_435_200


class Fixed(Clock):
    def now(self) -> float:
        return NOW


def signatures() -> Signatures:
    return Signatures(SecretStr(SECRET), Fixed())


def headers(body: bytes, timestamp: str = str(NOW), secret: str = SECRET) -> dict[str, str]:
    signed = hmac.new(secret.encode(), b"v0:" + timestamp.encode() + b":" + body, hashlib.sha256)
    return {"x-slack-request-timestamp": timestamp, "x-slack-signature": f"v0={signed.hexdigest()}"}


def test_a_signed_request_is_slacks() -> None:
    assert signatures().accept(b"body", headers(b"body"))


def test_the_same_request_is_taken_once() -> None:
    known = signatures()

    assert [known.accept(b"body", headers(b"body")) for _ in range(2)] == [True, False]


def test_a_request_that_was_refused_is_not_remembered() -> None:
    known = signatures()
    known.accept(b"other", headers(b"body"))

    assert known.accept(b"body", headers(b"body"))


def test_another_secret_is_not_ours() -> None:
    assert not signatures().accept(b"body", headers(b"body", secret="guess"))


def test_five_minutes_are_the_limit() -> None:
    assert signatures().accept(b"body", headers(b"body", str(NOW - 300)))
    assert not signatures().accept(b"body", headers(b"body", str(NOW - 301)))
    assert not signatures().accept(b"body", headers(b"body", str(NOW + 301)))


@given(body=st.binary(), timestamp=st.text(), signature=st.text())
def test_nothing_that_is_sent_breaks_the_check(body: bytes, timestamp: str, signature: str) -> None:
    sent = {"x-slack-request-timestamp": timestamp, "x-slack-signature": signature}

    assert not signatures().accept(body, sent)


def test_the_secret_is_in_no_repr() -> None:
    assert SECRET not in repr(vars(signatures()))

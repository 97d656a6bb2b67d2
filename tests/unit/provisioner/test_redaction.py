"""Secrets are taken out, what people have to read stays, and no text takes long."""

from __future__ import annotations

import json
from urllib.parse import quote, quote_plus

import pytest
from pydantic import SecretStr

from provisioner.redaction import HIDDEN, Redactor

CANARY = 'canary "7f3" & \\é'
REDACTOR = Redactor([SecretStr(CANARY), SecretStr("hunter2hunter2")])
BCRYPT = "$2a$10$" + "N9qo8uLOickgx2ZMRZoMyeIjZAgcfl7p92ldGxad68LJZdL17lhWy"


@pytest.mark.parametrize(
    "written",
    [CANARY, quote(CANARY, safe=""), quote_plus(CANARY), json.dumps(CANARY)[1:-1], repr(CANARY)[1:-1]],
)
def test_a_secret_is_hidden_however_it_is_written(written: str) -> None:
    assert REDACTOR.redact(f"before {written} after") == f"before {HIDDEN} after"


def test_of_two_secrets_in_one_the_whole_is_hidden() -> None:
    redactor = Redactor([SecretStr("secret"), SecretStr("secret-and-more")])

    assert redactor.redact("a secret-and-more b") == f"a {HIDDEN} b"


def test_a_secret_too_short_to_be_one_hides_nothing() -> None:
    assert Redactor([SecretStr(""), SecretStr("a")]).redact("a banana") == "a banana"


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("sent xoxb-123-456-AbC to Slack", "sent [hidden] to Slack"),
        ("xapp-1-A0-99-ff", "[hidden]"),
        (f"hash: {BCRYPT} x", "hash: [hidden] x"),
        ("key AKIAIOSFODNN7EXAMPLE", "key [hidden]"),
        ("ASIAIOSFODNN7EXAMPLE", "[hidden]"),
        ("aws_secret_access_key = wJalrXUtnFEMI/K7MDENG", "aws_secret_access_key = [hidden]"),
        ('{"SecretAccessKey": "wJalrXUtnFEMI/K7MDENG"}', '{"SecretAccessKey": "[hidden]"}'),
        ("Authorization: Bearer abc", "Authorization: [hidden]"),
        ("{'authorization': 'Basic dXNlcg=='}", "{'authorization': '[hidden]'}"),
        ("curl -H 'Authorization: AWS4-HMAC-SHA256 Credential=A/b'", "curl -H 'Authorization: [hidden]'"),
        ("got Bearer eyJhbGciOi.eyJzdWIi.c2ln", "got Bearer [hidden]"),
        ("k8s-aws-v1.aHR0cHM6Ly9zdHM", "[hidden]"),
        ("postgresql://bot:pw@host/name", "postgresql://bot:[hidden]@host/name"),
        ("alpha-edge: alpha-edge@com is no password", "alpha-edge: [hidden] is no password"),
        ("body: token=gIkuvaNzQI4&text=hi", "body: token=[hidden]&text=hi"),
        (r'"{\"password\": \"s3cr3t-x\"}"', r'"{\"password\": \"[hidden]\"}"'),
        ("response_url=https%3A%2F%2Fhooks.slack.com%2Fcommands%2FT1&x=1", None),
        ("https://hooks.slack.com/actions/T1/2/xyz", "https://hooks.slack.com/[hidden]"),
        ("-----BEGIN RSA PRIVATE KEY-----\nMIIE\n-----END RSA PRIVATE KEY-----", "[hidden]"),
    ],
)
def test_what_looks_like_a_secret_is_hidden(text: str, shown: str | None) -> None:
    expected = shown or "response_url=https%3A%2F%2Fhooks.slack.com/[hidden]&x=1"

    assert REDACTOR.redact(text) == expected


@pytest.mark.parametrize(
    "text",
    [
        "The security token included in the request is expired",
        "invalid password: too short",
        "cannot read secret dex/auth: not found",
        "https://host:8443/path is not there",
        "s3-an2-meerkat-prod-alpha in account 123456789012",
        "user aic-user-alpha-ws@aic.com",
    ],
)
def test_what_people_have_to_read_stays(text: str) -> None:
    assert REDACTOR.redact(text) == text


def test_hiding_twice_is_hiding_once() -> None:
    once = REDACTOR.redact(f"Authorization: Bearer abc token=gIkuvaNzQI4 {BCRYPT} xoxb-1-2")

    assert REDACTOR.redact(once) == once


def test_every_part_of_what_is_logged_is_looked_at() -> None:
    class Thing:
        def __repr__(self) -> str:
            return "Thing(hunter2hunter2)"

    shown = REDACTOR.value(
        {
            "list": ["hunter2hunter2", 1, None],
            "inner": {"deep": ("x hunter2hunter2",)},
            "thing": Thing(),
            "hunter2hunter2": True,
            "api_token": "anything",
            "Authorization": ["x"],
        }
    )

    assert shown == {
        "list": [HIDDEN, 1, None],
        "inner": {"deep": [f"x {HIDDEN}"]},
        "thing": f"Thing({HIDDEN})",
        HIDDEN: True,
        "api_token": HIDDEN,
        "Authorization": HIDDEN,
    }


@pytest.mark.parametrize(
    "part",
    [
        "a-",
        "token=",
        "token: ",
        "secret_",
        "eyJ-",
        "eyJ.",
        "://a:",
        "authorization ",
        "bearer ",
        "-----BEGIN A",
        "-----END ",
        "a-edge@",
        '"',
        " ",
        "x",
    ],
)
@pytest.mark.timeout(60)
def test_a_text_of_any_length_and_kind_is_read_once(part: str) -> None:
    """A pattern that reads on from each of many places would need hours for this much."""
    text = part * (1_000_000 // len(part))

    assert REDACTOR.redact(text) == text


def test_a_secret_with_another_name_in_front_of_it_is_hidden() -> None:
    assert REDACTOR.redact('secret=password="s3cr3t-x"') == f'secret=password="{HIDDEN}"'


def test_a_part_of_a_password_hash_is_hidden_too() -> None:
    assert REDACTOR.redact(f"malformed: {BCRYPT[:30]}") == f"malformed: {HIDDEN}"

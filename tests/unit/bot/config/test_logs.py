"""One JSON line an event, and no secret in any of them."""

from __future__ import annotations

import json
import subprocess
import sys
from typing import Any
from urllib.parse import quote, quote_plus

import pytest
from pydantic import SecretStr

from bot.config.logs import HIDDEN, Redactor

CANARY = 'canary "7f3" & \\é'
REDACTOR = Redactor([SecretStr(CANARY), SecretStr("hunter2hunter2")])
BCRYPT = "$2a$10$" + "N9qo8uLOickgx2ZMRZoMyeIjZAgcfl7p92ldGxad68LJZdL17lhWy"

# A whole process, since what is set up is the process's: its log, its libraries, its last words.
PROGRAM = """
import logging, sys, threading, warnings
import structlog
from pydantic import SecretStr
from bot.config.logs import Redactor, configure

configure("{level}", Redactor([SecretStr("canary-7f3a9")]))
log = structlog.get_logger("bot.anything")
{body}
"""


def lines(body: str, level: str = "INFO") -> list[dict[str, Any]]:
    """What a process says to stderr, which is all JSON."""
    program = PROGRAM.format(level=level, body=body)
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, timeout=60, check=False
    )
    assert done.stdout == ""
    assert "canary-7f3a9" not in done.stderr
    return [json.loads(line) for line in done.stderr.splitlines()]


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


def test_a_line_tells_the_event_its_fields_and_what_it_belongs_to() -> None:
    (line,) = lines(
        """
with structlog.contextvars.bound_contextvars(run="WSR-0142.1", request="WSR-0142"):
    log.info("stage done", stage="bucket", seconds=4.2, name="알파", token="x")
"""
    )

    at = line.pop("at")
    assert at.endswith("Z")
    assert line == {
        "event": "stage done",
        "level": "info",
        "logger": "bot.anything",
        "run": "WSR-0142.1",
        "request": "WSR-0142",
        "stage": "bucket",
        "seconds": 4.2,
        "name": "알파",
        "token": HIDDEN,
    }


def test_what_libraries_log_is_json_and_without_secrets_too() -> None:
    said = lines(
        """
logging.getLogger("slack_bolt.RequestVerification").info(
    "Invalid request signature detected (body: %s)", "token=abcd1234&text=canary-7f3a9"
)
logging.getLogger("dbos").warning("canary-7f3a9 moved")
logging.getLogger("botocore.endpoint").info("too much detail")
logging.getLogger("slack_sdk.web").debug("too much detail")
warnings.warn("canary-7f3a9 is old")
"""
    )

    assert [line["logger"] for line in said] == ["slack_bolt.RequestVerification", "dbos", "py.warnings"]
    assert "body: token=[hidden]&text=[hidden]" in said[0]["event"]


def test_ours_may_tell_more_and_libraries_still_do_not() -> None:
    said = lines(
        'log.debug("looked"); logging.getLogger("slack_sdk.web").debug("whole requests")', level="DEBUG"
    )

    assert [line["event"] for line in said] == ["looked"]


def test_what_nobody_caught_is_told_like_the_rest() -> None:
    said = lines(
        """
def fail(): raise ValueError("canary-7f3a9")
thread = threading.Thread(target=fail, name="runner")
thread.start()
thread.join()
try:
    fail()
except ValueError:
    log.exception("failed")
raise RuntimeError("canary-7f3a9") from KeyError("canary-7f3a9")
"""
    )

    assert [(line["event"], line["level"]) for line in said] == [
        ("not caught", "critical"),
        ("failed", "error"),
        ("not caught", "critical"),
    ]
    assert said[0]["thread"] == "runner"
    for line, kind in zip(said, ("ValueError", "ValueError", "RuntimeError"), strict=True):
        assert "Traceback" in line["exception"]
        assert f"{kind}: {HIDDEN}" in line["exception"]

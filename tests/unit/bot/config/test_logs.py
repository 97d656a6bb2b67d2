"""One JSON line an event, and no secret in any of them."""

from __future__ import annotations

import json
import subprocess
import sys
from typing import Any

from provisioner.redaction import HIDDEN

# A whole process, since what is set up is the process's: its log, its libraries, its last words.
PROGRAM = """
import logging, sys, threading, warnings
import structlog
from pydantic import SecretStr
from bot.config.logs import configure
from provisioner.redaction import Redactor

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

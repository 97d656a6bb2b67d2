"""One JSON line an event, to stderr, without secrets: ours, the libraries' and what nobody caught.

A line has `at`, `level`, `logger`, `event`, the fields of the call, and the run and request it belongs to
(bound by `structlog.contextvars`).
"""

from __future__ import annotations

import json
import logging
import re
import sys
import threading
from base64 import b64encode
from collections.abc import Iterable, Mapping
from types import TracebackType
from typing import TextIO
from urllib.parse import quote, quote_plus

import structlog
from pydantic import SecretStr
from structlog.typing import EventDict, Processor, WrappedLogger

HIDDEN = "[hidden]"

_SHORTEST = 4
"""A shorter secret would hide half of every sentence, and is none."""

_CHATTY = (
    "alembic",
    "apscheduler",
    "boto3",
    "botocore",
    "dbos",
    "httpcore",
    "httpx",
    "kubernetes",
    "urllib3",
    "uvicorn",
)
_OURS = ("approvals", "bot", "provisioner")

# A quote, the equals sign or the colon between a name and its value, also inside quoted JSON and in a URL.
_IS = r"""[\\"']{0,4}\s*(?:[=:]|%3A|%3D)\s*[\\"']{0,4}"""

_NAMED = (
    rf"(?i)(\b[\w-]*(?:password|passwd|secret|token|secret_?access_?key|signature|credential)\b{_IS})"
    r"(?=[^\s\"'&,;}\\]*\d)[^\s\"'&,;}\\]{6,}"  # with a digit: words in a sentence have none
)

_PATTERNS: tuple[tuple[re.Pattern[str], str], ...] = tuple(
    (re.compile(pattern), shown)
    for pattern, shown in (
        (r"\bx(?:ox[a-z]|app|wfp)(?:\.xox[a-z])?-[\w-]+", HIDDEN),  # Slack tokens
        (r"hooks\.slack\.com(?:/|%2F)[^\s\"'&<>\\]+", f"hooks.slack.com/{HIDDEN}"),  # whoever has it may post
        (r"\$2[abxy]\$\d\d\$[./A-Za-z0-9]{53}", HIDDEN),  # bcrypt
        (r"\b(?:AKIA|ASIA)[A-Z0-9]{16}\b", HIDDEN),  # AWS access keys
        (r"\bk8s-aws-v1\.[\w-]+", HIDDEN),  # EKS tokens
        (r"\beyJ[\w-]+\.[\w-]+\.[\w-]*", HIDDEN),  # JSON web tokens
        (r"-----BEGIN [A-Z ]*PRIVATE KEY-----[\s\S]*?(?:-----END [A-Z ]*PRIVATE KEY-----|\Z)", HIDDEN),
        (r"(://[^\s/:@\"']*):[^\s/@\"']+@", rf"\1:{HIDDEN}@"),  # a password in an address
        (
            rf"(?i)(\bauthorization{_IS})(?:(?:basic|bearer|token|AWS4-HMAC-SHA256)\s+)?[^\"'\n\\]+",
            rf"\1{HIDDEN}",
        ),
        (r"(?i)(\b(?:bearer|basic)\s+)(?=\S*\d)[\w.~+/=-]{8,}", rf"\1{HIDDEN}"),
        (r"\b[a-z0-9]+-edge@com\b", HIDDEN),  # of a system account in AI Conductor, made from the name
        (_NAMED, rf"\1{HIDDEN}"),
    )
)

_SECRET_FIELD = re.compile(
    r"(?i)(?:^|[_-])(?:password|passwd|secret|token|authorization|cookie)(?:$|[_-]hash$)"
)


class Redactor:
    """Hides the secrets it was given, however they are written, and whatever looks like one."""

    def __init__(self, secrets: Iterable[SecretStr] = ()) -> None:
        written = {form for secret in secrets for form in _forms(secret.get_secret_value())}
        longest_first = sorted(written, key=len, reverse=True)
        self._known = re.compile("|".join(map(re.escape, longest_first))) if longest_first else None

    def redact(self, text: str) -> str:
        if self._known is not None:
            text = self._known.sub(HIDDEN, text)
        for pattern, shown in _PATTERNS:
            text = pattern.sub(shown, text)
        return text

    def value(self, value: object, field: str = "") -> object:
        """The same for what a log call may be given: tables and lists too; anything else as its repr."""
        match value:
            case None | bool() | int() | float():
                return value
            case _ if _SECRET_FIELD.search(field):
                return HIDDEN
            case str():
                return self.redact(value)
            case Mapping():
                return {self.redact(str(key)): self.value(item, str(key)) for key, item in value.items()}
            case list() | tuple() | set() | frozenset():
                return [self.value(item) for item in value]
            case _:
                return self.redact(repr(value))

    def process(self, _logger: WrappedLogger, _method: str, event: EventDict) -> EventDict:
        return {key: self.value(value, key) for key, value in event.items()}


def configure(level: str, redactor: Redactor, stream: TextIO | None = None) -> None:
    """For the whole process, once, before anything logs: also what libraries log and what nobody caught."""
    shared: list[Processor] = [
        structlog.contextvars.merge_contextvars,
        structlog.stdlib.add_log_level,
        structlog.stdlib.add_logger_name,
        structlog.processors.TimeStamper(fmt="iso", utc=True, key="at"),
    ]
    structlog.configure(
        processors=[
            *shared,
            structlog.stdlib.PositionalArgumentsFormatter(),
            structlog.stdlib.ProcessorFormatter.wrap_for_formatter,
        ],
        wrapper_class=structlog.stdlib.BoundLogger,
        logger_factory=structlog.stdlib.LoggerFactory(),
    )
    handler = logging.StreamHandler(stream or sys.stderr)
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=shared,
            processors=[
                structlog.stdlib.ProcessorFormatter.remove_processors_meta,
                structlog.processors.format_exc_info,
                redactor.process,
                structlog.processors.JSONRenderer(ensure_ascii=False),
            ],
        )
    )
    root = logging.getLogger()
    root.handlers = [handler]
    wanted = logging.getLevelNamesMapping()[level]
    root.setLevel(max(wanted, logging.INFO))  # libraries at DEBUG print whole requests
    for name in _OURS:
        logging.getLogger(name).setLevel(wanted)
    for name in _CHATTY:
        logger = logging.getLogger(name)
        logger.handlers = [logging.NullHandler()]  # dbos adds a handler of its own where there is none
        logger.propagate = True
        logger.setLevel(max(wanted, logging.WARNING))
    logging.captureWarnings(capture=True)
    _log_what_nobody_caught()


def _log_what_nobody_caught() -> None:
    """Python prints it as it is, with whatever the message holds."""
    log = structlog.get_logger("bot.config.logs")

    def at_the_end(kind: type[BaseException], error: BaseException, trace: TracebackType | None) -> None:
        if issubclass(kind, KeyboardInterrupt):
            return
        log.critical("not caught", exc_info=(kind, error, trace))

    def in_a_thread(args: threading.ExceptHookArgs) -> None:
        if args.exc_value is not None and not issubclass(args.exc_type, SystemExit):
            name = args.thread.name if args.thread else ""
            log.critical(
                "not caught", thread=name, exc_info=(args.exc_type, args.exc_value, args.exc_traceback)
            )

    def in_a_finalizer(args: sys.UnraisableHookArgs) -> None:
        if args.exc_value is not None:
            log.error("not raised", exc_info=(args.exc_type, args.exc_value, args.exc_traceback))

    sys.excepthook = at_the_end
    threading.excepthook = in_a_thread
    sys.unraisablehook = in_a_finalizer


def _forms(secret: str) -> set[str]:
    """How a text may be written: as it is, in a URL, in JSON, in a repr, in base64."""
    if len(secret) < _SHORTEST:
        return set()
    encoded = b64encode(secret.encode()).decode().rstrip("=")
    return {
        secret,
        quote(secret, safe=""),
        quote_plus(secret),
        json.dumps(secret)[1:-1],
        json.dumps(secret, ensure_ascii=False)[1:-1],
        repr(secret)[1:-1],
        encoded,
    }

"""One JSON line an event, to stderr, without secrets: ours, the libraries' and uncaught exceptions.

A line has `at`, `level`, `logger`, `event`, the fields of the call, and the run and request it belongs to
(bound by `structlog.contextvars`).
"""

from __future__ import annotations

import logging
import sys
import threading
from types import TracebackType
from typing import TextIO

import structlog
from structlog.typing import EventDict, Processor, WrappedLogger

from provisioner.redaction import Redactor

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


def configure(level: str, redactor: Redactor, stream: TextIO | None = None) -> None:
    """For the whole process, once, before anything logs: also what libraries log, and uncaught exceptions."""
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

    def redacted(_logger: WrappedLogger, _method: str, event: EventDict) -> EventDict:
        return {key: redactor.value(value, key) for key, value in event.items()}

    handler = logging.StreamHandler(stream or sys.stderr)
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=shared,
            processors=[
                structlog.stdlib.ProcessorFormatter.remove_processors_meta,
                structlog.processors.format_exc_info,
                redacted,
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

"""What all of AWS's clients share: how they are configured, and their errors mapped to ours, once.

Where AWS is and who we are comes from the SDK's own settings (profile, role, `AWS_ENDPOINT_URL`).
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import timedelta
from functools import partial
from typing import Any, TypeVar

import boto3
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError, HTTPClientError, ReadTimeoutError
from botocore.exceptions import ConnectionError as NoConnection

from provisioner import deadline
from provisioner.deadline import CALL_WITHIN, CONNECT_WITHIN, OutOfTime, TimeLimit
from provisioner.errors import Cause, Permanent, Temporary, WorkError
from provisioner.message import Message

_AGAIN = frozenset(
    {
        "BucketNotEmpty",  # somebody still writes into a bucket that was just emptied
        "InternalError",
        "NoSuchBucket",  # said for a while of one that was just made; one that is gone is looked for
        "OperationAborted",
        "RequestLimitExceeded",
        "RequestTimeout",
        "ServiceUnavailable",
        "SlowDown",
        "Throttling",
        "ThrottlingException",
        "TooManyRequestsException",
    }
)
_SOON = timedelta(seconds=5)
_CONNECTIONS = 64  # kept open to one service: as many as there may be threads that ask, of all runs together

T = TypeVar("T")


def config(*, timeout: timedelta) -> Config:
    """For every client of ours: a few quick tries within `timeout`; the engine has the patience."""
    return Config(
        connect_timeout=min(timeout, CONNECT_WITHIN).total_seconds(),
        max_pool_connections=_CONNECTIONS,
        read_timeout=timeout.total_seconds(),
        retries={"mode": "standard", "total_max_attempts": 3},
    )


def limited(client: T, *, timeout: timedelta) -> T:
    """The same client, where each call, each page and each try of it together take at most `timeout`.

    botocore's own limits are for one wait on a socket, and begin anew with each byte, address and try.
    """
    aws: Any = client
    limit, call = TimeLimit(timeout), aws._make_api_call  # noqa: SLF001 the one way of all methods and paginators

    def in_time(operation: str, parameters: dict[str, Any]) -> Any:
        try:
            return limit.run(partial(call, operation, parameters))
        except OutOfTime:
            raise ReadTimeoutError(endpoint_url=aws.meta.endpoint_url) from None

    aws._make_api_call = in_time  # noqa: SLF001 as above
    aws.meta.events.register("before-send", _before_sending)
    return client


def _before_sending(**_: Any) -> None:
    """What was given up sends nothing any more."""
    deadline.check()


class AwsAccount:
    """Who AWS says we are."""

    def __init__(self, *, region: str, timeout: timedelta = CALL_WITHIN) -> None:
        sts = boto3.client("sts", region_name=region, config=config(timeout=timeout))
        self._sts = limited(sts, timeout=timeout)

    def number(self) -> str:
        """The 12 digits of the account our credentials belong to."""
        with mapped("sts", "GetCallerIdentity", Message("cannot read the AWS account")):
            return self._sts.get_caller_identity()["Account"]


@contextmanager
def mapped(service: str, operation: str, what: Message) -> Iterator[None]:
    """Raise AWS's errors as ours."""
    try:
        yield
    except ClientError as error:
        status = error.response.get("ResponseMetadata", {}).get("HTTPStatusCode", 0)
        raise error_for(what, cause_of(service, error), status=status) from error
    except (HTTPClientError, NoConnection) as error:  # also a time-out, or a connection that broke
        cause = Cause(service=service, operation=operation, words=str(error), code=type(error).__name__)
        raise Temporary(what, cause=cause) from error
    except BotoCoreError as error:
        cause = Cause(service=service, operation=operation, words=str(error), code=type(error).__name__)
        raise Permanent(what, cause=cause) from error


def error_for(what: Message, cause: Cause, *, status: int) -> WorkError:
    """Whether it is worth trying again is told by the code and the status."""
    if cause.code in _AGAIN or status == 429 or status >= 500:
        return Temporary(what, cause=cause, retry_after=_SOON)
    return Permanent(what, cause=cause)


def cause_of(service: str, error: ClientError) -> Cause:
    return Cause(
        service=service,
        operation=error.operation_name,
        code=code_of(error),
        words=error.response.get("Error", {}).get("Message", ""),
        request_id=error.response.get("ResponseMetadata", {}).get("RequestId", ""),
    )


def code_of(error: ClientError) -> str:
    return error.response.get("Error", {}).get("Code", "")


def optional(call: Callable[[], T], absent: str) -> T | None:
    """The answer, or None for the error that means there is none."""
    try:
        return call()
    except ClientError as error:
        if code_of(error) == absent:
            return None
        raise

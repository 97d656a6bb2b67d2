"""What all of AWS's clients share: how they are made and limited, and their errors mapped to ours, once.

Where AWS is and who we are comes from the SDK's own settings (profile, role, `AWS_ENDPOINT_URL`).
"""

from __future__ import annotations

import gzip
import json
import threading
from base64 import b64decode
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import timedelta
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, TypeVar, overload

from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError, HTTPClientError, ReadTimeoutError
from botocore.exceptions import ConnectionError as NoConnection

from provisioner.engine.inspection import ClusterFacts
from provisioner.message import Message, named
from provisioner.vendor_call import (
    CALL_WITHIN,
    CONNECT_WITHIN,
    Cause,
    Observer,
    OutOfTime,
    Permanent,
    Temporary,
    TimeLimit,
    WorkError,
    check_time,
    observed,
    unobserved,
)

if TYPE_CHECKING:
    import boto3
    from mypy_boto3_autoscaling import AutoScalingClient
    from mypy_boto3_cloudformation import CloudFormationClient
    from mypy_boto3_ec2 import EC2Client
    from mypy_boto3_eks import EKSClient
    from mypy_boto3_iam import IAMClient
    from mypy_boto3_s3 import S3Client
    from mypy_boto3_sts import STSClient

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

_OPENED: dict[str, Any] = {".json": open, ".json.gz": gzip.open}

T = TypeVar("T")


class AwsClients:
    """The SDK's clients of one region, each made when it is first needed: their models are large.

    A call takes `timeout` at most, with its tries by the SDK, three of them; the engine has the patience.
    """

    def __init__(
        self,
        *,
        region: str,
        timeout: timedelta = CALL_WITHIN,
        observer: Observer = unobserved,
    ) -> None:
        self.region = region
        self._timeout = timeout
        self._observer = observer
        self._lock = threading.Lock()  # the SDK makes one client at a time
        self._session: boto3.Session | None = None
        self._made: dict[tuple[str, int], Any] = {}

    @overload
    def client(self, service: Literal["autoscaling"]) -> AutoScalingClient: ...
    @overload
    def client(self, service: Literal["cloudformation"]) -> CloudFormationClient: ...
    @overload
    def client(self, service: Literal["ec2"]) -> EC2Client: ...
    @overload
    def client(self, service: Literal["eks"]) -> EKSClient: ...
    @overload
    def client(self, service: Literal["iam"], *, attempts: int = 3) -> IAMClient: ...
    @overload
    def client(self, service: Literal["s3"]) -> S3Client: ...
    @overload
    def client(self, service: Literal["sts"]) -> STSClient: ...

    def client(self, service: Any, *, attempts: int = 3) -> Any:
        """The same one each time."""
        with self._lock:
            made = self._made.get((service, attempts))
            if made is None:
                options = Config(
                    connect_timeout=min(self._timeout, CONNECT_WITHIN).total_seconds(),
                    max_pool_connections=_CONNECTIONS,
                    read_timeout=self._timeout.total_seconds(),
                    retries={"mode": "standard", "total_max_attempts": attempts},
                )
                self._session = self._session or _session()
                made = self._session.client(service, region_name=self.region, config=options)
                self._limit_and_watch(made, service)
                self._made[service, attempts] = made
            return made

    def _limit_and_watch(self, client: Any, service: str) -> None:
        """Each call, each page and each try of it together take at most the timeout, and are told.

        botocore's own limits are for one wait on a socket, and begin anew with each byte, address and try.
        """
        limit, call = TimeLimit(self._timeout), client._make_api_call  # noqa: SLF001 the one way of all methods and paginators

        def in_time(operation: str, parameters: dict[str, Any]) -> Any:
            with observed(self._observer, service, operation) as watched:
                try:
                    return limit.run(partial(call, operation, parameters))
                except OutOfTime:
                    watched.code = ReadTimeoutError.__name__
                    raise ReadTimeoutError(endpoint_url=client.meta.endpoint_url) from None
                except (ClientError, BotoCoreError) as error:
                    watched.code = code_of(error) if isinstance(error, ClientError) else type(error).__name__
                    raise

        client._make_api_call = in_time  # noqa: SLF001 as above
        client.meta.events.register("before-send", _before_sending)


def _session() -> boto3.Session:
    import boto3  # not needed by a bot at rest, and slow to come
    from botocore.loaders import Loader
    from botocore.session import get_session

    session = get_session()
    models: Any = _Models()
    session.register_component("data_loader", Loader(file_loader=models))
    return boto3.Session(botocore_session=session)


class _Models:
    """What the SDK reads its models of the services with: without their documentation, half of it all."""

    def exists(self, file_path: str) -> bool:
        return any(Path(file_path + suffix).is_file() for suffix in _OPENED)

    def load_file(self, file_path: str) -> Any:
        """`file_path` is without a suffix. None: there is no such file."""
        for suffix, opened in _OPENED.items():
            if Path(file_path + suffix).is_file():
                with opened(file_path + suffix, "rb") as file:
                    return json.load(file, object_hook=_undocumented)
        return None


def _undocumented(found: dict[str, Any]) -> dict[str, Any]:
    if isinstance(found.get("documentation"), str):  # a member may have that name
        found["documentation"] = ""  # of some the SDK wants the key
    return found


def _before_sending(**_: Any) -> None:
    """What was given up sends nothing any more."""
    check_time()


class AwsAccount:
    """What AWS says of where we are."""

    def __init__(self, aws: AwsClients) -> None:
        self._aws = aws

    def number(self) -> str:
        """The 12 digits of the account our credentials belong to."""
        with mapped("sts", "GetCallerIdentity", Message("cannot read the AWS account")):
            return self._aws.client("sts").get_caller_identity()["Account"]

    def cluster(self, name: str) -> ClusterFacts | None:
        eks = self._aws.client("eks")
        with mapped("eks", "DescribeCluster", Message("cannot read EKS cluster {name}", name=named(name))):
            found = optional(lambda: eks.describe_cluster(name=name), "ResourceNotFoundException")
        if found is None:
            return None
        cluster = found["cluster"]
        authority = cluster.get("certificateAuthority", {}).get("data", "")
        return ClusterFacts(status=cluster.get("status", ""), authority=b64decode(authority).decode("ascii"))


@contextmanager
def mapped(service: str, operation: str, what: Message) -> Iterator[None]:
    """Raise AWS's errors as ours."""
    try:
        yield
    except ClientError as error:
        status = error.response.get("ResponseMetadata", {}).get("HTTPStatusCode", 0)
        raise error_for(what, cause_of(service, error), status=status) from error
    except BotoCoreError as error:
        lost = isinstance(error, HTTPClientError | NoConnection)  # also a time-out, or one that broke
        cause = Cause.broken(error, service=service, operation=operation)
        raise (Temporary if lost else Permanent)(what, cause=cause) from error


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
        raw_text=error.response.get("Error", {}).get("Message", ""),
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

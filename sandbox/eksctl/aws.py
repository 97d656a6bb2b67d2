"""AWS, asked with the environment's own keys, and its refusals in the words of Go's SDK."""

from __future__ import annotations

import base64
import functools
import time
from typing import Any
from urllib.parse import urlsplit

import boto3
import botocore.session
from botocore.awsrequest import AWSRequest
from botocore.config import Config
from botocore.exceptions import (
    BotoCoreError,
    ClientError,
    HTTPClientError,
    NoCredentialsError,
)
from botocore.exceptions import (
    ConnectionError as NoConnection,
)
from botocore.loaders import Loader

from sandbox.eksctl.failure import Failure

ATTEMPTS = 13
LONGEST_PAUSE = 0.5
"""Seconds between two attempts; the real one waits up to twenty."""

_AGAIN = frozenset(
    {
        "BandwidthLimitExceeded",
        "EC2ThrottledException",
        "LimitExceededException",
        "PriorRequestNotComplete",
        "RequestLimitExceeded",
        "RequestThrottled",
        "RequestThrottledException",
        "RequestTimeout",
        "RequestTimeoutException",
        "SlowDown",
        "ThrottledException",
        "Throttling",
        "ThrottlingException",
        "TooManyRequestsException",
    }
)
"""Refusals after which Go's SDK asks again; it does so after these HTTP codes too."""

_BROKEN = (500, 502, 503, 504)

CLUSTER_HEADER = "x-k8s-aws-id"
TOKEN_LASTS = 60
"""Seconds that the presigned call is good for."""

_NAMES = {
    "autoscaling": "Auto Scaling",
    "cloudformation": "CloudFormation",
    "ec2": "EC2",
    "eks": "EKS",
    "sts": "STS",
}


class Aws:
    def __init__(self, region: str | None) -> None:
        """An empty region is taken from the environment."""
        session = botocore.session.Session()
        session.register_component("data_loader", _models())
        self._session: Any = boto3.Session(region_name=region or None, botocore_session=session)
        self._clients: dict[str, Any] = {}
        self._config = Config(connect_timeout=5, read_timeout=60, retries={"total_max_attempts": 1})

    @property
    def region(self) -> str:
        return self._session.region_name or ""

    def call(self, service: str, operation: str, **arguments: Any) -> dict[str, Any]:
        """`operation` is AWS's own name: "DescribeCluster". Raises Failure."""
        client = self._client(service)
        names: dict[str, str] = client.meta.method_to_api_mapping
        method = getattr(client, next(python for python, aws in names.items() if aws == operation))
        what = f"operation error {_NAMES[service]}: {operation}"
        for attempt in range(1, ATTEMPTS + 1):
            try:
                answer: dict[str, Any] = method(**arguments)
            except ClientError as error:
                if attempt == ATTEMPTS or not _passes(error):
                    why, code = _refusal(client, error, attempt), error.response["Error"]["Code"]
                    raise Failure(f"{what}, {why}", code=code) from error
            except NoCredentialsError as error:
                why = "failed to refresh cached credentials, no EC2 IMDS role found"
                raise Failure(f"{what}, get identity: get credentials: {why}") from error
            except (NoConnection, HTTPClientError) as error:
                if attempt == ATTEMPTS:
                    why = _unreached(client.meta.endpoint_url, error)
                    raise Failure(f"{what}, {why}") from error
            except BotoCoreError as error:
                raise Failure(f"{what}, {error}") from error
            else:
                return answer
            time.sleep(min(0.05 * 2**attempt, LONGEST_PAUSE))
        raise AssertionError("the last attempt returns or raises")

    def token(self, cluster: str) -> str:
        """A bearer token for the cluster's API server."""
        sts = self._client("sts")

        def name_the_cluster(request: AWSRequest, **_: object) -> None:
            request.headers[CLUSTER_HEADER] = cluster

        sts.meta.events.register(
            "before-sign.sts.GetCallerIdentity", name_the_cluster, unique_id=CLUSTER_HEADER
        )
        try:
            url = sts.generate_presigned_url("get_caller_identity", ExpiresIn=TOKEN_LASTS, HttpMethod="GET")
        finally:
            sts.meta.events.unregister("before-sign.sts.GetCallerIdentity", unique_id=CLUSTER_HEADER)
        return "k8s-aws-v1." + base64.urlsafe_b64encode(url.encode()).decode().rstrip("=")

    def _client(self, service: str) -> Any:
        if service not in self._clients:
            client = self._session.client(service, config=self._config)
            host = urlsplit(client.meta.endpoint_url).hostname
            if host not in ("127.0.0.1", "localhost"):
                raise Failure(
                    "the sandbox's eksctl works with a simulated AWS only: AWS_ENDPOINT_URL has to name an "
                    f"address on this machine, and {service} is at {host}"
                )
            self._clients[service] = client
        return self._clients[service]


@functools.cache
def _models() -> Loader:
    """The descriptions of AWS's services, EC2's of a megabyte: each is read once a process."""
    return Loader()


def _passes(error: ClientError) -> bool:
    """Whether it may be otherwise in a moment."""
    code, status = error.response["Error"]["Code"], error.response["ResponseMetadata"]["HTTPStatusCode"]
    return code in _AGAIN or status in _BROKEN


def _refusal(client: Any, error: ClientError, attempts: int) -> str:
    told, meta = error.response["Error"], error.response["ResponseMetadata"]
    over = f"exceeded maximum number of attempts, {attempts}, " if attempts == ATTEMPTS else ""
    modelled = {
        shape.metadata.get("error", {}).get("code", shape.name)
        for shape in client.meta.service_model.operation_model(error.operation_name).error_shapes
    }
    kind = "" if told["Code"] in modelled else "api error "
    return (
        f"{over}https response error StatusCode: {meta['HTTPStatusCode']}, "
        f"RequestID: {meta.get('RequestId', '')}, {kind}{told['Code']}: {told['Message']}"
    )


def _unreached(url: str, error: Exception) -> str:
    return (
        f"exceeded maximum number of attempts, {ATTEMPTS}, https response error StatusCode: 0, RequestID: , "
        f'request send failed, Post "{url}/": dial tcp {urlsplit(url).netloc}: {_reason(error)}'
    )


def _reason(error: Exception) -> str:
    text = str(error).lower()
    if "refused" in text or "could not connect" in text:
        return "connect: connection refused"
    return "i/o timeout" if "timeout" in text else "read: connection reset by peer"

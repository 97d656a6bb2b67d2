"""How boto3's errors become ours, and what goes into the calls; moto answers in process."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import boto3
import pytest
from botocore.exceptions import (
    ClientError,
    ConnectionClosedError,
    EndpointConnectionError,
    NoCredentialsError,
    ReadTimeoutError,
)
from moto import mock_aws

from provisioner.clients.aws import AwsAccount, AwsClients, mapped
from provisioner.message import Message
from provisioner.stages.bucket.client import S3Buckets
from provisioner.stages.bucket.stage import ObjectVersion
from provisioner.vendor_call import Permanent, Temporary, WorkError

WHAT = Message("cannot do it")
ACCOUNT = "123456789012"
MARK = "workspace-bot/project"


def refused(code: str, status: int = 400) -> ClientError:
    answer = {
        "Error": {"Code": code, "Message": "as it says"},
        "ResponseMetadata": {"HTTPStatusCode": status, "RequestId": "R1"},
    }
    return ClientError(answer, "CreateBucket")  # type: ignore[arg-type]  # the parts that are read


def met(error: Exception) -> WorkError:
    with pytest.raises(WorkError) as failed, mapped("s3", "CreateBucket", WHAT):
        raise error
    assert failed.value.__cause__ is error
    return failed.value


@pytest.fixture
def aws() -> Iterator[None]:
    with pytest.MonkeyPatch.context() as environment, mock_aws():
        environment.setenv("AWS_CONFIG_FILE", "none")
        yield


@pytest.mark.parametrize(
    "error",
    [
        refused("SlowDown", 503),
        refused("ThrottlingException"),
        refused("RequestTimeout"),
        refused("OperationAborted", 409),
        refused("NoSuchBucket", 404),
        refused("InternalError", 500),
        refused("Anything", 502),
        EndpointConnectionError(endpoint_url="https://s3"),
        ReadTimeoutError(endpoint_url="https://s3"),
        ConnectionClosedError(endpoint_url="https://s3"),
    ],
    ids=str,
)
def test_what_may_pass_is_temporary(error: Exception) -> None:
    assert isinstance(met(error), Temporary)


@pytest.mark.parametrize(
    "error",
    [refused("AccessDenied", 403), refused("ExpiredToken"), refused("Odd", 404), NoCredentialsError()],
    ids=str,
)
def test_what_stays_is_permanent(error: Exception) -> None:
    assert isinstance(met(error), Permanent)


def test_the_cause_has_all_that_aws_said() -> None:
    cause = met(refused("AccessDenied", 403)).cause

    assert cause is not None
    assert (cause.service, cause.operation, cause.code) == ("s3", "CreateBucket", "AccessDenied")
    assert (cause.raw_text, cause.request_id) == ("as it says", "R1")


def test_T2_the_account_is_asked_of_aws(aws: None) -> None:  # noqa: ARG001 - it answers
    assert AwsAccount(AwsClients(region="ap-northeast-2")).number() == ACCOUNT


@pytest.mark.parametrize(("region", "place"), [("us-east-1", None), ("ap-northeast-2", "ap-northeast-2")])
def test_T28_us_east_1_is_not_told_its_own_name(aws: None, region: str, place: str | None) -> None:  # noqa: ARG001 - it answers
    S3Buckets(AwsClients(region=region), ACCOUNT).create("s3-alpha", tags={MARK: "alpha"})

    assert boto3.client("s3").get_bucket_location(Bucket="s3-alpha")["LocationConstraint"] == place


def test_a_refusal_inside_an_answer_of_200_is_an_error_too(aws: None) -> None:  # noqa: ARG001 - it answers
    s3 = boto3.client("s3", region_name="us-east-1")
    s3.create_bucket(Bucket="locked", ObjectLockEnabledForBucket=True)
    version = s3.put_object(
        Bucket="locked", Key="a", Body=b"a", ObjectLockLegalHoldStatus="ON", ObjectLockMode="COMPLIANCE"
    )["VersionId"]

    with pytest.raises(Permanent, match="cannot empty S3 bucket locked") as failed:
        S3Buckets(AwsClients(region="us-east-1"), ACCOUNT).delete_versions(
            "locked", (ObjectVersion("a", version),)
        )

    assert failed.value.cause is not None
    assert (failed.value.cause.operation, failed.value.cause.code) == ("DeleteObjects", "AccessDenied")


def test_every_call_expects_a_bucket_of_our_account(aws: None) -> None:  # noqa: ARG001 - it answers
    clients, owners = AwsClients(region="us-east-1"), []

    def note(params: dict[str, Any], model: Any, **_more: object) -> None:
        owners.append((model.name, params["headers"].get("x-amz-expected-bucket-owner")))

    clients.client("s3").meta.events.register("before-call.s3.*", note)
    buckets = S3Buckets(clients, ACCOUNT)
    buckets.create("s3-alpha", tags={MARK: "alpha"})
    buckets.encrypt("s3-alpha")
    buckets.tags("s3-alpha")
    buckets.uploads("s3-alpha")
    buckets.versions("s3-alpha")
    buckets.delete("s3-alpha")

    assert owners == [
        ("CreateBucket", None),
        ("PutBucketEncryption", ACCOUNT),
        ("GetBucketTagging", ACCOUNT),
        ("ListMultipartUploads", ACCOUNT),
        ("ListObjectVersions", ACCOUNT),
        ("DeleteBucket", ACCOUNT),
    ]


def test_what_is_gone_already_is_deleted(aws: None) -> None:  # noqa: ARG001 - it answers
    S3Buckets(AwsClients(region="us-east-1"), ACCOUNT).delete("never-there")


def test_who_observes_is_told_of_each_call_and_its_code(aws: None) -> None:  # noqa: ARG001 - it answers
    told: list[tuple[str, str, str]] = []

    def observer(service: str, operation: str, code: str, _seconds: float) -> None:
        told.append((service, operation, code))

    clients = AwsClients(region="us-east-1", observer=observer)
    AwsAccount(clients).number()
    S3Buckets(clients, ACCOUNT).delete("never-there")

    assert told == [("sts", "GetCallerIdentity", "ok"), ("s3", "DeleteBucket", "NoSuchBucket")]

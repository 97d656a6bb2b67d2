"""The front's own part: names, the journal, faults, refusal of what is not known."""

from __future__ import annotations

from collections.abc import Callable
from types import SimpleNamespace
from typing import TYPE_CHECKING

import boto3
import pytest
from botocore.exceptions import ClientError, ConnectionClosedError

from sandbox.aws import AwsSimulator, Write
from sandbox.aws.calls import Calls, NotKnown
from sandbox.serving.callfaults import Kind

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

Make = Callable[[], str]
SIGNED = {"authorization": "AWS4-HMAC-SHA256 Credential=AKIAX/20261123/ap-northeast-2/s3/aws4_request, X"}


@pytest.mark.parametrize(
    ("method", "address", "expected"),
    [
        ("GET", "/", "s3.ListBuckets"),
        ("PUT", "/b", "s3.CreateBucket"),
        ("HEAD", "/b", "s3.HeadBucket"),
        ("GET", "/b", "s3.ListObjects"),
        ("GET", "/b?list-type=2&prefix=x", "s3.ListObjectsV2"),
        ("GET", "/b?versions&key-marker=", "s3.ListObjectVersions"),
        ("GET", "/b?uploads", "s3.ListMultipartUploads"),
        ("POST", "/b?delete", "s3.DeleteObjects"),
        ("PUT", "/b?publicAccessBlock", "s3.PutPublicAccessBlock"),
        ("PUT", "/b/key/with/parts", "s3.PutObject"),
        ("GET", "/b/key", "s3.GetObject"),
        ("PUT", "/b/key?partNumber=1&uploadId=u", "s3.UploadPart"),
        ("DELETE", "/b/key?uploadId=u", "s3.AbortMultipartUpload"),
        ("DELETE", "/b/key?versionId=v", "s3.DeleteObject"),
    ],
)
def test_a_request_is_named_as_boto3_names_it(method: str, address: str, expected: str) -> None:
    path, _, query = address.partition("?")

    assert Calls().name(method, path, query, SIGNED, b"").name == expected


@pytest.mark.parametrize("address", ["/b?inventoryy", "/b?list-type=3", "/b/key?frobnicate"])
def test_an_address_that_no_call_has_is_not_guessed(address: str) -> None:
    path, _, query = address.partition("?")

    with pytest.raises(NotKnown):
        Calls().name("GET", path, query, SIGNED, b"")


def test_a_service_that_is_not_there_is_an_error_and_is_written_down(aws: AwsSimulator, s3: S3Client) -> None:
    elsewhere = boto3.client(
        "sqs",
        endpoint_url=s3.meta.endpoint_url,
        region_name="ap-northeast-2",
        aws_access_key_id="AKIATESTER",
        aws_secret_access_key="made up",
    )
    before = len(aws.unknown_calls)

    with pytest.raises(ClientError):
        elsewhere.list_queues()

    assert aws.unknown_calls[before:] == ["there is no service sqs here"]


def test_writes_are_journalled_and_reads_are_not(aws: AwsSimulator, s3: S3Client, make: Make) -> None:
    since = len(aws.journal())

    name = make()
    s3.head_bucket(Bucket=name)
    s3.delete_bucket(Bucket=name)

    written = aws.journal(since)
    assert [(entry["call"], entry["resource"]) for entry in written] == [
        ("s3.CreateBucket", name),
        ("s3.DeleteBucket", name),
    ]
    assert [entry["number"] for entry in written] == [since + 1, since + 2]
    assert written[0]["key_id"] == "AKIATESTER"


def test_a_write_is_told_when_done_and_before_it_is_answered(aws: AwsSimulator, make: Make) -> None:
    seen = SimpleNamespace(there=False)

    def look(write: Write) -> None:
        # The front's own thread is in this call, so the emulator behind it is asked.
        seen.there = write.resource in [bucket.name for bucket in aws.buckets()]

    aws.on_write(look)
    make()
    aws.on_write(lambda _: None)

    assert seen.there


def test_throttling_is_s3s_slow_down_and_carries_nothing_out(
    aws: AwsSimulator, make: Make, name: str
) -> None:
    aws.faults.add(Kind.THROTTLING, "s3.CreateBucket")

    with pytest.raises(ClientError) as error:
        make()

    answer = error.value.response
    assert (answer["ResponseMetadata"]["HTTPStatusCode"], answer["Error"]["Code"]) == (503, "SlowDown")
    assert name not in [bucket.name for bucket in aws.buckets()]


def test_access_denied_speaks_as_iam_does_until_cleared(aws: AwsSimulator, make: Make, name: str) -> None:
    aws.faults.add(Kind.ACCESS_DENIED, "s3.CreateBucket", times=0)

    for _ in range(2):
        with pytest.raises(ClientError, match=f'perform: s3:CreateBucket on resource: "arn:aws:s3:::{name}"'):
            make()
    aws.faults.clear(Kind.ACCESS_DENIED)

    assert make() == name


def test_a_lost_answer_was_carried_out(aws: AwsSimulator, make: Make, name: str) -> None:
    aws.faults.add(Kind.LOST_ANSWER, "s3.CreateBucket")

    with pytest.raises(ConnectionClosedError):
        make()

    assert name in [bucket.name for bucket in aws.buckets()]


def test_a_fault_strikes_the_nth_write_only(aws: AwsSimulator, s3: S3Client, make: Make) -> None:
    aws.faults.add(Kind.THROTTLING, "*", nth=2)

    name = make()
    s3.head_bucket(Bucket=name)
    with pytest.raises(ClientError, match="SlowDown"):
        s3.delete_bucket(Bucket=name)

    s3.delete_bucket(Bucket=name)

"""All of S3's calls: each does what it says or is refused, and a refused one is written down."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any
from uuid import uuid4

import boto3
import pytest
from botocore.config import Config
from botocore.exceptions import ClientError
from botocore.loaders import Loader
from botocore.model import ListShape, ServiceModel, Shape, StructureShape

from sandbox.aws import AwsSimulator
from sandbox.aws.s3 import SERVED
from tests.sandbox.aws.said import said

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

MODEL = ServiceModel(Loader().load_service_model("s3", "service-2"), "s3")
BLOCK = {"BlockPublicAcls": True, "IgnorePublicAcls": False}


@pytest.fixture(scope="module")
def plain(access: dict[str, Any]) -> S3Client:
    """That calls no other host for Object Lambda."""
    config = access["config"].merge(Config(inject_host_prefix=False))
    return boto3.client("s3", **{**access, "config": config})


@pytest.fixture(scope="module")
def inventory(plain: S3Client) -> str:
    """An empty bucket, which nothing here should change; another one each time it is come back to."""
    name = f"bucket-that-stands-{uuid4().hex[:8]}"
    plain.create_bucket(Bucket=name, CreateBucketConfiguration={"LocationConstraint": "ap-northeast-2"})
    return name


@pytest.fixture
def called(access: dict[str, Any]) -> tuple[S3Client, set[str]]:
    """A client of its own, and what was called with it and did not fail."""
    client, names = boto3.client("s3", **access), set[str]()
    client.meta.events.register("after-call.s3", lambda model, **_: names.add(model.name))
    return client, names


def the_least(shape: Shape, bucket: str) -> Any:
    """Some value that boto3 takes for an argument."""
    if isinstance(shape, StructureShape):
        wanted = list(shape.members)[:1] if shape.is_tagged_union else shape.required_members
        return {
            name: bucket if name == "Bucket" else the_least(shape.members[name], bucket) for name in wanted
        }
    if isinstance(shape, ListShape):
        return [the_least(shape.member, bucket)]
    match shape.type_name:
        case "string":
            return (getattr(shape, "enum", None) or ["long-enough-for-every-call"])[0]
        case "boolean":
            return True
        case "integer" | "long":
            return 1
        case "timestamp":
            return datetime(2026, 11, 23, tzinfo=UTC)
        case _:
            return b"some"


@pytest.mark.parametrize("operation", sorted(set(MODEL.operation_names) - SERVED))
def test_a_call_that_ministack_would_take_for_another_is_refused(
    plain: S3Client, aws: AwsSimulator, inventory: str, operation: str
) -> None:
    before, since = len(aws.unknown_calls), len(aws.journal())
    shape = MODEL.operation_model(operation).input_shape
    python = next(one for one, called in plain.meta.method_to_api_mapping.items() if called == operation)

    with pytest.raises(ClientError) as error:
        getattr(plain, python)(**the_least(shape, inventory) if shape is not None else {})

    assert said(error)[0] == 501
    assert len(aws.unknown_calls) == before + 1
    assert aws.journal(since) == []
    plain.head_bucket(Bucket=inventory)


def test_every_served_call_does_what_it_says(called: tuple[S3Client, set[str]], name: str) -> None:
    s3, names = called

    for see in (see_bucket, see_objects, see_versions, see_parts):
        see(s3, name)

    assert names == SERVED


def see_bucket(s3: S3Client, bucket: str) -> None:
    s3.create_bucket(Bucket=bucket, CreateBucketConfiguration={"LocationConstraint": "ap-northeast-2"})
    assert bucket in [one["Name"] for one in s3.list_buckets()["Buckets"]]
    assert s3.head_bucket(Bucket=bucket)["BucketRegion"] == "ap-northeast-2"
    assert s3.get_bucket_location(Bucket=bucket)["LocationConstraint"] == "ap-northeast-2"

    s3.put_bucket_tagging(Bucket=bucket, Tagging={"TagSet": [{"Key": "a", "Value": "b"}]})
    assert s3.get_bucket_tagging(Bucket=bucket)["TagSet"] == [{"Key": "a", "Value": "b"}]
    s3.delete_bucket_tagging(Bucket=bucket)
    assert_none("NoSuchTagSet", lambda: s3.get_bucket_tagging(Bucket=bucket))

    policy = json.dumps({"Version": "2012-10-17", "Statement": []})
    s3.put_bucket_policy(Bucket=bucket, Policy=policy)
    assert s3.get_bucket_policy(Bucket=bucket)["Policy"] == policy
    s3.delete_bucket_policy(Bucket=bucket)
    assert_none("NoSuchBucketPolicy", lambda: s3.get_bucket_policy(Bucket=bucket))

    s3.put_public_access_block(Bucket=bucket, PublicAccessBlockConfiguration=BLOCK)  # type: ignore[arg-type]  # the stubs want a TypedDict
    block = s3.get_public_access_block(Bucket=bucket)["PublicAccessBlockConfiguration"]
    assert (block.get("BlockPublicAcls"), block.get("IgnorePublicAcls")) == (True, False)
    s3.delete_public_access_block(Bucket=bucket)
    assert_none("NoSuchPublicAccessBlockConfiguration", lambda: s3.get_public_access_block(Bucket=bucket))

    kms = {"SSEAlgorithm": "aws:kms", "KMSMasterKeyID": "arn:aws:kms:ap-northeast-2:123456789012:key/some"}
    s3.put_bucket_encryption(
        Bucket=bucket,
        ServerSideEncryptionConfiguration={"Rules": [{"ApplyServerSideEncryptionByDefault": kms}]},  # type: ignore[misc, arg-type]  # as above
    )
    assert encryption(s3, bucket) == kms
    s3.delete_bucket_encryption(Bucket=bucket)
    assert encryption(s3, bucket) == {"SSEAlgorithm": "AES256"}


def see_objects(s3: S3Client, bucket: str) -> None:
    s3.put_object(Bucket=bucket, Key="one", Body=b"first")
    s3.copy_object(Bucket=bucket, Key="two", CopySource={"Bucket": bucket, "Key": "one"})
    assert s3.get_object(Bucket=bucket, Key="two")["Body"].read() == b"first"
    assert s3.head_object(Bucket=bucket, Key="two")["ContentLength"] == 5
    assert [one["Key"] for one in s3.list_objects(Bucket=bucket, Prefix="o")["Contents"]] == ["one"]
    assert [one["Key"] for one in s3.list_objects_v2(Bucket=bucket)["Contents"]] == ["one", "two"]

    s3.put_object_tagging(Bucket=bucket, Key="one", Tagging={"TagSet": [{"Key": "a", "Value": "b"}]})
    assert s3.get_object_tagging(Bucket=bucket, Key="one")["TagSet"] == [{"Key": "a", "Value": "b"}]
    s3.delete_object_tagging(Bucket=bucket, Key="one")
    assert s3.get_object_tagging(Bucket=bucket, Key="one")["TagSet"] == []

    s3.delete_object(Bucket=bucket, Key="one")
    assert [one["Key"] for one in s3.list_objects_v2(Bucket=bucket)["Contents"]] == ["two"]
    s3.delete_objects(Bucket=bucket, Delete={"Objects": [{"Key": "two"}]})
    assert "Contents" not in s3.list_objects_v2(Bucket=bucket)


def see_versions(s3: S3Client, bucket: str) -> None:
    s3.put_bucket_versioning(Bucket=bucket, VersioningConfiguration={"Status": "Enabled"})
    assert s3.get_bucket_versioning(Bucket=bucket)["Status"] == "Enabled"
    written = [s3.put_object(Bucket=bucket, Key="kept", Body=body)["VersionId"] for body in (b"a", b"b")]
    listed = s3.list_object_versions(Bucket=bucket)["Versions"]
    assert {one["VersionId"] for one in listed} == set(written)
    for version in written:
        s3.delete_object(Bucket=bucket, Key="kept", VersionId=version)
    assert "Versions" not in s3.list_object_versions(Bucket=bucket)


def see_parts(s3: S3Client, bucket: str) -> None:
    """And that the bucket goes, in the end."""
    body = bytes(5 * 1024 * 1024)
    upload = s3.create_multipart_upload(Bucket=bucket, Key="big")["UploadId"]
    first = s3.upload_part(Bucket=bucket, Key="big", UploadId=upload, PartNumber=1, Body=body)["ETag"]
    [part] = s3.list_parts(Bucket=bucket, Key="big", UploadId=upload)["Parts"]
    assert (part["PartNumber"], part["ETag"], part["Size"]) == (1, first, len(body))
    written = s3.complete_multipart_upload(
        Bucket=bucket,
        Key="big",
        UploadId=upload,
        MultipartUpload={"Parts": [{"PartNumber": 1, "ETag": first}]},
    )
    assert s3.head_object(Bucket=bucket, Key="big")["ContentLength"] == len(body)

    other = s3.create_multipart_upload(Bucket=bucket, Key="half")["UploadId"]
    source = f"{bucket}/big"
    s3.upload_part_copy(Bucket=bucket, Key="half", UploadId=other, PartNumber=1, CopySource=source)
    [copied] = s3.list_parts(Bucket=bucket, Key="half", UploadId=other)["Parts"]
    assert copied["Size"] == len(body)
    assert [one["UploadId"] for one in s3.list_multipart_uploads(Bucket=bucket)["Uploads"]] == [other]
    s3.abort_multipart_upload(Bucket=bucket, Key="half", UploadId=other)
    assert "Uploads" not in s3.list_multipart_uploads(Bucket=bucket)

    s3.delete_object(Bucket=bucket, Key="big", VersionId=written["VersionId"])
    s3.delete_bucket(Bucket=bucket)
    assert bucket not in [one["Name"] for one in s3.list_buckets()["Buckets"]]


def encryption(s3: S3Client, bucket: str) -> dict[str, Any]:
    [rule] = s3.get_bucket_encryption(Bucket=bucket)["ServerSideEncryptionConfiguration"]["Rules"]
    return dict(rule["ApplyServerSideEncryptionByDefault"])


def assert_none(code: str, get: Callable[[], object]) -> None:
    with pytest.raises(ClientError) as error:
        get()
    assert said(error)[:2] == (404, code)

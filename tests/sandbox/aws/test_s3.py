"""S3 as boto3 sees it: what ministack does alone, and what the front adds."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

import pytest
from botocore.exceptions import ClientError

from sandbox.aws import AwsSimulator, Bucket
from tests.sandbox.aws.said import said

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client
    from mypy_boto3_sts import STSClient

Make = Callable[[], str]


def test_the_account_is_the_one_it_was_given(sts: STSClient) -> None:
    assert sts.get_caller_identity()["Account"] == "123456789012"


def test_tags_inside_create_bucket_are_there_at_once(s3: S3Client, aws: AwsSimulator, make: Make) -> None:
    name = make()

    tags = {tag["Key"]: tag["Value"] for tag in s3.get_bucket_tagging(Bucket=name)["TagSet"]}
    assert tags == {"workspace": "alpha", "note": "a & <b>"}
    assert Bucket(name=name, tags=tags) in aws.buckets()


def test_a_bucket_without_tags_says_so(s3: S3Client, name: str) -> None:
    s3.create_bucket(Bucket=name, CreateBucketConfiguration={"LocationConstraint": "ap-northeast-2"})

    with pytest.raises(ClientError) as error:
        s3.get_bucket_tagging(Bucket=name)

    assert said(error)[:2] == (404, "NoSuchTagSet")


def test_making_ones_own_bucket_again_is_refused(make: Make) -> None:
    make()

    with pytest.raises(ClientError) as error:
        make()

    assert said(error)[:2] == (409, "BucketAlreadyOwnedByYou")


def test_another_accounts_bucket_can_neither_be_looked_at_nor_had(
    s3: S3Client, aws: AwsSimulator, make: Make, name: str
) -> None:
    aws.add_foreign_bucket(name)

    with pytest.raises(ClientError) as looked:
        s3.head_bucket(Bucket=name)
    with pytest.raises(ClientError) as made:
        make()

    assert said(looked)[0] == 403
    assert said(made)[:2] == (409, "BucketAlreadyExists")


def test_a_bucket_of_an_unexpected_owner_is_forbidden(s3: S3Client, make: Make) -> None:
    name = make()

    s3.head_bucket(Bucket=name, ExpectedBucketOwner="123456789012")
    with pytest.raises(ClientError) as error:
        s3.get_bucket_tagging(Bucket=name, ExpectedBucketOwner="999999999999")

    assert said(error) == (403, "AccessDenied", "Access Denied")


def test_a_bucket_that_is_not_there_is_not_found_whoever_should_own_it(s3: S3Client, name: str) -> None:
    with pytest.raises(ClientError) as error:
        s3.head_bucket(Bucket=name, ExpectedBucketOwner="999999999999")

    assert said(error)[0] == 404


def test_protection_is_kept_as_it_was_put(s3: S3Client, make: Make) -> None:
    name = make()
    everything = {
        "BlockPublicAcls": True,
        "IgnorePublicAcls": True,
        "BlockPublicPolicy": True,
        "RestrictPublicBuckets": True,
    }
    policy = '{"Version":"2012-10-17","Statement":[]}'

    s3.put_public_access_block(Bucket=name, PublicAccessBlockConfiguration=everything)  # type: ignore[arg-type]  # the stubs want a TypedDict
    s3.put_bucket_encryption(
        Bucket=name,
        ServerSideEncryptionConfiguration={
            "Rules": [{"ApplyServerSideEncryptionByDefault": {"SSEAlgorithm": "AES256"}}]
        },
    )
    s3.put_bucket_policy(Bucket=name, Policy=policy)

    assert s3.get_public_access_block(Bucket=name)["PublicAccessBlockConfiguration"] == everything
    rules = s3.get_bucket_encryption(Bucket=name)["ServerSideEncryptionConfiguration"]["Rules"]
    assert rules[0]["ApplyServerSideEncryptionByDefault"]["SSEAlgorithm"] == "AES256"
    assert s3.get_bucket_policy(Bucket=name)["Policy"] == policy


def test_a_bucket_with_objects_or_versions_is_not_deleted(s3: S3Client, make: Make) -> None:
    name = make()
    s3.put_bucket_versioning(Bucket=name, VersioningConfiguration={"Status": "Enabled"})
    s3.put_object(Bucket=name, Key="a/b c.txt", Body=b"x")

    with pytest.raises(ClientError) as with_objects:
        s3.delete_bucket(Bucket=name)
    s3.delete_object(Bucket=name, Key="a/b c.txt")
    with pytest.raises(ClientError) as with_versions:
        s3.delete_bucket(Bucket=name)

    assert said(with_objects) == (409, "BucketNotEmpty", "The bucket you tried to delete is not empty")
    assert said(with_versions)[1:] == (
        "BucketNotEmpty",
        "The bucket you tried to delete is not empty. You must delete all versions in the bucket.",
    )


def test_open_multipart_uploads_do_not_block_deletion(s3: S3Client, aws: AwsSimulator, make: Make) -> None:
    name = make()
    s3.put_bucket_versioning(Bucket=name, VersioningConfiguration={"Status": "Enabled"})
    s3.put_object(Bucket=name, Key="old", Body=b"x")
    s3.delete_object(Bucket=name, Key="old")
    s3.create_multipart_upload(Bucket=name, Key="half")

    listed = s3.list_object_versions(Bucket=name)
    left = [*listed["Versions"], *listed["DeleteMarkers"]]
    s3.delete_objects(
        Bucket=name,
        Delete={"Objects": [{"Key": one["Key"], "VersionId": one["VersionId"]} for one in left]},
    )
    s3.delete_bucket(Bucket=name)

    assert name not in [bucket.name for bucket in aws.buckets()]


def test_a_large_object_passes_through_whole(s3: S3Client, make: Make) -> None:
    name, body = make(), bytes(range(256)) * 16_384

    s3.put_object(Bucket=name, Key="big", Body=body)

    assert s3.get_object(Bucket=name, Key="big")["Body"].read() == body

"""S3 buckets through boto3."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import cached_property
from itertools import islice
from typing import TYPE_CHECKING, Any

from botocore.exceptions import ClientError

from provisioner.clients.aws import AwsClients, cause_of, code_of, error_for, mapped, optional
from provisioner.message import Message, named
from provisioner.ownership import PROJECT
from provisioner.stages.bucket.stage import BucketState, Contents, ObjectVersion, Upload
from provisioner.vendor_call import Cause, NotOurs, Temporary

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client
    from mypy_boto3_s3.type_defs import CreateBucketConfigurationTypeDef, ObjectVersionTypeDef

PAGES_COUNTED = 10
"""Of 1,000 versions each: a plan says "more than 10,000 objects" rather than list a lake."""


class S3Buckets:
    """Buckets of one region and one account, which every call expects to be their owner."""

    def __init__(self, aws: AwsClients, account: str) -> None:
        self._aws = aws
        self._account = account
        self._region = aws.region

    @cached_property
    def _s3(self) -> S3Client:
        client = self._aws.client("s3")
        client.meta.events.register("provide-client-params.s3.*", self._expect_owner, unique_id="owner")
        return client

    def _expect_owner(self, params: dict[str, Any], model: Any, **_more: object) -> None:
        """So that no call works on a bucket of our name that is another account's."""
        if model.name != "CreateBucket":
            params["ExpectedBucketOwner"] = self._account

    def look(self, bucket: str, *, contents: bool) -> BucketState | None:
        with mapped("s3", "GetBucketTagging", _cannot("read", bucket)):
            try:
                tags = self._tags(bucket)
                if PROJECT not in tags:
                    return BucketState(tags=tags)  # a stranger's: the rest is not for us to read
                if contents:
                    return BucketState(tags=tags, contents=self._contents(bucket))
                return self._set_up(bucket, tags)
            except ClientError as error:
                if code_of(error) == "NoSuchBucket":
                    return None
                if error.operation_name == "GetBucketTagging" and _shut_out(error):
                    return BucketState(foreign=True)
                raise

    def tags(self, bucket: str) -> Mapping[str, str] | None:
        """None: this account has no such bucket."""
        with mapped("s3", "GetBucketTagging", _cannot("read", bucket)):
            try:
                return self._tags(bucket)
            except ClientError as error:
                if code_of(error) == "NoSuchBucket" or _shut_out(error):
                    return None
                raise

    def create(self, bucket: str, *, tags: Mapping[str, str]) -> None:
        """The tags go into the creating call, which S3 takes since 2025."""
        asked: CreateBucketConfigurationTypeDef = {
            "Tags": [{"Key": key, "Value": value} for key, value in tags.items()]
        }
        if self._region != "us-east-1":  # which refuses its own name here
            asked["LocationConstraint"] = self._region  # type: ignore[typeddict-item]  # a closed list of regions
        with mapped("s3", "CreateBucket", _cannot("create", bucket)):
            try:
                self._s3.create_bucket(Bucket=bucket, CreateBucketConfiguration=asked)
            except ClientError as error:
                if code_of(error) == "BucketAlreadyExists":
                    what = Message("S3 bucket {name} belongs to another AWS account", name=named(bucket))
                    raise NotOurs(what, cause=cause_of("s3", error)) from error
                if code_of(error) == "BucketAlreadyOwnedByYou":
                    # A lost answer, or made meanwhile: look again.
                    raise Temporary(_cannot("create", bucket), cause=cause_of("s3", error)) from error
                raise

    def block_public_access(self, bucket: str) -> None:
        with mapped("s3", "PutPublicAccessBlock", _cannot("protect", bucket)):
            self._s3.put_public_access_block(
                Bucket=bucket,
                PublicAccessBlockConfiguration={
                    "BlockPublicAcls": True,
                    "IgnorePublicAcls": True,
                    "BlockPublicPolicy": True,
                    "RestrictPublicBuckets": True,
                },
            )

    def encrypt(self, bucket: str) -> None:
        with mapped("s3", "PutBucketEncryption", _cannot("encrypt", bucket)):
            self._s3.put_bucket_encryption(
                Bucket=bucket,
                ServerSideEncryptionConfiguration={
                    "Rules": [{"ApplyServerSideEncryptionByDefault": {"SSEAlgorithm": "AES256"}}]
                },
            )

    def set_policy(self, bucket: str, policy: str) -> None:
        with mapped("s3", "PutBucketPolicy", _cannot("protect", bucket)):
            self._s3.put_bucket_policy(Bucket=bucket, Policy=policy)

    def uploads(self, bucket: str) -> Sequence[Upload]:
        with mapped("s3", "ListMultipartUploads", _cannot("empty", bucket)):
            page = self._s3.list_multipart_uploads(Bucket=bucket)
        return tuple(Upload(each["Key"], each["UploadId"]) for each in page.get("Uploads", ()))

    def abort(self, bucket: str, upload: Upload) -> None:
        with mapped("s3", "AbortMultipartUpload", _cannot("empty", bucket)):
            optional(
                lambda: self._s3.abort_multipart_upload(Bucket=bucket, Key=upload.key, UploadId=upload.id),
                "NoSuchUpload",
            )

    def versions(self, bucket: str) -> Sequence[ObjectVersion]:
        with mapped("s3", "ListObjectVersions", _cannot("empty", bucket)):
            page = self._s3.list_object_versions(Bucket=bucket)
        versions = (ObjectVersion(each["Key"], each["VersionId"]) for each in page.get("Versions", ()))
        markers = (
            ObjectVersion(each["Key"], each["VersionId"], marker=True)
            for each in page.get("DeleteMarkers", ())
        )
        return (*versions, *markers)

    def delete_versions(self, bucket: str, versions: Sequence[ObjectVersion]) -> None:
        with mapped("s3", "DeleteObjects", _cannot("empty", bucket)):
            answer = self._s3.delete_objects(
                Bucket=bucket,
                Delete={
                    "Quiet": True,
                    "Objects": [{"Key": each.key, "VersionId": each.id} for each in versions],
                },
            )
        for refused in answer.get("Errors", ())[:1]:  # the others are said again when it is tried again
            cause = Cause(
                service="s3",
                operation="DeleteObjects",
                code=refused.get("Code", ""),
                raw_text=refused.get("Message", ""),
                request_id=answer["ResponseMetadata"]["RequestId"],
            )
            raise error_for(_cannot("empty", bucket), cause, status=200)

    def delete(self, bucket: str) -> None:
        with mapped("s3", "DeleteBucket", _cannot("delete", bucket)):
            optional(lambda: self._s3.delete_bucket(Bucket=bucket), "NoSuchBucket")

    def _tags(self, bucket: str) -> dict[str, str]:
        found = optional(lambda: self._s3.get_bucket_tagging(Bucket=bucket), "NoSuchTagSet")
        return {tag["Key"]: tag["Value"] for tag in (found["TagSet"] if found else ())}

    def _set_up(self, bucket: str, tags: Mapping[str, str]) -> BucketState:
        s3 = self._s3
        encryption = optional(
            lambda: s3.get_bucket_encryption(Bucket=bucket), "ServerSideEncryptionConfigurationNotFoundError"
        )
        block = optional(
            lambda: s3.get_public_access_block(Bucket=bucket), "NoSuchPublicAccessBlockConfiguration"
        )
        policy = optional(lambda: s3.get_bucket_policy(Bucket=bucket), "NoSuchBucketPolicy")
        switches = block["PublicAccessBlockConfiguration"] if block else {}
        return BucketState(
            tags=tags,
            encrypted=encryption is not None,
            public_blocked=len(switches) == 4 and all(switches.values()),
            policy=policy["Policy"] if policy else "",
        )

    def _contents(self, bucket: str) -> Contents:
        uploads = self._s3.list_multipart_uploads(Bucket=bucket)
        versions: list[ObjectVersionTypeDef] = []
        markers, more = 0, False
        pages = self._s3.get_paginator("list_object_versions").paginate(Bucket=bucket)
        for page in islice(pages, PAGES_COUNTED):
            versions.extend(page.get("Versions", ()))
            markers += len(page.get("DeleteMarkers", ()))
            more = page["IsTruncated"]
        return Contents(
            objects=sum(each["IsLatest"] for each in versions),
            versions=len(versions),
            markers=markers,
            size_bytes=sum(each["Size"] for each in versions),
            uploads=len(uploads.get("Uploads", ())),
            more=more,
        )


def _shut_out(error: ClientError) -> bool:
    """Whether it was the bucket that refused us, not our own policies: those are named in the words."""
    words = error.response.get("Error", {}).get("Message", "")
    return code_of(error) in ("AccessDenied", "403") and "not authorized to perform" not in words


def _cannot(verb: str, bucket: str) -> Message:
    return {
        "read": Message("cannot read S3 bucket {name}", name=named(bucket)),
        "create": Message("cannot create S3 bucket {name}", name=named(bucket)),
        "protect": Message("cannot secure S3 bucket {name}", name=named(bucket)),
        "encrypt": Message("cannot encrypt S3 bucket {name}", name=named(bucket)),
        "empty": Message("cannot empty S3 bucket {name}", name=named(bucket)),
        "delete": Message("cannot delete S3 bucket {name}", name=named(bucket)),
    }[verb]

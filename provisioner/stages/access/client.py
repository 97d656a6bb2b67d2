"""Managed policies through boto3."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from botocore.exceptions import ClientError

from provisioner.clients.aws import AwsClients, cause_of, code_of, mapped, optional
from provisioner.message import Message, Ref, named
from provisioner.stages.access import document
from provisioner.stages.access.document import PolicyDocument, Unfit
from provisioner.stages.access.stage import ManagedPolicy
from provisioner.vendor_call import Permanent, Temporary

if TYPE_CHECKING:
    from mypy_boto3_iam import IAMClient

_CHANGED_MEANWHILE = frozenset(
    {
        "ConcurrentModification",
        "DeleteConflict",  # a version that came into force since it was looked at
        "EntityTemporarilyUnmodifiable",
        "NoSuchEntity",  # a policy or version that was there a moment ago
    }
)


class IamPolicies:
    """Managed policies, each by its ARN. IAM has no regions; the region tells the SDK where to sign for."""

    def __init__(self, aws: AwsClients) -> None:
        self._aws = aws

    @property
    def _reads(self) -> IAMClient:
        return self._aws.client("iam")

    @property
    def _writes(self) -> IAMClient:
        """The SDK does not try twice: after a lost answer, that would make a second version."""
        return self._aws.client("iam", attempts=1)

    def look(self, arn: str) -> ManagedPolicy | None:
        with _met("GetPolicy", _cannot_read(arn)):
            found = optional(lambda: self._reads.get_policy(PolicyArn=arn), "NoSuchEntity")
            if found is None:
                return None
            version = found["Policy"]["DefaultVersionId"]
            pages = self._reads.get_paginator("list_policy_versions").paginate(PolicyArn=arn)
            versions = [each["VersionId"] for page in pages for each in page["Versions"]]
        return ManagedPolicy(
            document=self.document(arn, version),
            version=version,
            versions=tuple(dict.fromkeys((*versions, version))),  # the list may lag behind
        )

    def version_in_force(self, arn: str) -> str:
        with _met("GetPolicy", _cannot_read(arn)):
            return self._reads.get_policy(PolicyArn=arn)["Policy"]["DefaultVersionId"]

    def document(self, arn: str, version: str) -> PolicyDocument:
        with _met("GetPolicyVersion", _cannot_read(arn)):
            answer = self._reads.get_policy_version(PolicyArn=arn, VersionId=version)
        try:
            return document.read(answer["PolicyVersion"]["Document"])
        except Unfit as error:
            what = Message(
                "cannot read version {version} of IAM policy {name}: {why}",
                version=named(version),
                name=_name(arn),
                why=error.what,
            )
            raise Permanent(what, hint=error.hint) from error

    def add_version(self, arn: str, text: str) -> str:
        with _met(
            "CreatePolicyVersion", Message("cannot add a version to IAM policy {name}", name=_name(arn))
        ):
            answer = self._writes.create_policy_version(PolicyArn=arn, PolicyDocument=text, SetAsDefault=True)
        return answer["PolicyVersion"]["VersionId"]

    def drop_version(self, arn: str, version: str) -> None:
        what = Message(
            "cannot delete version {version} of IAM policy {name}", version=named(version), name=_name(arn)
        )
        with _met("DeletePolicyVersion", what):
            optional(
                lambda: self._writes.delete_policy_version(PolicyArn=arn, VersionId=version), "NoSuchEntity"
            )


@contextmanager
def _met(operation: str, what: Message) -> Iterator[None]:
    """Raise IAM's errors as ours. What changed since it was looked at is looked at again."""
    with mapped("iam", operation, what):
        try:
            yield
        except ClientError as error:
            if code_of(error) in _CHANGED_MEANWHILE or _too_many_versions(error):
                raise Temporary(what, cause=cause_of("iam", error)) from error
            raise


def _too_many_versions(error: ClientError) -> bool:
    """Somebody made one since. The same code stands for a policy that is too long, which is final."""
    words = error.response.get("Error", {}).get("Message", "")
    return code_of(error) == "LimitExceeded" and "versions" in words


def _cannot_read(arn: str) -> Message:
    return Message("cannot read IAM policy {name}", name=_name(arn))


def _name(arn: str) -> Ref:
    return named(arn.rpartition("/")[2])

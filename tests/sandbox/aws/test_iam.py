"""IAM as boto3 sees it: the two policies that are there, and AWS's limits and words."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import pytest
from botocore.exceptions import ClientError

from sandbox.aws import AwsSimulator
from sandbox.serving.callfaults import Kind
from tests.sandbox.aws.said import said

if TYPE_CHECKING:
    from mypy_boto3_iam import IAMClient

KUBEFLOW = "arn:aws:iam::123456789012:policy/policy-s3-kubeflow-an2-meerkat-prod"
SHARED = "arn:aws:s3:::s3-an2-meerkat-prod-aia"


def a_document(*resources: str, **more: Any) -> str:
    statement = {"Effect": "Allow", "Action": "s3:GetObject", "Resource": list(resources), **more}
    return json.dumps({"Version": "2012-10-17", "Statement": [statement]}, indent=4)


@pytest.fixture
def policy(iam: IAMClient, numbers: Iterator[int]) -> str:
    """The ARN of one of this test's own."""
    made = iam.create_policy(
        PolicyName=f"policy-of-test-{next(numbers)}", PolicyDocument=a_document("arn:aws:s3:::one")
    )
    return made["Policy"]["Arn"]


def add(iam: IAMClient, policy: str, document: str) -> str:
    made = iam.create_policy_version(PolicyArn=policy, PolicyDocument=document, SetAsDefault=True)
    return made["PolicyVersion"]["VersionId"]


def test_two_policies_grant_the_shared_bucket_from_the_beginning(iam: IAMClient, aws: AwsSimulator) -> None:
    seeded = {one.name: one for one in aws.policies() if "meerkat" in one.name}

    assert set(seeded) == {"policy-s3-kubeflow-an2-meerkat-prod", "policy-s3-aia-an2-meerkat-prod"}
    assert "s3-an2-meerkat-prod-aia" in [bucket.name for bucket in aws.buckets()]
    for one in seeded.values():
        assert (one.default_version, one.versions) == ("v4", ("v1", "v2", "v3", "v4"))
        assert {SHARED, f"{SHARED}/*"} <= set(one.resources)
        assert len(one.document["Statement"]) == 2
    grants = [
        [SHARED in statement["Resource"] for statement in one.document["Statement"]].index(True)
        for one in seeded.values()
    ]
    assert sorted(grants) == [0, 1]
    version = iam.get_policy_version(PolicyArn=KUBEFLOW, VersionId="v4")["PolicyVersion"]
    assert version["Document"] == seeded["policy-s3-kubeflow-an2-meerkat-prod"].document


def test_a_sixth_version_is_refused_in_aws_words(iam: IAMClient, policy: str) -> None:
    for number in range(4):
        add(iam, policy, a_document(f"arn:aws:s3:::more-{number}"))

    with pytest.raises(ClientError) as error:
        add(iam, policy, a_document("arn:aws:s3:::six"))

    words = (
        "A managed policy can have up to 5 versions. Before you create a new version, you must delete an"
        " existing version."
    )
    assert said(error) == (409, "LimitExceeded", words)
    iam.delete_policy_version(PolicyArn=policy, VersionId="v1")
    assert add(iam, policy, a_document("arn:aws:s3:::six")) == "v6"


def test_the_default_version_is_not_deleted(iam: IAMClient, policy: str) -> None:
    with pytest.raises(ClientError) as error:
        iam.delete_policy_version(PolicyArn=policy, VersionId="v1")

    assert said(error) == (409, "DeleteConflict", "Cannot delete the default version of a policy.")


def test_white_space_does_not_count_in_the_size_of_a_policy(iam: IAMClient, policy: str) -> None:
    empty = len("".join(a_document("arn:aws:s3:::").split()))
    just_right = a_document(f"arn:aws:s3:::{'x' * (6144 - empty)}")

    assert len(just_right) > 6144
    add(iam, policy, just_right)
    with pytest.raises(ClientError) as error:
        add(iam, policy, just_right.replace("xx", "xxx", 1))

    assert said(error) == (409, "LimitExceeded", "Cannot exceed quota for PolicySize: 6144")


@pytest.mark.parametrize(
    ("document", "words"),
    [
        ("{", "Syntax errors in policy."),
        (a_document(Resources="*"), "Syntax errors in policy."),
        (a_document(), "Policy statement must contain resources."),
        (a_document(""), 'Resource  must be in ARN format or "*".'),
        (a_document("my-bucket"), 'Resource my-bucket must be in ARN format or "*".'),
        (a_document("arn:aws:s3:::one", Action=[]), "Policy statement must contain actions."),
        (a_document("arn:aws:s3:::one").replace("2012", "2008"), "version 2012-10-17 or greater"),
    ],
)
def test_a_malformed_document_is_refused(iam: IAMClient, policy: str, document: str, words: str) -> None:
    with pytest.raises(ClientError) as error:
        add(iam, policy, document)

    assert said(error)[:2] == (400, "MalformedPolicyDocument")
    assert words in said(error)[2]


def test_a_policy_that_is_not_there_is_named(iam: IAMClient) -> None:
    with pytest.raises(ClientError) as error:
        iam.get_policy(PolicyArn=f"{KUBEFLOW}-not")

    assert said(error) == (404, "NoSuchEntity", f"Policy {KUBEFLOW}-not was not found.")


def test_versions_are_writes_and_looking_is_not(iam: IAMClient, aws: AwsSimulator, policy: str) -> None:
    since = len(aws.journal())

    add(iam, policy, a_document("arn:aws:s3:::two"))
    iam.get_policy(PolicyArn=policy)
    iam.delete_policy_version(PolicyArn=policy, VersionId="v1")

    name = policy.rpartition("/")[2]
    assert [(one["call"], one["resource"], one["key_id"]) for one in aws.journal(since)] == [
        ("iam.CreatePolicyVersion", name, "AKIATESTER"),
        ("iam.DeletePolicyVersion", name, "AKIATESTER"),
    ]


def test_access_denied_names_the_policy(iam: IAMClient, aws: AwsSimulator) -> None:
    aws.faults.add(Kind.ACCESS_DENIED, "iam.GetPolicy")

    with pytest.raises(ClientError) as error:
        iam.get_policy(PolicyArn=KUBEFLOW)

    words = (
        "User: arn:aws:iam::123456789012:user/workspace-bot is not authorized to perform: iam:GetPolicy"
        f" on resource: policy {KUBEFLOW} because no identity-based policy allows the iam:GetPolicy action"
    )
    assert said(error) == (403, "AccessDenied", words)


def test_throttling_carries_nothing_out(iam: IAMClient, aws: AwsSimulator, policy: str) -> None:
    aws.faults.add(Kind.THROTTLING, "iam.CreatePolicyVersion")

    with pytest.raises(ClientError) as error:
        add(iam, policy, a_document("arn:aws:s3:::two"))

    assert said(error) == (400, "Throttling", "Rate exceeded")
    assert len(iam.list_policy_versions(PolicyArn=policy)["Versions"]) == 1


def test_full_policies_have_no_room_for_the_shortest_bucket(iam: IAMClient, aws: AwsSimulator) -> None:
    aws.fill_policies()
    [full] = [one for one in aws.policies() if one.arn == KUBEFLOW]
    document, shortest = full.document, "arn:aws:s3:::s3-an2-meerkat-prod-a"
    [statement] = [one for one in document["Statement"] if SHARED in one["Resource"]]
    former = [one for one in full.resources if "former" in one]

    statement["Resource"] += [shortest, f"{shortest}/*"]
    with pytest.raises(ClientError, match="Cannot exceed quota for PolicySize: 6144"):
        iam.create_policy_version(PolicyArn=KUBEFLOW, PolicyDocument=json.dumps(document))

    assert len(former) == len(set(former)) > 100
    assert len(full.versions) <= 5


def test_relieved_policies_keep_what_came_meanwhile(iam: IAMClient, aws: AwsSimulator) -> None:
    aws.fill_policies()
    [full] = [one for one in aws.policies() if one.arn == KUBEFLOW]
    document = full.document
    [statement] = [one for one in document["Statement"] if SHARED in one["Resource"]]
    statement["Resource"][-1] = "arn:aws:s3:::mine"
    iam.delete_policy_version(PolicyArn=KUBEFLOW, VersionId=full.versions[0])
    add(iam, KUBEFLOW, json.dumps(document))

    aws.relieve_policies()
    aws.relieve_policies()

    [relieved] = [one for one in aws.policies() if one.arn == KUBEFLOW]
    assert set(relieved.resources) == {"*", SHARED, f"{SHARED}/*", "arn:aws:s3:::mine"}

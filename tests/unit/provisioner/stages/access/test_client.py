"""What IAM answers, as the stage needs it: by moto in process, or by botocore's stubber where moto cannot."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from typing import Any
from urllib.parse import quote

import boto3
import pytest
from botocore.stub import Stubber
from moto import mock_aws
from moto.core.models import MockAWS

from provisioner.clients.aws import AwsClients
from provisioner.stages.access.client import IamPolicies
from provisioner.vendor_call import Permanent, Temporary
from tests.builders import a_platform

PLATFORM = a_platform()
ARN = PLATFORM.policy_arn(PLATFORM.kubeflow_policy)
NAME = PLATFORM.kubeflow_policy
DOCUMENT = {
    "Version": "2012-10-17",
    "Statement": [
        {"Sid": "Buckets", "Effect": "Allow", "Action": "s3:*", "Resource": ["arn:aws:s3:::shared/*"]}
    ],
}
TEXT = json.dumps(DOCUMENT)

Call = Callable[[IamPolicies], object]
CALLS: dict[str, tuple[str, Call]] = {
    "look": ("get_policy", lambda policies: policies.look(ARN)),
    "version_in_force": ("get_policy", lambda policies: policies.version_in_force(ARN)),
    "document": ("get_policy_version", lambda policies: policies.document(ARN, "v1")),
    "add_version": ("create_policy_version", lambda policies: policies.add_version(ARN, TEXT)),
    "drop_version": ("delete_policy_version", lambda policies: policies.drop_version(ARN, "v1")),
}


@pytest.fixture(scope="module")
def moto() -> Iterator[MockAWS]:
    """Once for all: each start makes boto3 read IAM's whole model again."""
    with pytest.MonkeyPatch.context() as environment, mock_aws() as mock:
        environment.setenv("AWS_CONFIG_FILE", "none")
        yield mock


@pytest.fixture
def iam(moto: MockAWS) -> Any:
    """Anybody else with rights in an account that has the policy."""
    moto.reset()
    client = boto3.client("iam", region_name="ap-northeast-2")
    client.create_policy(PolicyName=NAME, PolicyDocument=TEXT)
    return client


@pytest.fixture
def policies(iam: Any) -> IamPolicies:  # noqa: ARG001 - it answers
    return IamPolicies(AwsClients(region="ap-northeast-2"))


def refuse(policies: IamPolicies, operation: str, code: str, words: str, status: int) -> None:
    """The next call of this operation is refused in these words."""
    for client in (policies._reads, policies._writes):
        stubber = Stubber(client)
        stubber.add_client_error(operation, code, words, http_status_code=status)
        stubber.activate()


def test_a_policy_is_looked_at_with_the_version_in_force_and_all_others(
    iam: Any, policies: IamPolicies
) -> None:
    newer = {**DOCUMENT, "Id": "newer"}
    iam.create_policy_version(PolicyArn=ARN, PolicyDocument=json.dumps(newer), SetAsDefault=True)
    iam.create_policy_version(PolicyArn=ARN, PolicyDocument=TEXT, SetAsDefault=False)

    found = policies.look(ARN)

    assert found is not None
    assert (found.version, found.versions, found.document.content) == ("v2", ("v1", "v2", "v3"), newer)
    assert policies.version_in_force(ARN) == "v2"
    assert policies.document(ARN, "v1").content == DOCUMENT


def test_a_policy_that_is_not_there_is_none(policies: IamPolicies) -> None:
    assert policies.look(PLATFORM.policy_arn("another")) is None


def test_T12_a_version_is_added_as_json_and_is_in_force_at_once(iam: Any, policies: IamPolicies) -> None:
    text = json.dumps({**DOCUMENT, "Id": "ours"}, indent=4)

    made = policies.add_version(ARN, text)

    version = iam.get_policy_version(PolicyArn=ARN, VersionId="v2")["PolicyVersion"]
    assert made == "v2"
    assert (version["IsDefaultVersion"], version["Document"]) == (True, json.loads(text))


def test_T37_a_version_is_dropped_and_one_that_is_gone_is_no_trouble(iam: Any, policies: IamPolicies) -> None:
    policies.add_version(ARN, TEXT)

    for _ in range(2):
        policies.drop_version(ARN, "v1")

    assert [each["VersionId"] for each in iam.list_policy_versions(PolicyArn=ARN)["Versions"]] == ["v2"]


def test_T37_a_sixth_version_is_tried_again_later(policies: IamPolicies) -> None:
    for _ in range(4):
        policies.add_version(ARN, TEXT)

    with pytest.raises(Temporary, match="cannot add a version to IAM policy policy-s3-kubeflow") as failed:
        policies.add_version(ARN, TEXT)

    assert failed.value.cause is not None
    assert failed.value.cause.raw_text.startswith("A managed policy can have up to 5 versions.")


def test_T40_a_policy_that_is_too_long_for_iam_is_final(policies: IamPolicies) -> None:
    words = "Cannot exceed quota for PolicySize: 6144"
    refuse(policies, "create_policy_version", "LimitExceeded", words, 409)

    with pytest.raises(Permanent, match=words):
        policies.add_version(ARN, TEXT)


@pytest.mark.parametrize(
    ("call", "code", "status"),
    [
        ("add_version", "NoSuchEntity", 404),
        ("add_version", "ConcurrentModification", 409),
        ("add_version", "EntityTemporarilyUnmodifiable", 409),
        ("add_version", "ServiceFailure", 500),
        ("drop_version", "DeleteConflict", 409),
        ("document", "NoSuchEntity", 404),
        ("version_in_force", "NoSuchEntity", 404),
        ("look", "Throttling", 400),
    ],
)
def test_what_changed_meanwhile_or_may_pass_is_tried_again(
    policies: IamPolicies, call: str, code: str, status: int
) -> None:
    operation, act = CALLS[call]
    refuse(policies, operation, code, "as it says", status)

    with pytest.raises(Temporary) as failed:
        act(policies)

    assert failed.value.cause is not None
    assert (failed.value.cause.service, failed.value.cause.code) == ("iam", code)


@pytest.mark.parametrize("call", CALLS)
def test_a_right_that_is_missing_is_final_and_named(policies: IamPolicies, call: str) -> None:
    operation, act = CALLS[call]
    words = f"User: bot is not authorized to perform: iam:{operation}"
    refuse(policies, operation, "AccessDenied", words, 403)

    with pytest.raises(Permanent, match=words):
        act(policies)


def test_a_document_that_iam_does_not_take_is_final(policies: IamPolicies) -> None:
    with pytest.raises(Permanent) as failed:
        policies.add_version(ARN, '{"Version": "2012-10-17", "Statement": {"Effect": "Allow"}}')

    assert failed.value.cause is not None
    assert failed.value.cause.code == "MalformedPolicyDocument"


def test_a_document_comes_in_url_encoding_and_its_own_signs_are_kept(policies: IamPolicies) -> None:
    text = TEXT.replace("shared", "shared/100%25+é")
    stubber = Stubber(policies._reads)
    stubber.add_response("get_policy_version", {"PolicyVersion": {"Document": quote(text)}})
    stubber.activate()

    assert policies.document(ARN, "v1").content == json.loads(text)


def test_versions_of_further_pages_are_seen(policies: IamPolicies) -> None:
    now = datetime(2026, 11, 23, tzinfo=UTC)
    stubber = Stubber(policies._reads)
    stubber.add_response("get_policy", {"Policy": {"DefaultVersionId": "v9"}}, {"PolicyArn": ARN})
    for page, more in ((["v9", "v8"], True), (["v3"], False)):
        versions = [{"VersionId": each, "IsDefaultVersion": each == "v9", "CreateDate": now} for each in page]
        answer = {"Versions": versions, "IsTruncated": more, **({"Marker": "m"} if more else {})}
        asked = {"PolicyArn": ARN, **({} if more else {"Marker": "m"})}
        stubber.add_response("list_policy_versions", answer, asked)
    asked = {"PolicyArn": ARN, "VersionId": "v9"}
    stubber.add_response("get_policy_version", {"PolicyVersion": {"Document": TEXT}}, asked)
    stubber.activate()

    found = policies.look(ARN)

    assert found is not None
    assert found.versions == ("v9", "v8", "v3")
    stubber.assert_no_pending_responses()


def test_a_list_that_lags_behind_does_not_hide_the_version_in_force(policies: IamPolicies) -> None:
    stubber = Stubber(policies._reads)
    stubber.add_response("get_policy", {"Policy": {"DefaultVersionId": "v2"}})
    stubber.add_response(
        "list_policy_versions", {"Versions": [{"VersionId": "v1"}], "IsTruncated": False}, {"PolicyArn": ARN}
    )
    stubber.add_response("get_policy_version", {"PolicyVersion": {"Document": TEXT}})
    stubber.activate()

    found = policies.look(ARN)

    assert found is not None
    assert found.versions == ("v1", "v2")


def test_a_document_that_cannot_be_read_is_named(policies: IamPolicies) -> None:
    stubber = Stubber(policies._reads)
    stubber.add_response("get_policy_version", {"PolicyVersion": {"Document": "%5B%5D"}})
    stubber.activate()

    with pytest.raises(Permanent) as failed:
        policies.document(ARN, "v7")

    assert str(failed.value) == (f"cannot read version v7 of IAM policy {NAME}: it isn't a policy document")
    assert "restore a valid version of it" in str(failed.value.hint)

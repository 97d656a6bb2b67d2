"""The bucket's laws over S3, as ministack and its front speak it."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest
from botocore.exceptions import ClientError

from provisioner.engine.stage import Goal
from provisioner.stages.bucket.stage import BucketStage
from provisioner.vendor_call import Interrupted, NotOurs, Permanent, Temporary
from sandbox.serving.callfaults import Kind
from tests.builders import a_workspace
from tests.integration.stages.conftest import REGION, Aws, pass_time, utc_now
from tests.laws.stage_laws import Fresh, StageCase, StageLaws, Trip, made

SHARED = "s3-an2-meerkat-prod-aia"
WRITES = frozenset(
    {"create", "block_public_access", "encrypt", "set_policy", "abort", "delete_versions", "delete"}
)


def a_case(aws: Aws, project: str) -> StageCase:
    ws, s3 = a_workspace(project), aws.s3
    tags = {"workspace-bot/project": project, "workspace-bot/cluster": ws.platform.cluster}

    def make(tags: dict[str, str]) -> None:
        made_of: Any = {
            "LocationConstraint": REGION,
            "Tags": [{"Key": key, "Value": value} for key, value in tags.items()],
        }
        s3.create_bucket(Bucket=ws.bucket, CreateBucketConfiguration=made_of)

    def ours() -> str | None:
        look = aws.buckets.look
        try:
            described = (
                s3.get_bucket_tagging(Bucket=ws.bucket)["TagSet"],
                [look(ws.bucket, contents=each) for each in (False, True)],
            )
        except ClientError:
            return None
        return str(described).replace(project, "P")

    return StageCase(
        ws=ws,
        client=aws.buckets,
        writes=WRITES,
        stage=BucketStage,
        clock=utc_now,
        pass_time=pass_time,
        ours=ours,
        neighbours=lambda: [item["Key"] for item in s3.list_objects_v2(Bucket=SHARED)["Contents"]],
        halves={"no more than created": lambda: make(tags)},
        strangers={
            "another account's": lambda: aws.simulator.add_foreign_bucket(ws.bucket),
            "untagged": lambda: make({"team": "vision"}),
            "another project's": lambda: make({"workspace-bot/project": "another"}),
        },
    )


def fill(aws: Aws, case: StageCase) -> None:
    bucket = case.ws.bucket
    aws.s3.put_bucket_versioning(Bucket=bucket, VersioningConfiguration={"Status": "Enabled"})
    for body in (b"first", b"second"):
        for key in ("data/a", "data/b"):
            aws.s3.put_object(Bucket=bucket, Key=key, Body=body)
    aws.s3.delete_object(Bucket=bucket, Key="data/b")
    aws.s3.create_multipart_upload(Bucket=bucket, Key="data/big")


@pytest.fixture(scope="module", autouse=True)
def _shared(aws: Aws) -> None:
    aws.s3.put_object(Bucket=SHARED, Key="model.bin", Body=b"everybody's")


@pytest.fixture(autouse=True)
def _no_faults(aws: Aws) -> Iterator[None]:
    yield
    aws.simulator.faults.clear()


@pytest.fixture
def fresh(aws: Aws, projects: Iterator[str]) -> Fresh:
    return lambda: a_case(aws, next(projects))


class TestLaws(StageLaws):
    pass


def test_T28_the_tags_are_in_the_creating_call(aws: Aws, fresh: Fresh) -> None:
    case = fresh()
    trip = Trip(case, Goal.PRESENT, stop_before=2)

    with pytest.raises(Interrupted):
        trip.arrive()

    assert aws.s3.get_bucket_tagging(Bucket=case.ws.bucket)["TagSet"][0]["Value"] == case.ws.project


def test_T28_what_s3_says_of_a_finished_bucket(aws: Aws, fresh: Fresh) -> None:
    bucket = made(fresh()).ws.bucket

    block = aws.s3.get_public_access_block(Bucket=bucket)["PublicAccessBlockConfiguration"]
    policy = json.loads(aws.s3.get_bucket_policy(Bucket=bucket)["Policy"])
    assert all(block.values())
    assert [each["Sid"] for each in policy["Statement"]] == ["DenyInsecureTransport"]
    assert aws.s3.get_bucket_location(Bucket=bucket)["LocationConstraint"] == REGION
    assert aws.s3.get_bucket_encryption(Bucket=bucket)["ServerSideEncryptionConfiguration"]["Rules"]


def test_T29_a_name_of_another_account_is_refused(aws: Aws, fresh: Fresh) -> None:
    case = fresh()
    aws.simulator.add_foreign_bucket(case.ws.bucket)

    with pytest.raises(NotOurs, match="belongs to another AWS account"):
        Trip(case, Goal.PRESENT).changes()


def test_T29_a_name_that_another_account_takes_meanwhile_is_refused(aws: Aws, fresh: Fresh) -> None:
    case = fresh()
    aws.simulator.add_foreign_bucket(case.ws.bucket)

    with pytest.raises(NotOurs) as refused:
        aws.buckets.create(case.ws.bucket, tags={})

    assert refused.value.cause is not None
    assert refused.value.cause.code == "BucketAlreadyExists"


def test_T30_versions_markers_and_uploads_go_before_the_bucket(aws: Aws, fresh: Fresh) -> None:
    case = made(fresh())
    fill(aws, case)

    (change,) = Trip(case, Goal.ABSENT).changes()
    Trip(case, Goal.ABSENT).arrive()

    assert str(change.detail) == "1 object, 22 B in 4 versions, 1 unfinished upload"
    assert case.ours() is None


@pytest.mark.parametrize("number", [1, 2, 3])
def test_T30_emptying_goes_on_where_it_stopped(aws: Aws, fresh: Fresh, number: int) -> None:
    case = made(fresh())
    fill(aws, case)
    with pytest.raises(Interrupted):
        Trip(case, Goal.ABSENT, stop_before=number).arrive()

    Trip(case, Goal.ABSENT).arrive()

    assert case.ours() is None


def test_a_lost_answer_to_the_creating_call_is_looked_into(aws: Aws, fresh: Fresh) -> None:
    case = fresh()
    aws.simulator.faults.add(Kind.LOST_ANSWER, "s3.CreateBucket")

    with pytest.raises(Temporary):
        Trip(case, Goal.PRESENT).turn()
    Trip(case, Goal.PRESENT).arrive()

    assert case.ours() == made(fresh()).ours()


def test_throttling_is_tried_again_later(aws: Aws, fresh: Fresh) -> None:
    aws.simulator.faults.add(Kind.THROTTLING, "s3.CreateBucket", times=0)

    with pytest.raises(Temporary) as failed:
        Trip(fresh(), Goal.PRESENT).turn()

    assert failed.value.cause is not None
    assert failed.value.cause.code == "SlowDown"
    assert failed.value.retry_after is not None


def test_a_missing_right_is_final_and_named(aws: Aws, fresh: Fresh) -> None:
    aws.simulator.faults.add(Kind.ACCESS_DENIED, "s3.GetBucketTagging")

    with pytest.raises(Permanent, match="not authorized to perform: s3:GetBucketTagging") as failed:
        Trip(fresh(), Goal.PRESENT).changes()

    assert not isinstance(failed.value, NotOurs)
    assert failed.value.cause is not None
    assert (failed.value.cause.service, failed.value.cause.request_id != "") == ("s3", True)

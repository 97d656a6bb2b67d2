"""The laws of the two shared policies over IAM, as ministack and its front speak it."""

from __future__ import annotations

import json
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from functools import cache
from threading import Lock
from typing import Any

import pytest

from provisioner.engine.stage import Goal
from provisioner.stages.access.stage import BucketAccessStage, ManagedPolicy
from provisioner.vendor_call import Permanent, Temporary
from provisioner.workspace import Workspace
from sandbox.serving.callfaults import Kind
from tests.builders import a_platform, a_workspace
from tests.integration.stages.conftest import Aws, pass_time, utc_now
from tests.laws.stage_laws import Fresh, StageCase, StageLaws, Trip, begun, both, made
from tests.unit.provisioner.stages.access.access import aia, kubeflow, lock_of

SEEDED = a_platform()
WRITES = frozenset({"add_version", "drop_version"})


def arn_of(ws: Workspace, stage: Any) -> str:
    return ws.platform.policy_arn(lock_of(stage(None, None), ws).removeprefix("policy/"))


def look(aws: Aws, arn: str) -> ManagedPolicy:
    found = aws.policies.look(arn)
    assert found is not None
    return found


@cache
def seeded_texts(aws: Aws, policy: str) -> list[str]:
    """All versions of one that was there from the beginning, up to the one in force."""
    return [aws.policies.document(SEEDED.policy_arn(policy), f"v{number}").text for number in range(1, 5)]


def a_case(aws: Aws, project: str, stage: Any = kubeflow) -> StageCase:
    """On policies of its own, so that none fills up with what other tests leave behind."""
    ws = a_workspace("alpha", platform=a_platform(env=project))
    arn = arn_of(ws, stage)
    for name, seeded in (
        (ws.platform.kubeflow_policy, SEEDED.kubeflow_policy),
        (ws.platform.aia_policy, SEEDED.aia_policy),
    ):
        texts = seeded_texts(aws, seeded)
        if ws.platform.policy_arn(name) != arn:
            texts = texts[-1:]
        aws.iam.create_policy(PolicyName=name, PolicyDocument=texts[0])
        for text in texts[1:]:
            aws.policies.add_version(arn, text)

    def rest() -> list[Any]:
        names = (ws.platform.kubeflow_policy, ws.platform.aia_policy)
        found = [look(aws, ws.platform.policy_arn(name)).document for name in names]
        return [document.without_bucket(ws.bucket_arns).content for document in found]

    def half(number: int) -> None:
        document = look(aws, arn).document.with_bucket(ws.bucket_arns[number : number + 1])
        aws.iam.create_policy_version(PolicyArn=arn, PolicyDocument=document.text, SetAsDefault=True)

    def by_hand() -> None:
        aws.s3.create_bucket(
            Bucket=ws.bucket, CreateBucketConfiguration={"LocationConstraint": "ap-northeast-2"}
        )
        half(0)

    return StageCase(
        ws=ws,
        client=aws.policies,
        writes=WRITES,
        stage=lambda policies: stage(policies, aws.buckets),
        clock=utc_now,
        pass_time=pass_time,
        ours=lambda: [look(aws, arn).document.lists(each) for each in ws.bucket_arns],
        neighbours=rest,
        halves={"the bucket alone": lambda: half(0), "its objects alone": lambda: half(1)},
        strangers={"of a bucket made by hand": by_hand},
    )


@pytest.fixture(autouse=True)
def _no_faults(aws: Aws) -> Iterator[None]:
    yield
    aws.simulator.faults.clear()


@pytest.fixture
def fresh(aws: Aws, projects: Iterator[str]) -> Fresh:
    return lambda: a_case(aws, next(projects))


class TestLaws(StageLaws):
    """One class serves both policies: over the fake, the laws are run for both."""


@pytest.mark.parametrize(("stage", "number"), [(kubeflow, 1), (aia, 0)], ids=["kubeflow", "aia"])
def test_T33_T36_both_arns_stand_in_the_statement_that_grants_the_shared_bucket(
    aws: Aws, projects: Iterator[str], stage: Any, number: int
) -> None:
    case = a_case(aws, next(projects), stage)
    before = look(aws, arn_of(case.ws, stage)).document

    made(case)

    after = look(aws, arn_of(case.ws, stage)).document
    assert after.statements[number]["Resource"] == [
        *before.statements[number]["Resource"],
        *case.ws.bucket_arns,
    ]
    assert after.without_bucket(case.ws.bucket_arns) == before


def test_T37_the_oldest_version_makes_room_only_at_the_limit(aws: Aws, fresh: Fresh) -> None:
    case = made(fresh())
    arn = arn_of(case.ws, kubeflow)
    full = look(aws, arn)

    (change,) = Trip(case, Goal.ABSENT).changes()
    Trip(case, Goal.ABSENT).arrive()

    assert (full.version, full.versions) == ("v5", ("v1", "v2", "v3", "v4", "v5"))
    assert str(change.detail) == "deletes version v1, the oldest unused one"
    assert look(aws, arn).versions == ("v2", "v3", "v4", "v5", "v6")


def test_T37_a_version_in_force_is_kept_by_iam_and_looked_at_again(aws: Aws, fresh: Fresh) -> None:
    arn = arn_of(fresh().ws, kubeflow)

    with pytest.raises(Temporary) as refused:
        aws.policies.drop_version(arn, "v4")

    assert refused.value.cause is not None
    assert refused.value.cause.code == "DeleteConflict"


def test_T37_a_sixth_version_is_tried_again_later(aws: Aws, fresh: Fresh) -> None:
    arn = arn_of(made(fresh()).ws, kubeflow)

    with pytest.raises(Temporary, match="A managed policy can have up to 5 versions"):
        aws.policies.add_version(arn, look(aws, arn).document.text)


def test_T40_our_count_of_characters_is_iams(aws: Aws, fresh: Fresh) -> None:
    case = fresh()
    arn = arn_of(case.ws, kubeflow)
    document = look(aws, arn).document
    most = document.with_bucket(["arn:aws:s3:::" + "x" * (6144 - document.size - 16)])
    over = document.with_bucket(["arn:aws:s3:::" + "x" * (6144 - document.size - 15)])
    assert (most.size, over.size) == (6144, 6145)

    with pytest.raises(Permanent, match="Cannot exceed quota for PolicySize: 6144"):
        aws.policies.add_version(arn, over.text)
    aws.policies.add_version(arn, most.text)

    with pytest.raises(Permanent, match="characters over the size limit"):
        Trip(case, Goal.PRESENT).changes()


def test_T41_iam_takes_no_statement_without_a_resource(aws: Aws, fresh: Fresh) -> None:
    arn = arn_of(fresh().ws, kubeflow)
    text = json.dumps(
        {
            "Version": "2012-10-17",
            "Statement": [{"Effect": "Allow", "Action": "s3:*", "Resource": []}],
        }
    )

    with pytest.raises(Permanent) as refused:
        aws.policies.add_version(arn, text)

    assert refused.value.cause is not None
    assert refused.value.cause.code == "MalformedPolicyDocument"


def test_a_document_in_other_letters_comes_back_as_it_was_sent(aws: Aws, fresh: Fresh) -> None:
    case = fresh()
    arn = arn_of(case.ws, kubeflow)
    content: dict[str, Any] = json.loads(look(aws, arn).document.text)
    content["Statement"][1]["Condition"] = {
        "StringEquals": {"aws:PrincipalTag/team": ["팀 é", "100%25 + more", 'a"b\\c', "🚀"]}
    }
    aws.policies.drop_version(arn, "v1")
    aws.iam.create_policy_version(PolicyArn=arn, PolicyDocument=json.dumps(content), SetAsDefault=True)

    made(case)

    after = look(aws, arn).document
    assert after.lists(case.ws.bucket_arns[0])
    assert after.without_bucket(case.ws.bucket_arns).content == content


@both
def test_a_lost_answer_makes_no_second_version(aws: Aws, fresh: Fresh, goal: Goal) -> None:
    case = begun(fresh(), goal)
    arn = arn_of(case.ws, kubeflow)
    newest = int(look(aws, arn).newest[1:])
    aws.simulator.faults.add(Kind.LOST_ANSWER, "iam.CreatePolicyVersion")

    with pytest.raises(Temporary):
        Trip(case, goal).turn()
    between = look(aws, arn).newest
    Trip(case, goal).arrive()

    assert (between, look(aws, arn).newest) == (f"v{newest + 1}", f"v{newest + 1}")
    assert case.ours() == [goal is Goal.PRESENT] * 2


def test_a_lost_answer_to_a_drop_drops_no_second_version(aws: Aws, fresh: Fresh) -> None:
    case = made(fresh())
    aws.simulator.faults.add(Kind.LOST_ANSWER, "iam.DeletePolicyVersion")

    with pytest.raises(Temporary):
        Trip(case, Goal.ABSENT).turn()
    Trip(case, Goal.ABSENT).arrive()

    assert look(aws, arn_of(case.ws, kubeflow)).versions == ("v2", "v3", "v4", "v5", "v6")


def test_throttling_is_tried_again_later(aws: Aws, fresh: Fresh) -> None:
    case = fresh()
    aws.simulator.faults.add(Kind.THROTTLING, "iam.CreatePolicyVersion", times=0)

    with pytest.raises(Temporary) as failed:
        Trip(case, Goal.PRESENT).turn()

    assert failed.value.cause is not None
    assert failed.value.cause.code == "Throttling"
    assert failed.value.retry_after is not None


@pytest.mark.parametrize("operation", ["GetPolicy", "GetPolicyVersion", "ListPolicyVersions"])
def test_a_missing_right_to_look_is_final_and_named(aws: Aws, fresh: Fresh, operation: str) -> None:
    trip = Trip(fresh(), Goal.PRESENT)
    aws.simulator.faults.add(Kind.ACCESS_DENIED, f"iam.{operation}")

    with pytest.raises(Permanent, match=f"not authorized to perform: iam:{operation}"):
        trip.changes()


@pytest.mark.parametrize("operation", ["CreatePolicyVersion", "DeletePolicyVersion"])
def test_a_missing_right_to_edit_is_final_and_named(aws: Aws, fresh: Fresh, operation: str) -> None:
    trip = Trip(made(fresh()), Goal.ABSENT)
    aws.simulator.faults.add(Kind.ACCESS_DENIED, f"iam.{operation}")

    with pytest.raises(Permanent, match=f"not authorized to perform: iam:{operation}"):
        trip.arrive()


def test_a_policy_that_is_not_there_is_told(aws: Aws) -> None:
    ws = a_workspace(platform=a_platform(env="nowhere"))
    stage = kubeflow(aws.policies, aws.buckets)

    with pytest.raises(Permanent, match=("IAM policy policy-s3-kubeflow-an2-meerkat-nowhere doesn't exist")):
        stage.plan(ws, stage.observe(ws, Goal.PRESENT), Goal.PRESENT)
    assert stage.plan(ws, stage.observe(ws, Goal.ABSENT), Goal.ABSENT) == ()


@pytest.mark.long
def test_T5_T31_T39_twenty_creates_and_deletes_at_once_lose_nothing(
    aws: Aws, projects: Iterator[str]
) -> None:
    """On the policies as they were from the beginning; each has a lock for a turn, as the engine does it."""
    spaces = [a_workspace(next(projects)) for _ in range(20)]
    goals = [Goal.PRESENT, Goal.ABSENT] * 10
    leaving = [
        arn for ws, goal in zip(spaces, goals, strict=True) if goal is Goal.ABSENT for arn in ws.bucket_arns
    ]
    arns = [SEEDED.policy_arn(name) for name in (SEEDED.kubeflow_policy, SEEDED.aia_policy)]
    before = [look(aws, arn).document for arn in arns]
    for arn, document in zip(arns, before, strict=True):
        aws.policies.add_version(arn, document.with_bucket(leaving).text)
    stages = [(stage(aws.policies, aws.buckets), Lock()) for stage in (kubeflow, aia)]

    def travel(ws: Workspace, goal: Goal) -> None:
        for stage, lock in stages:
            trip = Trip(on(stage, ws, aws), goal)
            for _ in range(20):
                with lock:
                    _, wait = trip.turn()
                if wait is None:
                    break

    with ThreadPoolExecutor(max_workers=4) as pool:
        list(pool.map(travel, spaces, goals))

    for arn, document in zip(arns, before, strict=True):
        after = look(aws, arn).document
        for ws, goal in zip(spaces, goals, strict=True):
            assert [after.lists(each) for each in ws.bucket_arns] == [goal is Goal.PRESENT] * 2
            after = after.without_bucket(ws.bucket_arns)
        assert after == document


def on(stage: BucketAccessStage, ws: Workspace, aws: Aws) -> StageCase:
    """One stage for all runs, as in the bot."""
    return StageCase(
        ws=ws,
        client=aws.policies,
        writes=WRITES,
        stage=lambda _: stage,
        clock=utc_now,
        pass_time=pass_time,
        ours=lambda: None,
        neighbours=lambda: None,
        halves={},
        strangers={},
    )

"""The bucket in the shared policies: the laws over the fake, and the runbook's traps."""

from __future__ import annotations

import json
from copy import deepcopy
from dataclasses import replace
from typing import Any

import pytest

from provisioner.engine.stage import Goal, Verb
from provisioner.ownership import Tags
from provisioner.stages.access.stage import AccessSeen, BucketAccessStage, Policies
from provisioner.vendor_call import Interrupted, NotOurs, Permanent, Temporary
from tests.builders import a_platform, a_workspace
from tests.fakes.clock import FakeClock
from tests.fakes.fuse import CrashNow
from tests.fakes.iam import FakeIam, FakePolicy
from tests.fakes.s3 import FakeBucket, FakeS3
from tests.laws.stage_laws import Fresh, StageCase, StageLaws, Trip, begun, both, made
from tests.unit.provisioner.stages.access.access import (
    ARN,
    SHARED,
    WS,
    a_case,
    a_document,
    a_policy,
    aia,
    an_iam,
    iam_of,
    kubeflow,
    lock_of,
    policy_of,
    resources,
)


class TestLawsForKubeflow(StageLaws):
    """`KubeflowAccessStage`."""

    @pytest.fixture
    def fresh(self) -> Fresh:
        return a_case


class TestLawsForAiConductor(StageLaws):
    """`ConductorAccessStage`."""

    @pytest.fixture
    def fresh(self) -> Fresh:
        return lambda: a_case(stage=aia)


class TestLawsWhileIamIsBehind(StageLaws):
    """T42. A process that was ended comes back no sooner than IAM shows what it did."""

    @pytest.fixture
    def fresh(self) -> Fresh:
        def slow() -> StageCase:
            iam = an_iam(behind=5)

            def started(policies: Policies, buckets: Tags) -> BucketAccessStage:
                iam.clock.pass_by(5)
                return kubeflow(policies, buckets)

            return a_case(iam, stage=started)

        return slow


# Which policy, which change


def test_each_stage_locks_and_edits_its_own_policy() -> None:
    iam = an_iam()
    made(a_case(iam, stage=aia))

    assert lock_of(kubeflow(iam), WS) == "policy/policy-s3-kubeflow-an2-meerkat-prod"
    assert lock_of(aia(iam), WS) == "policy/policy-s3-aia-an2-meerkat-prod"
    assert (kubeflow(iam).name, aia(iam).name) == ("s3-access-kubeflow", "s3-access-aia")
    assert [len(policy.versions) for policy in iam.policies.values()] == [4, 5]


def test_T5_T36_all_four_arns_are_put_in_and_taken_out_of_both_policies() -> None:
    iam = an_iam()
    for stage in (kubeflow, aia):
        made(a_case(iam, stage=stage))
    there = [resources(policy) for policy in iam.policies.values()]

    for stage in (kubeflow, aia):
        Trip(a_case(iam, stage=stage), Goal.ABSENT).arrive()

    assert there == [[*SHARED, *WS.bucket_arns]] * 2
    assert [resources(policy) for policy in iam.policies.values()] == [SHARED, SHARED]


def test_T3_both_directions_go_by_the_same_name() -> None:
    case = a_case()

    (put,), (taken,) = Trip(case, Goal.PRESENT).changes(), Trip(made(case), Goal.ABSENT).changes()

    target = "S3 access to s3-an2-meerkat-prod-alpha in IAM policy policy-s3-kubeflow-an2-meerkat-prod"
    assert (put.verb, str(put.target), put.detail) == (Verb.CREATE, target, None)
    assert (taken.verb, str(taken.target), taken.destroys_data) == (Verb.DELETE, target, False)


def test_T36_half_of_it_is_an_update() -> None:
    case = a_case()
    case.halves["its objects alone"]()

    (change,) = Trip(case, Goal.PRESENT).changes()

    assert change.verb is Verb.UPDATE


def test_T4_an_equal_document_is_not_written_again() -> None:
    case = made(a_case())
    before = deepcopy(policy_of(case))
    stage, seen = (
        kubeflow(case.client),
        kubeflow(FakeIam(FakeClock(), {ARN: a_policy()})).observe(WS, Goal.PRESENT),
    )

    trip = Trip(case, Goal.PRESENT)
    wait = stage.ensure(WS, seen, trip.context)  # planned on what was there before

    assert (wait, policy_of(case)) == (None, before)


class Deaf:
    """A client whose writes are accepted and come to nothing."""

    def __init__(self, iam: FakeIam) -> None:
        self._iam = iam

    def __getattr__(self, name: str) -> Any:
        return getattr(self._iam, name)

    def add_version(self, arn: str, text: str) -> str:
        del arn, text
        return "v5"


def test_T4_an_edit_is_believed_when_it_is_read_back() -> None:
    case = a_case()
    case.client = Deaf(iam_of(case))
    trip = Trip(case, Goal.PRESENT)

    _, wait = trip.turn()

    assert wait is not None
    assert trip.changes() != ()


def test_T31_after_a_delete_neither_policy_lists_anything_of_the_bucket() -> None:
    iam = an_iam()
    for stage in (kubeflow, aia):
        Trip(made(a_case(iam, stage=stage)), Goal.ABSENT).arrive()

    assert not [policy for policy in iam.policies.values() if WS.bucket in json.dumps(policy.document)]


def test_T33_a_policy_in_which_two_statements_could_be_meant_is_refused_before_anybody_is_asked() -> None:
    case = a_case()
    document: Any = a_document()
    document["Statement"].append({"Sid": "Old", "Effect": "Allow", "Action": "s3:Get*", "Resource": SHARED})
    policy_of(case).add(document)

    with pytest.raises(Permanent) as refused:
        Trip(case, Goal.PRESENT).changes()

    assert str(refused.value) == (
        "cannot edit IAM policy policy-s3-kubeflow-an2-meerkat-prod: several statements allow S3 "
        "access to listed buckets: statement 2, statement 3 (Old)"
    )
    assert "merge them" in str(refused.value.hint)


def test_T41_the_last_resource_of_a_statement_is_not_removed() -> None:
    case = a_case()
    document: Any = a_document()
    document["Statement"][1]["Resource"] = [*WS.bucket_arns]
    policy_of(case).add(document)

    with pytest.raises(Permanent, match="statement 2 lists no other resources") as refused:
        Trip(case, Goal.ABSENT).changes()

    assert "list another bucket there" in str(refused.value.hint)


def test_a_policy_that_is_not_there_cannot_be_made_by_us() -> None:
    case = a_case()
    del iam_of(case).policies[ARN]
    trip = Trip(case, Goal.PRESENT)

    for act in (trip.changes, lambda: trip.stage.ensure(WS, AccessSeen(policy=None), trip.context)):
        with pytest.raises(Permanent, match=("IAM policy policy-s3-kubeflow-an2-meerkat-prod doesn't exist")):
            act()


def test_a_policy_that_is_not_there_grants_nothing_that_could_be_removed() -> None:
    case = a_case()
    del iam_of(case).policies[ARN]
    trip = Trip(case, Goal.ABSENT)

    assert (trip.changes(), trip.stage.remove(WS, AccessSeen(policy=None), trip.context)) == ((), None)


@both
def test_a_policy_that_goes_in_the_middle_is_looked_for_again(goal: Goal) -> None:
    case = begun(a_case(), goal)
    trip = Trip(case, goal)
    iam_of(case).meanwhile = [lambda: iam_of(case).policies.pop(ARN)]

    assert trip.turn()[1] is None
    assert trip.wire.made == []


# Versions


def test_T37_nothing_is_dropped_below_the_limit() -> None:
    assert Trip(a_case(), Goal.PRESENT).arrive().wire.made == ["add_version"]


def test_T37_at_the_limit_the_oldest_that_is_not_in_force_makes_room() -> None:
    case = a_case()
    policy_of(case).add(a_document())

    trip = Trip(case, Goal.PRESENT)
    (change,) = trip.changes()
    trip.arrive()

    assert str(change.detail) == "deletes version v1, the oldest unused one"
    assert trip.wire.made == ["drop_version", "add_version"]
    assert list(policy_of(case).versions) == ["v2", "v3", "v4", "v5", "v6"]
    assert policy_of(case).in_force == "v6"


def test_T37_v2_is_kept_where_it_is_in_force_and_v10_is_newer_than_v9() -> None:
    policy = FakePolicy(counted=7)
    for _ in range(5):
        policy.add(a_document())
    del policy.versions["v8"]
    policy.versions = {"v2": json.dumps(a_document()), **policy.versions}
    policy.in_force = "v2"
    case = a_case(FakeIam(FakeClock(), {ARN: policy}))

    made(case)

    assert list(policy.versions) == ["v2", "v10", "v11", "v12", "v13"]


def test_T37_the_text_of_what_is_dropped_is_journalled_before() -> None:
    case = a_case()
    policy_of(case).add(a_document())
    oldest = json.loads(policy_of(case).versions["v1"])
    trip = Trip(case, Goal.PRESENT, dies_after=1)

    with pytest.raises(CrashNow):
        trip.arrive()

    recorded = next(line for line in trip.context.told if line.startswith("version v1 of IAM policy"))
    assert json.loads(recorded[recorded.index("{") :]) == {"policy": ARN, "version": "v1", "document": oldest}
    assert "v1" not in policy_of(case).versions


def test_T37_nothing_is_dropped_when_told_to_stop_before() -> None:
    case = a_case()
    policy_of(case).add(a_document())

    with pytest.raises(Interrupted):
        Trip(case, Goal.PRESENT, stop_before=1).arrive()

    assert len(policy_of(case).versions) == 5


def test_T37_a_version_somebody_made_meanwhile_is_tried_again_later() -> None:
    case = a_case()
    iam_of(case).meanwhile = [lambda: None, lambda: policy_of(case).add({}, in_force=False)]

    with pytest.raises(Temporary) as failed:
        Trip(case, Goal.PRESENT).turn()

    assert failed.value.cause is not None
    assert failed.value.cause.code == "LimitExceeded"
    assert str(Trip(case, Goal.PRESENT).arrive().case.ours()) == str([*WS.bucket_arns])


def test_T38_a_newer_version_that_is_not_in_force_is_told_and_left_alone() -> None:
    case = a_case()
    draft = policy_of(case).add({**a_document(), "Id": "a draft"}, in_force=False)

    (change,) = Trip(case, Goal.PRESENT).changes()
    made(case)

    assert str(change.detail) == (
        "deletes version v1, the oldest unused one; based on version v4, which is in use, not on the newer v5"
    )
    assert "Id" not in policy_of(case).document
    assert draft in policy_of(case).versions


# Size


def crowded(size: int) -> FakePolicy:
    """A policy of exactly this many characters, white space not counted."""
    policy, listed = FakePolicy(), "arn:aws:s3:::s3-an2-meerkat-prod-gone"
    document = a_document(listed)
    lacks = size - len(json.dumps(document, separators=(",", ":")))
    policy.add(a_document(listed + "x" * lacks))
    return policy


OURS_LENGTH = sum(len(arn) + 3 for arn in WS.bucket_arns)


def test_T40_a_policy_that_would_be_too_long_is_refused_before_anybody_is_asked() -> None:
    case = a_case(FakeIam(FakeClock(), {ARN: crowded(6144 - OURS_LENGTH + 7)}))

    with pytest.raises(Permanent) as refused:
        Trip(case, Goal.PRESENT).changes()

    assert str(refused.value) == (
        "cannot add S3 bucket s3-an2-meerkat-prod-alpha to IAM policy "
        "policy-s3-kubeflow-an2-meerkat-prod: 7 characters over the size limit"
    )


def test_T40_a_policy_that_just_fits_is_written() -> None:
    case = a_case(FakeIam(FakeClock(), {ARN: crowded(6144 - OURS_LENGTH)}))

    (change,) = Trip(case, Goal.PRESENT).changes()
    made(case)

    assert str(change.detail) == "the policy will be nearly full: 6,144 of 6,144 characters"
    assert case.ours() == [*WS.bucket_arns]


@pytest.mark.parametrize(("size", "told"), [(4915, False), (4916, True)])
def test_T40_from_80_percent_on_it_is_told(size: int, told: bool) -> None:  # noqa: FBT001 - a case's value
    case = a_case(FakeIam(FakeClock(), {ARN: crowded(size - OURS_LENGTH)}))

    (change,) = Trip(case, Goal.PRESENT).changes()

    assert ("nearly full: 4,916 of 6,144" in str(change.detail)) is told


def test_T40_the_size_is_looked_at_again_at_the_write() -> None:
    case = a_case()
    iam_of(case).meanwhile = [lambda: iam_of(case).policies.update({ARN: crowded(6140)})]

    with pytest.raises(Permanent, match="over the size limit"):
        Trip(case, Goal.PRESENT).turn()

    assert len(policy_of(case).versions) == 1


def test_T40_removing_is_possible_from_a_policy_that_is_full() -> None:
    policy = crowded(6144 - OURS_LENGTH)
    case = made(a_case(FakeIam(FakeClock(), {ARN: policy})))

    assert Trip(case, Goal.ABSENT).arrive().case.ours() == []


def test_a_platform_elsewhere_has_its_own_policies() -> None:
    platform = a_platform(env="dev")

    lock = lock_of(kubeflow(an_iam()), a_workspace(platform=platform))
    assert lock == "policy/policy-s3-kubeflow-an2-meerkat-dev"


def test_access_to_a_bucket_made_by_hand_stays_as_it_is() -> None:
    """Whoever made the bucket gave it this access: to take it away would stop their work."""
    case = a_case()
    case.strangers["of a bucket made by hand"]()

    with pytest.raises(NotOurs, match="already exists and wasn't created by this bot"):
        Trip(case, Goal.ABSENT).arrive()

    assert WS.bucket_arns[0] in resources(policy_of(case))


def test_T31_access_to_a_bucket_of_another_account_is_taken_away() -> None:
    """Ours is gone, and somebody has taken its name: the grant would let our pods write to theirs."""
    s3 = FakeS3()
    case = made(a_case(s3=s3))
    s3.elsewhere.add(WS.bucket)

    Trip(case, Goal.ABSENT).arrive()

    assert case.ours() == []


def test_the_bucket_is_not_looked_at_where_the_policy_does_not_name_it() -> None:
    s3 = FakeS3()
    s3.buckets[WS.bucket] = FakeBucket()
    case = a_case(s3=s3)

    assert all(kubeflow(case.client, s3).observe(WS, goal).bucket is None for goal in Goal)
    assert Trip(case, Goal.ABSENT).changes() == ()


@both
def test_one_version_serves_all_who_wait_in_line(goal: Goal) -> None:
    case, other = a_case(), a_workspace("beta")
    if goal is Goal.ABSENT:
        for ws in (WS, other):
            Trip(replace(case, ws=ws), Goal.PRESENT).arrive()
    trip = Trip(case, goal)
    trip.context.others = [other]

    trip.arrive()

    assert trip.wire.made.count("add_version") == 1
    assert Trip(replace(case, ws=other), goal).changes() == ()
    there = [arn in resources(policy_of(case)) for ws in (WS, other) for arn in ws.bucket_arns]
    assert set(there) == {goal is Goal.PRESENT}


def test_who_does_not_fit_any_more_keeps_nobody_else_from_it() -> None:
    case = a_case()
    many = [a_workspace(f"crowd{number}") for number in range(200)]
    trip = Trip(case, Goal.PRESENT)
    trip.context.others = many

    trip.arrive()

    assert set(WS.bucket_arns) <= set(resources(policy_of(case)))
    with pytest.raises(Permanent, match="over the size limit"):
        Trip(replace(case, ws=many[-1]), Goal.PRESENT).changes()

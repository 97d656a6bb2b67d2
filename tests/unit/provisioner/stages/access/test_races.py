"""Others who edit the shared policies at the same time, and an IAM that shows late what was done."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from provisioner.engine.stage import Goal
from provisioner.message import Json
from provisioner.stages.access.stage import KubeflowAccessStage
from provisioner.vendor_call import Permanent, Temporary
from tests.builders import a_workspace
from tests.fakes.clock import FakeClock
from tests.fakes.fuse import CrashNow
from tests.fakes.iam import FakeIam, FakeWrites
from tests.laws.stage_laws import Trip, begun, both, made
from tests.unit.provisioner.stages.access.access import (
    ARN,
    SHARED,
    WS,
    a_case,
    a_document,
    a_policy,
    an_iam,
    iam_of,
    kubeflow,
    policy_of,
    resources,
)

# Others who edit at the same time


def test_T39_the_edit_is_made_on_the_newest_document() -> None:
    case = a_case()
    theirs = a_document("arn:aws:s3:::theirs")
    iam_of(case).meanwhile = [lambda: policy_of(case).add(theirs)]  # after it was planned

    made(case)

    assert resources(policy_of(case)) == [*SHARED, "arn:aws:s3:::theirs", *WS.bucket_arns]


@both
def test_T39_it_is_compared_again_just_before_the_write(goal: Goal) -> None:
    iam = an_iam()
    iam.policies[ARN] = a_policy(versions=1)
    case = begun(a_case(iam), goal)
    ours = WS.bucket_arns if goal is Goal.ABSENT else ()
    theirs = [f"arn:aws:s3:::theirs{number}" for number in range(2)]
    first, second = a_document(*theirs[:1], *ours), a_document(*theirs, *ours)
    iam.meanwhile = [
        lambda: None,  # it is planned, then looked at for the edit, twice in vain
        lambda: policy_of(case).add(first),
        lambda: policy_of(case).add(second),
    ]

    trip = Trip(case, goal).arrive()

    assert iam.meanwhile == []
    assert trip.wire.made == ["add_version"]
    assert resources(policy_of(case)) == [*SHARED, *theirs, *([] if ours else WS.bucket_arns)]


def test_T39_others_who_keep_changing_it_are_waited_for() -> None:
    case = a_case()

    def theirs() -> None:
        policy = policy_of(case)
        del policy.versions[policy.in_force]
        policy.add(a_document())

    iam_of(case).meanwhile = [theirs] * 10

    with pytest.raises(Temporary, match="it keeps changing"):
        Trip(case, Goal.PRESENT).turn()


class GreedyRival(FakeIam):
    """Where somebody else takes the room that was made for us."""

    def drop_version(self, arn: str, version: str) -> None:
        super().drop_version(arn, version)
        self.policies[arn].add(a_document())


def test_T37_against_others_who_keep_changing_it_no_more_than_one_version_is_dropped() -> None:
    case = a_case(GreedyRival(FakeClock(), {ARN: a_policy(versions=5)}))

    with pytest.raises(Temporary, match="it keeps changing"):
        Trip(case, Goal.PRESENT).turn()

    assert list(policy_of(case).versions) == ["v2", "v3", "v4", "v5", "v6"]


class LateRival:
    """A client under whose hands somebody else is a hair faster than our write."""

    def __init__(self, iam: FakeIam, theirs: Json) -> None:
        self._iam, self._theirs = iam, theirs

    def __getattr__(self, name: str) -> Any:
        return getattr(self._iam, name)

    def add_version(self, arn: str, text: str) -> str:
        self._iam.policies[arn].add(self._theirs)
        return self._iam.add_version(arn, text)


def test_T39_an_edit_that_ours_put_out_of_force_is_found_and_told() -> None:
    iam = an_iam()
    del iam.policies[ARN].versions["v1"]
    case = a_case(iam)
    case.client = LateRival(iam, a_document("arn:aws:s3:::theirs"))

    with pytest.raises(Permanent) as told:
        Trip(case, Goal.PRESENT).turn()

    assert str(told.value) == (
        "IAM policy policy-s3-kubeflow-an2-meerkat-prod was changed by another person or tool: "
        "v5 came just before v6"
    )
    assert Trip(a_case(iam), Goal.PRESENT).changes() == ()


@pytest.mark.parametrize(
    "theirs", [a_document(), a_document(*WS.bucket_arns)], ids=["unchanged", "ours twice"]
)
def test_T39_a_version_in_between_that_loses_nothing_is_no_trouble(theirs: Json) -> None:
    iam = an_iam()
    del iam.policies[ARN].versions["v1"]
    case = a_case(iam)
    case.client = LateRival(iam, theirs)

    assert Trip(case, Goal.PRESENT).arrive().case.ours() == [*WS.bucket_arns]


def test_T39_a_number_that_is_missing_since_a_version_was_dropped_is_no_trouble() -> None:
    case = a_case()
    policy_of(case).counted = 7

    assert made(case).ours() == [*WS.bucket_arns]
    assert policy_of(case).in_force == "v8"


# IAM shows late what was done


@both
def test_T42_a_write_that_does_not_show_yet_is_waited_for_and_not_made_again(goal: Goal) -> None:
    case = begun(a_case(an_iam(behind=5)), goal)
    before = len(policy_of(case).versions)
    trip = Trip(case, goal)

    _, wait = trip.turn()
    trip.arrive()

    assert wait is not None
    assert str(wait.reason) == (
        "waiting for IAM policy policy-s3-kubeflow-an2-meerkat-prod to show its new version"
    )
    assert trip.wire.made == (["add_version"] if before < 5 else ["drop_version", "add_version"])


def test_T42_no_workspace_edits_what_another_has_changed_and_iam_does_not_show() -> None:
    iam = an_iam(behind=5)
    stage = kubeflow(iam)  # one for all runs of a process
    alpha, beta = (a_case(iam, a_workspace(name), lambda *_: stage) for name in ("alpha", "beta"))
    Trip(alpha, Goal.PRESENT).turn()

    _, wait = Trip(beta, Goal.PRESENT).turn()

    assert wait is not None
    assert beta.ours() == []
    for case in (alpha, beta):
        case.pass_time(5)
        Trip(case, Goal.PRESENT).arrive()
    assert (alpha.ours(), beta.ours()) == ([*alpha.ws.bucket_arns], [*beta.ws.bucket_arns])


def test_T42_what_somebody_has_taken_back_is_not_waited_for_for_ever() -> None:
    case = a_case()
    stage = kubeflow(case.client)
    case.stage = lambda _: stage
    made(case)
    policy = policy_of(case)
    policy.in_force = "v4"
    del policy.versions["v5"]

    _, wait = Trip(case, Goal.PRESENT).turn()
    case.pass_time(60)
    Trip(case, Goal.PRESENT).turn()

    assert wait is not None
    assert policy.in_force == "v6"


@pytest.mark.parametrize("versions", [1, 4, 5])
@pytest.mark.parametrize("number", [1, 2])
def test_T42_a_process_that_is_back_before_iam_shows_what_it_did_arrives_all_the_same(
    versions: int, number: int
) -> None:
    iam = an_iam(behind=5)
    iam.policies[ARN] = a_policy(versions=versions)
    case = a_case(iam)
    with suppress(CrashNow):  # below the limit there is only one write
        Trip(case, Goal.PRESENT, dies_after=number).arrive()

    for _ in range(2):
        with suppress(Temporary):  # the engine tries again, later than this
            Trip(case, Goal.PRESENT).arrive()
        case.pass_time(5)

    assert resources(policy_of(case)) == [*SHARED, *WS.bucket_arns]
    assert Trip(case, Goal.PRESENT).changes() == ()


# Many at once


@given(behind=st.sampled_from([0, 3, 7]), chance=st.randoms(use_true_random=False))
@settings(max_examples=25)
def test_T39_twenty_creates_and_deletes_in_any_order_lose_nothing(behind: int, chance: Any) -> None:
    iam = an_iam(behind=behind)
    stage = kubeflow(iam)
    cases = [a_case(iam, a_workspace(f"p{number}"), lambda *_: stage) for number in range(20)]
    for case in cases[10:]:
        made(case)
    trips = [Trip(case, Goal.PRESENT if number < 10 else Goal.ABSENT) for number, case in enumerate(cases)]

    while trips:
        trip = chance.choice(trips)
        changes, wait = trip.turn()  # as under the policy's lock, let go after each turn
        if not changes:
            trips.remove(trip)
        iam.clock.pass_by(wait.seconds if wait else 0.1)

    there = [arn for case in cases[:10] for arn in case.ws.bucket_arns]
    assert sorted(resources(iam.policies[ARN])) == sorted([*SHARED, *there])
    assert len(iam.policies[ARN].versions) == 5


def test_T42_another_replica_waits_for_what_this_one_wrote_and_iam_does_not_show_yet() -> None:
    iam, writes, beta = an_iam(behind=5), FakeWrites(), a_workspace("beta")
    case = a_case(iam, stage=lambda policies, buckets: KubeflowAccessStage(policies, buckets, writes))
    Trip(case, Goal.PRESENT).turn()

    other = Trip(replace(case, ws=beta), Goal.PRESENT)
    _, wait = other.turn()

    assert wait is not None
    assert other.wire.made == []
    case.pass_time(5)
    other.arrive()
    assert set(resources(policy_of(case))) == {*SHARED, *WS.bucket_arns, *beta.bucket_arns}

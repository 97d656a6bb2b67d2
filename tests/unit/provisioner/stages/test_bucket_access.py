"""The bucket in the shared policies: the laws over the fake, and the runbook's traps."""

from __future__ import annotations

import json
from contextlib import suppress
from copy import deepcopy
from datetime import timedelta
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from provisioner.errors import Interrupted, Permanent, Temporary
from provisioner.message import Json, Message
from provisioner.stage import Goal, Verb
from provisioner.stages.bucket_access import BucketAccessStage, Policies
from provisioner.workspace import Workspace
from tests.builders import a_platform, a_workspace
from tests.fakes.clock import FakeClock
from tests.fakes.fuse import CrashNow
from tests.fakes.iam import FakeIam, FakePolicy
from tests.laws.stage_laws import Fresh, StageCase, StageLaws, Trip, begun, both, made

WS = a_workspace()
PLATFORM = a_platform()
SHARED = ["arn:aws:s3:::s3-an2-meerkat-prod-aia", "arn:aws:s3:::s3-an2-meerkat-prod-aia/*"]
WRITES = frozenset({"add_version", "drop_version"})
LOOK: dict[str, Json] = {"Effect": "Allow", "Action": "s3:ListAllMyBuckets", "Resource": "*"}


def kubeflow(policies: Policies) -> BucketAccessStage:
    return BucketAccessStage(
        policies,
        name="s3-access-kubeflow",
        title=Message("S3 access of Kubeflow"),
        policy=lambda platform: platform.kubeflow_policy,
    )


def aia(policies: Policies) -> BucketAccessStage:
    return BucketAccessStage(
        policies,
        name="s3-access-aia",
        title=Message("S3 access of AI Conductor"),
        policy=lambda platform: platform.aia_policy,
    )


ARN = PLATFORM.policy_arn(PLATFORM.kubeflow_policy)


def a_document(*resources: str) -> dict[str, Json]:
    """The platform's, with these besides the shared bucket."""
    grant: dict[str, Json] = {"Effect": "Allow", "Action": "s3:*", "Resource": [*SHARED, *resources]}
    return {"Version": "2012-10-17", "Statement": [LOOK, grant]}


def a_policy(*resources: str, versions: int = 4) -> FakePolicy:
    policy = FakePolicy()
    for number in range(1, versions):
        policy.add({**a_document(), "Id": f"old {number}"})
    policy.add(a_document(*resources))
    return policy


def an_iam(*, behind: float = 0, **bent: Any) -> FakeIam:
    names = (PLATFORM.kubeflow_policy, PLATFORM.aia_policy)
    policies = {PLATFORM.policy_arn(name): a_policy() for name in names}
    return FakeIam(FakeClock(), policies, behind=timedelta(seconds=behind), **bent)


def a_case(iam: FakeIam | None = None, ws: Workspace = WS, stage: Any = kubeflow) -> StageCase:
    iam = iam or an_iam()
    policy = ws.platform.policy_arn(stage(iam).locks(ws)[0].removeprefix("policy/"))

    def others() -> Any:
        """The documents without our ARNs: of versions, how many and which is part of every edit."""
        found = deepcopy([each.document for each in iam.policies.values()])
        for document in found:
            for statement in document["Statement"]:
                listed = statement["Resource"]
                if isinstance(listed, list):
                    statement["Resource"] = [each for each in listed if each not in ws.bucket_arns]
        return found

    def put(arn: str) -> None:
        iam.policies[policy].add(a_document(arn))

    return StageCase(
        ws=ws,
        client=iam,
        writes=WRITES,
        stage=stage,
        clock=iam.clock.now,
        pass_time=iam.clock.pass_by,
        ours=lambda: [arn for arn in ws.bucket_arns if arn in json.dumps(iam.policies[policy].document)],
        neighbours=others,
        halves={
            "the bucket alone": lambda: put(ws.bucket_arns[0]),
            "its objects alone": lambda: put(ws.bucket_arns[1]),
        },
        strangers={},  # an ARN is ours by its derived name
        failures={"no right to edit": lambda: setattr(iam, "denied", "CreatePolicyVersion")},
    )


def iam_of(case: StageCase) -> FakeIam:
    assert isinstance(case.client, FakeIam)
    return case.client


def policy_of(case: StageCase) -> FakePolicy:
    return iam_of(case).policies[ARN]


def resources(policy: FakePolicy) -> Any:
    return policy.document["Statement"][1]["Resource"]


class TestLawsForKubeflow(StageLaws):
    @pytest.fixture
    def fresh(self) -> Fresh:
        return a_case


class TestLawsForAiConductor(StageLaws):
    @pytest.fixture
    def fresh(self) -> Fresh:
        return lambda: a_case(stage=aia)


class TestLawsWhileIamIsBehind(StageLaws):
    """T42. A process that was ended comes back no sooner than IAM shows what it did."""

    @pytest.fixture
    def fresh(self) -> Fresh:
        def slow() -> StageCase:
            iam = an_iam(behind=5)

            def started(policies: Policies) -> BucketAccessStage:
                iam.clock.pass_by(5)
                return kubeflow(policies)

            return a_case(iam, stage=started)

        return slow


# Which policy, which change


def test_each_stage_locks_and_edits_its_own_policy() -> None:
    iam = an_iam()
    made(a_case(iam, stage=aia))

    assert kubeflow(iam).locks(WS) == ("policy/policy-s3-kubeflow-an2-meerkat-prod",)
    assert aia(iam).locks(WS) == ("policy/policy-s3-aia-an2-meerkat-prod",)
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

    target = "bucket s3-an2-meerkat-prod-alpha in policy policy-s3-kubeflow-an2-meerkat-prod"
    assert (put.verb, put.target, put.detail) == (Verb.CREATE, target, None)
    assert (taken.verb, taken.target, taken.destroys_data) == (Verb.DELETE, target, False)


def test_T36_half_of_it_is_an_update() -> None:
    case = a_case()
    case.halves["its objects alone"]()

    (change,) = Trip(case, Goal.PRESENT).changes()

    assert change.verb is Verb.UPDATE


def test_T4_an_equal_document_is_not_written_again() -> None:
    case = made(a_case())
    before = deepcopy(policy_of(case))
    stage, seen = kubeflow(case.client), kubeflow(FakeIam(FakeClock(), {ARN: a_policy()})).observe(WS)

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
        "cannot edit policy policy-s3-kubeflow-an2-meerkat-prod: several statements allow S3 on listed"
        " buckets: statement 2, statement 3 (Old)"
    )
    assert "Join them" in str(refused.value.hint)


def test_T41_the_last_resource_of_a_statement_is_not_removed() -> None:
    case = a_case()
    document: Any = a_document()
    document["Statement"][1]["Resource"] = [*WS.bucket_arns]
    policy_of(case).add(document)

    with pytest.raises(Permanent, match="statement 2 lists nothing else") as refused:
        Trip(case, Goal.ABSENT).changes()

    assert "List another bucket there" in str(refused.value.hint)


def test_a_policy_that_is_not_there_cannot_be_made_by_us() -> None:
    case = a_case()
    del iam_of(case).policies[ARN]
    trip = Trip(case, Goal.PRESENT)

    for act in (trip.changes, lambda: trip.stage.ensure(WS, None, trip.context)):
        with pytest.raises(
            Permanent, match="policy policy-s3-kubeflow-an2-meerkat-prod does not exist"
        ) as no:
            act()
        assert "this bot only edits it" in str(no.value.hint)


def test_a_policy_that_is_not_there_grants_nothing_that_could_be_removed() -> None:
    case = a_case()
    del iam_of(case).policies[ARN]
    trip = Trip(case, Goal.ABSENT)

    assert (trip.changes(), trip.stage.remove(WS, None, trip.context)) == ((), None)


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

    assert str(change.detail) == "drops version v1, the oldest that is not in use"
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

    recorded = next(line for line in trip.context.told if line.startswith("version v1 of policy"))
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
        "drops version v1, the oldest that is not in use;"
        " goes by version v4, which is in use, and not by the newer v5"
    )
    assert "Id" not in policy_of(case).document
    assert draft in policy_of(case).versions


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

    with pytest.raises(Temporary, match="others keep changing it"):
        Trip(case, Goal.PRESENT).turn()


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
        "policy policy-s3-kubeflow-an2-meerkat-prod was changed by somebody else at the same moment:"
        " v5 came before v6"
    )
    assert "put back by hand what v6 lacks" in str(told.value.hint)
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
        "cannot add bucket s3-an2-meerkat-prod-alpha to policy policy-s3-kubeflow-an2-meerkat-prod:"
        " it would be 7 characters too long"
    )
    assert str(refused.value.hint) == (
        "Free at least 7 of its 6,144 characters: ARNs of workspaces that are gone may still stand in it."
        " Then press Retry."
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

    with pytest.raises(Permanent, match="too long"):
        Trip(case, Goal.PRESENT).turn()

    assert len(policy_of(case).versions) == 1


def test_T40_removing_is_possible_from_a_policy_that_is_full() -> None:
    policy = crowded(6144 - OURS_LENGTH)
    case = made(a_case(FakeIam(FakeClock(), {ARN: policy})))

    assert Trip(case, Goal.ABSENT).arrive().case.ours() == []


# IAM shows late what was done


@both
def test_T42_a_write_that_does_not_show_yet_is_waited_for_and_not_made_again(goal: Goal) -> None:
    case = begun(a_case(an_iam(behind=5)), goal)
    before = len(policy_of(case).versions)
    trip = Trip(case, goal)

    _, wait = trip.turn()
    trip.arrive()

    assert wait is not None
    assert str(wait.reason) == "policy policy-s3-kubeflow-an2-meerkat-prod does not show its new version yet"
    assert trip.wire.made == (["add_version"] if before < 5 else ["drop_version", "add_version"])


def test_T42_no_workspace_edits_what_another_has_changed_and_iam_does_not_show() -> None:
    iam = an_iam(behind=5)
    stage = kubeflow(iam)  # one for all runs of a process
    alpha, beta = (a_case(iam, a_workspace(name), lambda _: stage) for name in ("alpha", "beta"))
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
@settings(deadline=None, max_examples=25)
def test_T39_twenty_creates_and_deletes_in_any_order_lose_nothing(behind: int, chance: Any) -> None:
    iam = an_iam(behind=behind)
    stage = kubeflow(iam)
    cases = [a_case(iam, a_workspace(f"p{number}"), lambda _: stage) for number in range(20)]
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


def test_a_platform_elsewhere_has_its_own_policies() -> None:
    platform = a_platform(env="dev")

    assert kubeflow(an_iam()).locks(a_workspace(platform=platform)) == (
        "policy/policy-s3-kubeflow-an2-meerkat-dev",
    )

"""The Profile and its namespace: the laws over the fake, and the runbook's traps."""

from __future__ import annotations

from dataclasses import replace

import pytest

from provisioner.engine.stage import Goal, Verb, Wait
from provisioner.stages.profile.stage import (
    CONTENTS,
    LABELS,
    NamespaceState,
    ProfileStage,
    ProfileState,
)
from provisioner.vendor_call import NotOurs, Permanent
from tests.builders import a_workspace
from tests.fakes.clock import FakeClock
from tests.fakes.kubernetes import FakeProfiles
from tests.laws.stage_laws import Fresh, StageCase, StageLaws, Trip, made

WS = a_workspace()
WRITES = frozenset({"create_profile", "annotate_profile", "delete_profile", "delete_namespace"})
STRANGER = "somebody@example.com"


def a_case() -> StageCase:
    cluster = FakeProfiles()
    cluster.profiles["team-vision"] = ProfileState(owner=STRANGER, finalizers=("profile-finalizer",))
    cluster.namespaces["team-vision"] = NamespaceState(
        owner=STRANGER, owned=True, labels=LABELS, contents=frozenset(CONTENTS)
    )
    clock = FakeClock()

    def pass_time(seconds: float) -> None:
        clock.pass_by(seconds)
        cluster.tick()

    return StageCase(
        ws=WS,
        client=cluster,
        writes=WRITES,
        stage=ProfileStage,
        clock=clock.now,
        pass_time=pass_time,
        ours=lambda: (cluster.profiles.get(WS.namespace), cluster.namespaces.get(WS.namespace)),
        neighbours=lambda: (cluster.profiles["team-vision"], cluster.namespaces["team-vision"]),
        halves={
            "a Profile made by hand": lambda: by_hand(cluster),
            "a Profile without its namespace": lambda: ours(cluster),
        },
        strangers={
            "a Profile of another owner": lambda: by_hand(cluster, owner=STRANGER),
            "a Profile of another project": lambda: ours(cluster, project="beta"),
            "a namespace of another owner": lambda: a_namespace(cluster, owner=STRANGER),
            "a namespace of nobody": lambda: a_namespace(cluster, owner=""),
        },
        mixtures={"a namespace that somebody made before our Profile": lambda: ours_over(cluster, STRANGER)},
    )


def by_hand(cluster: FakeProfiles, owner: str = WS.login_email) -> None:
    cluster.create_profile(WS.namespace, owner=owner, annotations={})


def ours(cluster: FakeProfiles, project: str = WS.project) -> None:
    cluster.create_profile(WS.namespace, owner=WS.login_email, annotations={"workspace-bot/project": project})


def a_namespace(cluster: FakeProfiles, *, owner: str = WS.login_email) -> None:
    cluster.namespaces[WS.namespace] = NamespaceState(owner=owner)


def ours_over(cluster: FakeProfiles, owner: str) -> None:
    """Our Profile, whose controller found a namespace that it refuses."""
    a_namespace(cluster, owner=owner)
    ours(cluster)


def cluster_of(case: StageCase) -> FakeProfiles:
    assert isinstance(case.client, FakeProfiles)
    return case.client


class TestLaws(StageLaws):
    @pytest.fixture
    def fresh(self) -> Fresh:
        return a_case


def test_T14_removing_a_profile_takes_the_namespace_with_it() -> None:
    case = made(a_case())

    trip = Trip(case, Goal.ABSENT).arrive()

    assert trip.wire.made == ["delete_profile"]
    assert case.ours() == (None, None)


def test_T15_a_namespace_without_a_profile_stops_a_create() -> None:
    case = a_case()
    a_namespace(cluster_of(case))

    with pytest.raises(NotOurs, match="already exists without a Kubeflow profile"):
        Trip(case, Goal.PRESENT).changes()


def test_T15_a_profile_of_the_same_owner_counts_as_made_and_is_marked() -> None:
    case = a_case()
    by_hand(cluster_of(case))

    trip = Trip(case, Goal.PRESENT).arrive()

    assert [change.verb for change in trip.first or ()] == [Verb.UPDATE]
    assert trip.wire.made == ["annotate_profile"]


def test_a_profile_made_by_hand_is_not_deleted() -> None:
    case = a_case()
    by_hand(cluster_of(case))

    with pytest.raises(NotOurs, match="was created manually"):
        Trip(case, Goal.ABSENT).changes()


def test_the_namespace_of_a_stranger_stays_when_our_profile_goes() -> None:
    case = a_case()
    ours_over(cluster_of(case), STRANGER)

    [change] = Trip(case, Goal.ABSENT).inspect().changes
    with pytest.raises(NotOurs, match=f"belongs to {STRANGER}"):
        Trip(case, Goal.ABSENT).changes()
    with pytest.raises(NotOurs):
        Trip(case, Goal.ABSENT).arrive()

    assert (str(change.target), str(change.detail)) == (
        f"Kubeflow profile {WS.namespace}",
        "without its namespace",
    )
    assert not change.destroys_data
    assert case.ours() == (None, NamespaceState(owner=STRANGER))


def test_a_namespace_that_would_go_with_our_profile_and_is_anothers_stops_a_delete() -> None:
    case = made(a_case())
    cluster = cluster_of(case)
    cluster.namespaces[WS.namespace] = replace(cluster.namespaces[WS.namespace], owner=STRANGER)

    with pytest.raises(Permanent, match="is part of the bot's Kubeflow profile but belongs to") as refused:
        Trip(case, Goal.ABSENT).changes()

    assert not isinstance(refused.value, NotOurs)


def test_a_namespace_that_its_profile_adopted_is_deleted_after_it() -> None:
    case = a_case()
    cluster = cluster_of(case)
    a_namespace(cluster)
    ours(cluster)
    case.pass_time(2)

    trip = Trip(case, Goal.ABSENT).arrive()

    assert [(change.verb, str(change.target)) for change in trip.first or ()] == [
        (Verb.DELETE, f"Kubeflow profile {WS.namespace}"),
        (Verb.DELETE, f"Namespace {WS.namespace}"),
    ]
    assert trip.wire.made == ["delete_profile", "delete_namespace"]


def test_a_delete_says_that_data_goes() -> None:
    changes = Trip(made(a_case()), Goal.ABSENT).changes()

    assert [change.destroys_data for change in changes] == [True]


def test_a_stuck_finalizer_is_named_and_not_forced() -> None:
    case = made(a_case())
    cluster_of(case).stuck = True
    trip = Trip(case, Goal.ABSENT)
    trip.turn()
    case.pass_time(2)

    _, wait = trip.turn()

    assert trip.wire.made == ["delete_profile"]
    assert isinstance(wait, Wait)
    assert "waiting for finalizer profile-finalizer" in str(wait.reason)


def test_a_namespace_that_does_not_go_says_why() -> None:
    case = a_case()
    cluster_of(case).namespaces[WS.namespace] = NamespaceState(
        owner=WS.login_email, owned=True, terminating=True, stuck="Some content remains: volumes"
    )

    _, wait = Trip(case, Goal.ABSENT).turn()

    assert wait is not None
    assert str(wait.reason) == (f"namespace {WS.namespace} is being deleted: Some content remains: volumes")


def test_a_create_waits_for_what_a_delete_has_left() -> None:
    case = made(a_case())
    cluster_of(case).delete_profile(WS.namespace)

    trip = Trip(case, Goal.PRESENT).arrive()

    assert trip.wire.made == ["create_profile"]


def test_a_namespace_is_not_done_before_the_controller_is() -> None:
    case = a_case()
    cluster_of(case).slow = 3
    trip = Trip(case, Goal.PRESENT)
    trip.turn()
    case.pass_time(2)
    case.pass_time(2)

    _, wait = trip.turn()

    assert wait is not None
    assert "RoleBinding namespaceAdmin" in str(wait.reason)


def test_a_kind_that_cannot_be_read_is_not_waited_for() -> None:
    case = a_case()
    ours(cluster_of(case))
    cluster_of(case).namespaces[WS.namespace] = NamespaceState(
        owner=WS.login_email,
        owned=True,
        labels=LABELS,
        contents=frozenset(CONTENTS) - {"AuthorizationPolicy ns-owner-access-istio"},
        unreadable=frozenset({"AuthorizationPolicy"}),
    )

    assert Trip(case, Goal.PRESENT).changes() == ()


def test_the_controller_is_quoted_when_it_complains() -> None:
    case = a_case()
    ours(cluster_of(case))
    cluster = cluster_of(case)
    cluster.profiles[WS.namespace] = replace(cluster.profiles[WS.namespace], complaint="quota is odd")

    _, wait = Trip(case, Goal.PRESENT).turn()

    assert wait is not None
    assert "quota is odd" in str(wait.reason)


def test_a_create_names_profile_and_owner() -> None:
    (change,) = Trip(a_case(), Goal.PRESENT).changes()

    assert (change.verb, str(change.target)) == (Verb.CREATE, "Kubeflow profile aic-ns-alpha-ws")
    assert str(change.detail) == "for aic-user-alpha-ws@aic.com, including its namespace"


def test_what_stands_in_the_namespace_is_looked_at_for_a_create_only() -> None:
    case = made(a_case())

    there, going = (Trip(case, goal).inspect().seen.namespace for goal in (Goal.PRESENT, Goal.ABSENT))

    assert (bool(there.contents), bool(going.contents)) == (True, False)

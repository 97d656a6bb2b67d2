"""The Profile's laws over the Kubernetes emulator and the stand-in of Kubeflow's controller."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from typing import Any

import pytest

from provisioner.clients.kube import NAMESPACES, KubeCluster
from provisioner.engine.stage import Goal
from provisioner.message import Message
from provisioner.stages.dex.client import KubeDex
from provisioner.stages.nodegroup.nodes import KubeNodes
from provisioner.stages.profile.client import PROFILES, KubeProfiles
from provisioner.stages.profile.stage import ProfileStage
from provisioner.vendor_call import NotOurs, Permanent, Temporary
from tests.builders import a_workspace
from tests.integration.stages.conftest import Kubeflow, cluster, pass_time, until, utc_now
from tests.laws.stage_laws import Fresh, StageCase, StageLaws, Trip, made

WRITES = frozenset({"create_profile", "annotate_profile", "delete_profile", "delete_namespace"})
STRANGER = "somebody@example.com"
NEIGHBOUR = "team-vision"
ANY = Message("cannot do it")


def a_case(kubeflow: Kubeflow, project: str) -> StageCase:
    ws, admin = a_workspace(project), KubeProfiles(kubeflow.admin)

    def profile(owner: str, **annotations: str) -> None:
        marked = {key.replace("_", "/"): value for key, value in annotations.items()}
        admin.create_profile(
            ws.namespace, owner=owner, annotations={f"workspace-bot/{key}": marked[key] for key in marked}
        )

    def namespace(owner: str) -> None:
        annotations = {"owner": owner} if owner else {}
        body = {"metadata": {"name": ws.namespace, "annotations": annotations}}
        kubeflow.admin.create(ANY, NAMESPACES, body)

    def ours_over_a_strangers() -> None:
        namespace(STRANGER)
        profile(ws.login_email, project=project)

    return StageCase(
        ws=ws,
        client=kubeflow.profiles,
        writes=WRITES,
        stage=ProfileStage,
        clock=utc_now,
        pass_time=pass_time,
        ours=lambda: described(admin, ws.namespace).replace(project, "P"),
        neighbours=lambda: described(admin, NEIGHBOUR),
        halves={
            "a Profile made by hand": lambda: profile(ws.login_email),
            "a Profile without its namespace": lambda: profile(ws.login_email, project=project),
        },
        strangers={
            "a Profile of another owner": lambda: profile(STRANGER),
            "a Profile of another project": lambda: profile(ws.login_email, project="another"),
            "a namespace of another owner": lambda: namespace(STRANGER),
            "a namespace of nobody": lambda: namespace(""),
        },
        mixtures={"a namespace that somebody made before our Profile": ours_over_a_strangers},
    )


def described(admin: KubeProfiles, name: str) -> str:
    """What stands there and lasts, in one form."""
    profile, namespace = admin.profile(name), admin.namespace(name, contents=True)
    inside = namespace and (namespace.owner, sorted(namespace.labels.items()), sorted(namespace.contents))
    return f"{profile and (profile.owner, profile.project)} {inside}"


@pytest.fixture(scope="module", autouse=True)
def _neighbour(kubeflow: Kubeflow) -> None:
    admin = KubeProfiles(kubeflow.admin)
    admin.create_profile(NEIGHBOUR, owner=STRANGER, annotations={})

    def whole() -> bool:
        found = admin.namespace(NEIGHBOUR, contents=True)
        return found is not None and len(found.contents) >= 6

    until(whole)


@pytest.fixture
def fresh(kubeflow: Kubeflow, projects: Iterator[str]) -> Fresh:
    return lambda: a_case(kubeflow, next(projects))


class TestLaws(StageLaws):
    @pytest.mark.parametrize("goal", list(Goal))
    def test_law_7_what_is_not_ours_is_refused(self, fresh: Fresh, goal: Goal) -> None:
        """As in the suite, but the controller may be at work on the stranger's Profile meanwhile."""
        for stranger in fresh().strangers:
            case = fresh()
            case.strangers[stranger]()
            trip = Trip(case, goal)

            with pytest.raises(NotOurs):
                trip.changes()

            assert trip.wire.made == [], stranger


def test_T14_removing_a_profile_takes_the_namespace_with_it(kubeflow: Kubeflow, fresh: Fresh) -> None:
    case = made(fresh())

    Trip(case, Goal.ABSENT).arrive()
    for _ in range(5):
        case.pass_time(1)

    assert kubeflow.profiles.profile(case.ws.namespace) is None
    assert kubeflow.profiles.namespace(case.ws.namespace, contents=False) is None


def test_T14_a_namespace_deleted_by_hand_comes_back_and_is_complete_again(
    kubeflow: Kubeflow, fresh: Fresh
) -> None:
    case = made(fresh())
    KubeProfiles(kubeflow.admin).delete_namespace(case.ws.namespace)

    until(lambda: Trip(case, Goal.PRESENT).changes() != ())
    Trip(case, Goal.PRESENT).arrive()

    assert Trip(case, Goal.PRESENT).changes() == ()


def test_T15_a_namespace_that_stood_before_stops_a_create(fresh: Fresh) -> None:
    case = fresh()
    case.strangers["a namespace of nobody"]()

    with pytest.raises(NotOurs, match="already exists and wasn't created by this bot"):
        Trip(case, Goal.PRESENT).changes()


def test_a_namespace_that_its_profile_adopted_is_deleted_after_it(kubeflow: Kubeflow, fresh: Fresh) -> None:
    case = fresh()
    ws, admin = case.ws, kubeflow.admin
    body = {"metadata": {"name": ws.namespace, "annotations": {"owner": ws.login_email}}}
    admin.create(ANY, NAMESPACES, body)
    case.halves["a Profile without its namespace"]()
    Trip(case, Goal.PRESENT).arrive()

    trip = Trip(case, Goal.ABSENT).arrive()

    assert trip.wire.made == ["delete_profile", "delete_namespace"]


def test_a_stuck_finalizer_is_named(kubeflow: Kubeflow, fresh: Fresh) -> None:
    case = made(fresh())
    held: Any = {"metadata": {"finalizers": ["profile-finalizer", "example.com/hold"]}}
    kubeflow.admin.patch(ANY, PROFILES, case.ws.namespace, held)
    trip = Trip(case, Goal.ABSENT)
    trip.turn()
    until(lambda: "example.com/hold" in str(trip.turn()[1]))

    kubeflow.admin.patch(ANY, PROFILES, case.ws.namespace, {"metadata": {"finalizers": None}})
    Trip(case, Goal.ABSENT).arrive()


@pytest.mark.parametrize(
    ("asked", "verb", "resource"),
    [
        (lambda kube: KubeProfiles(kube).profile("any"), "get", "profiles"),
        (lambda kube: KubeProfiles(kube).namespace("any", contents=False), "get", "namespaces"),
        (
            lambda kube: KubeProfiles(kube).create_profile("any", owner="any", annotations={}),
            "create",
            "profiles",
        ),
        (lambda kube: KubeProfiles(kube).annotate_profile("any", {}), "patch", "profiles"),
        (lambda kube: KubeProfiles(kube).delete_profile("any"), "delete", "profiles"),
        (lambda kube: KubeProfiles(kube).delete_namespace("any"), "delete", "namespaces"),
        (lambda kube: KubeDex(kube).document(), "get", "configmaps"),
        (lambda kube: KubeDex(kube).rollout(), "get", "deployments"),
        (lambda kube: KubeDex(kube).restart(digest="any", at=datetime.now(UTC)), "patch", "deployments"),
        (lambda kube: KubeNodes(kube).occupancy("any"), "list", "nodes"),
    ],
)
def test_a_missing_right_is_final_and_in_the_clusters_words(
    kubeflow: Kubeflow,
    tmp_path_factory: pytest.TempPathFactory,
    asked: Callable[[KubeCluster], object],
    verb: str,
    resource: str,
) -> None:
    nobody = cluster(tmp_path_factory.mktemp("kube"), kubeflow.emulator, "nobody")

    with pytest.raises(Permanent, match=f'User "nobody" cannot {verb} resource "{resource}"') as failed:
        asked(nobody)

    assert failed.value.cause is not None
    assert (failed.value.cause.service, failed.value.cause.code) == ("kubernetes", "403")
    assert failed.value.cause.operation == f"{verb} {resource}"


def test_a_profile_made_meanwhile_is_looked_at_again(kubeflow: Kubeflow, fresh: Fresh) -> None:
    case = fresh()
    case.halves["a Profile made by hand"]()

    with pytest.raises(Temporary, match="already exists"):
        kubeflow.profiles.create_profile(case.ws.namespace, owner="x", annotations={})

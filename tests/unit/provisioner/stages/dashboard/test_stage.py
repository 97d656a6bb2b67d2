"""The Grafana dashboard: the laws over the fake, and the runbook's traps."""

from __future__ import annotations

import pytest

from provisioner.engine.stage import Goal
from provisioner.stages.dashboard.stage import Dashboard, DashboardStage
from provisioner.vendor_call import NotOurs, Permanent
from provisioner.workspace import Workspace
from tests.builders import a_workspace
from tests.fakes.clock import FakeClock
from tests.fakes.grafana import FakeGrafana
from tests.laws.stage_laws import Fresh, StageCase, StageLaws, Trip, made

WS = a_workspace()
UID = WS.made_dashboard
OURS = ("workspace-bot", "workspace-bot/project=alpha")
GIVEN = "abc_DEF-12"
HOME = Dashboard(title="The whole cluster")
WRITES = frozenset({"create", "delete"})


def a_case(ws: Workspace = WS) -> StageCase:
    grafana = FakeGrafana(dashboards={"home": HOME, GIVEN: Dashboard(title="Team")})
    clock = FakeClock()

    def put(*tags: str) -> None:
        grafana.dashboards[UID] = Dashboard(title="Somebody's", tags=tags)

    return StageCase(
        ws=ws,
        client=grafana,
        writes=WRITES,
        stage=DashboardStage,
        clock=clock.now,
        pass_time=clock.pass_by,
        ours=lambda: grafana.dashboards.get(UID),
        neighbours=lambda: str({uid: one for uid, one in grafana.dashboards.items() if uid != UID}),
        halves={},  # one call makes it
        strangers={
            "made by hand": lambda: put("team-vision"),
            "another project's": lambda: put("workspace-bot", "workspace-bot/project=beta"),
            "two projects'": lambda: put(*OURS, "workspace-bot/project=beta"),
            "with half a mark": lambda: put("workspace-bot", "workspace-bot/project=alphabet"),
        },
        failures={"no right to create": lambda: setattr(grafana, "denied", "PostDashboard")},
    )


def grafana_of(case: StageCase) -> FakeGrafana:
    assert isinstance(case.client, FakeGrafana)
    return case.client


def with_given(uid: str = GIVEN) -> StageCase:
    return a_case(a_workspace(dashboard=f"https://grafana.example.com/d/{uid}/team?orgId=1"))


class TestLaws(StageLaws):
    @pytest.fixture
    def fresh(self) -> Fresh:
        return a_case


class TestMade:
    """T57: nobody has to find an identifier: left empty, one is made under a derived uid."""

    def test_T57_it_has_the_derived_uid_and_the_workspaces_names(self) -> None:
        grafana = grafana_of(made(a_case()))

        assert grafana.dashboards[UID].title == "Workspace alpha-ws (an2 meerkat prod)"
        assert grafana.variables[UID] == {
            "namespace": "aic-ns-alpha-ws",
            "node_label": "alpha-ws-standard",
            "bucket": "s3-an2-meerkat-prod-alpha",
        }

    def test_its_mark_is_made_in_the_creating_call(self) -> None:
        assert grafana_of(made(a_case())).dashboards[UID].tags == OURS

    @pytest.mark.parametrize("project", ["alpha", "a" * 20])
    def test_its_tags_are_not_longer_than_grafana_keeps_them(self, project: str) -> None:
        ws = a_workspace(project)
        grafana = grafana_of(made(a_case(ws)))

        assert max(len(tag) for tag in grafana.dashboards[ws.made_dashboard].tags) <= 50

    def test_a_plan_says_what_is_made(self) -> None:
        (change,) = Trip(a_case(), Goal.PRESENT).changes()

        assert str(change.target) == f"Grafana dashboard {UID}"
        assert str(change.detail) == ("from the template, with title Workspace alpha-ws (an2 meerkat prod)")

    def test_what_people_changed_in_it_is_kept(self) -> None:
        case = made(a_case())
        grafana_of(case).dashboards[UID] = Dashboard(title="Ours now", tags=(*OURS, "mine"), version=7)

        assert Trip(case, Goal.PRESENT).changes() == ()

    def test_T58_it_is_deleted_with_the_workspace(self) -> None:
        case = made(a_case())

        Trip(case, Goal.ABSENT).arrive()

        assert case.ours() is None

    def test_T58_a_plan_says_when_people_worked_on_it(self) -> None:
        case = made(a_case())
        (before,) = Trip(case, Goal.ABSENT).changes()
        grafana_of(case).dashboards[UID] = Dashboard(title="Ours now", tags=OURS, version=2)

        (change,) = Trip(case, Goal.ABSENT).changes()

        assert before.detail is None
        assert str(change.detail) == "including manual changes"

    @pytest.mark.parametrize(
        ("stranger", "words"),
        [
            ("made by hand", (f"Grafana dashboard {UID} already exists and wasn't created by this bot")),
            ("another project's", f"Grafana dashboard {UID} belongs to workspace beta"),
            ("with half a mark", f"Grafana dashboard {UID} belongs to workspace alphabet"),
        ],
    )
    def test_T58_what_was_not_made_here_is_not_deleted(self, stranger: str, words: str) -> None:
        case = a_case()
        case.strangers[stranger]()

        with pytest.raises(NotOurs) as refused:
            Trip(case, Goal.ABSENT).changes()

        assert str(refused.value) == words


class TestGiven:
    """T56: found by the uid in its address, and looked at before anybody is asked."""

    def test_T56_it_is_looked_at_and_nothing_is_to_be_done(self) -> None:
        trip = Trip(with_given(), Goal.PRESENT).arrive()

        assert (trip.changes(), trip.wire.made) == ((), [])

    def test_T56_one_that_is_not_there_is_told_when_it_is_planned(self) -> None:
        trip = Trip(with_given("nowhere"), Goal.PRESENT)

        with pytest.raises(Permanent, match="Grafana dashboard nowhere doesn't exist") as refused:
            trip.changes()

        assert not isinstance(refused.value, NotOurs)

    def test_one_that_is_not_there_makes_nothing(self) -> None:
        trip = Trip(with_given("nowhere"), Goal.PRESENT)
        seen = trip.stage.observe(trip.case.ws, Goal.PRESENT)

        with pytest.raises(Permanent):
            trip.stage.ensure(trip.case.ws, seen, trip.context)

        assert trip.wire.made == []

    @pytest.mark.parametrize("uid", [GIVEN, "nowhere"])
    def test_T58_it_is_never_deleted(self, uid: str) -> None:
        case = with_given(uid)
        trip = Trip(case, Goal.ABSENT)

        trip.stage.remove(case.ws, trip.stage.observe(case.ws, Goal.ABSENT), trip.context)

        assert (trip.changes(), trip.wire.made) == ((), [])

    def test_T58_not_even_when_it_is_another_workspaces(self) -> None:
        beta = a_workspace("beta").made_dashboard
        case = with_given(beta)
        tags = ("workspace-bot", "workspace-bot/project=beta")
        grafana_of(case).dashboards[beta] = Dashboard(title="Workspace beta-ws", tags=tags)

        assert Trip(case, Goal.PRESENT).changes() == Trip(case, Goal.ABSENT).changes() == ()

    def test_T58_one_that_cannot_be_read_stops_no_deletion(self) -> None:
        case = with_given()
        grafana_of(case).hidden.add(GIVEN)

        assert Trip(case, Goal.ABSENT).changes() == ()
        with pytest.raises(Permanent, match="cannot reach Grafana"):
            Trip(case, Goal.PRESENT).changes()

    def test_T58_one_of_ours_that_an_earlier_request_made_goes_all_the_same(self) -> None:
        case = with_given()
        grafana_of(case).dashboards[UID] = Dashboard(title="Workspace alpha-ws", tags=OURS)

        trip = Trip(case, Goal.ABSENT).arrive()

        assert trip.wire.made == ["delete"]
        assert GIVEN in grafana_of(case).dashboards

    def test_a_strangers_under_the_derived_uid_is_in_nobodys_way(self) -> None:
        case = with_given()
        case.strangers["made by hand"]()

        assert Trip(case, Goal.PRESENT).changes() == Trip(case, Goal.ABSENT).changes() == ()

    def test_who_gives_the_one_that_is_made_gives_none(self) -> None:
        case = a_case(a_workspace(dashboard=f"https://grafana.example.com/d/{UID}"))

        made(case)
        trip = Trip(case, Goal.ABSENT).arrive()

        assert trip.wire.made == ["delete"]

"""The dashboard's laws over Grafana's HTTP API, and what the client makes of all it may be answered."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import pytest
from pydantic import SecretStr
from starlette.requests import Request
from starlette.responses import JSONResponse, PlainTextResponse, Response
from starlette.types import Receive, Scope, Send

from provisioner.engine.stage import Goal
from provisioner.stages.dashboard.client import GrafanaHttp
from provisioner.stages.dashboard.stage import DashboardStage
from provisioner.vendor_call import Cause, NotOurs, Permanent, Temporary, WorkError
from provisioner.workspace import Workspace
from sandbox.grafana.simulator import DELETE, GET, POST, Front, GrafanaSimulator
from sandbox.serving.callfaults import Kind
from sandbox.serving.loopback import Loopback, free_port
from tests.builders import a_workspace
from tests.integration.stages.conftest import pass_time, utc_now
from tests.laws.stage_laws import CANARY, Fresh, StageCase, StageLaws, Trip, made

WRITES = frozenset({"create", "delete"})
GIVEN = "team-dashboard_1"


@dataclass(frozen=True, slots=True)
class Grafana:
    simulator: GrafanaSimulator
    url: str
    client: GrafanaHttp


def a_client(url: str, *, token: str = CANARY, **more: Any) -> GrafanaHttp:
    return GrafanaHttp(url=url, token=SecretStr(token), **more)


@pytest.fixture(scope="module")
def _started() -> Iterator[Grafana]:
    simulator = GrafanaSimulator(token=CANARY)
    url = simulator.start()
    simulator.add({"uid": GIVEN, "title": "Team", "tags": ["team"], "panels": []})
    yield Grafana(simulator, url, a_client(url))
    simulator.stop()
    assert simulator.unknown_calls == []


@pytest.fixture
def grafana(_started: Grafana) -> Iterator[Grafana]:
    yield _started
    _started.simulator.faults.clear()
    _started.simulator.front = None


def a_case(grafana: Grafana, ws: Workspace) -> StageCase:
    simulator, uid = grafana.simulator, ws.made_dashboard

    def put(*tags: str, provisioned: bool = False) -> None:
        board = {"uid": uid, "title": "Somebody's", "tags": list(tags), "panels": []}
        simulator.add(board, provisioned=provisioned)

    def ours() -> str | None:
        found = simulator.model(uid)
        return str(found | {"id": 0}).replace(uid, "UID").replace(ws.project, "P") if found else None

    return StageCase(
        ws=ws,
        client=grafana.client,
        writes=WRITES,
        stage=DashboardStage,
        clock=utc_now,
        pass_time=pass_time,
        ours=ours,
        neighbours=lambda: simulator.model(GIVEN),
        halves={},  # one call makes it
        strangers={
            "made by hand": lambda: put("team"),
            "another project's": lambda: put("workspace-bot", "workspace-bot/project=another"),
            "from a file": lambda: put(provisioned=True),
        },
        failures={
            "no right to create": lambda: _deny(simulator, POST),
            "a login page in front": lambda: setattr(simulator, "front", Front.PAGE),
        },
    )


def _deny(simulator: GrafanaSimulator, call: str) -> None:
    simulator.faults.add(Kind.ACCESS_DENIED, call, times=0)


@pytest.fixture
def fresh(grafana: Grafana, projects: Iterator[str]) -> Fresh:
    def build() -> StageCase:
        grafana.simulator.faults.clear()
        grafana.simulator.front = None
        return a_case(grafana, a_workspace(f"dash{next(projects)}"))

    return build


def cause_of(error: WorkError) -> Cause:
    assert error.cause is not None
    assert error.cause.service == "grafana"
    assert CANARY not in repr(error.cause)
    return error.cause


class TestLaws(StageLaws):
    pass


class TestMade:
    def test_T57_it_is_in_grafana_with_the_workspaces_names(self, grafana: Grafana, fresh: Fresh) -> None:
        ws = made(fresh()).ws

        model = grafana.simulator.model(ws.made_dashboard)
        assert model is not None
        constants = {each["name"]: each["query"] for each in model["templating"]["list"][1:]}
        assert constants == {"namespace": ws.namespace, "node_label": ws.node_label, "bucket": ws.bucket}
        assert model["templating"]["list"][1]["current"]["value"] == ws.namespace
        assert (model["title"], len(model["panels"])) == (f"Workspace {ws.name} (an2 meerkat prod)", 13)

    def test_its_tags_are_in_the_creating_call(self, grafana: Grafana, fresh: Fresh) -> None:
        case = fresh()
        before = len(grafana.simulator.journal())

        made(case)

        (write,) = grafana.simulator.journal(before)
        assert (write["call"], write["resource"]) == (POST, case.ws.made_dashboard)
        found = [each for each in grafana.simulator.dashboards() if each["uid"] == case.ws.made_dashboard]
        assert found[0]["tags"] == ["workspace-bot", f"workspace-bot/project={case.ws.project}"]

    def test_a_lost_answer_is_looked_into(self, grafana: Grafana, fresh: Fresh) -> None:
        case = fresh()
        grafana.simulator.faults.add(Kind.LOST_ANSWER, POST)

        with pytest.raises(Temporary):
            Trip(case, Goal.PRESENT).turn()
        trip = Trip(case, Goal.PRESENT).arrive()

        assert trip.wire.made == []

    def test_one_that_was_made_meanwhile_is_not_overwritten(self, grafana: Grafana, fresh: Fresh) -> None:
        case = fresh()
        case.strangers["made by hand"]()
        before = case.ours()

        with pytest.raises(Temporary, match="changed by someone else") as refused:
            grafana.client.create(case.ws.made_dashboard, title="x", tags=(), variables={})

        assert cause_of(refused.value).code == "412"
        assert case.ours() == before

    def test_a_title_that_an_older_grafana_has_already_is_told(self) -> None:
        simulator = GrafanaSimulator(token=CANARY, names_unique=True)
        client = a_client(simulator.start())
        simulator.add({"uid": "other", "title": "Workspace", "panels": []})

        with pytest.raises(Permanent, match="same name in the folder already exists") as refused:
            client.create("mine", title="Workspace", tags=(), variables={})
        simulator.stop()

        assert cause_of(refused.value).code == "412"

    def test_another_template_is_filled_in_too(self, grafana: Grafana) -> None:
        template = """{"id": 9, "uid": "mine", "version": 4, "title": "Mine", "panels": [],
            "tags": ["ops", "workspace-bot", "workspace-bot/project=beta"],
            "templating": {"list": [{"type": "constant", "name": "namespace", "query": "old"},
                                    {"type": "query", "name": "bucket", "query": "kept"}]}}"""
        client = a_client(grafana.url, template=template)

        client.create("filled", title="T", tags=("new",), variables={"namespace": "ns", "bucket": "b"})

        model = grafana.simulator.model("filled")
        assert model is not None
        assert (model["title"], model["version"], model["tags"]) == ("T", 1, ["ops", "new"])
        assert [each["query"] for each in model["templating"]["list"]] == ["ns", "kept"]
        grafana.simulator.remove("filled")

    def test_T58_a_provisioned_one_cannot_be_deleted_and_that_is_said(
        self, grafana: Grafana, fresh: Fresh
    ) -> None:
        ws = made(fresh()).ws
        board = grafana.simulator.model(ws.made_dashboard)
        assert board is not None
        grafana.simulator.add(board, provisioned=True)

        with pytest.raises(Permanent, match="provisioned dashboard cannot be deleted") as refused:
            Trip(a_case(grafana, ws), Goal.ABSENT).turn()

        assert cause_of(refused.value).code == "400"

    def test_one_that_is_gone_meanwhile_is_deleted_all_the_same(self, grafana: Grafana) -> None:
        grafana.client.delete("long-gone")


class TestGiven:
    def test_T56_the_uid_of_its_address_is_looked_at(self, grafana: Grafana) -> None:
        ws = a_workspace("given", dashboard=f"{grafana.url}/d/{GIVEN}/team?orgId=1")

        assert Trip(a_case(grafana, ws), Goal.PRESENT).changes() == ()

    def test_T56_one_that_is_not_there_is_told_when_it_is_planned(self, grafana: Grafana) -> None:
        ws = a_workspace("given", dashboard="nowhere")

        with pytest.raises(Permanent, match="Grafana dashboard nowhere doesn't exist"):
            Trip(a_case(grafana, ws), Goal.PRESENT).changes()

    def test_T58_it_stays_when_the_workspace_goes(self, grafana: Grafana) -> None:
        case = a_case(grafana, a_workspace("given", dashboard=GIVEN))

        trip = Trip(case, Goal.ABSENT).arrive()

        assert trip.wire.made == []
        assert grafana.simulator.model(GIVEN) is not None


class TestAnswers:
    @pytest.mark.parametrize("call", [GET, POST, DELETE])
    def test_a_missing_right_is_final_and_named(self, grafana: Grafana, call: str) -> None:
        _deny(grafana.simulator, call)
        acts: dict[str, Callable[[], object]] = {
            GET: lambda: grafana.client.look("any"),
            POST: lambda: grafana.client.create("any", title="x", tags=(), variables={}),
            DELETE: lambda: grafana.client.delete("any"),
        }

        with pytest.raises(Permanent, match=r"Permissions needed: .*dashboards:") as refused:
            acts[call]()

        cause = cause_of(refused.value)
        assert not isinstance(refused.value, NotOurs)
        assert (cause.code, cause.operation, cause.request_id[:3]) == ("403", call[8:], "ACE")

    def test_a_wrong_token_is_final(self, grafana: Grafana) -> None:
        with pytest.raises(Permanent, match="Invalid API key") as refused:
            a_client(grafana.url, token="glsa_other").look("any")

        assert cause_of(refused.value).code == "401"

    def test_a_token_may_end_in_a_new_line(self, grafana: Grafana) -> None:
        assert a_client(grafana.url, token=f"{CANARY}\n").look(GIVEN) is not None

    def test_throttling_is_tried_again_later(self, grafana: Grafana) -> None:
        grafana.simulator.faults.add(Kind.THROTTLING, GET)

        with pytest.raises(Temporary) as failed:
            grafana.client.look("any")

        assert (cause_of(failed.value).code, failed.value.retry_after) == ("429", timedelta(seconds=5))

    def test_no_answer_in_time_is_tried_again(self, grafana: Grafana) -> None:
        grafana.simulator.faults.add(Kind.DELAY, GET, seconds=0.3)

        with pytest.raises(Temporary) as failed:
            a_client(grafana.url, timeout=timedelta(milliseconds=50)).look("any")

        assert cause_of(failed.value).code == "ReadTimeout"

    def test_nobody_there_is_tried_again(self) -> None:
        with pytest.raises(Temporary) as failed:
            a_client(f"http://127.0.0.1:{free_port()}").look("any")

        assert cause_of(failed.value).code == "ConnectError"

    @pytest.mark.parametrize(
        ("front", "words"),
        [
            (Front.PAGE, "answered 200 with text/html, not JSON: Sign in to Example"),
            (Front.REDIRECT, "answered 302 with a redirect to /login, not JSON"),
        ],
    )
    def test_a_login_in_front_is_told_and_never_taken_for_an_answer(
        self, grafana: Grafana, front: Front, words: str
    ) -> None:
        grafana.simulator.front = front

        for act in (grafana.client.look, grafana.client.delete):
            with pytest.raises(Permanent) as refused:
                act(GIVEN)
            assert cause_of(refused.value).raw_text == words

    def test_another_path_of_grafana_is_no_missing_dashboard(self, grafana: Grafana) -> None:
        with pytest.raises(Permanent, match="answered 404 with text/html"):
            a_client(f"{grafana.url}/monitoring").look("any")


class Parrot:
    """A server with one answer. `{token}` in it is what the caller sent."""

    def __init__(self) -> None:
        self.answer: Response = PlainTextResponse()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http":
            token = Request(scope).headers["authorization"].removeprefix("Bearer ")
            self.answer.body = bytes(self.answer.body).replace(b"{token}", token.encode())
            self.answer.headers["content-length"] = str(len(self.answer.body))
            await self.answer(scope, receive, send)


@pytest.fixture(scope="module")
def parrot() -> Iterator[tuple[Parrot, GrafanaHttp]]:
    app = Parrot()
    server = Loopback(app, "parrot")
    yield app, a_client(server.start())
    server.stop()


FOUND = {"dashboard": {"uid": "any", "title": "Any", "tags": None}, "meta": {}}


class TestParrot:
    """Answers that Grafana, or what stands for it, may give."""

    @pytest.mark.parametrize(
        ("answer", "words"),
        [
            (JSONResponse({"message": "no {token}"}, 403), "no [hidden]"),
            (PlainTextResponse("<title>Bearer {token}</title>", 404), "not JSON: Bearer [hidden]"),
            (JSONResponse({"message": "Not found"}, 404), "Not found"),
            (JSONResponse({"error": "no such tenant"}, 400), "no such tenant"),
            (JSONResponse({}, 400), "Bad Request"),
            (JSONResponse([FOUND]), "answered 200 with unexpected JSON: "),
            (JSONResponse({"meta": {}}), "answered without a usable dashboard"),
            (JSONResponse({"dashboard": {"uid": "any"}}), "answered without a usable dashboard.title"),
            (JSONResponse({"dashboard": {"uid": "ANY", "title": "T"}}), "another dashboard, ANY"),
            (
                Response("{", 200, {"content-type": "application/json"}),
                "answered 200 with application/json, not JSON: {",
            ),
            (Response(b"", 200), "answered 200 with an unknown content type, not JSON: "),
        ],
        ids=lambda value: value if isinstance(value, str) else "",  # an object's own text has its address
    )
    def test_what_cannot_be_used_is_final_and_quoted_without_the_token(
        self, parrot: tuple[Parrot, GrafanaHttp], answer: Response, words: str
    ) -> None:
        app, client = parrot
        app.answer = answer

        with pytest.raises(Permanent) as refused:
            client.look("any")

        assert words in cause_of(refused.value).raw_text
        assert CANARY not in str(refused.value)

    @pytest.mark.parametrize("code", [429, 500, 502, 503, 504])
    def test_a_proxy_that_finds_nobody_is_tried_again(
        self, parrot: tuple[Parrot, GrafanaHttp], code: int
    ) -> None:
        app, client = parrot
        app.answer = PlainTextResponse("<html><title>upstream {token}</title></html>", code)

        with pytest.raises(Temporary, match=r"upstream \[hidden\]") as failed:
            client.look("any")

        assert cause_of(failed.value).code == str(code)

    def test_rights_that_grafana_does_not_see_yet_are_waited_for(
        self, parrot: tuple[Parrot, GrafanaHttp]
    ) -> None:
        """Right after a dashboard was deleted and made again under its uid."""
        app, client = parrot
        app.answer = JSONResponse({"message": "Access denied to this dashboard"}, 403)

        with pytest.raises(Temporary, match="Access denied to this dashboard") as failed:
            client.look("any")

        assert failed.value.retry_after == timedelta(seconds=30)

    @pytest.mark.parametrize(
        "answer",
        [
            JSONResponse({"message": "A dashboard with the same uid already exists"}, 400),
            JSONResponse({"message": 'dashboards.dashboard.grafana.app "any" already exists'}, 409),
        ],
        ids=["400", "409"],
    )
    def test_one_with_the_uid_by_now_is_looked_at_again(
        self, parrot: tuple[Parrot, GrafanaHttp], answer: Response
    ) -> None:
        app, client = parrot
        app.answer = answer

        with pytest.raises(Temporary, match="already exists"):
            client.create("any", title="x", tags=(), variables={})

    def test_a_dashboard_may_have_no_tags(self, parrot: tuple[Parrot, GrafanaHttp]) -> None:
        app, client = parrot
        app.answer = JSONResponse(FOUND)

        found = client.look("any")

        assert found is not None
        assert (found.tags, found.owners) == ((), frozenset())

    def test_newer_words_for_a_missing_one_are_understood(self, parrot: tuple[Parrot, GrafanaHttp]) -> None:
        app, client = parrot
        app.answer = JSONResponse({"message": 'dashboards.dashboard.grafana.app "any" not found'}, 404)

        assert client.look("any") is None

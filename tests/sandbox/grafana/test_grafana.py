"""The simulated Grafana answers as Grafana does, also when it refuses."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import httpx
import pytest

from sandbox.grafana.simulator import GET, POST, GrafanaSimulator, Write
from sandbox.serving.callfaults import Kind

UID = "abc_DEF-12"


@pytest.fixture
def grafana() -> Iterator[GrafanaSimulator]:
    simulator = GrafanaSimulator()
    yield simulator
    simulator.stop()


@pytest.fixture
def http(grafana: GrafanaSimulator) -> Iterator[httpx.Client]:
    headers = {"Authorization": f"Bearer {grafana.token}"}
    with httpx.Client(base_url=grafana.start(), headers=headers, trust_env=False) as client:
        yield client


def a_board(uid: str | None = UID, **bent: Any) -> dict[str, Any]:
    return {"id": None, "uid": uid, "title": "Alpha & co", "tags": ["team"], "panels": []} | bent


def post(http: httpx.Client, board: dict[str, Any], **more: Any) -> httpx.Response:
    return http.post("/api/dashboards/db", json={"dashboard": board, "overwrite": False} | more)


def get(http: httpx.Client, uid: str = UID) -> httpx.Response:
    return http.get(f"/api/dashboards/uid/{uid}")


def said(answer: httpx.Response) -> tuple[int, str]:
    return answer.status_code, answer.json()["message"]


class TestCalls:
    def test_a_dashboard_is_made_found_and_deleted(
        self, grafana: GrafanaSimulator, http: httpx.Client
    ) -> None:
        made = post(http, a_board())
        found = get(http)
        gone = http.delete(f"/api/dashboards/uid/{UID}")

        assert (made.status_code, made.json()["status"]) == (200, "success")
        assert made.json()["url"] == f"/d/{UID}/alpha-co"
        assert found.json()["dashboard"] == a_board(id=1, version=1)
        assert found.json()["meta"]["provisioned"] is False
        assert said(gone) == (200, "Dashboard Alpha & co deleted")
        assert said(get(http)) == (404, "Dashboard not found")
        assert grafana.dashboards() == []

    def test_without_a_uid_one_is_made_up(self, http: httpx.Client) -> None:
        made = post(http, a_board(uid=None)).json()

        assert get(http, made["uid"]).status_code == 200

    def test_deleting_what_is_not_there_is_404(self, http: httpx.Client) -> None:
        assert said(http.delete("/api/dashboards/uid/none")) == (404, "Dashboard not found")

    @pytest.mark.parametrize("authorization", ["", "Basic YTpi", "Bearer"])
    def test_without_a_token_nobody_is_let_in(self, http: httpx.Client, authorization: str) -> None:
        answer = http.get(f"/api/dashboards/uid/{UID}", headers={"Authorization": authorization})

        assert answer.status_code == 401

    def test_a_wrong_token_is_told_as_grafana_does(self, http: httpx.Client) -> None:
        answer = http.get(f"/api/dashboards/uid/{UID}", headers={"Authorization": "Bearer glsa_other"})

        assert said(answer) == (401, "Invalid API key")
        assert answer.json()["messageId"] == "api-key.invalid"

    def test_an_unknown_call_is_an_error_and_is_written_down(
        self, grafana: GrafanaSimulator, http: httpx.Client
    ) -> None:
        answers = [http.get("/api/folders"), http.put("/api/dashboards/db", json={}), http.post("/d/x")]

        assert [said(answer) for answer in answers] == [(404, "Not found")] * 3
        assert grafana.unknown_calls == ["GET /api/folders", "PUT /api/dashboards/db", "POST /d/x"]


class TestSaving:
    def test_over_another_it_needs_its_version(self, http: httpx.Client) -> None:
        post(http, a_board())

        again = post(http, a_board(title="Other"))

        assert said(again) == (412, "The dashboard has been changed by someone else")
        assert again.json()["status"] == "version-mismatch"

    @pytest.mark.parametrize(("board", "more"), [({"version": 1}, {}), ({}, {"overwrite": True})])
    def test_with_its_version_or_overwrite_it_is_changed(
        self, http: httpx.Client, board: dict[str, Any], more: dict[str, Any]
    ) -> None:
        post(http, a_board())

        again = post(http, a_board(title="Other", **board), **more)

        assert again.json()["version"] == 2
        assert get(http).json()["dashboard"]["title"] == "Other"

    @pytest.mark.parametrize(
        ("board", "code", "words"),
        [
            (a_board(title=" "), 400, "Dashboard title cannot be empty"),
            (a_board(uid="a/b"), 400, "uid contains illegal characters"),
            (a_board(uid="x" * 41), 400, "uid too long, max 40 characters"),
            (a_board(id=7), 404, "Dashboard not found"),
            (a_board(tags=["t" * 51]), 500, "Failed to save dashboard"),
        ],
    )
    def test_what_is_wrong_is_refused(
        self, grafana: GrafanaSimulator, http: httpx.Client, board: dict[str, Any], code: int, words: str
    ) -> None:
        assert said(post(http, board)) == (code, words)
        assert grafana.dashboards() == []

    @pytest.mark.parametrize("content", [b"", b"{", b"[]", b'{"dashboard": 1}'])
    def test_what_is_no_dashboard_is_refused(self, http: httpx.Client, content: bytes) -> None:
        assert said(http.post("/api/dashboards/db", content=content)) == (400, "bad request data")

    def test_a_provisioned_one_is_neither_saved_nor_deleted(
        self, grafana: GrafanaSimulator, http: httpx.Client
    ) -> None:
        grafana.add(a_board(), provisioned=True)

        assert said(post(http, a_board(), overwrite=True)) == (400, "Cannot save provisioned dashboard")
        assert said(http.delete(f"/api/dashboards/uid/{UID}")) == (
            400,
            "provisioned dashboard cannot be deleted",
        )
        assert get(http).json()["meta"]["provisioned"] is True

    def test_an_older_one_takes_a_title_only_once(self) -> None:
        grafana = GrafanaSimulator(names_unique=True)
        headers = {"Authorization": f"Bearer {grafana.token}"}
        with httpx.Client(base_url=grafana.start(), headers=headers, trust_env=False) as http:
            post(http, a_board())
            again = post(http, a_board(uid="another"))
        grafana.stop()

        assert said(again) == (412, "A dashboard with the same name in the folder already exists")
        assert again.json()["status"] == "name-exists"


class TestTrouble:
    def test_a_missing_right_is_named(self, grafana: GrafanaSimulator, http: httpx.Client) -> None:
        grafana.faults.add(Kind.ACCESS_DENIED, POST)

        code, words = said(post(http, a_board()))

        assert code == 403
        assert words.endswith("Permissions needed: any of dashboards:create, dashboards:write")
        assert post(http, a_board()).status_code == 200

    def test_too_many_calls_are_told(self, grafana: GrafanaSimulator, http: httpx.Client) -> None:
        grafana.faults.add(Kind.THROTTLING, GET)

        assert get(http).status_code == 429

    def test_an_answer_may_get_lost_after_the_deed(
        self, grafana: GrafanaSimulator, http: httpx.Client
    ) -> None:
        grafana.faults.add(Kind.LOST_ANSWER, "*")

        with pytest.raises(httpx.RemoteProtocolError):
            post(http, a_board())

        assert get(http).status_code == 200

    def test_an_answer_may_take_its_time(self, grafana: GrafanaSimulator, http: httpx.Client) -> None:
        grafana.faults.add(Kind.DELAY, GET, seconds=0.3)

        with pytest.raises(httpx.ReadTimeout):
            http.get(f"/api/dashboards/uid/{UID}", timeout=0.05)

    def test_the_hook_hears_of_a_write_after_the_deed_and_before_the_answer(
        self, grafana: GrafanaSimulator, http: httpx.Client
    ) -> None:
        heard: list[tuple[str, str, int]] = []

        def hear(write: Write) -> None:
            heard.append((write.call, write.resource, len(grafana.dashboards())))

        grafana.on_write(hear)
        post(http, a_board())
        get(http)
        post(http, a_board())  # refused
        http.delete(f"/api/dashboards/uid/{UID}")

        assert heard == [("grafana.PostDashboard", UID, 1), ("grafana.DeleteDashboard", UID, 0)]
        assert [entry["number"] for entry in grafana.journal(1)] == [2]


class TestPeople:
    def test_a_dashboard_can_be_looked_at(self, http: httpx.Client) -> None:
        constant = {"type": "constant", "name": "namespace", "query": "aic-ns-alpha-ws"}
        panels = [{"title": "<b>Pods</b>"}]
        post(http, a_board(panels=panels, templating={"list": [constant]}))

        page = http.get(f"/d/{UID}/alpha-co", headers={"Authorization": ""})

        assert page.headers["content-type"].startswith("text/html")
        assert "<h1>Alpha &amp; co</h1>" in page.text
        assert "namespace = aic-ns-alpha-ws" in page.text
        assert "&lt;b&gt;Pods" in page.text

    @pytest.mark.parametrize("path", ["/d/none", "/", "/nothing/here"])
    def test_a_page_that_is_not_there_is_a_page_too(
        self, grafana: GrafanaSimulator, http: httpx.Client, path: str
    ) -> None:
        page = http.get(path)

        assert (page.status_code, page.headers["content-type"]) == (404, "text/html; charset=utf-8")
        assert grafana.unknown_calls == []

    def test_what_people_do_is_there(self, grafana: GrafanaSimulator, http: httpx.Client) -> None:
        grafana.add(a_board())
        grafana.add(a_board(title="Renamed"))

        (found,) = grafana.dashboards()

        assert (found["title"], found["version"], found["uid"]) == ("Renamed", 2, UID)
        grafana.remove(UID)
        assert get(http).status_code == 404

    def test_all_is_there_after_a_restart(self, grafana: GrafanaSimulator, http: httpx.Client) -> None:
        post(http, a_board())
        grafana.add(a_board(uid="second"), provisioned=True)
        again = GrafanaSimulator()

        again.bring_back(grafana.keep())

        assert again.dashboards() == grafana.dashboards()
        assert again.model(UID) == grafana.model(UID)

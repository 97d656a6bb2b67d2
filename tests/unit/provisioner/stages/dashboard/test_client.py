"""The template of a dashboard: what is refused, and that the shipped one makes sense."""

from __future__ import annotations

import json
import re
from itertools import combinations
from typing import Any

import pytest
from pydantic import SecretStr

from provisioner.stages.dashboard.client import GrafanaHttp, checked, shipped

TOKEN = "glsa_canary"
BOARD = checked(shipped())
WITH_QUERIES = [panel for panel in BOARD["panels"] if panel["type"] != "text"]
TARGETS = [target for panel in WITH_QUERIES for target in panel["targets"]]


def a_template(**bent: Any) -> str:
    return json.dumps({"title": "Mine", "panels": [], "templating": {"list": []}} | bent)


class TestChecked:
    @pytest.mark.parametrize(
        "text", ["", "{", "{'panels': []}", '{"panels": [NaN]}', '{"panels": ["\\ud800"]}']
    )
    def test_what_is_no_json_is_refused_with_the_reason(self, text: str) -> None:
        with pytest.raises(ValueError, match=r"the dashboard template is no JSON: .+"):
            checked(text)

    @pytest.mark.parametrize("text", ["[]", '"panels"', "null", "1"])
    def test_what_is_no_object_is_refused(self, text: str) -> None:
        with pytest.raises(ValueError, match="must be a JSON object"):
            checked(text)

    @pytest.mark.parametrize(
        "text",
        [
            "{}",
            json.dumps({"dashboard": json.loads(a_template()), "meta": {}}),
            json.dumps({"apiVersion": "dashboard.grafana.app/v2beta1", "kind": "Dashboard", "spec": {}}),
            a_template(panels={}),
            a_template(panels=["row"]),
            a_template(templating=[]),
            a_template(templating={"list": [1]}),
        ],
    )
    def test_what_is_an_object_and_no_dashboard_is_refused(self, text: str) -> None:
        with pytest.raises(ValueError, match="must have `panels`"):
            checked(text)

    def test_what_was_exported_for_sharing_is_refused_with_the_way_out(self) -> None:
        text = a_template(__inputs=[{"name": "DS_PROMETHEUS", "type": "datasource"}])

        with pytest.raises(ValueError, match="export it without"):
            checked(text)

    @pytest.mark.parametrize("tags", ["ops", [1], {"a": 1}])
    def test_tags_that_are_none_are_refused(self, tags: object) -> None:
        with pytest.raises(ValueError, match="`tags`"):
            checked(a_template(tags=tags))

    @pytest.mark.parametrize("bent", [{}, {"tags": None}, {"templating": {}}, {"__inputs": []}])
    def test_what_may_be_left_out_may_be_left_out(self, bent: dict[str, Any]) -> None:
        assert checked(a_template(**bent))["title"] == "Mine"

    def test_one_that_cannot_be_used_is_told_at_the_start(self) -> None:
        with pytest.raises(ValueError, match="no JSON"):
            GrafanaHttp(url="http://127.0.0.1:1", token=SecretStr(TOKEN), template="no template")


class TestToken:
    @pytest.mark.parametrize("token", [f"{TOKEN}\nX-Other: 1", f"{TOKEN} x", f"{TOKEN}é", "", " "])
    def test_one_that_fits_no_header_is_refused_and_not_shown(self, token: str) -> None:
        with pytest.raises(ValueError, match="Grafana's token must be") as refused:
            GrafanaHttp(url="http://127.0.0.1:1", token=SecretStr(token))

        assert TOKEN not in repr(refused.value)

    def test_it_does_not_show(self) -> None:
        client = GrafanaHttp(url="http://127.0.0.1:1", token=SecretStr(TOKEN))

        assert TOKEN not in repr(vars(client))
        assert TOKEN not in repr(vars(client._http))
        assert TOKEN not in repr(client._http._http.headers)


class TestShipped:
    """Looked at for sense: Grafana takes almost anything and then shows nothing."""

    def test_it_is_a_dashboard_for_anywhere(self) -> None:
        assert BOARD["id"] is BOARD["uid"] is None
        assert BOARD["schemaVersion"] >= 33  # the first with data sources by type and uid
        assert BOARD["tags"] == []

    def test_its_variables_are_the_data_source_and_the_workspaces_names(self) -> None:
        variables = {each["name"]: each["type"] for each in BOARD["templating"]["list"]}

        assert variables == {
            "datasource": "datasource",
            "namespace": "constant",
            "node_label": "constant",
            "bucket": "constant",
        }

    def test_every_variable_is_used_and_every_one_that_is_used_is_there(self) -> None:
        text = json.dumps({**BOARD, "templating": None})
        used = set(re.findall(r"\$\{?(\w+)", text)) - {"__rate_interval"}

        assert used == {each["name"] for each in BOARD["templating"]["list"]}

    def test_panels_have_ids_and_places_of_their_own(self) -> None:
        places = {panel["id"]: panel["gridPos"] for panel in BOARD["panels"]}

        assert len(places) == len(BOARD["panels"])
        assert all(at["x"] >= 0 and at["x"] + at["w"] <= 24 and at["h"] > 0 for at in places.values())
        for one, other in combinations(places.values(), 2):
            beside = one["x"] + one["w"] <= other["x"] or other["x"] + other["w"] <= one["x"]
            below = one["y"] + one["h"] <= other["y"] or other["y"] + other["h"] <= one["y"]
            assert beside or below, (one, other)

    def test_it_shows_pods_cpu_memory_and_nodes(self) -> None:
        titles = " ".join(panel["title"] for panel in WITH_QUERIES).lower()

        assert all(word in titles for word in ("pods", "cpu", "memory", "nodes of the node group"))

    @pytest.mark.parametrize("panel", WITH_QUERIES, ids=lambda panel: panel["title"])
    def test_each_panel_asks_the_chosen_data_source(self, panel: dict[str, Any]) -> None:
        chosen = {"type": "prometheus", "uid": "${datasource}"}
        references = [target["refId"] for target in panel["targets"]]

        assert panel["datasource"] == chosen
        assert all(target["datasource"] == chosen for target in panel["targets"])
        assert len(set(references)) == len(references) > 0

    @pytest.mark.parametrize("target", TARGETS, ids=lambda target: target["expr"][:40])
    def test_each_query_is_about_this_workspace_alone(self, target: dict[str, Any]) -> None:
        query = target["expr"]

        assert 'namespace="$namespace"' in query or 'label_aic_role="$node_label"' in query
        assert query.count("(") == query.count(")")
        assert query.count("{") == query.count("}")

    def test_what_it_needs_of_the_cluster_is_said_where_it_shows(self) -> None:
        by_label = [panel for panel in WITH_QUERIES if "kube_node_labels" in json.dumps(panel)]

        assert by_label
        assert all("--metric-labels-allowlist=nodes=[aic-role]" in panel["description"] for panel in by_label)

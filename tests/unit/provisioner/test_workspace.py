"""What may be asked for, and the names that follow from it."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from provisioner.workspace import (
    RESERVED,
    WHY_LONGEST,
    NodeSpec,
    WorkspaceSpec,
    nearest,
    nearest_project,
    problems,
)
from tests.builders import a_platform, a_spec, a_workspace


def told(spec: WorkspaceSpec) -> list[tuple[str, str]]:
    return [(problem.field, str(problem.message)) for problem in problems(spec, a_platform())]


class TestNames:
    def test_are_the_runbooks(self) -> None:
        ws = a_workspace("alpha")

        assert ws.project == "alpha"
        assert ws.name == "alpha-ws"
        assert ws.namespace == "aic-ns-alpha-ws"
        assert ws.login == "aic-user-alpha-ws"
        assert ws.login_email == "aic-user-alpha-ws@aic.com"
        assert ws.bucket == "s3-an2-meerkat-prod-alpha"
        assert ws.node_label == "alpha-ws-standard"
        assert ws.nodegroup == "ng-an2-aicond-alpha-ws-standard"
        assert ws.edge_account == "alpha-edge"
        assert ws.edge_password.get_secret_value() == "alpha-edge@com"
        assert ws.platform.kubeflow_policy == "policy-s3-kubeflow-an2-meerkat-prod"
        assert ws.platform.aia_policy == "policy-s3-aia-an2-meerkat-prod"

    def test_what_is_named_after_them_follows(self) -> None:
        ws = a_workspace("alpha")

        assert ws.stack_of(ws.nodegroup) == (
            "eksctl-eks-an2-meerkat-prod-nodegroup-ng-an2-aicond-alpha-ws-standard"
        )
        assert ws.nodegroup_of("gpu") == "ng-an2-aicond-alpha-ws-gpu"
        assert ws.bucket_arns == (
            "arn:aws:s3:::s3-an2-meerkat-prod-alpha",
            "arn:aws:s3:::s3-an2-meerkat-prod-alpha/*",
        )
        assert ws.platform.policy_arn("p") == "arn:aws:iam::123456789012:policy/p"

    def test_the_password_that_follows_from_the_name_is_not_shown(self) -> None:
        assert "alpha-edge@com" not in repr(a_workspace("alpha").edge_password)

    def test_follow_the_platform(self) -> None:
        ws = a_workspace("alpha", platform=a_platform(env="dev", infra="otter", login_domain="example.org"))

        assert ws.bucket == "s3-an2-otter-dev-alpha"
        assert ws.login_email == "aic-user-alpha-ws@example.org"

    def test_are_all_previewed_with_a_title(self) -> None:
        assert [(str(title), name) for title, name in a_workspace().names()] == [
            ("Workspace", "alpha-ws"),
            ("Kubeflow profile and namespace", "aic-ns-alpha-ws"),
            ("Dex login", "aic-user-alpha-ws@aic.com"),
            ("S3 bucket", "s3-an2-meerkat-prod-alpha"),
            ("EKS node group", "ng-an2-aicond-alpha-ws-standard"),
            ("AI Conductor account", "alpha-edge"),
        ]


class TestDashboard:
    """T56: the runbook cuts out the first 13 letters or digits of the address."""

    @pytest.mark.parametrize(
        ("given", "uid"),
        [
            ("https://grafana.meerkat-monitoring.example.com/d/abc_DEF-12/alpha?orgId=1", "abc_DEF-12"),
            ("http://127.0.0.1:3000/grafana/d/fourteenletters", "fourteenletters"),
            ("a1b2c3d4e5f6g", "a1b2c3d4e5f6g"),
            (" abc ", "abc"),
        ],
    )
    def test_is_taken_from_its_address_or_as_a_uid(self, given: str, uid: str) -> None:
        assert a_workspace(dashboard=given).dashboard == uid
        assert told(a_spec(dashboard=given)) == []

    @pytest.mark.parametrize(
        "given", ["https://grafana.example.com/dashboards", "no such thing", "https://x/d/", "d/" + "x" * 41]
    )
    def test_what_is_none_is_told_at_its_field(self, given: str) -> None:
        ((field, words),) = told(a_spec(dashboard=given))

        assert (field, "or leave this empty" in words) == ("dashboard", True)

    def test_that_is_made_has_a_uid_the_runbook_would_find(self) -> None:
        ws = a_workspace("alpha")

        assert ws.dashboard == ws.made_dashboard == a_workspace("alpha").made_dashboard
        assert re.fullmatch(r"[a-zA-Z0-9]{13}", ws.made_dashboard)

    def test_that_is_made_is_no_other_projects(self) -> None:
        made = {a_workspace(f"p{number}").made_dashboard for number in range(200)}

        assert len(made) == 200


class TestProblems:
    def test_there_are_none_in_a_good_spec(self) -> None:
        assert told(a_spec()) == []

    def test_are_all_told_at_once(self) -> None:
        spec = a_spec("My_Team", spec="huge", desired=-1, max=0, why=" ")

        assert [field for field, _ in told(spec)] == ["project", "spec", "max", "desired", "why"]

    @pytest.mark.parametrize(
        "project",
        [
            "a",
            "1alpha",
            "Alpha",
            "al-pha",
            "al_pha",
            "al pha",
            "älpha",
            "alpha\n",
            "a" * 21,
            "🚀rocket",
            "“alpha”",
        ],
    )
    def test_a_name_that_is_none_is_told_with_the_rule(self, project: str) -> None:
        ((field, words),) = told(a_spec(project))

        assert field == "project"
        assert "2 to 20 lowercase letters and digits" in words
        assert f"Try {nearest_project(project)}." in words

    @pytest.mark.parametrize("project", ["ab", "a1", "alpha", "a" * 20])
    def test_a_good_name_is_none(self, project: str) -> None:
        assert told(a_spec(project)) == []

    @pytest.mark.parametrize("project", sorted(RESERVED))
    def test_a_reserved_name_is_told(self, project: str) -> None:
        ((field, words),) = told(a_spec(project))

        assert (field, "reserved" in words) == ("project", True)

    def test_a_missing_name_is_asked_for(self) -> None:
        assert told(a_spec("")) == [("project", "Enter a project name, for example alpha.")]

    def test_a_bucket_name_over_the_limit_is_told_with_its_length(self) -> None:
        fits, over = a_platform(infra="m" * 45), a_platform(infra="m" * 46)

        assert problems(a_spec("alpha"), fits) == ()
        (problem,) = problems(a_spec("alpha"), over)
        assert str(problem.message) == (
            f"s3-an2-{'m' * 46}-prod-alpha would have 64 characters, but the limit is 63. Use a "
            "shorter project name."
        )

    def test_a_node_group_name_over_the_limit_is_told(self) -> None:
        """Whatever the spec: another one may be asked for later."""
        specs = {"standard": NodeSpec(instance_type="m5.xlarge"), "x" * 41: NodeSpec(instance_type="x")}

        (problem,) = problems(a_spec("alpha"), a_platform(specs=specs))

        assert problem.field == "project"
        assert "the limit is 63" in str(problem.message)

    def test_a_stack_name_over_the_limit_is_told(self) -> None:
        (problem,) = problems(a_spec("alpha"), a_platform(cluster="c" * 90))

        assert "the limit is 128" in str(problem.message)

    def test_an_unknown_spec_is_told_with_those_there_are(self) -> None:
        assert told(a_spec(spec="huge")) == [("spec", ("Unknown spec huge. Choose one of: gpu, standard."))]

    def test_desired_over_max_is_told(self) -> None:
        assert told(a_spec(desired=4, max=3)) == [
            ("desired", "Initial nodes (4) can't exceed maximum nodes (3).")
        ]

    @pytest.mark.parametrize("most", [0, -1, 101])
    def test_a_max_that_no_cluster_has_is_told(self, most: int) -> None:
        assert ("max", "Maximum nodes must be from 1 to 100.") in told(a_spec(max=most, desired=0))

    def test_no_nodes_to_start_with_are_fine(self) -> None:
        assert told(a_spec(desired=0)) == []

    def test_why_has_to_be_said(self) -> None:
        assert [field for field, _ in told(a_spec(why=" \n"))] == ["why"]

    def test_why_may_not_be_a_novel(self) -> None:
        assert told(a_spec(why="x" * WHY_LONGEST)) == []
        assert told(a_spec(why="x" * 501)) == [("why", ("Use at most 500 characters. You entered 501."))]


@given(st.text(max_size=40))
def test_the_nearest_name_is_always_one_that_may_be_asked(typed: str) -> None:
    assert problems(a_spec(nearest_project(typed)), a_platform()) == ()


@pytest.mark.parametrize(("typed", "name"), [("My_Team 1", "myteam1"), ("42", "alpha"), ("9lives", "lives")])
def test_the_nearest_name_is_like_what_was_typed(typed: str, name: str) -> None:
    assert nearest_project(typed) == name


def test_the_nearest_word_is_named_or_none() -> None:
    assert nearest("creat", ["create", "delete"]) == "create"
    assert nearest("xyz", ["create", "delete"]) is None


def test_a_spec_comes_back_from_json_as_it_was() -> None:
    spec = a_spec(desired=2, max=5)

    assert WorkspaceSpec.from_json(spec.to_json()) == spec

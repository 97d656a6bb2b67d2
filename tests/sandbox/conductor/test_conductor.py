"""The simulated AI Conductor, held to what is known of the real one."""

from __future__ import annotations

import json

import httpx
import pytest

from sandbox.conductor import ConductorSimulator, Write
from sandbox.conductor.simulator import ADMIN_LOGIN
from sandbox.serving.callfaults import Kind
from tests.sandbox.conductor.conftest import PASSWORD, Login, a_body

WORKSPACES, ACCOUNTS = "/api/v1/workspaces", "/api/v1/accounts"


def made(admin: httpx.Client) -> dict[str, str]:
    """The workspace alpha-ws, as it was answered."""
    row: dict[str, str] = admin.post(WORKSPACES, json=a_body()).json()
    return row


def test_the_version_is_told_without_a_login_and_nothing_else_is(http: httpx.Client) -> None:
    assert http.get("/api/v1/healthz").status_code == 200
    assert http.get("/api/v1/versions").json() == {"versions": [{"ver_str": "2.0"}]}
    assert http.get(WORKSPACES).status_code == 401


def test_a_login_gives_the_account_and_a_cookie_of_43_characters(log_in: Login) -> None:
    answer = log_in()

    assert set(answer.json()) == {"account_id", "login_id", "display_name", "role", "workspace"}
    assert answer.json()["role"] == "ADMIN"
    name, _, token = answer.headers["set-cookie"].partition(";")[0].partition("=")
    assert (name, len(token)) == ("access-token", 43)


def test_five_refused_logins_lock_an_account_and_an_unknown_one_has_no_count(log_in: Login) -> None:
    details = [log_in(password="wrong").json()["detail"] for _ in range(6)]

    assert [detail["login_fail_count"] for detail in details] == [1, 2, 3, 4, 5, 5]
    assert [detail["error_code"] for detail in details] == ["USER.LOGIN.001"] * 4 + ["USER.LOGIN.002"] * 2
    assert log_in().status_code == 401, "the right password does not help now"
    assert log_in("nobody").json()["detail"] == {"error_code": "USER.LOGIN.001"}


def test_a_good_login_sets_the_count_to_zero(log_in: Login) -> None:
    for _ in range(3):
        for _ in range(4):
            log_in(password="wrong")
        assert log_in().status_code == 200


def test_an_account_nobody_used_is_locked_until_it_is_unlocked(
    simulator: ConductorSimulator, log_in: Login
) -> None:
    simulator.lock_unused(ADMIN_LOGIN, 90)
    detail = log_in().json()["detail"]
    simulator.unlock(ADMIN_LOGIN)

    assert detail == {"error_code": "USER.LOGIN.003", "unused_period": 90}
    assert log_in().status_code == 200


def test_the_admins_password_can_be_made_wrong_and_right_again(
    simulator: ConductorSimulator, admin: httpx.Client, log_in: Login
) -> None:
    simulator.reject_admin()
    assert admin.get(WORKSPACES).status_code == 401
    assert log_in().status_code == 401

    simulator.accept_admin()

    assert log_in().status_code == 200
    assert [each.code for each in simulator.logins] == ["", "USER.LOGIN.001", ""]


def test_a_session_ends(simulator: ConductorSimulator, admin: httpx.Client) -> None:
    assert admin.get(WORKSPACES).status_code == 200

    simulator.expire_sessions()

    assert admin.get(WORKSPACES).status_code == 401


def test_every_name_follows_from_the_one_given(admin: httpx.Client) -> None:
    made(admin)

    (row,) = admin.get(WORKSPACES).json()["workspaces"]
    assert (row["name"], row["namespace"]) == ("alpha-ws", "aic-ns-alpha-ws")
    assert row["kubeflow_user"] == "aic-user-alpha-ws@aic.com"
    assert row["execution_specs"] == [
        {"name": "standard", "vcpu": 4, "ram_gb": 16, "gpu": 0, "label": "alpha-ws-standard"}
    ]


def test_a_row_of_zeros_is_not_saved(admin: httpx.Client) -> None:
    zeros = {"name": "none", "vcpu": 0, "ram_gb": 0, "gpu": 0}

    row = admin.post(WORKSPACES, json=a_body(execution_specs=[zeros])).json()

    assert row["execution_specs"] == []


def test_conflicts_and_missing_things_are_400_with_a_text(admin: httpx.Client) -> None:
    made(admin)

    again = admin.post(WORKSPACES, json=a_body())
    missing = admin.delete(f"{WORKSPACES}/none")

    assert (again.status_code, missing.status_code) == (400, 400)
    assert again.json()["detail"] == "app.handlers.workspace_v1_0 : already exist name alpha-ws"
    assert missing.json()["detail"] == "app.handlers.workspace_v1_0 : can't find workspace none"


def test_a_deleted_workspace_stays_with_a_flag_and_its_name_is_free(admin: httpx.Client) -> None:
    first = made(admin)

    gone = admin.delete(f"{WORKSPACES}/{first['id']}").json()
    second = made(admin)

    rows = admin.get(WORKSPACES).json()["workspaces"]
    assert gone["is_deleted"] == 1
    assert [(row["id"], row["is_deleted"]) for row in rows] == [(first["id"], 1), (second["id"], 0)]
    assert first["id"] != second["id"]


def test_a_workspace_with_solutions_and_an_account_with_a_workspace_stay(
    simulator: ConductorSimulator, admin: httpx.Client
) -> None:
    row = made(admin)
    simulator.set_solutions("alpha-ws", "churn")
    simulator.add_account("alpha-edge", password="x")
    simulator.set_role("alpha-edge", "alpha-ws", "MANAGER")
    (account,) = [each for each in simulator.accounts() if each["login"] == "alpha-edge"]

    workspace = admin.delete(f"{WORKSPACES}/{row['id']}").json()["detail"]
    person = admin.delete(f"{ACCOUNTS}/{account['id']}").json()["detail"]

    assert workspace.endswith("Failed to delete Workspace, Solution exist [churn]")
    assert person.endswith("Failed to delete Account, Workspace exist [alpha-ws]")


def test_a_wrong_body_is_422_and_quotes_what_was_sent(admin: httpx.Client) -> None:
    body = {"login_id": "alpha-edge", "login_pw": "alpha-edge@com", "role": "DEVELOPER"}

    answer = admin.post(ACCOUNTS, json=body)

    (fault,) = answer.json()["detail"]
    assert (answer.status_code, fault["loc"], fault["type"]) == (422, ["body", "display_name"], "missing")
    assert "alpha-edge@com" in json.dumps(fault["input"])


def test_a_body_that_is_not_said_to_be_json_is_422(admin: httpx.Client) -> None:
    answer = admin.post(WORKSPACES, content=json.dumps(a_body()), headers={"content-type": "text/plain"})

    assert answer.status_code == 422


def test_only_an_administrator_changes_anything(
    simulator: ConductorSimulator, http: httpx.Client, log_in: Login
) -> None:
    simulator.add_account("mina", password="x")
    log_in("mina", "x")

    assert http.post(WORKSPACES, json=a_body()).status_code == 403
    assert http.get(ACCOUNTS).status_code == 403
    assert http.get(WORKSPACES).json() == {"workspaces": []}


@pytest.mark.parametrize(
    ("version", "key", "other", "bucket"),
    [
        ("1.7", "workspace_name", "workspace_id", {"public": "s3-an2-meerkat-prod-aia", "private": "s3-x"}),
        ("2.10", "workspace_id", "workspace_name", "s3-x"),
    ],
)
def test_each_version_has_its_key_and_its_form(version: str, key: str, other: str, bucket: object) -> None:
    simulator = ConductorSimulator(password=PASSWORD, version=version)
    with httpx.Client(base_url=simulator.start(), trust_env=False) as http:
        body = {"login_id": ADMIN_LOGIN, "login_pw": PASSWORD}
        cookie = http.post("/api/v1/auth/login", json=body).headers["set-cookie"].partition(";")[0]
        http.headers["cookie"] = cookie
        simulator.add_workspace("alpha-ws", bucket="s3-x", specs=())
        (row,) = simulator.workspaces()
        value = {"workspace_name": "alpha-ws", "workspace_id": row["id"]}
        info = http.get(f"{WORKSPACES}/info", params={key: value[key]})
        wrong = http.get(f"{WORKSPACES}/info", params={other: value[other]})
    simulator.stop()

    assert info.json()["s3_bucket_name"] == bucket
    assert wrong.status_code == 422


def test_a_call_that_is_not_known_is_an_error_and_is_written_down(
    simulator: ConductorSimulator, admin: httpx.Client
) -> None:
    unknown = admin.patch(WORKSPACES, json={})
    page = admin.get("/settings/workspace")

    assert (unknown.status_code, unknown.json()) == (404, {"detail": "Not Found"})
    assert (page.status_code, page.headers["content-type"]) == (200, "text/html; charset=utf-8")
    assert simulator.unknown_calls == ["PATCH /api/v1/workspaces", "GET /settings/workspace"]


def test_writes_are_journalled_without_a_password_and_reads_are_not(
    simulator: ConductorSimulator, admin: httpx.Client
) -> None:
    made(admin)
    admin.get(WORKSPACES)
    account = {"login_id": "e", "login_pw": "pw of e", "display_name": "e", "role": "DEVELOPER"}
    admin.post(ACCOUNTS, json=account)

    entries = simulator.journal()

    assert [(entry["number"], entry["call"], entry["resource"]) for entry in entries] == [
        (1, "conductor.create workspace", "alpha-ws"),
        (2, "conductor.create account", "e"),
    ]
    assert {entry["login"] for entry in entries} == {ADMIN_LOGIN}
    assert "pw of e" not in str(entries) + str(simulator.accounts()) + str(simulator.logins)
    assert set(simulator.known_calls) >= {entry["call"] for entry in entries}


def test_a_write_is_told_when_done_and_before_it_is_answered(
    simulator: ConductorSimulator, admin: httpx.Client
) -> None:
    seen: list[tuple[str, int]] = []

    def look(write: Write) -> None:
        seen.append((write.resource, len(simulator.workspaces())))

    simulator.on_write(look)
    made(admin)

    assert seen == [("alpha-ws", 1)]


@pytest.mark.parametrize(("kind", "status"), [(Kind.THROTTLING, 429), (Kind.ACCESS_DENIED, 403)])
def test_a_fault_strikes_its_call_and_carries_nothing_out(
    simulator: ConductorSimulator, admin: httpx.Client, kind: Kind, status: int
) -> None:
    simulator.faults.add(kind, "conductor.create workspace")

    assert admin.get(WORKSPACES).status_code == 200
    assert admin.post(WORKSPACES, json=a_body()).status_code == status
    assert simulator.workspaces() == []
    assert admin.post(WORKSPACES, json=a_body()).status_code == 200


def test_a_lost_answer_was_carried_out(simulator: ConductorSimulator, admin: httpx.Client) -> None:
    simulator.faults.add(Kind.LOST_ANSWER, "*")

    with pytest.raises(httpx.RemoteProtocolError):
        made(admin)

    assert [row["name"] for row in simulator.workspaces()] == ["alpha-ws"]


def test_all_of_it_can_be_kept_and_brought_back(simulator: ConductorSimulator, admin: httpx.Client) -> None:
    made(admin)
    simulator.add_account("alpha-edge", password="x")
    simulator.set_role("alpha-edge", "alpha-ws", "MANAGER")
    other = ConductorSimulator(password="another")

    other.bring_back(json.loads(json.dumps(simulator.keep())))

    assert other.workspaces() == simulator.workspaces()
    assert other.accounts() == simulator.accounts()

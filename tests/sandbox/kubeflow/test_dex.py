"""dex lets people in, reads its file at a start only, and shows when it does not come up."""

import base64
import json

import httpx
import pytest

from sandbox.kubeflow.seed import CLIENT_ID, CLIENT_SECRET, DEX_CONFIG, NEIGHBOURS, seed_platform
from sandbox.kubernetes import KubernetesEmulator
from tests.sandbox.eventually import eventually
from tests.sandbox.kubeflow.dex_world import DexWorld

USER, PASSWORD = "user@example.com", NEIGHBOURS["user@example.com"]
NEWCOMER = """\
- email: aic-user-alpha-ws@aic.com
  hash: $2a$10$Yx9qSynUBaxX2KwDMI8Al.ELYfgQA5PwOGy92zPuKqQnAvbzHOMq.
  username: aic-user-alpha-ws
  userID: alpha
"""
WITH_NEWCOMER = DEX_CONFIG.replace("staticPasswords:\n", f"staticPasswords:\n{NEWCOMER}")
WITHOUT_A_HASH = WITH_NEWCOMER.replace(NEWCOMER.splitlines(keepends=True)[1], "")


def test_dex_is_up_and_tells_about_itself(dex: DexWorld) -> None:
    told = httpx.get(f"{dex.url}/dex/.well-known/openid-configuration").json()

    assert httpx.get(f"{dex.url}/dex/healthz").text == "Health check passed"
    assert told["issuer"] == "http://dex.auth.svc.cluster.local:5556/dex"
    assert "password" in told["grant_types_supported"]
    assert httpx.get(f"{dex.url}/dex/keys").json()["keys"][0]["alg"] == "RS256"
    assert dex.deployment()["availableReplicas"] == 1


@pytest.mark.parametrize(("email", "password"), NEIGHBOURS.items())
def test_the_neighbours_log_in(dex: DexWorld, email: str, password: str) -> None:
    answer = dex.ask(email, password)

    body = answer.json()
    claims = body["id_token"].split(".")[1]
    told = json.loads(base64.urlsafe_b64decode(claims + "=" * (-len(claims) % 4)))
    assert answer.status_code == httpx.codes.OK
    assert body["token_type"] == "bearer"
    assert (told["email"], told["aud"]) == (email, CLIENT_ID)


def test_case_does_not_matter_at_the_door(dex: DexWorld) -> None:
    assert dex.lets_in(USER.upper(), PASSWORD)


def test_a_wrong_password_is_refused_in_dexs_words(dex: DexWorld) -> None:
    answer = dex.ask(USER, "wrong")

    assert answer.status_code == httpx.codes.UNAUTHORIZED
    words = "Invalid username or password"
    assert answer.json() == {"error": "access_denied", "error_description": words}


@pytest.mark.parametrize(
    ("change", "code", "error"),
    [
        ({"scope": "email"}, 400, "invalid_request"),
        ({"grant_type": "client_credentials"}, 400, "unsupported_grant_type"),
        ({"username": "nobody@example.com"}, 401, "access_denied"),
    ],
)
def test_a_request_that_does_not_fit_is_refused(
    dex: DexWorld, change: dict[str, str], code: int, error: str
) -> None:
    answer = dex.ask(USER, PASSWORD, change)

    assert (answer.status_code, answer.json()["error"]) == (code, error)


def test_a_stranger_of_a_client_is_refused(dex: DexWorld) -> None:
    form = {"grant_type": "password", "username": USER, "password": PASSWORD, "scope": "openid"}

    answer = httpx.post(f"{dex.url}/dex/token", data=form, auth=(CLIENT_ID, CLIENT_SECRET + "x"))

    assert (answer.status_code, answer.json()["error"]) == (401, "invalid_client")


def test_a_new_user_gets_in_after_a_restart_and_not_before(dex: DexWorld) -> None:
    dex.write(WITH_NEWCOMER)

    before = dex.lets_in("aic-user-alpha-ws@aic.com", "legacy-neighbour")
    dex.restart()
    eventually(dex.healthy)

    assert not before
    assert dex.lets_in("aic-user-alpha-ws@aic.com", "legacy-neighbour")
    assert dex.lets_in(USER, PASSWORD)
    assert dex.dex.restarts == 1


def test_a_user_without_a_hash_shuts_everybody_out(dex: DexWorld) -> None:
    dex.write(WITHOUT_A_HASH)
    assert dex.lets_in(USER, PASSWORD)

    dex.restart()
    eventually(lambda: dex.container().get("restartCount"))

    assert httpx.get(f"{dex.url}/dex/healthz").status_code == httpx.codes.SERVICE_UNAVAILABLE
    assert not dex.lets_in(USER, PASSWORD)
    assert "availableReplicas" not in dex.deployment()
    container = dex.container()
    assert container["ready"] is False
    assert container["state"]["waiting"]["reason"] == "CrashLoopBackOff"
    ended = container["lastState"]["terminated"]
    words = "error unmarshalling config file /etc/dex/cfg/config.yaml: no password hash provided"
    assert (ended["exitCode"], ended["message"]) == (2, words)


def test_a_mended_file_and_a_restart_let_everybody_in_again(dex: DexWorld) -> None:
    dex.write(WITHOUT_A_HASH)
    dex.restart()
    eventually(lambda: not dex.healthy())
    dex.write(DEX_CONFIG)
    dex.restart()

    assert eventually(dex.healthy)
    assert dex.lets_in(USER, PASSWORD)
    assert eventually(lambda: dex.deployment().get("availableReplicas") == 1)


def test_a_crashed_dex_reads_its_file_again_at_its_next_try(dex: DexWorld) -> None:
    dex.write(WITHOUT_A_HASH)
    dex.restart()
    eventually(lambda: not dex.healthy())
    dex.write(DEX_CONFIG)

    assert eventually(dex.healthy)
    assert dex.container()["restartCount"] > 0
    assert dex.dex.restarts == 1


def test_dex_can_be_made_to_fail_whatever_its_file_says(dex: DexWorld) -> None:
    dex.dex.break_restarts()
    assert dex.healthy()

    dex.restart()
    eventually(lambda: not dex.healthy())
    assert "failed to initialize storage" in dex.container()["lastState"]["terminated"]["message"]

    dex.restart()
    assert eventually(dex.healthy)


def test_dex_made_to_fail_can_be_mended(dex: DexWorld) -> None:
    dex.dex.break_restarts(None)
    dex.restart()
    dex.restart()
    eventually(lambda: not dex.healthy())
    assert dex.dex.broken

    dex.dex.mend()

    assert eventually(dex.healthy)
    assert not dex.dex.broken


def test_what_leaves_the_pod_alone_restarts_nothing(dex: DexWorld) -> None:
    path = "/apis/apps/v1/namespaces/auth/deployments/dex"
    dex.admin.raw("PATCH", path, {"metadata": {"labels": {"a": "b"}}}, "application/merge-patch+json")
    pods = dex.admin.raw("GET", "/api/v1/namespaces/auth/pods")["items"]

    assert len(pods) == 1
    assert dex.dex.restarts == 0


def test_a_deleted_pod_is_a_restart_too(dex: DexWorld) -> None:
    (pod,) = dex.admin.core.list_namespaced_pod("auth").items
    dex.write(WITH_NEWCOMER)

    dex.admin.core.delete_namespaced_pod(pod.metadata.name, "auth")

    eventually(lambda: dex.dex.restarts)
    assert eventually(lambda: dex.lets_in("aic-user-alpha-ws@aic.com", "legacy-neighbour"))


def test_in_a_rolling_update_the_old_dex_serves_until_the_new_one_is_up(dex: DexWorld) -> None:
    strategy = {"spec": {"strategy": {"type": "RollingUpdate", "rollingUpdate": {"maxSurge": 1}}}}
    path = "/apis/apps/v1/namespaces/auth/deployments/dex"
    dex.admin.raw("PATCH", path, strategy, "application/merge-patch+json")
    dex.write(WITHOUT_A_HASH)

    dex.restart()
    eventually(lambda: dex.deployment().get("unavailableReplicas") or dex.deployment()["replicas"] == 2)

    assert dex.lets_in(USER, PASSWORD)


def test_the_platform_is_seeded_once(emulator: KubernetesEmulator, dex: DexWorld) -> None:
    dex.write(WITH_NEWCOMER)

    seed_platform(emulator.kubeconfig("admin"))

    assert dex.text() == WITH_NEWCOMER
    assert {"ai-conductor", "auth", "istio-system", "kubeflow"} <= dex.admin.namespaces()


def test_the_seeded_file_has_what_an_editor_must_not_lose() -> None:
    assert """userID: '"20240102030405"'""" in DEX_CONFIG
    assert 'userID: "15841185641784"' in DEX_CONFIG
    assert DEX_CONFIG.count("#") >= 6


def test_the_bot_may_do_to_dex_what_it_must_and_no_more(emulator: KubernetesEmulator, dex: DexWorld) -> None:
    text = emulator.kubeconfig("workspace-bot")

    assert "workspace-bot" in text
    assert emulator.kubeconfig("controller") != text
    assert CLIENT_SECRET not in repr(dex.dex)

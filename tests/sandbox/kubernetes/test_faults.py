"""What goes wrong on purpose, the journal, and calls that nobody knows."""

from datetime import timedelta

import pytest
import urllib3
from kubernetes.client.exceptions import ApiException

from sandbox.kubernetes import KubernetesEmulator
from tests.sandbox.kubernetes.clients import Clients, config_map, connect, namespace, refusal, token

PROFILES = "profiles.kubeflow.org"


def test_the_nth_call_is_refused_and_no_other(emulator: KubernetesEmulator, admin: Clients) -> None:
    fault = emulator.faults.refuse(
        "create", PROFILES, code=500, reason="InternalError", message="etcdserver: leader changed", nth=2
    )

    admin.create_profile("one")
    with pytest.raises(ApiException) as error:
        admin.create_profile("two")
    admin.create_profile("three")

    assert refusal(error)["message"] == "etcdserver: leader changed"
    assert fault.fired == 1
    assert len(admin.raw("GET", "/apis/kubeflow.org/v1/profiles")["items"]) == 2


def test_a_lost_answer_is_a_deed_all_the_same(emulator: KubernetesEmulator) -> None:
    emulator.faults.lose_answer("create", PROFILES)
    bot = connect(emulator, "workspace-bot")
    bot.api.rest_client.pool_manager.connection_pool_kw["retries"] = False

    with pytest.raises(urllib3.exceptions.ProtocolError):
        bot.create_profile("alpha")

    assert bot.profile("alpha")


def test_a_right_can_be_taken_away_for_a_while(emulator: KubernetesEmulator, bot: Clients) -> None:
    fault = emulator.faults.forbid("create", PROFILES, times=100, user="workspace-bot")

    with pytest.raises(ApiException) as error:
        bot.create_profile("alpha")
    emulator.faults.lift(fault)
    bot.create_profile("alpha")

    assert refusal(error)["message"] == (
        'profiles.kubeflow.org is forbidden: User "workspace-bot" cannot create resource "profiles" '
        'in API group "kubeflow.org" at the cluster scope'
    )


def test_throttling_says_when_to_come_again(emulator: KubernetesEmulator, admin: Clients) -> None:
    emulator.faults.throttle("list", "namespaces", retry_after=7)
    settings = admin.api.configuration
    pool = urllib3.PoolManager(ca_certs=settings.ssl_ca_cert, retries=False)

    answer = pool.request(
        "GET",
        f"{settings.host}/api/v1/namespaces",
        headers={"Authorization": f"Bearer {token(emulator)}"},
    )

    assert (answer.status, answer.headers["Retry-After"]) == (429, "7")


def test_a_delayed_call_arrives_in_the_end(emulator: KubernetesEmulator, admin: Clients) -> None:
    fault = emulator.faults.delay("list", "namespaces", timedelta(milliseconds=20))

    assert "default" in admin.namespaces()
    assert fault.fired == 1


def test_the_journal_has_each_write_with_what_came_of_it(
    emulator: KubernetesEmulator, admin: Clients, bot: Clients
) -> None:
    admin.core.create_namespace(namespace("auth"))
    bot.create_profile("alpha")
    with pytest.raises(ApiException):
        bot.create_profile("alpha")
    admin.core.create_namespace(namespace("later"), dry_run="All")
    bot.profile("alpha")

    written = [
        (each.number, each.user, each.verb, each.resource, each.name, each.code)
        for each in emulator.journal()
    ]
    assert written == [
        (1, "admin", "create", "namespaces", "auth", 201),
        (2, "workspace-bot", "create", PROFILES, "alpha", 201),
        (3, "workspace-bot", "create", PROFILES, "alpha", 409),
    ]
    assert [each.number for each in emulator.journal(since=2)] == [3]
    assert emulator.journal()[0].path == "/api/v1/namespaces"


def test_a_hook_stands_between_the_deed_and_its_answer(emulator: KubernetesEmulator, admin: Clients) -> None:
    seen: list[tuple[int, str, bool]] = []
    other = connect(emulator)

    def hook(number: int, description: str) -> None:
        done = bool(other.raw("GET", "/apis/kubeflow.org/v1/profiles")["items"])
        seen.append((number, description, done))

    emulator.on_write(hook, user="workspace-bot")
    admin.core.create_namespace(namespace("auth"))
    connect(emulator, "workspace-bot").create_profile("alpha")

    assert seen == [(2, "workspace-bot create profiles.kubeflow.org alpha", True)]


@pytest.mark.parametrize(
    ("method", "path", "code"),
    [
        ("GET", "/api/v1/services", 404),
        ("GET", "/apis/batch/v1/jobs", 404),
        ("GET", "/apis/kubeflow.org/v2/profiles", 404),
        ("GET", "/api/v1/namespaces/default/pods/a/exec", 404),
        ("GET", "/nonsense", 404),
        ("POST", "/api/v1/namespaces/default", 405),
        ("PUT", "/api/v1/namespaces", 405),
        ("DELETE", "/apis/kubeflow.org/v1/profiles/alpha/status", 405),
    ],
)
def test_what_it_does_not_know_is_an_error_and_remembered(
    strange: KubernetesEmulator, method: str, path: str, code: int
) -> None:
    with pytest.raises(ApiException) as error:
        connect(strange).raw(method, path, {} if method != "GET" else None)

    assert error.value.status == code
    assert refusal(error)["kind"] == "Status"
    assert [(each.method, each.path, each.user) for each in strange.unknown_calls] == [
        (method, path, "admin")
    ]


def test_a_body_that_is_no_json_is_a_bad_request(emulator: KubernetesEmulator, admin: Clients) -> None:
    settings = admin.api.configuration
    pool = urllib3.PoolManager(ca_certs=settings.ssl_ca_cert)

    answer = pool.request(
        "POST",
        f"{settings.host}/api/v1/namespaces/default/configmaps",
        body=b"{",
        headers={"Authorization": f"Bearer {token(emulator)}", "Content-Type": "application/json"},
    )

    assert (answer.status, answer.json()["reason"]) == (400, "BadRequest")
    assert emulator.journal()[-1].code == 400


def test_protobuf_that_it_cannot_read_is_refused(emulator: KubernetesEmulator, admin: Clients) -> None:
    settings = admin.api.configuration
    pool = urllib3.PoolManager(ca_certs=settings.ssl_ca_cert)
    protobuf = "application/vnd.kubernetes.protobuf"

    answer = pool.request(
        "POST",
        f"{settings.host}/apis/apps/v1/namespaces/default/deployments",
        body=b"k8s\x00\x0a\x10\x0a\x02v1\x12\x0aDeployment",
        headers={"Authorization": f"Bearer {token(emulator)}", "Content-Type": protobuf},
    )

    assert (answer.status, answer.json()["reason"]) == (415, "UnsupportedMediaType")


def test_the_same_seed_gives_the_same_names(admin: Clients) -> None:
    twin = KubernetesEmulator()
    twin.start()
    other = connect(twin)

    uids = [each.core.read_namespace("default").metadata.uid for each in (admin, other)]
    twin.stop()

    assert uids[0] == uids[1]


def test_after_a_stop_nothing_answers(admin: Clients) -> None:
    own = KubernetesEmulator()
    own.start()
    bot = connect(own)
    own.stop()
    bot.api.rest_client.pool_manager.connection_pool_kw["retries"] = False

    with pytest.raises(urllib3.exceptions.HTTPError):
        bot.core.create_namespaced_config_map("default", config_map("late"))
    assert admin.namespaces()

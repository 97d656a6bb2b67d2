"""Who may do what, and how the others are told."""

import pytest
import urllib3
from kubernetes import client
from kubernetes.client.exceptions import ApiException

from sandbox.kubernetes import KubernetesEmulator
from tests.sandbox.kubernetes.clients import (
    Clients,
    config_map,
    connect,
    deployment,
    namespace,
    refusal,
    token,
)

CLUSTER = 'in API group "{group}" at the cluster scope'


def test_the_bot_does_all_that_its_work_needs(admin: Clients, bot: Clients) -> None:
    admin.core.create_namespace(namespace("auth"))
    admin.core.create_namespaced_config_map("auth", config_map("dex", text="old"))
    admin.apps.create_namespaced_deployment("auth", deployment("dex"))

    bot.create_profile("alpha")
    bot.patch_profile("alpha", {"metadata": {"annotations": {"a": "b"}}})
    bot.delete_profile("alpha")
    dex = bot.core.read_namespaced_config_map("dex", "auth")
    dex.data = {"text": "new"}
    bot.core.replace_namespaced_config_map("dex", "auth", dex)
    bot.apps.patch_namespaced_deployment("dex", "auth", {"metadata": {"annotations": {"a": "b"}}})
    bot.core.list_namespaced_pod("auth")
    bot.core.list_namespaced_service_account("default")
    bot.rbac.list_namespaced_role_binding("default")

    assert admin.core.read_namespaced_config_map("dex", "auth").data == {"text": "new"}


def test_what_it_does_not_need_is_forbidden_in_the_real_words(bot: Clients) -> None:
    with pytest.raises(ApiException) as error:
        bot.core.create_namespace(namespace("alpha"))

    assert refusal(error) == {
        "kind": "Status",
        "apiVersion": "v1",
        "metadata": {},
        "status": "Failure",
        "message": (
            'namespaces is forbidden: User "workspace-bot" cannot create resource "namespaces" '
            'in API group "" at the cluster scope'
        ),
        "reason": "Forbidden",
        "details": {"kind": "namespaces"},
        "code": 403,
    }


def test_a_right_to_one_object_is_no_right_to_its_neighbour(admin: Clients, bot: Clients) -> None:
    admin.core.create_namespace(namespace("auth"))

    with pytest.raises(ApiException) as error:
        bot.core.read_namespaced_config_map("other", "auth")

    assert refusal(error)["message"] == (
        'configmaps "other" is forbidden: User "workspace-bot" cannot get resource "configmaps" '
        'in API group "" in the namespace "auth"'
    )


def test_a_forbidden_custom_object_names_its_group(emulator: KubernetesEmulator) -> None:
    nobody = connect(emulator, "nobody")

    with pytest.raises(ApiException) as error:
        nobody.profile("alpha")

    assert refusal(error)["message"] == (
        'profiles.kubeflow.org "alpha" is forbidden: User "nobody" cannot get resource "profiles" '
        'in API group "kubeflow.org" at the cluster scope'
    )


@pytest.mark.parametrize("given", [None, "Bearer wrong", "Basic admin"])
def test_without_a_good_token_nobody_comes_in(emulator: KubernetesEmulator, given: str | None) -> None:
    admin = connect(emulator)
    settings = admin.api.configuration
    pool = urllib3.PoolManager(ca_certs=settings.ssl_ca_cert)

    headers = {"Authorization": given} if given else {}
    answer = pool.request("GET", f"{settings.host}/api/v1/namespaces", headers=headers)

    assert answer.status == 401
    assert answer.json() == {
        "kind": "Status",
        "apiVersion": "v1",
        "metadata": {},
        "status": "Failure",
        "message": "Unauthorized",
        "reason": "Unauthorized",
        "code": 401,
    }


def test_a_user_may_ask_what_it_may(bot: Clients) -> None:
    def may_create(plural: str, group: str) -> bool:
        attributes = client.V1ResourceAttributes(verb="create", group=group, resource=plural)
        spec = client.V1SelfSubjectAccessReviewSpec(resource_attributes=attributes)
        review = client.V1SelfSubjectAccessReview(spec=spec)
        return bool(bot.authorization.create_self_subject_access_review(review).status.allowed)

    assert may_create("profiles", "kubeflow.org")
    assert not may_create("namespaces", "")


def test_tokens_stand_in_no_repr(emulator: KubernetesEmulator) -> None:
    secret = token(emulator)

    assert secret not in repr(emulator)
    assert secret not in repr(emulator.journal())

"""The official client, as one user of the emulator."""

from dataclasses import dataclass
from typing import Any, cast

import pytest
import yaml
from kubernetes import client
from kubernetes.client.exceptions import ApiException
from kubernetes.config import load_kube_config_from_dict

from sandbox.kubernetes import KubernetesEmulator

Object = dict[str, Any]
PROFILES = ("kubeflow.org", "v1", "profiles")


@dataclass(frozen=True, slots=True)
class Clients:
    """The client's own classes; untyped, because in its types every field of an answer may be missing."""

    core: Any  # client.CoreV1Api
    apps: Any  # client.AppsV1Api
    policy: Any  # client.PolicyV1Api
    rbac: Any  # client.RbacAuthorizationV1Api
    custom: Any  # client.CustomObjectsApi
    authorization: Any  # client.AuthorizationV1Api
    api: Any  # client.ApiClient

    def create_profile(self, name: str, owner: str = "user@aic.com", **meta: Any) -> Object:
        body = {
            "apiVersion": "kubeflow.org/v1",
            "kind": "Profile",
            "metadata": {"name": name, **meta},
            "spec": {"owner": {"kind": "User", "name": owner}},
        }
        return cast("Object", self.custom.create_cluster_custom_object(*PROFILES, body))

    def profile(self, name: str) -> Object:
        return cast("Object", self.custom.get_cluster_custom_object(*PROFILES, name))

    def patch_profile(self, name: str, change: Any) -> Object:
        return cast("Object", self.custom.patch_cluster_custom_object(*PROFILES, name, change))

    def delete_profile(self, name: str) -> Object:
        return cast("Object", self.custom.delete_cluster_custom_object(*PROFILES, name))

    def namespaces(self) -> set[str]:
        return {named(each) for each in self.core.list_namespace().items}

    def raw(
        self, method: str, path: str, body: object = None, content: str = "application/json", **query: str
    ) -> Any:
        """By path, as JSON. Raises ApiException."""
        request = self.api.param_serialize(
            method,
            path,
            query_params=list(query.items()),
            header_params={"Accept": "application/json", "Content-Type": content},
            body=body,
            auth_settings=["BearerToken"],
        )
        response = self.api.call_api(*request, _request_timeout=10)
        response.read()
        return self.api.response_deserialize(response, {"default": "object"}).data


def connect(emulator: KubernetesEmulator, user: str = "admin") -> Clients:
    settings = client.Configuration()
    load_kube_config_from_dict(yaml.safe_load(emulator.kubeconfig(user)), client_configuration=settings)
    api = client.ApiClient(settings)
    return Clients(
        core=client.CoreV1Api(api),
        apps=client.AppsV1Api(api),
        policy=client.PolicyV1Api(api),
        rbac=client.RbacAuthorizationV1Api(api),
        custom=client.CustomObjectsApi(api),
        authorization=client.AuthorizationV1Api(api),
        api=api,
    )


def token(emulator: KubernetesEmulator, user: str = "admin") -> str:
    return str(yaml.safe_load(emulator.kubeconfig(user))["users"][0]["user"]["token"])


def named(item: Any) -> str:
    return str(item.metadata.name)


def namespace(name: str, **meta: Any) -> client.V1Namespace:
    return client.V1Namespace(metadata=client.V1ObjectMeta(name=name, **meta))


def config_map(name: str, **data: str) -> client.V1ConfigMap:
    return client.V1ConfigMap(metadata=client.V1ObjectMeta(name=name), data=data)


def node(name: str, **labels: str) -> client.V1Node:
    return client.V1Node(metadata=client.V1ObjectMeta(name=name, labels=labels or None))


def pod(name: str, *, node: str | None = None, **labels: str) -> client.V1Pod:
    return client.V1Pod(
        metadata=client.V1ObjectMeta(name=name, labels=labels or None),
        spec=client.V1PodSpec(containers=[client.V1Container(name=name, image=f"{name}:1")], node_name=node),
    )


def budget(
    name: str, *, at_least: int | str | None = None, away: int | str | None = None, **labels: str
) -> client.V1PodDisruptionBudget:
    """Of the pods with these labels so many have to stay, or so many may be away."""
    return client.V1PodDisruptionBudget(
        metadata=client.V1ObjectMeta(name=name),
        spec=client.V1PodDisruptionBudgetSpec(
            min_available=at_least,
            max_unavailable=away,
            selector=client.V1LabelSelector(match_labels=labels),
        ),
    )


def deployment(
    name: str,
    *,
    replicas: int = 1,
    strategy: str = "RollingUpdate",
    annotations: dict[str, str] | None = None,
) -> Any:
    labels = {"app": name}
    return client.V1Deployment(
        metadata=client.V1ObjectMeta(name=name),
        spec=client.V1DeploymentSpec(
            replicas=replicas,
            selector=client.V1LabelSelector(match_labels=labels),
            strategy=client.V1DeploymentStrategy(type=strategy),
            template=client.V1PodTemplateSpec(
                metadata=client.V1ObjectMeta(labels=labels, annotations=annotations),
                spec=client.V1PodSpec(containers=[client.V1Container(name=name, image=f"{name}:1")]),
            ),
        ),
    )


def refusal(error: "pytest.ExceptionInfo[ApiException]") -> Object:
    """The Status in the answer."""
    body = error.value.body
    assert body is not None
    return cast("Object", yaml.safe_load(body))

"""kubectl, unchanged: the commands of the runbook and those that a person tries next."""

import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from sandbox.kubernetes import KubernetesEmulator
from tests.sandbox.eventually import eventually
from tests.sandbox.kubernetes.clients import (
    Clients,
    budget,
    config_map,
    deployment,
    named,
    namespace,
    node,
    pod,
)

Kubectl = Callable[..., str]

PROFILE = """\
apiVersion: kubeflow.org/v1beta1
kind: Profile
metadata:
  name: aic-ns-alpha-ws
spec:
  owner:
    kind: User
    name: aic-user-alpha-ws@aic.com
"""
LIMIT = 60  # seconds


def program() -> str:
    """The one beside this Python, else the machine's."""
    beside = Path(sys.executable).parent / "kubectl"
    found = str(beside) if beside.exists() else shutil.which("kubectl")
    assert found, "kubectl is missing: `make test` puts it beside this Python"
    return found


@pytest.fixture
def run(emulator: KubernetesEmulator, tmp_path: Path) -> Callable[..., "subprocess.CompletedProcess[str]"]:
    def run(*words: str, given: str = "", user: str = "admin") -> "subprocess.CompletedProcess[str]":
        config = tmp_path / f"{user}.yaml"
        config.write_text(emulator.kubeconfig(user))
        return subprocess.run(
            [program(), *words],
            check=False,
            input=given,
            capture_output=True,
            text=True,
            timeout=LIMIT,
            env={"KUBECONFIG": str(config), "HOME": str(tmp_path), "PATH": ""},
        )

    return run


@pytest.fixture
def kubectl(run: Callable[..., "subprocess.CompletedProcess[str]"]) -> Kubectl:
    """What a command prints; it has to succeed."""

    def kubectl(*words: str, given: str = "", user: str = "admin") -> str:
        done = run(*words, given=given, user=user)
        assert done.returncode == 0, done.stderr
        return done.stdout.strip()

    return kubectl


def test_a_profile_as_the_runbook_applies_it(kubectl: Kubectl) -> None:
    assert kubectl("apply", "-f", "-", given=PROFILE) == "profile.kubeflow.org/aic-ns-alpha-ws created"
    assert kubectl("apply", "-f", "-", given=PROFILE) == "profile.kubeflow.org/aic-ns-alpha-ws unchanged"
    changed = PROFILE.replace("alpha-ws@", "beta-ws@")
    assert kubectl("apply", "-f", "-", given=changed) == "profile.kubeflow.org/aic-ns-alpha-ws configured"

    owner = kubectl("get", "profile", "aic-ns-alpha-ws", "-o", "jsonpath={.spec.owner.name}")
    assert owner == "aic-user-beta-ws@aic.com"
    gone = kubectl("delete", "profiles.kubeflow.org", "aic-ns-alpha-ws")
    assert gone == 'profile.kubeflow.org "aic-ns-alpha-ws" deleted'


def test_dex_as_the_runbook_edits_and_restarts_it(admin: Clients, kubectl: Kubectl) -> None:
    admin.core.create_namespace(namespace("auth"))
    admin.core.create_namespaced_config_map(
        "auth", config_map("dex", **{"config.yaml": "old", "other": "kept?"})
    )
    admin.apps.create_namespaced_deployment("auth", deployment("dex", strategy="Recreate"))

    assert kubectl("get", "configmap", "dex", "-n", "auth", "-o", r"jsonpath={.data.config\.yaml}") == "old"
    made = kubectl(
        "create",
        "configmap",
        "dex",
        "--from-literal=config.yaml=new",
        "-n",
        "auth",
        "--dry-run=client",
        "-oyaml",
    )
    assert kubectl("apply", "-f", "-", given=made) == "configmap/dex configured"
    assert kubectl("rollout", "restart", "deployment", "dex", "-n", "auth") == "deployment.apps/dex restarted"
    rolled = kubectl("rollout", "status", "deployment", "dex", "-n", "auth", "--timeout=30s")

    assert rolled.endswith('deployment "dex" successfully rolled out')
    found = admin.apps.read_namespaced_deployment("dex", "auth")
    assert "kubectl.kubernetes.io/restartedAt" in found.spec.template.metadata.annotations
    assert admin.core.read_namespaced_config_map("dex", "auth").data["config.yaml"] == "new"


def test_a_namespace_is_made_described_and_deleted(kubectl: Kubectl) -> None:
    assert kubectl("create", "namespace", "alpha") == "namespace/alpha created"
    assert kubectl("label", "namespace", "alpha", "istio-injection=enabled") == "namespace/alpha labeled"
    assert kubectl("annotate", "ns", "alpha", "owner=me@aic.com") == "namespace/alpha annotated"

    described = kubectl("describe", "namespace", "alpha")
    assert "Labels:       istio-injection=enabled" in described
    assert "Annotations:  owner: me@aic.com" in described
    assert described.endswith("Status:       Active\n\nNo resource quota.\n\nNo LimitRange resource.")

    assert kubectl("delete", "namespace", "alpha") == 'namespace "alpha" deleted'
    assert "alpha" not in kubectl("get", "namespaces", "-o", "name")


def test_a_deployment_is_shown_and_waited_for(admin: Clients, kubectl: Kubectl) -> None:
    admin.apps.create_namespaced_deployment("default", deployment("dex"))

    waited = kubectl("wait", "--for=condition=Available", "deployment/dex", "--timeout=30s")
    described = kubectl("describe", "deployment", "dex")
    pods = kubectl("get", "pods", "-l", "app=dex", "--field-selector=status.phase=Running", "-o", "name")
    name = pods.removeprefix("pod/")

    assert waited == "deployment.apps/dex condition met"
    assert "1 desired | 1 updated | 1 total | 1 available | 0 unavailable" in described
    assert kubectl("describe", "pod", name).split()[:2] == ["Name:", name]
    assert kubectl("logs", name) == ""


def test_patches_and_server_side_apply(admin: Clients, kubectl: Kubectl) -> None:
    admin.core.create_namespaced_config_map("default", config_map("dex", a="1"))

    assert kubectl("patch", "cm", "dex", "-p", '{"data":{"b":"2"}}') == "configmap/dex patched"
    kubectl("patch", "cm", "dex", "--type=json", "-p", '[{"op":"remove","path":"/data/a"}]')
    applied = kubectl("apply", "--server-side", "-f", "-", given=PROFILE)

    assert admin.core.read_namespaced_config_map("dex", "default").data == {"b": "2"}
    assert applied == "profile.kubeflow.org/aic-ns-alpha-ws serverside-applied"
    assert admin.profile("aic-ns-alpha-ws")["metadata"]["managedFields"][0]["manager"] == "kubectl"


def test_a_file_is_created_and_replaced(admin: Clients, kubectl: Kubectl) -> None:
    text = "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: dex}\ndata: {a: one}\n"

    assert kubectl("create", "-f", "-", given=text) == "configmap/dex created"
    assert kubectl("replace", "-f", "-", given=text.replace("one", "two")) == "configmap/dex replaced"
    assert kubectl("create", "-f", "-", "--dry-run=server", given=text.replace("dex", "other")).endswith(
        "created (server dry run)"
    )

    assert [named(each) for each in admin.core.list_namespaced_config_map("default").items] == ["dex"]
    assert admin.core.read_namespaced_config_map("dex", "default").data == {"a": "two"}


@pytest.mark.parametrize(
    ("words", "error"),
    [
        (
            ("create", "namespace", "default"),
            'Error from server (AlreadyExists): namespaces "default" already exists',
        ),
        (("get", "configmap", "dex"), 'Error from server (NotFound): configmaps "dex" not found'),
        (
            ("create", "namespace", "Bad_Name"),
            'The Namespace "Bad_Name" is invalid: metadata.name: Invalid value: "Bad_Name": a lowercase',
        ),
        (
            ("delete", "namespace", "default"),
            '(Forbidden): namespaces "default" is forbidden: this namespace may not be deleted',
        ),
    ],
)
def test_it_prints_the_servers_words(
    run: Callable[..., "subprocess.CompletedProcess[str]"], words: tuple[str, ...], error: str
) -> None:
    done = run(*words)

    assert done.returncode == 1
    assert error in done.stderr


def test_rights_are_asked_and_refused(
    run: Callable[..., "subprocess.CompletedProcess[str]"], kubectl: Kubectl
) -> None:
    assert kubectl("auth", "can-i", "create", "profiles.kubeflow.org", user="workspace-bot") == "yes"
    assert run("auth", "can-i", "create", "secrets", user="workspace-bot").stdout == "no\n"
    assert "workspace-bot" in kubectl("auth", "whoami", user="workspace-bot")
    refused = run("create", "namespace", "alpha", user="workspace-bot")
    assert refused.stderr.startswith(
        'Error from server (Forbidden): namespaces is forbidden: User "workspace-bot" cannot create resource'
    )


def test_it_finds_out_what_is_served(kubectl: Kubectl) -> None:
    served = kubectl("api-resources", "-o", "name").split()

    assert "Server Version: v1.35.4" in kubectl("version")
    assert {"profiles.kubeflow.org", "deployments.apps", "namespaces"} <= set(served)
    assert "kubeflow.org/v1beta1" in kubectl("api-versions").split()


def test_it_drains_a_node(admin: Clients, kubectl: Kubectl) -> None:
    admin.core.create_node(node("n0"))
    admin.core.create_namespaced_pod("default", pod("work", node="n0"))

    said = kubectl("drain", "n0", "--force", "--timeout=10s")

    assert "node/n0 drained" in said
    assert admin.core.read_node("n0").spec.unschedulable
    assert admin.core.list_namespaced_pod("default").items == []


def test_its_drain_waits_for_the_disruption_budget(
    admin: Clients, run: Callable[..., "subprocess.CompletedProcess[str]"]
) -> None:
    admin.core.create_node(node("n0"))
    admin.core.create_namespaced_pod("default", pod("work", node="n0", app="work"))
    admin.policy.create_namespaced_pod_disruption_budget("default", budget("keep", at_least=1, app="work"))
    eventually(lambda: admin.core.read_namespaced_pod("work", "default").status.phase == "Running")

    done = run("drain", "n0", "--force", "--timeout=1s")

    assert done.returncode == 1
    assert "Cannot evict pod as it would violate the pod's disruption budget." in done.stderr
    assert named(admin.core.read_namespaced_pod("work", "default")) == "work"

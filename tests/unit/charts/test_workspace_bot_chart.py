"""The chart as helm renders it: one careful bot, no secret in sight, rights for nothing else."""

import functools
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml

from bot.config.settings import load
from sandbox.kubernetes.rights import EKSCTL, WORKSPACE_BOT, Rule

ROOT = Path(__file__).parents[3]
CHART = ROOT / "charts" / "workspace-bot"
VALUES = yaml.safe_load((CHART / "values.yaml").read_text())
HELM = shutil.which("helm", path=str(Path(sys.executable).parent)) or shutil.which("helm")
PREFIX = "WORKSPACE_BOT_"
GIVEN = {
    "SLACK__TRANSPORT": "http",
    "SLACK__CHANNEL": "C0REQUESTS",
    "PLATFORM__REGION": "ap-northeast-2",
    "PLATFORM__REGION_ALIAS": "an2",
    "PLATFORM__INFRA": "meerkat",
    "PLATFORM__ENV": "prod",
    "PLATFORM__ACCOUNT": "123456789012",
    "PLATFORM__CLUSTER": "eks-an2-meerkat-prod",
    "PLATFORM__LOGIN_DOMAIN": "example.com",
    "NODES__EKSCTL_AT_ONCE": "5",
    "LOG_LEVEL": "DEBUG",
    "CONDUCTOR__WORKSPACE_NAME": "workspace",
}
SECRETS = {
    "SLACK__BOT_TOKEN": "xoxb-made-up",
    "SLACK__APP_TOKEN": "xapp-made-up",
    "KUBEFLOW_PASSWORD_HASH": "$2b$10$" + "u" * 53,
}
SECRET_WORDS = ("TOKEN", "PASSWORD", "SECRET", "HASH", "DATABASE_URL")

pytestmark = pytest.mark.skipif(HELM is None, reason="helm does not run on this machine")


def run_helm(*arguments: str) -> subprocess.CompletedProcess[str]:
    assert HELM is not None
    return subprocess.run([HELM, *arguments], check=False, capture_output=True, text=True, timeout=60)


def _set(value: str) -> str:
    return "--set" if "PORT=" in value or value.startswith("replicas=") else "--set-string"


@functools.cache
def rendered(*values: str) -> tuple[dict[str, Any], ...]:
    # Only a port is a number; an account number as one would come out as 1.23e+11.
    settings = [part for value in values for part in (_set(value), value)]
    done = run_helm("template", "alpha", str(CHART), "--namespace", "tools", *settings)
    assert done.returncode == 0, done.stderr
    return tuple(document for document in yaml.safe_load_all(done.stdout) if document)


def the(kind: str, *values: str, eksctls: bool = False) -> dict[str, Any]:
    """The only one of its kind that is the bot's, or eksctl's."""
    (found,) = [
        document
        for document in rendered(*values)
        if document["kind"] == kind and document["metadata"]["name"].endswith("-eksctl") is eksctls
    ]
    return found


def pod(*values: str) -> dict[str, Any]:
    spec: dict[str, Any] = the("Deployment", *values)["spec"]["template"]["spec"]
    return spec


def container(*values: str) -> dict[str, Any]:
    (only,) = pod(*values)["containers"]
    found: dict[str, Any] = only
    return found


def environment(*values: str) -> dict[str, dict[str, Any]]:
    return {each["name"]: each for each in container(*values)["env"]}


def rights(kind: str, *, eksctls: bool = False) -> dict[tuple[str, str], set[str]]:
    return {
        (group, resource): set(rule["verbs"])
        for rule in the(kind, eksctls=eksctls)["rules"]
        for group in rule["apiGroups"]
        for resource in rule["resources"]
    }


def qualified(resource: str, group: str) -> str:
    """As the sandbox's table writes it: "deployments.apps", "pods/log"."""
    return f"{resource}.{group}" if group else resource


def test_it_passes_the_strict_lint() -> None:
    done = run_helm("lint", "--strict", str(CHART))

    assert done.returncode == 0, done.stdout


def test_there_is_one_bot_and_the_old_one_goes_before_the_new_one_comes() -> None:
    deployment = the("Deployment")["spec"]

    assert deployment["replicas"] == 1
    assert deployment["strategy"] == {"type": "Recreate"}


def test_several_replicas_are_on_postgresql_or_do_not_start() -> None:
    several = "replicas=3"
    (url,) = [one for one in container(several)["env"] if one["name"] == f"{PREFIX}DATABASE_URL"]
    (state,) = [volume for volume in pod(several)["volumes"] if volume["name"] == "state"]

    assert the("Deployment", several)["spec"]["replicas"] == 3
    assert url["valueFrom"]["secretKeyRef"]["optional"] is False
    assert state["emptyDir"] == {}
    assert "PersistentVolumeClaim" not in [document["kind"] for document in rendered(several)]


def test_several_replicas_without_an_address_of_a_database_are_refused() -> None:
    done = run_helm("template", "alpha", str(CHART), "--set", "replicas=2,secretSettings.DATABASE_URL=null")

    assert done.returncode != 0
    assert "DATABASE_URL" in done.stderr


def test_the_databases_are_on_a_claim_that_outlives_the_release() -> None:
    claim = the("PersistentVolumeClaim")
    (state,) = [volume for volume in pod()["volumes"] if volume["name"] == "state"]
    (mount,) = [mount for mount in container()["volumeMounts"] if mount["name"] == "state"]

    assert claim["metadata"]["annotations"] == {"helm.sh/resource-policy": "keep"}
    assert claim["spec"]["accessModes"] == ["ReadWriteOnce"]
    assert state["persistentVolumeClaim"]["claimName"] == claim["metadata"]["name"]
    assert mount["mountPath"] == environment()["WORKSPACE_BOT_STATE"]["value"] == "/var/lib/workspace-bot"


def test_a_claim_that_exists_is_taken_and_none_is_made() -> None:
    given = "persistence.existingClaim=mine"

    assert "PersistentVolumeClaim" not in {document["kind"] for document in rendered(given)}
    assert {"name": "state", "persistentVolumeClaim": {"claimName": "mine"}} in pod(given)["volumes"]


def test_the_bot_is_not_root_and_writes_only_to_its_volumes() -> None:
    assert pod()["securityContext"]["runAsNonRoot"] is True
    assert pod()["securityContext"]["runAsUser"] > 0
    assert pod()["securityContext"]["seccompProfile"] == {"type": "RuntimeDefault"}
    assert container()["securityContext"] == {
        "allowPrivilegeEscalation": False,
        "readOnlyRootFilesystem": True,
        "capabilities": {"drop": ["ALL"]},
    }


def test_it_is_asked_whether_it_lives_and_whether_it_is_ready() -> None:
    probes = {name: container()[name]["httpGet"] for name in ("livenessProbe", "readinessProbe")}
    (port,) = container()["ports"]

    assert probes["livenessProbe"] == {"path": "/live", "port": "health"}
    assert probes["readinessProbe"] == {"path": "/ready", "port": "health"}
    assert port == {"name": "health", "containerPort": 8081}
    assert environment()["WORKSPACE_BOT_HEALTH_PORT"]["value"] == "8081"


def test_it_has_requests_and_a_memory_limit() -> None:
    resources = container()["resources"]

    assert set(resources["requests"]) == {"cpu", "memory"}
    assert "memory" in resources["limits"]


@pytest.mark.parametrize("setting", VALUES["secretSettings"])
def test_a_secret_setting_is_read_from_the_existing_secret(setting: str) -> None:
    variable = environment("existingSecret=mine")[PREFIX + setting]

    assert "value" not in variable
    assert variable["valueFrom"]["secretKeyRef"]["name"] == "mine"
    assert variable["valueFrom"]["secretKeyRef"]["key"] == VALUES["secretSettings"][setting]


def test_the_chart_makes_no_secret_and_gives_no_secret_setting_a_plain_value() -> None:
    plain = [name for name, variable in environment().items() if "value" in variable]

    assert "Secret" not in {document["kind"] for document in rendered()}
    assert not [name for name in plain if any(word in name for word in SECRET_WORDS)]
    assert not [name for name in VALUES["settings"] if any(word in name for word in SECRET_WORDS)]


def test_a_setting_that_is_given_reaches_the_bot() -> None:
    given = {
        setting: str(standard) or GIVEN.get(setting, f"given as {setting}")
        for setting, standard in VALUES["settings"].items()
    }

    variables = environment(*(f"settings.{setting}={value}" for setting, value in given.items()))

    assert {setting: variables[PREFIX + setting]["value"] for setting in given} == given


def test_a_setting_left_empty_is_left_to_the_bot() -> None:
    given = {name.removeprefix(PREFIX) for name, variable in environment().items() if "value" in variable}

    assert not given & {name for name, value in VALUES["settings"].items() if value == ""}


def test_what_the_chart_gives_is_what_the_bot_reads(tmp_path: Path) -> None:
    values = [f"settings.{name}={value}" for name, value in GIVEN.items() if name != "SLACK__TRANSPORT"]
    variables = {name: each["value"] for name, each in environment(*values).items() if "value" in each}
    config = tmp_path / "config.toml"
    config.write_text(the("ConfigMap", *values)["data"]["config.toml"])
    secrets = {PREFIX + name: value for name, value in SECRETS.items()}

    settings = load({**variables, **secrets, PREFIX + "CONFIG": str(config)})

    assert variables[PREFIX + "CONFIG"] == "/etc/workspace-bot/config.toml"
    assert settings.platform.cluster == "eks-an2-meerkat-prod"
    assert settings.specs["standard"].instance_type == "m5.xlarge"
    assert settings.health_host == settings.http_host == "0.0.0.0"  # noqa: S104  # a pod is asked from outside
    assert variables["AWS_REGION"] == settings.platform.region


def test_a_policy_of_ones_own_is_mounted_and_another_one_starts_another_pod() -> None:
    own, other = "policy=[[rule]]", "policy=[[other]]"

    assert the("ConfigMap", own)["data"]["policy.toml"] == "[[rule]]\n"
    assert environment(own)["WORKSPACE_BOT_POLICY"]["value"] == "/etc/workspace-bot/config/policy.toml"
    assert {"name": "files", "configMap": {"name": "alpha-workspace-bot"}} in pod(own)["volumes"]
    assert (
        the("Deployment", own)["spec"]["template"]["metadata"]
        != the("Deployment", other)["spec"]["template"]["metadata"]
    )
    assert "WORKSPACE_BOT_POLICY" not in environment()


def test_a_file_of_ones_own_is_mounted_where_a_setting_can_name_it(tmp_path: Path) -> None:
    calls = tmp_path / "mine.toml"
    calls.write_text('# checked\n[create_workspace]\nmethod = "POST"\n')
    done = run_helm("template", "alpha", str(CHART), "--set-file", rf"files.conductor\.toml={calls}")
    (files,) = [each for each in yaml.safe_load_all(done.stdout) if each and each["kind"] == "ConfigMap"]
    (mount,) = [mount for mount in container()["volumeMounts"] if mount["name"] == "files"]

    assert files["data"]["conductor.toml"] == calls.read_text()
    assert mount["mountPath"] == "/etc/workspace-bot"


def test_signed_http_opens_its_port() -> None:
    ports = {
        each["name"]: each["containerPort"] for each in container("settings.SLACK__TRANSPORT=http")["ports"]
    }

    assert ports == {"health": 8081, "http": 8080}


def test_the_service_account_carries_the_role_for_aws() -> None:
    role = "arn:aws:iam::123456789012:role/workspace-bot"

    account = the("ServiceAccount", f"serviceAccount.roleArn={role}")

    assert account["metadata"]["annotations"] == {"eks.amazonaws.com/role-arn": role}
    assert account["metadata"]["name"] == pod()["serviceAccountName"]


def test_in_the_cluster_it_may_handle_profiles_and_look_at_what_it_does_not_make() -> None:
    assert rights("ClusterRole") == {
        ("kubeflow.org", "profiles"): {"get", "watch", "create", "patch", "delete"},
        ("", "namespaces"): {"get", "watch", "delete"},
        ("", "serviceaccounts"): {"list"},
        ("rbac.authorization.k8s.io", "rolebindings"): {"list"},
        ("security.istio.io", "authorizationpolicies"): {"list"},
        ("", "nodes"): {"list"},
        ("", "pods"): {"list"},
        ("policy", "poddisruptionbudgets"): {"list"},
        ("apps", "daemonsets"): {"list"},
    }


def test_beside_dex_it_may_edit_the_one_config_and_restart_the_one_deployment() -> None:
    named = {rule["resources"][0]: rule.get("resourceNames") for rule in the("Role")["rules"]}

    assert the("Role")["metadata"]["namespace"] == "auth"
    assert rights("Role") == {
        ("", "configmaps"): {"get", "update"},
        ("apps", "deployments"): {"get", "watch", "patch"},
        ("", "pods/log"): {"get"},
    }
    assert named == {"configmaps": ["dex"], "deployments": ["dex"], "pods/log": None}


def granted(rules: tuple[Rule, ...]) -> set[tuple[str, str, str, tuple[str, ...]]]:
    """By the sandbox: namespace, resource, verb, names."""
    return {
        (rule.namespace, resource, verb, rule.names)
        for rule in rules
        for resource in rule.resources
        for verb in rule.verbs
    }


def asked(*, eksctls: bool) -> set[tuple[str, str, str, tuple[str, ...]]]:
    """By the chart: the same."""
    return {
        (
            role["metadata"].get("namespace", ""),
            qualified(resource, group),
            verb,
            tuple(rule.get("resourceNames", ())),
        )
        for role in (the(kind, eksctls=eksctls) for kind in ("ClusterRole", "Role"))
        for rule in role["rules"]
        for group in rule["apiGroups"]
        for resource in rule["resources"]
        for verb in rule["verbs"]
    }


def test_the_sandbox_grants_the_bot_exactly_these_rights() -> None:
    assert asked(eksctls=False) == granted(WORKSPACE_BOT)


def test_the_sandbox_grants_eksctl_exactly_these_rights() -> None:
    assert asked(eksctls=True) == granted(EKSCTL)


def test_eksctl_has_its_rights_through_a_group_that_can_be_named_or_left_out() -> None:
    for kind in ("ClusterRole", "Role"):
        binding = the(f"{kind}Binding", "rbac.eksctlGroup=drainers", eksctls=True)
        assert binding["roleRef"]["name"] == the(kind, eksctls=True)["metadata"]["name"]
        assert binding["subjects"] == [
            {"apiGroup": "rbac.authorization.k8s.io", "kind": "Group", "name": "drainers"}
        ]

    left_out = [document["metadata"]["name"] for document in rendered("rbac.eksctlGroup=")]
    assert not [name for name in left_out if name.endswith("-eksctl")]


@pytest.mark.parametrize("kind", ["ClusterRole", "Role"])
def test_each_right_is_bound_to_the_bots_own_account(kind: str) -> None:
    binding = the(f"{kind}Binding")

    assert binding["roleRef"]["name"] == the(kind)["metadata"]["name"]
    assert binding["subjects"] == [
        {"kind": "ServiceAccount", "name": pod()["serviceAccountName"], "namespace": "tools"}
    ]


@pytest.mark.parametrize(
    "mistake",
    [
        "settings.SLAK__CHANNEL=x",
        "settings.LANGUAGE=fr",
        "replicas=0",
        "existingSecret=",
        "settings.PLATFORM__ACCOUNT=me",
        "settings.NODES__EKSCTL_AT_ONCE=0",
        "settings.NODES__EKSCTL_AT_ONCE=101",
        "rbac.eksctlGroup=system:masters",
    ],
)
def test_a_mistaken_value_is_refused_by_name(mistake: str) -> None:
    done = run_helm("template", "alpha", str(CHART), "--set", mistake)

    assert done.returncode != 0
    assert mistake.split("=")[0].split(".")[-1] in done.stderr

"""Somebody with eksctl at hand, an account and a cluster."""

from __future__ import annotations

import copy
import io
import re
import subprocess
from collections.abc import Mapping
from contextlib import redirect_stderr, redirect_stdout
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from sandbox.aws import AwsSimulator
from sandbox.eksctl import make_program
from sandbox.eksctl.__main__ import main
from sandbox.kubernetes import KubernetesEmulator
from tests.sandbox.kubernetes.clients import Clients

CLUSTER = "eks-an2-meerkat-prod"
REGION = "ap-northeast-2"
BOT_KEY, NODES_KEY = "AKIASANDBOXBOT", "AKIASANDBOXNODES"
CHIEF_KEY = "AKIASANDBOXCHIEF"  # may do everything in the cluster
LIMIT = 60  # seconds

_LINE = re.compile(r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d (?=\[.\]  )")


@dataclass(frozen=True, slots=True)
class Ended:
    """`out` without the times in it."""

    code: int
    out: str
    err: str

    @property
    def lines(self) -> list[str]:
        return self.out.splitlines()


@dataclass(slots=True, kw_only=True)
class Desk:
    aws: AwsSimulator
    url: str
    kubernetes: KubernetesEmulator
    admin: Clients
    clients: Mapping[str, Any]  # AWS for whoever looks in, by service
    folder: Path
    group: str

    @property
    def environment(self) -> dict[str, str]:
        """All that the bot hands on."""
        return {
            "PATH": "/usr/bin:/bin",
            "HOME": str(self.folder),
            "AWS_ENDPOINT_URL": self.url,
            "AWS_ACCESS_KEY_ID": BOT_KEY,
            "AWS_SECRET_ACCESS_KEY": "made up",
            "AWS_REGION": REGION,
        }

    @property
    def stack(self) -> str:
        return f"eksctl-{CLUSTER}-nodegroup-{self.group}"

    def config(self, *, vpc: dict[str, Any] | None = None, drop: str = "", **changes: Any) -> str:
        """A file with one group, as the bot writes it, with other keys or without one."""
        group = {
            "name": self.group,
            "amiFamily": "AmazonLinux2023",
            "instanceTypes": ["m5.xlarge"],
            "availabilityZones": [f"{REGION}a", f"{REGION}c"],
            "privateNetworking": True,
            "minSize": 0,
            "desiredCapacity": 1,
            "maxSize": 3,
            "volumeType": "gp3",
            "volumeSize": 50,
            "volumeIOPS": 3000,
            "volumeThroughput": 125,
            "disableIMDSv1": True,
            "labels": {"aic-role": "alpha-ws-standard"},
            "tags": {"workspace": "alpha"},
            "propagateASGTags": True,
            "iam": {"withAddonPolicies": {"autoScaler": True}},
            "updateConfig": {"maxUnavailable": 1},
            **copy.deepcopy(changes),
        }
        group.pop(drop, None)
        document = {
            "apiVersion": "eksctl.io/v1alpha5",
            "kind": "ClusterConfig",
            "metadata": {"name": CLUSTER, "region": REGION},
            **({"vpc": vpc} if vpc else {}),
            "managedNodeGroups": [group],
        }
        path = self.folder / f"{self.group}.yaml"
        path.write_text(yaml.safe_dump(document, sort_keys=False))
        return str(path)

    def create(self, *words: str, **changes: Any) -> Ended:
        return self.run("create", "nodegroup", f"--config-file={self.config(**changes)}", *words)

    def delete(self, *words: str) -> Ended:
        where = (f"--cluster={CLUSTER}", f"--region={REGION}", f"--name={self.group}")
        return self.run("delete", "nodegroup", *where, *words)

    def run(self, *words: str) -> Ended:
        """In this process: it spares the start."""
        return here(*words)

    def child(self, *words: str) -> Ended:
        """As the bot runs it."""
        (self.folder / "bin").mkdir(exist_ok=True)
        return run_child(make_program(self.folder / "bin"), words, self.environment, self.folder)

    def clear(self) -> None:
        """Begin to remove the group; later runs look at every stack there is."""
        if self.exists():
            stacks = self.clients["cloudformation"]
            stacks.update_termination_protection(StackName=self.stack, EnableTerminationProtection=False)
            stacks.delete_stack(StackName=self.stack)

    def described(self) -> dict[str, Any]:
        found: dict[str, Any] = self.clients["cloudformation"].describe_stacks(StackName=self.stack)[
            "Stacks"
        ][0]
        return found

    def exists(self) -> bool:
        return any(each.name == self.stack and each.status != "DELETE_COMPLETE" for each in self.aws.stacks())

    def nodes(self) -> list[Any]:
        label = f"alpha.eksctl.io/nodegroup-name={self.group}"
        found: list[Any] = self.admin.core.list_node(label_selector=label).items
        return found


def run_child(program: Path, words: tuple[str, ...], environment: dict[str, str], folder: Path) -> Ended:
    done = subprocess.run(
        [program, *words],
        check=False,
        capture_output=True,
        text=True,
        timeout=LIMIT,
        env=environment,
        cwd=folder,
    )
    return Ended(done.returncode, _LINE.sub("", done.stdout), done.stderr)


def here(*words: str) -> Ended:
    out, err = io.StringIO(), io.StringIO()
    with redirect_stdout(out), redirect_stderr(err):
        code = main(words)
    return Ended(code, _LINE.sub("", out.getvalue()), err.getvalue())

"""A look at everything that workspaces are made of, each thing with the workspace it belongs to."""

from collections.abc import Sequence
from dataclasses import asdict
from typing import Any

import yaml

from sandbox.aws import AwsSimulator
from sandbox.conductor import ConductorSimulator
from sandbox.grafana.simulator import GrafanaSimulator
from sandbox.kubeflow.cluster import PROFILES, Cluster
from sandbox.place import Place

_BORN_WITH = frozenset({"default", "kube-node-lease", "kube-public", "kube-system"})


class Inventory:
    """All methods may be called from any thread. What is not simulated is empty."""

    def __init__(
        self,
        place: Place,
        *,
        aws: AwsSimulator | None,
        cluster: Cluster | None,
        grafana: GrafanaSimulator | None,
        conductor: ConductorSimulator | None,
    ) -> None:
        self._place = place
        self._aws = aws
        self._cluster = cluster
        self._grafana = grafana
        self._conductor = conductor

    def all(self) -> dict[str, list[dict[str, Any]]]:
        """`workspace` is told by the name, as the runbook makes names; None for all else."""
        return {
            "namespaces": self._owned(self._namespaces(), "name"),
            "profiles": self._owned(self._profiles(), "name"),
            "dex_users": self._owned(self._dex_users(), "email"),
            "buckets": self._owned(self._buckets(), "name"),
            "policies": self._owned(self._policies(), "resource"),
            "stacks": self._owned(self._stacks(), "name"),
            "nodegroups": self._owned(self._nodegroups(), "name"),
            "dashboards": self._dashboards(),
            "conductor": self._owned(self._of_conductor(), "name"),
        }

    def _owned(self, items: list[dict[str, Any]], key: str) -> list[dict[str, Any]]:
        return [{**item, "workspace": self._place.workspace_of(str(item[key]))} for item in items]

    def _buckets(self) -> list[dict[str, Any]]:
        found = self._aws.buckets() if self._aws is not None else []
        return [{"name": bucket.name, "tags": bucket.tags} for bucket in found]

    def _policies(self) -> list[dict[str, Any]]:
        """One for each resource that a policy names."""
        found = self._aws.policies() if self._aws is not None else []
        return [
            {"policy": policy.name, "version": policy.default_version, "resource": resource}
            for policy in found
            for resource in policy.resources
        ]

    def _stacks(self) -> list[dict[str, Any]]:
        return [asdict(stack) for stack in self._aws.stacks()] if self._aws is not None else []

    def _nodegroups(self) -> list[dict[str, Any]]:
        return [asdict(group) for group in self._aws.nodegroups()] if self._aws is not None else []

    def _dashboards(self) -> list[dict[str, Any]]:
        """Whose they are stands in a tag; a uid tells nothing."""
        found = self._grafana.dashboards() if self._grafana is not None else []
        return [{**board, "workspace": _tagged(board["tags"])} for board in found]

    def _of_conductor(self) -> list[dict[str, Any]]:
        if self._conductor is None:
            return []
        workspaces, accounts = self._conductor.workspaces(), self._conductor.accounts()
        return [
            *({"kind": "workspace", **each} for each in workspaces),
            *({"kind": "account", "name": each["login"], **each} for each in accounts),
            *(
                {"kind": "member", "name": each["name"], "login": login, "role": role}
                for each in workspaces
                for login, role in each["members"].items()
            ),
        ]

    def _namespaces(self) -> list[dict[str, Any]]:
        return [
            {
                "name": item["metadata"]["name"],
                "phase": item.get("status", {}).get("phase", "Active"),
                "owner": item["metadata"].get("annotations", {}).get("owner"),
                "uid": item["metadata"]["uid"],
            }
            for item in self._every("/api/v1/namespaces")
            if item["metadata"]["name"] not in _BORN_WITH
        ]

    def _profiles(self) -> list[dict[str, Any]]:
        return [
            {
                "name": item["metadata"]["name"],
                "owner": item.get("spec", {}).get("owner", {}).get("name"),
                "annotations": item["metadata"].get("annotations", {}),
                "labels": item["metadata"].get("labels", {}),
                "uid": item["metadata"]["uid"],
            }
            for item in self._every(PROFILES)
        ]

    def _dex_users(self) -> list[dict[str, Any]]:
        """Without their hashes. A file that dex could not read has no users."""
        config_map = self._cluster.find("/api/v1/namespaces/auth/configmaps/dex") if self._cluster else None
        text = ((config_map or {}).get("data") or {}).get("config.yaml", "")
        try:
            config = yaml.safe_load(text) or {}
        except yaml.YAMLError:
            return []
        return [
            {"email": entry.get("email"), "username": entry.get("username"), "user_id": entry.get("userID")}
            for entry in config.get("staticPasswords") or []
        ]

    def _every(self, path: str) -> list[dict[str, Any]]:
        return self._cluster.every(path) if self._cluster is not None else []


def _tagged(tags: Sequence[str]) -> str | None:
    mark = "workspace-bot/project="
    return next((tag.removeprefix(mark) for tag in tags if tag.startswith(mark)), None)

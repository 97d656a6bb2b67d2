"""The simulated world from one start to the next; AWS keeps its own.

Without it the bot would remember workspaces that are nowhere, and write to messages that are gone.
"""

import json
from pathlib import Path
from typing import Any

from sandbox.conductor import ConductorSimulator
from sandbox.grafana.simulator import GrafanaSimulator
from sandbox.kubeflow.cluster import PROFILES, Cluster
from sandbox.slack import SlackSimulator

_CONFIG_MAP = "/api/v1/namespaces/auth/configmaps/dex"
_DEPLOYMENT = "/apis/apps/v1/namespaces/auth/deployments/dex"
FILE = "world.json"


class Memory:
    """There is no file while the bot runs: after a kill there is none, and so no half of a world."""

    def __init__(self, folder: Path) -> None:
        self._path = folder / FILE
        self._kept: dict[str, Any] = {}

    def open(self) -> None:
        if self._path.exists():
            self._kept = json.loads(self._path.read_text())

    def close(self) -> None:
        """From here on the world may change."""
        self._path.unlink(missing_ok=True)

    def password(self, otherwise: str) -> str:
        return str(self._kept.get("password", otherwise))

    def recall_slack(self, slack: SlackSimulator) -> None:
        slack.bring_back(self._kept.get("slack", []))

    def recall_cluster(self, cluster: Cluster) -> None:
        """After the seed and before dex reads its text; the controllers make the rest anew."""
        if "dex" in self._kept:
            cluster.merge(_CONFIG_MAP, {"data": {"config.yaml": self._kept["dex"]["text"]}})
            annotations = self._kept["dex"]["annotations"]
            template = {"template": {"metadata": {"annotations": annotations}}}
            cluster.merge(_DEPLOYMENT, {"spec": template})
        for profile in self._kept.get("profiles", []):
            cluster.create(PROFILES, profile)

    def recall_grafana(self, grafana: GrafanaSimulator) -> None:
        grafana.bring_back(self._kept.get("grafana", []))

    def recall_conductor(self, conductor: ConductorSimulator) -> None:
        if "conductor" in self._kept:
            conductor.bring_back(self._kept["conductor"])

    def keep(
        self,
        *,
        password: str,
        slack: SlackSimulator | None,
        cluster: Cluster | None,
        grafana: GrafanaSimulator | None,
        conductor: ConductorSimulator | None,
    ) -> None:
        kept: dict[str, Any] = {"password": password}
        if grafana is not None:
            kept["grafana"] = grafana.keep()
        if conductor is not None:
            kept["conductor"] = conductor.keep()
        if slack is not None:
            kept["slack"] = slack.keep()
        if cluster is not None:
            kept |= _cluster(cluster)
        self._path.touch(mode=0o600)
        self._path.write_text(json.dumps(kept))


def _cluster(cluster: Cluster) -> dict[str, Any]:
    profiles = [
        {
            "apiVersion": "kubeflow.org/v1",
            "kind": "Profile",
            "metadata": {
                "name": item["metadata"]["name"],
                "annotations": item["metadata"].get("annotations", {}),
                "labels": item["metadata"].get("labels", {}),
            },
            "spec": item["spec"],
        }
        for item in cluster.every(PROFILES)
        if "deletionTimestamp" not in item["metadata"]
    ]
    config_map, deployment = cluster.find(_CONFIG_MAP), cluster.find(_DEPLOYMENT)
    if config_map is None or deployment is None:
        return {"profiles": profiles}
    annotations = deployment["spec"]["template"]["metadata"].get("annotations", {})
    return {
        "profiles": profiles,
        "dex": {"text": config_map["data"]["config.yaml"], "annotations": annotations},
    }

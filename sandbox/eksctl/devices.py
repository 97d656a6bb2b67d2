"""NVIDIA's device plugin, which eksctl puts into the cluster when GPU nodes are made."""

from __future__ import annotations

from typing import Any

from sandbox.eksctl.failure import during
from sandbox.eksctl.kube import Kube
from sandbox.eksctl.lines import Lines

NAME = "nvidia-device-plugin-daemonset"
PATH = "/apis/apps/v1/namespaces/kube-system/daemonsets"
LEFT_OUT = (
    "as you are using a GPU optimized instance type you will need to install NVIDIA Kubernetes device plugin."
)
_DONE = (
    "as you are using the EKS-Optimized Accelerated AMI with a GPU-enabled instance type, the Nvidia "
    "Kubernetes device plugin was automatically installed.\n"
    "\tto skip installing it, use --install-nvidia-plugin=false.\n"
)


def install(kube: Kube, lines: Lines) -> None:
    what = "error installing device plugin: calling create or replace on raw device plugin daemonset"
    with during(what):
        with during("unexpected non-404 error"):
            known = kube.find(f"{PATH}/{NAME}")
        wanted = _daemon_set()
        if known is None:
            kube.create(PATH, wanted)
        else:
            kube.replace(f"{PATH}/{NAME}", wanted)
    lines.info(f'{"created" if known is None else "replaced"} "kube-system:DaemonSet.apps/{NAME}"')
    lines.info(_DONE)


def _daemon_set() -> dict[str, Any]:
    labels = {"name": "nvidia-device-plugin-ds"}
    folder = "/var/lib/kubelet/device-plugins"
    container = {
        "name": "nvidia-device-plugin-ctr",
        "image": "nvcr.io/nvidia/k8s-device-plugin:v0.19.3",
        "securityContext": {"allowPrivilegeEscalation": False, "capabilities": {"drop": ["ALL"]}},
        "volumeMounts": [{"name": "kubelet-device-plugins-dir", "mountPath": folder}],
    }
    return {
        "apiVersion": "apps/v1",
        "kind": "DaemonSet",
        "metadata": {"name": NAME, "namespace": "kube-system"},
        "spec": {
            "selector": {"matchLabels": labels},
            "updateStrategy": {"type": "RollingUpdate"},
            "template": {
                "metadata": {"labels": labels},
                "spec": {
                    "tolerations": [{"key": "nvidia.com/gpu", "operator": "Exists", "effect": "NoSchedule"}],
                    "priorityClassName": "system-node-critical",
                    "containers": [container],
                    "volumes": [
                        {
                            "name": "kubelet-device-plugins-dir",
                            "hostPath": {"path": folder, "type": "Directory"},
                        }
                    ],
                },
            },
        },
    }

"""A Kubernetes API server as far as the bot, the official client and kubectl need one."""

from sandbox.kubernetes.emulator import KubernetesEmulator

__all__ = ["KubernetesEmulator"]

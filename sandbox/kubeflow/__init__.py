"""Stand-ins for Kubeflow's profile-controller and dex, and the platform they belong to."""

from sandbox.kubeflow.dex import Dex
from sandbox.kubeflow.profiles import ProfileController
from sandbox.kubeflow.seed import seed_platform

__all__ = ["Dex", "ProfileController", "seed_platform"]

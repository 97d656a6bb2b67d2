"""What a kind of machine holds: looked up from EC2, never typed."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol


@dataclass(frozen=True, slots=True, kw_only=True)
class InstanceType:
    """As EC2 describes it; a node has a little less for its pods."""

    name: str  # "m5.xlarge"
    vcpus: int
    memory_gib: int  # whole GiB, rounded down
    gpus: int = 0
    nvidia: bool = False  # some of them are NVIDIA's, which pods get through a device plugin
    neuron: bool = False  # it has AWS's own accelerators (Inferentia, Trainium), with a plugin of theirs


class InstanceTypes(Protocol):
    def describe(self, name: str) -> InstanceType: ...  # Permanent for a type that EC2 does not know

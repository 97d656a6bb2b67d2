"""The keys that the stand-in takes are those that eksctl's own schema has."""

from collections.abc import Mapping
from typing import Any

import pytest

from sandbox.eksctl.schema import CONFIG, MANAGED
from tests.unit.provisioner.stages.nodegroup.test_config import schema  # noqa: F401  # the fixture

PARTS = {
    "ClusterConfig": CONFIG,
    "ClusterMeta": CONFIG["metadata"],
    "ClusterVPC": CONFIG["vpc"],
    "ClusterSubnets": CONFIG["vpc"]["subnets"],
    "AZSubnetSpec": CONFIG["vpc"]["subnets"]["private"]["*"],
    "ManagedNodeGroup": MANAGED,
    "NodeGroupIAM": MANAGED["iam"],
    "NodeGroupIAMAddonPolicies": MANAGED["iam"]["withAddonPolicies"],
    "InstanceSelector": MANAGED["instanceSelector"],
    "NodeGroupSGs": MANAGED["securityGroups"],
    "NodeGroupSSH": MANAGED["ssh"],
    "NodeGroupTaint": MANAGED["taints"][0],
    "NodeGroupUpdateConfig": MANAGED["updateConfig"],
}
TYPES = {"string": "string", "integer": "int", "boolean": "bool"}


@pytest.mark.parametrize("part", PARTS)
def test_the_keys_are_the_real_ones(part: str, request: pytest.FixtureRequest) -> None:
    real: Mapping[str, Any] = request.getfixturevalue("schema")["definitions"][part]["properties"]

    assert set(PARTS[part]) == set(real)


@pytest.mark.parametrize("part", PARTS)
def test_their_types_are_the_real_ones(part: str, request: pytest.FixtureRequest) -> None:
    real: Mapping[str, Any] = request.getfixturevalue("schema")["definitions"][part]["properties"]

    plain = {key: shape for key, shape in PARTS[part].items() if isinstance(shape, str)}
    assert plain == {key: TYPES.get(real[key].get("type"), "string") for key in plain}

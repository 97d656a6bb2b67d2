"""The keys of a ClusterConfig (eksctl.io/v1alpha5 as of 0.230.0) and the refusal of all others.

A key whose shape is None is known to eksctl and not to the stand-in.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from sandbox.eksctl.failure import Failure, not_simulated

Shape = Any
"""A Go type's name; a list with its entries' shape; a dict of keys, or with "*" for keys of one's own."""

_TEXTS = {"*": "string"}
_SUBNETS = {"*": {"id": "string", "cidr": "string", "az": "string"}}
_ADDONS = (
    "albIngress",
    "appMesh",
    "appMeshPreview",
    "autoScaler",
    "awsLoadBalancerController",
    "certManager",
    "cloudWatch",
    "ebs",
    "efs",
    "externalDNS",
    "fsx",
    "imageBuilder",
    "xRay",
)

MANAGED: Mapping[str, Shape] = {
    "additionalVolumes": None,
    "ami": None,
    "amiFamily": "string",
    "asgSuspendProcesses": None,
    "availabilityZones": ["string"],
    "bottlerocket": None,
    "capacityReservation": None,
    "desiredCapacity": "int",
    "disableIMDSv1": "bool",
    "disablePodIMDS": "bool",
    "ebsOptimized": None,
    "efaEnabled": None,
    "enableDetailedMonitoring": None,
    "iam": {
        "attachPolicy": None,
        "attachPolicyARNs": ["string"],
        "instanceProfileARN": None,
        "instanceRoleARN": None,
        "instanceRoleName": "string",
        "instanceRolePermissionsBoundary": "string",
        "withAddonPolicies": dict.fromkeys(_ADDONS, "bool"),
    },
    "instanceMarketOptions": None,
    "instanceName": "string",
    "instancePrefix": "string",
    "instanceSelector": dict.fromkeys(
        ("allow", "cpuArchitecture", "deny", "gpus", "memory", "neuron_devices", "vCPUs")
    ),
    "instanceType": "string",
    "instanceTypes": ["string"],
    "labels": _TEXTS,
    "launchTemplate": None,
    "maxPodsPerNode": None,
    "maxSize": "int",
    "minSize": "int",
    "name": "string",
    "nodeRepairConfig": None,
    "outpostARN": None,
    "overrideBootstrapCommand": None,
    "placement": None,
    "preBootstrapCommands": None,
    "privateNetworking": "bool",
    "propagateASGTags": "bool",
    "releaseVersion": "string",
    "securityGroups": {"attachIDs": ["string"], "withLocal": "bool", "withShared": "bool"},
    "spot": "bool",
    "ssh": {
        "allow": "bool",
        "enableSsm": None,
        "publicKey": None,
        "publicKeyName": None,
        "publicKeyPath": "string",
        "sourceSecurityGroupIds": None,
    },
    "subnets": None,
    "tags": _TEXTS,
    "taints": [{"effect": "string", "key": "string", "value": "string"}],
    "updateConfig": {"maxUnavailable": "int", "maxUnavailablePercentage": "int"},
    "volumeEncrypted": "bool",
    "volumeIOPS": "int",
    "volumeKmsKeyID": "string",
    "volumeName": None,
    "volumeSize": "int",
    "volumeThroughput": "int",
    "volumeType": "string",
}

CONFIG: Mapping[str, Shape] = {
    "accessConfig": None,
    "addons": None,
    "addonsConfig": None,
    "apiVersion": "string",
    "autoModeConfig": None,
    "availabilityZones": None,
    "capabilities": None,
    "cloudWatch": None,
    "controlPlaneScalingConfig": None,
    "fargateProfiles": None,
    "gitops": None,
    "iam": None,
    "iamIdentityMappings": None,
    "identityProviders": None,
    "karpenter": None,
    "kind": "string",
    "kubeAPIServerConfig": None,
    "kubeControllerManagerConfig": None,
    "kubeSchedulerConfig": None,
    "kubernetesNetworkConfig": None,
    "localZones": None,
    "managedNodeGroups": [MANAGED],
    "metadata": {
        "annotations": None,
        "forceUpdateVersion": None,
        "name": "string",
        "region": "string",
        "rollbackConfig": None,
        "tags": _TEXTS,
        "version": "string",
    },
    "nodeGroups": None,
    "outpost": None,
    "privateCluster": None,
    "remoteNetworkConfig": None,
    "secretsEncryption": None,
    "upgradePolicy": None,
    "vpc": {
        "autoAllocateIPv6": None,
        "cidr": None,
        "clusterEndpoints": None,
        "controlPlaneEgressMode": None,
        "controlPlaneSecurityGroupIDs": None,
        "controlPlaneSubnetIDs": None,
        "extraCIDRs": None,
        "extraIPv6CIDRs": None,
        "hostnameType": None,
        "id": "string",
        "ipv6Cidr": None,
        "ipv6Pool": None,
        "manageSharedNodeSecurityGroupRules": None,
        "nat": None,
        "publicAccessCIDRs": None,
        "securityGroup": "string",
        "sharedNodeSecurityGroup": None,
        "subnets": {"private": _SUBNETS, "public": _SUBNETS},
    },
    "zonalShiftConfig": None,
}

_JSON = "error unmarshaling JSON: while decoding JSON: json: "


def decode(value: Any, shape: Shape = CONFIG, at: str = "") -> None:
    """Raises in the words of Go's decoder. `null` is taken everywhere, as Go takes it."""
    if value is None:
        return
    match shape:
        case None:
            if value:
                raise not_simulated(at)
        case str():
            _scalar(value, shape, at)
        case list():
            if not isinstance(value, list):
                raise _wrong(value, "[]string" if shape == ["string"] else "[]v1alpha5.ManagedNodeGroup", at)
            for each in value:
                decode(each, shape[0], at)
        case _:
            if not isinstance(value, dict):
                raise _wrong(value, "map[string]string" if "*" in shape else "v1alpha5.ClusterConfig", at)
            for key, inside in value.items():
                if key not in shape and "*" not in shape:
                    raise Failure(f'{_JSON}unknown field "{key}"')
                decode(inside, shape[key] if key in shape else shape["*"], f"{at}.{key}" if at else str(key))


def _scalar(value: Any, kind: str, at: str) -> None:
    fits = {
        "string": isinstance(value, str),
        "bool": isinstance(value, bool),
        "int": isinstance(value, int) and not isinstance(value, bool),
    }
    if not fits[kind]:
        raise _wrong(value, kind, at)


def _wrong(value: Any, kind: str, at: str) -> Failure:
    words = {bool: "bool", int: "number", float: "number", dict: "object", list: "array"}
    found = words.get(type(value), "string")
    return Failure(f"{_JSON}cannot unmarshal {found} into Go struct field ClusterConfig.{at} of type {kind}")

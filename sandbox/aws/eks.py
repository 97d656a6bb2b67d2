"""The cluster, and node groups by EKS's own calls."""

import base64
import uuid
from collections.abc import Callable, Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

from .network import Network
from .nodegroups import Issue, Nodegroup, Nodegroups, no_cluster
from .site import Site
from .wire import Refused

VERSION = "1.34"
BORN = datetime(2026, 3, 2, 1, 0, tzinfo=UTC)
"""When the cluster was made."""

_VERSIONS = ("1.35", "1.34", "1.33", "1.32", "1.31")
_DEFAULT_VERSION = "1.34"
_STANDARD = 3  # so many of the newest are in standard support


class Eks:
    """One cluster. Until `reach` is called its endpoint is an address where nobody listens."""

    def __init__(
        self, *, site: Site, network: Network, nodegroups: Nodegroups, now: Callable[[], datetime]
    ) -> None:
        self._now = now
        self._site = site
        self._network = network
        self._nodegroups = nodegroups
        self._updates: dict[str, dict[str, Any]] = {}
        self._endpoint = f"https://{self._id}.gr7.{site.region}.eks.amazonaws.com"
        self._authority = base64.b64encode(b"nobody vouches for this cluster").decode()

    def reach(self, endpoint: str, authority: str) -> None:
        """Where the cluster's API server is, and who vouches for it: PEM in base64."""
        self._endpoint = endpoint
        self._authority = authority

    @property
    def calls(self) -> dict[str, Callable[[dict[str, Any]], Mapping[str, Any]]]:
        return {
            "ListClusters": lambda _: {"clusters": [self._site.cluster]},
            "DescribeCluster": self._describe_cluster,
            "DescribeClusterVersions": self._describe_versions,
            "ListNodegroups": self._list_nodegroups,
            "DescribeNodegroup": self._describe_nodegroup,
            "CreateNodegroup": self._create_nodegroup,
            "DeleteNodegroup": self._delete_nodegroup,
            "UpdateNodegroupConfig": self._resize_nodegroup,
            "DescribeUpdate": self._describe_update,
        }

    @property
    def role(self) -> str:
        return f"arn:aws:iam::{self._site.account}:role/{self._site.cluster_stack}-ServiceRole-1J2K3L4M5N6O"

    @property
    def endpoint(self) -> str:
        return self._endpoint

    @property
    def authority(self) -> str:
        """PEM in base64, as EKS tells it."""
        return self._authority

    @property
    def arn(self) -> str:
        return self._site.arn("eks", f"cluster/{self._site.cluster}")

    @property
    def _id(self) -> str:
        return uuid.uuid5(uuid.NAMESPACE_URL, self.arn).hex.upper()

    def _known(self, asked: Mapping[str, Any], key: str = "clusterName") -> None:
        if asked[key] != self._site.cluster:
            raise no_cluster(asked[key])

    def _describe_cluster(self, asked: Mapping[str, Any]) -> Mapping[str, Any]:
        self._known(asked, "name")
        network = self._network
        issuer = f"https://oidc.eks.{self._site.region}.amazonaws.com/id/{self._id}"
        return {
            "cluster": {
                "name": self._site.cluster,
                "arn": self.arn,
                "createdAt": BORN,
                "version": VERSION,
                "platformVersion": "eks.9",
                "endpoint": self.endpoint,
                "certificateAuthority": {"data": self.authority},
                "roleArn": self.role,
                "resourcesVpcConfig": {
                    "subnetIds": [*network.subnet_ids("Public"), *network.subnet_ids("Private")],
                    "securityGroupIds": [network.control_plane_group],
                    "clusterSecurityGroupId": network.cluster_group,
                    "vpcId": network.vpc_id,
                    "endpointPublicAccess": True,
                    "endpointPrivateAccess": False,
                    "publicAccessCidrs": ["0.0.0.0/0"],
                },
                "kubernetesNetworkConfig": {"serviceIpv4Cidr": "10.100.0.0/16", "ipFamily": "ipv4"},
                "identity": {"oidc": {"issuer": issuer}},
                "status": "ACTIVE",
                "health": {"issues": []},
                "accessConfig": {"authenticationMode": "API_AND_CONFIG_MAP"},
                "upgradePolicy": {"supportType": "EXTENDED"},
                "tags": {
                    "alpha.eksctl.io/cluster-name": self._site.cluster,
                    "alpha.eksctl.io/eksctl-version": "0.230.0",
                    "eksctl.cluster.k8s.io/v1alpha1/cluster-name": self._site.cluster,
                },
            }
        }

    def _describe_versions(self, asked: Mapping[str, Any]) -> Mapping[str, Any]:
        found = []
        for number, version in enumerate(_VERSIONS):
            released = BORN - timedelta(days=120 * number)
            standard = number < _STANDARD
            found.append(
                {
                    "clusterVersion": version,
                    "clusterType": "eks",
                    "defaultPlatformVersion": "eks.9",
                    "defaultVersion": version == _DEFAULT_VERSION,
                    "releaseDate": released,
                    "endOfStandardSupportDate": released + timedelta(days=425),
                    "endOfExtendedSupportDate": released + timedelta(days=790),
                    "status": "standard-support" if standard else "extended-support",
                    "versionStatus": "STANDARD_SUPPORT" if standard else "EXTENDED_SUPPORT",
                    "kubernetesPatchVersion": f"{version}.1",
                }
            )
        wanted = asked.get("clusterVersions") or _VERSIONS
        only = asked.get("defaultOnly", False)
        return {
            "clusterVersions": [
                one
                for one in found
                if one["clusterVersion"] in wanted and (one["defaultVersion"] or not only)
            ]
        }

    def _list_nodegroups(self, asked: Mapping[str, Any]) -> Mapping[str, Any]:
        self._known(asked)
        return {"nodegroups": sorted(self._nodegroups.all)}

    def _describe_nodegroup(self, asked: Mapping[str, Any]) -> Mapping[str, Any]:
        self._known(asked)
        return {"nodegroup": self._shown(self._nodegroups.find(asked["nodegroupName"]))}

    def _create_nodegroup(self, asked: dict[str, Any]) -> Mapping[str, Any]:
        self._nodegroups.check(asked)
        spec = {key: value for key, value in asked.items() if key != "clientRequestToken"}
        fate = self._nodegroups.foresee(spec)
        return {"nodegroup": self._shown(self._nodegroups.make(spec, fate, self._now()))}

    def _delete_nodegroup(self, asked: Mapping[str, Any]) -> Mapping[str, Any]:
        self._known(asked)
        return {"nodegroup": self._shown(self._nodegroups.delete(asked["nodegroupName"], self._now()))}

    def _resize_nodegroup(self, asked: Mapping[str, Any]) -> Mapping[str, Any]:
        """Sizes alone; they come at once."""
        self._known(asked)
        if others := sorted(
            set(asked) - {"clusterName", "nodegroupName", "scalingConfig", "clientRequestToken"}
        ):
            raise Refused(400, "InvalidRequestException", f"{', '.join(others)}: not simulated")
        sizes = asked.get("scalingConfig") or {}
        self._nodegroups.resize(asked["nodegroupName"], sizes)
        update = {
            "id": str(uuid.uuid4()),
            "status": "Successful",
            "type": "ConfigUpdate",
            "params": [
                {"type": f"{key[0].upper()}{key[1:]}", "value": str(value)} for key, value in sizes.items()
            ],
            "createdAt": self._nodegroups.find(asked["nodegroupName"]).modified,
            "errors": [],
        }
        self._updates[str(update["id"])] = update
        return {"update": update}

    def _describe_update(self, asked: Mapping[str, Any]) -> Mapping[str, Any]:
        self._known(asked, "name")
        if asked["updateId"] not in self._updates:
            text = f"No update found for ID: {asked['updateId']}"
            raise Refused(404, "ResourceNotFoundException", text)
        return {"update": self._updates[asked["updateId"]]}

    def _shown(self, one: Nodegroup) -> dict[str, Any]:
        spec = one.spec
        return {
            "nodegroupName": one.name,
            "nodegroupArn": one.arn,
            "clusterName": one.cluster,
            "version": spec.get("version", VERSION),
            "releaseVersion": f"{VERSION}.1-20260801",
            "createdAt": one.created,
            "modifiedAt": one.modified,
            "status": one.status.value,
            "capacityType": spec.get("capacityType", "ON_DEMAND"),
            "scalingConfig": one.scaling,
            "instanceTypes": spec.get("instanceTypes"),
            "subnets": spec["subnets"],
            "amiType": spec.get("amiType", "AL2023_x86_64_STANDARD"),
            "nodeRole": spec["nodeRole"],
            "labels": spec.get("labels") or {},
            "taints": spec.get("taints"),
            "resources": {"autoScalingGroups": [{"name": one.fate.group}]},
            "health": {"issues": [_issue(issue) for issue in one.issues]},
            "updateConfig": spec.get("updateConfig") or {"maxUnavailable": 1},
            "launchTemplate": spec.get("launchTemplate"),
            "tags": spec.get("tags") or {},
        }


def _issue(issue: Issue) -> dict[str, Any]:
    return {"code": issue.code, "message": issue.message, "resourceIds": issue.resources}

"""The file that says what is wanted: read, checked and filled up as eksctl does it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml

from sandbox.eksctl.failure import Failure, during
from sandbox.eksctl.schema import decode

API_VERSION = "eksctl.io/v1alpha5"
NAME_TAG = "alpha.eksctl.io/nodegroup-name"
TYPE_TAG = "alpha.eksctl.io/nodegroup-type"
CLUSTER_TAG = "alpha.eksctl.io/cluster-name"
AL2, AL2023 = "AmazonLinux2", "AmazonLinux2023"
FAMILIES = (
    AL2023,
    AL2,
    *(f"Ubuntu{pro}{year}" for year in ("2604", "2404", "2204", "2004") for pro in ("Pro", "")),
    "Bottlerocket",
    "BottlerocketFips",
    *(f"WindowsServer{year}{size}Container" for year in (2019, 2022, 2025) for size in ("Core", "Full")),
)
SIMULATED = (AL2023, AL2)
AL2_ENDS = (1, 33)
"""The first version of Kubernetes that Amazon Linux 2 has no images for."""

Wanted = dict[str, Any]


@dataclass(slots=True, kw_only=True)
class Group:
    """One managed node group. `wanted` is its part of the file, by the file's keys, with defaults filled in.

    `unowned`: known to EKS and not from a stack of eksctl's.
    """

    name: str
    wanted: Wanted = field(default_factory=dict)
    unowned: bool = False

    @property
    def types(self) -> list[str]:
        one = self.wanted.get("instanceType")
        return [one] if one else list(self.wanted.get("instanceTypes") or ())

    @property
    def zones(self) -> list[str]:
        return list(self.wanted.get("availabilityZones") or ())

    @property
    def private(self) -> bool:
        return bool(self.wanted.get("privateNetworking"))

    @property
    def selector(self) -> str:
        """The label by which its nodes are found."""
        return f"{'eks.amazonaws.com/nodegroup' if self.unowned else NAME_TAG}={self.name}"

    @property
    def addons(self) -> Mapping[str, bool]:
        given = (self.wanted.get("iam") or {}).get("withAddonPolicies") or {}
        return {name: bool(on) for name, on in given.items()}


@dataclass(slots=True, kw_only=True)
class Config:
    """`vpc` is the file's section of that name, None where there is none."""

    cluster: str
    region: str = ""
    version: str = ""
    tags: dict[str, str] = field(default_factory=dict)
    vpc: Wanted | None = None
    groups: list[Group] = field(default_factory=list)


def read(file: str) -> Config:
    """Raises as eksctl's loader does. What it does not say about versions and sizes is said by `complete`."""
    try:
        text = Path(file).read_text()
    except OSError as error:
        why = (error.strerror or "").lower()
        raise Failure(f'reading config file "{file}": open {file}: {why}') from error
    with during(f'loading config file "{file}"'):
        content = _parsed(text)
        decode(content)
        _check_kind(content)
    meta = content.get("metadata")
    if meta is None:
        raise Failure("metadata must be set")
    for key in ("name", "region"):
        if not meta.get(key):
            raise Failure(f"metadata.{key} must be set")
    groups = content.get("managedNodeGroups") or []
    for index, group in enumerate(groups):
        if group is None:
            raise Failure(f"invalid ClusterConfig: managedNodeGroups[{index}] is not set")
    return Config(
        cluster=meta["name"],
        region=meta["region"],
        version=meta.get("version") or "",
        tags=dict(meta.get("tags") or {}),
        vpc=content.get("vpc"),
        groups=[Group(name=group.get("name") or "", wanted=dict(group)) for group in groups],
    )


def _parsed(text: str) -> Any:
    try:
        return yaml.safe_load(text) or {}
    except yaml.MarkedYAMLError as error:
        line = error.problem_mark.line + 1 if error.problem_mark else 0
        raise Failure(f"error converting YAML to JSON: yaml: line {line}: {error.problem}") from error
    except yaml.YAMLError as error:
        raise Failure(f"error converting YAML to JSON: yaml: {error}") from error


def _check_kind(content: Wanted) -> None:
    for key, word in (("kind", "Kind"), ("apiVersion", "apiVersion")):
        if not content.get(key):
            raise Failure(f"Object '{word}' is missing in the config file")
    if (content["apiVersion"], content["kind"]) != (API_VERSION, "ClusterConfig"):
        raise Failure(
            f'no kind "{content["kind"]}" is registered for version "{content["apiVersion"]}" in scheme '
            '"k8s.io/client-go/kubernetes/scheme/register.go:83"'
        )


def complete(config: Config) -> None:
    """Check the groups against each other and the version, and fill in what was left out."""
    names: set[str] = set()
    for index, group in enumerate(config.groups):
        path = f"managedNodeGroups[{index}]"
        if not group.name:
            raise Failure(f"{path}.name must be set")
        if group.name in names:
            raise Failure(f'{path}.name "{group.name}" is not unique')
        names.add(group.name)
    for index, group in enumerate(config.groups):
        _fill(group, config)
        _check(group, f"managedNodeGroups[{index}]")


def _fill(group: Group, config: Config) -> None:
    wanted = group.wanted
    family = wanted["amiFamily"] = wanted.get("amiFamily") or AL2023
    major, _, minor = config.version.partition(".")
    if family == AL2 and minor.isdecimal() and (int(major), int(minor)) >= AL2_ENDS:
        raise Failure(f"AmazonLinux2 is not supported for Kubernetes version {config.version}")
    own = {CLUSTER_TAG: config.cluster, NAME_TAG: group.name}
    wanted["labels"] = {**(wanted.get("labels") or {}), **own}
    wanted["tags"] = {**(wanted.get("tags") or {}), NAME_TAG: group.name, TYPE_TAG: "managed"}
    kind = wanted["volumeType"] = wanted.get("volumeType") or "gp3"
    if wanted.get("volumeSize") is None:
        wanted["volumeSize"] = 80
    defaults = {"gp3": {"volumeIOPS": 3000, "volumeThroughput": 125}, "io1": {"volumeIOPS": 100}}
    for key, value in {**defaults, "io2": defaults["io1"]}.get(kind, {}).items():
        if wanted.get(key) is None:
            wanted[key] = value
    if wanted.get("disableIMDSv1") is None:
        wanted["disableIMDSv1"] = True


def _check(group: Group, path: str) -> None:
    wanted = group.wanted
    if wanted["amiFamily"] not in FAMILIES:
        listed = ", ".join(FAMILIES)
        raise Failure(f"AMI Family {wanted['amiFamily']} is not supported - use one of: {listed}")
    if wanted["amiFamily"] not in SIMULATED:
        raise Failure(f"AMI Family {wanted['amiFamily']} is not simulated by the sandbox's eksctl")
    if wanted.get("disablePodIMDS") and any(group.addons.values()):
        raise Failure(
            f"{path}.disablePodIMDS and {path}.iam.withAddonPolicies cannot be set at the same time"
        )
    _check_volume(wanted, path)
    _check_sizes(wanted)
    _check_update(wanted)
    groups = wanted.get("securityGroups") or {}
    if groups.get("withLocal") or groups.get("withShared"):
        raise Failure(
            "securityGroups.withLocal and securityGroups.withShared are not supported for managed "
            f"nodegroups ({path}.securityGroups)"
        )
    if wanted.get("instanceType") and wanted.get("instanceTypes"):
        raise Failure(f"only one of instanceType or instanceTypes can be specified ({path})")
    _check_labels(wanted["labels"])
    if not group.types:
        wanted["instanceType"] = "m5.large"
    if (wanted.get("ssh") or {}).get("allow"):
        raise Failure(f"{path}.ssh.allow is not simulated by the sandbox's eksctl")


def _check_sizes(wanted: Wanted) -> None:
    """In the words of command line flags, which eksctl uses for files too."""
    least, most, nodes = (wanted.get(key) for key in ("minSize", "maxSize", "desiredCapacity"))
    if least is None:
        least = 2 if nodes is None else nodes
    elif nodes is not None and nodes < least:
        raise Failure(f"cannot use --nodes-min={least} and --nodes={nodes} at the same time")
    if most is None:
        most = (least if nodes is None else nodes) or 1
    elif nodes is not None and nodes > most:
        raise Failure(f"cannot use --nodes-max={most} and --nodes={nodes} at the same time")
    elif most < least:
        raise Failure(f"cannot use --nodes-min={least} and --nodes-max={most} at the same time")
    wanted |= {"minSize": least, "maxSize": most, "desiredCapacity": least if nodes is None else nodes}


def _check_update(wanted: Wanted) -> None:
    update = wanted.get("updateConfig")
    if update is None:
        return
    away, share = update.get("maxUnavailable"), update.get("maxUnavailablePercentage")
    if away is None and share is None:
        raise Failure("invalid UpdateConfig: maxUnavailable or maxUnavailablePercentage must be defined")
    if away is not None and share is not None:
        raise Failure(
            f"cannot use maxUnavailable={away} and maxUnavailablePercentage={share} at the same time"
        )
    if (away or 0) > wanted["maxSize"]:
        raise Failure(f"maxUnavailable={away} cannot be greater than maxSize={wanted['maxSize']}")


def _check_volume(wanted: Wanted, path: str) -> None:
    limits = (
        {"volumeIOPS": (3000, 16000), "volumeThroughput": (125, 1000)}
        if wanted["volumeType"] == "gp3"
        else {}
    )
    for key, (low, high) in limits.items():
        if not low <= wanted[key] <= high:
            raise Failure(f"value for {path}.{key} must be within range {low}-{high}")


def _check_labels(labels: Mapping[str, str]) -> None:
    reserved = []
    for label in labels:
        if label.count("/") > 1:
            raise Failure(f"node label key \"{label}\" is of invalid format, can only use one '/' separator")
        domain = label.rpartition("/")[0]
        if domain.endswith((".kubernetes.io", ".k8s.io")) or domain in ("kubernetes.io", "k8s.io"):
            reserved.append(label)
    if reserved:
        raise Failure(
            "the following nodegroup labels are disallowed as they have reserved prefixes "
            f"[kubernetes.io/, k8s.io/]: [{' '.join(reserved)}]"
        )

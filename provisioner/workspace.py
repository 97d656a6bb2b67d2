"""What was asked, where it goes, and every name that follows from the two.

The names are the runbook's, derived here once and used by both directions; nothing else builds a name.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from difflib import get_close_matches
from string import ascii_lowercase, digits
from typing import Protocol

from pydantic import SecretStr

from provisioner.message import Message, Record, named

PROJECT = re.compile(r"[a-z][a-z0-9]{1,19}\Z")
"""Lower-case letter, then letters and digits, 2 to 20. No hyphen: the platform's client cuts the image
path of a workspace at the first one, so `foo-a` and `foo-b` would share images."""

RESERVED = frozenset({"aia", "public", "private", "common", "kubeflow", "controller", "admin"})
"""`aia` is the platform's shared bucket; the others stand in its own objects."""

WHY_LONGEST = 500
NODES_MOST = 100

DASHBOARD_UID = re.compile(r"[A-Za-z0-9_-]{1,40}\Z")
"""Grafana's rule for the uid of a dashboard."""

_NAMESPACE_LONGEST = 63  # a DNS label
_BUCKET_LONGEST = 63  # S3's rule
_NODEGROUP_LONGEST = 63  # EKS's rule; its name is also the value of a Kubernetes label
_STACK_LONGEST = 128  # CloudFormation's rule
_MADE_UID_LENGTH = 13  # what the runbook's own extraction takes for a dashboard's identifier


@dataclass(frozen=True, slots=True, kw_only=True)
class NodeSpec:
    """A size of node that may be asked for, by name. What it holds is looked up, never typed."""

    instance_type: str
    desired: int = 1
    max: int = 3


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


@dataclass(frozen=True, slots=True, kw_only=True)
class Platform:
    """Where workspaces go: one AI Conductor installation on one cluster."""

    region: str  # "ap-northeast-2"
    region_alias: str  # "an2"
    infra: str  # "meerkat"
    env: str  # "dev" or "prod"
    account: str  # 12 digits
    cluster: str  # "eks-an2-meerkat-prod"
    specs: Mapping[str, NodeSpec]
    login_domain: str = "aic.com"  # names, not mailboxes: never mailed

    @property
    def usual_spec(self) -> str:
        """The size that is asked for when none is named."""
        return "standard" if "standard" in self.specs else min(self.specs, default="")

    @property
    def kubeflow_policy(self) -> str:
        """Managed policy of the service account that Kubeflow's deploy user has."""
        return f"policy-s3-kubeflow-{self.region_alias}-{self.infra}-{self.env}"

    @property
    def aia_policy(self) -> str:
        """Managed policy of the services in AI Conductor's namespace."""
        return f"policy-s3-aia-{self.region_alias}-{self.infra}-{self.env}"

    def policy_arn(self, policy: str) -> str:
        return f"arn:aws:iam::{self.account}:policy/{policy}"


@dataclass(frozen=True, slots=True, kw_only=True)
class WorkspaceSpec(Record):
    """What a person asked for, checked by `problems`."""

    project: str
    spec: str = "standard"
    desired: int = 1
    max: int = 3
    dashboard: str = ""  # address or uid of one that exists; empty: one is made
    why: str = ""


@dataclass(frozen=True, slots=True)
class Problem:
    """One thing wrong with what was asked: the field it stands in, and what to do about it."""

    field: str  # "project", "spec", "desired", "max", "dashboard", "why"
    message: Message


@dataclass(frozen=True, slots=True)
class Workspace:
    """A spec at its place. Every derived name, in the runbook's words."""

    asked: WorkspaceSpec
    platform: Platform

    @property
    def project(self) -> str:
        """PROJECT_NAME."""
        return self.asked.project

    @property
    def name(self) -> str:
        """WORKSPACE_NAME."""
        return f"{self.project}-ws"

    @property
    def namespace(self) -> str:
        """PROJECT_KUBEFLOW_NAMESPACE_NAME; the Profile has the same name."""
        return f"aic-ns-{self.name}"

    @property
    def login(self) -> str:
        """PROJECT_KUBEFLOW_USER_NAME."""
        return f"aic-user-{self.name}"

    @property
    def login_email(self) -> str:
        """The Profile's owner and the dex user. Lower-case: Istio compares it letter by letter."""
        return f"{self.login}@{self.platform.login_domain}"

    @property
    def bucket(self) -> str:
        """PROJECT_S3_BUCKET_NAME; ends in the project, without `-ws`."""
        at = self.platform
        return f"s3-{at.region_alias}-{at.infra}-{at.env}-{self.project}"

    @property
    def bucket_arns(self) -> tuple[str, str]:
        """The two forms that a policy needs: the bucket, and what is in it."""
        arn = f"arn:aws:s3:::{self.bucket}"
        return arn, f"{arn}/*"

    @property
    def node_label(self) -> str:
        """PROJECT_NODEGROUP_LABEL: value of the label `aic-role`, by which AI Conductor finds the nodes."""
        return f"{self.name}-{self.asked.spec}"

    @property
    def nodegroup(self) -> str:
        """PROJECT_NODEGROUP_NAME."""
        return self.nodegroup_of(self.asked.spec)

    def nodegroup_of(self, spec: str) -> str:
        """The same for any spec: what was made under another one goes with the workspace, too."""
        return f"ng-{self.platform.region_alias}-aicond-{self.name}-{spec}"

    def stack_of(self, nodegroup: str) -> str:
        """eksctl's name for the CloudFormation stack of a node group."""
        return f"eksctl-{self.platform.cluster}-nodegroup-{nodegroup}"

    @property
    def dashboard(self) -> str:
        """PROJECT_DASHBOARD_HASH: uid of the dashboard that was given, or of the one that is made."""
        return dashboard_uid(self.asked.dashboard) or self.made_dashboard

    @property
    def made_dashboard(self) -> str:
        """13 letters and digits, the same each time and no other project's."""
        at = self.platform
        told = f"{at.region_alias}/{at.infra}/{at.env}/{self.project}"
        number, uid = int.from_bytes(hashlib.sha256(told.encode()).digest()), ""
        for _ in range(_MADE_UID_LENGTH):
            number, rest = divmod(number, 36)
            uid += (ascii_lowercase + digits)[rest]
        return uid

    @property
    def edge_account(self) -> str:
        """The system account in AI Conductor with which Edge Conductor logs in."""
        return f"{self.project}-edge"

    @property
    def edge_password(self) -> SecretStr:
        """Fixed by the platform, and never shown although it follows from the name."""
        return SecretStr(f"{self.project}-edge@com")

    def names(self) -> tuple[tuple[Message, str], ...]:
        """Every derived name with its title, for a preview."""
        return (
            (Message("Workspace"), self.name),
            (Message("Kubeflow profile and namespace"), self.namespace),
            (Message("Dex login"), self.login_email),
            (Message("S3 bucket"), self.bucket),
            (Message("EKS node group"), self.nodegroup),
            (Message("AI Conductor account"), self.edge_account),
        )


def problems(spec: WorkspaceSpec, platform: Platform) -> tuple[Problem, ...]:
    """Everything that is wrong and needs no look-up, all at once; empty when it may be asked."""
    of_project = (Problem("project", message) for message in _project(spec.project, platform))
    return (*of_project, *_size(spec, platform), *_said(spec))


def dashboard_uid(text: str) -> str:
    """Out of an address of Grafana (".../d/UID/..."), or a bare uid; empty when it is neither.

    The runbook cuts out the first 13 letters or digits, which hits long host names and cuts longer uids.
    """
    address = re.search(r"/d/([^/?#]+)", text)
    uid = address[1] if address else text.strip()
    return uid if DASHBOARD_UID.match(uid) else ""


def _project(project: str, platform: Platform) -> Iterator[Message]:
    if not project:
        yield Message("Enter a project name, for example alpha.")
        return
    if project in RESERVED:
        yield Message("The name {name} is reserved for the platform. Choose another.", name=named(project))
        return
    if not PROJECT.match(project):
        yield Message(
            "{name} isn't a valid project name. Use 2 to 20 lowercase letters and digits, starting with a"
            " letter. Try {nearest}.",
            name=named(project),
            nearest=named(nearest_project(project)),
        )
        return
    workspace = Workspace(WorkspaceSpec(project=project), platform)
    nodegroup = workspace.nodegroup_of(max(platform.specs, key=len, default=""))
    for name, limit in (
        (workspace.namespace, _NAMESPACE_LONGEST),
        (workspace.bucket, _BUCKET_LONGEST),
        (nodegroup, _NODEGROUP_LONGEST),
        (workspace.stack_of(nodegroup), _STACK_LONGEST),
    ):
        if len(name) > limit:
            yield Message(
                "{name} would have {length} characters, but the limit is {limit}. Use a shorter project"
                " name.",
                name=named(name),
                length=len(name),
                limit=limit,
            )


def _size(spec: WorkspaceSpec, platform: Platform) -> Iterator[Problem]:
    if spec.spec not in platform.specs:
        known = ", ".join(sorted(platform.specs))
        what = Message("Unknown spec {name}. Choose one of: {known}.", name=named(spec.spec), known=known)
        yield Problem("spec", what)
    if not 1 <= spec.max <= NODES_MOST:
        yield Problem("max", Message("Maximum nodes must be from 1 to {most}.", most=NODES_MOST))
    if spec.desired < 0:
        yield Problem("desired", Message("Initial nodes must be 0 or more."))
    elif spec.desired > spec.max:
        what = Message(
            "Initial nodes ({desired}) can't exceed maximum nodes ({max}).",
            desired=spec.desired,
            max=spec.max,
        )
        yield Problem("desired", what)


def _said(spec: WorkspaceSpec) -> Iterator[Problem]:
    if spec.dashboard and not dashboard_uid(spec.dashboard):
        what = Message("Enter a dashboard address (containing /d/) or its UID, or leave this empty.")
        yield Problem("dashboard", what)
    if not spec.why.strip():
        yield Problem("why", Message("Enter the purpose in one sentence. Approvers see it."))
    elif len(spec.why) > WHY_LONGEST:
        what = Message("Use at most {limit} characters. You entered {n}.", limit=WHY_LONGEST, n=len(spec.why))
        yield Problem("why", what)


def nearest_project(text: str) -> str:
    """The valid name most like what was typed: `My_Team 1` gives `myteam1`, `42` only an example."""
    return similar_project(text) or "alpha"


def similar_project(text: str) -> str:
    """As `nearest_project`; empty where nothing of what was typed is left."""
    kept = re.sub(r"[^a-z0-9]", "", text.lower()).lstrip("0123456789")[:20]
    return kept if PROJECT.match(kept) and kept not in RESERVED else ""


def nearest(word: str, known: list[str]) -> str | None:
    """The known word most like `word`, or None when none is near."""
    found = get_close_matches(word, known, n=1, cutoff=0.6)
    return found[0] if found else None

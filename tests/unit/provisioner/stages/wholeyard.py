"""A yard with the real ten stages, over the fakes that passed their laws.

What outlives a process is the world and the store; the stages, and what they remember, are made anew with
each process.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import timedelta
from typing import Any

from pydantic import SecretStr

from provisioner.catalog import catalog
from provisioner.engine.engine import Engine
from provisioner.engine.line import Line
from provisioner.engine.run import Entry, Locks, Run
from provisioner.engine.stage import Step
from provisioner.stages.dex.stage import DexDocument
from provisioner.stages.nodegroup.state import LABEL_TAG
from tests.builders import a_platform
from tests.fakes.clock import FakeClock
from tests.fakes.conductor import FakeConductor
from tests.fakes.dex import FakeDex
from tests.fakes.fuse import Tripwire
from tests.fakes.grafana import FakeGrafana
from tests.fakes.iam import FakeIam, FakeWrites
from tests.fakes.kubernetes import FakeProfiles
from tests.fakes.ledger import FakeLedger
from tests.fakes.nodegroups import FakeCloud, FakeGroup
from tests.fakes.s3 import FakeS3
from tests.fakes.yard import Yard
from tests.laws.stage_laws import CANARY
from tests.unit.provisioner.stages.access.access import a_policy

WRITES = {
    "kubernetes": ("create_profile", "annotate_profile", "delete_profile", "delete_namespace"),
    "s3": (
        "create",
        "block_public_access",
        "encrypt",
        "set_policy",
        "abort",
        "delete_versions",
        "delete",
    ),
    "iam": ("add_version", "drop_version"),
    "cloud": ("tag", "delete_stack"),
    "eksctl": ("start_create", "start_delete", "dismiss", "end"),
    "dex": ("write", "restart"),
    "grafana": ("create", "delete"),
    "conductor": (
        "create_workspace",
        "update_workspace",
        "delete_workspace",
        "create_account",
        "delete_account",
        "add_member",
        "remove_member",
    ),
}
"""The methods of each fake that change its world."""

_ENDS_WITH_US = ("eksctl.", "cloud.tag ")
"""A child dies with the bot: another is started, or none where all that it had left was to wait."""


class TripLedger(FakeLedger):
    """A store whose every write passes a tripwire."""

    def __init__(self, tripwire: Tripwire) -> None:
        super().__init__()
        self._tripwire = tripwire

    @property
    def ledger(self) -> TripLedger:
        return self

    def write(self, run: Run, *entries: Entry) -> None:
        self._tripwire.through(_described(run, entries), lambda: self._write(run, entries))


@dataclass(slots=True)
class Wired:
    """Stands before a fake: notes its writes, and passes them through a tripwire."""

    name: str
    client: Any
    tripwire: Tripwire
    written: list[str]

    def __getattr__(self, name: str) -> Any:
        method = getattr(self.client, name)
        if name not in WRITES[self.name]:
            return method

        def write(*args: Any, **options: Any) -> Any:
            def effect() -> Any:
                result = method(*args, **options)
                self.written.append(f"{self.name}.{name} {_subject(args)}".rstrip())
                return result

            return self.tripwire.through(f"{self.name}.{name}", effect)

        return write


@dataclass(slots=True)
class Outside:
    """All systems, empty but for the platform's own, over one clock."""

    clock: FakeClock
    kubernetes: FakeProfiles = field(default_factory=FakeProfiles)
    s3: FakeS3 = field(default_factory=FakeS3)
    dex: FakeDex = field(default_factory=FakeDex)
    grafana: FakeGrafana = field(default_factory=FakeGrafana)
    conductor: FakeConductor = field(default_factory=FakeConductor)
    iam: FakeIam = field(init=False)
    cloud: FakeCloud = field(init=False)

    def __post_init__(self) -> None:
        at = a_platform()
        policies = {at.policy_arn(name): a_policy() for name in (at.kubeflow_policy, at.aia_policy)}
        self.iam = FakeIam(self.clock, policies)
        self.cloud = FakeCloud(self.clock)

    def pass_by(self, seconds: float) -> None:
        self.clock.pass_by(seconds)
        self.kubernetes.tick()
        self.dex.tick()
        self.cloud.catch_up()

    def documents(self) -> dict[str, Any]:
        """What all workspaces share."""
        policies = {arn: policy.document for arn, policy in self.iam.policies.items()}
        return {"dex": (self.dex.text, self.dex.pending), "policies": policies}

    def state(self) -> dict[str, Any]:
        """All there is, but for times."""
        return {
            **self.documents(),
            "profiles": self.kubernetes.profiles,
            "namespaces": self.kubernetes.namespaces,
            "buckets": self.s3.buckets,
            "versions": {arn: policy.versions for arn, policy in self.iam.policies.items()},
            "logins": self.dex.users(),
            "stacks": {name: stack.status for name, stack in self.cloud.stacks.items()},
            "node groups": [_as_made(name, group) for name, group in self.cloud.grouped.items()],
            "dashboards": (self.grafana.dashboards, self.grafana.variables),
            "conductor": (self.conductor.rows, self.conductor.people),
            "roles": self.conductor.roles,
        }


class WholeYard(Yard):
    """`locks` for runs that go on side by side."""

    def __init__(self, locks: Locks | None = None) -> None:
        self.tripwire = Tripwire()
        super().__init__(TripLedger(self.tripwire))
        self._between_threads = locks
        self._serving: Engine | None = None  # of all runs that go on side by side
        self.outside = Outside(self.clock)
        self.written: list[str] = []
        self.steps = self._process()

    def engine(self) -> Engine:
        if self._between_threads is None:
            return super().engine()
        self._serving = self._serving or super().engine()
        return self._serving

    @property
    def between_threads(self) -> Locks:
        assert self._between_threads is not None
        return self._between_threads

    @property
    def line(self) -> Line:
        return self.engine().line

    def pass_time(self, seconds: float) -> None:
        self.outside.pass_by(seconds)

    def die(self) -> None:
        """The process is gone, with its children and all that its stages remembered; another begins."""
        self.outside.cloud.kill()
        self.tripwire.replace()
        self.steps = self._process()

    def made(self) -> Counter[str]:
        """What was done to the world, and how often."""
        ours = [each for each in self.written if not each.startswith(_ENDS_WITH_US)]
        return Counter([*ours, *(f"CloudFormation stack {name}" for name in self.outside.cloud.made)])

    def _locks(self) -> Locks:
        return self._between_threads or super()._locks()

    def _process(self) -> Sequence[Step]:
        there, cloud = self.outside, self.outside.cloud
        return catalog(
            profiles=self._wired("kubernetes", there.kubernetes),
            buckets=self._wired("s3", there.s3),
            policies=self._wired("iam", there.iam),
            policy_writes=FakeWrites(),
            node_groups=self._wired("cloud", cloud),
            instances=cloud,
            eksctl=self._wired("eksctl", cloud),
            nodes=cloud,
            dex=self._wired("dex", there.dex),
            dex_health=there.dex,
            password_hash=SecretStr(CANARY),
            dashboards=self._wired("grafana", there.grafana),
            conductor=self._wired("conductor", there.conductor),
            dex_starts_within=timedelta(seconds=30),
        )

    def _wired(self, name: str, client: Any) -> Any:
        return Wired(name, client, self.tripwire, self.written)


def _as_made(name: str, group: FakeGroup) -> object:
    """Of its tags those that matter, whoever wrote them."""
    labels = {key: value for key, value in group.scaling_tags.items() if key.startswith(LABEL_TAG)}
    return name, replace(group, scaling_tags=labels)


def _described(run: Run, entries: Sequence[Entry]) -> str:
    if entries:
        return "; ".join(f"journal: {entry.kind.value} {entry.stage}".rstrip() for entry in entries)
    reasons = {name: str(each.reason) for name, each in run.stages.items() if each.reason}
    return f"saved: {run.status.value} {json.dumps(reasons, sort_keys=True)}"


def _subject(args: Sequence[Any]) -> str:
    """What a call is about; documents go by what they say."""
    return " ".join(each.text if isinstance(each, DexDocument) else str(each) for each in args)

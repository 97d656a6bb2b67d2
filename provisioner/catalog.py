"""Which stages there are and in what order; the one module that knows them all.

Create follows the runbook's section 2, delete its section 4, and delete is not the mirror of create. Of what
the runbook leaves open:
- dex serves everybody and is restarted for a login, so on create the login comes when all that may fail is
  done; on delete it goes before the Profile, so that a session that is still open opens nothing.
- AI Conductor's workspace is made last and removed first: no job is sent to what is half there.
- On delete a bucket's ARNs leave the shared policies before the bucket goes: its name is free for anybody
  then, and a grant that is left would be a grant to a stranger's bucket.
- The dashboard goes last: until then it shows what happens.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import Protocol

from pydantic import SecretStr

from provisioner.engine.stage import Step
from provisioner.ownership import Tags
from provisioner.stages.access.stage import ConductorAccessStage, KubeflowAccessStage, LastWrites, Policies
from provisioner.stages.bucket.stage import Buckets, BucketStage
from provisioner.stages.conductor.account import ConductorAccountStage
from provisioner.stages.conductor.member import ConductorMemberStage
from provisioner.stages.conductor.model import Conductor, NameForm
from provisioner.stages.conductor.workspace import ConductorWorkspaceStage
from provisioner.stages.dashboard.stage import Dashboards, DashboardStage
from provisioner.stages.dex.stage import Dex, DexHealth, DexUserStage
from provisioner.stages.nodegroup.ports import Eksctl, NodeGroups, Nodes
from provisioner.stages.nodegroup.stage import NodegroupStage
from provisioner.stages.profile.stage import Profiles, ProfileStage
from provisioner.workspace import InstanceTypes


class S3(Buckets, Tags, Protocol):
    """The buckets, all of it."""


def catalog(
    *,
    profiles: Profiles,
    buckets: S3,
    policies: Policies,
    policy_writes: LastWrites,
    node_groups: NodeGroups,
    instances: InstanceTypes,
    eksctl: Eksctl,
    nodes: Nodes,
    dex: Dex,
    dex_health: DexHealth,
    password_hash: SecretStr,
    dashboards: Dashboards | None,
    conductor: Conductor | None,
    name_form: NameForm = NameForm.PROJECT,
    ami_family: str = "AmazonLinux2023",
    dex_starts_within: timedelta = timedelta(minutes=3),
) -> tuple[Step, ...]:
    """All of them; `in_order` of the engine sorts them. A system that is None has no stage.

    ValueError when the hash is not bcrypt of cost 10 to 16.
    """
    steps = [
        Step(ProfileStage(profiles), after=("dex-user",)),
        Step(BucketStage(buckets), after=("s3-access-kubeflow", "s3-access-aia")),
        Step(
            DexUserStage(dex, dex_health, buckets, password_hash, starts_within=dex_starts_within),
            needs=("nodegroup", "s3-access-kubeflow", "s3-access-aia"),
            after=("nodegroup",),
        ),
        Step(KubeflowAccessStage(policies, buckets, policy_writes), needs=("bucket",), after=("nodegroup",)),
        Step(ConductorAccessStage(policies, buckets, policy_writes), needs=("bucket",), after=("nodegroup",)),
        Step(
            NodegroupStage(node_groups, instances, eksctl, nodes, ami_family=ami_family),
            needs=("profile",),
            after=("conductor-workspace",),
        ),
    ]
    if dashboards is not None:
        steps.append(Step(DashboardStage(dashboards), after=("bucket", "profile")))
    if conductor is not None:
        monitored = dashboards is not None
        made = ConductorWorkspaceStage(conductor, buckets, instances, form=name_form, monitored=monitored)
        account, member = ConductorAccountStage(conductor, buckets), ConductorMemberStage(conductor, buckets)
        steps += [
            Step(made, needs=("dex-user", "dashboard"), after=("conductor-account",)),
            Step(account, needs=("conductor-workspace",), after=("conductor-member",)),
            Step(member, needs=("conductor-workspace", "conductor-account")),
        ]
    return _without_absent(steps)


def _without_absent(steps: list[Step]) -> tuple[Step, ...]:
    """Nobody waits for a stage that a setting has switched off."""
    there = {step.stage.name for step in steps}
    return tuple(
        replace(
            step,
            needs=tuple(name for name in step.needs if name in there),
            after=tuple(name for name in step.after if name in there),
        )
        for step in steps
    )

"""The clients of every system that workspaces are made of, from settings."""

from __future__ import annotations

import structlog

from bot.config.schema import Settings
from bot.config.settings import SettingsFault, for_programs
from provisioner.catalog import catalog
from provisioner.clients.aws import AwsAccount, AwsClients
from provisioner.clients.kube import KubeCluster
from provisioner.engine.inspection import Preflight
from provisioner.engine.stage import Step
from provisioner.stages.access.client import IamPolicies
from provisioner.stages.access.stage import LastWrites
from provisioner.stages.bucket.client import S3Buckets
from provisioner.stages.conductor.calls import Calls
from provisioner.stages.conductor.client import ConductorHttp
from provisioner.stages.conductor.model import NameForm
from provisioner.stages.dashboard.client import GrafanaHttp
from provisioner.stages.dex.client import DexHttp, KubeDex
from provisioner.stages.nodegroup.eks import Ec2InstanceTypes, EksNodeGroups
from provisioner.stages.nodegroup.eksctl import EksctlProgram
from provisioner.stages.nodegroup.nodes import KubeNodes
from provisioner.stages.profile.client import KubeProfiles
from provisioner.validation import Invalid
from provisioner.vendor_call import Observer, WorkError, unobserved
from provisioner.workspace import Workspace, WorkspaceSpec

log = structlog.get_logger()


class Vendors:
    """Contacts no system before it is used. Raises `SettingsFault` for a file that cannot be used."""

    def __init__(self, settings: Settings, observer: Observer = unobserved) -> None:
        self._settings = settings
        self._observer = observer
        self._aws = AwsClients(region=settings.platform.region, observer=observer)
        self._cluster = cluster(settings, observer)
        self._eksctl = EksctlProgram(
            program=settings.eksctl,
            folder=settings.state / "eksctl",
            environment=for_programs(),
            at_once=settings.nodes.eksctl_at_once,
        )
        self._grafana = grafana(settings, observer)
        self._conductor = conductor(settings, observer)
        self.reset_lockout = self._conductor.reset_lockout if self._conductor else None
        """What was refused for good may be right now: a login is tried once more. None: nobody logs in."""

    def stages(self, policy_writes: LastWrites) -> tuple[Step, ...]:
        settings = self._settings
        return catalog(
            profiles=KubeProfiles(self._cluster),
            buckets=S3Buckets(self._aws, settings.platform.account),
            policies=IamPolicies(self._aws),
            policy_writes=policy_writes,
            node_groups=EksNodeGroups(self._aws),
            instances=Ec2InstanceTypes(self._aws),
            eksctl=self._eksctl,
            nodes=KubeNodes(self._cluster),
            dex=KubeDex(self._cluster),
            dex_health=DexHttp(url=settings.dex_url, observer=self._observer),
            password_hash=settings.kubeflow_password_hash,
            dashboards=self._grafana,
            conductor=self._conductor,
            name_form=NameForm(settings.conductor.workspace_name),
            ami_family=settings.nodes.ami_family,
        )

    def preflight(self) -> Preflight:
        return Preflight(
            account=AwsAccount(self._aws),
            kubernetes=self._cluster,
            eksctl=self._eksctl,
            platform=self._settings.where(),
        )

    def keep_login_alive(self) -> None:
        """AI Conductor locks an account that is unused for a while (T55); this is a use."""
        if self._conductor is None:
            return
        try:
            version = self._conductor.check()
        except WorkError as error:
            log.warning("AI Conductor does not let us in", why=str(error))
        else:
            log.info("AI Conductor lets us in", version=version)

    def halt(self, ws: Workspace) -> None:
        """End the programs that were started for a workspace, which was said to stay as it is."""
        for spec in {ws.asked.spec, *ws.platform.specs}:
            self._eksctl.end(ws.nodegroup_of(spec))

    def at_work(self, asked: WorkspaceSpec) -> bool:
        """Whether a program that this process started is at work for a workspace."""
        ws = Workspace(asked, self._settings.where())
        children = (self._eksctl.child(ws.nodegroup_of(spec)) for spec in {ws.asked.spec, *ws.platform.specs})
        return any(child is not None and child.running for child in children)

    def stop(self) -> None:
        """End the programs that were started; what they began at a vendor continues there."""
        self._eksctl.stop()


def cluster(settings: Settings, observer: Observer = unobserved) -> KubeCluster:
    """The one that the kubeconfig names; without one, the one that the bot runs in."""
    path = settings.kubeconfig_path
    try:
        return KubeCluster(kubeconfig=str(path or ""), observer=observer)
    except WorkError as error:
        why = error.cause.raw_text if error.cause else str(error)
        missing = "" if path else " is missing, and the bot runs in no cluster"
        raise SettingsFault([f"WORKSPACE_BOT_KUBECONFIG_PATH{missing}: {why}"]) from None


def grafana(settings: Settings, observer: Observer = unobserved) -> GrafanaHttp | None:
    """None when it is switched off."""
    given = settings.grafana
    if given.url is None or given.token is None:
        return None
    try:
        template = given.template.read_text(encoding="utf-8") if given.template else ""
        return GrafanaHttp(url=given.url, token=given.token, template=template, observer=observer)
    except OSError as error:
        why = error.strerror or "it cannot be read"
        raise SettingsFault([f"WORKSPACE_BOT_GRAFANA__TEMPLATE: {why}"]) from None
    except UnicodeDecodeError:
        raise SettingsFault(["WORKSPACE_BOT_GRAFANA__TEMPLATE: it is not text in UTF-8"]) from None
    except ValueError as error:
        raise SettingsFault([f"WORKSPACE_BOT_GRAFANA: {error}"]) from None


def conductor(settings: Settings, observer: Observer = unobserved) -> ConductorHttp | None:
    """None when it is switched off."""
    given = settings.conductor
    if given.url is None or given.user is None or given.password is None:
        return None
    try:
        calls = Calls.read(given.calls)
    except Invalid as fault:
        lines = [f"WORKSPACE_BOT_CONDUCTOR__CALLS: {line}" for line in fault.lines]
        raise SettingsFault(lines) from None
    return ConductorHttp(
        url=given.url, user=given.user, password=given.password, calls=calls, observer=observer
    )

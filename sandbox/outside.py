"""Everything outside the bot: the simulators, in the order in which they need each other."""

import secrets
from collections.abc import Callable
from contextlib import ExitStack
from pathlib import Path
from typing import Any

from sandbox import environment as env
from sandbox.aws import AwsSimulator, Write
from sandbox.conductor import ConductorSimulator
from sandbox.conductor.simulator import ADMIN_LOGIN
from sandbox.eksctl.program import make_program
from sandbox.grafana.simulator import GrafanaSimulator
from sandbox.inventory import Inventory
from sandbox.kubeflow import Dex, ProfileController, seed_platform
from sandbox.kubeflow.cluster import Cluster
from sandbox.kubernetes import KubernetesEmulator
from sandbox.kubernetes.nodes import Nodes
from sandbox.memory import Memory
from sandbox.options import Options, Part
from sandbox.place import Place
from sandbox.serving.child import Nursery
from sandbox.slack import SlackSimulator

BOT_USER = "workspace-bot"
EKSCTL_USER = "eksctl"  # its own name in the cluster, by the bot's AWS key
BOT_KEY_ID = "AKIASANDBOXBOT"
NODES_KEY_ID = "AKIASANDBOXNODES"
REQUESTS = "workspace-requests"

_CALLS = Path(__file__).parent.parent / "provisioner" / "stages" / "conductor" / "calls.toml"
"""The guess that comes with the bot, which the simulator serves."""

Wrote = Callable[[str, str], None]
"""Told of each change the bot made at a vendor: the call, and on what. Before the bot hears of it."""


class Outside:
    """What is left out is None. `settings` are the bot's, `plain` is what has no prefix of ours."""

    def __init__(
        self, options: Options, place: Place, nursery: Nursery, memory: Memory, wrote: Wrote
    ) -> None:
        self.slack: SlackSimulator | None = None
        self.aws: AwsSimulator | None = None
        self.kubernetes: KubernetesEmulator | None = None
        self.dex: Dex | None = None
        self.grafana: GrafanaSimulator | None = None
        self.conductor: ConductorSimulator | None = None
        self.urls: dict[str, str] = {}
        self.settings: dict[str, str] = {}
        self.plain: dict[str, str] = {}
        self._options = options
        self._place = place
        self._nursery = nursery
        self._memory = memory
        self._wrote = wrote
        self._cluster: Cluster | None = None

    def start(self, exits: ExitStack) -> None:
        """Whatever was started stops with `exits`."""
        for part, start in (
            (Part.SLACK, self._start_slack),
            (Part.KUBERNETES, self._start_kubernetes),
            (Part.AWS, self._start_aws),
            (Part.KUBEFLOW, self._start_kubeflow),
            (Part.GRAFANA, self._start_grafana),
            (Part.CONDUCTOR, self._start_conductor),
        ):
            if part in self._options.parts:
                start(exits)

    def look(self) -> dict[str, list[dict[str, Any]]]:
        """All that workspaces are made of."""
        return Inventory(
            self._place,
            aws=self.aws,
            cluster=self._cluster,
            grafana=self.grafana,
            conductor=self.conductor,
        ).all()

    def unknown_calls(self) -> list[str]:
        """What nothing here understands; each was refused."""
        plain = {
            "slack": self.slack,
            "aws": self.aws,
            "grafana": self.grafana,
            "conductor": self.conductor,
        }
        found = [
            f"{name} {call}"
            for name, part in plain.items()
            for call in (part.unknown_calls if part is not None else ())
        ]
        if self.kubernetes is not None:
            found += [f"kubernetes {one.method} {one.path}" for one in self.kubernetes.unknown_calls]
        return found

    def keep(self, password: str) -> None:
        """For the next start; AWS keeps its own."""
        self._memory.keep(
            password=password,
            slack=self.slack,
            cluster=self._cluster,
            grafana=self.grafana,
            conductor=self.conductor,
        )

    def _start_slack(self, exits: ExitStack) -> None:
        slack = self.slack = SlackSimulator(rates=self._options.rates)
        exits.callback(slack.stop)
        self.urls["slack"] = slack.start()
        self._memory.recall_slack(slack)
        access = env.SlackAccess(
            url=self.urls["slack"],
            channel=slack.channel(REQUESTS, "admin")["id"],
            transport=self._options.transport.value,
            bot_token=slack.bot_token,
            app_token=slack.app_token,
            signing_secret=slack.signing_secret,
        )
        self.settings |= env.slack(access)

    def _start_kubernetes(self, exits: ExitStack) -> None:
        kubernetes = self.kubernetes = KubernetesEmulator(
            seed=secrets.randbits(32), aws_keys={BOT_KEY_ID: EKSCTL_USER}
        )
        exits.callback(kubernetes.stop)
        self.urls["kubernetes"] = kubernetes.start()
        for user in (BOT_USER, EKSCTL_USER):
            kubernetes.on_write(self._kubernetes_wrote, user=user)
        path = self._options.state / "kubeconfig"
        path.touch(mode=0o600)
        path.write_text(kubernetes.kubeconfig(BOT_USER))
        self.settings["KUBECONFIG_PATH"] = str(path)
        self._cluster = Cluster(kubernetes.kubeconfig("admin"))
        exits.callback(self._cluster.close)

    def _start_aws(self, exits: ExitStack) -> None:
        place, state = self._place, self._options.state
        aws = self.aws = AwsSimulator(
            self._nursery,
            state / "aws",
            account=place.account,
            region=place.region,
            alias=place.region_alias,
            infra=place.infra,
            env=place.env,
            cluster=place.cluster,
            boot=self._options.boot,
        )
        exits.callback(aws.stop)
        self.urls["aws"] = aws.start()
        aws.on_write(self._aws_wrote)
        access = env.AwsAccess(url=self.urls["aws"], key_id=BOT_KEY_ID, secret=secrets.token_urlsafe(30))
        self.plain |= env.aws(access, place)
        programs = state / "programs"
        programs.mkdir(exist_ok=True)
        self.settings["EKSCTL"] = str(make_program(programs))
        if self.kubernetes is not None:
            aws.reach_cluster(self.urls["kubernetes"], self.kubernetes.authority)
            self._start_nodes(exits, self.kubernetes)

    def _start_nodes(self, exits: ExitStack, kubernetes: KubernetesEmulator) -> None:
        nodes = Nodes(
            kubernetes.kubeconfig("controller"),
            self.urls["aws"],
            cluster=self._place.cluster,
            region=self._place.region,
            key_id=NODES_KEY_ID,
            secret=secrets.token_urlsafe(30),
            seed=secrets.randbits(32),
        )
        exits.callback(nodes.stop)
        nodes.start()

    def _start_kubeflow(self, exits: ExitStack) -> None:
        if self.kubernetes is None:
            return
        kubeconfig = self.kubernetes.kubeconfig("controller")
        seed_platform(kubeconfig)
        with Cluster(kubeconfig) as cluster:
            self._memory.recall_cluster(cluster)
        profiles, dex = ProfileController(kubeconfig), Dex(kubeconfig)
        self.dex = dex
        exits.callback(profiles.stop)
        profiles.start()
        exits.callback(dex.stop)
        self.urls["dex"] = self.settings["DEX_URL"] = dex.start()

    def _start_grafana(self, exits: ExitStack) -> None:
        grafana = self.grafana = GrafanaSimulator()
        self._memory.recall_grafana(grafana)
        exits.callback(grafana.stop)
        self.urls["grafana"] = grafana.start()
        grafana.on_write(lambda write: self._wrote(write.call, write.resource))
        self.settings |= {"GRAFANA__URL": self.urls["grafana"], "GRAFANA__TOKEN": grafana.token}

    def _start_conductor(self, exits: ExitStack) -> None:
        password = secrets.token_urlsafe(15)
        conductor = self.conductor = ConductorSimulator(
            password=password, shared_bucket=self._place.shared_bucket, login_domain=self._place.login_domain
        )
        self._memory.recall_conductor(conductor)
        exits.callback(conductor.stop)
        self.urls["conductor"] = conductor.start()
        conductor.on_write(lambda write: self._wrote(write.call, write.resource))
        self.settings |= {
            "CONDUCTOR__URL": self.urls["conductor"],
            "CONDUCTOR__FRONTEND": self.urls["conductor"],
            "CONDUCTOR__USER": ADMIN_LOGIN,
            "CONDUCTOR__PASSWORD": password,
            "CONDUCTOR__CALLS": str(_CALLS),
        }

    def _aws_wrote(self, write: Write) -> None:
        if write.key_id == BOT_KEY_ID:
            self._wrote(write.call, write.resource)

    def _kubernetes_wrote(self, number: int, _: str) -> None:
        if self.kubernetes is None:
            return
        write = self.kubernetes.journal(number - 1)[0]
        plural = write.resource.partition(".")[0]
        where = f"{write.namespace}/{write.name}" if write.namespace else write.name
        self._wrote(f"kubernetes.{write.verb} {plural}", where)

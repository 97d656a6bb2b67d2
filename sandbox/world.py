"""The whole sandbox as one thing: the simulators, the unchanged bot, and the folder they keep things in."""

import queue
import secrets
import threading
from collections.abc import Mapping
from contextlib import ExitStack
from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path
from typing import Any

import bcrypt

from sandbox import environment as env
from sandbox.aws import AwsSimulator, Write
from sandbox.bot import Bot
from sandbox.child import Nursery
from sandbox.faults import BOT_USER, Switches
from sandbox.inventory import Inventory
from sandbox.kubeflow import Dex, ProfileController, seed_platform
from sandbox.kubeflow.cluster import Cluster
from sandbox.kubeflow.seed import CLIENT_ID, CLIENT_SECRET, NEIGHBOURS
from sandbox.kubernetes import KubernetesEmulator
from sandbox.loopback import HOST, free_port
from sandbox.memory import Memory
from sandbox.place import Place
from sandbox.slack import Rates, SlackSimulator

BOT_KEY_ID = "AKIASANDBOXBOT"
REQUESTS = "workspace-requests"


class Part(StrEnum):
    """What can be left out."""

    SLACK = "slack"
    AWS = "aws"
    KUBERNETES = "kubernetes"
    KUBEFLOW = "kubeflow"
    BOT = "bot"


class Transport(StrEnum):
    SOCKET = "socket"
    HTTP = "http"


@dataclass(frozen=True, slots=True, kw_only=True)
class Options:
    """`settings` are more settings of the bot, by name without the prefix: {"LANGUAGE": "ko"}."""

    state: Path
    without: frozenset[Part] = frozenset()
    transport: Transport = Transport.SOCKET
    settings: Mapping[str, str] = field(default_factory=dict)
    rates: Rates = Rates.REAL


class World:
    """Start it, act in it through its parts, stop it. `told` has a line for people now and then."""

    def __init__(self, options: Options) -> None:
        self.options = options
        self.place = Place()
        self.password = secrets.token_urlsafe(12)
        self.slack: SlackSimulator | None = None
        self.aws: AwsSimulator | None = None
        self.kubernetes: KubernetesEmulator | None = None
        self.dex: Dex | None = None
        self.bot: Bot | None = None
        self.urls: dict[str, str] = {}
        self.told: queue.SimpleQueue[str] = queue.SimpleQueue()
        self._nursery = Nursery()
        self._memory = Memory(options.state)
        self._cluster: Cluster | None = None
        self._exits = ExitStack()
        self._written = threading.Condition()
        self._http_port = free_port()
        self._settings: dict[str, str] = {}
        self._plain: dict[str, str] = {}  # without the prefix

    def start(self) -> None:
        """Everything, the bot last. What was started is stopped again if something does not start."""
        self.options.state.mkdir(parents=True, exist_ok=True)
        try:
            self._start_parts()
        except BaseException:
            self.stop()
            raise

    def stop(self) -> None:
        """Safe to call twice, and from a signal."""
        self._exits.close()

    def start_bot(self) -> None:
        """Raises `BotFailed`. Also after a kill."""
        if self.bot is None:
            return
        self.bot.start()
        if self.slack is not None and self.options.transport is Transport.HTTP:
            self.slack.deliver_to(f"http://{HOST}:{self._http_port}/slack/events")

    @property
    def simulated(self) -> frozenset[Part]:
        return frozenset(Part) - self.options.without

    def look(self) -> dict[str, Any]:
        """What is out there now, how the bot is, and where the simulators listen."""
        return {
            **Inventory(self.place, self.aws, self._cluster).all(),
            "bot": self.bot.state if self.bot is not None else "absent",
            "urls": dict(self.urls),
        }

    def logins(self) -> dict[str, Any]:
        """How a person logs in at the simulated dex: a password grant, with a password by login.

        "*" is the platform's constant password, which every workspace's login has.
        """
        return {
            "url": f"{self.urls.get('dex', '')}/dex/token",
            "client_id": CLIENT_ID,
            "client_secret": CLIENT_SECRET,
            "passwords": {**NEIGHBOURS, "*": self.password},
        }

    def writes(self, since: int, wait: float = 0.0) -> list[dict[str, Any]]:
        """What the bot changed at vendors after number `since`; waits so many seconds for the first."""
        with self._written:
            if wait > 0:
                self._written.wait_for(lambda: len(self.switches.writes) > since, wait)
            return [
                {"number": one.number, "time": one.time, "call": one.call, "resource": one.resource}
                for one in self.switches.writes[since:]
            ]

    def unknown_calls(self) -> list[str]:
        """What nothing here understands; each was refused. A test ends with none."""
        found = [f"slack {one}" for one in self.slack.unknown_calls] if self.slack else []
        found += [f"aws {one}" for one in self.aws.unknown_calls] if self.aws else []
        if self.kubernetes is not None:
            found += [f"kubernetes {one.method} {one.path}" for one in self.kubernetes.unknown_calls]
        return found

    def _start_parts(self) -> None:
        parts = self.simulated
        self._memory.open()
        self.password = self._memory.password(self.password)
        if Part.SLACK in parts:
            self._start_slack()
        if Part.AWS in parts:
            self._start_aws()
        if Part.KUBERNETES in parts:
            self._start_kubernetes()
        if Part.KUBEFLOW in parts and self.kubernetes is not None:
            self._start_kubeflow(self.kubernetes)
        self.switches = Switches(
            slack=self.slack,
            aws=self.aws,
            kubernetes=self.kubernetes,
            dex=self.dex,
            kill_bot=self._kill_bot,
        )
        self._exits.callback(self._keep)
        self._memory.close()
        self._start_bot_part()

    def _keep(self) -> None:
        """Once the bot has stopped and before anything else does."""
        self._memory.keep(password=self.password, slack=self.slack, cluster=self._cluster)

    def _start_slack(self) -> None:
        slack = self.slack = SlackSimulator(rates=self.options.rates)
        self._exits.callback(slack.stop)
        self.urls["slack"] = slack.start()
        self._memory.recall_slack(slack)
        access = env.SlackAccess(
            url=self.urls["slack"],
            channel=slack.channel(REQUESTS, "admin")["id"],
            transport=self.options.transport.value,
            bot_token=slack.bot_token,
            app_token=slack.app_token,
            signing_secret=slack.signing_secret,
        )
        self._settings |= env.slack(access)

    def _start_aws(self) -> None:
        aws = self.aws = AwsSimulator(
            self._nursery,
            self.options.state / "aws",
            account=self.place.account,
            region=self.place.region,
        )
        self._exits.callback(aws.stop)
        self.urls["aws"] = aws.start()
        aws.on_write(self._aws_wrote)
        access = env.AwsAccess(url=self.urls["aws"], key_id=BOT_KEY_ID, secret=secrets.token_urlsafe(30))
        self._plain |= env.aws(access, self.place)

    def _start_kubernetes(self) -> None:
        kubernetes = self.kubernetes = KubernetesEmulator(seed=secrets.randbits(32))
        self._exits.callback(kubernetes.stop)
        self.urls["kubernetes"] = kubernetes.start()
        kubernetes.on_write(self._kubernetes_wrote, user=BOT_USER)
        path = self.options.state / "kubeconfig"
        path.touch(mode=0o600)
        path.write_text(kubernetes.kubeconfig(BOT_USER))
        self._settings["KUBECONFIG_PATH"] = str(path)
        self._cluster = Cluster(kubernetes.kubeconfig("admin"))
        self._exits.callback(self._cluster.close)

    def _start_kubeflow(self, kubernetes: KubernetesEmulator) -> None:
        kubeconfig = kubernetes.kubeconfig("controller")
        seed_platform(kubeconfig)
        with Cluster(kubeconfig) as cluster:
            self._memory.recall_cluster(cluster)
        profiles, dex = ProfileController(kubeconfig), Dex(kubeconfig)
        self.dex = dex
        self._exits.callback(profiles.stop)
        profiles.start()
        self._exits.callback(dex.stop)
        self.urls["dex"] = self._settings["DEX_URL"] = dex.start()

    def _start_bot_part(self) -> None:
        hashed = bcrypt.hashpw(self.password.encode(), bcrypt.gensalt(10)).decode()
        health_port = free_port()
        self._settings |= env.common(
            self.place,
            state=self.options.state,
            password_hash=hashed,
            http_port=self._http_port,
            health_port=health_port,
        )
        given = {
            **env.program(self.options.state),
            **self._plain,
            **env.prefixed({**self._settings, **self.options.settings}),
        }
        env.write_env(self.options.state / "bot.env", given)
        if Part.BOT not in self.simulated:
            return
        self.bot = Bot(
            self._nursery,
            environment=given,
            log=self.options.state / "bot.log",
            health_port=health_port,
            changed=self.told.put,
        )
        self._exits.callback(self.bot.stop)
        self.start_bot()

    def _kill_bot(self) -> bool:
        return self.bot is not None and self.bot.kill()

    def _aws_wrote(self, write: Write) -> None:
        if write.key_id == BOT_KEY_ID:
            self._bot_wrote(write.call, write.resource)

    def _kubernetes_wrote(self, number: int, _: str) -> None:
        if self.kubernetes is None:
            return
        write = self.kubernetes.journal(number - 1)[0]
        plural = write.resource.partition(".")[0]
        where = f"{write.namespace}/{write.name}" if write.namespace else write.name
        self._bot_wrote(f"kubernetes.{write.verb} {plural}", where)

    def _bot_wrote(self, call: str, resource: str) -> None:
        self.switches.vendor_wrote(call, resource)
        with self._written:
            self._written.notify_all()

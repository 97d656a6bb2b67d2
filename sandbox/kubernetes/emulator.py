"""The emulator as a whole: start it, hand out kubeconfigs, see what was done to it."""

from __future__ import annotations

import base64
import random
import ssl
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta

import trustme
import yaml
from starlette.types import Receive, Scope

from sandbox.kubernetes.budgets import Budgets
from sandbox.kubernetes.daemonsets import DaemonSets
from sandbox.kubernetes.deployments import Deployments
from sandbox.kubernetes.faults import Faults
from sandbox.kubernetes.garbage import Garbage, Namespaces, Strays
from sandbox.kubernetes.housekeeping import Housekeeping
from sandbox.kubernetes.identity import Tokens
from sandbox.kubernetes.journal import Hook, Journal, UnknownCall, Write
from sandbox.kubernetes.rights import USERS
from sandbox.kubernetes.server import Server
from sandbox.kubernetes.store import NAMESPACES, Clock, Store
from sandbox.serving.loopback import HOST, Loopback

CLUSTER = "eks-an2-meerkat-prod"
BORN_WITH = ("default", "kube-node-lease", "kube-public", "kube-system")


def utc_now() -> datetime:
    return datetime.now(UTC)


class KubernetesEmulator:
    """A Kubernetes API server with the controllers a cluster always has, on 127.0.0.1 over TLS."""

    def __init__(
        self,
        *,
        seed: int = 0,
        clock: Clock = utc_now,
        pod_delay: timedelta = timedelta(milliseconds=50),
        namespace_delay: timedelta = timedelta(milliseconds=100),
        aws_keys: Mapping[str, str] | None = None,
    ) -> None:
        """`seed` decides uids and name suffixes. `pod_delay`: until a pod is ready. `namespace_delay`: how
        long a namespace is Terminating at least. `aws_keys`: access key id → user, as EKS maps those who come
        with a signature of AWS instead of a token."""
        self.faults = Faults()
        self._journal = Journal(clock)
        self._store = Store(seed=seed, clock=clock)
        self._tokens = {name: _token(seed, name) for name in USERS}
        for name in BORN_WITH:
            self._store.create(NAMESPACES, "", {"metadata": {"name": name}})
        self._housekeeping = Housekeeping(
            self._store,
            (
                Namespaces(self._store, namespace_delay),
                Garbage(self._store),
                Strays(self._store),
                Deployments(self._store, pod_delay),
                DaemonSets(self._store),
                Budgets(self._store),
            ),
        )
        self._server = Server(
            store=self._store,
            tokens=Tokens(
                {token: USERS[name] for name, token in self._tokens.items()},
                {key_id: USERS[name] for key_id, name in (aws_keys or {}).items()},
                clock,
            ),
            journal=self._journal,
            faults=self.faults,
            cut=self._cut,
        )
        self._authority = trustme.CA(key_type=trustme.KeyType.ECDSA)
        tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        self._authority.issue_cert(HOST, key_type=trustme.KeyType.ECDSA).configure_cert(tls)
        self._loopback = Loopback(self._server, "kubernetes", tls)
        self._url = ""

    def start(self, port: int = 0) -> str:
        """Returns "https://127.0.0.1:PORT"."""
        self._url = self._loopback.start(port)
        self._housekeeping.start()
        return self._url

    def stop(self) -> None:
        self._housekeeping.stop()
        self._server.end_watches()
        self._loopback.stop()

    def kubeconfig(self, user: str) -> str:
        """YAML text for "admin", "controller", "workspace-bot" and "eksctl" (the least rights they need) or
        "nobody" (none). KeyError for others."""
        document = {
            "apiVersion": "v1",
            "kind": "Config",
            "clusters": [
                {
                    "name": CLUSTER,
                    "cluster": {"server": self._url, "certificate-authority-data": self.authority},
                }
            ],
            "users": [{"name": user, "user": {"token": self._tokens[user]}}],
            "contexts": [{"name": CLUSTER, "context": {"cluster": CLUSTER, "user": user}}],
            "current-context": CLUSTER,
        }
        return yaml.safe_dump(document, sort_keys=False)

    @property
    def authority(self) -> str:
        """The certificate that signed the server's, PEM in base64, as EKS and a kubeconfig tell it."""
        return base64.b64encode(self._authority.cert_pem.bytes()).decode()

    @property
    def unknown_calls(self) -> tuple[UnknownCall, ...]:
        """What was asked and is not emulated; each got an error. A test that leaves any has failed."""
        return tuple(self._server.unknown)

    def journal(self, since: int = 0) -> tuple[Write, ...]:
        """Writes that came through the API with a number above `since`, refused ones too."""
        return self._journal.since(since)

    def end_watches(self) -> None:
        self._server.end_watches()

    def compact(self) -> None:
        """Forget all versions before now: a watch that goes on from one of them has to begin anew."""
        self._store.compact()

    def on_write(self, hook: Hook, *, user: str = "") -> None:
        """Call `hook(number, description)` after a write of `user` (empty: anyone) was carried out and before
        it is answered. The hook may block, and may kill the caller. The number is the journal's."""
        self._server.hooks.append((user, hook))

    async def _cut(self, scope: Scope, receive: Receive) -> None:
        await self._loopback.cut(scope, receive)


def _token(seed: int, user: str) -> str:
    return f"{user}-{random.Random(f'{seed} {user}').getrandbits(128):032x}"

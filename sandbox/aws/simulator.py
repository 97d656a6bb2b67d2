"""The whole of simulated AWS, as one thing that starts and stops."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from sandbox.serving.callfaults import Faults
from sandbox.serving.child import Child, Nursery
from sandbox.serving.loopback import Loopback

from .behind import Behind, Bucket, Policy
from .calls import Calls
from .estate import Estate, NodegroupView, StackView
from .front import Front, Write
from .ministack import start_ministack
from .padding import Padding
from .seed import seed
from .site import Site

_STOP_WITHIN = 5.0


def utc_now() -> datetime:
    return datetime.now(UTC)


class AwsSimulator:
    """One account in one region. All methods may be called from any thread.

    `alias`, `infra` and `env` stand in the names of what is there from the beginning. A node group takes
    `boot` to come, and half of it to go.
    """

    def __init__(
        self,
        nursery: Nursery,
        folder: Path,
        *,
        account: str,
        region: str,
        alias: str = "an2",
        infra: str = "meerkat",
        env: str = "prod",
        cluster: str = "eks-an2-meerkat-prod",
        boot: timedelta = timedelta(seconds=6),
        now: Callable[[], datetime] = utc_now,
    ) -> None:
        self.site = Site(account=account, region=region, alias=alias, infra=infra, env=env, cluster=cluster)
        self.faults = Faults()
        self._estate = Estate(self.site, faults=self.faults, now=now, boot=boot)
        self.calls = Calls({service: tuple(calls) for service, calls in self._estate.calls.items()})
        self._nursery = nursery
        self._folder = folder
        self._kept = folder / "estate.json"
        self._child: Child | None = None
        self._server: Loopback | None = None
        self._front: Front | None = None
        self._behind = Behind(region)
        self._padding = Padding(self._behind, self.site)

    def start(self, port: int = 0) -> str:
        """The URL for AWS_ENDPOINT_URL. Raises `DidNotStart`, `PortInUse`."""
        self._child, url = start_ministack(
            self._nursery, self._folder, account=self.site.account, region=self.site.region
        )
        self._behind.open(url)
        seed(self._behind, self.site)
        if self._kept.exists():
            self._estate.recall(self._kept)
        front = self._front = Front(
            url, site=self.site, calls=self.calls, faults=self.faults, ours=self._estate.calls
        )
        server = self._server = Loopback(front, "aws")
        front.cut = server.cut
        return server.start(port)

    def stop(self) -> None:
        if self._server is not None:
            self._server.stop()
        if self._child is not None:
            self._child.stop(_STOP_WITHIN)
            self._estate.keep(self._kept)
        self._behind.close()

    def on_write(self, callback: Callable[[Write], None]) -> None:
        """Called after a write was carried out and before it is answered, on the server's thread."""
        self._running.on_write = callback

    @property
    def unknown_calls(self) -> list[str]:
        """Calls that nothing here understands; each was refused. A test ends with none."""
        return list(self._running.unknown_calls)

    def journal(self, since: int = 0) -> list[dict[str, Any]]:
        """Every call that changed something, after number `since`."""
        return self._running.journal(since)

    def buckets(self) -> list[Bucket]:
        return self._behind.buckets()

    def policies(self) -> list[Policy]:
        return self._behind.policies()

    def stacks(self) -> list[StackView]:
        return self._estate.stacks()

    def nodegroups(self) -> list[NodegroupView]:
        return self._estate.nodegroups()

    def reach_cluster(self, endpoint: str, authority: str) -> None:
        """Where the cluster's API server is, and who vouches for it: PEM in base64."""
        self._estate.reach(endpoint, authority)

    def no_capacity(self, times: int = 0) -> None:
        """EC2 has no machine for the next so many node groups that want one; 0 is for all, until restored."""
        self._estate.no_capacity(times)

    def restore_capacity(self) -> None:
        self._estate.restore_capacity()

    def fill_policies(self) -> None:
        """No bucket more finds room in either of the two policies."""
        self._padding.fill()

    def relieve_policies(self) -> None:
        """Takes out again what `fill_policies` put in."""
        self._padding.remove()

    @property
    def lacks_capacity(self) -> bool:
        """Whether the next node group will find no machine."""
        return self._estate.lacks_capacity

    def add_foreign_bucket(self, name: str) -> None:
        """A name taken by another account: not to be looked at, not to be had."""
        self._running.foreign.add(name)

    @property
    def _running(self) -> Front:
        if self._front is None:
            raise RuntimeError("AWS was not started")
        return self._front

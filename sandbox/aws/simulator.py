"""The whole of simulated AWS, as one thing that starts and stops."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

from sandbox.child import Child, Nursery
from sandbox.loopback import Loopback

from .behind import Behind, Bucket, Policy
from .calls import Calls
from .faults import Faults
from .front import Front, Write
from .ministack import start_ministack
from .seed import seed
from .site import Site

_STOP_WITHIN = 5.0


class AwsSimulator:
    """One account in one region. All methods may be called from any thread.

    `alias`, `infra` and `env` stand in the names of what is there from the beginning.
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
    ) -> None:
        self.site = Site(account=account, region=region, alias=alias, infra=infra, env=env, cluster=cluster)
        self.faults = Faults()
        self.calls = Calls()
        self._nursery = nursery
        self._folder = folder
        self._child: Child | None = None
        self._server: Loopback | None = None
        self._front: Front | None = None
        self._behind = Behind(region)

    def start(self, port: int = 0) -> str:
        """The URL for AWS_ENDPOINT_URL. Raises `DidNotStart`, `PortInUse`."""
        self._child, url = start_ministack(
            self._nursery, self._folder, account=self.site.account, region=self.site.region
        )
        self._behind.open(url)
        seed(self._behind, self.site)
        front = self._front = Front(url, site=self.site, calls=self.calls, faults=self.faults, ours={})
        server = self._server = Loopback(front, "aws")
        front.cut = server.cut
        return server.start(port)

    def stop(self) -> None:
        if self._server is not None:
            self._server.stop()
        if self._child is not None:
            self._child.stop(_STOP_WITHIN)
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

    def add_foreign_bucket(self, name: str) -> None:
        """A name taken by another account: not to be looked at, not to be had."""
        self._running.foreign.add(name)

    @property
    def _running(self) -> Front:
        if self._front is None:
            raise RuntimeError("AWS was not started")
        return self._front

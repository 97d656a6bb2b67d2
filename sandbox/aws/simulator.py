"""The whole of simulated AWS, as one thing that starts and stops."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx

from sandbox.child import Child, Nursery
from sandbox.loopback import Loopback

from . import s3
from .calls import Calls
from .faults import Faults
from .front import Front, Write
from .ministack import start_ministack

_STOP_WITHIN = 5.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Bucket:
    name: str
    tags: dict[str, str]


class AwsSimulator:
    """S3 and STS of one account in one region. All methods may be called from any thread."""

    def __init__(self, nursery: Nursery, folder: Path, *, account: str, region: str) -> None:
        self.account = account
        self.region = region
        self.faults = Faults()
        self.calls = Calls()
        self._nursery = nursery
        self._folder = folder
        self._child: Child | None = None
        self._server: Loopback | None = None
        self._front: Front | None = None
        self._upstream = httpx.Client(trust_env=False, timeout=10, headers=s3.signed(region))

    def start(self, port: int = 0) -> str:
        """The URL for AWS_ENDPOINT_URL. Raises `DidNotStart`, `PortInUse`."""
        self._child, behind = start_ministack(
            self._nursery, self._folder, account=self.account, region=self.region
        )
        self._upstream.base_url = httpx.URL(behind)
        front = self._front = Front(
            behind, account=self.account, region=self.region, calls=self.calls, faults=self.faults
        )
        server = self._server = Loopback(front, "aws")
        front.cut = server.cut
        return server.start(port)

    def stop(self) -> None:
        if self._server is not None:
            self._server.stop()
        if self._child is not None:
            self._child.stop(_STOP_WITHIN)
        self._upstream.close()

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
        listed = self._upstream.get("/")
        listed.raise_for_status()
        return [
            Bucket(name=name, tags=self._tags(name))
            for name, _ in s3.texts(listed.content, "Name", "CreationDate")
        ]

    def add_foreign_bucket(self, name: str) -> None:
        """A name taken by another account: not to be looked at, not to be had."""
        self._running.foreign.add(name)

    def _tags(self, bucket: str) -> dict[str, str]:
        answer = self._upstream.get(f"/{bucket}", params={"tagging": ""})
        if not answer.is_success:
            return {}  # no tags, or deleted since it was listed
        return {pair[0]: pair[1] for pair in s3.texts(answer.content, "Key", "Value")}

    @property
    def _running(self) -> Front:
        if self._front is None:
            raise RuntimeError("AWS was not started")
        return self._front

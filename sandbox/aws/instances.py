"""What EC2 says of instance types, from the tables that moto recorded.

Only the files are read: moto's EC2 takes seconds and much memory to import, for it loads all regions.
"""

import gzip
import json
from functools import cached_property
from importlib.util import find_spec
from pathlib import Path
from typing import Any


class InstanceTypes:
    """Of one region. The tables are read when first asked for."""

    def __init__(self, region: str) -> None:
        self._region = region

    @cached_property
    def offered(self) -> dict[str, tuple[str, ...]]:
        """The zones of each type that the region has."""
        found: dict[str, tuple[str, ...]] = {}
        for one in _table(f"instance_type_offerings/availability-zone/{self._region}"):
            kind = one["InstanceType"]
            found[kind] = (*found.get(kind, ()), one["Location"])
        return {kind: tuple(sorted(zones)) for kind, zones in sorted(found.items())}

    @cached_property
    def described(self) -> dict[str, dict[str, Any]]:
        """As DescribeInstanceTypes has them."""
        table = _table("instance_types")
        return {kind: table[kind] for kind in self.offered if kind in table}


def _table(name: str) -> Any:
    spec = find_spec("moto")
    if spec is None or spec.origin is None:
        raise RuntimeError("moto is not installed")
    path = Path(spec.origin).parent / "ec2" / "resources" / f"{name}.json.gz"
    return json.loads(gzip.decompress(path.read_bytes()))

"""Policies that are full: of buckets of workspaces that are gone, as hand-made removal leaves them."""

import json
import re
from typing import Any

from .behind import Behind, Policy
from .iam import LARGEST_POLICY, listed, size
from .site import Site

_MOST_VERSIONS = 5


class Padding:
    """Each change is a new default version; the oldest of five others makes room, as an admin would do it."""

    def __init__(self, behind: Behind, site: Site) -> None:
        self._behind = behind
        self._site = site
        self._former = f"arn:aws:s3:::{site.bucket('former')}"

    def fill(self) -> None:
        """Until not even the shortest bucket finds room in either policy."""
        for policy in self._ours():
            resources = self._granted(policy.document)
            number, document = 0, policy.document
            while size(json.dumps(document)) + 2 * len(f'"{self._former}000/*",') <= LARGEST_POLICY:
                number += 1
                resources += [f"{self._former}{number:03}", f"{self._former}{number:03}/*"]
            while size(json.dumps(document)) + len(f'"{self._former}000",') <= LARGEST_POLICY:
                number += 1
                resources.append(f"{self._former}{number:03}")
            self._write(policy, document)

    def remove(self) -> None:
        """The padding alone; what else was changed meanwhile stays."""
        padding = re.compile(rf"{re.escape(self._former)}\d{{3}}(/\*)?")
        for policy in self._ours():
            resources = self._granted(policy.document)
            left = [one for one in resources if not padding.fullmatch(one)]
            if left != resources:
                resources[:] = left
                self._write(policy, policy.document)

    def _ours(self) -> list[Policy]:
        return [one for one in self._behind.policies() if one.name in self._site.policies]

    def _granted(self, document: dict[str, Any]) -> list[str]:
        """The list that has the shared bucket, within the document."""
        shared = f"arn:aws:s3:::{self._site.shared_bucket}"
        for statement in listed(document["Statement"]):
            if shared in listed(statement.get("Resource")):
                statement["Resource"] = listed(statement["Resource"])
                found: list[str] = statement["Resource"]
                return found
        raise LookupError(f"no statement grants {shared}")

    def _write(self, policy: Policy, document: dict[str, Any]) -> None:
        if len(policy.versions) >= _MOST_VERSIONS:
            oldest = next(one for one in policy.versions if one != policy.default_version)
            self._behind.delete_version(policy.arn, oldest)
        self._behind.add_version(policy.arn, document)

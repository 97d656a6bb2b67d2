"""Whether a bucket that is there is ours, told by its tags. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Protocol

from provisioner.errors import NotOurs
from provisioner.message import Message, named
from provisioner.workspace import Workspace

PROJECT = "workspace-bot/project"
"""Our mark: a tag whose value is the project, written inside CreateBucket."""


class Tags(Protocol):
    """What has to be known of S3 to tell."""

    def tags(self, bucket: str, *, account: str) -> Mapping[str, str] | None: ...  # None: not in this account


def refuse_stranger(ws: Workspace, tags: Mapping[str, str]) -> None:
    """Raises `NotOurs` for a bucket of our account, by these tags, that is not this workspace's."""
    name, project = named(ws.bucket), tags.get(PROJECT, "")
    if not project:
        raise NotOurs(Message("bucket {name} exists and was not made by this bot", name=name))
    if project != ws.project:
        raise NotOurs(Message("bucket {name} belongs to workspace {owner}", name=name, owner=named(project)))

"""Whose a thing is, where the bucket decides.

The bucket carries our mark as a tag. What can carry no mark follows it: this bot makes no login, and
nothing in AI Conductor, before it has made its own bucket. So where our account has a bucket of the derived
name that is not ours, whoever made that made those as well, by the same runbook, which gives them our
names, and a deletion leaves both. Where another account has the name our bucket is gone, and what followed
it is ours.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Protocol

from provisioner.message import Message, named
from provisioner.vendor_call import NotOurs
from provisioner.workspace import Workspace

PROJECT = "workspace-bot/project"
"""Our mark: a tag whose value is the project, written inside CreateBucket."""


class Tags(Protocol):
    """What has to be known of S3 to tell."""

    def tags(self, bucket: str) -> Mapping[str, str] | None:
        """None: our account has none of this name. To be asked only where there is something to be left with
        the bucket."""
        ...


def foreign_bucket(ws: Workspace, tags: Mapping[str, str] | None) -> NotOurs | None:
    """A bucket of our account, by these tags, that is not this workspace's. None: it is, or was not there, or
    had not to be looked at."""
    if tags is None:
        return None
    name, project = named(ws.bucket), tags.get(PROJECT, "")
    if not project:
        return NotOurs(Message("S3 bucket {name} already exists and wasn't created by this bot", name=name))
    if project != ws.project:
        return NotOurs(
            Message("S3 bucket {name} belongs to workspace {owner}", name=name, owner=named(project))
        )
    return None

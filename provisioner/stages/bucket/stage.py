"""The workspace's S3 bucket: private, encrypted, reached over TLS only; emptied and removed.

Ours or not: bucket names are global, so a name may be taken by another account; and a bucket of our account
is ours only by the tag `workspace-bot/project`, written inside CreateBucket. An untagged bucket is never
touched, in neither direction.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol

from provisioner.engine.stage import Change, Goal, Stage, StageContext, Verb, Wait
from provisioner.message import Json, Message, listed, named
from provisioner.ownership import PROJECT, foreign_bucket
from provisioner.vendor_call import NotOurs, Temporary
from provisioner.workspace import Workspace

CLUSTER = "workspace-bot/cluster"
"""The cluster is told, not compared: an upgrade of the platform gives it another name."""

PAGES_A_TURN = 20
"""Of at most 1,000 versions each; then the engine gets its turn back, to tell how far it is."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Contents:
    """What would be lost. Counted up to a limit; `more`: there is more than was counted."""

    objects: int = 0  # current ones
    versions: int = 0  # current and older
    markers: int = 0  # delete markers: no data
    size_bytes: int = 0  # of all versions
    uploads: int = 0  # multipart uploads that were never ended
    more: bool = False

    @property
    def data(self) -> bool:
        return self.versions > 0 or self.uploads > 0


@dataclass(frozen=True, slots=True, kw_only=True)
class BucketState:
    """A bucket that exists. `foreign`: of another account, and nothing else is known of it.

    How it is set up and what is in it are never both looked at.
    """

    foreign: bool = False
    tags: Mapping[str, str] = field(default_factory=dict)
    encrypted: bool = False
    public_blocked: bool = False  # all four switches
    policy: str = ""  # JSON text, empty without
    contents: Contents = Contents()


@dataclass(frozen=True, slots=True)
class Upload:
    key: str
    id: str


@dataclass(frozen=True, slots=True)
class ObjectVersion:
    """A version or a delete marker, which is no data."""

    key: str
    id: str
    marker: bool = False


class Buckets(Protocol):
    """What this stage needs of S3, of the buckets of one account."""

    def look(self, bucket: str, *, contents: bool) -> BucketState | None:
        """How it is set up, or what is in it; of a bucket without our mark only its tags."""
        ...

    def create(self, bucket: str, *, tags: Mapping[str, str]) -> None: ...  # in the client's region

    def block_public_access(self, bucket: str) -> None: ...

    def encrypt(self, bucket: str) -> None: ...  # SSE-S3

    def set_policy(self, bucket: str, policy: str) -> None: ...

    def uploads(self, bucket: str) -> Sequence[Upload]: ...  # the first page

    def abort(self, bucket: str, upload: Upload) -> None: ...

    def versions(self, bucket: str) -> Sequence[ObjectVersion]: ...  # the first page

    def delete_versions(self, bucket: str, versions: Sequence[ObjectVersion]) -> None: ...

    def delete(self, bucket: str) -> None: ...  # nothing when it is gone


class BucketStage(Stage[BucketState | None]):
    name = "bucket"
    title = Message("S3 bucket")

    def __init__(self, buckets: Buckets) -> None:
        self._buckets = buckets

    def observe(self, ws: Workspace, goal: Goal) -> BucketState | None:
        contents = goal is Goal.ABSENT
        return self._buckets.look(ws.bucket, contents=contents)

    def foreign(self, ws: Workspace, seen: BucketState | None, goal: Goal) -> NotOurs | None:
        if seen is not None and seen.foreign:
            return NotOurs(Message("S3 bucket {name} belongs to another AWS account", name=named(ws.bucket)))
        return foreign_bucket(ws, seen.tags if seen is not None else None)

    def plan(self, ws: Workspace, seen: BucketState | None, goal: Goal) -> tuple[Change, ...]:
        if goal is Goal.PRESENT:
            if seen is None:
                detail = Message("private, encrypted, TLS only")
                return (_change(ws, Verb.CREATE, detail),)
            if missing := _missing(ws, seen):
                return (_change(ws, Verb.UPDATE, Message("add {what}", what=listed(missing))),)
            return ()
        if seen is None:
            return ()
        return (_change(ws, Verb.DELETE, lost(seen.contents), destroys_data=seen.contents.data),)

    def ensure(self, ws: Workspace, seen: BucketState | None, ctx: StageContext) -> Wait | None:
        if seen is None:
            ctx.progress(Message("creating S3 bucket {name}", name=named(ws.bucket)))
            self._buckets.create(ws.bucket, tags={PROJECT: ws.project, CLUSTER: ws.platform.cluster})
            seen = BucketState()
        if not seen.public_blocked:
            ctx.progress(Message("blocking public access to S3 bucket {name}", name=named(ws.bucket)))
            self._buckets.block_public_access(ws.bucket)
        if not seen.encrypted:
            ctx.progress(Message("encrypting S3 bucket {name}", name=named(ws.bucket)))
            self._buckets.encrypt(ws.bucket)
        if not _tls_only(seen.policy, ws.bucket):
            policy = _with_tls_only(seen.policy, ws.bucket)
            ctx.progress(Message("allowing only TLS to S3 bucket {name}", name=named(ws.bucket)))
            self._buckets.set_policy(ws.bucket, policy)
        return None

    def remove(self, ws: Workspace, seen: BucketState | None, ctx: StageContext) -> Wait | None:
        if seen is None:
            return None
        data = seen.contents.data
        if not (self._abort_uploads(ws, ctx, data=data) and self._delete_versions(ws, ctx, data=data)):
            return Wait(1.0, Message("emptying S3 bucket {name}", name=named(ws.bucket)))
        ctx.progress(Message("deleting S3 bucket {name}", name=named(ws.bucket)))
        self._buckets.delete(ws.bucket)
        return None

    def _abort_uploads(self, ws: Workspace, ctx: StageContext, *, data: bool) -> bool:
        """Whether none is left; each page is the first one, as the ones before are gone.

        `data`: some was seen, so that to delete it is in the plan. Raises `Temporary` where it comes up now.
        """
        for _ in range(PAGES_A_TURN):
            page = self._buckets.uploads(ws.bucket)
            if not page:
                return True
            if not data:
                raise _written_to(ws)
            for upload in page:
                ctx.progress(Message("aborting an upload to S3 bucket {name}", name=named(ws.bucket)))
                self._buckets.abort(ws.bucket, upload)
        return False

    def _delete_versions(self, ws: Workspace, ctx: StageContext, *, data: bool) -> bool:
        """As `_abort_uploads`."""
        for _ in range(PAGES_A_TURN):
            page = self._buckets.versions(ws.bucket)
            if not page:
                return True
            if not data and not all(each.marker for each in page):
                raise _written_to(ws)
            deleting = Message(
                "deleting {n} version from S3 bucket {name}",
                plural="deleting {n} versions from S3 bucket {name}",
                n=len(page),
                name=named(ws.bucket),
            )
            ctx.progress(deleting)
            self._buckets.delete_versions(ws.bucket, page)
        return False


def _written_to(ws: Workspace) -> Temporary:
    """It is looked at again, and what is there now has to be covered by the plan."""
    return Temporary(
        Message("new data was written to S3 bucket {name} during the run", name=named(ws.bucket))
    )


def lost(contents: Contents) -> Message:
    """What goes with the bucket, in a line."""
    if not contents.data:
        return Message("empty")
    if not contents.uploads:
        return _objects(contents)
    uploads = Message("{n} unfinished upload", plural="{n} unfinished uploads", n=contents.uploads)
    if not contents.versions:
        return uploads
    return Message("{objects}, {uploads}", objects=_objects(contents), uploads=uploads)


def _objects(contents: Contents) -> Message:
    size = _size(contents.size_bytes)
    if contents.more:
        return Message(
            "more than {n} object, {size}",
            plural="more than {n} objects, {size}",
            n=contents.objects,
            size=size,
        )
    if contents.versions == contents.objects:
        return Message("{n} object, {size}", plural="{n} objects, {size}", n=contents.objects, size=size)
    return Message(
        "{n} object, {size} in {versions} versions",
        plural="{n} objects, {size} in {versions} versions",
        n=contents.objects,
        size=size,
        versions=contents.versions,
    )


def _size(size_bytes: int) -> str:
    value, unit = float(size_bytes), "B"
    for larger in ("KiB", "MiB", "GiB", "TiB"):
        if value < 1024:
            break
        value, unit = value / 1024, larger
    return f"{value:.0f} {unit}" if unit == "B" else f"{value:.1f} {unit}"


def _missing(ws: Workspace, seen: BucketState) -> tuple[Message, ...]:
    parts = (
        (Message("public access block"), seen.public_blocked),
        (Message("encryption"), seen.encrypted),
        (Message("TLS-only policy"), _tls_only(seen.policy, ws.bucket)),
    )
    return tuple(part for part, there in parts if not there)


def _statement(bucket: str) -> dict[str, Json]:
    arn = f"arn:aws:s3:::{bucket}"
    return {
        "Sid": "DenyInsecureTransport",
        "Effect": "Deny",
        "Principal": "*",
        "Action": "s3:*",
        "Resource": [arn, f"{arn}/*"],
        "Condition": {"Bool": {"aws:SecureTransport": "false"}},
    }


def _statements(policy: str) -> list[Any]:
    """The statements of a bucket policy; AWS allows one statement to stand without a list."""
    if not policy:
        return []
    found = json.loads(policy)["Statement"]
    return found if isinstance(found, list) else [found]


def _tls_only(policy: str, bucket: str) -> bool:
    """Found by what it does: its Sid may be another's, and so may its order."""
    wanted = _statement(bucket)
    keys = ("Effect", "Action", "Resource", "Condition")
    return any(
        isinstance(each, dict)
        and all(_plain(each.get(key)) == _plain(wanted[key]) for key in keys)
        and each.get("Principal") in ("*", {"AWS": "*"})
        for each in _statements(policy)
    )


def _plain(value: Any) -> Any:
    """One form for what AWS takes as one or as a list, in any order."""
    if isinstance(value, list):
        return sorted(value) if len(value) != 1 else value[0]
    if isinstance(value, dict):
        return {key: _plain(each) for key, each in value.items()}
    return str(value).lower() if isinstance(value, bool) else value


def _with_tls_only(policy: str, bucket: str) -> str:
    """The policy with our statement at its end; every other statement as it was."""
    document = json.loads(policy) if policy else {"Version": "2012-10-17"}
    document["Statement"] = [*_statements(policy), _statement(bucket)]
    return json.dumps(document)


def _change(ws: Workspace, verb: Verb, detail: Message, *, destroys_data: bool = False) -> Change:
    target = Message("S3 bucket {name}", name=named(ws.bucket))
    return Change(verb, target, detail, kind="s3-bucket", name=ws.bucket, destroys_data=destroys_data)

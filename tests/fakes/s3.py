"""Buckets in memory: one account, the others only as names that are taken."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

from provisioner.message import Message
from provisioner.ownership import PROJECT
from provisioner.stages.bucket.stage import BucketState, Contents, ObjectVersion, Upload
from provisioner.vendor_call import Cause, NotOurs, Permanent, Temporary


@dataclass(slots=True)
class FakeBucket:
    tags: dict[str, str] = field(default_factory=dict)
    encrypted: bool = False
    public_blocked: bool = False
    policy: str = ""
    versions: dict[ObjectVersion, int] = field(default_factory=dict)  # with their bytes
    markers: list[ObjectVersion] = field(default_factory=list)
    uploads: list[Upload] = field(default_factory=list)

    def put(self, key: str, size_bytes: int = 1) -> None:
        """A new version of an object, as if versioning were on."""
        self.versions[ObjectVersion(key, f"v{len(self.versions) + 1}")] = size_bytes


@dataclass(slots=True)
class FakeS3:
    page: int = 2
    buckets: dict[str, FakeBucket] = field(default_factory=dict)
    elsewhere: set[str] = field(default_factory=set)  # names another account has
    denied: str = ""  # an operation we have no right to

    def look(self, bucket: str, *, contents: bool) -> BucketState | None:
        if bucket in self.elsewhere:
            return BucketState(foreign=True)
        found = self.buckets.get(bucket)
        if found is None:
            return None
        if PROJECT not in found.tags:
            return BucketState(tags=found.tags)
        if not contents:
            return BucketState(
                tags=found.tags,
                encrypted=found.encrypted,
                public_blocked=found.public_blocked,
                policy=found.policy,
            )
        held = Contents(
            objects=len({version.key for version in found.versions}),
            versions=len(found.versions),
            markers=len(found.markers),
            size_bytes=sum(found.versions.values()),
            uploads=len(found.uploads),
        )
        return BucketState(tags=found.tags, contents=held)

    def tags(self, bucket: str) -> Mapping[str, str] | None:
        found = self.buckets.get(bucket)
        return found.tags if found else None

    def create(self, bucket: str, *, tags: Mapping[str, str]) -> None:
        self._allow("CreateBucket")
        if bucket in self.elsewhere:
            raise NotOurs(Message("S3 bucket {name} belongs to another AWS account", name=bucket))
        if bucket in self.buckets:
            raise Temporary(Message("cannot create S3 bucket {name}", name=bucket))
        self.buckets[bucket] = FakeBucket(tags=dict(tags))

    def block_public_access(self, bucket: str) -> None:
        self._of(bucket).public_blocked = True

    def encrypt(self, bucket: str) -> None:
        self._of(bucket).encrypted = True

    def set_policy(self, bucket: str, policy: str) -> None:
        self._of(bucket).policy = policy

    def uploads(self, bucket: str) -> Sequence[Upload]:
        return tuple(self._of(bucket).uploads[: self.page])

    def abort(self, bucket: str, upload: Upload) -> None:
        self._of(bucket).uploads.remove(upload)

    def versions(self, bucket: str) -> Sequence[ObjectVersion]:
        found = self._of(bucket)
        markers = (replace(each, marker=True) for each in found.markers)
        return (*found.versions, *markers)[: self.page]

    def delete_versions(self, bucket: str, versions: Sequence[ObjectVersion]) -> None:
        found = self._of(bucket)
        for version in versions:
            found.versions.pop(version, None)
            if version.marker:
                found.markers.remove(replace(version, marker=False))

    def delete(self, bucket: str) -> None:
        self._allow("DeleteBucket")
        found = self._of(bucket)
        if found.versions or found.markers:
            raise Temporary(Message("cannot delete S3 bucket {name}", name=bucket))
        del self.buckets[bucket]

    def _of(self, bucket: str) -> FakeBucket:
        return self.buckets[bucket]

    def _allow(self, operation: str) -> None:
        if self.denied == operation:
            cause = Cause(service="s3", operation=operation, code="AccessDenied", raw_text="Access Denied")
            raise Permanent(Message("cannot reach S3"), cause=cause)

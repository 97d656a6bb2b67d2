"""The workspace's bucket in one managed policy that all workspaces share: two ARNs, in one statement.

One class serves both policies. The policy is of our own account, by a name from the configuration, and an ARN
in it is ours by its derived name: unless our account has a bucket of that name which is not ours. Whoever
made that gave it this access, by the same runbook, so both are left. Where another account has the name the
ARN is ours, and has to go: it would grant our pods a stranger's bucket. All else that stands in the policy is
left as it is, and where it cannot be told what to edit, nothing is.

IAM has no compare-and-set. The lock keeps our own runs apart; against all others the policy is read again
right before the write, and looked through afterwards for a version that came in between. And IAM is slow to
show what was done: an edit of what it showed before our last write would undo that write, so for as long as
it is behind, the stage waits.
"""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Iterable, Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Protocol

from provisioner.engine.stage import Change, Goal, Stage, StageContext, Verb, Wait
from provisioner.message import Message, Ref, itemised, named
from provisioner.ownership import Tags, foreign_bucket
from provisioner.stages.access.document import SIZE_MOST, PolicyDocument, Unfit
from provisioner.vendor_call import NotOurs, Permanent, Temporary
from provisioner.workspace import Platform, Workspace

VERSIONS_MOST = 5
"""Of a managed policy: a quota that cannot be raised."""

_NEARLY_FULL = 0.8  # of `SIZE_MOST`: from here on the approver is told
_LOOK_AGAIN = 2.0  # seconds
_SHOWN_WITHIN = timedelta(minutes=1)  # what IAM does not show by then, somebody has taken back
_EDITS_AT_ONCE = 5  # lost races against editors that know no lock, before it is left for later


@dataclass(frozen=True, slots=True, kw_only=True)
class ManagedPolicy:
    """A policy with the version that is in force."""

    document: PolicyDocument
    version: str  # "v12"
    versions: tuple[str, ...]  # all there are, this one included

    @property
    def newest(self) -> str:
        """Not always the one in force: somebody may have gone back, or prepared something."""
        return max(self.versions, key=number)

    @property
    def spare(self) -> str | None:
        """The version that has to go before another can come: the oldest that is not in force."""
        if len(self.versions) < VERSIONS_MOST:
            return None
        return min((each for each in self.versions if each != self.version), key=number)


@dataclass(frozen=True, slots=True, kw_only=True)
class AccessSeen:
    """`bucket`: tags of the bucket of our account; looked at only where the policy names it."""

    policy: ManagedPolicy | None
    bucket: Mapping[str, str] | None = None


class Policies(Protocol):
    """What this stage needs of IAM."""

    def look(self, arn: str) -> ManagedPolicy | None: ...

    def version_in_force(self, arn: str) -> str: ...

    def document(self, arn: str, version: str) -> PolicyDocument: ...

    def add_version(self, arn: str, text: str) -> str: ...  # in force at once

    def drop_version(self, arn: str, version: str) -> None: ...  # nothing when it is gone


@dataclass(frozen=True, slots=True)
class LastWrite:
    version: str
    at: datetime


class LastWrites(Protocol):
    """Our last write to each policy, by ARN, known to all who may write next: IAM shows it seconds later."""

    def get(self, arn: str) -> LastWrite | None: ...

    def put(self, arn: str, write: LastWrite) -> None: ...


class BucketAccessStage(Stage[AccessSeen]):
    """One of the two policies; `_policy` says which."""

    by_name = True

    def __init__(self, policies: Policies, buckets: Tags, writes: LastWrites) -> None:
        self._policies = policies
        self._buckets = buckets
        self._writes = writes

    @abstractmethod
    def _policy(self, at: Platform) -> str: ...

    def observe(self, ws: Workspace, goal: Goal) -> AccessSeen:
        policy = self._policies.look(self._arn(ws))
        lists_it = policy is not None and any(policy.document.lists(arn) for arn in ws.bucket_arns)
        return AccessSeen(policy=policy, bucket=self._buckets.tags(ws.bucket) if lists_it else None)

    def foreign(self, ws: Workspace, seen: AccessSeen, goal: Goal) -> NotOurs | None:
        return foreign_bucket(ws, seen.bucket)

    def plan(self, ws: Workspace, seen: AccessSeen, goal: Goal) -> tuple[Change, ...]:
        policy = seen.policy
        if policy is None:
            if goal is Goal.PRESENT:
                raise self._missing(ws)
            return ()
        edited = self._edit(ws, policy.document, goal)
        if edited == policy.document:
            return ()
        if goal is Goal.ABSENT:
            return (self._change(ws, Verb.DELETE, _housekeeping(policy)),)
        half = any(policy.document.lists(arn) for arn in ws.bucket_arns)
        notes = (*_housekeeping(policy), *_fullness(edited))
        return (self._change(ws, Verb.UPDATE if half else Verb.CREATE, notes),)

    def ensure(self, ws: Workspace, seen: AccessSeen, ctx: StageContext) -> Wait | None:
        return self._write(ws, Goal.PRESENT, ctx) if self.plan(ws, seen, Goal.PRESENT) else None

    def remove(self, ws: Workspace, seen: AccessSeen, ctx: StageContext) -> Wait | None:
        return self._write(ws, Goal.ABSENT, ctx) if self.plan(ws, seen, Goal.ABSENT) else None

    def _change(self, ws: Workspace, verb: Verb, notes: Iterable[Message]) -> Change:
        policy = self._policy(ws.platform)
        target = Message(
            "S3 access to {bucket} in IAM policy {policy}", bucket=named(ws.bucket), policy=named(policy)
        )
        told = list(notes)
        detail = itemised(told) if told else None
        return Change(verb, target, detail, kind="iam-statement", name=ws.bucket, promise={"policy": policy})

    def _edit(self, ws: Workspace, document: PolicyDocument, goal: Goal) -> PolicyDocument:
        """The document as it should be. Raises `Permanent`."""
        try:
            if goal is Goal.ABSENT:
                return document.without_bucket(ws.bucket_arns)
            edited = document.with_bucket(ws.bucket_arns)
        except Unfit as error:
            what = Message("cannot edit IAM policy {name}: {why}", name=self._named(ws), why=error.what)
            raise Permanent(what, hint=error.hint) from error
        if edited != document and edited.size > SIZE_MOST:
            raise self._too_long(ws, edited.size - SIZE_MOST)
        return edited

    def _write(self, ws: Workspace, goal: Goal, ctx: StageContext) -> Wait | None:
        """The edit of the newest document, which may be another than the one that was planned on."""
        arn, dropped = self._arn(ws), False
        for _ in range(_EDITS_AT_ONCE):
            found = self._policies.look(arn)
            if found is None:
                return None  # gone meanwhile: the engine looks again, and `plan` says what that means
            if self._is_behind(arn, found, ctx.now):
                return self._not_yet(ws)
            edited = self._edit(ws, found.document, goal)
            if edited == found.document:
                return None
            for other in ctx.peers():
                with suppress(Permanent):  # theirs to be told, in their own turn
                    edited = self._edit(other, edited, goal)
            if found.spare and dropped:
                break  # somebody took the room: no second version is given for it
            if found.spare:
                self._drop(ws, found.spare, ctx)
                dropped = True
            ctx.progress(self._announced(ws, goal))
            if self._policies.version_in_force(arn) != found.version:
                continue
            made = self._policies.add_version(arn, edited.text)
            self._writes.put(arn, LastWrite(made, ctx.now))
            return self._look_after(ws, found, edited, made)
        raise Temporary(Message("cannot edit IAM policy {name}: it keeps changing", name=self._named(ws)))

    def _drop(self, ws: Workspace, version: str, ctx: StageContext) -> None:
        """Its text is journalled first: whoever wants it back finds it there."""
        arn, name = self._arn(ws), self._named(ws)
        document = self._policies.document(arn, version)
        ctx.record(
            Message(
                "version {version} of IAM policy {name} is deleted to make room for a new one",
                version=version,
                name=name,
            ),
            {"policy": arn, "version": version, "document": dict(document.content)},
        )
        ctx.progress(Message("deleting version {version} of IAM policy {name}", version=version, name=name))
        self._policies.drop_version(arn, version)

    def _look_after(
        self, ws: Workspace, before: ManagedPolicy, written: PolicyDocument, made: str
    ) -> Wait | None:
        """Whether IAM shows what was written, and whether that put somebody's edit out of force."""
        arn = self._arn(ws)
        after = self._policies.look(arn)
        if after is None or after.version != made:
            return self._not_yet(ws)
        for version in after.versions:
            if not number(before.newest) < number(version) < number(made):
                continue
            if self._policies.document(arn, version) not in (before.document, written):
                raise self._overtaken(ws, version, made)
        return None

    def _is_behind(self, arn: str, found: ManagedPolicy, now: datetime) -> bool:
        made = self._writes.get(arn)
        return (
            made is not None
            and now < made.at + _SHOWN_WITHIN
            and number(found.version) < number(made.version)
        )

    def _arn(self, ws: Workspace) -> str:
        return ws.platform.policy_arn(self._policy(ws.platform))

    def _named(self, ws: Workspace) -> Ref:
        return named(self._policy(ws.platform))

    def _announced(self, ws: Workspace, goal: Goal) -> Message:
        bucket, name = named(ws.bucket), self._named(ws)
        if goal is Goal.PRESENT:
            return Message("adding S3 bucket {bucket} to IAM policy {name}", bucket=bucket, name=name)
        return Message("removing S3 bucket {bucket} from IAM policy {name}", bucket=bucket, name=name)

    def _not_yet(self, ws: Workspace) -> Wait:
        return Wait(
            _LOOK_AGAIN,
            Message("waiting for IAM policy {name} to show its new version", name=self._named(ws)),
        )

    def _missing(self, ws: Workspace) -> Permanent:
        return Permanent(Message("IAM policy {name} doesn't exist", name=self._named(ws)))

    def _too_long(self, ws: Workspace, missing: int) -> Permanent:
        return Permanent(
            Message(
                "cannot add S3 bucket {bucket} to IAM policy {name}: {n} character over the size limit",
                plural="cannot add S3 bucket {bucket} to IAM policy {name}: {n} characters over the"
                " size limit",
                bucket=named(ws.bucket),
                name=self._named(ws),
                n=missing,
            )
        )

    def _overtaken(self, ws: Workspace, theirs: str, ours: str) -> Permanent:
        """To merge would be to guess: theirs may have been a draft that was never in force."""
        return Permanent(
            Message(
                "IAM policy {name} was changed by another person or tool: {theirs} came just before {ours}",
                name=self._named(ws),
                theirs=named(theirs),
                ours=named(ours),
            )
        )


class KubeflowAccessStage(BucketAccessStage):
    name = "s3-access-kubeflow"
    title = Message("Kubeflow S3 access")
    locks = ("policy/{at.kubeflow_policy}",)

    def _policy(self, at: Platform) -> str:
        return at.kubeflow_policy


class ConductorAccessStage(BucketAccessStage):
    name = "s3-access-aia"
    title = Message("AI Conductor S3 access")
    locks = ("policy/{at.aia_policy}",)

    def _policy(self, at: Platform) -> str:
        return at.aia_policy


def number(version: str) -> int:
    """Of a version's name, "v12": they go on counting, whatever is dropped."""
    return int(version.removeprefix("v").partition(".")[0])


def _housekeeping(seen: ManagedPolicy) -> Iterator[Message]:
    if seen.spare:
        yield Message("deletes version {version}, the oldest unused one", version=named(seen.spare))
    if seen.newest != seen.version:
        yield Message(
            "based on version {version}, which is in use, not on the newer {newest}",
            version=named(seen.version),
            newest=named(seen.newest),
        )


def _fullness(edited: PolicyDocument) -> Iterator[Message]:
    if edited.size >= _NEARLY_FULL * SIZE_MOST:
        yield Message(
            "the policy will be nearly full: {size} of {most} characters",
            size=f"{edited.size:,}",
            most=f"{SIZE_MOST:,}",
        )

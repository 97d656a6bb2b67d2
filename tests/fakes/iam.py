"""Managed policies in memory, by IAM's rules: versions that are counted on, five at most, one in force."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from copy import deepcopy
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from threading import RLock
from typing import Any, TypeVar

from provisioner.message import Json, Message
from provisioner.stages.access import document
from provisioner.stages.access.document import PolicyDocument
from provisioner.stages.access.stage import LastWrite, ManagedPolicy
from provisioner.vendor_call import Cause, Permanent, Temporary, WorkError
from tests.fakes.clock import FakeClock

T = TypeVar("T")

VERSIONS_MOST = 5
SIZE_MOST = 6144


class FakeWrites:
    """`LastWrites` of one process."""

    def __init__(self) -> None:
        self._writes: dict[str, LastWrite] = {}

    def get(self, arn: str) -> LastWrite | None:
        return self._writes.get(arn)

    def put(self, arn: str, write: LastWrite) -> None:
        self._writes[arn] = write


@dataclass(slots=True)
class FakePolicy:
    versions: dict[str, str] = field(default_factory=dict)  # their texts
    in_force: str = ""
    counted: int = 0

    def add(self, document: Json, *, in_force: bool = True) -> str:
        """A version, as if by somebody else; no rule is looked at."""
        self.counted += 1
        version = f"v{self.counted}"
        self.versions[version] = document if isinstance(document, str) else json.dumps(document)
        if in_force:
            self.in_force = version
        return version

    @property
    def document(self) -> dict[str, Any]:
        """What is in force."""
        found: dict[str, Any] = json.loads(self.versions[self.in_force])
        return found


@dataclass(slots=True)
class FakeIam:
    """`behind`: for how long reads show what was before a write. `meanwhile`: what others do after a look."""

    clock: FakeClock
    policies: dict[str, FakePolicy] = field(default_factory=dict)
    behind: timedelta = timedelta()
    meanwhile: list[Callable[[], object]] = field(default_factory=list)
    denied: str = ""  # an operation we have no right to
    _before: list[tuple[datetime, dict[str, FakePolicy]]] = field(default_factory=list)
    _lock: RLock = field(default_factory=RLock)  # IAM takes one write after the other

    def look(self, arn: str) -> ManagedPolicy | None:
        self._allow("GetPolicy")
        found = self._shown().get(arn)
        if found is None:
            return None
        looked = ManagedPolicy(
            document=document.read(found.versions[found.in_force]),
            version=found.in_force,
            versions=tuple(found.versions),
        )
        if self.meanwhile:
            self.meanwhile.pop(0)()
        return looked

    def version_in_force(self, arn: str) -> str:
        return _found(self._shown(), arn).in_force

    def document(self, arn: str, version: str) -> PolicyDocument:
        return document.read(_found(_found(self._shown(), arn).versions, version))

    def add_version(self, arn: str, text: str) -> str:
        self._allow("CreatePolicyVersion")
        policy = _found(self.policies, arn)
        if len(policy.versions) >= VERSIONS_MOST:
            words = (
                "A managed policy can have up to 5 versions. Before you create a new version, you must delete"
                " an existing version."
            )
            raise _refused(Temporary, "CreatePolicyVersion", "LimitExceeded", words)
        if len("".join(text.split())) > SIZE_MOST:
            words = f"Cannot exceed quota for PolicySize: {SIZE_MOST}"
            raise _refused(Permanent, "CreatePolicyVersion", "LimitExceeded", words)
        if not all(each.get("Resource", "*") for each in document.read(text).statements):
            words = "Syntax errors in policy."
            raise _refused(Permanent, "CreatePolicyVersion", "MalformedPolicyDocument", words)
        with self._lock:
            self._remember()
            return policy.add(text)

    def drop_version(self, arn: str, version: str) -> None:
        self._allow("DeletePolicyVersion")
        policy = _found(self.policies, arn)
        if version == policy.in_force:
            words = "Cannot delete the default version of a policy."
            raise _refused(Temporary, "DeletePolicyVersion", "DeleteConflict", words)
        with self._lock:
            self._remember()
            policy.versions.pop(version, None)

    def _remember(self) -> None:
        self._before.append((self.clock.now(), deepcopy(self.policies)))

    def _shown(self) -> dict[str, FakePolicy]:
        """As it was before the first write that does not show yet."""
        late = (was for at, was in self._before if self.clock.now() < at + self.behind)
        return next(late, self.policies)

    def _allow(self, operation: str) -> None:
        if self.denied == operation:
            words = f"User: bot is not authorized to perform: iam:{operation}"
            raise _refused(Permanent, operation, "AccessDenied", words)


def _found(there: Mapping[str, T], key: str) -> T:
    if key not in there:
        raise _refused(Temporary, "GetPolicy", "NoSuchEntity", f"{key} was not found.")
    return there[key]


def _refused(kind: type[WorkError], operation: str, code: str, words: str) -> WorkError:
    cause = Cause(service="iam", operation=operation, code=code, raw_text=words)
    return kind(Message("cannot edit the policy"), cause=cause)

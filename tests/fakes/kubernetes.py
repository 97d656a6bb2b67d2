"""Profiles and their namespaces in memory, with a controller that works when time passes."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace

from provisioner.message import Message
from provisioner.stages.profile.stage import CONTENTS, LABELS, NamespaceState, ProfileState
from provisioner.vendor_call import Cause, Temporary


@dataclass(slots=True)
class FakeProfiles:
    """`slow`: ticks the controller takes to fill a namespace. `stuck`: it never lets a Profile go.

    `watchable`: whether there is a right to watch.
    """

    slow: int = 1
    stuck: bool = False
    profiles: dict[str, ProfileState] = field(default_factory=dict)
    namespaces: dict[str, NamespaceState] = field(default_factory=dict)
    watchable: bool = True
    _waiting: dict[tuple[str, bool, Callable[[], None]], None] = field(default_factory=dict)

    def profile(self, name: str) -> ProfileState | None:
        return self.profiles.get(name)

    def namespace(self, name: str, *, contents: bool) -> NamespaceState | None:
        found = self.namespaces.get(name)
        return found if found is None or contents else replace(found, contents=frozenset())

    def when_made(self, name: str, then: Callable[[], None]) -> bool:
        return self._when(name, then, made=True)

    def when_gone(self, name: str, then: Callable[[], None]) -> bool:
        return self._when(name, then, made=False)

    def create_profile(self, name: str, *, owner: str, annotations: Mapping[str, str]) -> None:
        if name in self.profiles:
            cause = Cause(service="kubernetes", operation="create", code="409", raw_text="already exists")
            raise Temporary(Message("cannot create Profile"), cause=cause)
        self.profiles[name] = ProfileState(
            owner=owner,
            project=annotations.get("workspace-bot/project", ""),
        )

    def annotate_profile(self, name: str, annotations: Mapping[str, str]) -> None:
        self.profiles[name] = replace(
            self.profiles[name], project=annotations.get("workspace-bot/project", "")
        )

    def delete_profile(self, name: str) -> None:
        if name in self.profiles:
            self.profiles[name] = replace(self.profiles[name], deleting=True)

    def delete_namespace(self, name: str) -> None:
        if name in self.namespaces:
            self.namespaces[name] = replace(self.namespaces[name], terminating=True)

    def tick(self) -> None:
        """The controllers do what they would in a few seconds; the garbage collector is slower by one."""
        for name, namespace in list(self.namespaces.items()):
            if namespace.terminating:
                del self.namespaces[name]
            elif namespace.owned and name not in self.profiles:
                self.namespaces[name] = replace(namespace, terminating=True)
        for name, profile in list(self.profiles.items()):
            if not profile.deleting:
                self._fill(name, profile)
            elif not self.stuck:
                del self.profiles[name]
        for name, made, then in list(self._waiting):
            if self._as_wanted(name, made=made):
                del self._waiting[name, made, then]
                then()

    def _when(self, name: str, then: Callable[[], None], *, made: bool) -> bool:
        if self.watchable:
            self._waiting[name, made, then] = None
        return self.watchable

    def _as_wanted(self, name: str, *, made: bool) -> bool:
        if not made:
            return name not in self.namespaces
        profile = self.profiles.get(name)
        return profile is None or bool(profile.finalizers or profile.complaint)

    def _fill(self, name: str, profile: ProfileState) -> None:
        namespace = self.namespaces.get(name)
        if namespace is None:
            self.namespaces[name] = NamespaceState(owner=profile.owner, owned=True)
        elif namespace.owner == profile.owner and not namespace.terminating:
            there = len(namespace.contents) + -(-len(CONTENTS) // self.slow)
            self.namespaces[name] = replace(
                namespace,
                labels={**LABELS, **namespace.labels},
                contents=namespace.contents | frozenset(CONTENTS[:there]),
            )
            if there >= len(CONTENTS):
                self.profiles[name] = replace(profile, finalizers=("profile-finalizer",))

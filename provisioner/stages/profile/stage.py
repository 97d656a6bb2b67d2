"""The Kubeflow Profile and the namespace its controller makes for it.

Ours or not: our mark is the annotation `workspace-bot/project`, written in the creating call. A Profile
that was made by hand from the runbook has exactly our derived owner and no mark: on create it counts as
there (nothing is made twice), and the plan says that it will be marked as ours, so that a person approves
it; until then a delete refuses it. A namespace carries no mark of ours; it is ours through its Profile, and
after the Profile has gone through its annotation `owner`. Everything else is somebody else's.

Beside a Profile of ours there may be a namespace that somebody made first: on delete the Profile goes and the
namespace stays. One that would go with our Profile, and is annotated as another's, makes a delete fail.

What the controller makes was read in kubeflow/kubeflow 1.8, `profile_controller.go`. It refuses a namespace
of another owner without a word that can be relied on, so that case is found here, by the annotation.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Protocol

from provisioner.engine.stage import Change, Goal, Stage, StageContext, Verb, Wait, pause
from provisioner.message import Message, listed, literal, named
from provisioner.vendor_call import NotOurs, Permanent
from provisioner.workspace import Workspace

PROJECT = "workspace-bot/project"
"""Our mark: an annotation of the Profile whose value is the project."""

LABELS: Mapping[str, str] = {
    "istio-injection": "enabled",
    "app.kubernetes.io/part-of": "kubeflow-profile",
    "katib.kubeflow.org/metrics-collector-injection": "enabled",
    "pipelines.kubeflow.org/enabled": "true",
    "serving.kubeflow.org/inferenceservice": "enabled",
}

CONTENTS = (
    "ServiceAccount default-editor",
    "ServiceAccount default-viewer",
    "RoleBinding namespaceAdmin",
    "RoleBinding default-editor",
    "RoleBinding default-viewer",
    "AuthorizationPolicy ns-owner-access-istio",
)

_LOOK_AGAIN = 2.0  # seconds, at most; the controller was watched to need three to make, eight to remove


@dataclass(frozen=True, slots=True, kw_only=True)
class ProfileState:
    owner: str  # a user's name; "Group admins" when the owner is no user
    project: str = ""  # our mark, empty without
    deleting: bool = False
    finalizers: tuple[str, ...] = ()
    complaint: str = ""  # the controller's, from a Failed condition


@dataclass(frozen=True, slots=True, kw_only=True)
class NamespaceState:
    owner: str = ""  # the annotation, empty without
    terminating: bool = False
    owned: bool = False  # by its Profile, so that it goes with it
    labels: Mapping[str, str] = field(default_factory=dict)
    contents: frozenset[str] = frozenset()  # as in `CONTENTS`
    unreadable: frozenset[str] = frozenset()  # kinds we have no right to list or that are not installed
    stuck: str = ""  # why a terminating namespace stays, in the cluster's words


@dataclass(frozen=True, slots=True, kw_only=True)
class ProfileSeen:
    profile: ProfileState | None = None
    namespace: NamespaceState | None = None
    alone: bool = False  # there is a namespace, which is another's


class Profiles(Protocol):
    """What this stage needs of the cluster. A Profile and its namespace share one name."""

    def profile(self, name: str) -> ProfileState | None: ...

    def namespace(self, name: str, *, contents: bool) -> NamespaceState | None:
        """`contents`: what the controller makes in it is looked at, too."""
        ...

    def when_made(self, name: str, then: Callable[[], None]) -> bool:
        """Call `then` once the controller has made all it makes for a Profile. Whether that is watched."""
        ...

    def when_gone(self, name: str, then: Callable[[], None]) -> bool:
        """The same, once the namespace is gone."""
        ...

    def create_profile(self, name: str, *, owner: str, annotations: Mapping[str, str]) -> None: ...

    def annotate_profile(self, name: str, annotations: Mapping[str, str]) -> None: ...

    def delete_profile(self, name: str) -> None: ...  # nothing when it is gone

    def delete_namespace(self, name: str) -> None: ...  # nothing when it is gone


class ProfileStage(Stage[ProfileSeen]):
    name = "profile"
    title = Message("Kubeflow profile")

    def __init__(self, profiles: Profiles) -> None:
        self._profiles = profiles

    def observe(self, ws: Workspace, goal: Goal) -> ProfileSeen:
        contents = goal is Goal.PRESENT
        return ProfileSeen(
            profile=self._profiles.profile(ws.namespace),
            namespace=self._profiles.namespace(ws.namespace, contents=contents),
        )

    def foreign(self, ws: Workspace, seen: ProfileSeen, goal: Goal) -> NotOurs | None:
        """See the module's docstring."""
        return _foreign_profile(ws, seen.profile, goal) or _foreign_namespace(ws, seen, goal)

    def ours(self, ws: Workspace, seen: ProfileSeen) -> ProfileSeen | None:
        """Our Profile, where its namespace is another's and stays when the Profile goes.

        Raises `Permanent` where it would not stay.
        """
        profile, namespace = seen.profile, seen.namespace
        ours = profile is not None and profile.owner == ws.login_email and profile.project == ws.project
        if not ours or namespace is None or namespace.owner == ws.login_email:
            return None
        if namespace.owned:
            owner = named(namespace.owner or "–")
            raise Permanent(
                Message(
                    "namespace {name} is part of the bot's Kubeflow profile but belongs to {owner}",
                    name=named(ws.namespace),
                    owner=owner,
                )
            )
        return ProfileSeen(profile=profile, alone=True)

    def plan(self, ws: Workspace, seen: ProfileSeen, goal: Goal) -> tuple[Change, ...]:
        return _present(ws, seen) if goal is Goal.PRESENT else _absent(ws, seen)

    def ensure(self, ws: Workspace, seen: ProfileSeen, ctx: StageContext) -> Wait | None:
        if _leaving(seen):
            return self._until_gone(ws, seen, ctx)
        if seen.profile is None:
            ctx.progress(Message("creating Kubeflow profile {name}", name=named(ws.namespace)))
            self._profiles.create_profile(
                ws.namespace, owner=ws.login_email, annotations={PROJECT: ws.project}
            )
            return self._until_made(
                ws, ctx, Message("waiting for the Kubeflow profile controller to create the namespace")
            )
        if not seen.profile.project:
            ctx.progress(Message("marking Kubeflow profile {name} as the bot's", name=named(ws.namespace)))
            self._profiles.annotate_profile(ws.namespace, {PROJECT: ws.project})
        if missing := _missing(seen):
            reason = _lacks(missing, seen.profile.complaint)
            if seen.profile.finalizers:  # nothing more is announced
                return Wait(pause(ctx, _LOOK_AGAIN), reason)
            return self._until_made(ws, ctx, reason)
        return None

    def remove(self, ws: Workspace, seen: ProfileSeen, ctx: StageContext) -> Wait | None:
        if seen.profile is not None:
            if not seen.profile.deleting:
                ctx.progress(Message("deleting Kubeflow profile {name}", name=named(ws.namespace)))
                self._profiles.delete_profile(ws.namespace)
            return self._until_gone(ws, seen, ctx)
        if seen.namespace is None:
            return None
        if not seen.namespace.terminating and not seen.namespace.owned:
            ctx.progress(Message("deleting namespace {name}", name=named(ws.namespace)))
            self._profiles.delete_namespace(ws.namespace)
        return self._until_gone(ws, seen, ctx)

    def _until_made(self, ws: Workspace, ctx: StageContext, reason: Message) -> Wait:
        watched = self._profiles.when_made(ws.namespace, ctx.wake)
        return Wait(_LOOK_AGAIN if watched else pause(ctx, _LOOK_AGAIN), reason)

    def _until_gone(self, ws: Workspace, seen: ProfileSeen, ctx: StageContext) -> Wait:
        """The namespace goes last; where there is none, the Profile does not take long."""
        watched = seen.namespace is not None and self._profiles.when_gone(ws.namespace, ctx.wake)
        return Wait(_LOOK_AGAIN if watched else pause(ctx, _LOOK_AGAIN), _going(ws, seen))


def _foreign_profile(ws: Workspace, profile: ProfileState | None, goal: Goal) -> NotOurs | None:
    if profile is None:
        return None
    name = named(ws.namespace)
    if profile.owner != ws.login_email or profile.project not in ("", ws.project):
        what = Message("Kubeflow profile {name} belongs to {owner}", name=name, owner=named(profile.owner))
        return NotOurs(what)
    if goal is Goal.ABSENT and not profile.project and not profile.deleting:
        what = Message("Kubeflow profile {name} was created manually, not by this bot", name=name)
        return NotOurs(what)
    return None


def _foreign_namespace(ws: Workspace, seen: ProfileSeen, goal: Goal) -> NotOurs | None:
    profile, namespace, name = seen.profile, seen.namespace, named(ws.namespace)
    if namespace is None:
        return None
    if namespace.owner != ws.login_email:
        if namespace.owner:
            what = Message("namespace {name} belongs to {owner}", name=name, owner=named(namespace.owner))
        else:
            what = Message("namespace {name} already exists and wasn't created by this bot", name=name)
        return NotOurs(what)
    if profile is None and goal is Goal.PRESENT and not namespace.terminating and not namespace.owned:
        what = Message("namespace {name} already exists without a Kubeflow profile", name=name)
        return NotOurs(what)
    return None


def _present(ws: Workspace, seen: ProfileSeen) -> tuple[Change, ...]:
    if seen.profile is None or _leaving(seen):
        detail = Message("for {owner}, including its namespace", owner=named(ws.login_email))
        return (_profile(ws, Verb.CREATE, detail),)
    missing = _missing(seen)
    if not seen.profile.project:
        detail = Message("created manually, will be marked as the bot's")
        return (_profile(ws, Verb.UPDATE, detail),)
    if missing:
        return (_profile(ws, Verb.UPDATE, _lacks(missing)),)
    return ()


def _absent(ws: Workspace, seen: ProfileSeen) -> tuple[Change, ...]:
    """Whatever stands in a namespace goes with it, its volumes too: data."""
    if seen.alone:
        return (_profile(ws, Verb.DELETE, Message("without its namespace")),)
    changes: list[Change] = []
    namespace = seen.namespace
    if seen.profile is not None or (namespace is not None and namespace.owned):
        detail = Message("including its namespace and everything in it")
        changes.append(_profile(ws, Verb.DELETE, detail, destroys_data=True))
    if namespace is not None and not namespace.owned:
        detail = Message("not deleted together with its Kubeflow profile")
        target, name = Message("Namespace {name}", name=named(ws.namespace)), ws.namespace
        change = Change(Verb.DELETE, target, detail, kind="namespace", name=name, destroys_data=True)
        changes.append(change)
    return tuple(changes)


def _leaving(seen: ProfileSeen) -> bool:
    """The Profile, or the namespace it leaves behind, is on its way out."""
    if seen.profile is not None:
        return seen.profile.deleting
    return seen.namespace is not None


def _missing(seen: ProfileSeen) -> tuple[Message, ...]:
    """What the namespace lacks until work can be done in it."""
    namespace = seen.namespace
    if namespace is None or namespace.terminating:
        return (Message("namespace"),)
    labels = tuple(
        Message("label {key}", key=named(key))
        for key, value in LABELS.items()
        if namespace.labels.get(key) != value
    )
    contents = tuple(
        literal(each)
        for each in CONTENTS
        if each not in namespace.contents and each.split()[0] not in namespace.unreadable
    )
    return labels + contents


def _lacks(missing: Sequence[Message], complaint: str = "") -> Message:
    waits = Message("not created yet by the Kubeflow profile controller: {what}", what=listed(missing))
    return Message("{waits} ({complaint})", waits=waits, complaint=complaint) if complaint else waits


def _going(ws: Workspace, seen: ProfileSeen) -> Message:
    """What is on its way out, and what it waits for: a stuck finalizer is told, never forced."""
    name = named(ws.namespace)
    if seen.profile is not None:
        if seen.profile.deleting and seen.profile.finalizers:
            holds = ", ".join(seen.profile.finalizers)
            return Message(
                "Kubeflow profile {name} is being deleted, waiting for finalizer {holds}",
                name=name,
                holds=holds,
            )
        return Message("Kubeflow profile {name} is being deleted", name=name)
    if seen.namespace is not None and seen.namespace.stuck:
        return Message("namespace {name} is being deleted: {words}", name=name, words=seen.namespace.stuck)
    return Message("namespace {name} is being deleted", name=name)


def _profile(ws: Workspace, verb: Verb, detail: Message, *, destroys_data: bool = False) -> Change:
    target, name = Message("Kubeflow profile {name}", name=named(ws.namespace)), ws.namespace
    return Change(verb, target, detail, kind="kubeflow-profile", name=name, destroys_data=destroys_data)

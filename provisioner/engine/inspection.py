"""Looking without touching anything: at every stage of a workspace at once, and at the place it would be in.

The same look at the stages serves a preview (what would be done), the last look of a run (is it really so), a
plan that has to be approved anew, and the list of what exists when a run stops. The place is looked at before
anybody is asked: are we where we were told to be?
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from functools import partial
from typing import Any, Protocol

from provisioner.engine.run import Inventory
from provisioner.engine.stage import Change, Goal, Plan, Stage, StagePlan, Step
from provisioner.message import Message, named
from provisioner.vendor_call import (
    LOOK_WITHIN,
    NotOurs,
    OutOfTime,
    Permanent,
    Unanswered,
    WorkError,
    together,
)
from provisioner.workspace import Platform, Workspace

_PLACE_WITHIN = timedelta(seconds=10)
"""All checks of the place side by side; a person waits for them after the look at the stages."""


@dataclass(frozen=True, slots=True)
class StageInspection:
    """What one stage would do now, or why that cannot be told."""

    stage: str
    title: Message
    changes: tuple[Change, ...] = ()
    error: Exception | None = None  # then `changes` says nothing
    seen: Any = None  # what was looked at, without what is not ours
    not_owned: NotOurs | None = None  # for ABSENT: what is left because it is not ours
    by_name: bool = False  # as in `Stage`

    @property
    def plan(self) -> StagePlan:
        return StagePlan(
            self.stage, self.title, self.changes, self.not_owned.what if self.not_owned else None
        )


@dataclass(frozen=True, slots=True)
class Refused:
    """Why one stage could not be planned; without a stage, what is wrong with the place."""

    stage: str
    title: Message
    error: WorkError


@dataclass(frozen=True, slots=True)
class Preview:
    """Every stage as it was found, in the order it would run."""

    goal: Goal
    inspections: tuple[StageInspection, ...]

    @property
    def refusals(self) -> tuple[Refused, ...]:
        """All the reasons why it cannot be planned, at once."""
        return tuple(
            Refused(found.stage, found.title, found.error)
            for found in self.inspections
            if isinstance(found.error, WorkError)
        )

    @property
    def foreign(self) -> tuple[Refused, ...]:
        """What is not ours, where nothing else there carries our mark either; else nothing.

        Then it is somebody else's workspace, and what has its names may be theirs, too: no deletion of it may
        be asked for.
        """
        if any(found.changes and not found.by_name for found in self.inspections):
            return ()
        return tuple(
            Refused(found.stage, found.title, found.not_owned)
            for found in self.inspections
            if found.not_owned
        )

    @property
    def plan(self) -> Plan | None:
        """None when there are refusals."""
        if any(found.error for found in self.inspections):
            return None
        return Plan(self.goal, tuple(found.plan for found in self.inspections))


@dataclass(frozen=True, kw_only=True, eq=False)
class Inspector:
    """Looks at all stages, `at_once` of them side by side, from any number of threads. Only reads.

    A stage that is not done `within` this time is `Unanswered`, and not waited for. Raises `ValueError` for
    steps that cannot be put in order.
    """

    steps: Sequence[Step]
    at_once: int = 4
    within: timedelta = LOOK_WITHIN
    orders: Mapping[Goal, tuple[Step, ...]] = field(init=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "orders", {goal: in_order(self.steps, goal) for goal in Goal})

    def inspect(self, ws: Workspace, goal: Goal, order: Goal | None = None) -> tuple[StageInspection, ...]:
        """In the order in which they run for this goal or that of `order`."""
        steps = self.orders[order or goal]
        found = together(
            [partial(_find, ws, goal, step) for step in steps], within=self.within, at_once=self.at_once
        )
        return tuple(
            _unanswered(step, self.within) if isinstance(one, OutOfTime) else one
            for step, one in zip(steps, found, strict=True)
        )

    def preview(self, ws: Workspace, goal: Goal) -> Preview:
        """What would be done, or every reason why it cannot be.

        An error that is no `WorkError` is a bug of a stage and is raised.
        """
        inspections = self.inspect(ws, goal)
        for found in inspections:
            if found.error and not isinstance(found.error, WorkError):
                raise found.error
        return Preview(goal, inspections)

    def inventory(self, ws: Workspace) -> tuple[Inventory, ...]:
        """What exists now, in the order it was made."""
        return inventory(self.inspect(ws, Goal.ABSENT, order=Goal.PRESENT))


def in_order(steps: Sequence[Step], goal: Goal) -> tuple[Step, ...]:
    """The order they run in: prerequisites first, otherwise as listed, for ABSENT from the end.

    Raises `ValueError` for a name given twice, a prerequisite that is no stage, and a circle.
    """
    names = [step.stage.name for step in steps]
    if len(set(names)) < len(names):
        raise ValueError(f"two stages have one name: {sorted(names)}")
    left = list(steps if goal is Goal.PRESENT else reversed(steps))
    ordered: list[Step] = []
    done: set[str] = set()
    while left:
        step = next((step for step in left if done.issuperset(prerequisites(step, goal))), None)
        if step is None:
            stuck = {step.stage.name: prerequisites(step, goal) for step in left}
            raise ValueError(f"stages wait for what never comes: {stuck}")
        left.remove(step)
        ordered.append(step)
        done.add(step.stage.name)
    return tuple(ordered)


def prerequisites(step: Step, goal: Goal) -> tuple[str, ...]:
    return step.needs if goal is Goal.PRESENT else step.after


def unanswered(within: timedelta) -> Message:
    """After a title: of a stage, or of a system."""
    return Message("didn't answer within {seconds} s", seconds=round(within.total_seconds()))


def inventory(inspections: Sequence[StageInspection]) -> tuple[Inventory, ...]:
    """What exists, told from an inspection for ABSENT: what could be removed is there.

    What belongs to somebody else is left out.
    """
    told: list[Inventory] = []
    for found in inspections:
        if found.error:
            told.append(Inventory(found.stage, found.title, None))
        elif found.changes:
            targets = tuple(change.target for change in found.changes)
            states = {str(change.target): change.state for change in found.changes if change.state}
            told.append(Inventory(found.stage, found.title, targets, states))
    return tuple(told)


def inspect(stage: Stage[Any], ws: Workspace, goal: Goal) -> StageInspection:
    """Look at a stage, and plan it. The one place where it counts whose a thing is.

    What is not ours ends a create, as an error. A deletion leaves it, and is planned for what is ours beside
    it. Raises what the stage raises.
    """
    seen = stage.observe(ws, goal)
    not_owned = stage.foreign(ws, seen, goal)
    if not_owned and goal is Goal.PRESENT:
        raise not_owned
    if not_owned:
        seen = stage.ours(ws, seen)
    changes = () if not_owned and seen is None else stage.plan(ws, seen, goal)
    return StageInspection(
        stage.name, stage.title, changes, seen=seen, not_owned=not_owned, by_name=stage.by_name
    )


def _unanswered(step: Step, within: timedelta) -> StageInspection:
    error = Unanswered(unanswered(within))
    return StageInspection(step.stage.name, step.stage.title, error=error, by_name=step.stage.by_name)


def _find(ws: Workspace, goal: Goal, step: Step) -> StageInspection:
    stage = step.stage
    try:
        return inspect(stage, ws, goal)
    except Exception as error:  # noqa: BLE001 one stage's bug must not hide what the others found
        return StageInspection(stage.name, stage.title, error=error, by_name=stage.by_name)


@dataclass(frozen=True, slots=True, kw_only=True)
class ClusterFacts:
    status: str  # "ACTIVE"
    authority: str  # PEM of the authority that signs its API server's certificate


class Account(Protocol):
    """At AWS. Both raise `WorkError`."""

    def number(self) -> str: ...  # 12 digits

    def cluster(self, name: str) -> ClusterFacts | None: ...  # None: there is none of that name


class Kubernetes(Protocol):
    def authority(self) -> str: ...  # PEM that we trust; empty: none was configured


class Eksctl(Protocol):
    def check(self) -> None: ...  # Permanent when it cannot be run, or is too old


class Preflight:
    """Whether the place is the right one: a bucket is made wherever the credentials belong, and a Profile
    wherever the kubeconfig leads.
    """

    def __init__(
        self,
        *,
        account: Account,
        kubernetes: Kubernetes,
        eksctl: Eksctl,
        platform: Platform,
    ) -> None:
        self._account = account
        self._kubernetes = kubernetes
        self._eksctl = eksctl
        self._platform = platform

    def refusals(self) -> tuple[Refused, ...]:
        """Everything that is wrong, at once; in a few seconds, whatever hangs."""
        checks: tuple[tuple[Message, Callable[[], None]], ...] = (
            (Message("AWS account"), self._in_our_account),
            (Message("EKS cluster"), self._on_our_cluster),
            (Message("eksctl"), self._eksctl.check),
        )
        tried = together(
            [partial(_error_of, look) for _, look in checks], within=_PLACE_WITHIN, at_once=len(checks)
        )
        late = Unanswered(unanswered(_PLACE_WITHIN))
        errors = (late if isinstance(found, OutOfTime) else found for found in tried)
        return tuple(
            Refused("", title, error) for (title, _), error in zip(checks, errors, strict=True) if error
        )

    def _in_our_account(self) -> None:
        found, wanted = self._account.number(), self._platform.account
        if found != wanted:
            raise Permanent(
                Message(
                    "the bot's AWS credentials belong to account {found}, but its settings specify {wanted}",
                    found=named(found),
                    wanted=named(wanted),
                ),
                hint=Message(
                    "Ask the bot's operator to set credentials for the right account or correct"
                    " WORKSPACE_BOT_PLATFORM__ACCOUNT."
                ),
            )

    def _on_our_cluster(self) -> None:
        """The cluster that AWS has by that name is the one that the kubeconfig leads to.

        Compared by the authority: addresses differ from inside the cluster and from outside.
        """
        name = self._platform.cluster
        facts = self._account.cluster(name)
        if facts is None:
            raise Permanent(
                Message("EKS cluster {name} doesn't exist", name=named(name)),
                hint=Message(
                    "Ask the bot's operator to correct WORKSPACE_BOT_PLATFORM__CLUSTER. A platform upgrade"
                    " changes the cluster's name."
                ),
            )
        if facts.status != "ACTIVE":
            what = Message("EKS cluster {name} is {status}", name=named(name), status=named(facts.status))
            raise Permanent(what, hint=Message("Wait until it is ACTIVE, then submit the request again."))
        trusted = self._kubernetes.authority()
        if trusted and trusted.split() != facts.authority.split():
            raise Permanent(
                Message("the bot's kubeconfig points to a different cluster than {name}", name=named(name)),
                hint=Message(
                    "Ask the bot's operator to set WORKSPACE_BOT_KUBECONFIG_PATH to this cluster's"
                    " kubeconfig, or to correct WORKSPACE_BOT_PLATFORM__CLUSTER."
                ),
            )


def _error_of(look: Callable[[], None]) -> WorkError | None:
    try:
        look()
    except WorkError as error:
        return error
    return None

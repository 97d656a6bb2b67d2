"""Moves a run and writes it down, both in one transaction: what the journal says is what the run is."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any

from provisioner.engine.run import (
    Clock,
    Entry,
    EntryKind,
    Failure,
    Inventory,
    Ledger,
    RetryPolicy,
    Run,
    RunStatus,
    StageProgress,
    StageStatus,
)
from provisioner.engine.stage import Change, Goal, Plan, Step, Wait
from provisioner.message import Json, Message, itemised
from provisioner.vendor_call import Cause, NotOurs, Permanent, Temporary
from provisioner.workspace import Workspace


class RunRecorder:
    """Of one run, for one turn.

    `store_failed` is set while the store is spoken to, and stays set when that failed: the run in hand is
    then not the stored one, and nothing more may be concluded from it.
    """

    def __init__(
        self, run: Run, ledger: Ledger, clock: Clock, retry: RetryPolicy, redact: Callable[[str], str]
    ) -> None:
        self._run = run
        self._ledger = ledger
        self._clock = clock
        self._policy = retry
        self._redact = redact
        self._saved = False  # something was saved in this turn, so the run in hand is the stored one
        self.store_failed = False

    @property
    def now(self) -> datetime:
        return self._clock.now()

    def cancel_asked(self) -> bool:
        with self._storing():
            return self._ledger.cancel_requested(self._run.id)

    def start(self) -> None:
        self._run.to(RunStatus.RUNNING)
        self._run.started_at = self._run.started_at or self.now
        self._run.inventory = None  # what the attempt before saw is worked on now
        attempt = self._run.attempt
        message = Message("Run started") if attempt == 1 else Message("Run resumed")
        self._write(EntryKind.STARTED, message, data={"attempt": attempt})

    def look(self, step: Step) -> None:
        """A turn comes to it. What passed since the last one counts up to the longest pause that is usual:
        more is time in which nobody looked, or a clock that was set. Saved with what comes of the look."""
        before, now = self._progress(step), self.now
        since = before.looked_at or before.since or now
        passed = min(max(now - since, timedelta(0)), self._policy.longest) if before.counts else timedelta(0)
        self._set(step, spent=before.spent + passed, looked_at=now, counts=True)

    def intend(self, step: Step, changes: Sequence[Change]) -> None:
        """Before the first write of a turn; journalled once an attempt, not again after each wait.

        It saves at least once a turn even so: a run that somebody else has changed raises `Stale` here.
        """
        if self._run.status is not RunStatus.RUNNING:
            self._run.to(RunStatus.RUNNING)
        if self._progress(step).since is None:
            begun = StageProgress(status=StageStatus.ACTING, since=self.now, looked_at=self.now)
            kept = self._progress(step)
            self._run.stages[step.stage.name] = replace(begun, tries=kept.tries, sent_back=kept.sent_back)
            message = Message("{title}: in progress", title=step.stage.title)
            self._write(EntryKind.INTENDED, message, step, {"changes": [one.to_json() for one in changes]})
        elif not self._saved:
            self._save()

    def since(self, step: Step) -> datetime:
        """When this attempt first acted on it; set by `intend`."""
        return self._progress(step).since or self.now

    def taken(self, step: Step) -> float:
        """Seconds that this attempt has spent on it, until it was last looked at."""
        return self._progress(step).spent.total_seconds()

    def note(self, step: Step, message: Message, *, to_the_end: bool) -> None:
        """What the stage is doing, for the card; not journalled. Once `to_the_end`, it stays so."""
        before = self._progress(step)
        to_the_end = to_the_end or before.to_the_end
        self._set(step, status=StageStatus.ACTING, until=None, reason=message, to_the_end=to_the_end)
        if self._progress(step) != before:
            self._save()

    def record(self, step: Step, message: Message, data: Mapping[str, Json]) -> None:
        self._write(EntryKind.RECORDED, message, step, data)

    def wait(self, step: Step, wait: Wait, before: StageProgress) -> None:
        """`before`: how the stage stood when the turn came to it.

        The same wait again is not journalled, and saved with the end of the turn.
        """
        until = self.now + timedelta(seconds=wait.seconds)
        self._set(step, status=StageStatus.WAITING, until=until, reason=wait.reason, counts=wait.counts)
        if before.status is not StageStatus.WAITING or not _same(before.reason, wait):
            message = Message("{title}: {reason}", title=step.stage.title, reason=wait.reason)
            self._write(EntryKind.STAGE_WAITING, message, step)

    def late(self, step: Step, reason: Message) -> Permanent | None:
        """The error of a stage that was looked at long enough, and is not done for this reason."""
        progress, within = self._progress(step), self._policy.stage_within
        if progress.since is None or progress.spent < within:
            return None
        minutes = int(within.total_seconds() // 60)
        return Permanent(
            Message("timed out after {minutes} minutes: {reason}", minutes=minutes, reason=reason)
        )

    def retry(self, step: Step, error: Temporary) -> Wait | None:
        """Count the try. When to come back, or None: that was the last one.

        What is looked at for half an hour meets a few errors: one that comes right after a wait, so after an
        answer, is the first again.
        """
        before = self._progress(step)
        tries = 1 if before.status is StageStatus.WAITING else before.tries + 1
        self._set(step, tries=tries)
        if tries >= self._policy.tries:
            return None
        salt = f"{self._run.id}/{self._run.attempt}/{step.stage.name}"
        delay = self._policy.delay(tries, salt=salt)
        delay = max(delay, error.retry_after or delay)
        until = self.now + delay
        self._set(step, status=StageStatus.RETRYING, until=until, reason=error.what)
        message = Message(
            "{title}: {what}. Next retry {time} (attempt {next} of {most})",
            title=step.stage.title,
            what=error.what,
            time=until,
            next=tries + 1,
            most=self._policy.tries,
        )
        cause = self._clean(error.cause)
        self._write(EntryKind.STAGE_RETRYING, message, step, {"cause": cause.to_json() if cause else None})
        return Wait(delay.total_seconds(), error.what)

    def left_there(self, step: Step, not_owned: NotOurs | None) -> None:
        """What the last look found there that is not ours. Saved by `succeed`, or by the end of the turn."""
        self._set(step, not_owned=not_owned.what if not_owned else None)

    def reopen(self, step: Step) -> None:
        """A finished stage goes back to work: with an intent, a deadline and tries of its own, but for those
        that the last look had before. Saved by `retry`."""
        sent_back = self._progress(step).sent_back
        self._set(step, since=None, not_owned=None, tries=sent_back, sent_back=sent_back + 1)

    def done(self, step: Step, not_owned: NotOurs | None) -> None:
        """`not_owned`: what is there and not ours, of a deletion."""
        acted = self._progress(step).since is not None
        self._set(step, status=StageStatus.DONE, until=None, reason=None, tries=0, to_the_end=False)
        self.left_there(step, not_owned)
        message = (
            _left_there(step, not_owned, acted=acted) if not_owned else self._at_its_goal(step, acted=acted)
        )
        self._write(EntryKind.STAGE_DONE, message, step, {"acted": acted})

    def _at_its_goal(self, step: Step, *, acted: bool) -> Message:
        title = step.stage.title
        match self._run.goal, acted:
            case Goal.PRESENT, True:
                return Message("{title} is ready", title=title)
            case Goal.PRESENT, False:
                return Message("{title} already exists", title=title)
            case _, True:
                return Message("{title} deleted", title=title)
            case _:
                return Message("{title}: nothing to delete", title=title)

    def park(self, step: Step, plan: Plan, uncovered: Sequence[Change]) -> None:
        self._settle(RunStatus.PARKED)
        title = step.stage.title
        message = Message("{title} changed after approval; the updated plan needs approval", title=title)
        changes: list[Json] = [change.to_json() for change in uncovered]
        self._write(EntryKind.PARKED, message, step, {"plan": plan.to_json(), "uncovered": changes})

    def fail(self, step: Step, failure: Failure, inventory: tuple[Inventory, ...]) -> None:
        self._set(step, status=StageStatus.FAILED, until=None, reason=failure.what, to_the_end=False)
        self._settle(RunStatus.FAILED)
        failure = replace(failure, cause=self._clean(failure.cause))
        self._run.failure = failure
        message = Message("{title} failed: {what}", title=step.stage.title, what=failure.what)
        data: dict[str, Json] = {"failure": failure.to_json(), "standing": self._stopped(inventory)}
        self._write(EntryKind.FAILED, message, step, data)

    def cancel(self, inventory: tuple[Inventory, ...]) -> None:
        self._run.to(RunStatus.CANCELLED)
        self._run.ended_at = self.now
        data: dict[str, Json] = {"standing": self._stopped(inventory)}
        self._write(EntryKind.CANCELLED, Message("Run canceled"), data=data)

    def _stopped(self, inventory: tuple[Inventory, ...]) -> list[Json]:
        """The run has what exists now, for its card; the journal keeps it for the thread."""
        self._run.inventory = inventory
        return [one.to_json() for one in inventory]

    def succeed(self) -> None:
        self._settle(RunStatus.SUCCEEDED)
        self._run.ended_at = self.now
        self._write(EntryKind.SUCCEEDED, self._at_the_end())

    def _at_the_end(self) -> Message:
        if self._run.goal is Goal.PRESENT:
            return Message("All resources are ready")
        if not self._run.not_owned:
            return Message("All resources were deleted")
        listed = itemised(self._run.not_owned)
        return Message("All resources the bot owns were deleted. Left in place: {listed}", listed=listed)

    def rest(self) -> None:
        """The turn is over and there is more to do."""
        if self._run.status is RunStatus.RUNNING:
            self._run.to(RunStatus.WAITING)
            self._save()

    def _clean(self, cause: Cause | None) -> Cause | None:
        """What a vendor said may quote what it was sent."""
        return cause.redacted(self._redact) if cause else None

    def _settle(self, status: RunStatus) -> None:
        if self._run.status is RunStatus.WAITING:
            self._run.to(RunStatus.RUNNING)
        self._run.to(status)

    def _progress(self, step: Step) -> StageProgress:
        return self._run.progress(step.stage.name)

    def _set(self, step: Step, **changed: Any) -> None:
        self._run.stages[step.stage.name] = replace(self._progress(step), **changed)

    def _write(
        self,
        kind: EntryKind,
        message: Message,
        step: Step | None = None,
        data: Mapping[str, Json] | None = None,
    ) -> None:
        stage = step.stage.name if step else ""
        self._save(Entry(at=self.now, kind=kind, message=message, stage=stage, data=data or {}))

    def _save(self, *entries: Entry) -> None:
        with self._storing():
            self._ledger.write(self._run, *entries)
        self._saved = True

    @contextmanager
    def _storing(self) -> Iterator[None]:
        self.store_failed = True
        yield
        self.store_failed = False


@dataclass(frozen=True, slots=True, kw_only=True)
class TurnContext:
    """A stage's view of the turn: `StageContext`. `check`: whether its next write may be made."""

    recorder: RunRecorder
    step: Step
    check: Callable[[], None]
    peers: Callable[[], Sequence[Workspace]]
    usual: float | None
    wake: Callable[[], None]

    @property
    def now(self) -> datetime:
        return self.recorder.now

    @property
    def since(self) -> datetime:
        return self.recorder.since(self.step)

    @property
    def taken(self) -> float:
        return self.recorder.taken(self.step)

    def progress(self, message: Message, *, to_the_end: bool = False) -> None:
        self.check()
        self.recorder.note(self.step, message, to_the_end=to_the_end)

    def record(self, message: Message, data: Mapping[str, Json]) -> None:
        self.recorder.record(self.step, message, data)


def _same(reason: Message | None, wait: Wait) -> bool:
    """Whether it waits for the same as before. A step forward in line is nothing new."""
    if reason is None or wait.counts:
        return reason == wait.reason
    return reason.text == wait.reason.text


def _left_there(step: Step, not_owned: NotOurs, *, acted: bool) -> Message:
    title, what = step.stage.title, not_owned.what
    if acted:
        return Message("{title}: deleted what the bot owns; left in place: {what}", title=title, what=what)
    return Message("{title} left in place: {what}", title=title, what=what)

"""Why a run failed: in short on its card, and all of it in a dialog."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from bot.model.card import Bullets, Card, Facts, Paragraph, Part, Quote, Small
from bot.views.headline import failed_stage
from bot.views.phrases import inventory_items, name, noted, person, pointer, service_of
from bot.views.request_view import RelatedRequest, RenderContext, RequestView
from provisioner.diagnosis import Diagnosis, diagnose
from provisioner.engine.run import Entry, EntryKind, Failure, Run, RunStatus
from provisioner.engine.stage import Goal
from provisioner.message import Message

JOURNAL_SHOWN = 15
"""Lines of the journal in the dialog; all of them stand in the database."""


@dataclass(frozen=True, slots=True)
class Failed:
    """A failure with the run it belongs to. The run may have gone on since."""

    run: Run
    failure: Failure
    entries: Sequence[Entry]  # of the run, oldest first


def failure_parts(case: RequestView, run: Run, frame: RenderContext) -> Iterable[Part]:
    """What happened, what is there now, what can be done, and what happens if nobody does anything."""
    failure = run.failure
    if failure is None:
        return
    known = diagnose(failure.what, failure.cause)
    yield Paragraph(
        Message("What happened: {what}. {cause}", what=failure.what, cause=known.cause)
        if known
        else Message("What happened: {what}.", what=failure.what)
    )
    if case.inventory is not None:
        yield from there_now(case)
    if case.later is not None:
        yield Paragraph(_asked_to_delete(case.later, run))
        return
    nothing = case.inventory == ()
    ways = (*_tries(failure, known), *_ends(case, run, frame))
    yield Bullets(ways, Message("What can be done"))
    yield Paragraph(
        Message("If nobody does anything, nothing is tried again.")
        if nothing
        else Message(
            "If nobody does anything, nothing is tried again and nothing removed; what exists may cost money."
        )
    )


def there_now(case: RequestView) -> Iterable[Part]:
    """What existed when the run stopped; it was looked at then."""
    items = inventory_items(case.inventory or ())
    if items:
        yield Bullets(items, Message("There now"))
    else:
        yield Paragraph(Message("There now: nothing"))


def _asked_to_delete(later: RelatedRequest, run: Run) -> Message:
    if run.goal is Goal.ABSENT:
        return Message(
            "{who} asks anew for it to be deleted: {id}. Retry works again if that is not approved.",
            who=person(later.asked_by),
            id=pointer(later),
        )
    return Message(
        "{who} asks for it to be rolled back: {id}. Retry works again if that is not approved.",
        who=person(later.asked_by),
        id=pointer(later),
    )


def _tries(failure: Failure, known: Diagnosis | None) -> Iterable[Message]:
    if known is not None:
        yield known.remedy
    elif failure.hint is not None:
        yield failure.hint
    else:
        yield Message("I do not know this failure. Details has all that was said about it.")
    if known is not None and known.retryable:
        yield Message("Retry goes on where it stopped. It may work this time.")
    elif known is not None:
        yield Message("Retry goes on where it stopped. Without a change it fails again.")
    else:
        yield Message("Retry goes on where it stopped.")


def deleted_by_command(run: Run, frame: RenderContext) -> Message:
    """Of a workspace that was ready before the run."""
    return Message(
        "It was ready before, so no button here deletes it. To have all of it deleted, data included, type"
        " {command}.",
        command=name(f"{frame.command} delete {run.asked.project}"),
    )


def _ends(case: RequestView, run: Run, frame: RenderContext) -> Iterable[Message]:
    if case.inventory == ():
        yield Message("Cancel ends the work here.")
        return
    if case.was_ready and run.goal is Goal.PRESENT:
        yield deleted_by_command(run, frame)
    elif case.removable:
        yield Message("Roll back asks for an approval to delete what exists.")
    yield Message("Cancel ends the work here and keeps what exists.")


def details_card(case: RequestView, failed: Failed) -> Card:
    """All of it, for whoever looks closer; the vendor's words as they were said, secrets removed."""
    run, failure = failed.run, failed.failure
    project = name(case.project)
    title = (
        Message("Why deleting {project} failed", project=project)
        if run.goal is Goal.ABSENT
        else Message("Why creating {project} failed", project=project)
    )
    parts: list[Part] = [
        Paragraph(Message("{stage}: {what}.", stage=failed_stage(run, failure), what=failure.what)),
        *_over(run),
        *_vendor(failure),
        *_meaning(failure),
        *(there_now(case) if case.inventory is not None else ()),
        _journal(failed.entries),
        Small(
            Message(
                "{id} · attempt {n} · reference {reference}, also in the log",
                id=name(run.id),
                n=run.attempt,
                reference=name(failure.reference),
            )
        ),
    ]
    return Card(title, title, tuple(parts))


def _over(run: Run) -> Iterable[Part]:
    if run.status is RunStatus.CANCELLED:
        yield Paragraph(Message("The work was given up after that."))
    elif run.status is not RunStatus.FAILED:
        yield Paragraph(Message("The work was taken up again after that."))


def _vendor(failure: Failure) -> Iterable[Part]:
    cause = failure.cause
    if cause is None:
        yield Paragraph(Message("No other system said anything about it."))
        return
    told = (
        (Message("Operation"), cause.operation),
        (Message("Code"), cause.code),
        (Message("Request id"), cause.request_id),
    )
    pairs = tuple((label, Message("{name}", name=name(value))) for label, value in told if value)
    yield Facts(((Message("Service"), Message("{service}", service=service_of(cause))), *pairs))
    if cause.note is not None:
        yield Paragraph(noted(cause, cause.note))
    elif cause.words.strip():
        yield Paragraph(Message("{service} says, in its own words:", service=service_of(cause)))
        yield Quote(cause.words, code=True)


def _meaning(failure: Failure) -> Iterable[Part]:
    known = diagnose(failure.what, failure.cause)
    if known is not None:
        yield Paragraph(Message("Cause: {cause}", cause=known.cause))
        yield Paragraph(Message("What to do: {remedy}", remedy=known.remedy))
        yield Paragraph(
            Message("Trying again may help: it can go away by itself.")
            if known.retryable
            else Message("Trying again changes nothing before that is done.")
        )
        return
    if failure.hint is not None:
        yield Paragraph(Message("What to do: {remedy}", remedy=failure.hint))
        return
    yield Paragraph(Message("I do not know this failure, so I cannot say whether trying again may help."))


def _journal(entries: Sequence[Entry]) -> Part:
    last = entries[-JOURNAL_SHOWN:]
    lines = tuple(Message("{at} {what}", at=entry.at, what=entry.message) for entry in last)
    n = len(entries)
    title = (
        Message("The last {shown} of {n} steps", shown=len(last), n=n)
        if n > len(last)
        else Message("Step by step")
    )
    return Bullets(lines, title)


def failed_of(run: Run, entries: Sequence[Entry]) -> Failed | None:
    """The newest failure of a run; None when it never failed."""
    for entry in reversed(entries):
        found = entry.data.get("failure") if entry.kind is EntryKind.FAILED else None
        if isinstance(found, dict):
            return Failed(run, Failure.from_json(found), entries)
    return None

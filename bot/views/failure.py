"""Why a run failed: in short on its card, and all of it in a dialog."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from bot.model.card import Bullets, Card, Facts, Paragraph, Part, Quote, Small
from bot.model.request_view import RequestView
from bot.views.phrases import inventory_items, noted, pointer, service_of
from bot.views.render_context import RenderContext
from bot.views.state import failed_stage
from provisioner.diagnosis import Diagnosis, diagnose
from provisioner.engine.run import Entry, EntryKind, Failure, Run, RunStatus
from provisioner.engine.stage import Goal
from provisioner.message import Message, named, person

JOURNAL_SHOWN = 15
"""Lines of the journal in the dialog; all of them stand in the database."""


def failure_parts(case: RequestView, run: Run, frame: RenderContext) -> Iterable[Part]:
    """What happened, what exists now, what to do, and what happens if no one acts."""
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
    yield Bullets(ways, Message("What you can do"))
    yield Paragraph(
        Message("Nothing happens until someone acts.")
        if nothing
        else Message("Nothing happens until someone acts. Existing resources may incur cost.")
    )


def there_now(case: RequestView) -> Iterable[Part]:
    """What existed when the run stopped; it was looked at then."""
    items = inventory_items(case.inventory or ())
    if items:
        yield Bullets(items, Message("What exists now"))
    else:
        yield Paragraph(Message("What exists now: nothing"))


def _asked_to_delete(later: RequestView, run: Run) -> Message:
    said = Message("{who} requested a rollback: {id}. If it isn't approved, Retry becomes available again.")
    if run.goal is Goal.ABSENT:
        said = Message(
            "{who} requested deletion again: {id}. If it isn't approved, Retry becomes available again."
        )
    return said.given({"who": person(later.request.asked_by), "id": pointer(later)})


def _tries(failure: Failure, known: Diagnosis | None) -> Iterable[Message]:
    if known is not None:
        yield known.remedy
    elif failure.hint is not None:
        yield failure.hint
    else:
        yield Message("The cause is unknown. View details shows the full error.")
    if known is not None and known.retryable:
        yield Message("Retry resumes at the failed stage and may succeed this time.")
    elif known is not None:
        yield Message("Retry resumes at the failed stage. Retrying without a fix will fail again.")
    else:
        yield Message("Retry resumes at the failed stage.")


def deleted_by_command(run: Run, frame: RenderContext) -> Message:
    """Of a workspace that was ready before the run."""
    return Message(
        "This workspace was ready before this run, so no button here deletes it. To delete it and all its"
        " data, type {command}.",
        command=named(f"{frame.command} delete {run.asked.project}"),
    )


def _ends(case: RequestView, run: Run, frame: RenderContext) -> Iterable[Message]:
    if case.inventory == ():
        yield Message("Cancel ends the run.")
        return
    if case.was_ready and run.goal is Goal.PRESENT:
        yield deleted_by_command(run, frame)
    elif case.removable:
        yield Message("Roll back requests approval to delete the existing resources.")
    yield Message("Cancel ends the run and keeps existing resources.")


def details_card(case: RequestView, run: Run, failure: Failure, entries: Sequence[Entry]) -> Card:
    """The full failure; the vendor's own words, secrets removed. The run may have gone on since.

    `entries` are all of the run, oldest first.
    """
    project = named(case.project)
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
        _journal(entries),
        Small(
            Message(
                "{id} · attempt {n} · reference {reference} (also in the log)",
                id=named(run.id),
                n=run.attempt,
                reference=named(failure.reference),
            )
        ),
    ]
    return Card(title, title, tuple(parts))


def _over(run: Run) -> Iterable[Part]:
    if run.status is RunStatus.CANCELLED:
        yield Paragraph(Message("The run was canceled after this failure."))
    elif run.status is not RunStatus.FAILED:
        yield Paragraph(Message("The run was retried after this failure."))


def _vendor(failure: Failure) -> Iterable[Part]:
    cause = failure.cause
    if cause is None:
        yield Paragraph(Message("No other system reported an error."))
        return
    told = (
        (Message("Operation"), cause.operation),
        (Message("Code"), cause.code),
        (Message("Request ID"), cause.request_id),
    )
    pairs = tuple((label, Message("{name}", name=named(value))) for label, value in told if value)
    yield Facts(((Message("Service"), Message("{service}", service=service_of(cause))), *pairs))
    if cause.note is not None:
        yield Paragraph(noted(cause, cause.note))
    elif cause.raw_text.strip():
        yield Paragraph(Message("{service} responded:", service=service_of(cause)))
        yield Quote(cause.raw_text, code=True)


def _meaning(failure: Failure) -> Iterable[Part]:
    known = diagnose(failure.what, failure.cause)
    if known is not None:
        yield Paragraph(Message("Cause: {cause}", cause=known.cause))
        yield Paragraph(Message("What to do: {remedy}", remedy=known.remedy))
        yield Paragraph(
            Message("A retry may help: this can resolve on its own.")
            if known.retryable
            else Message("Until then, a retry will fail again.")
        )
        return
    if failure.hint is not None:
        yield Paragraph(Message("What to do: {remedy}", remedy=failure.hint))
        return
    yield Paragraph(Message("The cause is unknown, so a retry may or may not help."))


def _journal(entries: Sequence[Entry]) -> Part:
    last = entries[-JOURNAL_SHOWN:]
    lines = tuple(Message("{at} {what}", at=entry.at, what=entry.message) for entry in last)
    n = len(entries)
    title = (
        Message("Run log: last {shown} of {n} entries", shown=len(last), n=n)
        if n > len(last)
        else Message("Run log")
    )
    return Bullets(lines, title)


def newest_failure(entries: Sequence[Entry]) -> Failure | None:
    """Of a run, by its journal; None when it never failed."""
    for entry in reversed(entries):
        found = entry.data.get("failure") if entry.kind is EntryKind.FAILED else None
        if isinstance(found, dict):
            return Failure.from_json(found)
    return None

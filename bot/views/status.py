"""Answers to questions: how is alpha, what is there, what is mine; and why a request could not be made."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

from approvals.model import Request, RequestStatus
from bot.model.card import Bullets, Buttons, Card, Line, Lines, Mark, Paragraph, Part, Small
from bot.model.request_view import ACTIONS, ProjectSummary, RequestView
from bot.model.submission import Submission, SubmissionKind
from bot.views.phrases import deciders, pointer, queued, unknown_here
from bot.views.run import as_gone, stage_lines
from bot.views.state import NEW_FORM, filled_form, mark, state
from provisioner.engine.stage import Goal
from provisioner.message import Message, Record, Ref, named, person

HOME_ROWS = 30
"""Of each list on App Home, which has a hundred blocks for all of them."""


@dataclass(frozen=True, slots=True)
class Finding(Record):
    """What a live look saw of one stage; `differs` says what is not as it should be, or not ours."""

    title: Message
    mark: Mark
    differs: tuple[Message, ...] = ()


def status_card(known: ProjectSummary, unknown: Message | None = None) -> Card:
    """From what is stored; `unknown` says that there is nothing. `live` looks are `looked_card`."""
    project = named(known.project)
    run, current = known.run, known.current
    if current is None:
        text = unknown or unknown_here(known.project, "")
        return Card(text, text, (Paragraph(text), Buttons((NEW_FORM,))))
    headline = Message("{project}: {state}", project=project, state=state(known))
    parts: list[Part] = [Paragraph(headline)]
    if run is not None and run.deleted and run.not_owned:
        looked = Message("Left in place: resources the bot doesn't own")
        parts.append(Bullets(run.not_owned, looked))
    elif known.gone:
        parts.append(Paragraph(Message("Verified: nothing of this workspace remains in any system.")))
    elif run is not None:
        if current.place:
            parts.append(Paragraph(queued(current.place)))
        parts.append(stage_lines(run))
    elif known.pending is None and current.goal is Goal.PRESENT:
        parts.append(Paragraph(Message("Nothing was created.")))
    parts.append(Small(_who(current)))
    if known.pending is not None and known.pending.id != current.id:
        parts.append(Small(_who(known.pending)))
    if known.unapproved is not None:
        parts.append(Small(_came_to_nothing(known.unapproved)))
    return Card(headline, headline, tuple(parts))


def _came_to_nothing(request: Request) -> Message:
    asked = Message("{id}", id=named(request.id))
    if request.subject.action == ACTIONS[Goal.ABSENT]:
        asked = Message("Deletion request {id}", id=named(request.id))
    match request.status:
        case RequestStatus.REJECTED:
            by = person(request.decisions[-1].actor)
            return Message("{asked} was rejected by {by}. Nothing changed.", asked=asked, by=by)
        case RequestStatus.EXPIRED:
            return Message("{asked} expired. Nothing changed.", asked=asked)
        case _:
            return Message("{asked} was withdrawn. Nothing changed.", asked=asked)


def _who(view: RequestView) -> Message:
    said = Message("requested by {who}", who=person(view.request.asked_by))
    if view.approved:
        said = Message("{said} · approved by {by}", said=said, by=deciders(view.request))
    return Message("{id} · {said}", id=pointer(view), said=said)


def looked_card(project: str, findings: Sequence[Finding], goal: Goal) -> Card:
    """What the systems say right now of what was last to be done: to be there, or to be gone."""
    unread = sum(finding.mark is Mark.UNKNOWN for finding in findings)
    bad = sum(finding.mark is Mark.FAILED for finding in findings)
    text = _looked(named(project), bad, goal, all_read=not unread)
    if unread:
        text = Message(
            "{looked} {n} stage couldn't be read.",
            plural="{looked} {n} stages couldn't be read.",
            looked=text,
            n=unread,
        )
    lines = tuple(_look_line(finding, goal) for finding in findings)
    parts: list[Part] = [Paragraph(text), Lines(lines)]
    if differs := _found(finding for finding in findings if finding.mark is not Mark.KEPT):
        parts.append(Bullets(differs, Message("Differences")))
    if kept := _found(finding for finding in findings if finding.mark is Mark.KEPT):
        parts.append(Bullets(kept, Message("Left in place: resources the bot doesn't own")))
    return Card(text, text, tuple(parts))


def _found(findings: Iterable[Finding]) -> tuple[Message, ...]:
    return tuple(what for finding in findings for what in finding.differs)


def _look_line(finding: Finding, goal: Goal) -> Line:
    line = Line(finding.mark, finding.title)
    if finding.mark is Mark.FAILED:  # nothing was tried
        return replace(line, state=Message("still exists") if goal is Goal.ABSENT else Message("differs"))
    if goal is Goal.ABSENT:
        return as_gone(line)
    return replace(line, state=Message("as planned")) if finding.mark is Mark.DONE else line


def _looked(project: Ref, bad: int, goal: Goal, *, all_read: bool) -> Message:
    if not bad and not all_read:
        return Message("No problems found in {project} so far (checked just now).", project=project)
    if goal is Goal.ABSENT:
        if not bad:
            return Message("{project} is deleted (checked just now).", project=project)
        return Message(
            "{project} isn't fully deleted: {n} stage still has resources (checked just now).",
            plural="{project} isn't fully deleted: {n} stages still have resources (checked just now).",
            project=project,
            n=bad,
        )
    if not bad:
        return Message("{project} matches its plan (checked just now).", project=project)
    return Message(
        "{n} stage of {project} differs from the plan (checked just now).",
        plural="{n} stages of {project} differ from the plan (checked just now).",
        project=project,
        n=bad,
    )


def unseen_card(project: str, reasons: Sequence[Message]) -> Card:
    """For the person whose live check failed."""
    text = Message("{project} couldn't be checked.", project=named(project))
    return Card(text, text, (Paragraph(text), Bullets(tuple(reasons))))


@dataclass(frozen=True, slots=True)
class Page:
    """Which part of a long list is shown; `command` asks for it, with a number behind it."""

    number: int
    pages: int
    all: int
    command: str


def list_card(known: Sequence[ProjectSummary], page: Page, *, deleted: bool) -> Card:
    """Those of which something exists, or that are asked for; `status` still tells of the others.

    `deleted`: there are none, and there were.
    """
    if not known:
        text = (
            Message("No workspaces. Earlier ones were deleted.") if deleted else Message("No workspaces yet.")
        )
        return Card(text, text, (Paragraph(text), Buttons((NEW_FORM,))))
    text = Message("{n} workspace", plural="{n} workspaces", n=page.all)
    parts: list[Part] = [Lines(tuple(_row(one) for one in known), text)]
    if page.pages > 1:
        parts.append(Small(_other_pages(page)))
    return Card(text, text, tuple(parts))


def _other_pages(page: Page) -> Message:
    here = Message("Page {n} of {pages}", n=page.number, pages=page.pages)
    if page.number < page.pages:
        command = named(f"{page.command} {page.number + 1}")
        return Message("{here} · next: {command}", here=here, command=command)
    return Message("{here} · first: {command}", here=here, command=named(page.command))


def _row(known: ProjectSummary) -> Line:
    return _line(known, _who(known.current) if known.current is not None else None)


def _own_row(known: ProjectSummary) -> Line:
    """For the requester, who knows that."""
    return _line(known, Message("{id}", id=pointer(known.current)) if known.current else None)


def _line(known: ProjectSummary, note: Message | None) -> Line:
    return Line(mark(known), Message("{project}", project=named(known.project)), note, state(known))


def home_card(
    waiting: Sequence[ProjectSummary], mine: Sequence[ProjectSummary], running: Sequence[ProjectSummary]
) -> Card:
    """App Home: what waits for me, my own requests, and what runs now."""
    title = Message("Workspaces")
    parts: list[Part] = [Buttons((NEW_FORM,))]
    if waiting:
        parts += _rows(waiting, Message("Needs your attention"))
    mine_title, running_title = Message("My requests"), Message("In progress")
    if mine:
        parts.append(Lines(tuple(map(_own_row, mine)), mine_title))
    else:
        parts.append(Bullets((Message("You haven't requested a workspace yet."),), mine_title))
    if running:
        parts += _rows(running, running_title)
    else:
        parts.append(Bullets((Message("No workspaces are being created or deleted."),), running_title))
    return Card(title, title, tuple(parts))


def _rows(all_known: Sequence[ProjectSummary], heading: Message) -> Iterable[Part]:
    yield Lines(tuple(_row(known) for known in all_known[:HOME_ROWS]), heading)
    if (more := len(all_known) - HOME_ROWS) > 0:
        yield Small(Message("and {n} more", n=more))


def refused_card(submission: Submission, reasons: Sequence[Message], command: str) -> Card:
    """For the requester: every reason at once, and the way to request again; with the form as filled in."""
    project = str(submission.spec["project"])
    if submission.kind is SubmissionKind.DELETE:
        text = Message("Your request to delete {project} couldn't be submitted.", project=named(project))
        again = Message(
            "To request again: {command} · all workspaces: {list}",
            command=named(f"{command} delete {project}"),
            list=named(f"{command} list"),
        )
        return Card(text, text, (Paragraph(text), Bullets(tuple(reasons)), Small(again)))
    text = Message("Your request for {project} couldn't be submitted.", project=named(project))
    return Card(
        text, text, (Paragraph(text), Bullets(tuple(reasons)), Buttons((filled_form(submission.key),)))
    )

"""Answers to questions: how is alpha, what is there, what is mine; and why a request could not be made."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from approvals.model import Request, RequestStatus
from bot.model.card import Bullets, Buttons, Card, Line, Lines, Mark, Paragraph, Part, Small
from bot.model.proposal import ACTIONS
from bot.model.submission import Submission, SubmissionKind
from bot.views.buttons import NEW_FORM, filled_form
from bot.views.phrases import deciders, name, person, unknown_here
from bot.views.project_summary import ProjectSummary, mark, shown, state
from bot.views.run import as_gone, stage_lines
from provisioner.engine.stage import Goal
from provisioner.message import Json, Message, Ref


@dataclass(frozen=True, slots=True)
class Finding:
    """What a live look saw of one stage; `differs` says what is not as it should be, or not ours."""

    title: Message
    mark: Mark
    differs: tuple[Message, ...] = ()

    def to_json(self) -> dict[str, Json]:
        return {
            "title": self.title.to_json(),
            "mark": self.mark.value,
            "differs": [what.to_json() for what in self.differs],
        }

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> Finding:
        differs = tuple(Message.from_json(what) for what in data["differs"])
        return cls(Message.from_json(data["title"]), Mark(data["mark"]), differs)


def status_card(known: ProjectSummary, unknown: Message | None = None) -> Card:
    """From what is stored; `unknown` says that there is nothing. `live` looks are `looked_card`."""
    project = name(known.project)
    if known.request is None:
        text = unknown or unknown_here(known.project, "")
        return Card(text, text, (Paragraph(text), Buttons((NEW_FORM,))))
    headline = Message("{project}: {state}", project=project, state=state(known))
    parts: list[Part] = [Paragraph(headline)]
    if known.deleted and known.run is not None and known.run.not_owned:
        looked = Message("Left in place: resources the bot doesn't own")
        parts.append(Bullets(known.run.not_owned, looked))
    elif known.gone:
        parts.append(Paragraph(Message("Verified: nothing of this workspace remains in any system.")))
    elif known.run is not None:
        parts.append(stage_lines(known.run))
    elif known.pending is None and known.request.subject.action == ACTIONS[Goal.PRESENT]:
        parts.append(Paragraph(Message("Nothing was created.")))
    parts.append(Small(_who(known.request, known.link)))
    if known.pending is not None and known.pending.id != known.request.id:
        parts.append(Small(_who(known.pending, known.pending_link)))
    if known.unapproved is not None:
        parts.append(Small(_came_to_nothing(known.unapproved)))
    return Card(headline, headline, tuple(parts))


def _came_to_nothing(request: Request) -> Message:
    asked = Message("{id}", id=name(request.id))
    if request.subject.action == ACTIONS[Goal.ABSENT]:
        asked = Message("Deletion request {id}", id=name(request.id))
    match request.status:
        case RequestStatus.REJECTED:
            by = person(request.decisions[-1].actor)
            return Message("{asked} was rejected by {by}. Nothing changed.", asked=asked, by=by)
        case RequestStatus.EXPIRED:
            return Message("{asked} expired. Nothing changed.", asked=asked)
        case _:
            return Message("{asked} was withdrawn. Nothing changed.", asked=asked)


def _who(request: Request, link: str) -> Message:
    said = Message("requested by {who}", who=person(request.asked_by))
    if request.status is RequestStatus.APPROVED:
        said = Message("{said} · approved by {by}", said=said, by=deciders(request))
    return Message("{id} · {said}", id=shown(request, link), said=said)


def looked_card(project: str, findings: Sequence[Finding], goal: Goal) -> Card:
    """What the systems say right now of what was last to be done: to be there, or to be gone."""
    unread = sum(finding.mark is Mark.UNKNOWN for finding in findings)
    bad = sum(finding.mark is Mark.FAILED for finding in findings)
    text = _looked(name(project), bad, goal, all_read=not unread)
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
    text = Message("{project} couldn't be checked.", project=name(project))
    return Card(text, text, (Paragraph(text), Bullets(tuple(reasons))))


def list_card(all_known: Sequence[ProjectSummary]) -> Card:
    """Those of which nothing is there are left out; `status` still tells of them."""
    there = [known for known in all_known if not known.gone]
    if not there:
        text = (
            Message("No workspaces. Earlier ones were deleted.")
            if any(known.deleted for known in all_known)
            else Message("No workspaces yet.")
        )
        return Card(text, text, (Paragraph(text), Buttons((NEW_FORM,))))
    n = len(there)
    text = Message("{n} workspace", plural="{n} workspaces", n=n)
    return Card(text, text, (Lines(tuple(_row(known) for known in there), text),))


def _row(known: ProjectSummary) -> Line:
    who = _who(known.request, known.link) if known.request is not None else None
    return _line(known, who)


def _own_row(known: ProjectSummary) -> Line:
    """For the requester, who knows that."""
    return _line(known, Message("{id}", id=shown(known.request, known.link)) if known.request else None)


def _line(known: ProjectSummary, note: Message | None) -> Line:
    return Line(mark(known), Message("{project}", project=name(known.project)), note, state(known))


def home_card(
    waiting: Sequence[ProjectSummary], mine: Sequence[ProjectSummary], running: Sequence[ProjectSummary]
) -> Card:
    """App Home: what waits for me, my own requests, and what runs now."""
    title = Message("Workspaces")
    parts: list[Part] = [Buttons((NEW_FORM,))]
    if waiting:
        parts.append(Lines(tuple(_row(known) for known in waiting), Message("Needs your attention")))
    for heading, rows, none in (
        (
            Message("My requests"),
            tuple(map(_own_row, mine)),
            Message("You haven't requested a workspace yet."),
        ),
        (
            Message("In progress"),
            tuple(map(_row, running)),
            Message("No workspaces are being created or deleted."),
        ),
    ):
        parts.append(Lines(rows, heading) if rows else Bullets((none,), heading))
    return Card(title, title, tuple(parts))


def refused_card(submission: Submission, reasons: Sequence[Message], command: str) -> Card:
    """For the requester: every reason at once, and the way to request again; with the form as filled in."""
    project = str(submission.spec["project"])
    if submission.kind is SubmissionKind.DELETE:
        text = Message("Your request to delete {project} couldn't be submitted.", project=name(project))
        again = Message(
            "To request again: {command} · all workspaces: {list}",
            command=name(f"{command} delete {project}"),
            list=name(f"{command} list"),
        )
        return Card(text, text, (Paragraph(text), Bullets(tuple(reasons)), Small(again)))
    text = Message("Your request for {project} couldn't be submitted.", project=name(project))
    return Card(
        text, text, (Paragraph(text), Bullets(tuple(reasons)), Buttons((filled_form(submission.key),)))
    )

"""Answers to questions: how is alpha, what is there, what is mine; and why a request could not be made."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from approvals.model import Request, RequestStatus
from bot.card import (
    Action,
    Bullets,
    Button,
    Buttons,
    Card,
    Line,
    Lines,
    Mark,
    Paragraph,
    Part,
    Small,
    Style,
)
from bot.views.run import stage_line
from bot.views.words import deciders, name, person
from provisioner.message import Json, Message, Ref, RefKind
from provisioner.run import Run, RunStatus
from provisioner.workspace import WorkspaceSpec


@dataclass(frozen=True, slots=True, kw_only=True)
class Known:
    """All that is stored about one project: its newest request, its newest run, and where their card is."""

    project: str
    request: Request | None = None
    run: Run | None = None
    link: str = ""


@dataclass(frozen=True, slots=True)
class Finding:
    """What a live look saw of one stage; `differs` says what is not as it should be."""

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


def status_card(known: Known) -> Card:
    """From what is stored. `live` looks are `looked_card`."""
    project = name(known.project)
    if known.request is None:
        text = Message("There is no workspace {project} and nobody has asked for one.", project=project)
        return Card(text, text, (Paragraph(text), Buttons((_form_button(""),))))
    said = _state(known)
    headline = Message("{project}: {state}", project=project, state=said)
    parts: list[Part] = [Paragraph(headline)]
    if known.run is not None:
        run = known.run
        parts.append(Lines(tuple(stage_line(stage, run.progress(stage.stage)) for stage in run.plan.stages)))
    parts.append(Small(_who(known.request, known.link)))
    return Card(headline, headline, tuple(parts))


def _state(known: Known) -> Message:
    if known.run is not None and (known.request is None or known.request.status is not RequestStatus.PENDING):
        return _run_state(known.run)
    if known.request is None:
        return Message("nothing known")
    match known.request.status:
        case RequestStatus.PENDING:
            return Message("waiting for approval until {until}", until=known.request.open_until)
        case RequestStatus.APPROVED:
            return Message("approved")
        case RequestStatus.REJECTED:
            return Message("the request was rejected")
        case RequestStatus.EXPIRED:
            return Message("the request expired")
        case RequestStatus.WITHDRAWN:
            return Message("the request was withdrawn")


def _run_state(run: Run) -> Message:
    match run.status:
        case RunStatus.QUEUED:
            return Message("approved, about to start")
        case RunStatus.RUNNING | RunStatus.WAITING:
            return Message("being made")
        case RunStatus.PARKED:
            return Message("stopped until the new plan is approved")
        case RunStatus.FAILED:
            return Message("failed; what exists stays")
        case RunStatus.CANCELLED:
            return Message("cancelled; what exists stays")
        case RunStatus.SUCCEEDED:
            return Message("ready")


def _who(request: Request, link: str) -> Message:
    said = Message("asked by {who}", who=person(request.asked_by))
    if request.status is RequestStatus.APPROVED:
        said = Message("{said} · approved by {by}", said=said, by=deciders(request))
    shown = Ref(RefKind.LINK, link, request.id) if link else name(request.id)
    return Message("{id} · {said}", id=shown, said=said)


def looked_card(project: str, findings: Sequence[Finding]) -> Card:
    """What the systems say right now."""
    bad = sum(finding.mark is not Mark.DONE for finding in findings)
    shown = name(project)
    text = (
        Message("I looked at {project} just now: everything is as it should be.", project=shown)
        if not bad
        else Message(
            "I looked at {project} just now: {n} stage is not as it should be.",
            plural="I looked at {project} just now: {n} stages are not as they should be.",
            project=shown,
            n=bad,
        )
    )
    lines = tuple(Line(finding.mark, finding.title) for finding in findings)
    differs = tuple(
        Message("{title}: {what}", title=finding.title, what=what)
        for finding in findings
        for what in finding.differs
    )
    parts: list[Part] = [Paragraph(text), Lines(lines)]
    if differs:
        parts.append(Bullets(differs, Message("What differs")))
    return Card(text, text, tuple(parts))


def unseen_card(project: str, reasons: Sequence[Message]) -> Card:
    """To whoever asked for a live look that could not be had."""
    text = Message("I could not look at {project}.", project=name(project))
    return Card(text, text, (Paragraph(text), Bullets(tuple(reasons))))


def list_card(all_known: Sequence[Known]) -> Card:
    if not all_known:
        text = Message("There are no workspaces yet, and nobody has asked for one.")
        return Card(text, text, (Paragraph(text), Buttons((_form_button(""),))))
    n = len(all_known)
    text = Message("{n} workspace", plural="{n} workspaces", n=n)
    return Card(text, text, (Lines(tuple(_row(known) for known in all_known), text),))


def _row(known: Known) -> Line:
    title = Message("{project}", project=name(known.project))
    if known.request is None:
        return Line(_mark(known), title, _state(known))
    return Line(
        _mark(known),
        title,
        Message("{state} · {who}", state=_state(known), who=_who(known.request, known.link)),
    )


def _mark(known: Known) -> Mark:
    if known.request is not None and known.request.status is RequestStatus.PENDING:
        return Mark.WAITING
    if known.run is None:
        return Mark.NEXT
    return {
        RunStatus.QUEUED: Mark.NEXT,
        RunStatus.RUNNING: Mark.NOW,
        RunStatus.WAITING: Mark.NOW,
        RunStatus.PARKED: Mark.WAITING,
        RunStatus.FAILED: Mark.FAILED,
        RunStatus.CANCELLED: Mark.UNKNOWN,
        RunStatus.SUCCEEDED: Mark.DONE,
    }[known.run.status]


def home_card(mine: Sequence[Known], running: Sequence[Known]) -> Card:
    """App Home: my own requests and what runs now."""
    title = Message("Workspaces")
    parts: list[Part] = [Buttons((_form_button(""),))]
    for heading, rows, none in (
        (Message("My requests"), mine, Message("You have not asked for a workspace yet.")),
        (Message("Running now"), running, Message("Nothing is being made right now.")),
    ):
        parts.append(
            Lines(tuple(_row(known) for known in rows), heading) if rows else Bullets((none,), heading)
        )
    return Card(title, title, tuple(parts))


def refused_card(asked: WorkspaceSpec, reasons: Sequence[Message], ask_key: str) -> Card:
    """To the asker alone: every reason at once, and the form again as it was filled in."""
    text = Message(
        "Nothing was asked for: {project} cannot be made as it stands.", project=name(asked.project)
    )
    return Card(text, text, (Paragraph(text), Bullets(tuple(reasons)), Buttons((_form_button(ask_key),))))


def _form_button(ask_key: str) -> Button:
    label = Message("Open the form again") if ask_key else Message("New workspace…")
    return Button(Action.OPEN_FORM, label, ask_key or "new", Style.PRIMARY)

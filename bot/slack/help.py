"""What the bot says about itself: help, and what was wrong with a command."""

from __future__ import annotations

from collections.abc import Sequence
from functools import reduce

from bot.model.card import Action, Bullets, Button, Buttons, Card, Paragraph, Part, Quote, Style
from bot.slack.commands import Usage, shown
from bot.views.state import NEW_FORM, filled_form
from provisioner.message import Message, literal

_ABOUT = Message(
    "I create and delete workspaces: a Kubeflow namespace with its own login, S3 bucket and nodes. Each"
    " request needs someone else's approval."
)


def help_card(command: str) -> Card:
    title = Message("What I can do")
    text = Message(
        "{about} Type {create}, {status}, {list}, {delete} or {help}.",
        about=_ABOUT,
        create=shown(f"{command} create"),
        status=shown(f"{command} status"),
        list=shown(f"{command} list"),
        delete=shown(f"{command} delete"),
        help=shown(f"{command} help"),
    )
    lines = (
        Message("{line}: open the request form", line=shown(f"{command} create")),
        Message(
            "{line}: open the request form, filled in",
            line=shown(f"{command} create alpha spec=standard desired=1 max=3"),
        ),
        Message("{line}: show the last known status", line=shown(f"{command} status alpha")),
        Message(
            "{line}: check all systems now and show the status", line=shown(f"{command} status alpha live")
        ),
        Message("{line}: list all workspaces and their requesters", line=shown(f"{command} list")),
        Message(
            "{line}: request deletion (approvers see what will be deleted)",
            line=shown(f"{command} delete alpha"),
        ),
    )
    threads = Message(
        "Slash commands don't work in threads. Mention me there with {status} or {help}, or choose"
        " Workspace actions from a message's menu.",
        status=shown("status"),
        help=shown("help"),
    )
    parts = (Paragraph(_ABOUT), Bullets(lines), Paragraph(threads), Buttons((NEW_FORM,)))
    return Card(title, text, parts)


def usage_card(usage: Usage, command: str, draft_id: str, *, typed: str) -> Card:
    """All that is wrong at once, a line to copy, and the form with what could be read.

    `typed`: the full line, unchanged.
    """
    n = len(usage.problems)
    title = Message("Command not run")
    text = Message("The command wasn't run. {problems}", problems=_joined(usage.problems))
    parts: list[Part] = [
        Paragraph(
            Message(
                "One problem in {typed}",
                plural="{n} problems in {typed}",
                n=n,
                typed=shown(typed),
            )
        ),
        Bullets(usage.problems),
    ]
    if usage.line:
        parts += [Paragraph(Message("Corrected command:")), Quote(f"{command} {usage.line}", code=True)]
    help_button = Button(Action.HELP, Message("Help"), "help")
    form = (filled_form(draft_id),) if usage.form else ()
    parts.append(Buttons((*form, help_button)))
    return Card(title, text, tuple(parts))


def works_here_card(about: str | None) -> Card:
    """For a person who mentioned the bot with an unknown command."""
    status, live, helped = shown("status"), shown("status live"), shown("help")
    if about:
        here = Message(
            "This thread is about {project}. Available here: {status}, {live}, {delete} and {help}.",
            project=shown(about),
            status=status,
            live=live,
            delete=shown("delete"),
            help=helped,
        )
    else:
        here = Message("Available here: {status} and {help}.", status=shown("status alpha"), help=helped)
    return Card(here, here, (Paragraph(here), Buttons((Button(Action.HELP, Message("Help"), "help"),))))


def which_card(word: str) -> Card:
    """Status, or a deletion, was asked for where nothing says of what. `word`: as it is to be typed there."""
    text = Message("Which workspace? Add its name, for example {example}.", example=shown(f"{word} alpha"))
    return Card(text, text)


def _joined(messages: Sequence[Message]) -> Message:
    return reduce(lambda said, more: Message("{said} {more}", said=said, more=more), messages)


def delete_card(project: str) -> Card:
    """The form for a deletion was asked for without the means to open one."""
    text = Message(
        "Use the button below to request deletion of {project}. Nothing is deleted without approval.",
        project=shown(project),
    )
    label = Message("Delete {project}…", project=literal(project))
    button = Button(Action.OPEN_DELETE, Message("Delete…"), project, Style.DANGER, spoken=label)
    return Card(text, text, (Paragraph(text), Buttons((button,))))


def form_card(draft_id: str) -> Card:
    """Where a form was asked for without the means to open one."""
    text = Message("Open the form to continue. Your input is already filled in.")
    return Card(text, text, (Paragraph(text), Buttons((filled_form(draft_id),))))

"""Asking for a deletion: the form opens, wants the name typed, and is kept before it is acknowledged."""

from __future__ import annotations

import unicodedata

from bot.model.card import Card
from bot.model.submission import SubmissionKind
from bot.slack.commands import INVISIBLE, shown
from bot.slack.context import Incoming, Reply, SlackContext
from bot.slack.forms import delete_form, errors, typed
from provisioner.engine.stage import Goal
from provisioner.message import Message

_AROUND = " \t\n\"'`“”„‟«»‘’‚‛.,"
"""What keyboards, phones and copied code spans put around a name."""


def open_delete(context: SlackContext, incoming: Incoming, project: str) -> None:
    """Or say at once why it cannot be asked for now. What is not known here may exist all the same."""
    taken = context.service.obstacle(project, Goal.ABSENT)
    if taken is not None:
        context.tell(incoming, Card(taken, taken))
        return
    origin = context.origin(incoming, project=project)
    view = delete_form(context.texts.for_locale(origin.locale), origin, context.service.unknown(project))
    context.open_form(incoming, view)


def open_asked(context: SlackContext, incoming: Incoming) -> None:
    """A button that offers the form; its value is the project."""
    open_delete(context, incoming, incoming.value)


def submit(context: SlackContext, incoming: Incoming) -> Reply | None:
    """Before the acknowledgement: the submission is stored, or what is wrong is said. Asks Slack nothing."""
    origin = incoming.origin
    words = context.texts.for_locale(origin.locale)
    filled = typed(incoming.view)
    if bare(filled.get("confirm", "")) != origin.project:
        said = Message(
            "The name doesn't match. Type {project} to confirm, or close this form.",
            project=shown(origin.project),
        )
        return errors({"confirm": words.plain(said)})
    taken = context.service.obstacle(origin.project, Goal.ABSENT)
    if taken is not None:
        return errors({"confirm": words.plain(taken)})
    spec = {"project": origin.project, "why": filled.get("why", "").strip()}
    return context.submit_form(incoming, SubmissionKind.DELETE, spec, "confirm")


def after_submit(context: SlackContext, incoming: Incoming) -> None:
    """After the acknowledgement; should this get lost, the submission is answered all the same."""
    text = Message(
        "Checking {project} in all systems… If the check passes, your deletion request appears in the"
        " requests channel.",
        project=shown(incoming.origin.project),
    )
    context.whisper(incoming, Card(text, text))


def bare(name: str) -> str:
    """A name as it was meant: in lowercase, without surrounding or invisible characters."""
    return INVISIBLE.sub("", unicodedata.normalize("NFKC", name)).strip(_AROUND).lower()

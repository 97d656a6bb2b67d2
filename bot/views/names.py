"""The names a project will get, before anything is asked."""

from __future__ import annotations

from bot.model.card import Card, Facts
from provisioner.message import Message, named
from provisioner.workspace import Workspace


def names_card(workspace: Workspace) -> Card:
    text = Message("Resource names for {project}", project=named(workspace.project))
    pairs = tuple((title, Message("{name}", name=named(derived))) for title, derived in workspace.names())
    return Card(text, text, (Facts(pairs),))

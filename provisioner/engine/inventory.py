"""What exists of a workspace, as it was seen when its run stopped; kept with the run."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from provisioner.message import Json, Message, stored


@dataclass(frozen=True, slots=True)
class Inventory:
    """What exists of one stage's work; `targets` is None when it could not be read.

    `states` has those of the targets that are not simply there, by their text in English.
    """

    stage: str
    title: Message
    targets: tuple[Message, ...] | None
    states: Mapping[str, Message] = field(default_factory=dict)

    def to_json(self) -> dict[str, Json]:
        return {
            "stage": self.stage,
            "title": self.title.to_json(),
            "targets": None if self.targets is None else [target.to_json() for target in self.targets],
            "states": {target: state.to_json() for target, state in self.states.items()},
        }

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> Inventory:
        targets = data["targets"]
        if targets is not None:
            targets = tuple(stored(target) for target in targets)
        title = Message.from_json(data["title"])
        states = {target: Message.from_json(state) for target, state in data.get("states", {}).items()}
        return cls(data["stage"], title, targets, states)

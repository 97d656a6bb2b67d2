"""What a turn lets a stage do while it acts."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from provisioner.engine.recorder import RunRecorder
from provisioner.engine.stage import Step
from provisioner.message import Json, Message
from provisioner.workspace import Workspace


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

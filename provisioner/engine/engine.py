"""What all runs of a process share: the stages, the ports, the doorbell and the line."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

from provisioner.engine.inspection import Inspector
from provisioner.engine.line import Line
from provisioner.engine.run import Clock, Doorbell, Ledger, Locks, RetryPolicy
from provisioner.engine.stage import Goal
from provisioner.workspace import Platform, Workspace


@dataclass(frozen=True, kw_only=True, eq=False)
class Engine:
    """What every turn needs; one serves any number of runs from any number of threads.

    `redact` takes secrets out of vendors' words. `retried` is called when a run begins another attempt, so
    when a person wants it tried again; `halted` to end what was started for a workspace and not awaited: when
    its run is cancelled, and when a deletion fails or is parked.
    """

    inspector: Inspector
    platform: Platform
    ledger: Ledger
    locks: Locks
    clock: Clock
    retry: RetryPolicy
    new_reference: Callable[[], str]
    redact: Callable[[str], str]
    retried: Callable[[], None] | None = None
    halted: Callable[[Workspace], None] = lambda _: None
    doorbell: Doorbell = field(default_factory=Doorbell)
    line: Line = field(init=False, default_factory=Line)
    usual: dict[tuple[str, Goal], float] = field(init=False, default_factory=dict)
    """Seconds that a stage took the last time."""

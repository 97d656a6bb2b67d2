"""Who may ask for what, and whose yes it needs: rules as data, one for each action.

    [actions."workspace.create"]
    ask = ["workspace-users", "workspace-admins"]    # groups, any of them
    approve = ["workspace-admins"]                   # groups, any of them
    needed = 1                                       # how many different people
    open_for = "24h"                                 # 30m, 24h, 7d; seconds (30s) for trying out
    needed_if = { destroys_data = 2 }                # more, where a fact is true

An action without a rule is for nobody. Nobody approves for themselves: there is no rule for that.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Annotated

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, StrictInt, StrictStr
from pydantic_core import PydanticCustomError

from approvals.errors import NotAllowed
from approvals.model import Actor, Gate, Subject

_UNITS = {"s": "seconds", "m": "minutes", "h": "hours", "d": "days"}
_LONGEST = timedelta(days=90)


def _duration(text: object) -> timedelta:
    match = re.fullmatch(r"([1-9]\d{0,4})([smhd])", text) if isinstance(text, str) else None
    length = timedelta(**{_UNITS[match[2]]: int(match[1])}) if match else timedelta()
    if not timedelta() < length <= _LONGEST:
        raise PydanticCustomError("duration", 'should be a text like "30m", "24h" or "7d", at most 90 days')
    return length


Group = Annotated[StrictStr, Field(pattern=r"^[^@\s]\S*$")]
People = Annotated[StrictInt, Field(ge=1)]


class _Table(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class Rule(_Table):
    """What one action demands."""

    ask: tuple[Group, ...] = Field(min_length=1)
    approve: tuple[Group, ...] = Field(min_length=1)
    needed: People = 1
    open_for: Annotated[timedelta, BeforeValidator(_duration)]
    needed_if: Mapping[str, People] = {}

    def gate(self, subject: Subject) -> Gate:
        raised = [needed for fact, needed in self.needed_if.items() if subject.facts.get(fact) is True]
        return Gate(needed=max([self.needed, *raised]), approvers=self.approve, open_for=self.open_for)


class _File(_Table):
    actions: Mapping[str, Rule] = Field(min_length=1)


@dataclass(frozen=True, slots=True)
class Policy:
    rules: Mapping[str, Rule]  # by action

    @classmethod
    def from_toml(cls, text: str) -> Policy:
        """Raises tomllib's `TOMLDecodeError`, or pydantic's `ValidationError` with every fault there is."""
        return cls(_File.model_validate(tomllib.loads(text)).actions)

    def gate_for(self, subject: Subject, asker: Actor) -> Gate:
        """What it takes, for somebody who may ask; `NotAllowed` for everybody else."""
        rule = self.rules.get(subject.action)
        if rule is None:
            raise NotAllowed(subject.action, ())
        if asker.groups.isdisjoint(rule.ask):
            raise NotAllowed(subject.action, rule.ask)
        return rule.gate(subject)

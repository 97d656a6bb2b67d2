"""What a failure means and what to do about it, as far as it is known; the unknown is said to be unknown.

The knowledge is data: `failures/*.toml`, one file a system, one entry a failure:

    id         stable name
    services   whose words they are: Cause.service, or a group ("aws")
    words      regular expression, searched in "CODE: words" of the cause (or in the words, if there is no
               code); its named groups are values of the sentences. `(?i)` where the case varies: it is slow
    operations Cause.operation, one of them; left out: any
    what       our own template, exactly; its values are values of the sentences too.
               Instead of `words`, where no vendor said anything, or beside it, where the words alone mislead
    cause      what it means, for a person who asked for a workspace
    remedy     what to do, and who can; "…, then {again}." or "{Again} in a few minutes.": a run has a Retry,
               what has not begun is asked for again, a new plan is looked for until it can be made
    deletion   the same for who asks for a deletion that it stands in the way of; left out: `remedy`
    retryable  true when it may go away by itself

    [[failure.seen]]   each text it was learned from; a test demands that this entry is the first to fit it
    text       the vendor's words as in Cause.words, or our template with its values filled in
    source     where that text stands: "recorded: …" only for what was run; else an address, or our own file
    service    left out: the first of `services`
    code       Cause.code; left out: none
    operation  Cause.operation; left out: the first of `operations`

The first entry that fits is taken. In one file the more special stands before the more general; the files are
read in the order of `FILES`; and what is told by a vendor's words goes before what is told by `what` alone.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import Annotated

from pydantic import AfterValidator, BaseModel, ConfigDict

from provisioner.engine.stage import Goal
from provisioner.message import Message, Value, named
from provisioner.vendor_call import Cause

FILES = ("s3", "iam", "nodegroup", "kubernetes", "dex", "grafana", "conductor", "aws", "run")
"""In the order they are asked; `aws` is what any of its services may say, `run` what any stage may."""

GROUPS = {
    # eksctl calls AWS in the bot's name and passes on what it answers.
    "aws": ("s3", "sts", "iam", "eks", "ec2", "cloudformation", "autoscaling", "eksctl"),
    # Whoever of them speaks, it is of the node group: EKS says what EC2 said, the stack what EKS said.
    "nodegroup": ("cloudformation", "eks", "ec2", "autoscaling", "eksctl"),
}


@dataclass(frozen=True, slots=True)
class Way:
    """How it is tried again: within a sentence, and at its beginning."""

    within: Message
    first: Message


RETRY = Way(Message("press Retry"), Message("Press Retry"))
"""Where there is a run."""

ASK = Way(Message("submit the request again"), Message("Submit the request again"))
"""Where nothing has begun."""

LOOK = Way(Message("wait for the next automatic check"), Message("I'll check again automatically"))
"""Where nobody has to do anything for it."""


@dataclass(frozen=True, slots=True)
class Diagnosis:
    """`retryable`: it may go away by itself, so that trying again without a change makes sense."""

    cause: Message
    remedy: Message
    retryable: bool


def _members(services: tuple[str, ...]) -> tuple[str, ...]:
    return tuple(one for name in services for one in GROUPS.get(name, (name,)))


class Known(BaseModel):
    """One entry; the module's docstring tells its fields. What it was learned from, tests read."""

    model_config = ConfigDict(frozen=True)

    id: str
    services: Annotated[tuple[str, ...], AfterValidator(_members)] = ()
    words: re.Pattern[str] | None = None
    operations: tuple[str, ...] = ()
    what: str = ""
    cause: str
    remedy: str
    deletion: str = ""
    retryable: bool

    def values(self, what: Message, cause: Cause | None) -> Mapping[str, Value] | None:
        """What the sentences need, or None when this is another failure."""
        if self.what and what.text != self.what:
            return None
        values = dict(what.values) if self.what else {}
        if self.words is None:
            return values
        if cause is None or cause.service not in self.services:
            return None
        if self.operations and cause.operation not in self.operations:
            return None
        found = self.words.search(f"{cause.code}: {cause.raw_text}" if cause.code else cause.raw_text)
        if found is None:
            return None
        return values | {key: named(value or "") for key, value in found.groupdict().items()}

    def diagnosis(self, values: Mapping[str, Value], way: Way, goal: Goal) -> Diagnosis:
        told = self.remedy if goal is Goal.PRESENT else self.deletion or self.remedy
        cause = Message(self.cause, plural="", **values)
        remedy = Message(told, plural="", **values, again=way.within, Again=way.first)
        return Diagnosis(cause, remedy, self.retryable)


def diagnose(
    what: Message, cause: Cause | None, *, way: Way = RETRY, goal: Goal = Goal.PRESENT
) -> Diagnosis | None:
    """The first entry that fits; None when the failure is not known. `goal`: what it stands in the way of."""
    for known in catalogue():
        values = known.values(what, cause)
        if values is not None:
            return known.diagnosis(values, way, goal)
    return None


@cache
def catalogue() -> tuple[Known, ...]:
    """Every entry in the order they are asked; read once, when it is first needed."""
    folder = files("provisioner").joinpath("failures")
    texts = (folder.joinpath(f"{name}.toml").read_text(encoding="utf-8") for name in FILES)
    found = [Known.model_validate(entry) for text in texts for entry in tomllib.loads(text)["failure"]]
    return tuple(sorted(found, key=lambda known: known.words is None))


def templates() -> tuple[str, ...]:
    """Every sentence a diagnosis can say, for the catalogues of translations."""
    told = (sentence for one in catalogue() for sentence in (one.cause, one.remedy, one.deletion))
    return tuple(sentence for sentence in told if sentence)

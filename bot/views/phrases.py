"""The few phrases every view uses."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from functools import reduce

from approvals.model import Request
from bot.model.request_view import Proposal, RequestView
from provisioner.engine.run import Inventory
from provisioner.engine.stage import Goal
from provisioner.message import Message, Ref, RefKind, named, person
from provisioner.vendor_call import Cause

SERVICES: Mapping[str, str] = {
    "autoscaling": "EC2 Auto Scaling",
    "cloudformation": "CloudFormation",
    "conductor": "AI Conductor",
    "dex": "Dex",
    "ec2": "EC2",
    "eks": "EKS",
    "eksctl": "eksctl",
    "grafana": "Grafana",
    "iam": "IAM",
    "kubernetes": "Kubernetes",
    "s3": "S3",
    "sts": "STS",
}
"""What people call those whose words a failure has, by `Cause.service`; the same in every language."""


def service_of(cause: Cause) -> str:
    return SERVICES.get(cause.service, cause.service)


def noted(cause: Cause, note: Message) -> Message:
    """Our own words about an answer, told apart from the vendor's."""
    return Message("{service}, as seen by the bot: {note}", service=service_of(cause), note=note)


def deciders(request: Request) -> Message:
    """Everybody who decided, in order."""
    first, *others = [person(decision.actor) for decision in request.decisions]
    said = Message("{who}", who=first)
    for who in others:
        said = Message("{some} and {who}", some=said, who=who)
    return said


def stacked(lines: Sequence[Message]) -> Message:
    """One under the other; at least one."""
    return reduce(lambda above, below: Message("{above}\n{below}", above=above, below=below), lines)


def again_command(command: str, proposal: Proposal) -> Ref:
    """What to type to ask for the same again."""
    asked = proposal.asked
    if proposal.plan.goal is Goal.ABSENT:
        return named(f"{command} delete {asked.project}")
    line = f"{command} create {asked.project} spec={asked.spec} desired={asked.desired} max={asked.max}"
    return named(f"{line} dashboard={asked.dashboard}" if asked.dashboard else line)


def pointer(other: RequestView) -> Ref:
    """Another request, with the way to its card where that stands."""
    return Ref(RefKind.LINK, other.link, other.id) if other.link else named(other.id)


def inventory_items(inventory: Iterable[Inventory]) -> tuple[Message, ...]:
    """What exists, a line each; what could not be read comes last, by its title."""
    seen = tuple(inventory)
    there = [_there(target, one.states.get(str(target))) for one in seen for target in one.targets or ()]
    unread = [Message("{title} (can't be read)", title=one.title) for one in seen if one.targets is None]
    return (*there, *unread)


def stays(goal: Goal, inventory: Sequence[Inventory] | None) -> Message:
    """What a stop leaves, as far as it is known; None: unknown."""
    nothing = inventory is not None and not inventory
    if goal is Goal.ABSENT:
        return Message("Nothing remains.") if nothing else Message("Remaining resources are kept.")
    return Message("Nothing was created.") if nothing else Message("Existing resources are kept.")


def queued(place: int) -> Message:
    """Of a run that no turn has begun; the place counts from 1."""
    return Message("Queued: number {n} in line to start.", n=place)


def unknown_here(project: str, near: str) -> Message:
    """`near` is a workspace that may have been meant; empty if there is none."""
    said = Message("I have no record of workspace {project}.", project=named(project))
    return Message("{said} Did you mean {near}?", said=said, near=named(near)) if near else said


def _there(target: Message, state: Message | None) -> Message:
    return target if state is None else Message("{target} ({state})", target=target, state=state)

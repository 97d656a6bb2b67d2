"""Read-only checks that belong to no stage, made before anybody is asked: are we where we were told to be?"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from functools import partial
from typing import Protocol

from provisioner.deadline import OutOfTime, together
from provisioner.engine.inspection import Refused, unanswered
from provisioner.errors import Permanent, Unanswered, WorkError
from provisioner.message import Message, named
from provisioner.workspace import Platform

_WITHIN = timedelta(seconds=10)
"""All checks side by side; a person waits for them after the look at the stages."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ClusterFacts:
    status: str  # "ACTIVE"
    authority: str  # PEM of the authority that signs its API server's certificate


class Account(Protocol):
    """At AWS. Both raise `WorkError`."""

    def number(self) -> str: ...  # 12 digits

    def cluster(self, name: str) -> ClusterFacts | None: ...  # None: there is none of that name


class Kubernetes(Protocol):
    def authority(self) -> str: ...  # PEM that we trust; empty: none was configured


class Eksctl(Protocol):
    def check(self) -> None: ...  # Permanent when it cannot be run, or is too old


class Preflight:
    """A bucket is made wherever the credentials belong, and a Profile wherever the kubeconfig leads."""

    def __init__(
        self,
        *,
        account: Account,
        kubernetes: Kubernetes,
        eksctl: Eksctl,
        platform: Platform,
    ) -> None:
        self._account = account
        self._kubernetes = kubernetes
        self._eksctl = eksctl
        self._platform = platform

    def refusals(self) -> tuple[Refused, ...]:
        """Everything that is wrong, at once; in a few seconds, whatever hangs."""
        checks: tuple[tuple[Message, Callable[[], None]], ...] = (
            (Message("AWS account"), self._in_our_account),
            (Message("EKS cluster"), self._on_our_cluster),
            (Message("eksctl"), self._eksctl.check),
        )
        tried = together(
            [partial(_error_of, look) for _, look in checks], within=_WITHIN, at_once=len(checks)
        )
        late = Unanswered(unanswered(_WITHIN))
        errors = (late if isinstance(found, OutOfTime) else found for found in tried)
        return tuple(
            Refused("", title, error) for (title, _), error in zip(checks, errors, strict=True) if error
        )

    def _in_our_account(self) -> None:
        found, wanted = self._account.number(), self._platform.account
        if found != wanted:
            raise Permanent(
                Message(
                    "the bot's AWS credentials belong to account {found}, but its settings specify {wanted}",
                    found=named(found),
                    wanted=named(wanted),
                ),
                hint=Message(
                    "Ask the bot's operator to set credentials for the right account or correct"
                    " WORKSPACE_BOT_PLATFORM__ACCOUNT."
                ),
            )

    def _on_our_cluster(self) -> None:
        """The cluster that AWS has by that name is the one that the kubeconfig leads to.

        Compared by the authority: addresses differ from inside the cluster and from outside.
        """
        name = self._platform.cluster
        facts = self._account.cluster(name)
        if facts is None:
            raise Permanent(
                Message("EKS cluster {name} doesn't exist", name=named(name)),
                hint=Message(
                    "Ask the bot's operator to correct WORKSPACE_BOT_PLATFORM__CLUSTER. A platform upgrade"
                    " changes the cluster's name."
                ),
            )
        if facts.status != "ACTIVE":
            what = Message("EKS cluster {name} is {status}", name=named(name), status=named(facts.status))
            raise Permanent(what, hint=Message("Wait until it is ACTIVE, then submit the request again."))
        trusted = self._kubernetes.authority()
        if trusted and trusted.split() != facts.authority.split():
            raise Permanent(
                Message("the bot's kubeconfig points to a different cluster than {name}", name=named(name)),
                hint=Message(
                    "Ask the bot's operator to set WORKSPACE_BOT_KUBECONFIG_PATH to this cluster's"
                    " kubeconfig, or to correct WORKSPACE_BOT_PLATFORM__CLUSTER."
                ),
            )


def _error_of(look: Callable[[], None]) -> WorkError | None:
    try:
        look()
    except WorkError as error:
        return error
    return None

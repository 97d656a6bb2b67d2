"""Read-only checks that belong to no stage, made before anybody is asked."""

from __future__ import annotations

from typing import Protocol

from provisioner.errors import Permanent, WorkError
from provisioner.message import Message, Ref, RefKind
from provisioner.survey import Refused
from provisioner.workspace import Platform


class Account(Protocol):
    def number(self) -> str: ...  # 12 digits; WorkError


class Preflight:
    """Whether we are where we were told to be. A bucket is made wherever the credentials belong."""

    def __init__(self, account: Account, platform: Platform) -> None:
        self._account = account
        self._platform = platform

    def refusals(self) -> tuple[Refused, ...]:
        try:
            self._look()
        except WorkError as error:
            return (Refused("", Message("AWS account"), error),)
        return ()

    def _look(self) -> None:
        found, wanted = self._account.number(), self._platform.account
        if found != wanted:
            raise Permanent(
                Message(
                    "the bot's AWS credentials belong to account {found}, and {wanted} is configured",
                    found=Ref(RefKind.NAME, found),
                    wanted=Ref(RefKind.NAME, wanted),
                ),
                hint=Message("Give the bot credentials of the right account, or correct the setting."),
            )

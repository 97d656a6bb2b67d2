"""What a sandbox may be started with."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from enum import StrEnum
from pathlib import Path

from sandbox.slack import Rates


class Part(StrEnum):
    """What can be left out."""

    SLACK = "slack"
    AWS = "aws"
    KUBERNETES = "kubernetes"
    KUBEFLOW = "kubeflow"
    GRAFANA = "grafana"
    CONDUCTOR = "conductor"
    BOT = "bot"


class Transport(StrEnum):
    SOCKET = "socket"
    HTTP = "http"


@dataclass(frozen=True, slots=True, kw_only=True)
class Options:
    """`settings` are more settings of the bot, by name without the prefix: {"LANGUAGE": "ko"}.

    `boot` is how long a node group takes to come; it goes in half of that.
    """

    state: Path
    without: frozenset[Part] = frozenset()
    transport: Transport = Transport.SOCKET
    settings: Mapping[str, str] = field(default_factory=dict)
    rates: Rates = Rates.REAL
    boot: timedelta = timedelta(seconds=6)

    @property
    def parts(self) -> frozenset[Part]:
        return frozenset(Part) - self.without

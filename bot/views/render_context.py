"""What is the same for every card: where we are."""

from __future__ import annotations

from dataclasses import dataclass

from provisioner.workspace import Platform


@dataclass(frozen=True, slots=True, kw_only=True)
class Links:
    """Addresses that people open, without a slash at the end."""

    grafana: str = ""  # empty: there are no dashboards here
    conductor: str = ""


NO_LINKS = Links()


@dataclass(frozen=True, slots=True, kw_only=True)
class RenderContext:
    """What is the same for every card."""

    command: str  # the slash command, for what may be typed next
    platform: Platform
    links: Links = NO_LINKS

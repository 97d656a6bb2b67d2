"""What is the same for every card: where we are."""

from __future__ import annotations

from dataclasses import dataclass

from provisioner.message import Ref, RefKind
from provisioner.workspace import Platform, Workspace


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

    def dashboard(self, ws: Workspace) -> Ref:
        """The dashboard of a workspace, by its uid."""
        return Ref(RefKind.LINK, f"{self.links.grafana}/d/{ws.dashboard}", ws.dashboard)

"""dex itself: whether it answers."""

from __future__ import annotations

from datetime import timedelta

import httpx


class DexHttp:
    """`url` is dex's address without `/dex`, for example `http://dex.auth.svc.cluster.local:5556`."""

    def __init__(self, *, url: str, timeout: timedelta = timedelta(seconds=5)) -> None:
        self._http = httpx.Client(base_url=url, timeout=timeout.total_seconds(), trust_env=False)

    def up(self) -> bool:
        """Whether its health check passes; an address that does not answer is an answer here."""
        try:
            return self._http.get("/dex/healthz").status_code == httpx.codes.OK
        except httpx.HTTPError:
            return False

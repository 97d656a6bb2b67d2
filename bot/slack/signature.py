"""Whether a request is Slack's (docs: authentication/verifying-requests-from-slack)."""

from __future__ import annotations

import re
from collections.abc import Mapping
from threading import Lock

from cachetools import FIFOCache
from pydantic import SecretStr
from slack_sdk.signature import Clock, SignatureVerifier

_REMEMBERED = 20_000
"""More than Slack sends in the five minutes a signature is good for (30,000 events an hour at most)."""

_SECONDS = re.compile(r"[0-9]{1,12}\Z")


class Signatures:
    """Signed with our secret, not older than five minutes, and not seen before.

    Slack's own second delivery of an event carries a new timestamp and so a new signature: it passes.
    """

    def __init__(self, secret: SecretStr, clock: Clock | None = None) -> None:
        self._verifier = SignatureVerifier(secret.get_secret_value(), clock or Clock())
        self._seen: FIFOCache[str, bool] = FIFOCache(_REMEMBERED)
        self._lock = Lock()  # over those seen

    def accept(self, body: bytes, headers: Mapping[str, str]) -> bool:
        """Header names in lower case."""
        timestamp = headers.get("x-slack-request-timestamp", "")
        signature = headers.get("x-slack-signature", "")
        if not (_SECONDS.match(timestamp) and signature.isascii()):
            return False
        try:
            genuine = self._verifier.is_valid(body, timestamp, signature)
        except UnicodeDecodeError:
            return False
        with self._lock:
            new = signature not in self._seen
            if genuine and new:
                self._seen[signature] = True
        return genuine and new

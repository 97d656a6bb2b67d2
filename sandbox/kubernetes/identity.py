"""Who a bearer token belongs to: a token of the emulator's own, or one made of an AWS access key.

EKS takes `k8s-aws-v1.` and a presigned GetCallerIdentity in base64url: its webhook lets STS say whose
signature it is and looks the identity up in a mapping. Here the access key is looked up; the signature is not
verified, nor is the cluster's name that is signed along.
"""

from __future__ import annotations

import base64
import binascii
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from urllib.parse import parse_qsl, urlsplit

from sandbox.kubernetes.rights import User
from sandbox.kubernetes.store import Clock

PREFIX = "k8s-aws-v1."
LASTS = timedelta(minutes=15)
"""How long after its signature such a token is taken, whatever expiry it was signed with."""

CLUSTER_HEADER = "x-k8s-aws-id"


class Tokens:
    def __init__(self, users: Mapping[str, User], aws_keys: Mapping[str, User], clock: Clock) -> None:
        """`users` by token, `aws_keys` by access key id."""
        self._users = users
        self._aws_keys = aws_keys
        self._clock = clock

    def user(self, token: str) -> User | None:
        if token.startswith(PREFIX):
            return self._aws_keys.get(self._key_id(token.removeprefix(PREFIX)))
        return self._users.get(token)

    def _key_id(self, encoded: str) -> str:
        """Empty for what is no fresh presigned GetCallerIdentity."""
        try:
            url = base64.urlsafe_b64decode(encoded + "=" * (-len(encoded) % 4)).decode()
            asked = dict(parse_qsl(urlsplit(url).query))
            signed_at = datetime.strptime(asked["X-Amz-Date"], "%Y%m%dT%H%M%SZ").replace(tzinfo=UTC)
        except (binascii.Error, ValueError, KeyError):
            return ""
        headers = asked.get("X-Amz-SignedHeaders", "").split(";")
        whole = (
            asked.get("Action") == "GetCallerIdentity"
            and bool(asked.get("X-Amz-Signature"))
            and CLUSTER_HEADER in headers
            and signed_at + LASTS > self._clock()
        )
        return asked.get("X-Amz-Credential", "").partition("/")[0] if whole else ""

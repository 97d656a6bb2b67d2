"""dex's token endpoint for people who give a password, and the documents that go with it."""

from __future__ import annotations

import base64
import binascii
import hashlib
import json
import time
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import bcrypt
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import padding, rsa

from sandbox.kubeflow.dexconfig import Account, Config

LASTS = 86_400
"""Seconds a token is good for: dex's default."""
COSTS = range(10, 17)
"""dex checks the cost of a hash at each login only."""


@dataclass(frozen=True, slots=True)
class Answer:
    code: int
    body: dict[str, Any]


class Tokens:
    @cached_property
    def _key(self) -> rsa.RSAPrivateKey:
        return rsa.generate_private_key(public_exponent=65537, key_size=2048)

    @cached_property
    def _key_id(self) -> str:
        return hashlib.sha1(str(self._key.public_key().public_numbers().n).encode()).hexdigest()  # noqa: S324  # a name

    def keys(self) -> dict[str, Any]:
        numbers = self._key.public_key().public_numbers()
        key = {
            "use": "sig",
            "kty": "RSA",
            "kid": self._key_id,
            "alg": "RS256",
            "n": _base64(numbers.n.to_bytes(256, "big")),
            "e": _base64(numbers.e.to_bytes(3, "big")),
        }
        return {"keys": [key]}

    def discovery(self, config: Config) -> dict[str, Any]:
        grants = ["authorization_code", "refresh_token", "urn:ietf:params:oauth:grant-type:device_code"]
        return {
            "issuer": config.issuer,
            "authorization_endpoint": f"{config.issuer}/auth",
            "token_endpoint": f"{config.issuer}/token",
            "jwks_uri": f"{config.issuer}/keys",
            "userinfo_endpoint": f"{config.issuer}/userinfo",
            "device_authorization_endpoint": f"{config.issuer}/device/code",
            "grant_types_supported": sorted([*grants, *(["password"] if config.password_connector else [])]),
            "response_types_supported": ["code"],
            "subject_types_supported": ["public"],
            "id_token_signing_alg_values_supported": ["RS256"],
            "code_challenge_methods_supported": ["S256", "plain"],
            "scopes_supported": ["openid", "email", "groups", "profile", "offline_access"],
            "token_endpoint_auth_methods_supported": ["client_secret_basic", "client_secret_post"],
            "claims_supported": [
                "iss",
                "sub",
                "aud",
                "iat",
                "exp",
                "email",
                "email_verified",
                "locale",
                "name",
            ],
        }

    def grant(self, config: Config, authorization: str, form: Mapping[str, str]) -> Answer:
        client, secret = _client(authorization, form)
        if client not in config.clients or config.clients[client] != secret:
            return _error(401, "invalid_client", "Invalid client credentials.")
        if form.get("grant_type") != "password" or not config.password_connector:
            return _error(400, "unsupported_grant_type", "")
        if "openid" not in form.get("scope", "").split():
            return _error(400, "invalid_request", 'Missing required scope(s) ["openid"].')
        account = config.accounts.get(form.get("username", "").lower())
        if account is None:
            return _error(401, "access_denied", "Invalid username or password")
        if int(account.hash[4:6]) not in COSTS:
            return _error(500, "invalid_request", "Could not login user")
        if not bcrypt.checkpw(form.get("password", "").encode()[:72], account.hash):
            return _error(401, "access_denied", "Invalid username or password")
        token = self._signed(config, client, account)
        return Answer(
            200,
            {"access_token": token, "token_type": "bearer", "expires_in": LASTS - 1, "id_token": token},
        )

    def _signed(self, config: Config, client: str, account: Account) -> str:
        now = int(time.time())
        claims = {
            "iss": config.issuer,
            "sub": _base64(_proto(1, account.user_id) + _proto(2, config.password_connector)),
            "aud": client,
            "exp": now + LASTS,
            "iat": now,
            "email": account.email,
            "email_verified": True,
            "name": account.username,
        }
        head = {"alg": "RS256", "kid": self._key_id}
        text = ".".join(_base64(json.dumps(part).encode()) for part in (head, claims))
        signature = self._key.sign(text.encode(), padding.PKCS1v15(), hashes.SHA256())
        return f"{text}.{_base64(signature)}"


def _client(authorization: str, form: Mapping[str, str]) -> tuple[str, str]:
    scheme, _, given = authorization.partition(" ")
    if scheme.lower() != "basic":
        return form.get("client_id", ""), form.get("client_secret", "")
    try:
        name, _, secret = base64.b64decode(given, validate=True).decode().partition(":")
    except (binascii.Error, UnicodeDecodeError):
        return "", ""
    return name, secret


def _error(code: int, error: str, description: str) -> Answer:
    return Answer(code, {"error": error} | ({"error_description": description} if description else {}))


def _base64(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).decode().rstrip("=")


def _proto(number: int, text: str) -> bytes:
    """dex's subject is a protobuf message of user and connector."""
    data = text.encode()
    return bytes([number << 3 | 2, len(data)]) + data

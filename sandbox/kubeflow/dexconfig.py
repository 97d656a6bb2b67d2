"""Reads dex's configuration as dex does at its start, and refuses what it refuses, in its words.

Source: dexidp/dex `cmd/dex/config.go` and `serve.go` (v2.36); the words for hashes and broken YAML were
watched on a running dex. Bcrypt's own words are those of golang.org/x/crypto/bcrypt.
"""

from __future__ import annotations

import base64
import binascii
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import yaml

FILE = "/etc/dex/cfg/config.yaml"
STORAGES = frozenset({"etcd", "kubernetes", "memory", "mysql", "postgres", "sqlite3"})
HASH_LENGTH = 59
COSTS = range(4, 32)


class Broken(Exception):
    """dex ends with exit code 2 and these words."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Account:
    email: str  # as written: it travels into the token like that
    username: str
    user_id: str
    hash: bytes = field(repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class Config:
    issuer: str
    accounts: Mapping[str, Account]  # by lower-cased email
    clients: Mapping[str, str] = field(repr=False)  # id → secret
    password_connector: str


class _Loader(yaml.SafeLoader):
    """Like go-yaml into an untyped value: a date stays text."""


_Loader.yaml_implicit_resolvers = {
    first: [(tag, pattern) for tag, pattern in resolvers if tag != "tag:yaml.org,2002:timestamp"]
    for first, resolvers in yaml.SafeLoader.yaml_implicit_resolvers.items()
}


def read(text: str, environment: Mapping[str, str]) -> Config:
    """Raises Broken. `environment` is what the container's variables hold."""
    document = _parsed(text)
    try:
        passwords = [_password(each) for each in _typed(document, "staticPasswords", list, [])]
        enabled = _typed(document, "enablePasswordDB", bool, default=False)
        storage = _typed(document, "storage", dict, {})
        kind = storage.get("type") or ""
        if storage and kind not in STORAGES:
            raise ValueError(f'unknown storage type "{kind}"')
    except ValueError as error:
        raise Broken(f"error unmarshalling config file {FILE}: {error}") from error
    web = document.get("web") or {}
    problems = [
        words
        for bad, words in (
            (not document.get("issuer"), "no issuer specified in config file"),
            (not enabled and bool(passwords), "cannot specify static passwords without enabling password db"),
            (not storage, "no storage supplied in config file"),
            (not web.get("http") and not web.get("https"), "must supply a HTTP/HTTPS  address to listen on"),
        )
        if bad
    ]
    if problems:
        raise Broken("invalid Config:\n\t-\t" + "\n\t-\t".join(problems))
    if not enabled and not document.get("connectors"):
        raise Broken("failed to initialize server: server: no connectors specified")
    return Config(
        issuer=str(document["issuer"]),
        accounts={each.email.lower(): each for each in passwords},  # of two alike the last wins
        clients=_clients(document.get("staticClients") or [], environment),
        password_connector=str((document.get("oauth2") or {}).get("passwordConnector") or ""),
    )


def _parsed(text: str) -> dict[str, Any]:
    try:
        document = yaml.load(text, Loader=_Loader)  # noqa: S506  # a SafeLoader without dates
    except yaml.YAMLError as error:
        raise Broken(f"error parse config file {FILE}: yaml: {_go_words(error)}") from error
    if document is None:
        return {}
    if not isinstance(document, dict):
        kind = "array" if isinstance(document, list) else "string"
        raise Broken(
            f"error unmarshalling config file {FILE}: json: cannot unmarshal {kind} "
            "into Go value of type main.Config"
        )
    return document


def _go_words(error: yaml.YAMLError) -> str:
    if not isinstance(error, yaml.MarkedYAMLError):
        return str(error)
    mark = error.problem_mark or error.context_mark
    words = {
        "mapping values are not allowed here": "mapping values are not allowed in this context",
        "found character '\\t' that cannot start any token": "found character that cannot start any token",
        "expected <block end>, but found '<block mapping start>'": "did not find expected key",
        "expected <block end>, but found '-'": "did not find expected key",
    }
    problem = error.problem or "could not be read"
    where = f"line {mark.line + 1}: " if mark else ""
    return where + words.get(problem, problem)


def _typed(document: Mapping[str, Any], key: str, kind: type, default: Any = None) -> Any:
    value = document.get(key)
    if value is None:
        return default
    if not isinstance(value, kind):
        raise ValueError(
            f"json: cannot unmarshal {_json_kind(value)} into Go struct field Config.{key} "
            f"of type {_go_type(kind)}"
        )
    return value


def _json_kind(value: object) -> str:
    names = {bool: "bool", int: "number", float: "number", str: "string", list: "array", dict: "object"}
    return names.get(type(value), "null")


def _go_type(kind: type) -> str:
    return {list: "[]main.password", bool: "bool", dict: "main.Storage"}[kind]


def _password(entry: Any) -> Account:
    if not isinstance(entry, dict):
        raise ValueError(f"json: cannot unmarshal {_json_kind(entry)} into Go value of type main.password")
    texts: dict[str, str] = {}
    for key in ("email", "username", "userID", "hash"):
        value = entry.get(key)
        if value is not None and not isinstance(value, str):
            raise ValueError(
                f"json: cannot unmarshal {_json_kind(value)} into Go struct field .{key} of type string"
            )
        texts[key] = value or ""
    if not texts["hash"]:
        raise ValueError("no password hash provided")
    return Account(
        email=texts["email"],
        username=texts["username"],
        user_id=texts["userID"],
        hash=_hash(texts["hash"]),
    )


def _hash(text: str) -> bytes:
    """Bcrypt, or base64 of bcrypt."""
    problem = bcrypt_problem(text.encode())
    if not problem:
        return text.encode()
    try:
        decoded = base64.b64decode(text, validate=True)
    except binascii.Error as error:
        raise ValueError(f"malformed bcrypt hash: {problem}") from error
    inner = bcrypt_problem(decoded)
    if inner:
        raise ValueError(f"malformed bcrypt hash: {inner}")
    return decoded


def bcrypt_problem(text: bytes) -> str:
    """What Go's `bcrypt.Cost` says against it, or nothing."""
    if len(text) < HASH_LENGTH:
        return "crypto/bcrypt: hashedSecret too short to be a bcrypted password"
    if text[:1] != b"$":
        return (
            "crypto/bcrypt: bcrypt hashes must start with '$', but hashedSecret started with "
            f"'{text[:1].decode('latin-1')}'"
        )
    if text[1:2] > b"2":
        asked = text[1:2].decode("latin-1")
        return (
            f"crypto/bcrypt: bcrypt algorithm version '{asked}' requested is newer than current version '2'"
        )
    cost = text[3:5] if text[2:3] == b"$" else text[4:6]
    if not cost.isdigit():
        return f'strconv.Atoi: parsing "{cost.decode("latin-1")}": invalid syntax'
    if int(cost) not in COSTS:
        return f"crypto/bcrypt: cost {int(cost)} is outside allowed inclusive range 4..31"
    return ""


def _clients(entries: list[Any], environment: Mapping[str, str]) -> dict[str, str]:
    found: dict[str, str] = {}
    for entry in entries:
        name, known = entry.get("id") or "", entry.get("idEnv") or ""
        if not entry.get("name"):
            raise Broken("invalid config: Name field is required for a client")
        if not name and not known:
            raise Broken("invalid config: ID or IDEnv field is required for a client")
        if name and known:
            raise Broken(f'invalid config: ID and IDEnv fields are exclusive for client "{name}"')
        name = name or environment.get(known, "")
        secret, hidden = entry.get("secret") or "", entry.get("secretEnv") or ""
        if not secret and not hidden and not entry.get("public"):
            raise Broken(f'invalid config: Secret or SecretEnv field is required for client "{name}"')
        found[name] = secret or environment.get(hidden, "")
    return found

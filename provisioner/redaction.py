"""Secrets taken out of what vendors say and what is logged, before any of it is cut, kept or shown.

No pattern may look over the same stretch from each of many places: its work has to grow with the text's
length only, whatever stands in it.
"""

from __future__ import annotations

import json
import re
from base64 import b64encode
from collections.abc import Callable, Iterable, Mapping
from typing import TypeAlias
from urllib.parse import quote, quote_plus

from pydantic import SecretStr

HIDDEN = "[hidden]"

_SHORTEST = 4
"""A shorter secret would hide half of every sentence, and is none."""

# A quote, the equals sign or the colon between a name and its value, also inside quoted JSON and in a URL.
_IS = r"""[\\"']{0,4}\s*(?:[=:]|%3A|%3D)\s*[\\"']{0,4}"""
_TEXT = r"[^\s\"'&,;}\\]"

Shown: TypeAlias = "str | Callable[[re.Match[str]], str]"

_NAMED = (
    rf"(?i)((?:password|passwd|secret|token|secret_?access_?key|signature|credential)\b{_IS})"
    rf"(?={_TEXT}{{0,128}}\d){_TEXT}{{6,}}"  # with a digit: words in a sentence have none
)

_PATTERNS: tuple[tuple[re.Pattern[str], Shown], ...] = tuple(
    (re.compile(pattern), shown)
    for pattern, shown in (
        (r"\bx(?:ox[a-z]|app|wfp)(?:\.xox[a-z])?-[\w-]+", HIDDEN),  # Slack tokens
        (r"hooks\.slack\.com(?:/|%2F)[^\s\"'&<>\\]+", f"hooks.slack.com/{HIDDEN}"),  # whoever has it may post
        (r"\$2[a-z]?\$\d\d\$[./A-Za-z0-9]*", HIDDEN),  # bcrypt, also a part of one
        (r"\b(?:AKIA|ASIA)[A-Z0-9]{16}\b", HIDDEN),  # AWS access keys
        (r"\bk8s-aws-v1\.[\w-]+", HIDDEN),  # EKS tokens
        # JSON web tokens. What only begins like one is taken too, and not read again from each part.
        (r"\beyJ[\w-]+(\.[\w-]+\.[\w-]*)?", lambda found: HIDDEN if found[1] else found[0]),
        (r"-----BEGIN [A-Z ]*PRIVATE KEY-----[\s\S]*?(?:-----END [A-Z ]*PRIVATE KEY-----|\Z)", HIDDEN),
        (r"(://[^\s/:@\"']*):[^\s/@\"']+@", rf"\1:{HIDDEN}@"),  # a password in an address
        (
            rf"(?i)(\bauthorization{_IS})(?:(?:basic|bearer|token|AWS4-HMAC-SHA256)\s+)?[^\"'\n\\]+",
            rf"\1{HIDDEN}",
        ),
        (r"(?i)(\b(?:bearer|basic)\s+)(?=\S*\d)[\w.~+/=-]{8,}", rf"\1{HIDDEN}"),
        (r"\b[a-z0-9]+-edge@com\b", HIDDEN),  # of a system account in AI Conductor, made from the name
        (_NAMED, rf"\1{HIDDEN}"),
    )
)

_SECRET_FIELD = re.compile(
    r"(?i)(?:^|[_-])(?:password|passwd|secret|token|authorization|cookie)(?:$|[_-]hash$)"
)


class Redactor:
    """Hides the secrets it was given, however they are written, and whatever looks like one."""

    def __init__(self, secrets: Iterable[SecretStr] = ()) -> None:
        written = {form for secret in secrets for form in _forms(secret.get_secret_value())}
        longest_first = sorted(written, key=len, reverse=True)
        self._known = re.compile("|".join(map(re.escape, longest_first))) if longest_first else None

    def redact(self, text: str) -> str:
        if self._known is not None:
            text = self._known.sub(HIDDEN, text)
        for pattern, shown in _PATTERNS:
            text = pattern.sub(shown, text)
        return text

    def value(self, value: object, field: str = "") -> object:
        """The same for what a log call may be given: tables and lists too; anything else as its repr."""
        match value:
            case None | bool() | int() | float():
                return value
            case _ if _SECRET_FIELD.search(field):
                return HIDDEN
            case str():
                return self.redact(value)
            case Mapping():
                return {self.redact(str(key)): self.value(item, str(key)) for key, item in value.items()}
            case list() | tuple() | set() | frozenset():
                return [self.value(item) for item in value]
            case _:
                return self.redact(repr(value))


def _forms(secret: str) -> set[str]:
    """How a text may be written: as it is, in a URL, in JSON, in a repr, in base64."""
    if len(secret) < _SHORTEST:
        return set()
    encoded = b64encode(secret.encode()).decode().rstrip("=")
    return {
        secret,
        quote(secret, safe=""),
        quote_plus(secret),
        json.dumps(secret)[1:-1],
        json.dumps(secret, ensure_ascii=False)[1:-1],
        repr(secret)[1:-1],
        encoded,
    }

"""What answered over HTTP where an API should: told so that a person recognises it."""

from __future__ import annotations

import re
from collections.abc import Callable
from html import unescape

import httpx

from provisioner.message import Message, named

_SHOWN = 200  # characters of what was answered: enough to recognise it by


def kind(answer: httpx.Response) -> str:
    """Its content type, without parameters; empty when it has none."""
    return str(answer.headers.get("content-type", "")).partition(";")[0].strip().lower()


def is_json(answer: httpx.Response) -> bool:
    """Whether it says that it is JSON, and is."""
    if not kind(answer).endswith("json"):
        return False
    try:
        answer.json()
    except ValueError:
        return False
    return True


def seen(answer: httpx.Response, mask: Callable[[str], str]) -> Message:
    """Of an answer without words of the API that was asked: what it is.

    `mask` goes before the cut, which could leave half of a secret.
    """
    code = answer.status_code
    if answer.is_redirect:
        where = mask(answer.headers.get("location", "").partition("?")[0])
        return Message("answered {code} with a redirect to {where}, not JSON", code=code, where=named(where))
    if is_json(answer):
        shown = mask(answer.text)[:_SHOWN]
        return Message("answered {code} with unexpected JSON: {shown}", code=code, shown=shown)
    title = re.search(r"<title[^>]*>(.*?)</title>", answer.text, re.IGNORECASE | re.DOTALL)
    said = kind(answer)
    return Message(
        "answered {code} with {kind}, not JSON: {shown}",
        code=code,
        kind=named(said) if said else Message("an unknown content type"),
        shown=mask(" ".join(unescape(title[1] if title else answer.text).split()))[:_SHOWN],
    )

"""dex's configuration as one YAML text that all workspaces share: read, checked as dex does, and edited.

One malformed user stops dex for everybody, so nothing is written that dex would not start with, and no
edit may touch anything but the one login. What dex demands was read in dexidp/dex 2.36,
`cmd/dex/config.go` and `storage/static.go`.

ruamel.yaml tells where a login stands; the lines are put in or taken out there, so that everything else
stays byte for byte: ruamel's own output would move the comments that follow the last login, indent lists
its own way and drop the document's start. Where there are no such lines (no list yet, or one in `[...]`)
ruamel writes the document. Either way the new text is read again and compared with the old one.

Hashes are secrets: no error, no repr and no message here holds any part of the text.
"""

from __future__ import annotations

import base64
import binascii
import io
import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from ruamel.yaml import YAML
from ruamel.yaml.comments import CommentedMap, CommentedSeq
from ruamel.yaml.error import YAMLError
from ruamel.yaml.nodes import MappingNode, Node, ScalarNode, SequenceNode
from ruamel.yaml.scalarstring import DoubleQuotedScalarString

from provisioner.message import Message, named

USERS = "staticPasswords"

_STARTS = re.compile(r"\$2[a-z]?\$(0[4-9]|[12][0-9]|3[01])\$.{52,}\Z", re.DOTALL)
_BREAK = re.compile(r"\r\n|[\r\n\x85\u2028\u2029]")  # YAML's own: str.splitlines knows others
_LINE = re.compile(rf".*?(?:{_BREAK.pattern})|.+", re.DOTALL)
_LAST_BREAK = re.compile(_BREAK.pattern.join(("(?:", r")\Z")))


class Unsound(Exception):
    """dex would not start with this text, or an edit would change more than it may."""

    def __init__(self, what: Message) -> None:
        super().__init__(str(what))
        self.what = what


@dataclass(frozen=True, slots=True, kw_only=True)
class Login:
    """One entry of `staticPasswords` as we write it."""

    email: str
    hash: str = field(repr=False)
    username: str
    user_id: str

    def entry(self) -> dict[str, str]:
        """As dex names its parts, in the runbook's order."""
        return {"email": self.email, "hash": self.hash, "username": self.username, "userID": self.user_id}


@dataclass(frozen=True, slots=True)
class DexConfig:
    """A text that dex starts with, and what it says."""

    text: str = field(repr=False)
    document: Mapping[str, Any] = field(repr=False)

    def entries(self, email: str, username: str | None = None) -> tuple[Mapping[str, Any], ...]:
        """Those with this email as dex compares it, in any case; more than one is a mistake.

        With `username`, only those that have it or none.
        """
        return tuple(
            entry
            for entry in _users(self.document)
            if _is(entry, email) and (username is None or entry.get("username") in (None, "", username))
        )

    def own_user_id(self, entry: Mapping[str, Any]) -> str:
        """The entry's id, if it is text and no other entry's; else empty."""
        user_id = entry.get("userID")
        others = (each.get("userID") for each in _users(self.document) if each is not entry)
        return user_id if isinstance(user_id, str) and user_id not in others else ""

    def with_login(self, login: Login) -> DexConfig:
        """With exactly this entry for its email, after all others; raises `Unsound`."""
        rest = self.without_login(login.email)
        for edit in (_insert, _rewritten_with):
            if (text := edit(rest.text, login)) is None:
                continue
            after = _same_but(rest, text, login.email)
            if after is not None and after.entries(login.email) == (login.entry(),):
                return read(text)
        raise Unsound(Message("the login can't be added without changing others"))

    def without_login(self, email: str, username: str | None = None) -> DexConfig:
        """Without any of these entries; raises `Unsound`."""
        config = self
        while entries := config.entries(email, username):
            config = config._without(entries[0], email)
        return config

    def _without(self, one: Mapping[str, Any], email: str) -> DexConfig:
        index = next(i for i, entry in enumerate(_users(self.document)) if entry is one)
        rest = tuple(entry for entry in self.entries(email) if entry is not one)
        for edit in (_cut, _rewritten_without):
            if (text := edit(self.text, index)) is None:
                continue
            after = _same_but(self, text, email)
            if after is not None and after.entries(email) == rest:
                return after
        raise Unsound(Message("the login can't be removed without changing others"))


def read(text: str, *, mending: str = "") -> DexConfig:
    """The text, checked as dex checks it at its start; raises `Unsound`.

    The entry with the email `mending` may be malformed: it is about to be replaced or removed.
    """
    try:
        document = YAML(typ="safe", pure=True).load(text)
    except YAMLError as error:
        raise Unsound(_where(error)) from None  # its text quotes the document
    if not isinstance(document, Mapping):
        raise Unsound(Message("it is empty"))
    for key in ("issuer", "storage", "staticClients"):
        if not document.get(key):
            raise Unsound(Message("{key} is missing", key=named(key)))
    if document.get("enablePasswordDB") is not True:
        raise Unsound(Message("{key} isn't true", key=named("enablePasswordDB")))
    if not isinstance(document.get(USERS) or [], Sequence) or isinstance(document.get(USERS), str):
        raise Unsound(Message("{key} isn't a list", key=named(USERS)))
    for number, entry in enumerate(_users(document), start=1):
        if not (mending and _is(entry, mending)):
            _check(entry, number)
    return DexConfig(text, document)


def _check(entry: Any, number: int) -> None:
    if not isinstance(entry, Mapping):
        raise Unsound(Message("login {number} isn't a mapping", number=number))
    who = named(str(entry.get("email") or number))
    hashed = entry.get("hash")
    if not hashed and not entry.get("hashFromEnv"):
        raise Unsound(Message("login {who} has no password hash", who=who))
    if hashed and not (isinstance(hashed, str) and _starts(hashed)):
        raise Unsound(Message("login {who} has an invalid password hash", who=who))
    for key in ("email", "username", "userID"):
        if not isinstance(entry.get(key) or "", str):
            raise Unsound(Message("{key} of login {who} isn't text", key=named(key), who=who))


def _starts(hashed: str) -> bool:
    """dex takes bcrypt, or base64 of it; the cost it looks at only when somebody logs in."""
    if _STARTS.match(hashed):
        return True
    try:
        return _STARTS.match(base64.b64decode(hashed, validate=True).decode("latin-1")) is not None
    except (binascii.Error, ValueError):
        return False


def _users(document: Mapping[str, Any]) -> Sequence[Any]:
    return document.get(USERS) or ()


def _is(entry: Any, email: str) -> bool:
    return isinstance(entry, Mapping) and str(entry.get("email", "")).lower() == email.lower()


def _but(document: Mapping[str, Any], email: str) -> tuple[dict[str, Any], list[Any]]:
    """All that an edit of this login may not change."""
    rest = {key: value for key, value in document.items() if key != USERS}
    return rest, [entry for entry in _users(document) if not _is(entry, email)]


def _same_but(before: DexConfig, text: str, email: str) -> DexConfig | None:
    """The new text, unless it cannot be read or differs in more than the logins of this email."""
    try:
        document = YAML(typ="safe", pure=True).load(text)
    except YAMLError:
        return None
    if not isinstance(document, Mapping) or _but(document, email) != _but(before.document, email):
        return None
    return DexConfig(text, document)


def _where(error: YAMLError) -> Message:
    """The place only: ruamel's words quote the document."""
    mark = getattr(error, "problem_mark", None)
    if mark is None:
        return Message("it isn't valid YAML")
    return Message(
        "it isn't valid YAML (line {line}, column {column})", line=mark.line + 1, column=mark.column + 1
    )


# Lines


def _lines(text: str) -> list[str]:
    """Each with its line break, counted as ruamel counts them."""
    return _LINE.findall(text)


def _list(text: str) -> SequenceNode | None:
    """The list of logins where it stands in lines of its own, else None."""
    root = YAML().compose(io.StringIO(text))
    if not isinstance(root, MappingNode):
        return None
    for key, value in root.value:
        if key.value == USERS and isinstance(value, SequenceNode) and not value.flow_style:
            return value if value.value and value.start_mark.line > key.start_mark.line else None
    return None


def _last_line(node: Node) -> int:
    """The line a node's content ends in; its own end mark stands after the comments that follow."""
    if isinstance(node, ScalarNode):
        ends_before = node.style in ("|", ">")
        return int(node.end_mark.line) - (1 if ends_before else 0)
    if not isinstance(node, MappingNode | SequenceNode) or node.flow_style or not node.value:
        return int(node.end_mark.line)
    if isinstance(node, MappingNode):
        key, value = node.value[-1]
        return max(_last_line(key), _last_line(value))
    return _last_line(node.value[-1])


def _insert(text: str, login: Login) -> str | None:
    found = _list(text)
    if found is None:
        return None
    lines = _lines(text)
    column = found.start_mark.column
    first = found.value[0].start_mark
    inside = first.column - column if first.line == found.start_mark.line else 2
    after = _last_line(found.value[-1]) + 1
    brk = "\r\n" if lines[0].endswith("\r\n") else "\n"
    new = [
        f"{'  ' if number else '- '}{' ' * (inside - 2)}{key}: {json.dumps(value)}"
        for number, (key, value) in enumerate(login.entry().items())
    ]
    block = brk.join(" " * column + line for line in new)
    if after == len(lines) and not _BREAK.search(lines[-1]):
        return text + brk + block  # the text ended without a line break, and still does
    return "".join((*lines[:after], block, brk, *lines[after:]))


def _cut(text: str, index: int) -> str | None:
    found = _list(text)
    if found is None:
        return None
    lines = _lines(text)
    item = found.value[index]
    start = item.start_mark.line
    while start >= 0 and lines[start][found.start_mark.column :][:1] != "-":
        start -= 1  # the dash may stand in a line of its own
    rest = lines[_last_line(item) + 1 :]
    kept = "".join((*lines[: max(start, 0)], *rest))
    if rest or _BREAK.search(lines[-1]):
        return kept
    return _LAST_BREAK.sub("", kept)  # the text ended without a line break, and still does


# ruamel's own output, where there are no lines to work on


def _rewritten_with(text: str, login: Login) -> str:
    yaml = _yaml()
    document = yaml.load(text)
    if document.get(USERS) is None:
        document[USERS] = CommentedSeq()
    document[USERS].append(
        CommentedMap({key: DoubleQuotedScalarString(value) for key, value in login.entry().items()})
    )
    return _dump(yaml, document)


def _rewritten_without(text: str, index: int) -> str:
    yaml = _yaml()
    document = yaml.load(text)
    del document[USERS][index]
    return _dump(yaml, document)


def _yaml() -> YAML:
    yaml = YAML()
    yaml.preserve_quotes = True
    yaml.width = 1 << 20  # a long line is somebody's choice
    return yaml


def _dump(yaml: YAML, document: Any) -> str:
    out = io.StringIO()
    yaml.dump(document, out)
    return out.getvalue()

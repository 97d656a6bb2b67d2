"""The grammar of `/workspace`: text → a typed command, or a usage answer with all that is wrong at once.

Words and `key=value`, no dashes: phones turn `--` into a long dash and quotation marks into curly ones.
Pure, and total: any text whatever gives an answer.
"""

from __future__ import annotations

import re
from collections import deque
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, field
from typing import TypeAlias

from bot.slack.cards import shorten
from provisioner.message import Message, Ref, listed, named
from provisioner.workspace import (
    PROJECT,
    RESERVED,
    WHY_LONGEST,
    Platform,
    WorkspaceSpec,
    dashboard_uid,
    nearest,
    nearest_project,
    problems,
    similar_project,
)

TEXT_LONGEST = 3_000
SUBCOMMANDS = ("create", "status", "list", "delete", "help")
KEYS = ("project", "spec", "desired", "max", "dashboard", "why")
_PAGE = re.compile(r"[1-9]\d{0,5}\Z")
NUMBER = re.compile(r"[+-]?\d{1,6}\Z")

_ECHO_LONGEST = 150
_EQUALS = "＝﹦"
_SAME_LENGTH = str.maketrans(
    {
        **dict.fromkeys("“”„‟«»＂", '"'),
        **dict.fromkeys("‘’‚‛＇", "'"),
        **dict.fromkeys("‐‑‒–—―−－", "-"),
        **dict.fromkeys(_EQUALS, "="),
    }
)
"""One character for one, so that a place in the plain text is the same place in what was typed. Spaces of
all kinds are white space to `re` already."""
INVISIBLE = re.compile("[\u200b-\u200f\u2060\ufeff\u00ad]")
_LINK = re.compile(r"<(https?://[^|<>\s]+)(?:\|[^<>]*)?>")
"""What Slack makes of a typed address."""
_WORD = re.compile(r'(?:[^\s"=]+=)?"[^"]*"|\S+')
_KEY = re.compile(r"-*([^\s\"=]+)=")


@dataclass(frozen=True, slots=True)
class Help:
    """What there is."""


@dataclass(frozen=True, slots=True)
class Create:
    """Open the form, filled with what was typed. `draft` holds field names and texts."""

    draft: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Status:
    """How a workspace is. Without a project, the one that the thread is about."""

    project: str = ""
    live: bool = False


@dataclass(frozen=True, slots=True)
class Delete:
    """Open the form that asks for a workspace to be deleted. Without a project, the one of the thread."""

    project: str = ""


@dataclass(frozen=True, slots=True)
class ListAll:
    """What there is and who asked, so many at a time."""

    page: int = 1


@dataclass(frozen=True, slots=True)
class Usage:
    """Nothing was done. `line` is the command as it would be right, to copy; empty if there is none."""

    typed: str
    problems: tuple[Message, ...]
    line: str = ""
    draft: Mapping[str, str] = field(default_factory=dict)
    form: bool = False  # whether the form helps


Command: TypeAlias = Help | Create | Status | Delete | ListAll | Usage


@dataclass(frozen=True, slots=True)
class _Word:
    plain: str  # with plain quotes, dashes and spaces
    typed: str  # as it was typed


def parse(text: str, platform: Platform, *, dashboards: bool) -> Command:
    """`text` as Slack sends it, after the command's own name. `dashboards`: whether there are any here."""
    typed = unescape(_LINK.sub(r"\1", text)).strip()
    if len(typed) > TEXT_LONGEST:
        what = Message(
            "The command is too long ({n} characters, maximum {limit}). Shorten it or use the form.",
            n=len(typed),
            limit=TEXT_LONGEST,
        )
        return Usage(typed, (what,), form=True)
    words = list(_words(typed))
    if not words:
        return Help()
    name = words[0].plain.lower().lstrip("-/")
    match name:
        case "help":
            return Help()
        case "list":
            return _list(typed, words[1:])
        case "status":
            return _status(typed, words[1:])
        case "delete":
            return _delete(typed, words[1:])
        case "create":
            return _create(typed, words[1:], platform, dashboards=dashboards)
        case _:
            return _unknown(typed, words[0])


def unescape(text: str) -> str:
    """What a person typed, from the text of a command or a message. Forms are not escaped by Slack."""
    return text.replace("&lt;", "<").replace("&gt;", ">").replace("&amp;", "&")


def _words(typed: str) -> Iterator[_Word]:
    plain = typed.translate(_SAME_LENGTH)
    for found in _WORD.finditer(plain):
        said = INVISIBLE.sub("", found.group())
        if said:
            yield _Word(said, typed[found.start() : found.end()])


def _unknown(typed: str, word: _Word) -> Usage:
    near = nearest(word.plain.lower(), list(SUBCOMMANDS))
    what = (
        Message(
            "Unknown command {word}. Did you mean {nearest}?", word=shown(word.typed), nearest=shown(near)
        )
        if near
        else Message(
            "Unknown command {word}. Available commands: {known}.",
            word=shown(word.typed),
            known=_these(SUBCOMMANDS),
        )
    )
    return Usage(typed, (what,), form=near == "create")


def _status(typed: str, words: list[_Word]) -> Command:
    live = any(word.plain.lower() == "live" for word in words)
    named = [word for word in words if word.plain.lower() != "live"]
    if not named:
        return Status(live=live)
    project, wrong = _project(named[0])
    if len(named) > 1:
        extra = shown(" ".join(word.typed for word in named[1:]))
        wrong.append(
            Message(
                "Remove {extra}. Use one project name, then {live} if needed.",
                extra=extra,
                live=shown("live"),
            )
        )
    line = f"status {project} live" if live else f"status {project}"
    return Usage(typed, tuple(wrong), line if project else "") if wrong else Status(project, live)


def _delete(typed: str, words: list[_Word]) -> Command:
    if not words:
        return Delete()
    project, wrong = _project(words[0])
    if len(words) > 1:
        extra = shown(" ".join(word.typed for word in words[1:]))
        wrong.append(Message("Remove {extra}. Use one project name at a time.", extra=extra))
    return Usage(typed, tuple(wrong), f"delete {project}" if project else "") if wrong else Delete(project)


def _list(typed: str, words: list[_Word]) -> Command:
    if not words:
        return ListAll()
    if len(words) == 1 and _PAGE.match(words[0].plain):
        return ListAll(int(words[0].plain))
    said = shown(" ".join(word.typed for word in words))
    what = Message("{said} isn't a page number. Try {example}.", said=said, example=shown("list 2"))
    return Usage(typed, (what,), "list")


def _project(word: _Word) -> tuple[str, list[Message]]:
    """The project that is meant, empty if none can be, and what is wrong with how it was typed."""
    project = _unquoted(word.plain).lower()
    if PROJECT.match(project):
        return project, []
    rule = Message(
        "{word} isn't a valid project name. Use 2 to 20 lowercase letters and digits, starting with a"
        " letter.",
        word=shown(word.typed),
    )
    return similar_project(project), [rule]


def _create(typed: str, words: list[_Word], platform: Platform, *, dashboards: bool) -> Command:
    draft, wrong = _fields(words)
    if "dashboard" in draft and not dashboards:
        del draft["dashboard"]
        wrong.append(
            Message("Grafana dashboards aren't enabled here. Remove {key}.", key=shown("dashboard="))
        )
    if not draft and not wrong:
        return Create()
    spec, unread = read(draft, platform)
    wrong += unread.values()
    # Why is asked in the form; a project that was not typed, too.
    unasked = {*unread, *({"project"} - draft.keys()), *({"why"} - draft.keys())}
    wrong += [problem.message for problem in problems(spec, platform) if problem.field not in unasked]
    if wrong:
        return Usage(typed, tuple(wrong), _create_line(draft, spec, unread, platform), draft, form=True)
    return Create(draft)


def _fields(words: list[_Word]) -> tuple[dict[str, str], list[Message]]:
    """The fields as typed, and what cannot be one. `why` takes all words up to the next key."""
    draft: dict[str, str] = {}
    wrong: list[Message] = []
    left, key = deque(words), ""
    while left:
        word = left.popleft()
        match = _KEY.match(word.plain)
        if match and (key != "why" or match.group(1).lower() in KEYS):
            key = match.group(1).lower()
            value = word.plain[match.end() :]
            if not value and key in KEYS and key != "why" and (apart := _apart(left)):
                value = _value(apart)
                wrong.append(_written_apart(key, value, [word, *apart]))
            wrong += _key_problems(key, match.group(1), value, draft)
            raw = re.split(f"[={_EQUALS}]", word.typed, maxsplit=1)[1] if key == "why" else value
            draft.setdefault(key, _unquoted(raw))
        elif key == "why":
            said = word.typed if draft["why"] else word.typed.lstrip(f"={_EQUALS}")
            draft["why"] = f"{draft['why']} {said}".strip()
        elif "project" not in draft and not word.plain.startswith("-"):
            draft["project"] = _unquoted(word.plain)
        elif (bare := word.plain.strip("-").lower()) in KEYS:
            key = bare
            apart = _apart(left) if key != "why" else []
            wrong.append(_written_apart(key, _value(apart), [word, *apart]))
            wrong += _key_problems(key, key, _value(apart), draft) if apart or key in draft else ()
            draft.setdefault(key, _unquoted(_value(apart)))
        else:
            wrong.append(_stray(word))
    return {name: value for name, value in draft.items() if name in KEYS and value}, wrong


def _key_problems(key: str, typed: str, value: str, draft: Mapping[str, str]) -> Iterator[Message]:
    if key not in KEYS:
        near = nearest(key, list(KEYS))
        yield (
            Message(
                "Unknown option {key}. Did you mean {nearest}?", key=shown(typed), nearest=shown(f"{near}=")
            )
            if near
            else Message(
                "Unknown option {key}. Available options: {known}.", key=shown(typed), known=_these(KEYS)
            )
        )
    elif key in draft:
        yield Message("{key} appears twice. Use it once.", key=shown(f"{key}="))
    elif not _unquoted(value) and key != "why":
        yield Message("{key} has no value.", key=shown(f"{key}="))


def _apart(left: deque[_Word]) -> list[_Word]:
    """Takes the words that are meant as the value of the key before them: `3`, `= 3` or `=3`."""
    taken = [left.popleft()] if left and left[0].plain == "=" else []
    if left and not _KEY.match(left[0].plain) and left[0].plain.strip("-").lower() not in KEYS:
        taken.append(left.popleft())
    return taken


def _value(apart: list[_Word]) -> str:
    return "".join(word.plain for word in apart).removeprefix("=")


def _written_apart(key: str, value: str, words: list[_Word]) -> Message:
    """A key without its `=`, or with a space beside it: its value is kept, and how it is written is told."""
    return Message(
        "Use {right} instead of {word} (no dashes, no space before the value).",
        right=shown(f"{key}={value or '…'}"),
        word=shown(" ".join(word.typed for word in words)),
    )


def _stray(word: _Word) -> Message:
    return Message(
        "Unexpected {word}. After the name, use {example}.",
        word=shown(word.typed),
        example=shown("key=value"),
    )


def read(draft: Mapping[str, str], platform: Platform) -> tuple[WorkspaceSpec, dict[str, Message]]:
    """The spec that a draft means, defaults where it says nothing, and by field what is not a number.

    A field that could not be read holds a number that nothing else complains about.
    """
    spec = draft.get("spec") or platform.usual_spec
    sizes = platform.specs.get(spec)
    unread: dict[str, Message] = {}
    numbers: dict[str, int | None] = {}
    for name, usual in (("desired", sizes.desired if sizes else 1), ("max", sizes.max if sizes else 3)):
        typed = draft.get(name, "").strip()
        numbers[name] = int(typed) if NUMBER.match(typed) else None if typed else usual
        if numbers[name] is None:
            unread[name] = Message(
                "{name} must be a whole number, not {typed}.", name=shown(name), typed=shown(typed)
            )
    desired, most = numbers["desired"], numbers["max"]
    if most is None:
        most = max(1, desired or 0)
    asked = WorkspaceSpec(
        project=draft.get("project", "").strip(),
        spec=spec,
        desired=0 if desired is None else desired,
        max=most,
        dashboard=draft.get("dashboard", "").strip(),
        why=draft.get("why", "").strip(),
    )
    return asked, unread


def _create_line(
    draft: Mapping[str, str], spec: WorkspaceSpec, unread: Collection[str], platform: Platform
) -> str:
    """What was typed, corrected; empty where only the person knows how."""
    typed = spec.project
    project = typed if not typed or PROJECT.match(typed) else similar_project(typed)
    if typed and (not project or project in RESERVED):
        return ""
    size = (
        spec.spec
        if spec.spec in platform.specs
        else (nearest(spec.spec, list(platform.specs)) or platform.usual_spec)
    )
    known = {name: value for name, value in draft.items() if name not in unread}
    numbers, _ = read({**known, "spec": size}, platform)
    most = min(max(numbers.max, 1), 100)
    desired = min(max(numbers.desired, 0), most)
    line = f"create {project or nearest_project('')} spec={size} desired={desired} max={most}"
    if dashboard_uid(spec.dashboard):
        line = f"{line} dashboard={spec.dashboard}"
    short = len(spec.why) <= WHY_LONGEST
    return f"{line} why={draft['why']}" if "why" in draft and short else line


def _unquoted(value: str) -> str:
    text = value.strip()
    if len(text) > 1 and text[0] in "\"'“”„‘’" and text[-1] in "\"'“”‟‘’":
        text = text[1:-1]
    return text.strip()


def _these(names: tuple[str, ...]) -> Message:
    return listed(Message("{name}", name=shown(name)) for name in names)


def shown(text: str) -> Ref:
    """What a person typed, or should: in a code span, never as markup, and not at length."""
    return named(shorten(text, _ECHO_LONGEST))

"""An IAM policy document: read, and edited so that nothing moves but the ARNs of one bucket.

Statements are found by what they say, never by where they stand. Added to is the one statement that allows S3
on listed buckets; removed from is every Allow that lists an ARN. A Deny, a NotAction and a NotResource are
never touched, and neither is a pattern such as `*`: who wrote it meant more than one workspace.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, TypeAlias
from urllib.parse import unquote

from provisioner.message import Message, listed

SIZE_MOST = 6144
"""Characters of a managed policy, its white space not counted: a quota that cannot be raised."""

Statement: TypeAlias = Mapping[str, Any]

_BUCKET = re.compile(r"arn:aws:s3:::(?!\*(/|\Z))")
"""A resource that names buckets; `arn:aws:s3:::*` stands for all that there will ever be."""

_USE = ("s3:getobject", "s3:putobject", "s3:listbucket")
"""Without these a bucket is of no use: `s3:ListAllMyBuckets` on `*` grants none."""

_NOT_SENDABLE = re.compile(r"[^\t\n\r\x20-\xff]")  # IAM's own rule for the text of a document


class Unfit(Exception):
    """It is no policy document, or one that cannot be edited without guessing. `hint`: what to do."""

    def __init__(self, what: Message, *, hint: Message) -> None:
        super().__init__(str(what))
        self.what = what
        self.hint = hint


@dataclass(frozen=True, slots=True)
class PolicyDocument:
    """Equal to another that says the same as JSON. The content is never changed in place."""

    content: Mapping[str, Any]

    @property
    def text(self) -> str:
        """As it is sent: IAM keeps the text as it comes and shows it to people, hence the indentation."""
        return _sendable(json.dumps(self.content, indent=4, ensure_ascii=False))

    @property
    def size(self) -> int:
        """In characters, as IAM counts for `SIZE_MOST`; white space within a value is counted, too."""
        return len(_sendable(json.dumps(self.content, separators=(",", ":"), ensure_ascii=False)))

    @property
    def statements(self) -> tuple[Statement, ...]:
        """IAM takes a single one without a list."""
        found = self.content["Statement"]
        return (found,) if isinstance(found, Mapping) else tuple(found)

    def lists(self, arn: str) -> bool:
        """Whether an Allow lists it, letter by letter."""
        return any(arn in _listed(each) for each in self.statements)

    def with_bucket(self, arns: Sequence[str]) -> PolicyDocument:
        """With each of a bucket's ARNs granted; equal to this one when they are. Raises `Unfit`.

        They stand after all others; of ours, what stood twice stands once.
        """
        candidates = [each for each in self.statements if _lists_buckets(each)]
        if any(_grants(each, arns, candidates) for each in self.statements):
            return self
        if len(candidates) != 1:
            raise self._not_one()
        listed: list[str] = []
        for each in (*_listed(candidates[0]), *arns):
            if each not in arns or each not in listed:
                listed.append(each)
        return self._edited(
            {**each, "Resource": listed} if _lists_buckets(each) else each for each in self.statements
        )

    def without_bucket(self, arns: Sequence[str]) -> PolicyDocument:
        """With none of these in any Allow; equal to this one when there is none. Raises `Unfit`.

        A list that would become empty is refused: IAM takes no statement without a resource.
        """
        edited = []
        for number, statement in enumerate(self.statements):
            listed = _listed(statement)
            kept = [each for each in listed if each not in arns]
            if listed and not kept:
                raise Unfit(
                    Message("{statement} lists no other resources", statement=self._called(number)),
                    hint=Message(
                        "Ask your AWS administrator to list another bucket there or delete that statement."
                    ),
                )
            edited.append(statement if len(kept) == len(listed) else {**statement, "Resource": kept})
        return self._edited(edited)

    def _edited(self, statements: Iterable[Statement]) -> PolicyDocument:
        new = list(statements)
        single = isinstance(self.content["Statement"], Mapping)
        return PolicyDocument({**self.content, "Statement": new[0] if single else new})

    def _not_one(self) -> Unfit:
        found = [self._called(n) for n, each in enumerate(self.statements) if _lists_buckets(each)]
        if found:
            return Unfit(
                Message("several statements allow S3 access to listed buckets: {found}", found=listed(found)),
                hint=Message(
                    "Ask your AWS administrator to merge them, or list the bucket in the right one."
                ),
            )
        return Unfit(
            Message("no statement allows S3 access to listed buckets"),
            hint=Message(
                "Ask your AWS administrator to add a statement that lists the platform's shared bucket."
            ),
        )

    def _called(self, number: int) -> Message:
        sid = self.statements[number].get("Sid")
        if not sid:
            return Message("statement {number}", number=number + 1)
        return Message("statement {number} ({sid})", number=number + 1, sid=str(sid))


def read(raw: str | Mapping[str, Any]) -> PolicyDocument:
    """A document as boto3 decodes it, as JSON, or as JSON with URL encoding. Raises `Unfit`."""
    if isinstance(raw, str):
        try:
            raw = json.loads(raw if raw.lstrip().startswith("{") else unquote(raw))
        except ValueError:
            raise _not_a_policy() from None
    if not isinstance(raw, Mapping):
        raise _not_a_policy()
    found = raw.get("Statement")
    statements = found if isinstance(found, list) else [found]
    if not statements or not all(_is_statement(each) for each in statements):
        raise _not_a_policy()
    return PolicyDocument(raw)


def _is_statement(each: Any) -> bool:
    return (
        isinstance(each, Mapping)
        and each.get("Effect") in ("Allow", "Deny")
        and all(isinstance(text, str) for key in ("Action", "Resource") for text in _texts(each, key))
    )


def _not_a_policy() -> Unfit:
    return Unfit(
        Message("it isn't a policy document"),
        hint=Message("Ask your AWS administrator to restore a valid version of it."),
    )


def _grants(statement: Statement, arns: Sequence[str], candidates: Sequence[Statement]) -> bool:
    """Whether nothing needs to be added because of this statement.

    It lists all of them, or a pattern of it covers them, and then allows no less than the statement that they
    would be added to.
    """
    listed, actions = _listed(statement), _s3_actions(statement)
    if not actions or not all(any(_covers(each, arn) for each in listed) for arn in arns):
        return False
    if set(arns) <= set(listed):
        return True
    match candidates:
        case []:
            return _allows(actions, _USE)
        case [only]:
            same_condition = statement.get("Condition") in (None, only.get("Condition"))
            return same_condition and _allows(actions, _s3_actions(only))
        case _:
            return "Condition" not in statement and _allows(actions, _USE)


def _lists_buckets(statement: Statement) -> bool:
    return bool(_s3_actions(statement)) and any(_BUCKET.match(each) for each in _listed(statement))


def _listed(statement: Statement) -> tuple[str, ...]:
    """What may be edited: the resources of an Allow that says which actions and which resources."""
    if statement["Effect"] != "Allow" or "Action" not in statement:
        return ()
    return _texts(statement, "Resource")


def _s3_actions(statement: Statement) -> tuple[str, ...]:
    """In lower case, as IAM does not look at it."""
    if statement["Effect"] != "Allow":
        return ()
    actions = ("s3:*" if each == "*" else each.lower() for each in _texts(statement, "Action"))
    return tuple(each for each in actions if each.startswith("s3:"))


def _texts(statement: Statement, key: str) -> tuple[Any, ...]:
    """IAM takes one or a list."""
    found = statement.get(key, [])
    return tuple(found) if isinstance(found, list) else (found,)


def _allows(actions: Sequence[str], wanted: Sequence[str]) -> bool:
    return all(any(_covers(each, one) for each in actions) for one in wanted)


def _covers(pattern: str, text: str) -> bool:
    """As IAM compares: `*` is any text, `?` any one character."""
    expression = re.escape(pattern).replace(r"\*", ".*").replace(r"\?", ".")
    return re.fullmatch(expression, text) is not None


def _sendable(text: str) -> str:
    """With the characters that IAM does not take in JSON's own spelling."""
    return _NOT_SENDABLE.sub(lambda found: json.dumps(found[0])[1:-1], text)

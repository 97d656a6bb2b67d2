"""A JSON value under examination, which collects what is wrong with it and where.

Words and pointers are Slack's own: "must be less than 3001 characters
[json-pointer:/blocks/1/text/text]". Lengths count code points.
"""

from collections.abc import Collection, Iterator
from typing import Any

ID_LENGTH = 255
TEXTS = ("plain_text", "mrkdwn")
PLAIN = ("plain_text",)


class Shape:
    def __init__(self, value: Any, pointer: str, complaints: list[str]) -> None:
        self.value = value
        self.pointer = pointer
        self.complaints = complaints

    def complain(self, message: str, name: str = "") -> None:
        where = f"{self.pointer}/{name}" if name else self.pointer
        self.complaints.append(f"{message} [json-pointer:{where}]")

    def at(self, name: str | int) -> "Shape":
        return Shape(self.value[name], f"{self.pointer}/{name}", self.complaints)

    def has(self, name: str) -> bool:
        return isinstance(self.value, dict) and self.value.get(name) is not None

    def get(self, name: str) -> Any:
        return self.value.get(name) if isinstance(self.value, dict) else None

    @property
    def type(self) -> str:
        """The value of `type`; "" when it is missing, which is a complaint."""
        if not isinstance(self.value, dict):
            self.complain("must be an object")
            return ""
        kind = self.value.get("type")
        if not isinstance(kind, str):
            self.complain("missing required field: type")
            return ""
        return kind

    def only(self, *names: str) -> None:
        for name in self.value:
            if name not in names:
                self.complain(f"invalid additional property: {name}")

    def missing(self, name: str, *, required: bool) -> bool:
        if self.has(name):
            return False
        if required:
            self.complain(f"missing required field: {name}")
        return True

    def string(
        self, name: str, most: int, *, least: int = 1, required: bool = False, one_of: Collection[str] = ()
    ) -> None:
        if self.missing(name, required=required):
            return
        value = self.value[name]
        if not isinstance(value, str):
            self.complain("must be a string", name)
        elif len(value) > most:
            self.complain(f"must be less than {most + 1} characters", name)
        elif len(value) < least:
            self.complain(f"must be more than {least - 1} characters", name)
        elif one_of and value not in one_of:
            self.complain("must be a valid enum value", name)

    def flag(self, *names: str) -> None:
        for name in names:
            if self.has(name) and not isinstance(self.value[name], bool):
                self.complain("must be a boolean", name)

    def number(self, name: str, least: int, most: int, *, required: bool = False) -> None:
        if self.missing(name, required=required):
            return
        value = self.value[name]
        if isinstance(value, bool) or not isinstance(value, int):
            self.complain("must be an integer", name)
        elif not least <= value <= most:
            self.complain(f"must be between {least} and {most}", name)

    def items(self, name: str, most: int, *, least: int = 1, required: bool = True) -> Iterator["Shape"]:
        """The members of a list, once its length has been looked at."""
        if self.missing(name, required=required):
            return
        value = self.value[name]
        if not isinstance(value, list):
            self.complain("must be an array", name)
            return
        if len(value) > most:
            self.complain(f"no more than {most} items allowed", name)
        if len(value) < least:
            self.complain(f"must have at least {least} item{'s' if least > 1 else ''}", name)
        members = self.at(name)
        for index in range(len(value)):
            yield members.at(index)

    def child(self, name: str, *, required: bool = False) -> "Shape | None":
        return None if self.missing(name, required=required) else self.at(name)

    def text(
        self, name: str, most: int, *, kinds: tuple[str, ...] = TEXTS, required: bool = False, least: int = 1
    ) -> None:
        inner = self.child(name, required=required)
        if inner is not None:
            text_object(inner, most, kinds=kinds, least=least)

    def ids(self, *names: str, required: bool = False) -> None:
        for name in names:
            self.string(name, ID_LENGTH, least=0, required=required)


def text_object(shape: Shape, most: int, *, kinds: tuple[str, ...] = TEXTS, least: int = 1) -> None:
    kind = shape.type
    if not kind:
        return
    if kind not in kinds:
        shape.complain(f"unsupported type: {kind}", "type")
        return
    shape.only("type", "text", "emoji" if kind == "plain_text" else "verbatim")
    shape.string("text", most, least=least, required=True)
    shape.flag("emoji", "verbatim")


def option(shape: Shape, *, kinds: tuple[str, ...] = PLAIN, url: bool = False) -> None:
    if not isinstance(shape.value, dict):
        shape.complain("must be an object")
        return
    shape.only("text", "value", "description", *(("url",) if url else ()))
    shape.text("text", 75, kinds=kinds, required=True)
    shape.string("value", 150, least=0, required=True)
    shape.text("description", 75, kinds=kinds)
    shape.string("url", 3000)


def confirm(shape: Shape) -> None:
    inner = shape.child("confirm")
    if inner is None:
        return
    if not isinstance(inner.value, dict):
        inner.complain("must be an object")
        return
    inner.only("title", "text", "confirm", "deny", "style")
    inner.text("title", 100, kinds=PLAIN, required=True)
    inner.text("text", 300, required=True)
    inner.text("confirm", 30, kinds=PLAIN, required=True)
    inner.text("deny", 30, kinds=PLAIN, required=True)
    inner.string("style", 10, one_of=("primary", "danger"))

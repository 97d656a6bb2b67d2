"""`make texts`: collects every template of the bot into bot/texts/messages.pot, for translators.

A template is the first argument of `Message(...)`, with `plural` beside it, or the cause or a remedy of a
known failure. Catalogues that are there (bot/texts/<language>.po) get new templates as empty entries and keep
what is translated; what is said no more is dropped.
"""

import ast
import tomllib
from collections.abc import Iterator
from dataclasses import dataclass
from io import BytesIO
from pathlib import Path

from babel.messages.catalog import Catalog
from babel.messages.pofile import read_po, write_po

ROOT = Path(__file__).parent.parent
PACKAGES = ("approvals", "provisioner", "bot")
FOLDER = ROOT / "bot" / "texts"
FAILURES = "provisioner/failures"
TEMPLATE = FOLDER / "messages.pot"
_SENTENCES = ("cause", "remedy", "deletion")  # of a known failure; the last may be left out


@dataclass(frozen=True, slots=True)
class Found:
    file: str
    text: str
    plural: str = ""


def templates(source: str, file: str) -> Iterator[Found]:
    """Every literal template in a Python source."""
    for node in ast.walk(ast.parse(source, file)):
        match node:
            case ast.Call(
                func=ast.Name(id="Message"), args=[ast.Constant(value=str(text)), *_], keywords=keywords
            ):
                plurals = [word.value for word in keywords if word.arg == "plural"]
                plural = next((value.value for value in plurals if isinstance(value, ast.Constant)), "")
                yield Found(file, text, str(plural))


def everything() -> Iterator[Found]:
    for package in PACKAGES:
        for path in sorted((ROOT / package).rglob("*.py")):
            yield from templates(path.read_text(encoding="utf-8"), path.relative_to(ROOT).as_posix())
    for path in sorted((ROOT / FAILURES).glob("*.toml")):
        for failure in tomllib.loads(path.read_text(encoding="utf-8"))["failure"]:
            for sentence in _SENTENCES:
                if sentence in failure:
                    yield Found(path.relative_to(ROOT).as_posix(), failure[sentence])


def collected() -> Catalog:
    """By text, with their files but no line numbers: it changes only when a text does."""
    catalogue = Catalog(project="workspace-bot", fuzzy=False)
    for found in everything():
        key = (found.text, found.plural) if found.plural else found.text
        catalogue.add(key, locations=[(found.file, 0)])
    return catalogue


def written(catalogue: Catalog) -> str:
    file = BytesIO()
    is_template = catalogue.locale is None
    write_po(file, catalogue, omit_header=is_template, sort_output=True, include_lineno=False, width=100)
    return file.getvalue().decode()


def main() -> None:
    catalogue = collected()
    TEMPLATE.write_text(written(catalogue), encoding="utf-8")
    print(f"{TEMPLATE.relative_to(ROOT)}: {len(catalogue)} texts")
    for path in sorted(FOLDER.glob("*.po")):
        with path.open("rb") as file:
            translated = read_po(file, locale=path.stem)
        translated.update(catalogue, no_fuzzy_matching=True)
        translated.obsolete.clear()  # the history has them
        path.write_text(written(translated), encoding="utf-8")
        missing = sum(1 for message in translated if message.id and not message.string)
        print(f"{path.relative_to(ROOT)}: {missing} to translate")


if __name__ == "__main__":
    main()

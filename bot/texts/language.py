"""The catalogues: gettext's .po files, read as they are."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from functools import cache
from gettext import GNUTranslations, NullTranslations
from io import BytesIO
from pathlib import Path

from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po

from provisioner.message import Message, Value

ENGLISH = "en"

_HERE = Path(__file__).parent


class Language:
    """One language."""

    def __init__(self, language: str, catalogue: NullTranslations) -> None:
        self.language = language
        self._catalogue = catalogue

    def template(self, message: Message) -> str:
        """Its template in this language, or in English where there is no translation."""
        if not message.plural:
            return self._catalogue.gettext(message.text)
        n = message.values.get("n")
        return self._catalogue.ngettext(message.text, message.plural, n if isinstance(n, int) else 2)

    def value(self, value: Value) -> str:
        if isinstance(value, datetime):
            return value.astimezone(UTC).strftime("%Y-%m-%d %H:%M UTC")
        return str(value)

    def plain(self, message: Message) -> str:
        """The sentence where nothing can be drawn: dialogs' titles, buttons, notifications, the terminal."""
        return message.render(self)


class Texts:
    """All languages there are: English, and one for each `<language>.po` in the folder."""

    def __init__(self, default: str = ENGLISH, folder: Path = _HERE) -> None:
        found = {path.stem: Language(path.stem, _catalogue(path)) for path in sorted(folder.glob("*.po"))}
        self._words: Mapping[str, Language] = {ENGLISH: Language(ENGLISH, NullTranslations()), **found}
        self._default = self._words[default]

    def for_locale(self, locale: str) -> Language:
        """By a person's locale ("ko-KR") or a language ("ko"); the default where there is no catalogue."""
        return self._words.get(locale.replace("_", "-").split("-")[0].lower(), self._default)


@cache
def _catalogue(path: Path) -> NullTranslations:
    """Entries marked fuzzy are left out, as gettext does: a guess is worse than English."""
    with path.open("rb") as file:
        catalogue = read_po(file, locale=path.stem)
    compiled = BytesIO()
    write_mo(compiled, catalogue)
    compiled.seek(0)
    return GNUTranslations(compiled)

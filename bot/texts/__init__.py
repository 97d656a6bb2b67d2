"""Every sentence in the reader's language. English is the template itself, the others are catalogues."""

from bot.texts.language import Language, Texts
from bot.texts.refusals import refusal

__all__ = ["Language", "Texts", "refusal"]

"""Every sentence in the reader's language. English is the template itself, the others are catalogues."""

from bot.texts.refusals import refusal
from bot.texts.words import Texts, Words

__all__ = ["Texts", "Words", "refusal"]

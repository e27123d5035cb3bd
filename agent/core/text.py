"""Sentences for people, in the two languages of the product."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Sentence:
    """The same statement in Chinese and in English."""

    zh: str
    en: str

    def in_language(self, language: str) -> str:
        """Return the Chinese text for "zh" and its variants, the English one for anything else."""
        return self.zh if language.startswith("zh") else self.en

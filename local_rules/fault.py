"""What is wrong with what a site wants of the rules: where, got, wanted, next step."""

from __future__ import annotations

from collections.abc import Iterable
from difflib import get_close_matches

from agent.core.errors import ConfigError
from agent.core.text import Sentence

_LISTED = 10  # More names than these are not a list that anybody reads.


class RuleFault(ConfigError):
    """A wish that is refused. `where` is the path of tables and keys that leads to it, so that
    whoever has the file can name its line."""

    def __init__(self, where: tuple[str, ...], sentence: Sentence) -> None:
        super().__init__(sentence.en)
        self.where = where
        self.sentence = sentence


def shown(value: object) -> str:
    """Return what was found, short enough for a line of text."""
    try:
        text = repr(value)
    except ValueError:  # A whole number of thousands of digits has no text.
        return "a number of thousands of digits"
    return text if len(text) <= 60 else f"{text[:57]}..."


def known(names: Iterable[str], given: str) -> str:
    """Return what was wanted in place of `given`: all names, or of many those that look like it,
    or the first of them."""
    every = list(names)
    found = every
    if len(every) > _LISTED:
        found = get_close_matches(given, every, n=3) or every[:_LISTED]
    return ", ".join(found) + (", ..." if len(found) < len(every) else "")

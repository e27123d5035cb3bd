"""Writes the word list of the page for nurses from the words that the parser knows."""

from __future__ import annotations

from collections.abc import Iterable

from agent.core.text import Sentence
from tests.scenarios.words import (
    DOES,
    PEOPLE,
    PRESENCES,
    ROOMS,
    SAYINGS,
    STATES,
    THINGS,
    TURNS,
    UNITS_S,
)


def as_markdown() -> str:
    """Return the lists: English beside Chinese, a table a kind of word."""
    usual = {key for key, thing in THINGS.items() if thing.usual}
    things = (
        Sentence(thing.words.zh, thing.words.en + ("" if key not in usual else " *"))
        for key, thing in THINGS.items()
    )
    parts = (
        ("Rooms", ROOMS),
        ("Things (* the usual home has it)", things),
        ("What things tell", (saying.words for saying in SAYINGS)),
        ("What the house goes through", (words for _, words in TURNS)),
        ("Who answers", PEOPLE),
        ("Expected of things that are moved", (words for _, words in DOES)),
        ("States of an alarm", STATES.values()),
        ("Who is at home, as the hub believes", PRESENCES.values()),
    )
    units = ", ".join(f"`{unit}`" for unit in UNITS_S)
    return "\n".join([*(_table(*part) for part in parts), f"Spans of time: {units}.", ""])


def _table(heading: str, words: Iterable[Sentence]) -> str:
    rows = [f"| `{one.en}` | `{one.zh}` |".replace(" *` |", "` * |") for one in words]
    return "\n".join([f"| {heading} | |", "|---|---|", *rows, ""])

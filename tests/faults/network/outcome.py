"""How a scenario is played, and what it found."""

from __future__ import annotations

import random
from dataclasses import dataclass, field
from pathlib import Path

Facts = dict[str, float | int | list[int]]


@dataclass(slots=True)
class Outcome:
    """What one scenario found. No fault, no complaint."""

    name: str
    faults: list[str]
    facts: Facts = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Play:
    """How to play: where, with which luck, and how much of it."""

    folder: Path
    rng: random.Random
    cuts: int = 30

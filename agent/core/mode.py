"""How the home is being lived in, as people say it: for records and for comfort, never for safety.

No rule of severity S1 may read the mode: an SOS, smoke, gas or CO counts the same in an empty home.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class Mode(StrEnum):
    """What people have said of the home."""

    HOME = "home"
    AWAY = "away"


AWAY_MAX_S = 90 * 86_400.0
"""Nobody is away for longer without saying so again: a forgotten "away" must end by itself."""


@dataclass(frozen=True, slots=True)
class ModeSet:
    """The mode and who set it. An AWAY ends at hub time `until_s`, which was told as the wall time
    `until_wall_s`; both are 0 for HOME."""

    mode: Mode = Mode.HOME
    by: str = ""
    until_s: float = 0.0
    until_wall_s: float = 0.0

    def is_over(self, at_s: float) -> bool:
        """Return whether it has ended by itself at hub time `at_s`."""
        return self.mode is Mode.AWAY and at_s >= self.until_s

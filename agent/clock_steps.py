"""Notices that the wall clock was set, and says which rows of the past that makes wrong.

Owns the comparison of two stamps. Knows nothing of who sets clocks or who keeps rows.
"""

from __future__ import annotations

from dataclasses import dataclass

from agent.core.clock import Stamp, TimeQuality

STEP_S = 0.5
"""A difference below this is the drift of a cheap quartz between two looks, and NTP's slewing."""


@dataclass(frozen=True, slots=True)
class ClockStep:
    """The wall clock went forward by `delta_ms` (back, if negative) between two looks.

    `corrects`: before, nobody vouched for the clock, now NTP or GSM does. Rows of this boot from
    before are wrong by `delta_ms`.
    """

    delta_ms: int
    before: TimeQuality
    after: TimeQuality
    corrects: bool


class ClockSteps:
    """Compares each look at the clock with the one before."""

    def __init__(self, first: Stamp) -> None:
        self._last = first

    def look(self, now: Stamp) -> ClockStep | None:
        """Return what happened to the wall clock since the last look, None when it just went on."""
        last, self._last = self._last, now
        passed_s = (now.mono_ms - last.mono_ms) / 1000
        delta_s = now.wall_s - (last.wall_s + passed_s)
        vouched = now.quality is TimeQuality.SYNCED and last.quality is not TimeQuality.SYNCED
        if abs(delta_s) < STEP_S and not vouched:
            return None
        return ClockStep(round(delta_s * 1000), last.quality, now.quality, corrects=vouched)

"""A clock that tests turn by hand."""

from __future__ import annotations

from agent.core.clock import BootId, Stamp, TimeQuality


class HandClock:
    """Shows the time it was set to."""

    def __init__(self, at_s: float = 1000.0, wall_s: float = 1_795_000_000.0) -> None:
        self.at_s = at_s
        self.wall_s = wall_s
        self.boot_id = BootId("boot-1")
        self.quality = TimeQuality.SYNCED

    def now(self) -> Stamp:
        """Return the set time."""
        return Stamp(self.at_s, int(self.at_s * 1000), self.boot_id, self.wall_s, self.quality)

    def advance(self, seconds: float) -> None:
        """Let time pass."""
        self.at_s += seconds
        self.wall_s += seconds

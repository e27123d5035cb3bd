"""The hub's clock in a play: it can be cut off, lose the time of day and be put right again.

Owns what a stamp says at each second of the play. The play's own seconds are the true ones.
"""

from __future__ import annotations

from agent.core.clock import BootId, Stamp, TimeQuality

FIRST_AT_S = 1_000_000.0
"""Hub time at which a play begins: a hub that has run for a while."""


class HouseClock:
    """Turns a second of the play into the stamp of the hub, and back."""

    def __init__(self, begins_s: float, *, known: bool) -> None:
        self._begins_s = begins_s
        self._at_base_s = FIRST_AT_S
        self._boot_s = 0.0
        self._boots = 1
        self._wrong_by_s = 0.0
        self._known = True
        if not known:
            self.lose(0.0)

    def stamp(self, second: float) -> Stamp:
        """Return what the hub's clock says at `second` of the play."""
        return Stamp(
            at_s=self._at_base_s + second,
            mono_ms=round((second - self._boot_s) * 1000),
            boot_id=BootId(f"boot-{self._boots}"),
            wall_s=self._begins_s + second + self._wrong_by_s,
            quality=TimeQuality.SYNCED if self._known else TimeQuality.UNKNOWN,
        )

    def second_of(self, stamp: Stamp) -> float:
        """Return the second of the play at which the hub stamped so, in the present boot."""
        return stamp.at_s - self._at_base_s

    def boot(self, stopped: Stamp, second: float) -> Stamp:
        """Begin a new boot at `second`. While the time is known, hub time goes on by the time that
        the hub was off; otherwise nobody knows how long that was, and it goes on where it stopped.
        """
        self._boots += 1
        self._boot_s = second
        if not self._known:
            self._at_base_s = stopped.at_s - second
        return self.stamp(second)

    def lose(self, second: float) -> None:
        """Begin at 1970 again, as a board without a battery does."""
        self._known = False
        self._wrong_by_s = -(self._begins_s + second)

    def find(self) -> None:
        """Know the true time again."""
        self._known = True
        self._wrong_by_s = 0.0

    def jump(self, by_s: float) -> None:
        """Let the wall clock be set wrong, and be believed."""
        self._wrong_by_s += by_s

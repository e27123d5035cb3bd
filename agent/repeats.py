"""Tells a retransmitted radio frame from a new one, also over a restart.

Owns the window in time. Knows nothing of what a frame means: a repeat is flagged, never swallowed
here.
"""

from __future__ import annotations

from collections import OrderedDict

from agent.core.limits import REPEAT_WINDOW_S
from agent.core.reading import Reading

_Key = tuple[str, str, str, str]
_MAX_KEYS = 4_096  # More than a storm of 100 devices sends in the window.


class Repeats:
    """The frames of the last seconds, each with the seq of the row it made."""

    def __init__(self) -> None:
        self._seen: OrderedDict[_Key, tuple[int, float]] = OrderedDict()

    def seq_of(self, reading: Reading) -> int | None:
        """Return the seq of the row that the same frame made within the window, None if it is
        new."""
        if reading.frame is None:
            return None
        found = self._seen.get(_key(reading))
        if found is None or reading.received.at_s - found[1] > REPEAT_WINDOW_S:
            return None
        return found[0]

    def remember(self, reading: Reading, seq: int) -> None:
        """Take note that `reading` made row `seq`."""
        self.restore(_key(reading), seq, reading.received.at_s)

    def restore(self, key: _Key, seq: int, at_s: float) -> None:
        """Take note of a row that the journal remembers: (device, quantity, channel, frame)."""
        if not key[3]:
            return
        self._seen[key] = (seq, at_s)
        self._seen.move_to_end(key)
        while len(self._seen) > _MAX_KEYS:
            self._seen.popitem(last=False)


def _key(reading: Reading) -> _Key:
    return (reading.device, reading.quantity, reading.channel, reading.frame or "")

"""The timers that rules have asked for: one heap on the hub's own timeline.

Owns when a timer is due. Knows nothing of what it is for. Calls back in the event loop.
"""

from __future__ import annotations

import asyncio
import heapq
from collections.abc import Callable

from agent.core.clock import Clock
from agent.core.event import WakeKey

_LONGEST_SLEEP_S = 3600.0  # Looks again each hour: a suspended board may have slept through.


class Timers:
    """Set, moved and cancelled by key; `due(key, due_s)` is called once for each that comes due."""

    def __init__(self, clock: Clock, due: Callable[[WakeKey, float], None]) -> None:
        self._clock = clock
        self._due = due
        self._by_key: dict[WakeKey, float] = {}
        self._heap: list[tuple[float, WakeKey]] = []
        self._handle: asyncio.TimerHandle | None = None

    def set(self, key: WakeKey, due_s: float) -> None:
        """Let `key` be due at hub time `due_s`, instead of when it was due before."""
        self._by_key[key] = due_s
        heapq.heappush(self._heap, (due_s, key))
        self._arm()

    def cancel(self, key: WakeKey) -> None:
        """Forget `key`."""
        self._by_key.pop(key, None)

    def _arm(self) -> None:
        if self._handle is not None:
            self._handle.cancel()
            self._handle = None
        while self._heap and self._by_key.get(self._heap[0][1]) != self._heap[0][0]:
            heapq.heappop(self._heap)
        if self._heap:
            wait_s = max(0.0, self._heap[0][0] - self._clock.now().at_s)
            loop = asyncio.get_running_loop()
            self._handle = loop.call_later(min(wait_s, _LONGEST_SLEEP_S), self.look)

    def look(self) -> None:
        """Deliver what is due now; also to be called when the clock may have moved."""
        now_s = self._clock.now().at_s
        try:
            while self._heap and self._heap[0][0] <= now_s:
                due_s, key = heapq.heappop(self._heap)
                if self._by_key.get(key) == due_s:
                    del self._by_key[key]
                    self._due(key, due_s)
        finally:
            self._arm()  # One timer that fails must not keep the others from coming due.

"""An event loop that does not wait: when nothing is left to do, its time goes on to the next timer.

For tests of what takes seconds or minutes. Files and sockets are served as ever; a wait for another
thread or process is not shortened, so such tests use the ordinary loop.
"""

from __future__ import annotations

import asyncio
import selectors
from collections.abc import Callable, Coroutine
from typing import Any, TypeVar

from agent.core.clock import BootId, Stamp, TimeQuality

T = TypeVar("T")


class _Selector(selectors.DefaultSelector):
    """Looks, and skips the time that it was told to wait."""

    def __init__(self) -> None:
        super().__init__()
        self.skipped_s = 0.0

    def select(self, timeout: float | None = None) -> list[tuple[selectors.SelectorKey, int]]:
        """Return what is ready; with nothing ready, let `timeout` have passed."""
        if timeout is None:
            return super().select(None)
        found = super().select(0)
        if not found:
            self.skipped_s += max(0.0, timeout)
        return found


class QuickLoop(asyncio.SelectorEventLoop):
    """The loop. Its `time()` is real time and what was skipped."""

    def __init__(self) -> None:
        self._quick = _Selector()
        super().__init__(self._quick)

    def time(self) -> float:
        """Return the loop's own time."""
        return super().time() + self._quick.skipped_s


class LoopClock:
    """A hub clock that shows the time of the running loop."""

    def now(self) -> Stamp:
        """Return the present instant."""
        at_s = asyncio.get_running_loop().time()
        boot = BootId("boot-1")
        return Stamp(at_s, int(at_s * 1000), boot, 1_795_000_000 + at_s, TimeQuality.SYNCED)


def quickly(test: Callable[[], Coroutine[Any, Any, T]]) -> T:
    """Run one coroutine function to its end without waiting."""
    with asyncio.Runner(loop_factory=QuickLoop) as runner:
        return runner.run(test())

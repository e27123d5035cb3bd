"""The hub's real clock: the only place that asks the operating system what time it is.

Owns the hub's own timeline (`Stamp.at_s`), which goes on over restarts, and the promise that wall
time never goes back from one boot to the next. Knows nothing of who stores the last known time.
"""

from __future__ import annotations

import ctypes
import json
import math
import time
from dataclasses import dataclass
from pathlib import Path

from agent.core.clock import BootId, Stamp, TimeQuality

_BOOT_ID = Path("/proc/sys/kernel/random/boot_id")
_TIME_ERROR = 5  # adjtimex(2): the clock is not synchronised.
EARLIEST_WALL_S = 1_735_689_600.0  # 2025-01-01: a clock before the product existed is not set.


@dataclass(frozen=True, slots=True)
class LastTime:
    """What the journal remembers of time: the stamp of a moment before this process began."""

    at_s: float
    mono_ms: int
    boot_id: str
    wall_s: float

    def encode(self) -> str:
        """Return the JSON text that `decode` takes."""
        return json.dumps([self.at_s, self.mono_ms, self.boot_id, self.wall_s])

    @classmethod
    def decode(cls, text: str) -> LastTime | None:
        """Return the remembered time, or None when the text is not one."""
        try:
            at_s, mono_ms, boot_id, wall_s = json.loads(text)
            found = cls(float(at_s), int(mono_ms), str(boot_id), float(wall_s))
        except (ValueError, TypeError, OverflowError):
            return None
        return found if math.isfinite(found.at_s) and math.isfinite(found.wall_s) else None

    @classmethod
    def of(cls, stamp: Stamp) -> LastTime:
        """Return what is to be remembered of `stamp`."""
        return cls(stamp.at_s, stamp.mono_ms, stamp.boot_id, stamp.wall_s)


class SystemClock:
    """Stamps from CLOCK_BOOTTIME and CLOCK_REALTIME, continued from the last known time.

    In the same boot the timeline goes on exactly. After another boot it goes on by the wall time
    that has passed, if the wall clock is ahead of the remembered one, else from where it stopped.
    """

    def __init__(self, last: LastTime | None = None) -> None:
        self._boot_id = BootId(_BOOT_ID.read_text().strip())
        mono_s = time.clock_gettime(time.CLOCK_BOOTTIME)
        wall_s = time.clock_gettime(time.CLOCK_REALTIME)
        self._base_s = 0.0
        self._wall_floor_s = 0.0
        self._mono_at_start_s = mono_s
        if last is not None and last.boot_id == self._boot_id:
            self._base_s = last.at_s - last.mono_ms / 1000.0
            # What an earlier process of this boot restored holds on (its milliseconds are cut off).
            self._wall_floor_s = last.wall_s + max(0.0, mono_s - (last.mono_ms + 1) / 1000.0)
        elif last is not None:
            self._base_s = last.at_s + max(0.0, wall_s - last.wall_s) - mono_s
            self._wall_floor_s = last.wall_s
        self._hardware_clock = Path("/dev/rtc0").exists()

    def now(self) -> Stamp:
        """Return the present instant."""
        mono_s = time.clock_gettime(time.CLOCK_BOOTTIME)
        wall_s = time.clock_gettime(time.CLOCK_REALTIME)
        quality = self._quality(wall_s)
        restored_s = self._wall_floor_s + (mono_s - self._mono_at_start_s)
        if wall_s < restored_s and quality is not TimeQuality.SYNCED:
            wall_s, quality = restored_s, TimeQuality.RESTORED
        return Stamp(
            at_s=self._base_s + mono_s,
            mono_ms=int(mono_s * 1000),
            boot_id=self._boot_id,
            wall_s=wall_s,
            quality=quality,
        )

    def _quality(self, wall_s: float) -> TimeQuality:
        if _kernel_clock_is_synced():
            return TimeQuality.SYNCED
        if wall_s < EARLIEST_WALL_S:
            return TimeQuality.UNKNOWN
        return TimeQuality.RTC if self._hardware_clock else TimeQuality.UNKNOWN


class _Timex(ctypes.Structure):
    """struct timex of adjtimex(2), as far as a query with modes = 0 needs its size."""

    _fields_ = (("modes", ctypes.c_uint), ("rest", ctypes.c_char * 256))


_libc = ctypes.CDLL(None, use_errno=True)


def _kernel_clock_is_synced() -> bool:
    """Return whether the kernel says that something (NTP, GSM) disciplines its clock."""
    answer: int = _libc.adjtimex(ctypes.byref(_Timex(modes=0)))
    return 0 <= answer < _TIME_ERROR

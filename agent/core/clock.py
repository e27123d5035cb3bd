"""Time as a value: what a clock said when something happened, and how far it may be trusted.

A hub has no reliable wall clock: many boards lose it with the mains. So every stamp carries three
times:
`at_s` for decisions, `mono_ms` with `boot_id` for evidence, `wall_s` with `quality` for people.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import NewType, Protocol

BootId = NewType("BootId", str)


class TimeQuality(StrEnum):
    """How the wall clock came by its value, best first."""

    SYNCED = "synced"  # Disciplined by NTP or GSM in this boot.
    RTC = "rtc"  # Read from a battery-backed clock.
    RESTORED = "restored"  # Last known time, carried over a restart: never earlier than it was.
    UNKNOWN = "unknown"  # Could be any year.


@dataclass(frozen=True, slots=True)
class Stamp:
    """One instant, as the hub saw it.

    Units:  `at_s` seconds on the hub's own timeline: monotonic, and it goes on after a restart
            where it stopped (or later, by the time that is known to have passed). All deadlines
            are in this time.
            `mono_ms` milliseconds since `boot_id` began. `wall_s` seconds since 1970-01-01 UTC.
    """

    at_s: float
    mono_ms: int
    boot_id: BootId
    wall_s: float
    quality: TimeQuality


class Clock(Protocol):
    """Where stamps come from. The shell has a real one, tests have one they can turn."""

    def now(self) -> Stamp:
        """Return the present instant."""
        ...

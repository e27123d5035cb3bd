"""How much guard writes to its card in a day, and how long the card may last.

Counts what the kernel says that this process has caused to be written to a block device
(`write_bytes` of /proc/self/io: pages made dirty; tmpfs is not in it, nor is the file system's own
journal). A card wears by more than that, because it erases far more than the page that changed.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from itertools import islice
from pathlib import Path

KEPT_DAYS = 21
"""Days that are remembered. Their text stays below a quarter of a database page: beyond that each
minute's update would write further pages, and the measuring would wear what it measures."""

SMALL_WRITE_FACTOR = 8.0
"""What a card wears for each byte of small synchronous writes (unverified: confirm on the card in
use; figures between 2 and 30 are published)."""

MEASURED_AT_LEAST_S = 3600.0
"""Less than this says nothing about a day."""

DAY_S = 86_400.0
_TB = 1e12
_DAYS_A_YEAR = 365.25
_IO = Path("/proc/self/io")


@dataclass(frozen=True, slots=True)
class Day:
    """Bytes written and seconds measured."""

    bytes: int = 0
    seconds: float = 0.0


@dataclass(frozen=True, slots=True)
class Written:
    """The days as they came: ISO date of the hub's wall clock -> what was written."""

    days: Mapping[str, Day] = field(default_factory=dict)

    def after(self, day: str, *, more_bytes: int, more_s: float) -> Written:
        """Return the same with more written on `day`; the oldest day is forgotten in time."""
        before = self.days.get(day, Day())
        days = {**self.days, day: Day(before.bytes + more_bytes, before.seconds + more_s)}
        return Written(dict(islice(days.items(), max(0, len(days) - KEPT_DAYS), None)))

    def encode(self) -> str:
        """Return the JSON text that `decode` takes."""
        return json.dumps({day: [one.bytes, round(one.seconds)] for day, one in self.days.items()})

    @classmethod
    def decode(cls, text: str) -> Written:
        """Return the remembered days; a text that is none of ours is no day at all.

        >>> Written.decode('{"2026-11-23": [4096, 60]}').days
        {'2026-11-23': Day(bytes=4096, seconds=60.0)}
        >>> Written.decode("rubbish").days
        {}
        """
        try:
            found = json.loads(text)
            return cls({str(day): Day(int(b), float(s)) for day, (b, s) in found.items()})
        except (ValueError, TypeError, AttributeError, OverflowError):
            return cls()

    def per_day(self) -> float | None:
        """Return the bytes of an average day, None before enough of one was measured."""
        seconds = sum(day.seconds for day in self.days.values())
        if seconds < MEASURED_AT_LEAST_S:
            return None
        return sum(day.bytes for day in self.days.values()) / seconds * DAY_S


def card_years(per_day: float, card_tbw: float) -> float:
    """Return how many years a card lasts that takes `card_tbw` TB, at `per_day` bytes a day.

    >>> round(card_years(512e6, 10.0), 1)
    6.7
    """
    return card_tbw * _TB / (max(per_day, 1.0) * SMALL_WRITE_FACTOR) / _DAYS_A_YEAR


def bytes_written() -> int:
    """Return how many bytes this process has caused to be written so far, 0 when the kernel does
    not say."""
    try:
        lines = _IO.read_text(encoding="ascii").splitlines()
        return next(int(line.split()[1]) for line in lines if line.startswith("write_bytes:"))
    except (OSError, ValueError, StopIteration):
        return 0

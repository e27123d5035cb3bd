"""What came of the demo: pure sums over what was seen."""

from __future__ import annotations

import statistics
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any


@dataclass(slots=True)
class Seen:
    """One alarm on its way. Times are nanoseconds of the machine's monotonic clock.

    `sent_ns` when the device's last byte was on the wire, `siren_ns` when the siren's command had
    been read from it.
    """

    name: str
    device: str
    online: bool
    at_s: float
    sent_ns: int
    siren_ns: int | None = None
    alarm: str = ""
    platform_ns: int | None = None
    acked_ns: int | None = None
    historical: bool = False

    def after_ms(self, ns: int | None) -> float | None:
        """Return how long after the device spoke something happened."""
        return None if ns is None else round((ns - self.sent_ns) / 1e6, 1)


Key = tuple[str, int]  # journal_id, seq: with the hub's name the identity of a row.


@dataclass(slots=True)
class Outcome:
    """Everything that is counted at the end. `raised` is one entry an alarm that was raised."""

    alarms: list[Seen] = field(default_factory=list)
    sent: set[Key] = field(default_factory=set)
    received: list[Key] = field(default_factory=list)
    copies: int = 0
    raised: list[str] = field(default_factory=list)

    @property
    def lost(self) -> int:
        """Return how many rows of the journal the platform does not have."""
        return len(self.sent - set(self.received))

    @property
    def doubled(self) -> int:
        """Return what the platform has more than once, or that never was: by the row's number, and
        by what really happened in the home."""
        rows = len(self.received) - len(set(self.received) & self.sent)
        return rows + max(0, len(self.raised) - len(self.alarms))

    @property
    def again(self) -> int:
        """Return how many rows came once more over the wire and were recognised."""
        return self.copies - len(self.received)

    def faults(self) -> list[str]:
        """Return what should not be; empty is success."""
        found = [f"{self.lost} lost"] if self.lost else []
        found += [f"{self.doubled} doubled"] if self.doubled else []
        for seen in self.alarms:
            if seen.siren_ns is None:
                found.append(f"{seen.name}: no siren")
            if seen.platform_ns is None:
                found.append(f"{seen.name}: not at the platform")
            if seen.acked_ns is None:
                found.append(f"{seen.name}: not acknowledged")
            if seen.historical == seen.online:
                found.append(f"{seen.name}: wrongly marked as {_mark(seen.historical)}")
        return found

    def as_json(self) -> dict[str, Any]:
        """Return the figures for programs."""
        sirens = siren_ms(self.alarms)
        return {
            "alarms": [
                {
                    "name": seen.name,
                    "alarm": seen.alarm,
                    "online": seen.online,
                    "historical": seen.historical,
                    "siren_ms": seen.after_ms(seen.siren_ns),
                    "platform_ms": seen.after_ms(seen.platform_ns),
                    "acknowledged_ms": seen.after_ms(seen.acked_ns),
                }
                for seen in self.alarms
            ],
            "sent": len(self.sent),
            "received": len(self.received),
            "lost": self.lost,
            "doubled": self.doubled,
            "sent_again": self.again,
            "siren_ms_p50": round(statistics.median(sirens), 1) if sirens else None,
            "siren_ms_max": max(sirens, default=None),
            "faults": self.faults(),
        }


def siren_ms(alarms: Sequence[Seen]) -> list[float]:
    """Return the times to the siren of those alarms that had one."""
    return [took for seen in alarms if (took := seen.after_ms(seen.siren_ns)) is not None]


def _mark(historical: bool) -> str:
    return "historical" if historical else "live"

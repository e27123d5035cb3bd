"""What the pure part of the hub consumes, one at a time and in order."""

from __future__ import annotations

from dataclasses import dataclass
from typing import NewType

from agent.core.clock import Stamp
from agent.core.command import Command
from agent.core.device import PowerClass
from agent.core.reading import Reading

WakeKey = NewType("WakeKey", str)
"""Names a timer: `rule/subject/what`. Asking again with the same key moves the timer."""


@dataclass(frozen=True, slots=True)
class Observed:
    """A device spoke. `repeat_of` is the seq of the row that the same radio frame already made, if
    any. `room`, `name` and `power` are where the device is, what it is called and how it is powered
    by the ledger, as far as that knows."""

    reading: Reading
    repeat_of: int | None = None
    room: str = ""
    name: str = ""
    power: PowerClass = PowerClass.UNKNOWN

    @property
    def stamp(self) -> Stamp:
        """Return when the hub heard it."""
        return self.reading.received


@dataclass(frozen=True, slots=True)
class Woken:
    """A timer that a rule asked for is due. `due_s` is the hub time it was set for; `stamp` is
    now."""

    key: WakeKey
    due_s: float
    stamp: Stamp


@dataclass(frozen=True, slots=True)
class Commanded:
    """A person or the platform asks."""

    command: Command
    stamp: Stamp


@dataclass(frozen=True, slots=True)
class Scheduled:
    """A calendar job is due."""

    job: str
    stamp: Stamp


Event = Observed | Woken | Commanded | Scheduled

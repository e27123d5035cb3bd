"""What a recorded home is made of: the moments of a trace, in order, from whatever file."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

from agent.core.alarm import RuleId
from agent.core.clock import Stamp
from agent.core.command import AckAlarm, Caller, ResolveAlarm
from agent.core.device import DeviceId
from agent.core.event import Observed
from agent.replay.home import RecordedHome

LISTED = 20
"""Bad lines that are told one by one; all are counted."""


@dataclass(frozen=True, slots=True)
class Started:
    """The hub began anew."""

    stamp: Stamp


@dataclass(frozen=True, slots=True)
class DrillEnded:
    """A drill with a device is over."""

    device: DeviceId
    stamp: Stamp


@dataclass(frozen=True, slots=True)
class Answered:
    """A person answered the alarm of `rule` for `subject`; `cause` is of one that is resolved."""

    rule: RuleId
    subject: str
    drill: bool
    caller: Caller
    stamp: Stamp
    cause: str | None


Moment = Observed | Started | DrillEnded | Answered


@dataclass(slots=True)
class Read:
    """What was found on the way through a trace.

    `lines` read so far, `readings` of them played; `bad` and the first of them; `unmapped` devices
    of which nothing says where they are, with how often they spoke; `thinned` readings of which the
    journal has only hourly figures left. Times are wall seconds.
    """

    lines: int = 0
    readings: int = 0
    bad: int = 0
    faults: list[tuple[int, str]] = field(default_factory=list)
    unmapped: Counter[str] = field(default_factory=Counter)
    thinned: int = 0
    first_s: float | None = None
    last_s: float | None = None

    def skip(self, line: int, says: str) -> None:
        """Note a line that is left out."""
        self.bad += 1
        if len(self.faults) < LISTED:
            self.faults.append((line, says))

    def played(self, stamp: Stamp) -> None:
        """Note a reading that is played."""
        self.readings += 1
        if self.first_s is None:
            self.first_s = stamp.wall_s
        self.last_s = stamp.wall_s


class BadRow(ValueError):
    """A row of a record that cannot be played: got and wanted."""


def play(moments: Iterable[Moment], homes: Iterable[RecordedHome]) -> Iterator[None]:
    """Play every moment to each of the homes; yields after each, for those who wait."""
    every = tuple(homes)
    for moment in moments:
        if isinstance(moment, Observed):
            for home in every:
                home.take(moment)
        else:
            for home in every:
                _play(moment, home)
        yield


def _play(moment: Started | DrillEnded | Answered, home: RecordedHome) -> None:
    match moment:
        case Started(stamp):
            home.restart(stamp)
        case DrillEnded(device, stamp):
            home.end_drills(device, stamp)
        case Answered():
            alarm = home.open_alarm(moment.rule, moment.subject, drill=moment.drill)
            if alarm is None:
                return  # These rules have not raised it, or it is over.
            if moment.cause is None:
                home.answer(AckAlarm(alarm.id, moment.caller), moment.stamp)
            else:
                home.answer(ResolveAlarm(alarm.id, moment.caller, moment.cause), moment.stamp)

"""Readings, timers and a home in miniature for the tests of the rules."""

from __future__ import annotations

from dataclasses import dataclass, field

from agent.core.alarm import Severity
from agent.core.clock import BootId, Stamp, TimeQuality
from agent.core.device import DeviceId
from agent.core.effect import CancelWake, Effect, RaiseAlarm, RestoreAlarm, WakeAt
from agent.core.event import Event, Observed, WakeKey, Woken
from agent.core.reading import Quantity, Reading, Value
from local_rules.catalog import ROWS
from local_rules.engine import EngineState, resume, step
from local_rules.rule import RuleBook

DEVICE = DeviceId("zb:00124b0001020304")


def all_but(*patterns: str) -> list[str]:
    """Return the rules of other patterns than these, for a book without them. S1 rules stay: what
    they watch is not what the tests of other patterns say."""
    return [
        str(row.id)
        for row in ROWS
        if row.pattern.name not in patterns and row.severity is not Severity.S1
    ]


def stamp(at_s: float) -> Stamp:
    """Return hub time `at_s` in the one boot of these tests."""
    return Stamp(at_s, int(at_s * 1000), BootId("boot-1"), 1_795_000_000 + at_s, TimeQuality.SYNCED)


def says(
    quantity: Quantity,
    value: Value,
    at_s: float,
    *,
    channel: str = "",
    repeat_of: int | None = None,
    drill: bool = False,
    device: DeviceId = DEVICE,
    detail: str = "",
    asked: bool = False,
    room: str = "",
) -> Observed:
    """Return the event that `device` says `value` at hub time `at_s`."""
    reading = Reading(
        device, quantity, value, stamp(at_s), channel, detail=detail, drill=drill, asked=asked
    )
    return Observed(reading, repeat_of, room)


def woken(key: str, at_s: float) -> Woken:
    """Return the event that the timer `key` rings at hub time `at_s`."""
    return Woken(WakeKey(key), at_s, stamp(at_s))


@dataclass
class Home:
    """Runs the engine with timers that ring on time, and keeps what it asked for."""

    book: RuleBook
    state: EngineState = field(default_factory=EngineState)
    timers: dict[WakeKey, float] = field(default_factory=dict)
    done: list[tuple[float, Effect]] = field(default_factory=list)

    def take(self, event: Event) -> tuple[Effect, ...]:
        """Let time pass up to `event`, then take it; return what it alone asked for."""
        self.wait_until(event.stamp.at_s)
        return self._take(event)

    def wait_until(self, at_s: float) -> None:
        """Let every timer ring that is due by `at_s`, in order."""
        while self.timers:
            key = min(self.timers, key=self.timers.__getitem__)
            due_s = self.timers[key]
            if due_s > at_s:
                return
            del self.timers[key]
            self._take(Woken(key, due_s, stamp(due_s)))

    def restart(self, state: EngineState, at_s: float) -> None:
        """Lose all but `state`, and come back at hub time `at_s`."""
        made = resume(state, stamp(at_s), self.book)
        self.state, self.timers = made.state, {}
        self._carry_out(at_s, made.effects)

    def alarms(self) -> list[tuple[float, str]]:
        """Return what became of alarms: when, and whether raised or restored, for which subject."""
        told = []
        for at_s, effect in self.done:
            if isinstance(effect, RaiseAlarm):
                told.append((at_s, f"raise {effect.subject}"))
            elif isinstance(effect, RestoreAlarm):
                told.append((at_s, f"restore {effect.subject}"))
        return told

    def _take(self, event: Event) -> tuple[Effect, ...]:
        made = step(self.state, event, self.book)
        self.state = made.state
        self._carry_out(event.stamp.at_s, made.effects)
        return made.effects

    def _carry_out(self, at_s: float, effects: tuple[Effect, ...]) -> None:
        for effect in effects:
            self.done.append((at_s, effect))
            if isinstance(effect, WakeAt):
                self.timers[effect.key] = effect.due_s
            elif isinstance(effect, CancelWake):
                self.timers.pop(effect.key, None)

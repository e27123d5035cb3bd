"""A home without hardware: the rules and the lifecycle of alarms on the trace's own clock.

Owns the order in which readings and timers take effect: a timer rings when it is due, before any
reading of the same instant. Knows neither files nor the real clock, so the same readings always
give the same alarms.
"""

from __future__ import annotations

import heapq
from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace

from agent.core.alarm import Alarm, AlarmId, AlarmState, RuleId
from agent.core.clock import BootId, Stamp, TimeQuality
from agent.core.command import AckAlarm, Caller, EndDrills, ResolveAlarm, Role
from agent.core.device import DeviceId
from agent.core.effect import CancelWake, Derive, Effect, RaiseAlarm, RestoreAlarm, WakeAt
from agent.core.errors import CommandRefused
from agent.core.event import Commanded, Event, Observed, WakeKey, Woken
from agent.core.reading import Quantity, Reading, Value
from agent.core.row import Kind
from agent.response import lifecycle, waiting
from agent.response.lifecycle import AlarmBook, Cause, Change, apply
from local_rules import engine
from local_rules.rule import RuleBook

NOBODY = Caller(Role.OPERATOR, "replay", on_site=True)
"""Who deals with an alarm that is over, in a trace in which no person is recorded."""

OVER = "over"
"""The cause with which NOBODY closes."""

_BOOT = BootId("replay")


@dataclass(frozen=True, slots=True)
class News:
    """One change of one alarm, as the journal of a hub would have it."""

    stamp: Stamp
    kind: Kind
    alarm: Alarm


def stamp_at(wall_s: float) -> Stamp:
    """Return the stamp of a trace that knows nothing but the time of day, in seconds since 1970."""
    return Stamp(wall_s, int(wall_s * 1000), _BOOT, wall_s, TimeQuality.SYNCED)


class RecordedHome:
    """A home to which readings are played, in the order of their times.

    `attended` closes what is over at once, as if somebody had dealt with it: without it the next
    time would only be a repeat of an alarm that nobody answered. A journal has the answers of the
    people themselves and needs it not.
    `tell` is given each change of an alarm; without it they gather in `news`.
    """

    def __init__(
        self,
        rules: RuleBook,
        *,
        attended: bool = True,
        tell: Callable[[News], None] | None = None,
    ) -> None:
        self.news: list[News] = []
        self.book = AlarmBook()
        self.state = engine.EngineState()
        self.now: Stamp | None = None
        self._rules = rules
        self._attended = attended
        self._tell = tell or self.news.append
        self._due: dict[WakeKey, float] = {}
        self._heap: list[tuple[float, WakeKey]] = []
        self._alarms = 0

    # --- what happens in the home ---------------------------------------------------------------

    def hear(
        self, wall_s: float, device: str, quantity: Quantity, value: Value, room: str = ""
    ) -> None:
        """Let `device` in `room` say `value` at `wall_s` (seconds since 1970); time passes up to
        then. A time before the last one counts as the last one."""
        now = self.now
        stamp = stamp_at(wall_s if now is None or wall_s >= now.wall_s else now.wall_s)
        self.take(Observed(Reading(DeviceId(device), quantity, value, stamp), room=room))

    def take(self, event: Event) -> None:
        """Let time pass up to the stamp of `event`, then take it."""
        stamp = event.stamp
        if self._heap and self._heap[0][0] <= stamp.at_s:
            self._ring_until(stamp.at_s)
        self.now = stamp
        self._take_step(engine.step(self.state, event, self._rules))

    def wait_until(self, wall_s: float) -> None:
        """Let time pass in silence up to `wall_s`."""
        if self.now is not None and wall_s > self.now.wall_s:
            until_s = self.now.at_s + wall_s - self.now.wall_s
            self._ring_until(until_s)
            self.now = _later(self.now, until_s)

    def restart(self, stamp: Stamp) -> None:
        """Let the hub begin again at `stamp` with the state that it had kept; what came due since
        the last event, while it may have been off, rings now as far as the rules want it to."""
        self.now = stamp
        self._due, self._heap = {}, []
        self.book, timers = lifecycle.resume(self.book, stamp)
        self._set_timers(timers)
        self._take_step(engine.resume(self.state, stamp, self._rules))

    def answer(self, command: AckAlarm | ResolveAlarm, stamp: Stamp) -> None:
        """Let a person answer an alarm; one that may not be answered so, or is not known, stays."""
        self._ring_until(stamp.at_s)
        self.now = stamp
        try:
            self._change(command)
        except CommandRefused:
            return

    def end_drills(self, device: DeviceId, stamp: Stamp) -> None:
        """Let the drill with `device` be over: what it raised is closed."""
        self.take(Commanded(EndDrills(device, NOBODY), stamp))
        for alarm in tuple(self.book.open.values()):
            if alarm.drill and alarm.why.device == device:
                self._change(ResolveAlarm(alarm.id, NOBODY, OVER))

    # --- what comes of it -----------------------------------------------------------------------

    def _ring_until(self, at_s: float) -> None:
        """Ring every timer that is due by hub time `at_s`, in order."""
        while self._heap and self._heap[0][0] <= at_s:
            due_s, key = heapq.heappop(self._heap)
            if self._due.get(key) != due_s:
                continue  # Moved or cancelled since.
            del self._due[key]
            assert self.now is not None, "a timer was set by something"
            self.now = _later(self.now, due_s)
            woken = Woken(key, due_s, self.now)
            if waiting.alarm_of(key) is not None:
                self._change(woken)
            else:
                self._take_step(engine.step(self.state, woken, self._rules))

    def _take_step(self, made: engine.Step) -> None:
        self.state = made.state
        if made.effects:
            self._carry_out(made.effects)

    def _carry_out(self, effects: Iterable[Effect]) -> None:
        for effect in effects:
            match effect:
                case RaiseAlarm() | RestoreAlarm():
                    self._change(effect)
                case WakeAt() | CancelWake():
                    self._set_timers((effect,))
                case Derive():
                    pass  # The rules have taken it in; there is nothing to write it to.

    def _set_timers(self, timers: Iterable[WakeAt | CancelWake]) -> None:
        for timer in timers:
            match timer:
                case WakeAt(key, due_s):
                    self._due[key] = due_s
                    heapq.heappush(self._heap, (due_s, key))
                case CancelWake(key):
                    self._due.pop(key, None)

    def _change(self, cause: Cause) -> None:
        """Let the lifecycle say what becomes of an alarm. Errors: CommandRefused."""
        assert self.now is not None
        before = self.book
        new_id = AlarmId(f"replay-{self._alarms + 1}")
        change = apply(before, cause, self.now, new_id)
        self.book = change.book
        self._set_timers(change.timers)
        alarm = change.alarm
        if alarm is None:
            return
        if alarm.id == new_id:
            self._alarms += 1
        if change.kind is not None:
            self._tell(News(self.now, change.kind, alarm))
        self._act(before, change, alarm)
        for answer in lifecycle.answered_by(self.book, cause):
            self._change(answer)
        is_over = alarm.is_open and not alarm.condition_active
        if self._attended and change.kind is not None and is_over:
            self._change(ResolveAlarm(alarm.id, NOBODY, OVER))

    def _act(self, before: AlarmBook, change: Change, alarm: Alarm) -> None:
        """Do what the change of `alarm` asks for: a home without hardware moves nothing."""

    def open_alarm(self, rule: RuleId, subject: str, *, drill: bool = False) -> Alarm | None:
        """Return the open alarm of `rule` for `subject`."""
        return self.book.find(rule, subject, drill=drill)


def raised(news: Iterable[News]) -> list[Alarm]:
    """Return the alarms that others were told of, each as it stood then, in that order: what is
    still asked about in the home only, and may be called off, is none yet."""
    seen: set[AlarmId] = set()
    told = []
    for one in news:
        alarm = one.alarm
        if alarm.state is AlarmState.ACTIVE and alarm.id not in seen:
            seen.add(alarm.id)
            told.append(alarm)
    return told


def _later(stamp: Stamp, at_s: float) -> Stamp:
    """Return the stamp of hub time `at_s`, on in the same boot; an overdue timer rings now."""
    passed_s = at_s - stamp.at_s
    if passed_s <= 0:
        return stamp
    return replace(
        stamp,
        at_s=at_s,
        mono_ms=stamp.mono_ms + int(passed_s * 1000),
        wall_s=stamp.wall_s + passed_s,
    )

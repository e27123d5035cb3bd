"""Plays any rule of the table: what begins it, when it must raise, what ends it.

One rehearsal a pattern, made from the row's own plan and values, so that a new row is played by the
battery without a word of its own.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

from agent.core.device import DeviceId
from agent.core.event import Observed
from agent.core.reading import Quantity, Value
from agent.core.room import RoomKind
from local_rules import day
from local_rules.patterns.figure import Of
from local_rules.patterns.left_active import LEFT_ACTIVE
from local_rules.patterns.report import REPORT
from local_rules.patterns.sequence import SEQUENCE, Match
from local_rules.patterns.silence import SILENCE
from local_rules.patterns.threshold import THRESHOLD, Beyond
from local_rules.patterns.trend import TREND
from local_rules.rule import AnyRule
from tests.local_rules.kit import DEVICE, says, stamp

ROOM_NAMES = {
    RoomKind.BATHROOM: "卫生间",
    RoomKind.KITCHEN: "厨房",
    RoomKind.ENTRY: "玄关",
    RoomKind.BEDROOM: "卧室",
    RoomKind.UNKNOWN: "",
}
ELSEWHERE = "客厅"


@dataclass(frozen=True)
class Line:
    """One reading of a rehearsal."""

    at_s: float
    quantity: Quantity
    value: Value
    room: str = ""
    channel: str = ""

    def event(
        self,
        *,
        drill: bool = False,
        device: DeviceId = DEVICE,
        repeat_of: int | None = None,
        late_s: float = 0.0,
    ) -> Observed:
        return says(
            self.quantity,
            self.value,
            self.at_s + late_s,
            drill=drill,
            device=device,
            repeat_of=repeat_of,
            room=self.room,
            channel=self.channel,
        )


@dataclass(frozen=True)
class Play:
    """`quiet` says nothing is wrong. After `begin` the rule must raise at `raise_s`. What `end`
    gives for a time then ends it, `clear_s` after its last line. `harmless` comes next to raising
    and must not. `stands_s` is how long it stands in a whole rehearsal. `again` says anew, up to a
    time, what raised."""

    quiet: tuple[Line, ...]
    begin: tuple[Line, ...]
    raise_s: float
    end: Callable[[float], tuple[Line, ...]]
    clear_s: float
    harmless: tuple[Line, ...]
    stands_s: float = 0.6 * day.DAY_S
    again: Callable[[float], tuple[Line, ...]] | None = None

    def repeated(self, at_s: float) -> tuple[Line, ...]:
        """Return the lines that say at `at_s` that it still goes on."""
        return (replace(self.begin[-1], at_s=at_s),) if self.again is None else self.again(at_s)


def at_hour(hour: float) -> float:
    """Return a hub time at which it is `hour` o'clock in the home."""
    now_s = day.second_of_day(stamp(0.0))
    assert now_s is not None
    return 10 * day.DAY_S + (hour * 3600 - now_s) % day.DAY_S


def play_of(rule: AnyRule) -> Play:
    """Return how `rule` is rehearsed."""
    plays = {
        REPORT.name: _report,
        THRESHOLD.name: _threshold,
        LEFT_ACTIVE.name: _left_active,
        SILENCE.name: _silence,
        SEQUENCE.name: _sequence,
        TREND.name: _trend,
    }
    return plays[rule.pattern.name](rule)


def _report(rule: AnyRule) -> Play:
    quantity, values = next(iter(rule.inputs)), rule.values
    at_s = at_hour(10)
    if rule.plan is not None:
        step_s = values["debounce_s"] + 1
        hits = tuple(Line(at_s + n * step_s, quantity, True) for n in range(int(values["times"])))
        return Play(
            quiet=(Line(at_s, quantity, False),),
            begin=hits,
            raise_s=hits[-1].at_s,
            end=lambda then_s: (Line(then_s, quantity, False),),
            clear_s=0,
            harmless=hits[:-1] or (Line(at_s, quantity, False),),
            again=lambda then_s: tuple(
                replace(hit, at_s=then_s - hits[-1].at_s + hit.at_s) for hit in hits
            ),
        )
    return Play(
        quiet=(Line(at_s, quantity, False),),
        begin=(Line(at_s, quantity, True),),
        raise_s=at_s + values["trigger_hold_s"],
        end=lambda then_s: (Line(then_s, quantity, False),),
        clear_s=values["clear_hold_s"],
        harmless=(Line(at_s, quantity, False), Line(at_s + 1, quantity, False)),
    )


def _threshold(rule: AnyRule) -> Play:
    quantity, values, plan, at_s = next(iter(rule.inputs)), rule.values, rule.plan, at_hour(10)
    if plan.of in (Of.RISE, Of.FALL_PCT, Of.MEAN):
        return _figure(rule)
    opened = _opened(rule, at_s - 2)
    worse = 1 if plan.beyond in (Beyond.AT_LEAST, Beyond.ABOVE) else -1
    is_in = plan.beyond in (Beyond.AT_LEAST, Beyond.AT_MOST)
    limit, clear = values["limit"], values["clear_limit"]
    bad = limit if is_in else limit + worse * 0.01
    near = limit - worse * 0.01 if is_in else limit
    good = clear - 1 if worse > 0 else clear
    hold_s = values.get("repeat_after_s", values.get("hold_s", 0))
    every_s = values["stale_s"] - 2 if plan.goes_stale else hold_s + 1
    times = [at_s + n * every_s for n in range(int(hold_s // every_s) + 1)]
    if plan.repeat:
        times = [at_s, at_s + hold_s]
    ends = int(values.get("clear_times", 1))
    return Play(
        quiet=(Line(at_s, quantity, good),),
        begin=(*opened, *(Line(then_s, quantity, bad) for then_s in times)),
        raise_s=at_s + hold_s,
        end=lambda then_s: tuple(Line(then_s + 60 * n, quantity, good) for n in range(ends)),
        clear_s=values["clear_hold_s"],
        harmless=(*opened, *(Line(then_s, quantity, near) for then_s in times)),
    )


def _figure(rule: AnyRule) -> Play:
    """Rehearse a rule that holds a rise, a fall or a mean against its limit."""
    quantity, values, of, at_s = next(iter(rule.inputs)), rule.values, rule.plan.of, at_hour(10)
    limit, clear, base = values["limit"], values["clear_limit"], 80.0
    count = int(values["samples"]) if of is Of.MEAN else 2

    def lines(last_s: float, figure: float) -> tuple[Line, ...]:
        if of is Of.MEAN:
            every = [figure] * count
        else:
            every = [base, base + figure if of is Of.RISE else base - base * figure / 100]
        first_s = last_s - 40 * (count - 1)
        return tuple(Line(first_s + 40 * n, quantity, value) for n, value in enumerate(every))

    last_s = at_s + 40 * (count - 1)
    back = clear - (limit - clear) * count - 1 if of is Of.MEAN else base
    is_short = of is Of.MEAN or values["over_s"] < day.DAY_S
    return Play(
        quiet=(Line(at_s, quantity, base),),
        begin=lines(last_s, limit),
        raise_s=last_s,
        end=lambda then_s: (Line(then_s, quantity, back),),
        clear_s=values["clear_hold_s"],
        harmless=lines(last_s, limit - 0.01),
        again=(lambda then_s: lines(then_s, limit)) if is_short else None,
    )


def _opened(rule: AnyRule, at_s: float) -> tuple[Line, ...]:
    """Return what opens the gates of the rule that are closed at first."""
    return tuple(
        _match_line(gate.opens[0], at_s)
        if gate.level is None
        else Line(at_s, gate.level, rule.values["given"])
        for gate in rule.plan.gates
        if not gate.at_first
    )


def _left_active(rule: AnyRule) -> Play:
    plan, values, at_s = rule.plan, rule.values, at_hour(10)
    quantity, limit_s = next(iter(rule.inputs)), values["limit_s"]
    if plan.together:
        return _together(rule)
    if plan.by_night and limit_s > 12 * 3600:  # The night comes before the end of the day's limit.
        at_s, limit_s = at_hour(values["from_h"]), values["night_limit_s"]
    opened = _opened(rule, at_s - 2)
    room = ROOM_NAMES[RoomKind.ENTRY] if plan.rooms else ROOM_NAMES[RoomKind.KITCHEN]
    on: Value = values["on_above"] + 0.5 if plan.counted else True
    off: Value = values["on_above"] if plan.counted else False
    last_s = at_s + limit_s
    pause_s = values["pause_s"] + 1
    return Play(
        quiet=(Line(at_s, quantity, off, room),),
        begin=(*opened, Line(at_s, quantity, on, room)),
        raise_s=last_s,
        end=lambda then_s: (Line(then_s, quantity, off, room),),
        clear_s=values["clear_hold_s"],
        harmless=(
            *opened,
            Line(at_s, quantity, on, room),
            Line(last_s - pause_s - 1, quantity, off, room),
            Line(last_s, quantity, on, room),
            Line(last_s + 1, quantity, off, room),
        ),
    )


def _together(rule: AnyRule) -> Play:
    """Rehearse a rule that wants several channels at once: one fewer is harmless."""
    quantity, values, at_s = next(iter(rule.inputs)), rule.values, at_hour(10)
    lines = tuple(
        Line(at_s, quantity, True, channel=f"way {n}") for n in range(int(values["together"]))
    )
    return Play(
        quiet=(replace(lines[0], value=False),),
        begin=lines,
        raise_s=at_s + values["limit_s"],
        end=lambda then_s: (replace(lines[0], value=False, at_s=then_s),),
        clear_s=values["clear_hold_s"],
        harmless=(*lines[1:], replace(lines[1], at_s=at_s + values["limit_s"] + 1)),
    )


def _silence(rule: AnyRule) -> Play:
    plan, values, at_s = rule.plan, rule.values, at_hour(9)
    if plan.amount:
        return _amount(rule, at_hour(8))
    quantity = next(iter(rule.inputs))
    sign: Value = {Quantity.WATER_FLOW_LPH: 1.5, Quantity.QUIET_S: 0.0}.get(quantity, True)
    room = ROOM_NAMES[RoomKind.ENTRY]
    quiet: tuple[Line, ...] = () if plan.anything else (Line(at_s, quantity, False, room),)
    near_s = at_s + values["limit_s"] - 1
    begin = (*_opened(rule, at_s - 2), Line(at_s, quantity, sign, room))
    return Play(
        quiet=quiet,
        begin=begin,
        raise_s=at_s + values["limit_s"],
        end=lambda then_s: (Line(then_s, quantity, sign, room),),
        clear_s=0,
        harmless=(*begin, Line(near_s, quantity, sign, room)),
    )


def _amount(rule: AnyRule, at_s: float) -> Play:
    """Rehearse a rule that wants an amount: the counter goes up by `least`, or not."""
    (quantity,), values = rule.plan.amount, rule.values
    least, last_s = values["least"], at_s + values["limit_s"]
    begin = Line(at_s, quantity, 100.0)
    return Play(
        quiet=(),
        begin=(begin,),
        raise_s=last_s,
        end=lambda then_s: (Line(then_s, quantity, 100.5 + least),),
        clear_s=0,
        harmless=(
            begin,
            Line(last_s - 1, quantity, 100.5 + least),
            Line(last_s, quantity, 100.5 + least),
        ),
    )


def _sequence(rule: AnyRule) -> Play:
    plan, values = rule.plan, rule.values
    at_s = at_hour(values["from_h"] if plan.in_window else 10)
    first, then = plan.first[0], plan.then[0]
    times = int(values["times"]) if plan.counts else 1
    starts = [at_s + n * (values["within_s"] + 10) for n in range(times)]
    begin = tuple(_match_line(first, start_s) for start_s in starts)
    last_s = starts[-1] + values["within_s"]
    return Play(
        quiet=(_match_line(then, at_s),),
        begin=begin,
        raise_s=last_s,
        end=lambda then_s: (_match_line(then, then_s),),
        clear_s=0,
        harmless=(*begin, _match_line(then, last_s - 1)),
    )


def _match_line(match: Match, at_s: float) -> Line:
    room = ELSEWHERE
    if match.rooms and not match.elsewhere:
        room = ROOM_NAMES[sorted(match.rooms)[0]]
    elif match.other_room:
        room = ROOM_NAMES[RoomKind.KITCHEN]
    return Line(at_s, match.quantity, match.values[0] if match.values else True, room)


def _trend(rule: AnyRule) -> Play:
    (quantity,), values = rule.inputs, rule.values
    usual, unlike = 10.0, 10.0 + values["least"] * values["z"] + 0.01
    before, marked = int(values["days_min"]), int(values["days"])
    at_s = at_hour(10)

    def figures(first_s: float, count: int, value: float) -> tuple[Line, ...]:
        return tuple(Line(first_s + n * day.DAY_S, quantity, value) for n in range(count))

    base = figures(at_s, before, usual)
    then_s = at_s + before * day.DAY_S
    return Play(
        quiet=base[:1],
        begin=(*base, *figures(then_s, marked, unlike)),
        raise_s=then_s + (marked - 1) * day.DAY_S,
        end=lambda end_s: figures(end_s, 7 - (marked - 1), usual),
        clear_s=0,
        harmless=(*base, *figures(then_s, marked, unlike - 0.02)),
        stands_s=day.DAY_S,
    )


def lines_of(rule: AnyRule) -> tuple[Line, ...]:
    """Return a whole rehearsal: begin, a while of standing, end."""
    play = play_of(rule)
    last_s = max(play.raise_s, play.begin[-1].at_s)
    return (*play.begin, *play.end(last_s + play.stands_s))

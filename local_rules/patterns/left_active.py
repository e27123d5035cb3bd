"""The pattern `left_active`: something is open, running or on for too long.

It is active while one of its sources says yes, or gives a number above `on_above`. A pause of up to
`pause_s` does not end it: a tap that is closed for a moment has still been running. Where a row
names who attends to it, each sign of him (motion in the same room) starts the time again, and ends
what stands.

The limit may be another one at night. A row may also want several things at once (two ways out of
the home are down), or that gates are open (the home is empty). What stands is over when it has not
been active for `clear_hold_s`.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any, NamedTuple

from agent.core.clock import Stamp
from agent.core.device import DeviceId
from agent.core.effect import CancelWake, OnResume, RestoreAlarm, WakeAt
from agent.core.event import Observed
from agent.core.reading import Quantity, Reading
from agent.core.room import RoomKind, room_kind
from agent.core.text import Sentence
from local_rules import day
from local_rules.explain import because, span
from local_rules.patterns import gate, stored
from local_rules.patterns.effects import alarm_for, wake_key
from local_rules.patterns.gate import Gate
from local_rules.patterns.numbers import as_number
from local_rules.rule import Outcome, Pattern, Rule

HOLD = "hold"
CLEAR = "clear"

SOURCES = 32
"""Sources kept of one subject; one more is not watched, which no home comes near."""


@dataclass(frozen=True, slots=True)
class LeftActive:
    """What a row chooses.

    `attended_by` the quantity whose True is a sign that somebody sees to it; None: nobody can.
    `counted`     its sources give numbers, and are active above `on_above`.
    `by_night`    another limit holds at night.
    `rooms`       only what is in such a room counts; empty: everywhere.
    `together`    active only while the parameter `together` of different named channels say so.
    `gates`       active only while they are open.
    `extended_by` the quantity whose True stands for somebody who sees to it for `extend_s` more.
    `not_named`   a source does not count if its name in the ledger holds one of these words.
    """

    attended_by: Quantity | None = None
    counted: bool = False
    by_night: bool = False
    rooms: frozenset[RoomKind] = frozenset()
    together: bool = False
    gates: tuple[Gate, ...] = ()
    extended_by: Quantity | None = None
    not_named: tuple[str, ...] = ()


class Source(NamedTuple):
    """One input that is active."""

    device: DeviceId
    quantity: Quantity
    channel: str


@dataclass(frozen=True, slots=True)
class LeftActiveState:
    """What the rule remembers of one subject.

    `sources`  what says that it is on now, in order of appearance.
    `since_s`  hub time since which it has been active, pauses bridged, or since which nobody
               has seen to it; None: nothing to watch.
    `off_s`    hub time at which it stopped being active; None while it is.
    `due_s`    hub time of the running timer; None when none runs. It may ring before the limit.
    `gates`    which gates are open.
    """

    drill: bool
    sources: tuple[Source, ...] = ()
    since_s: float | None = None
    off_s: float | None = None
    raised_s: float | None = None
    standing: bool = False
    due_s: float | None = None
    gates: tuple[bool, ...] = ()


LeftRule = Rule[LeftActive]
LeftOutcome = Outcome[LeftActiveState]


def observe(
    rule: LeftRule, state: LeftActiveState | None, subject: str, event: Observed
) -> LeftOutcome:
    """Take in one reading: of a source, or of who attends to it."""
    reading = event.reading
    if event.repeat_of is not None and state is not None:
        return state, ()
    if reading.drill and reading.asked:
        return state, ()  # What the hub asks after a drill begins none: nobody would end it.
    plan = rule.plan
    if reading.quantity is plan.attended_by:
        return _attended(rule, state, subject, reading)
    if reading.quantity is plan.extended_by:
        return _attended(rule, state, subject, reading, rule.values["extend_s"])
    if plan.gates and gate.listens(plan.gates, reading.quantity):
        return _gated(rule, state, subject, event)
    if plan.rooms and room_kind(event.room) not in plan.rooms:
        return state, ()
    if plan.not_named and any(word in event.name.lower() for word in plan.not_named):
        return state, ()
    is_on = _is_on(rule, reading)
    if is_on is None:
        return state, ()
    source = Source(reading.device, reading.quantity, reading.channel)
    known = state.sources if state is not None else ()
    if (source in known) is is_on:
        return _look(rule, state, subject, reading.received) if is_on else (state, ())
    if is_on and len(known) >= SOURCES:
        return state, ()
    before = state or _fresh(rule, reading)
    rest = tuple(other for other in known if other != source)
    sources = (*known, source) if is_on else rest
    return _turn(rule, before, replace(before, sources=sources), subject, reading.received)


def _gated(
    rule: LeftRule, state: LeftActiveState | None, subject: str, event: Observed
) -> LeftOutcome:
    """Take in what opens or closes a gate."""
    was = gate.at_first(rule.plan.gates) if state is None else state.gates
    gates = gate.after(rule.plan.gates, rule.values, event, was)
    if gates is was:
        return state, ()
    before = state or _fresh(rule, event.reading)
    return _turn(rule, before, replace(before, gates=gates), subject, event.stamp)


def _fresh(rule: LeftRule, reading: Reading) -> LeftActiveState:
    return LeftActiveState(reading.drill, gates=gate.at_first(rule.plan.gates))


def _is_active(rule: LeftRule, state: LeftActiveState) -> bool:
    """Return whether the sources and the gates make it so."""
    if rule.plan.together:
        channels = {source.channel for source in state.sources if source.channel}
        return len(channels) >= rule.values["together"]
    return bool(state.sources) and all(state.gates)


def _turn(
    rule: LeftRule, before: LeftActiveState, after: LeftActiveState, subject: str, stamp: Stamp
) -> LeftOutcome:
    """Go on from `before` to `after`, in which a source or a gate differs."""
    was, now = _is_active(rule, before), _is_active(rule, after)
    if was is now:
        return after, ()
    if now:
        return _on(rule, after, subject, stamp)
    return _off(rule, after, subject, stamp.at_s)


def wake(
    rule: LeftRule, state: LeftActiveState, subject: str, what: str, stamp: Stamp
) -> LeftOutcome:
    """Take in that the timer `what` rang."""
    if state.due_s is None or what != _hold_of(state):
        return state, ()  # A timer that was cancelled while it rang.
    if stamp.at_s < state.due_s:
        return state, (_timer(rule, state, subject, state.due_s),)
    if state.standing:
        return _restore(rule, state, subject)
    return _watch(rule, replace(state, due_s=None), subject, stamp)


def resume(rule: LeftRule, state: LeftActiveState, subject: str, stamp: Stamp) -> LeftOutcome:
    """Ask anew, after a restart, for the timer on which the state relies."""
    if state.due_s is None:
        return state, ()
    if state.standing:
        # The hub was deaf while it was off: the quiet has not been witnessed.
        due_s = stamp.at_s + rule.values["clear_hold_s"]
    else:
        assert state.since_s is not None, "a timer runs only for what is watched"
        due_s = day.due_s(rule.values, state.since_s, stamp)
    return replace(state, due_s=due_s), (_timer(rule, state, subject, due_s),)


def _is_on(rule: LeftRule, reading: Reading) -> bool | None:
    """Return whether the source is active, None when the value does not say."""
    if not rule.plan.counted:
        return reading.value if isinstance(reading.value, bool) else None
    number = as_number(reading.value)
    return None if number is None else number > rule.values["on_above"]


def _on(rule: LeftRule, state: LeftActiveState, subject: str, stamp: Stamp) -> LeftOutcome:
    at_s, off_s = stamp.at_s, state.off_s
    if state.standing:
        return replace(state, off_s=None, due_s=None), _cancel(rule, state, subject)
    is_bridged = off_s is not None and at_s - off_s <= rule.values["pause_s"]
    since_s = state.since_s if is_bridged else at_s
    return _watch(rule, replace(state, since_s=since_s, off_s=None), subject, stamp)


def _off(rule: LeftRule, state: LeftActiveState, subject: str, at_s: float) -> LeftOutcome:
    if state.standing:
        if not rule.values["clear_hold_s"]:
            return _restore(rule, state, subject)
        due_s = at_s + rule.values["clear_hold_s"]
        clearing = replace(state, off_s=at_s, due_s=due_s)
        return clearing, (_timer(rule, clearing, subject, due_s),)
    return replace(state, off_s=at_s, due_s=None), _cancel(rule, state, subject)


def _attended(
    rule: LeftRule,
    state: LeftActiveState | None,
    subject: str,
    reading: Reading,
    more_s: float = 0.0,
) -> LeftOutcome:
    """Start the time again: somebody is there, and will be for `more_s`. The running timer finds
    out when it rings."""
    if state is None or state.since_s is None or reading.value is not True or reading.asked:
        return state, ()
    stamp = reading.received
    seen = replace(state, since_s=max(stamp.at_s + more_s, state.since_s))
    if not state.standing:
        return seen, ()
    after, effects = _restore(rule, seen, subject)
    assert after is not None, "what stood is quiet, not gone"
    again, more = _watch(rule, after, subject, stamp) if after.since_s is not None else (after, ())
    return again, (*_cancel(rule, state, subject), *effects, *more)


def _look(rule: LeftRule, state: LeftActiveState | None, subject: str, stamp: Stamp) -> LeftOutcome:
    """Take in that a source says again what it said: news only for an alarm that stands long, and
    for a timer that is late."""
    if state is None or state.since_s is None or not _is_active(rule, state):
        return state, ()
    if not state.standing:
        assert state.due_s is not None, "what is active and does not stand has a timer"
        return _watch(rule, state, subject, stamp) if stamp.at_s >= state.due_s else (state, ())
    assert state.raised_s is not None, "what stands was raised"
    if stamp.at_s - state.raised_s < rule.values["rearm_s"]:
        return state, ()
    return _raise(rule, state, subject, stamp.at_s)


def _watch(rule: LeftRule, state: LeftActiveState, subject: str, stamp: Stamp) -> LeftOutcome:
    """Raise if it has lasted too long, or ask to be woken when it may have."""
    assert state.since_s is not None, "something is active"
    due_s = day.due_s(rule.values, state.since_s, stamp)
    if due_s <= stamp.at_s:
        return _raise(rule, state, subject, stamp.at_s)
    waiting = replace(state, due_s=due_s)
    return waiting, (_timer(rule, waiting, subject, due_s),)


def _raise(rule: LeftRule, state: LeftActiveState, subject: str, at_s: float) -> LeftOutcome:
    source = state.sources[0]
    assert state.since_s is not None, "something is active"
    lasted, what = span(at_s - state.since_s), rule.inputs[source.quantity]
    alone_zh = "，无人照看" if rule.plan.attended_by else ""
    alone_en = " with nobody there" if rule.plan.attended_by else ""
    reason = because(
        rule,
        device=source.device,
        quantity=source.quantity,
        channel=source.channel,
        value="true",
        limit=f"active for {at_s - state.since_s:.0f} s",
        drill=state.drill,
        since_s=state.since_s,
        last_s=state.since_s,
        says=Sentence(f"{what.zh}已 {lasted.zh}{alone_zh}", f"{what.en} for {lasted.en}{alone_en}"),
    )
    alarm = alarm_for(rule, subject, reason, drill=state.drill)
    after = replace(state, raised_s=at_s, standing=True, due_s=None)
    return after, (alarm, *_cancel(rule, state, subject))


def _restore(rule: LeftRule, state: LeftActiveState, subject: str) -> LeftOutcome:
    since_s = state.since_s if _is_active(rule, state) else None
    quiet = replace(state, since_s=since_s, off_s=None, standing=False, due_s=None)
    return quiet, (RestoreAlarm(rule.id, subject),)


def _hold_of(state: LeftActiveState) -> str:
    return CLEAR if state.standing else HOLD


def _timer(rule: LeftRule, state: LeftActiveState, subject: str, due_s: float) -> WakeAt:
    # An overdue limit is looked at at once: nobody said that it was closed meanwhile.
    policy = OnResume.RESTART if state.standing else OnResume.FIRE_IF_OVERDUE
    return WakeAt(wake_key(rule.id, subject, _hold_of(state)), due_s, policy)


def _cancel(rule: LeftRule, state: LeftActiveState, subject: str) -> tuple[CancelWake, ...]:
    if state.due_s is None:
        return ()
    return (CancelWake(wake_key(rule.id, subject, _hold_of(state))),)


def _takes(plan: LeftActive) -> tuple[str, ...]:
    limits = day.PERIODS if plan.by_night else ("limit_s",)
    counted = ("on_above",) if plan.counted else ()
    together = ("together",) if plan.together else ()
    extended = ("extend_s",) if plan.extended_by is not None else ()
    more = (*together, *extended, *gate.takes(plan.gates))
    return (*counted, *limits, *more, "pause_s", "clear_hold_s", "rearm_s")


def _load(rule: LeftRule, body: Any) -> LeftActiveState:
    state = LeftActiveState(
        drill=stored.yes_no(body["drill"]),
        sources=tuple(_source(source) for source in body["sources"]),
        since_s=stored.number_or_none(body["since_s"]),
        off_s=stored.number_or_none(body["off_s"]),
        raised_s=stored.number_or_none(body["raised_s"]),
        standing=stored.yes_no(body["standing"]),
        due_s=stored.number_or_none(body["due_s"]),
        gates=tuple(stored.yes_no(is_open) for is_open in body["gates"]),
    )
    if len(state.gates) != len(rule.plan.gates):
        raise ValueError("it has other gates than the rule")
    if any(source.quantity not in rule.inputs for source in state.sources):
        raise ValueError("it tells of a quantity that the rule does not listen to")
    is_watched = _is_active(rule, state) or state.due_s is not None or state.standing
    if state.since_s is None and is_watched:
        raise ValueError("something is active, but not since when")
    if state.standing and state.raised_s is None:
        raise ValueError("it stands, but was never raised")
    if state.due_s is not None and not (state.standing or _is_active(rule, state)):
        raise ValueError("a timer runs, but nothing is active")
    if state.due_s is not None and _is_active(rule, state) and state.standing:
        raise ValueError("it ends, but something is active")
    if state.due_s is None and _is_active(rule, state) and not state.standing:
        raise ValueError("something is active, but no timer runs")
    return state


def _source(body: Any) -> Source:
    device, quantity, channel = body
    return Source(DeviceId(stored.text(device)), Quantity(quantity), stored.text(channel))


LEFT_ACTIVE: Pattern[LeftActive, LeftActiveState] = Pattern(
    "left_active", 2, _takes, observe, wake, resume, _load
)

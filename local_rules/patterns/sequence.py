"""The pattern `sequence`: A, and then no B within a time.

A opens the wait and B ends it; A said again meanwhile changes nothing, for the time runs from the
first. With a window, only an A inside it counts; while the time of day is not known every A does.
With `before_s`, a B that came shortly before A has answered it already; with `settle_s`, one that
comes sooner after A still belongs to A, as the hallway that sees somebody leave. A rule that counts
raises only when B was missing `times` within `times_within_s`. What stands is over when B comes
after all.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

from agent.core.clock import Stamp
from agent.core.device import DeviceId
from agent.core.effect import CancelWake, OnResume, RestoreAlarm, WakeAt
from agent.core.event import Observed
from agent.core.reading import Quantity, Reading, Value
from agent.core.room import RoomKind, room_kind
from agent.core.text import Sentence
from local_rules import day
from local_rules.explain import because, span
from local_rules.patterns import count, stored
from local_rules.patterns.effects import alarm_for, wake_key
from local_rules.rule import Outcome, Pattern, Rule

WAIT = "wait"


@dataclass(frozen=True, slots=True)
class Match:
    """Which readings count: of a quantity, with one of `values`, from `rooms` or not from them.

    No `values`: whatever it says. No `rooms`: from everywhere. `elsewhere`: from all but `rooms`.
    `other_room`: from another room than A; where either is not known, it is not known to be so.
    `channel`: of that channel only; None: of any.
    """

    quantity: Quantity
    values: tuple[Value, ...] = (True,)
    rooms: frozenset[RoomKind] = frozenset()
    elsewhere: bool = False
    other_room: bool = False
    channel: str | None = None

    def fits(self, event: Observed, first_room: str = "") -> bool:
        """Return whether the event is such a reading, not one that the hub asked for."""
        reading = event.reading
        if reading.quantity is not self.quantity or reading.asked:
            return False
        if self.channel is not None and reading.channel != self.channel:
            return False
        if self.values and not any(_is_same(reading.value, value) for value in self.values):
            return False
        if self.other_room and (not first_room or event.room in ("", first_room)):
            return False
        return not self.rooms or (room_kind(event.room) in self.rooms) is not self.elsewhere


def fits_any(matches: tuple[Match, ...], event: Observed, first_room: str = "") -> bool:
    """Return whether the event is one of `matches`."""
    quantity = event.reading.quantity
    # Written out, for most readings are of another quantity and this is asked for each of them.
    for match in matches:  # noqa: SIM110
        if match.quantity is quantity and match.fits(event, first_room):
            return True
    return False


@dataclass(frozen=True, slots=True)
class Sequence:
    """What a row chooses: A is any of `first`, B any of `then`; what is both is a B."""

    first: tuple[Match, ...]
    then: tuple[Match, ...]
    in_window: bool = False
    answered_before: bool = False
    settles: bool = False
    counts: bool = False


@dataclass(frozen=True, slots=True)
class SequenceState:
    """What the rule remembers of one subject.

    `device`, `quantity`, `channel`, `value`, `room` the latest A that counted, at hub time
               `since_s`; None when B has come.
    `met_s`    hub time of the latest B; None before the first. Kept only for `before_s`.
    `due_s`    hub time at which B is late; None when nothing is waited for.
    `missed`   hub times at which B was late, for a rule that counts.
    """

    device: DeviceId
    quantity: Quantity
    channel: str
    drill: bool
    value: str = ""
    room: str = ""
    since_s: float | None = None
    met_s: float | None = None
    raised_s: float | None = None
    standing: bool = False
    due_s: float | None = None
    missed: tuple[float, ...] = ()


SequenceRule = Rule[Sequence]
SequenceOutcome = Outcome[SequenceState]


def observe(
    rule: SequenceRule, state: SequenceState | None, subject: str, event: Observed
) -> SequenceOutcome:
    """Take in one reading, which may be an A or a B."""
    if event.repeat_of is not None and state is not None:
        return state, ()
    first_room = state.room if state is not None else ""
    if fits_any(rule.plan.then, event, first_room):
        return _met(rule, state, subject, event.reading)
    if not fits_any(rule.plan.first, event):
        return state, ()
    stamp = event.reading.received
    if rule.plan.in_window and not day.is_in_window(rule.values, stamp):
        return state, ()
    if state is None:
        return _begin(rule, _fresh(event.reading), subject, event)
    if state.standing:
        assert state.raised_s is not None, "what stands was raised"
        if stamp.at_s - state.raised_s < rule.values["rearm_s"]:
            return state, ()
        return _raise(rule, state, subject, stamp.at_s)
    if state.since_s is None:
        return _begin(rule, state, subject, event)
    assert state.due_s is not None, "what is waited for has a time"
    if stamp.at_s >= state.due_s:
        return _late(rule, state, subject, stamp.at_s)  # The timer is late.
    return state, ()


def wake(
    rule: SequenceRule, state: SequenceState, subject: str, what: str, stamp: Stamp
) -> SequenceOutcome:
    """Take in that the timer rang."""
    if state.due_s is None or what != WAIT:
        return state, ()  # A timer that was cancelled while it rang.
    if stamp.at_s < state.due_s:
        return state, (_timer(rule, subject, state.due_s),)
    return _late(rule, state, subject, stamp.at_s)


def resume(rule: SequenceRule, state: SequenceState, subject: str, stamp: Stamp) -> SequenceOutcome:
    """Ask anew, after a restart, for the timer on which the state relies; if it is overdue it rings
    at once, for nobody knows that B came while the hub was off."""
    if state.due_s is None:
        return state, ()
    assert state.since_s is not None, "a timer runs only while B is waited for"
    due_s = state.since_s + rule.values["within_s"]  # The time may be another one now.
    return replace(state, due_s=due_s), (_timer(rule, subject, due_s),)


def _begin(
    rule: SequenceRule, state: SequenceState, subject: str, event: Observed
) -> SequenceOutcome:
    reading = event.reading
    at_s, met_s = reading.received.at_s, state.met_s
    if met_s is not None and at_s - met_s <= rule.values["before_s"]:
        return state, ()
    due_s = at_s + rule.values["within_s"]
    waiting = replace(
        state,
        device=reading.device,
        quantity=reading.quantity,
        channel=reading.channel,
        value=_text(reading.value),
        room=event.room,
        since_s=at_s,
        due_s=due_s,
    )
    if not rule.values["within_s"]:
        return _late(rule, replace(waiting, due_s=None), subject, at_s)
    return waiting, (_timer(rule, subject, due_s),)


def _met(
    rule: SequenceRule, state: SequenceState | None, subject: str, reading: Reading
) -> SequenceOutcome:
    met_s = reading.received.at_s if rule.plan.answered_before else None
    if rule.plan.settles and state is not None and state.since_s is not None:
        is_early = reading.received.at_s - state.since_s < rule.values["settle_s"]
        if is_early and not state.standing:
            return state, ()
    if state is None:
        return (replace(_fresh(reading), met_s=met_s) if met_s is not None else None), ()
    if state.since_s is None and met_s is None:
        return state, ()
    after = replace(state, since_s=None, met_s=met_s, standing=False, due_s=None)
    restored = (RestoreAlarm(rule.id, subject),) if state.standing else ()
    return after, (*_cancel(rule, state, subject), *restored)


def _late(rule: SequenceRule, state: SequenceState, subject: str, at_s: float) -> SequenceOutcome:
    """Take in that B did not come in time."""
    if not rule.plan.counts:
        return _raise(rule, state, subject, at_s)
    missed = count.counted(state.missed, rule.values, at_s)
    if count.is_enough(missed, rule.values):
        return _raise(rule, replace(state, missed=missed), subject, at_s)
    return replace(state, missed=missed, since_s=None, due_s=None), _cancel(rule, state, subject)


def _raise(rule: SequenceRule, state: SequenceState, subject: str, at_s: float) -> SequenceOutcome:
    within_s = rule.values["within_s"]
    assert state.since_s is not None, "A has come"
    since_s = state.missed[0] - within_s if state.missed else state.since_s
    waited, what = span(within_s), rule.inputs[state.quantity]
    often_zh = f"（第 {len(state.missed)} 次）" if state.missed else ""
    often_en = f" ({len(state.missed)} times)" if state.missed else ""
    said = Sentence(
        f"{what.zh}，此后 {waited.zh}内没有后续动静{often_zh}",
        f"{what.en}, and within {waited.en} nothing that should follow{often_en}",
    )
    reason = because(
        rule,
        device=state.device,
        quantity=state.quantity,
        channel=state.channel,
        value=state.value,
        limit=f"followed within {within_s:g} s",
        drill=state.drill,
        since_s=since_s,
        last_s=state.since_s,
        says=said if within_s else what,
    )
    after = replace(state, raised_s=at_s, standing=True, due_s=None)
    alarm = alarm_for(rule, subject, reason, drill=state.drill)
    return after, (alarm, *_cancel(rule, state, subject))


def _fresh(reading: Reading) -> SequenceState:
    return SequenceState(reading.device, reading.quantity, reading.channel, reading.drill)


def _text(value: Value) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)


def _is_same(value: Value, wanted: Value) -> bool:
    """Return whether they are equal and of one type: 1 is not a yes."""
    return type(value) is type(wanted) and value == wanted


def _timer(rule: SequenceRule, subject: str, due_s: float) -> WakeAt:
    return WakeAt(wake_key(rule.id, subject, WAIT), due_s, OnResume.FIRE_IF_OVERDUE)


def _cancel(rule: SequenceRule, state: SequenceState, subject: str) -> tuple[CancelWake, ...]:
    return () if state.due_s is None else (CancelWake(wake_key(rule.id, subject, WAIT)),)


def _takes(plan: Sequence) -> tuple[str, ...]:
    window = day.WINDOW if plan.in_window else ()
    before = ("before_s",) if plan.answered_before else ()
    settles = ("settle_s",) if plan.settles else ()
    counts = count.TAKES if plan.counts else ()
    return ("within_s", *before, *settles, *window, *counts, "rearm_s")


def _load(rule: SequenceRule, body: Any) -> SequenceState:
    state = SequenceState(
        device=DeviceId(stored.text(body["device"])),
        quantity=Quantity(body["quantity"]),
        channel=stored.text(body["channel"]),
        drill=stored.yes_no(body["drill"]),
        value=stored.text(body["value"]),
        room=stored.text(body["room"]),
        since_s=stored.number_or_none(body["since_s"]),
        met_s=stored.number_or_none(body["met_s"]),
        raised_s=stored.number_or_none(body["raised_s"]),
        standing=stored.yes_no(body["standing"]),
        due_s=stored.number_or_none(body["due_s"]),
        missed=tuple(stored.number(hit) for hit in body["missed"]),
    )
    if state.quantity not in rule.inputs:
        raise ValueError("it tells of a quantity that the rule does not listen to")
    if state.met_s is not None and not rule.plan.answered_before:
        raise ValueError("it remembers an answer for which the rule does not ask")
    if (state.since_s is not None) != (state.standing or state.due_s is not None):
        raise ValueError("its phase is none of quiet, waiting, standing")
    if state.standing and (state.raised_s is None or state.due_s is not None):
        raise ValueError("it stands, but was never raised, or waits all the same")
    return state


SEQUENCE: Pattern[Sequence, SequenceState] = Pattern(
    "sequence", 2, _takes, observe, wake, resume, _load
)

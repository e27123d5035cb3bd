"""The pattern `tally`: adds up a day, or a night, and tells the sum when it is over.

It counts how often a reading comes (`risings`), or how much flows (a rate, taken to go on until the
next reading, but no longer than `goes_on_s`). Where a device gives the sum itself nothing is told.
Nor is a day that was not heard from its beginning, or in which the time was not known: half a day
is no small one.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

from agent.core.clock import Stamp
from agent.core.device import hub_part
from agent.core.effect import Derive, Effect, OnResume, WakeAt
from agent.core.event import Observed
from agent.core.reading import Quantity, Reading
from local_rules import day
from local_rules.patterns import stored
from local_rules.patterns.effects import wake_key
from local_rules.patterns.numbers import as_number
from local_rules.patterns.sequence import Match
from local_rules.rule import Outcome, Pattern, Rule

END = "end"

METERS = 8
"""Meters kept; what one more says is not added, which no home comes near."""

RETRY_S = 3600.0
"""While the time is not known it is looked for again after so long."""


@dataclass(frozen=True, slots=True)
class Tally:
    """What a row chooses: the quantity that it `makes`, and of what: readings that fit `counts`,
    or, without one, what flows."""

    makes: Quantity
    counts: Match | None = None


@dataclass(frozen=True, slots=True)
class TallyState:
    """What is remembered.

    `total`  what was counted since the window began; `whole`: it was heard from there.
    `meters` for each meter its name, the rate per hour, the hub time up to which that goes on, and
             the one up to which it is added.
    `given`  a device gives the sum itself. `due_s` hub time at which the window ends.
    """

    total: float = 0.0
    whole: bool = False
    meters: tuple[tuple[str, float, float, float], ...] = ()
    given: bool = False
    due_s: float | None = None


TallyRule = Rule[Tally]
TallyOutcome = Outcome[TallyState]


def observe(
    rule: TallyRule, state: TallyState | None, subject: str, event: Observed
) -> TallyOutcome:
    """Take in what is counted."""
    reading, stamp = event.reading, event.reading.received
    if reading.drill or event.repeat_of is not None:
        return state, ()
    before = state or TallyState()
    after = _heard(rule, before, event)
    if day.local_s(stamp) is None and after.whole:
        after = replace(after, whole=False)
    if after is before:
        return state, ()
    return _await(rule, after, subject, stamp) if after.due_s is None else (after, ())


def wake(rule: TallyRule, state: TallyState, subject: str, what: str, stamp: Stamp) -> TallyOutcome:
    """Take in that the day, or the night, is over."""
    if state.due_s is None or what != END:
        return state, ()
    if stamp.at_s < state.due_s:
        return state, (_timer(rule, subject, state.due_s),)
    added = _flowed(state, stamp.at_s)
    is_known = day.local_s(stamp) is not None
    told: tuple[Effect, ...] = ()
    if added.whole and is_known and not added.given:
        total = Reading(hub_part("tally"), rule.plan.makes, round(added.total, 1), stamp)
        told = (Derive(total),)
    fresh = replace(added, total=0.0, whole=is_known, due_s=None)
    after, timer = _await(rule, fresh, subject, stamp)
    return after, (*told, *timer)


def resume(rule: TallyRule, state: TallyState, subject: str, stamp: Stamp) -> TallyOutcome:
    """Go on after a restart: what came meanwhile was not heard, so this day is not told."""
    return _await(rule, replace(state, whole=False, meters=(), due_s=None), subject, stamp)


def _heard(rule: TallyRule, state: TallyState, event: Observed) -> TallyState:
    reading, stamp = event.reading, event.reading.received
    if reading.quantity is rule.plan.makes:
        is_news = not state.given and reading.device != hub_part("tally")
        return replace(state, given=True) if is_news else state
    if rule.plan.counts is not None:
        if not rule.plan.counts.fits(event):
            return state
        return replace(state, total=state.total + day.is_in_window(rule.values, stamp))
    rate = as_number(reading.value)
    if rate is None:
        return state
    name = f"{reading.device}/{reading.channel}"
    added, at_s = _flowed(state, stamp.at_s), stamp.at_s
    others = tuple(meter for meter in added.meters if meter[0] != name)
    if len(others) >= METERS:
        return state
    until_s = at_s + rule.values["goes_on_s"]
    return replace(added, meters=(*others, (name, max(rate, 0.0), until_s, at_s)))


def _flowed(state: TallyState, at_s: float) -> TallyState:
    """Add what has flowed since it was added last."""
    litres = sum(
        rate * max(0.0, min(at_s, until_s) - added_s) / 3600
        for _, rate, until_s, added_s in state.meters
    )
    meters = tuple((name, rate, until_s, at_s) for name, rate, until_s, _ in state.meters)
    return replace(state, total=state.total + litres, meters=meters)


def _await(rule: TallyRule, state: TallyState, subject: str, stamp: Stamp) -> TallyOutcome:
    local_s = day.local_s(stamp)
    due_s = stamp.at_s + RETRY_S
    if local_s is not None:
        into_s = (local_s - rule.values["to_h"] * 3600) % day.DAY_S
        due_s = stamp.at_s + day.DAY_S - into_s
    return replace(state, due_s=due_s), (_timer(rule, subject, due_s),)


def _timer(rule: TallyRule, subject: str, due_s: float) -> WakeAt:
    return WakeAt(wake_key(rule.id, subject, END), due_s, OnResume.RESTART)


def _takes(plan: Tally) -> tuple[str, ...]:
    return day.WINDOW if plan.counts is not None else ("to_h", "goes_on_s")


def _is_kept(before: TallyState | None, after: TallyState) -> bool:
    """Return whether it is worth the disk: what a restart would throw away is not."""
    return before is None or (before.given, before.due_s) != (after.given, after.due_s)


def _load(rule: TallyRule, body: Any) -> TallyState:
    return TallyState(
        total=stored.number(body["total"]),
        whole=stored.yes_no(body["whole"]),
        meters=tuple(
            (stored.text(name), stored.number(rate), stored.number(until_s), stored.number(added_s))
            for name, rate, until_s, added_s in body["meters"]
        ),
        given=stored.yes_no(body["given"]),
        due_s=stored.number_or_none(body["due_s"]),
    )


TALLY: Pattern[Tally, TallyState] = Pattern(
    "tally", 1, _takes, observe, wake, resume, _load, _is_kept
)

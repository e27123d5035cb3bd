"""The pattern `habit`: how long this person usually takes, and when that is too long.

A wait begins with a reading (everybody leaves) or at an hour of the day (the morning), and a
reading ends it (somebody comes back, somebody is up). The lengths of the last waits are kept. The
limit is the `quantile` of them and `plus_s` more, inside bounds; before `days_min` are known it is
`cold_s`, or there is none. When it passes, the row derives a reading, and other rows raise on it.

A wait may also be over at `by_h` o'clock, if it has lasted `by_least_s` by then and most of the
kept waits did not run past that hour: who goes out each evening is not missed each evening.

Nothing begins, ends or is learned by the hour while the time of day is not known.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from agent.core.clock import Stamp
from agent.core.device import hub_part
from agent.core.effect import CancelWake, Derive, Effect, OnResume, WakeAt
from agent.core.event import Observed, WakeKey
from agent.core.reading import Quantity, Reading
from agent.core.text import Sentence
from local_rules import day
from local_rules.explain import span
from local_rules.patterns import stored
from local_rules.patterns.effects import wake_key
from local_rules.patterns.sequence import Match, fits_any
from local_rules.rule import Outcome, Pattern, Rule

DUE = "due"

KEPT = 28
"""Waits kept: four weeks of days, as the alert line."""


@dataclass(frozen=True, slots=True)
class Habit:
    """What a row chooses.

    `makes`    the quantity that it derives, True, when a wait is too long.
    `begins`   readings that begin a wait; none: it begins at `begin_h` o'clock.
    `ends`     readings that end it. `calls_off`: readings after which nobody is waited for today.
    `quantile` which of the kept waits is the longest that is usual, 0-1.
    `cold`     there is a limit, `cold_s`, before anything is learned.
    `by_hour`  also over at `by_h` o'clock.
    """

    makes: Quantity
    ends: tuple[Match, ...]
    quantile: float
    begins: tuple[Match, ...] = ()
    calls_off: tuple[Match, ...] = ()
    cold: bool = True
    by_hour: bool = False


@dataclass(frozen=True, slots=True)
class HabitState:
    """What is remembered.

    `kept`    the lengths of the last waits, in seconds, oldest first; `late` which of them ran past
              `by_h`.
    `since_s` hub time at which the wait began; None: none runs.
    `date`    the day whose wait has begun last, for one that begins at an hour.
    `off`     nobody is waited for. `told`: it was said that this one is too long.
    `due_s`   hub time of the running timer.
    """

    kept: tuple[float, ...] = ()
    late: tuple[bool, ...] = ()
    since_s: float | None = None
    date: int | None = None
    off: bool = False
    told: bool = False
    due_s: float | None = None


HabitRule = Rule[Habit]
HabitOutcome = Outcome[HabitState]


def quantile(kept: tuple[float, ...], part: float) -> float:
    """Return the length that `part` of the kept ones do not exceed."""
    return sorted(kept)[max(0, math.ceil(part * len(kept)) - 1)]


def limit_s(plan: Habit, values: Mapping[str, float], kept: tuple[float, ...]) -> float | None:
    """Return how long a wait may last, None: nobody can tell yet."""
    if len(kept) < values["days_min"]:
        return values["cold_s"] if plan.cold else None
    usual_s = quantile(kept, plan.quantile)
    return min(max(usual_s + values["plus_s"], values["least_s"]), values["most_s"])


def observe(
    rule: HabitRule, state: HabitState | None, subject: str, event: Observed
) -> HabitOutcome:
    """Take in what begins a wait, ends it, or makes it needless."""
    reading, stamp = event.reading, event.reading.received
    if reading.drill or event.repeat_of is not None:
        return state, ()
    before = _begun(rule, state or HabitState(), stamp)
    after = _heard(rule, before, event)
    return (state, ()) if after is before else _await(rule, after, subject, stamp)


def wake(rule: HabitRule, state: HabitState, subject: str, what: str, stamp: Stamp) -> HabitOutcome:
    """Take in that the wait is too long, or that another day begins."""
    if state.due_s is None or what != DUE:
        return state, ()
    if stamp.at_s < state.due_s:
        return state, (_timer(rule, subject, state.due_s),)
    return _await(rule, _begun(rule, replace(state, due_s=None), stamp), subject, stamp)


def resume(rule: HabitRule, state: HabitState, subject: str, stamp: Stamp) -> HabitOutcome:
    """Go on after a restart: a wait runs on, for it is the person's, not the hub's."""
    return _await(rule, _begun(rule, replace(state, due_s=None), stamp), subject, stamp)


def _heard(rule: HabitRule, state: HabitState, event: Observed) -> HabitState:
    plan, stamp = rule.plan, event.reading.received
    if fits_any(plan.calls_off, event):
        return replace(state, since_s=None, off=True, told=False)
    if state.off and event.reading.quantity is Quantity.PRESENCE:
        state = replace(state, off=False)
    if fits_any(plan.ends, event):
        return _ended(rule, state, stamp)
    if state.since_s is None and fits_any(plan.begins, event):
        return replace(state, since_s=stamp.at_s)
    return state


def _begun(rule: HabitRule, state: HabitState, stamp: Stamp) -> HabitState:
    """Begin the wait of a new day, where an hour begins it."""
    local_s = day.local_s(stamp)
    if rule.plan.begins or local_s is None:
        return state
    into_s = local_s - rule.values["begin_h"] * 3600
    date = int(into_s // day.DAY_S)
    if date == state.date:
        return state
    since_s = None if state.off else stamp.at_s - into_s % day.DAY_S
    return replace(state, since_s=since_s, date=date, told=False)


def _ended(rule: HabitRule, state: HabitState, stamp: Stamp) -> HabitState:
    if state.since_s is None:
        return state
    over = replace(state, since_s=None, told=False)
    if day.local_s(stamp) is None:
        return over
    by_s = _by_s(rule, state.since_s, stamp)
    return replace(
        over,
        kept=(*state.kept, stamp.at_s - state.since_s)[-KEPT:],
        late=(*state.late, by_s is not None and by_s <= stamp.at_s)[-KEPT:],
    )


def _await(rule: HabitRule, state: HabitState, subject: str, stamp: Stamp) -> HabitOutcome:
    """Say that the wait is too long, if it is, and ask to be woken for what is next."""
    over_s = _over_s(rule, state, stamp)
    effects: tuple[Effect, ...] = ()
    if over_s is not None and over_s <= stamp.at_s:
        said = Reading(
            hub_part("habit"), rule.plan.makes, True, stamp, detail=_usually(rule, state)
        )
        state, over_s, effects = replace(state, told=True), None, (Derive(said),)
    next_s = [] if over_s is None else [over_s]
    local_s = day.local_s(stamp)
    if not rule.plan.begins:
        into_s = ((local_s or 0.0) - rule.values["begin_h"] * 3600) % day.DAY_S
        # While the time is not known it is looked for again each hour.
        next_s.append(stamp.at_s + (day.DAY_S - into_s if local_s is not None else 3600.0))
    due_s = min(next_s, default=None)
    if due_s == state.due_s:
        return state, effects
    if due_s is None:
        return replace(state, due_s=None), (*effects, CancelWake(_key(rule, subject)))
    return replace(state, due_s=due_s), (*effects, _timer(rule, subject, due_s))


def _over_s(rule: HabitRule, state: HabitState, stamp: Stamp) -> float | None:
    """Return when the running wait is too long, None: never, or it was said."""
    if state.since_s is None or state.told:
        return None
    limit = limit_s(rule.plan, rule.values, state.kept)
    over = [] if limit is None else [state.since_s + limit]
    by_s = _by_s(rule, state.since_s, stamp)
    if by_s is not None and 2 * sum(state.late) <= len(state.late):
        over.append(by_s)
    return min(over, default=None)


def _by_s(rule: HabitRule, since_s: float, stamp: Stamp) -> float | None:
    """Return when the hour comes at which a wait since `since_s` is over, None: there is none."""
    local_s = day.local_s(stamp)
    if not rule.plan.by_hour or local_s is None:
        return None
    least_s = since_s + rule.values["by_least_s"]
    local_least_s = local_s + least_s - stamp.at_s
    return least_s + (rule.values["by_h"] * 3600 - local_least_s) % day.DAY_S


def _usually(rule: HabitRule, state: HabitState) -> str:
    if len(state.kept) < rule.values["days_min"]:
        return ""
    usual: Sentence = span(quantile(state.kept, rule.plan.quantile))
    return f"平时最长 {usual.zh} / usually {usual.en} at most"


def _key(rule: HabitRule, subject: str) -> WakeKey:
    return wake_key(rule.id, subject, DUE)


def _timer(rule: HabitRule, subject: str, due_s: float) -> WakeAt:
    return WakeAt(_key(rule, subject), due_s, OnResume.FIRE_IF_OVERDUE)


def _takes(plan: Habit) -> tuple[str, ...]:
    begin = () if plan.begins else ("begin_h",)
    cold = ("cold_s",) if plan.cold else ()
    by_hour = ("by_h", "by_least_s") if plan.by_hour else ()
    return (*begin, *cold, *by_hour, "plus_s", "least_s", "most_s", "days_min")


def _load(rule: HabitRule, body: Any) -> HabitState:
    state = HabitState(
        kept=tuple(stored.number(one) for one in body["kept"]),
        late=tuple(stored.yes_no(one) for one in body["late"]),
        since_s=stored.number_or_none(body["since_s"]),
        date=stored.whole_or_none(body["date"]),
        off=stored.yes_no(body["off"]),
        told=stored.yes_no(body["told"]),
        due_s=stored.number_or_none(body["due_s"]),
    )
    if len(state.kept) != len(state.late) or len(state.kept) > KEPT:
        raise ValueError(f"{len(state.kept)} waits kept, {len(state.late)} of them by the hour")
    return state


HABIT: Pattern[Habit, HabitState] = Pattern("habit", 1, _takes, observe, wake, resume, _load)

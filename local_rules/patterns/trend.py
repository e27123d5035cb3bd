"""The pattern `trend`: a daily figure that is unlike this person's own days.

Each figure is held against the days before it: how far from their median, in units of their median
absolute deviation (MAD), made comparable with a standard deviation. Days that are far off on the
watched side are marked, and enough marks among the latest days raise. It needs `days_min` days
before it says anything. Two figures within half a day are one: the first counts.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from enum import StrEnum
from statistics import median
from typing import Any

from agent.core.clock import Stamp
from agent.core.device import DeviceId
from agent.core.effect import RestoreAlarm
from agent.core.event import Observed
from agent.core.reading import Quantity
from agent.core.text import Sentence
from local_rules.day import DAY_S
from local_rules.explain import because
from local_rules.patterns import stored
from local_rules.patterns.effects import alarm_for
from local_rules.patterns.numbers import as_number
from local_rules.rule import Outcome, Pattern, Rule

BASE_DAYS = 28
"""Days that make the baseline (4.3)."""

WEEK = 7
"""Latest days of which `days` must be marked (4.3)."""

MAD_TO_SIGMA = 1.4826
"""The MAD of normally distributed figures times this is their standard deviation."""


class Side(StrEnum):
    """On which side of the median a day is unlike the others."""

    HIGH = "high"
    LOW = "low"
    BOTH = "both"


@dataclass(frozen=True, slots=True)
class Trend:
    """What a row chooses."""

    side: Side
    unit: str


@dataclass(frozen=True, slots=True)
class TrendState:
    """What the rule remembers of one input: the days of the baseline, oldest first, each with hub
    time, figure and whether it was marked."""

    device: DeviceId
    quantity: Quantity
    channel: str
    drill: bool
    days: tuple[tuple[float, float, bool], ...] = ()
    raised_s: float | None = None
    standing: bool = False


TrendRule = Rule[Trend]
TrendOutcome = Outcome[TrendState]


def observe(
    rule: TrendRule, state: TrendState | None, subject: str, event: Observed
) -> TrendOutcome:
    """Take in the figure of one day."""
    reading = event.reading
    value, at_s = as_number(reading.value), reading.received.at_s
    if value is None or (state is not None and event.repeat_of is not None):
        return state, ()
    if state is None:
        state = TrendState(reading.device, reading.quantity, reading.channel, reading.drill)
    base = tuple(day for day in state.days if 0 <= _days(at_s - day[0]) <= BASE_DAYS)[-BASE_DAYS:]
    if base and at_s - base[-1][0] < DAY_S / 2:
        return state, ()
    is_marked = _is_unlike(rule, value, [figure for _, figure, _ in base])
    after = replace(state, days=(*base, (at_s, value, is_marked)))
    week = [marked for then_s, _, marked in after.days if _days(at_s - then_s) < WEEK]
    if sum(week) < rule.values["days"]:
        restored = (RestoreAlarm(rule.id, subject),) if state.standing else ()
        return replace(after, standing=False), restored
    if not is_marked or not _may_raise(rule, state, at_s):
        return after, ()
    raised = replace(after, raised_s=at_s, standing=True)
    reason = because(
        rule,
        device=state.device,
        quantity=state.quantity,
        channel=state.channel,
        value=f"{value:g}",
        limit=f"{rule.values['z']:g} deviations from {median([day[1] for day in base]):g}",
        drill=state.drill,
        since_s=base[0][0],
        last_s=at_s,
        says=_sentence(rule, state, value, median([day[1] for day in base]), sum(week)),
    )
    return raised, (alarm_for(rule, subject, reason, drill=state.drill),)


def wake(rule: TrendRule, state: TrendState, subject: str, what: str, stamp: Stamp) -> TrendOutcome:
    """Take in a timer, which is none of this pattern's."""
    return state, ()


def resume(rule: TrendRule, state: TrendState, subject: str, stamp: Stamp) -> TrendOutcome:
    """Go on after a restart: this pattern relies on no timer."""
    return state, ()


def _is_unlike(rule: TrendRule, value: float, base: list[float]) -> bool:
    """Return whether `value` is further from the median of `base` than it may be."""
    if len(base) < rule.values["days_min"]:
        return False
    middle = median(base)
    # Days that are all alike would make every other day endlessly far off.
    deviation = max(
        median(abs(figure - middle) for figure in base) * MAD_TO_SIGMA, rule.values["least"]
    )
    far = (value - middle) / deviation
    if rule.plan.side is Side.BOTH:
        far = abs(far)
    elif rule.plan.side is Side.LOW:
        far = -far
    return far > rule.values["z"]


def _days(seconds: float) -> int:
    """Return the nearest number of days: a figure does not come at the same second each day."""
    return round(seconds / DAY_S)


def _may_raise(rule: TrendRule, state: TrendState, at_s: float) -> bool:
    if not state.standing:
        return True
    assert state.raised_s is not None, "what stands was raised"
    return at_s - state.raised_s >= rule.values["rearm_s"]


def _sentence(
    rule: TrendRule, state: TrendState, value: float, middle: float, days: int
) -> Sentence:
    what, unit = rule.inputs[state.quantity], rule.plan.unit
    return Sentence(
        f"{what.zh} {value:g} {unit}，平时为 {middle:g} {unit}，7 天内已有 {days} 天异常",
        f"reports {what.en} {value:g} {unit}, usually {middle:g} {unit}; {days} of the last 7 days "
        "were unlike the others",
    )


def _takes(plan: Trend) -> tuple[str, ...]:
    return ("z", "least", "days_min", "days", "rearm_s")


def _load(rule: TrendRule, body: Any) -> TrendState:
    state = TrendState(
        device=DeviceId(stored.text(body["device"])),
        quantity=Quantity(body["quantity"]),
        channel=stored.text(body["channel"]),
        drill=stored.yes_no(body["drill"]),
        days=tuple(
            (stored.number(at_s), stored.number(figure), stored.yes_no(marked))
            for at_s, figure, marked in body["days"]
        ),
        raised_s=stored.number_or_none(body["raised_s"]),
        standing=stored.yes_no(body["standing"]),
    )
    if state.quantity not in rule.inputs:
        raise ValueError("it tells of a quantity that the rule does not listen to")
    if state.standing and state.raised_s is None:
        raise ValueError("it stands, but was never raised")
    return state


TREND: Pattern[Trend, TrendState] = Pattern("trend", 1, _takes, observe, wake, resume, _load)

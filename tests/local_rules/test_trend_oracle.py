"""The pattern `trend` against an oracle that sees all days at once."""

from __future__ import annotations

from dataclasses import replace
from statistics import median

from hypothesis import given, settings
from hypothesis import strategies as st

from agent.core.alarm import RuleId
from agent.core.reading import Quantity
from local_rules.catalog import book
from local_rules.day import DAY_S
from local_rules.patterns.trend import Side, Trend, TrendState
from local_rules.rule import AnyRule, RuleBook
from tests.local_rules.kit import Home, says

BOOK = book(
    tuned={
        "night_rising.days_min": 7,
        "night_rising.days": 2,
        "night_rising.z": 3,
        "night_rising.rearm_s": 86400 * 2,
    }
)
RULE = BOOK.by_id[RuleId("night_rising")]

Days = list[tuple[int, float]]


@st.composite
def histories(draw: st.DrawFn) -> Days:
    """Draw days with figures, some days missing, some longer away."""
    number, days = 0, list[tuple[int, float]]()
    for _ in range(draw(st.integers(0, 50))):
        number += draw(st.sampled_from([1, 1, 1, 1, 2, 3, 9]))
        usual = draw(st.sampled_from([1, 2, 2, 3]))
        days.append((number, draw(st.sampled_from([usual, usual, usual, 9, 0]))))
    return days


def is_unlike(rule: AnyRule, days: Days, index: int) -> bool:
    number, value = days[index]
    base = [figure for then, figure in days[:index] if number - then <= 28]
    if len(base) < rule.values["days_min"]:
        return False
    middle = median(base)
    spread = max(1.4826 * median(abs(figure - middle) for figure in base), rule.values["least"])
    far = {"high": value - middle, "low": middle - value, "both": abs(value - middle)}
    return far[rule.plan.side.value] / spread > rule.values["z"]


def told(rule: AnyRule, days: Days) -> list[tuple[float, str]]:
    marked = [is_unlike(rule, days, index) for index in range(len(days))]
    out, standing, raised = list[tuple[float, str]](), False, 0
    for index, (number, _) in enumerate(days):
        week = [m for m, (n, _) in zip(marked, days, strict=True) if number - 7 < n <= number and m]
        if len(week) < rule.values["days"]:
            if standing:
                out.append((number * DAY_S, "restore"))
            standing = False
        elif marked[index] and (
            not standing or (number - raised) * DAY_S >= rule.values["rearm_s"]
        ):
            out.append((number * DAY_S, "raise"))
            standing, raised = True, number
    return out


@settings(max_examples=300, deadline=None)
@given(histories(), st.sampled_from(Side))
def test_it_says_what_all_days_say(days: Days, side: Side) -> None:
    rule = replace(RULE, plan=Trend(side, "x"))
    home = Home(RuleBook.of((rule,)))
    for number, value in days:
        home.take(says(Quantity.NIGHT_RISINGS, value, number * DAY_S))
        home.take(says(Quantity.NIGHT_RISINGS, 99, number * DAY_S + 40_000))  # The same day still.
    assert [(at_s, what.split()[0]) for at_s, what in home.alarms()] == told(rule, days)
    for state in home.state.states.values():
        assert isinstance(state, TrendState)
        assert len(state.days) <= 29

"""The pattern `trend`, where the rehearsals and the oracle do not look."""

from __future__ import annotations

from dataclasses import replace

import pytest

from agent.core.alarm import RuleId
from agent.core.effect import RaiseAlarm
from agent.core.reading import Quantity
from local_rules.catalog import book
from local_rules.day import DAY_S
from local_rules.engine import step
from local_rules.patterns.trend import TrendState
from local_rules.rule import RuleBook
from tests.local_rules.kit import Home, says

TUNED = {"night_rising.days_min": 7, "night_rising.days": 1, "night_rising.least": 1}
RULE = book(tuned={k: float(v) for k, v in TUNED.items() if k != "night_rising.days"}).by_id[
    RuleId("night_rising")
]
BOOK = RuleBook.of((RULE,))


def home_after(figures: list[float]) -> Home:
    home = Home(BOOK)
    for number, figure in enumerate(figures):
        home.take(says(Quantity.NIGHT_RISINGS, figure, number * DAY_S))
    return home


def state_of(home: Home) -> TrendState:
    (state,) = home.state.states.values()
    assert isinstance(state, TrendState)
    return state


def test_a_copy_is_no_second_day_but_the_first_may_be_one() -> None:
    home = home_after([2.0])
    home.take(says(Quantity.NIGHT_RISINGS, 9.0, DAY_S, repeat_of=1))
    assert len(state_of(home).days) == 1
    fresh = Home(BOOK)
    fresh.take(says(Quantity.NIGHT_RISINGS, 9.0, DAY_S, repeat_of=1))
    assert len(state_of(fresh).days) == 1


@pytest.mark.parametrize(("later_s", "days"), [(DAY_S / 2 - 1, 1), (DAY_S / 2, 2)])
def test_two_figures_within_half_a_day_are_one(later_s: float, days: int) -> None:
    home = home_after([2.0])
    home.take(says(Quantity.NIGHT_RISINGS, 9.0, later_s))
    assert len(state_of(home).days) == days


@pytest.mark.parametrize(("beyond", "marked"), [(0.0, False), (0.01, True)])
def test_a_day_is_unlike_the_others_beyond_the_limit_and_not_on_it(
    beyond: float, marked: bool
) -> None:
    home = home_after([2.0] * 10)
    far = 2.0 + RULE.values["least"] * RULE.values["z"] + beyond
    home.take(says(Quantity.NIGHT_RISINGS, far, 10 * DAY_S))
    assert state_of(home).days[-1][2] is marked


def test_the_alarm_tells_the_usual_figure_and_the_limit() -> None:
    home = home_after([2.0, 3.0, 4.0] * 4)
    days = int(RULE.values["days"])
    for number in range(12, 12 + days):
        made = step(home.state, says(Quantity.NIGHT_RISINGS, 99.5, number * DAY_S), BOOK)
        home.state = made.state
    (alarm,) = made.effects
    assert isinstance(alarm, RaiseAlarm)
    usual = "3" if days == 1 else alarm.why.limit.split()[-1]
    assert alarm.why.limit == f"{RULE.values['z']:g} deviations from {usual}"
    assert float(usual) < 5
    assert (
        f"99.5 {RULE.plan.unit}, usually {usual} {RULE.plan.unit}; {days} of the last 7 days"
        in (alarm.why.sentence.en)
    )


def test_days_of_a_time_that_has_not_come_count_for_nothing() -> None:
    """A clock that ran ahead must not make a person's own days wait for it."""
    home = home_after([2.0])
    home.take(says(Quantity.NIGHT_RISINGS, 9.0, 400 * DAY_S))
    home.take(says(Quantity.NIGHT_RISINGS, 3.0, DAY_S))
    assert [figure for _, figure, _ in state_of(home).days] == [3.0]


def test_figures_are_told_without_needless_digits() -> None:
    rule = replace(RULE, values={name: float(value) for name, value in RULE.values.items()})
    rule = replace(rule, values={**rule.values, "z": 3.0})
    home = Home(RuleBook.of((rule,)))
    for number in range(9):
        home.take(says(Quantity.NIGHT_RISINGS, 2.0, number * DAY_S))
    for number in range(9, 9 + int(rule.values["days"])):
        home.take(says(Quantity.NIGHT_RISINGS, 99.0, number * DAY_S))
    (alarm,) = [effect for _, effect in home.done if isinstance(effect, RaiseAlarm)]
    unit = rule.plan.unit
    assert (alarm.why.value, alarm.why.limit.split()[-1]) == ("99", "2")
    assert alarm.why.limit.startswith("3 deviations")
    assert f" 99 {unit}, usually 2 {unit};" in alarm.why.sentence.en
    assert f" 99 {unit}，平时为 2 {unit}，" in alarm.why.sentence.zh

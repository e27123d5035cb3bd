"""The pattern `threshold`, where the rehearsals and the oracle do not look."""

from __future__ import annotations

from dataclasses import replace

import pytest

from agent.core.alarm import RuleId
from agent.core.effect import OnResume, RaiseAlarm, WakeAt
from agent.core.reading import Quantity
from local_rules.catalog import ROWS, book
from local_rules.engine import EngineState, Step, resume, step
from local_rules.patterns.threshold import ThresholdState
from local_rules.rule import AnyRule, RuleBook
from tests.local_rules.kit import Home, says, stamp

WHOLE = book()
CO = WHOLE.by_id[RuleId("co_ppm")]
PULSE = WHOLE.by_id[RuleId("pulse_high")]
PRESSURE = WHOLE.by_id[RuleId("bp_systolic_high")]
STALE_S = PULSE.values["stale_s"]


def home_of(rule: AnyRule) -> Home:
    return Home(RuleBook.of((rule,)))


def state_of(home: Home) -> ThresholdState:
    (state,) = home.state.states.values()
    assert isinstance(state, ThresholdState)
    return state


def alarms(home: Home) -> list[RaiseAlarm]:
    return [effect for _, effect in home.done if isinstance(effect, RaiseAlarm)]


def test_a_copy_is_no_second_measurement_but_counts_when_it_is_the_first() -> None:
    home = home_of(PRESSURE)
    home.take(says(Quantity.BP_SYSTOLIC_MMHG, 190, 0.0))
    after_s = PRESSURE.values["repeat_after_s"]
    copy = says(Quantity.BP_SYSTOLIC_MMHG, 190, after_s, repeat_of=1)
    assert step(home.state, copy, home.book) == Step(home.state)
    assert len(step(EngineState(), copy, home.book).changed) == 1


def test_good_news_that_is_no_news_changes_nothing() -> None:
    home = home_of(CO)
    home.take(says(Quantity.CO_PPM, 35, 0.0))
    home.take(says(Quantity.CO_PPM, 3, 10.0))
    good = says(Quantity.CO_PPM, 4, 20.0)
    assert step(home.state, good, home.book) == Step(home.state)
    assert state_of(home).value == 3
    assert (state_of(home).due_s, state_of(home).since_s) == (None, (None,) * 4)


@pytest.mark.parametrize(("gap_s", "raised"), [(STALE_S, True), (STALE_S + 0.5, False)])
def test_a_value_is_trusted_for_its_time_and_no_longer(gap_s: float, raised: bool) -> None:
    """The second reading comes when the first is just still, or no longer, to be trusted."""
    hold_s = 2 * STALE_S - 1
    rule = replace(PULSE, values={**PULSE.values, "hold_s": hold_s})
    home = home_of(rule)
    home.take(says(Quantity.HEART_RATE_BPM, 150, 0.0))
    home.take(says(Quantity.HEART_RATE_BPM, 150, gap_s))
    home.wait_until(hold_s)
    assert bool(alarms(home)) is raised


@pytest.mark.parametrize(("hold_s", "raised"), [(STALE_S, True), (STALE_S + 0.5, False)])
def test_a_hold_that_nobody_witnessed_ends_in_quiet(hold_s: float, raised: bool) -> None:
    home = home_of(replace(PULSE, values={**PULSE.values, "hold_s": hold_s}))
    home.take(says(Quantity.HEART_RATE_BPM, 150, 0.0))
    home.wait_until(hold_s)
    assert bool(alarms(home)) is raised
    if not raised:
        assert (state_of(home).since_s, state_of(home).due_s) == ((None,), None)


def test_the_alarm_tells_the_worst_pair_whose_hold_is_over() -> None:
    """60 ppm is beyond 30 and 50; after an hour it is the hold of 50 that is over."""
    home = home_of(CO)
    home.take(says(Quantity.CO_PPM, 60, 0.0))
    home.wait_until(1e5)
    (alarm,) = alarms(home)
    assert alarm.why.limit == "≥ 50 ppm for 3600 s"
    assert alarm.why.value == "60"
    assert home.done[-1][0] == 3600
    mixed = home_of(CO)
    mixed.take(says(Quantity.CO_PPM, 35, 0.0))
    mixed.take(says(Quantity.CO_PPM, 120, 7000.0))
    mixed.wait_until(7200.0)
    (first,) = alarms(mixed)
    assert first.why.limit == "≥ 30 ppm for 7200 s"


def test_two_holds_that_end_at_once_tell_the_worse() -> None:
    home = home_of(CO)
    home.take(says(Quantity.CO_PPM, 35, 0.0))
    home.take(says(Quantity.CO_PPM, 60, 3600.0))
    home.wait_until(7200.0)
    (alarm,) = alarms(home)
    assert alarm.why.limit == "≥ 50 ppm for 3600 s"


def test_a_repeat_keeps_the_latest_value_and_time() -> None:
    home = home_of(PRESSURE)
    home.take(says(Quantity.BP_SYSTOLIC_MMHG, 190, 0.0))
    home.take(says(Quantity.BP_SYSTOLIC_MMHG, 185, 10.0))
    assert (state_of(home).value, state_of(home).seen_s) == (185, 10.0)
    assert state_of(home).since_s == (0.0,)
    home.take(says(Quantity.BP_SYSTOLIC_MMHG, 188, PRESSURE.values["repeat_after_s"]))
    (alarm,) = alarms(home)
    assert alarm.why.value == "188"


def test_what_stands_keeps_the_value_of_each_turn() -> None:
    home = home_of(CO)
    home.take(says(Quantity.CO_PPM, 400, 0.0))
    home.take(says(Quantity.CO_PPM, 2, 10.0))
    assert (state_of(home).value, state_of(home).seen_s) == (2, 10.0)
    assert step(home.state, says(Quantity.CO_PPM, 3, 20.0), home.book) == Step(home.state)
    home.take(says(Quantity.CO_PPM, 29, 30.0))
    assert (state_of(home).value, state_of(home).seen_s) == (29, 30.0)
    assert (state_of(home).due_s, home.timers) == (None, {})
    assert step(home.state, says(Quantity.CO_PPM, 28.5, 40.0), home.book) == Step(home.state)


def test_at_once_is_at_once_without_a_clear_hold_as_well() -> None:
    rule = replace(CO, values={**CO.values, "clear_hold_s": 0})
    home = home_of(rule)
    home.take(says(Quantity.CO_PPM, 400, 0.0))
    home.take(says(Quantity.CO_PPM, 2, 10.0))
    assert [what.split()[0] for _, what in home.alarms()] == ["raise", "restore"]
    assert (state_of(home).value, state_of(home).seen_s) == (2, 10.0)
    assert (state_of(home).due_s, home.timers) == (None, {})


def test_after_a_restart_each_hold_has_its_own_policy_and_todays_length() -> None:
    home = home_of(CO)
    home.take(says(Quantity.CO_PPM, 60, 0.0))
    shorter = replace(CO, values={**CO.values, "hold_2_s": 1800.0})
    made = resume(home.state, stamp(100.0), RuleBook.of((shorter,)))
    (timer,), (state,) = made.effects, made.state.states.values()
    assert isinstance(timer, WakeAt)
    assert timer.due_s == state.due_s == 1800.0
    assert timer.on_resume is OnResume.FIRE_IF_OVERDUE
    home.take(says(Quantity.CO_PPM, 400, 200.0))
    home.take(says(Quantity.CO_PPM, 2, 300.0))
    made = resume(home.state, stamp(400.0), home.book)
    (timer,), (state,) = made.effects, made.state.states.values()
    assert isinstance(timer, WakeAt)
    assert timer.due_s == state.due_s == 400.0 + CO.values["clear_hold_s"]
    assert timer.on_resume is OnResume.RESTART


def test_every_pair_of_a_rule_counts_and_a_rule_with_one_has_one() -> None:
    for row in ROWS:
        if row.pattern.name == "threshold":
            rule = WHOLE.by_id[row.id]
            names = [name for name in rule.values if name.startswith("limit")]
            assert len(names) == rule.plan.pairs


def test_numbers_are_told_without_needless_digits() -> None:
    floats = {name: float(value) for name, value in CO.values.items()}
    home = home_of(replace(CO, values=floats))
    home.take(says(Quantity.CO_PPM, 60.0, 0.0))
    home.wait_until(3600.0)
    (alarm,) = alarms(home)
    assert " 60 ppm（限值 ≥ 50 ppm），已持续 1 小时" in alarm.why.sentence.zh
    assert " 60 ppm (limit ≥ 50 ppm) for 1 h " in alarm.why.sentence.en
    assert (alarm.why.value, alarm.why.limit) == ("60", "≥ 50 ppm for 3600 s")


def test_pairs_may_stand_in_any_order() -> None:
    values = {**CO.values, "limit": 100, "hold_s": 600, "limit_3": 30, "hold_3_s": 7200}
    home = home_of(replace(CO, values=values))
    home.take(says(Quantity.CO_PPM, 35, 0.0))
    home.wait_until(7200.0)
    (alarm,) = alarms(home)
    assert alarm.why.limit == "≥ 30 ppm for 7200 s"

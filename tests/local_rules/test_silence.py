"""The pattern `silence`, where the rehearsals and the oracle do not look."""

from __future__ import annotations

from dataclasses import replace

import pytest

from agent.core.alarm import RuleId
from agent.core.effect import OnResume, WakeAt
from agent.core.event import WakeKey
from agent.core.reading import Quantity
from local_rules.catalog import book
from local_rules.engine import Step, resume, step
from local_rules.patterns.silence import KEEP_S, Silence, SilenceState
from local_rules.rule import RuleBook
from local_rules.snapshot import dump, restore
from tests.local_rules.kit import Home, says, stamp, woken

LIMIT_S = 43_200.0
FLOW = Quantity.WATER_FLOW_LPH
WATER = replace(
    book().by_id[RuleId("no_water")],
    plan=Silence(presence=True),
    values={"limit_s": LIMIT_S, "rearm_s": 86_400.0},
)
"""Any flow is a sign here, as in the plainest row that there could be."""
RULES = {**book().by_id, WATER.id: WATER}


def home_of(rule: str) -> Home:
    return Home(RuleBook.of((RULES[RuleId(rule)],)))


def running() -> Home:
    """Return a home in which water ran at 1000 s."""
    home = home_of("no_water")
    home.take(says(FLOW, 3.0, 1000.0))
    return home


def state_of(home: Home) -> SilenceState:
    (state,) = home.state.states.values()
    assert isinstance(state, SilenceState)
    return state


def test_a_copy_of_a_sign_is_no_new_sign() -> None:
    home = running()
    home.take(says(FLOW, 3.0, 1000.0 + LIMIT_S - 1, repeat_of=1))
    home.wait_until(1000.0 + LIMIT_S)
    assert home.alarms() == [(1000.0 + LIMIT_S, "raise home")]


@pytest.mark.parametrize(("value", "is_sign"), [(0, False), (-1, False), (0.01, True), (1, True)])
def test_a_figure_above_zero_is_a_sign(value: float, is_sign: bool) -> None:
    home = running()
    home.take(says(FLOW, value, 2000.0))
    assert state_of(home).heard_s == (2000.0 if is_sign else 1000.0)


def test_signs_less_than_a_second_apart_are_one() -> None:
    home = running()
    assert step(home.state, says(FLOW, 4.0, 1000.99), home.book) == Step(home.state)
    home.take(says(FLOW, 4.0, 1001.0))
    assert state_of(home).heard_s == 1001.0


def test_a_sign_at_the_very_moment_of_the_alarm_ends_it() -> None:
    home = running()
    home.wait_until(1000.0 + LIMIT_S)
    assert state_of(home).standing
    made = step(home.state, says(FLOW, 4.0, 1000.5), home.book)  # Out of order, and a sign.
    assert len(made.changed) == 1
    home.take(says(FLOW, 4.0, 1000.0 + LIMIT_S + 0.1))
    assert home.alarms()[-1] == (1000.0 + LIMIT_S + 0.1, "restore home")
    assert state_of(home).kept_s == 1000.0 + LIMIT_S + 0.1


def test_a_sign_goes_to_the_disk_when_the_one_there_is_five_minutes_old() -> None:
    assert KEEP_S == 300
    home = running()
    assert step(home.state, says(FLOW, 4.0, 1299.9), home.book).changed == ()
    assert len(step(home.state, says(FLOW, 4.0, 1300.0), home.book).changed) == 1


def test_a_timer_that_moves_goes_to_the_disk() -> None:
    home = running()
    home.take(says(FLOW, 4.0, 1100.0))
    (key,) = home.timers
    made = step(home.state, woken(key, 1000.0 + LIMIT_S), home.book)
    assert made.effects == (
        WakeAt(WakeKey("no_water/home/limit"), 1100.0 + LIMIT_S, OnResume.FIRE_IF_OVERDUE),
    )
    assert len(made.changed) == 1


def test_after_a_restart_the_timer_is_the_one_of_the_state() -> None:
    home = running()
    home.take(says(FLOW, 4.0, 1100.0))
    made = resume(home.state, stamp(1200.0), home.book)
    (timer,) = made.effects
    assert isinstance(timer, WakeAt)
    (state,) = made.state.states.values()
    assert timer.due_s == state.due_s == 1100.0 + LIMIT_S
    home.wait_until(1100.0 + LIMIT_S)
    stands = resume(home.state, stamp(9e5), home.book)
    assert stands.state is home.state
    (again,) = stands.effects
    assert isinstance(again, WakeAt)
    assert again.due_s == state_of(home).due_s


def test_a_device_is_listened_to_anew_after_a_restart() -> None:
    home = home_of("device_silent")
    home.take(says(Quantity.TEMP_C, 20.0, 1000.0))
    made = resume(home.state, stamp(5000.0), home.book)
    (state,) = made.state.states.values()
    limit_s = home.book.by_id[RuleId("device_silent")].values["limit_s"]
    assert (state.heard_s, state.kept_s, state.due_s) == (5000.0, 5000.0, 5000.0 + limit_s)
    (timer,) = made.effects
    assert isinstance(timer, WakeAt)
    assert timer.on_resume is OnResume.RESTART


def test_supervision_remembers_all_that_a_device_ever_gave_and_others_nothing() -> None:
    home = home_of("device_silent")
    for n, quantity in enumerate((Quantity.TEMP_C, Quantity.TAMPER, Quantity.TEMP_C)):
        home.take(says(quantity, 1, 1000.0 + 10 * n))
    assert state_of(home).given == (Quantity.TEMP_C, Quantity.TAMPER)
    assert state_of(running()).given == ()


def test_who_is_at_home_changes_nothing_that_it_does_not_change() -> None:
    home = running()
    assert step(home.state, says(Quantity.PRESENCE, "home", 1500.0), home.book) == Step(home.state)
    home.take(says(Quantity.PRESENCE, "unknown", 2000.0))
    assert (state_of(home).counts, state_of(home).due_s) == (False, None)
    assert (state_of(home).heard_s, state_of(home).kept_s) == (2000.0, 2000.0)
    home.take(says(Quantity.PRESENCE, "home", 3000.0))
    assert (state_of(home).counts, state_of(home).kept_s) == (True, 3000.0)
    home.wait_until(3000.0 + LIMIT_S)
    raised = home.state
    same = step(raised, says(Quantity.PRESENCE, "maybe_away", 9e4), home.book)
    assert same.state is raised
    home.take(says(Quantity.PRESENCE, "unknown", 9e4))
    assert (state_of(home).counts, state_of(home).standing) == (False, True)


def test_the_same_personal_limit_again_is_no_news() -> None:
    home = home_of("inactivity")
    home.take(says(Quantity.QUIET_S, 0.0, 1000.0))
    home.take(says(Quantity.ALERT_LINE_S, 30_000.0, 1001.0))
    again = says(Quantity.ALERT_LINE_S, 30_000.0, 1002.0)
    assert step(home.state, again, home.book) == Step(home.state)


def test_rules_without_presence_or_personal_limit_take_neither_for_an_order() -> None:
    """Supervision that hears them takes them for signs of the device like any other."""
    rule = RULES[RuleId("device_silent")]
    more = {Quantity.PRESENCE: rule.name, Quantity.ALERT_LINE_S: rule.name}
    home = Home(RuleBook.of((replace(rule, inputs={**rule.inputs, **more}),)))
    home.take(says(Quantity.PRESENCE, "away", 1000.0))
    home.take(says(Quantity.ALERT_LINE_S, 5.0, 2000.0))
    state = state_of(home)
    assert (state.counts, state.personal_s, state.heard_s) == (True, None, 2000.0)
    assert state.given == (Quantity.PRESENCE, Quantity.ALERT_LINE_S)


def tuned(rule: str, **values: float) -> Home:
    found = RULES[RuleId(rule)]
    return Home(RuleBook.of((replace(found, values={**found.values, **values}),)))


def test_a_home_that_is_first_heard_of_as_empty_waits_until_somebody_comes() -> None:
    home = home_of("inactivity")
    assert home.take(says(Quantity.PRESENCE, "away", 1000.0)) == ()
    assert state_of(home).counts is False
    (timer,) = home.take(says(Quantity.PRESENCE, "home", 2000.0))
    assert isinstance(timer, WakeAt)
    assert (state_of(home).counts, state_of(home).heard_s) == (True, 2000.0)
    assert timer.due_s == state_of(home).due_s


def test_what_stands_is_said_again_although_the_limit_has_grown() -> None:
    home = tuned("inactivity", personal_least_s=100, personal_most_s=90_000, rearm_s=1800)
    home.take(says(Quantity.ALERT_LINE_S, 1000.0, 0.0))
    home.take(says(Quantity.QUIET_S, 0.0, 10.0))
    home.wait_until(1010.0)
    home.take(says(Quantity.ALERT_LINE_S, 80_000.0, 1020.0))
    home.wait_until(2810.0)
    assert [at_s for at_s, _ in home.alarms()] == [1010.0, 2810.0]


def test_a_sign_that_ends_an_alarm_goes_to_the_disk_at_once() -> None:
    home = tuned("no_water", limit_s=100)
    home.take(says(FLOW, 3.0, 1000.0))
    home.take(says(FLOW, 3.0, 1100.5))
    assert state_of(home).kept_s == 1100.5


def test_a_personal_limit_outlives_a_restart() -> None:
    home = home_of("inactivity")
    home.take(says(Quantity.QUIET_S, 0.0, 1000.0))
    home.take(says(Quantity.ALERT_LINE_S, 30_000.0, 1001.0))
    (key,) = home.state.states
    made = restore([(*key, dump(home.state, key, home.book))], home.book)
    assert (made.lost, made.state) == ((), home.state)

"""The pattern `left_active`, where the rehearsals and the oracle do not look."""

from __future__ import annotations

import pytest

from agent.core.alarm import RuleId
from agent.core.effect import CancelWake, RaiseAlarm, WakeAt
from agent.core.event import Observed
from agent.core.reading import Quantity, Value
from local_rules.catalog import ROWS, book
from local_rules.engine import Step, resume, step
from local_rules.patterns.left_active import LeftActiveState
from local_rules.rule import RuleBook
from tests.local_rules.kit import Home, says, stamp

WHOLE = book()
DOOR = WHOLE.by_id[RuleId("door_open")]
STOVE = next(
    WHOLE.by_id[row.id]
    for row in ROWS
    if row.pattern.name == "left_active" and row.plan.attended_by is not None
)
LIMIT_S = DOOR.values["limit_s"]


def door(
    value: Value, at_s: float, *, repeat_of: int | None = None, asked: bool = False
) -> Observed:
    return says(Quantity.CONTACT_OPEN, value, at_s, room="玄关", repeat_of=repeat_of, asked=asked)


def stove(value: Value, at_s: float) -> Observed:
    quantity = next(q for q in STOVE.inputs if q is not STOVE.plan.attended_by)
    return says(quantity, value, at_s, room="厨房")


def state_of(home: Home) -> LeftActiveState:
    (state,) = home.state.states.values()
    assert isinstance(state, LeftActiveState)
    return state


def opened() -> Home:
    home = Home(RuleBook.of((DOOR,)))
    home.take(door(True, 1000.0))
    return home


def test_a_copy_neither_closes_a_door_nor_makes_it_newer() -> None:
    home = opened()
    home.take(door(False, 1001.0, repeat_of=1))
    assert step(home.state, door(True, 1002.0, repeat_of=1), home.book) == Step(home.state)
    home.wait_until(1000.0 + LIMIT_S)
    assert len(home.alarms()) == 1


def test_a_door_that_the_hub_asked_about_is_open_all_the_same() -> None:
    home = Home(RuleBook.of((DOOR,)))
    home.take(door(True, 1000.0, asked=True))
    assert state_of(home).since_s == 1000.0


def test_the_same_again_is_news_only_when_the_timer_is_late() -> None:
    home = opened()
    early = step(home.state, door(True, 1000.0 + LIMIT_S - 0.1), home.book)
    assert early == Step(home.state)
    late = step(home.state, door(True, 1000.0 + LIMIT_S), home.book)
    assert [type(effect) for effect in late.effects] == [RaiseAlarm, CancelWake]
    (state,) = late.state.states.values()
    assert (state.standing, state.due_s) == (True, None)


def test_what_stands_is_said_again_exactly_when_the_rearm_time_is_over() -> None:
    home = opened()
    home.wait_until(1000.0 + LIMIT_S)
    rearm_s = DOOR.values["rearm_s"]
    before = step(home.state, door(True, 1000.0 + LIMIT_S + rearm_s - 0.1), home.book)
    assert before.effects == ()
    after = step(home.state, door(True, 1000.0 + LIMIT_S + rearm_s), home.book)
    assert isinstance(after.effects[0], RaiseAlarm)


@pytest.mark.parametrize(("asked", "seen"), [(True, False), (False, True)])
def test_motion_that_the_hub_asked_for_is_nobody(asked: bool, seen: bool) -> None:
    home = Home(RuleBook.of((STOVE,)))
    home.take(stove(_on(), 1000.0))
    home.take(says(STOVE.plan.attended_by, True, 1500.0, room="厨房", asked=asked))
    assert state_of(home).since_s == (1500.0 if seen else 1000.0)


def test_somebody_who_comes_and_goes_ends_what_stands_and_it_begins_anew() -> None:
    home = Home(RuleBook.of((STOVE,)))
    home.take(stove(_on(), 1000.0))
    home.wait_until(1000.0 + STOVE.values["limit_s"])
    seen_s = 1000.0 + STOVE.values["limit_s"] + 50
    home.take(says(STOVE.plan.attended_by, True, seen_s, room="厨房"))
    home.wait_until(seen_s + STOVE.values["limit_s"])
    assert [(at_s, what.split()[0]) for at_s, what in home.alarms()] == [
        (1000.0 + STOVE.values["limit_s"], "raise"),
        (seen_s, "restore"),
        (seen_s + STOVE.values["limit_s"], "raise"),
    ]


def test_the_state_after_a_restart_has_the_timer_that_runs() -> None:
    home = opened()
    (state,) = home.state.states.values()
    moved = book(tuned={"door_open.limit_s": DOOR.values["limit_s"] * 2})
    made = resume(home.state, stamp(1100.0), RuleBook.of((moved.by_id[DOOR.id],)))
    (timer,), (after,) = made.effects, made.state.states.values()
    assert isinstance(timer, WakeAt)
    assert timer.due_s == after.due_s == 1000.0 + 2 * LIMIT_S
    assert state.due_s == 1000.0 + LIMIT_S


def _on() -> Value:
    return STOVE.values["on_above"] + 1 if STOVE.plan.counted else True


def test_what_is_on_again_is_not_off() -> None:
    home = opened()
    home.take(door(False, 1001.0))
    assert state_of(home).off_s == 1001.0
    home.take(door(True, 1002.0))
    assert state_of(home).off_s is None

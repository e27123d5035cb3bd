"""The engine: whose state is whose, and what a restart may not lose."""

from __future__ import annotations

from dataclasses import replace
from functools import partial
from itertools import pairwise
from typing import Any

import pytest

from agent.core.alarm import AlarmId, RuleId
from agent.core.command import AckAlarm, Caller, EndDrills, Role
from agent.core.device import DeviceId
from agent.core.effect import Derive, OnResume, WakeAt
from agent.core.event import Commanded, Observed, Scheduled, WakeKey
from agent.core.reading import Quantity
from agent.core.text import Sentence
from local_rules.catalog import book
from local_rules.engine import EngineState, StateKey, Step, resume, step
from local_rules.patterns.report import REPORT
from local_rules.rule import AnyRule, Outcome, RuleBook
from local_rules.snapshot import dump, restore
from tests.local_rules.kit import DEVICE, Home, all_but, says, stamp

WHOLE = book()
BOOK = book(off=all_but("report"))
SMOKE_RAISED = step(EngineState(), says(Quantity.SMOKE, True, 1.0), BOOK).state


def restored(home: Home, rules: RuleBook = BOOK) -> EngineState:
    """Return what is left of the home's state after it went through JSON."""
    rows = [(key.rule, key.subject, dump(home.state, key, BOOK)) for key in home.state.states]
    made = restore(rows, rules)
    assert made.lost == ()
    return made.state


def test_a_reading_that_no_rule_listens_to_costs_and_changes_nothing() -> None:
    assert step(SMOKE_RAISED, says(Quantity.HUMIDITY_PCT, 21.5, 2.0), BOOK) == Step(SMOKE_RAISED)


def test_commands_and_calendar_jobs_are_not_the_rules_matter() -> None:
    ack = AckAlarm(AlarmId("a-1"), Caller(Role.OPERATOR, "cli:root", on_site=True))
    assert step(SMOKE_RAISED, Commanded(ack, stamp(2.0)), BOOK) == Step(SMOKE_RAISED)
    assert step(SMOKE_RAISED, Scheduled("digest", stamp(2.0)), BOOK) == Step(SMOKE_RAISED)


class TestDerived:
    """What rules derive is taken in within the same step, so far and no further."""

    def home(self, *derived: Quantity) -> Home:
        """Return a home with rules that each make the next of the readings of the one before."""
        inputs = (Quantity.MOTION, *derived)
        rules = tuple(
            replace(
                WHOLE.by_id[RuleId("tamper")],
                id=RuleId(f"makes_{made}"),
                inputs={heard: Sentence("x", "x")},
                pattern=replace(REPORT, observe=partial(_derive, made)),
            )
            for heard, made in pairwise(inputs)
        )
        return Home(RuleBook.of(rules))

    def test_each_follows_from_the_one_before_in_one_step(self) -> None:
        home = self.home(Quantity.QUIET_S, Quantity.PRESENCE, Quantity.ALERT_LINE_S)
        effects = home.take(says(Quantity.MOTION, True, 5.0))
        made = [effect.reading for effect in effects if isinstance(effect, Derive)]
        assert [one.quantity for one in made] == ["quiet_s", "presence", "alert_line_s"]
        assert {one.received for one in made} == {stamp(5.0)}
        assert len(home.state.states) == 3

    def test_what_goes_in_a_circle_ends(self) -> None:
        home = self.home(Quantity.QUIET_S, Quantity.MOTION)
        effects = home.take(says(Quantity.MOTION, True, 5.0))
        made = [e.reading.quantity for e in effects if isinstance(e, Derive)]
        assert made == ["quiet_s", "motion"] * 2 + ["quiet_s"]

    def test_what_a_timer_and_a_restart_derive_is_taken_in_as_well(self) -> None:
        home = Home(WHOLE)
        home.take(says(Quantity.MOTION, True, 5.0))
        home.take(says(Quantity.MOTION, True, 15.0))
        made = home.state.states[StateKey(RuleId("inactivity"), "home")]
        assert made.heard_s == 5.0
        home.wait_until(305.0)
        assert home.state.states[StateKey(RuleId("inactivity"), "home")].heard_s == 15.0
        home.take(says(Quantity.MOTION, True, 310.0))
        home.take(says(Quantity.MOTION, True, 320.0))
        home.restart(home.state, 9000.0)
        assert home.state.states[StateKey(RuleId("inactivity"), "home")].heard_s == 320.0


def _derive(
    made: Quantity, rule: AnyRule, state: Any, subject: str, event: Observed
) -> Outcome[Any]:
    return event.reading.received.at_s, (Derive(replace(event.reading, quantity=made)),)


def test_something_that_is_no_event_is_a_fault_of_the_program() -> None:
    nonsense: Any = "smoke"
    with pytest.raises(AssertionError):
        step(EngineState(), nonsense, BOOK)


def test_a_step_leaves_the_state_before_it_as_it_was() -> None:
    before = dict(SMOKE_RAISED.states)
    after = step(SMOKE_RAISED, says(Quantity.SMOKE, False, 2.0), BOOK).state
    assert SMOKE_RAISED.states == before
    assert after.states != before


def test_changed_names_exactly_the_keys_whose_state_differs() -> None:
    home = Home(BOOK)
    for event in (
        says(Quantity.SOS, True, 1.0),
        says(Quantity.WATER_LEAK, True, 2.0),
        says(Quantity.WATER_LEAK, True, 3.0),
        says(Quantity.SOS, False, 4.0),
        says(Quantity.FAULT, True, 5.0, channel="stick"),
    ):
        before = home.state
        made = step(before, event, BOOK)
        differ = {k for k, v in made.state.states.items() if before.states.get(k) != v}
        assert set(made.changed) == differ
        home.take(event)


def test_a_leak_that_went_on_while_the_hub_was_off_alarms_at_once() -> None:
    home = Home(BOOK)
    home.take(says(Quantity.WATER_LEAK, True, 100.0))
    home.restart(restored(home), 5000.0)
    assert home.timers == {WakeKey(f"water_leak/{DEVICE}/trigger"): 110.0}
    home.wait_until(5000.0)
    assert home.alarms() == [(110.0, f"raise {DEVICE}")]


def test_a_clear_hold_begins_again_after_a_restart_for_nobody_listened() -> None:
    home = Home(BOOK)
    home.take(says(Quantity.SMOKE, True, 100.0))
    home.take(says(Quantity.SMOKE, False, 200.0))
    made = resume(restored(home), stamp(5000.0), BOOK)
    assert made.effects == (WakeAt(WakeKey(f"smoke/{DEVICE}/clear"), 5180.0, OnResume.RESTART),)
    assert len(made.changed) == 1
    home.restart(restored(home), 5000.0)
    home.wait_until(5179.9)
    assert home.alarms() == [(100.0, f"raise {DEVICE}")]
    home.wait_until(5180.0)
    assert home.alarms()[-1] == (5180.0, f"restore {DEVICE}")


def test_smoke_that_comes_back_while_the_hub_starts_stops_the_clear_hold() -> None:
    home = Home(BOOK)
    home.take(says(Quantity.SMOKE, True, 100.0))
    home.take(says(Quantity.SMOKE, False, 200.0))
    home.restart(restored(home), 5000.0)
    home.take(says(Quantity.SMOKE, True, 5001.0))
    home.wait_until(1e6)
    assert [what.split()[0] for _, what in home.alarms()] == ["raise", "raise"]


def test_a_standing_alarm_needs_no_timer_after_a_restart() -> None:
    made = resume(SMOKE_RAISED, stamp(5000.0), BOOK)
    assert (made.effects, made.changed) == ((), ())
    assert made.state is SMOKE_RAISED


def test_states_of_a_rule_that_is_off_now_are_left_alone() -> None:
    home = Home(BOOK)
    home.take(says(Quantity.TAMPER, True, 1.0))
    home.take(says(Quantity.TAMPER, False, 2.0))
    without = book(off=[*all_but("report"), "tamper"])
    assert resume(home.state, stamp(3.0), without).effects == ()
    assert step(home.state, says(Quantity.TAMPER, True, 4.0), without) == Step(home.state)


def test_the_end_of_a_drill_leaves_nothing_behind_and_touches_nothing_real() -> None:
    """A door that is tripped while it is paired is not left open for the drill for ever."""
    home, other = Home(book()), DeviceId("zb:2")
    for device in (DEVICE, other):
        home.take(says(Quantity.CONTACT_OPEN, True, 1.0, drill=True, device=device, channel="a"))
        home.take(says(Quantity.BATTERY_LOW, True, 1.0, drill=True, device=device))
    home.take(says(Quantity.CONTACT_OPEN, True, 1.0))
    end = Commanded(EndDrills(DEVICE, Caller(Role.INSTALLER, "cli:root", on_site=True)), stamp(2.0))
    made = step(home.state, end, home.book)
    assert (made.effects, made.changed) == ((), ())
    left = {key.subject for key in made.state.states}
    assert {subject for subject in left if subject.startswith("drill:")} == {
        f"drill:{other}",
        f"drill:{other}/battery_low",
        f"drill:{DEVICE}/battery_low",  # Reported, and to be taken back by the device itself.
    }
    assert DEVICE in left
    assert set(made.forgotten) == home.state.states.keys() - made.state.states.keys()
    assert step(made.state, end, home.book) == Step(made.state)
    home.state = made.state
    home.wait_until(1e4)
    assert {subject for _, subject in home.alarms() if "drill:" in subject} >= {
        f"raise drill:{other}"
    }
    assert f"raise drill:{DEVICE}" not in {what for _, what in home.alarms()}


def test_what_the_hub_asks_a_device_after_a_drill_begins_no_drill_of_its_own() -> None:
    event = says(Quantity.CONTACT_OPEN, True, 1.0, drill=True, asked=True)
    assert step(EngineState(), event, book()) == Step(EngineState())


def test_readings_that_are_derived_in_a_circle_end_somewhere() -> None:
    """No table has such a rule; if one ever had, the hub would still come back from the step."""

    def echo(rule: Any, state: Any, subject: str, event: Observed) -> Any:
        return state, (Derive(event.reading),)

    rule = BOOK.by_id[RuleId("smoke")]
    circle = RuleBook.of((replace(rule, pattern=replace(rule.pattern, observe=echo)),))
    made = step(EngineState(), says(Quantity.SMOKE, True, 1.0), circle)
    assert 2 <= len(made.effects) <= 8

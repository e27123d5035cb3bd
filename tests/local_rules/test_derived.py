"""Readings that rules derive from readings, and who hears them."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import pytest

from agent.core.alarm import RuleId
from agent.core.clock import Stamp
from agent.core.device import DeviceId, hub_part
from agent.core.effect import Derive, Effect, RaiseAlarm
from agent.core.event import Observed
from agent.core.reading import Quantity
from local_rules import engine
from local_rules.catalog import book
from local_rules.engine import EngineState, StateKey, resume, step
from local_rules.rule import AnyRule, Outcome, Pattern, RuleBook, SubjectBy
from tests.local_rules.kit import DEVICE, says, stamp, woken

WHOLE = book()
HUB = hub_part("home")


@dataclass(frozen=True)
class Count:
    """How often the rule heard something."""

    heard: int = 0


def chain(rule: AnyRule, event: Observed) -> tuple[Effect, ...]:
    """Derive the next quantity of the plan from each that is heard."""
    return tuple(
        Derive(replace(event.reading, device=HUB, quantity=quantity)) for quantity in rule.plan
    )


def observe(rule: AnyRule, state: Count | None, subject: str, event: Observed) -> Outcome[Count]:
    return Count((state.heard if state else 0) + 1), chain(rule, event)


def wake(rule: AnyRule, state: Count, subject: str, what: str, now: Stamp) -> Outcome[Count]:
    return state, chain(rule, says(Quantity.TEST, True, now.at_s))


def load(rule: AnyRule, body: Any) -> Count:
    return Count(body["heard"])


PATTERN: Pattern[Any, Count] = Pattern(
    "count",
    1,
    lambda plan: (),
    observe,
    wake,
    lambda rule, state, subject, now: wake(rule, state, subject, "", now),
    load,
)


def deriving(name: str, hears: Quantity, *derives: Quantity) -> AnyRule:
    smoke = WHOLE.by_id[RuleId("smoke")]
    return replace(
        smoke,
        id=RuleId(name),
        inputs={hears: smoke.name},
        pattern=PATTERN,
        plan=derives,
        subject_by=SubjectBy.DEVICE,
    )


MOTION_MAKES_SMOKE = deriving("a", Quantity.MOTION, Quantity.SMOKE)
BOOK = RuleBook.of((MOTION_MAKES_SMOKE, WHOLE.by_id[RuleId("smoke")]))


def test_what_a_rule_derives_is_heard_in_the_same_step() -> None:
    made = step(EngineState(), says(Quantity.MOTION, True, 5.0), BOOK)
    derive, alarm = made.effects
    assert isinstance(derive, Derive)
    assert isinstance(alarm, RaiseAlarm)
    assert (alarm.rule, alarm.why.device) == ("smoke", HUB)
    keys = (StateKey(RuleId("a"), DEVICE), StateKey(RuleId("smoke"), HUB))
    assert made.changed == keys
    assert tuple(made.state.states) == keys


def test_two_things_derived_at_once_are_both_heard() -> None:
    two = deriving("a", Quantity.MOTION, Quantity.SMOKE, Quantity.GAS)
    rules = RuleBook.of((two, WHOLE.by_id[RuleId("smoke")], WHOLE.by_id[RuleId("gas")]))
    made = step(EngineState(), says(Quantity.MOTION, True, 5.0), rules)
    raised = [effect.rule for effect in made.effects if isinstance(effect, RaiseAlarm)]
    assert raised == ["smoke", "gas"]
    assert len(made.changed) == 3


def test_what_is_derived_of_the_first_is_not_lost_to_the_second() -> None:
    """Motion makes a test and smoke; the test makes gas, which must still be heard."""
    two = deriving("a", Quantity.MOTION, Quantity.TEST, Quantity.SMOKE)
    more = deriving("b", Quantity.TEST, Quantity.GAS)
    others = (WHOLE.by_id[RuleId("smoke")], WHOLE.by_id[RuleId("gas")])
    made = step(EngineState(), says(Quantity.MOTION, True, 5.0), RuleBook.of((two, more, *others)))
    raised = [effect.rule for effect in made.effects if isinstance(effect, RaiseAlarm)]
    assert raised == ["smoke", "gas"]


def test_what_has_no_room_is_told_of_every_turn(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(engine, "STATES", 0)
    made = step(EngineState(), says(Quantity.MOTION, True, 5.0), BOOK)
    gone = (StateKey(RuleId("a"), DEVICE), StateKey(RuleId("smoke"), HUB))
    assert (made.evicted, made.forgotten, made.changed) == (gone, gone, ())
    assert made.state == EngineState()


def test_what_a_timer_or_a_restart_makes_a_rule_derive_is_heard_as_well() -> None:
    key = StateKey(RuleId("a"), DEVICE)
    state = EngineState({key: Count(1)})
    rung = step(state, woken(f"a/{DEVICE}/any", 9.0), BOOK)
    back = resume(state, stamp(9.0), BOOK)
    for made in (rung, back):
        assert [type(effect) for effect in made.effects] == [Derive, RaiseAlarm]


def test_a_derived_reading_may_lead_to_another_and_a_circle_ends() -> None:
    circle = RuleBook.of(
        (
            deriving("a", Quantity.MOTION, Quantity.TEST),
            deriving("b", Quantity.TEST, Quantity.MOTION),
        )
    )
    made = step(EngineState(), says(Quantity.MOTION, True, 5.0), circle)
    heard = {key.rule: count.heard for key, count in made.state.states.items()}
    assert [type(effect) for effect in made.effects] == [Derive] * 5
    assert sum(count.heard for count in made.state.states.values()) == 5
    assert heard == {"a": 2, "b": 2}
    assert len(set(made.changed)) == len(made.changed)


def test_a_rule_that_is_gone_or_a_device_that_was_forgotten_rings_for_nobody() -> None:
    state = EngineState({StateKey(RuleId("gone"), DEVICE): Count(1)})
    for key in (f"gone/{DEVICE}/any", f"a/{DEVICE}/any", f"none/{DeviceId('zb:9')}/any"):
        made = step(state, woken(key, 9.0), BOOK)
        assert (made.state, made.effects) == (state, ())
    assert resume(state, stamp(9.0), BOOK).effects == ()

"""The battery itself is tried: each fault that it is there for is planted, and it must fail."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from typing import Any

import pytest

from agent.core.alarm import RuleId
from agent.core.effect import Effect, RaiseAlarm, RestoreAlarm, WakeAt
from agent.core.event import Observed, WakeKey
from agent.core.reading import Quantity
from agent.core.text import Sentence
from local_rules.catalog import ROWS, Row
from local_rules.rule import AnyRule, Outcome, RuleBook, SubjectBy
from tests.local_rules import test_every_rule as battery

Break = Callable[[AnyRule], AnyRule]

ONE_OF_EACH = ("water_leak", "co_ppm", "door_open", "inactivity", "medication_missed")
HELD = tuple(row.id for row in ROWS if row.id in ONE_OF_EACH)


def with_effects(change: Callable[[Effect], Iterable[Effect]]) -> Break:
    """Return the fault that makes other effects of those that the pattern asks for."""

    def changed(outcome: Outcome[Any]) -> Outcome[Any]:
        return outcome[0], tuple(new for effect in outcome[1] for new in change(effect))

    def broken(rule: AnyRule) -> AnyRule:
        own = rule.pattern
        pattern = replace(
            own,
            observe=lambda *given: changed(own.observe(*given)),
            wake=lambda *given: changed(own.wake(*given)),
            resume=lambda *given: changed(own.resume(*given)),
        )
        return replace(rule, pattern=pattern)

    return broken


def with_values(**shift: float) -> Break:
    """Return the fault that makes the pattern run with other numbers than the row's."""

    def broken(rule: AnyRule) -> AnyRule:
        own = rule.pattern
        values = {name: value + shift.get(name, 0) for name, value in rule.values.items()}

        def tuned(function: Callable[..., Any]) -> Callable[..., Any]:
            return lambda told, *rest: function(replace(told, values=values), *rest)

        pattern = replace(
            own, observe=tuned(own.observe), wake=tuned(own.wake), resume=tuned(own.resume)
        )
        return replace(rule, pattern=pattern)

    return broken


def with_events(change: Callable[[Observed], Observed]) -> Break:
    """Return the fault that lets the pattern hear other readings than were said."""

    def broken(rule: AnyRule) -> AnyRule:
        own = rule.pattern

        def observe(told: AnyRule, state: Any, subject: str, event: Observed) -> Outcome[Any]:
            return own.observe(told, state, subject, change(event))

        return replace(rule, pattern=replace(own, observe=observe))

    return broken


def hears(**changes: Any) -> Break:
    return with_events(
        lambda event: replace(event, reading=replace(event.reading, **changes), repeat_of=None)
    )


def without(kind: type) -> Break:
    return with_effects(lambda effect: () if isinstance(effect, kind) else (effect,))


def with_alarm(**changes: Any) -> Break:
    return with_effects(
        lambda effect: (replace(effect, **changes) if isinstance(effect, RaiseAlarm) else effect,)
    )


def speechless(effect: Effect) -> tuple[Effect, ...]:
    if isinstance(effect, RaiseAlarm):
        effect = replace(
            effect, why=replace(effect.why, sentence=Sentence("", effect.why.sentence.en))
        )
    return (effect,)


def misnamed(effect: Effect) -> tuple[Effect, ...]:
    return (replace(effect, key=WakeKey("x/y/z")) if isinstance(effect, WakeAt) else effect,)


def forgetful(rule: AnyRule) -> AnyRule:
    """Read back from the disk everything but since when it waits."""
    own = rule.pattern

    def load(told: AnyRule, body: Any) -> Any:
        return replace(own.load(told, body), due_s=None)

    return replace(rule, pattern=replace(own, load=load))


def resting(rule: AnyRule) -> AnyRule:
    """Ask for no timer after a restart."""
    own = rule.pattern
    return replace(
        rule, pattern=replace(own, resume=lambda told, state, subject, stamp: (state, ()))
    )


def stutterer(rule: AnyRule) -> AnyRule:
    """Take what is said twice for its contrary."""
    last: list[Any] = [None]

    def change(event: Observed) -> Observed:
        said = event.reading.value
        again, last[0] = last[0] == said, said
        contrary = not said if isinstance(said, bool) else 0.0
        return replace(event, reading=replace(event.reading, value=contrary)) if again else event

    return with_events(change)(rule)


def gullible(event: Observed) -> Observed:
    """Take a word for a number, and for a yes."""
    value = event.reading.value
    worst = {Quantity.CO_PPM: 500.0}.get(event.reading.quantity, True)
    return replace(event, reading=replace(event.reading, value=worst)) if value == "" else event


def echo(rule: AnyRule) -> AnyRule:
    """Raise for each copy of a frame."""
    own = rule.pattern

    def observe(told: AnyRule, state: Any, subject: str, event: Observed) -> Outcome[Any]:
        fresh = own.observe(told, None, subject, replace(event, repeat_of=None))
        return fresh if event.repeat_of is not None else own.observe(told, state, subject, event)

    return replace(rule, pattern=replace(own, observe=observe))


def nosy(rule: AnyRule) -> AnyRule:
    """Listen to what the row does not name."""
    more = {**rule.inputs, Quantity.DISK_PCT: rule.name, Quantity.TEST: rule.name}
    own = rule.pattern

    def observe(told: AnyRule, state: Any, subject: str, event: Observed) -> Outcome[Any]:
        if event.reading.quantity in rule.inputs:
            return own.observe(told, state, subject, event)
        return object(), ()

    return replace(rule, inputs=more, pattern=replace(own, observe=observe))


@dataclass(frozen=True)
class Fault:
    """A fault of a rule, and the test of the battery that must see it in each of `rows`."""

    name: str
    test: Callable[..., None]
    plant: Break
    rows: tuple[str, ...]


FAULTS = (
    Fault("quiet says alarm", battery.test_it_is_quiet_at_the_start, hears(value=True),
          ("water_leak", "door_open")),
    Fault("a second early",
          battery.test_it_raises_when_it_must_and_not_before_with_what_the_row_says,
          with_values(trigger_hold_s=-1, hold_s=-1, limit_s=-1, within_s=-1, night_limit_s=-1,
                      personal_least_s=-1),
          ("water_leak", "door_open", "medication_missed")),
    Fault("a second late",
          battery.test_it_raises_when_it_must_and_not_before_with_what_the_row_says,
          with_values(trigger_hold_s=1, hold_s=1, limit_s=1, within_s=1, night_limit_s=1),
          ("water_leak", "door_open", "medication_missed")),
    Fault("the limit is a hair off", battery.test_the_next_thing_to_an_alarm_is_none,
          with_values(limit=-0.01), ("co_ppm", "pulse_high")),
    Fault("it never ends", battery.test_it_is_restored_when_it_is_over_and_not_before,
          without(RestoreAlarm), HELD),
    Fault("it ends a second early", battery.test_it_is_restored_when_it_is_over_and_not_before,
          with_values(clear_hold_s=-1), ("smoke", "co_ppm")),
    Fault("the disk forgets the hold",
          battery.test_a_restart_at_any_point_continues_as_if_nothing_had_happened,
          forgetful, HELD),
    Fault("no timer after a restart", battery.test_an_overdue_alarm_rings_at_once_after_a_power_cut,
          resting, ("water_leak", "co_ppm", "door_open", "inactivity", "medication_missed")),
    Fault("a drill that looks real",
          battery.test_the_drill_flag_reaches_every_alarm_and_every_sentence,
          with_alarm(drill=False), ("sos", "smoke", "co_ppm", "door_open", "medication_missed")),
    Fault("a sentence without drill",
          battery.test_the_drill_flag_reaches_every_alarm_and_every_sentence,
          hears(drill=False), ("sos", "smoke", "co_ppm", "door_open", "medication_missed")),
    Fault("no Chinese", battery.test_its_sentence_tells_who_what_and_which_rule_in_both_languages,
          with_effects(speechless), ("sos", *HELD)),
    Fault("it listens to what is none of its business",
          battery.test_readings_of_other_quantities_change_nothing, nosy,
          ("sos", "water_leak", "door_open", "medication_missed")),
    Fault("a word is a number", battery.test_a_value_that_makes_no_sense_is_ignored,
          with_events(gullible), ("water_leak", "co_ppm")),
    Fault("copies count", battery.test_the_same_frame_again_changes_nothing, echo,
          ("sos", "smoke", "co_ppm")),
    Fault("said twice is said otherwise",
          battery.test_readings_a_second_late_or_out_of_order_give_the_same_alarms, stutterer,
          ("smoke", "water_leak", "co_ppm", "door_open")),
    Fault("one state for all devices", battery.test_two_devices_do_not_know_of_each_other,
          lambda rule: replace(rule, subject_by=SubjectBy.HOME), ("water_leak", "co_ppm")),
    Fault("timers without a name", battery.test_every_timer_it_asks_for_names_it_and_its_subject,
          with_effects(misnamed), HELD),
    Fault("another severity",
          battery.test_it_raises_when_it_must_and_not_before_with_what_the_row_says,
          with_alarm(latched=None), ("sos", *HELD)),
)  # fmt: skip


def run(test: Callable[..., None], row: Row) -> None:
    """Run one test of the battery on one row, with the arguments that it asks for."""
    more = {"value": ("",), "seed": range(3)}
    names = test.__code__.co_varnames[1 : test.__code__.co_argcount]
    for value in more[names[0]] if names else ((),):
        test(row, *([value] if names else []))


@pytest.mark.parametrize(
    ("fault", "name"),
    [(fault, name) for fault in FAULTS for name in fault.rows],
    ids=lambda part: part if isinstance(part, str) else part.name,
)
def test_a_planted_fault_is_seen(fault: Fault, name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    row = next(row for row in ROWS if row.id == name)
    run(fault.test, row)  # Without the fault it passes.
    rules = battery.WHOLE.by_id
    spoilt = {**rules, RuleId(name): fault.plant(rules[RuleId(name)])}
    monkeypatch.setattr(battery, "WHOLE", RuleBook.of(tuple(spoilt.values())))
    with pytest.raises((AssertionError, AttributeError, TypeError, ValueError)):
        run(fault.test, row)


def test_a_range_that_the_table_does_not_enforce_is_seen() -> None:
    row = next(row for row in ROWS if row.id == "co_ppm")
    wide = replace(row.parameters["hold_s"], high=row.parameters["hold_s"].high * 2)
    spoilt = replace(row, parameters={**row.parameters, "hold_s": wide})
    test = battery.test_a_parameter_at_the_ends_of_its_hard_range_is_taken_and_beyond_them_refused
    test(row, "hold_s")
    with pytest.raises(Exception, match="outside the safety limits"):
        test(spoilt, "hold_s")


def test_a_rule_that_is_not_blind_with_its_source_gone_is_seen(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    rules = battery.WHOLE.by_id
    supervision = rules[RuleId("device_silent")]
    fewer: dict[Quantity, Sentence] = {
        q: said for q, said in supervision.inputs.items() if q is not Quantity.CO_PPM
    }
    spoilt = {**rules, supervision.id: replace(supervision, inputs=fewer)}
    monkeypatch.setattr(battery, "WHOLE", RuleBook.of(tuple(spoilt.values())))
    row = next(row for row in ROWS if row.id == "co_ppm")
    with pytest.raises(AssertionError):
        battery.test_a_rule_whose_source_is_silent_is_blind_and_says_so(row)

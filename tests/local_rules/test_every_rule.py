"""What every row of the safety table keeps to, whoever adds it."""

from __future__ import annotations

import pytest

from agent.core.actuation import ActuationKind
from agent.core.device import DeviceId
from agent.core.effect import RaiseAlarm, RestoreAlarm, WakeAt
from agent.core.errors import ConfigError
from agent.core.reading import Quantity
from local_rules.catalog import ROWS, Row, book
from local_rules.engine import EngineState, StateKey, step
from local_rules.rule import AnyRule
from local_rules.snapshot import dump, restore
from tests.local_rules.kit import DEVICE, Home, says

BOOK = book()
HELD = [row for row in ROWS if not row.momentary]

every_row = pytest.mark.parametrize("row", ROWS, ids=lambda row: row.id)
every_held_row = pytest.mark.parametrize("row", HELD, ids=lambda row: row.id)
every_parameter = pytest.mark.parametrize(
    ("row", "name"),
    [(row, name) for row in ROWS for name in row.parameters],
    ids=lambda part: part if isinstance(part, str) else part.id,
)


def rule_of(row: Row) -> AnyRule:
    return BOOK.by_id[row.id]


def quantity_of(row: Row) -> Quantity:
    return next(iter(row.inputs))


def raises(home: Home) -> list[RaiseAlarm]:
    return [effect for _, effect in home.done if isinstance(effect, RaiseAlarm)]


@every_row
def test_it_is_quiet_at_the_start(row: Row) -> None:
    for quantity in row.inputs:
        made = step(EngineState(), says(quantity, False, 1.0), BOOK)
        assert (made.effects, made.changed, made.state) == ((), (), EngineState())


@every_row
def test_each_of_its_inputs_raises_it_with_what_the_row_says(row: Row) -> None:
    for quantity in row.inputs:
        home = Home(BOOK)
        home.take(says(quantity, True, 100.0, channel="c"))
        home.wait_until(100.0 + rule_of(row).values["trigger_hold_s"])
        (alarm,) = raises(home)
        assert (alarm.rule, alarm.hazard, alarm.severity) == (row.id, row.hazard, row.severity)
        assert (alarm.latched, alarm.momentary, alarm.drill) == (row.latched, row.momentary, False)
        assert [action.target for action in alarm.actions] == [act.target for act in row.acts]
        assert (alarm.why.device, alarm.why.quantity, alarm.why.channel) == (DEVICE, quantity, "c")


@every_row
def test_a_source_that_falls_silent_still_alarms(row: Row) -> None:
    home = Home(BOOK)
    home.take(says(quantity_of(row), True, 100.0))
    home.wait_until(1e9)
    assert len(raises(home)) == 1


@every_row
def test_readings_of_other_quantities_change_nothing(row: Row) -> None:
    home = Home(BOOK)
    home.take(says(quantity_of(row), True, 100.0))
    before = home.state
    for quantity in set(Quantity) - set(row.inputs):
        for value in (True, False, 1, 0.5, "on"):
            made = step(before, says(quantity, value, 101.0), BOOK)
            key = StateKey(row.id, rule_of(row).subject_of(says(quantity, value, 101.0)))
            assert key not in made.changed
            assert all(getattr(effect, "rule", "") != row.id for effect in made.effects)


@every_row
@pytest.mark.parametrize("value", [1, 0, 1.0, 0.0, "true", "false", "", float("nan")])
def test_a_value_that_is_not_yes_or_no_is_ignored(row: Row, value: float | str) -> None:
    for state in (EngineState(), step(EngineState(), says(quantity_of(row), True, 1), BOOK).state):
        made = step(state, says(quantity_of(row), value, 2.0), BOOK)
        assert made.effects == ()
        assert made.changed == ()
        assert made.state is state


@every_row
def test_two_devices_do_not_know_of_each_other(row: Row) -> None:
    home = Home(BOOK)
    home.take(says(quantity_of(row), True, 100.0, device=DeviceId("zb:1")))
    home.take(says(quantity_of(row), False, 100.1, device=DeviceId("zb:2")))
    home.take(says(quantity_of(row), True, 100.2, device=DeviceId("zb:2")))
    home.wait_until(200.0)
    assert [alarm.why.device for alarm in raises(home)] == ["zb:1", "zb:2"]


@every_row
def test_the_drill_flag_reaches_every_alarm_and_every_sentence(row: Row) -> None:
    home = Home(BOOK)
    home.take(says(quantity_of(row), True, 100.0, drill=True))
    home.take(says(quantity_of(row), True, 1e6, drill=True))
    home.wait_until(1e7)
    assert raises(home)
    for alarm in raises(home):
        assert alarm.drill
        assert alarm.subject.startswith("drill:")
        assert alarm.why.sentence.zh.startswith("演练：")
        assert alarm.why.sentence.en.startswith("Drill: ")


@every_row
def test_an_open_drill_does_not_hold_back_the_real_alarm(row: Row) -> None:
    home = Home(BOOK)
    home.take(says(quantity_of(row), True, 100.0, drill=True))
    home.take(says(quantity_of(row), True, 100.1))
    home.wait_until(200.0)
    assert [alarm.drill for alarm in raises(home)] == [True, False]


@every_held_row
def test_the_end_of_a_drill_does_not_end_the_real_alarm(row: Row) -> None:
    home = Home(BOOK)
    home.take(says(quantity_of(row), True, 100.0))
    home.wait_until(200.0)
    home.take(says(quantity_of(row), False, 200.0, drill=True))
    home.wait_until(1e7)
    assert not [effect for _, effect in home.done if isinstance(effect, RestoreAlarm)]


@every_held_row
def test_it_is_restored_at_the_end_of_the_clear_hold_and_not_before(row: Row) -> None:
    hold_s = rule_of(row).values["clear_hold_s"]
    home = Home(BOOK)
    home.take(says(quantity_of(row), True, 100.0))
    home.take(says(quantity_of(row), False, 200.0))
    home.wait_until(200.0 + hold_s - 1)
    assert not [effect for _, effect in home.done if isinstance(effect, RestoreAlarm)]
    home.wait_until(200.0 + hold_s)
    restored = RestoreAlarm(row.id, raises(home)[0].subject)
    assert home.done[-1] == (200.0 + hold_s, restored)


@every_row
@pytest.mark.parametrize("step_by", [1, 2, 3])
def test_a_restart_at_any_point_continues_as_if_nothing_had_happened(
    row: Row, step_by: int
) -> None:
    rule, quantity = rule_of(row), quantity_of(row)
    trace = [says(quantity, True, 100.0), says(quantity, False, 300.0), says(quantity, True, 301.0)]
    whole, broken = Home(BOOK), Home(BOOK)
    for event in trace[:step_by]:
        whole.take(event)
        broken.take(event)
    texts = [(k.rule, k.subject, dump(broken.state, k, BOOK)) for k in broken.state.states]
    restored = restore(texts, BOOK)
    assert restored.lost == ()
    assert restored.state == broken.state
    # At the very instant at which it was left, a restart has missed nothing.
    broken.restart(restored.state, trace[step_by - 1].stamp.at_s)
    for event in trace[step_by:]:
        whole.take(event)
        broken.take(event)
    for home in (whole, broken):
        home.wait_until(302.0 + rule.values["trigger_hold_s"] + rule.values["clear_hold_s"])
    assert broken.alarms() == whole.alarms()


@every_parameter
def test_a_parameter_at_the_ends_of_its_hard_range_is_taken_and_beyond_them_refused(
    row: Row, name: str
) -> None:
    parameter = row.parameters[name]
    key = f"{row.id}.{name}"
    for good in (parameter.low, parameter.high, parameter.default):
        assert book(tuned={key: good}).by_id[row.id].values[name] == good
    for bad in (parameter.low - 1, parameter.high + 1, parameter.high + 0.001, float("nan")):
        with pytest.raises(ConfigError) as caught:
            book(tuned={key: bad})
        sentence = str(caught.value)
        assert f"[rules.{row.id}] {name} = {bad!r}" in sentence
        assert f"{parameter.low:g}-{parameter.high:g} {parameter.unit}" in sentence


@every_row
def test_its_row_is_whole(row: Row) -> None:
    assert row.inputs
    for text in (row.name, row.clears, row.blind, *row.inputs.values()):
        assert text.zh
        assert text.en
    for parameter in row.parameters.values():
        assert parameter.low <= parameter.default <= parameter.high
        assert parameter.unit == "s"
        assert parameter.source
    if row.momentary:
        assert rule_of(row).values["trigger_hold_s"] == 0  # A button that must be held is no help.
    assert ActuationKind.VALVE_OPEN not in {act.kind for act in row.acts}


@every_row
def test_every_timer_it_asks_for_names_it_and_its_subject(row: Row) -> None:
    home = Home(BOOK)
    home.take(says(quantity_of(row), True, 100.0, channel="stick"))
    home.take(says(quantity_of(row), False, 200.0, channel="stick"))
    subject = rule_of(row).subject_of(says(quantity_of(row), True, 1, channel="stick"))
    for _, effect in home.done:
        if isinstance(effect, WakeAt):
            assert effect.key in (f"{row.id}/{subject}/trigger", f"{row.id}/{subject}/clear")

"""What every row of the safety table keeps to, whoever adds it."""

from __future__ import annotations

import random
from collections.abc import Iterable
from dataclasses import replace

import pytest

from agent.core.actuation import ActuationKind
from agent.core.alarm import Hazard, RuleId, Severity
from agent.core.device import DeviceId
from agent.core.effect import RaiseAlarm, RestoreAlarm, WakeAt
from agent.core.errors import ConfigError
from agent.core.event import Observed
from agent.core.reading import Quantity
from local_rules.blind import blind
from local_rules.catalog import ROWS, Row, book
from local_rules.engine import EngineState, StateKey, step
from local_rules.rule import AnyRule, RuleBook
from local_rules.snapshot import dump, restore
from tests.local_rules.kit import DEVICE, Home, says
from tests.local_rules.rehearsal import Line, lines_of, play_of

WHOLE = book()


def alone(row: Row) -> RuleBook:
    """Return the book with this one rule in it: what the others make of it is not asked here."""
    return RuleBook.of((WHOLE.by_id[row.id],))


RAISING = [row for row in ROWS if not row.derives]
"""What derives readings raises nothing, and is played by tests of its own."""

every_row = pytest.mark.parametrize("row", RAISING, ids=lambda row: row.id)
every_row_of_the_table = pytest.mark.parametrize("row", ROWS, ids=lambda row: row.id)
every_held_row = pytest.mark.parametrize(
    "row", [row for row in RAISING if not row.momentary], ids=lambda row: row.id
)
every_parameter = pytest.mark.parametrize(
    ("row", "name"),
    [(row, name) for row in ROWS for name in row.parameters],
    ids=lambda part: part if isinstance(part, str) else part.id,
)


def rule_of(row: Row) -> AnyRule:
    return WHOLE.by_id[row.id]


def home_after(row: Row, events: Iterable[Observed], until_s: float) -> Home:
    """Return a home with this one rule, after it heard the events and time went on."""
    home = Home(alone(row))
    for event in events:
        home.take(event)
    home.wait_until(until_s)
    return home


def raises(home: Home) -> list[RaiseAlarm]:
    return [effect for _, effect in home.done if isinstance(effect, RaiseAlarm)]


def first_raise(home: Home) -> float | None:
    return next((at_s for at_s, what in home.alarms() if what.startswith("raise")), None)


def restores(home: Home) -> list[float]:
    return [at_s for at_s, effect in home.done if isinstance(effect, RestoreAlarm)]


def played(lines: Iterable[Line], *, drill: bool = False) -> list[Observed]:
    return [line.event(drill=drill) for line in lines]


@every_row
def test_it_is_quiet_at_the_start(row: Row) -> None:
    play = play_of(rule_of(row))
    home = home_after(row, played(play.quiet), play.raise_s)
    assert home.alarms() == []


@every_row
def test_it_raises_when_it_must_and_not_before_with_what_the_row_says(row: Row) -> None:
    rule, play = rule_of(row), play_of(rule_of(row))
    early = [line for line in play.begin if line.at_s < play.raise_s]
    assert home_after(row, played(early), play.raise_s - 1).alarms() == []
    home = home_after(row, played(play.begin), play.raise_s)
    (alarm,) = raises(home)
    assert first_raise(home) == play.raise_s
    assert (alarm.rule, alarm.hazard, alarm.severity) == (row.id, row.hazard, row.severity)
    assert (alarm.latched, alarm.momentary, alarm.drill) == (row.latched, row.momentary, False)
    assert [action.target for action in alarm.actions] == [act.target for act in row.acts]
    assert (alarm.why.device, alarm.why.quantity) == (DEVICE, play.begin[-1].quantity)
    assert alarm.why.since_s is not None
    assert alarm.why.last_s is not None
    assert play.begin[0].at_s <= alarm.why.since_s <= alarm.why.last_s <= play.begin[-1].at_s
    assert alarm.pre_alarm_s == rule.values.get("pre_alarm_s", 0)
    assert alarm.prompt_every_s == rule.values.get("prompt_every_s", 0)


@every_row
def test_the_next_thing_to_an_alarm_is_none(row: Row) -> None:
    play = play_of(rule_of(row))
    # Also a hold that began would be over by then.
    home = home_after(row, played(play.harmless), max(play.raise_s, play.harmless[-1].at_s))
    assert home.alarms() == []


@every_row
def test_its_sentence_tells_who_what_and_which_rule_in_both_languages(row: Row) -> None:
    play = play_of(rule_of(row))
    (alarm,) = raises(home_after(row, played(play.begin), play.raise_s))
    zh, en = alarm.why.sentence.zh, alarm.why.sentence.en
    assert DEVICE in zh
    assert DEVICE in en
    assert f"第 {row.number} 号规则：{row.name.zh}" in zh
    assert f"rule {row.number}: {row.name.en}" in en
    assert alarm.why.limit


@every_held_row
def test_it_is_restored_when_it_is_over_and_not_before(row: Row) -> None:
    play = play_of(rule_of(row))
    events, over_s = lines_of(rule_of(row)), lines_of(rule_of(row))[-1].at_s + play.clear_s
    before = [line for line in events if line.at_s < over_s]
    assert restores(home_after(row, played(before), over_s - 0.5)) == []
    home = home_after(row, played(events), over_s)
    assert restores(home) == [over_s]
    assert home.alarms()[-1] == (over_s, f"restore {raises(home)[0].subject}")


@every_held_row
def test_what_ends_before_its_time_is_no_alarm(row: Row) -> None:
    play = play_of(rule_of(row))
    if row.pattern.name == "trend" or play.raise_s - 1 <= play.begin[0].at_s:
        return  # Told by whole days, or at once: there is nothing to end in between.
    end = play.end(play.raise_s - 1)
    late = rule_of(row).values.get("limit_s", 0) if row.pattern.name == "silence" else 86400.0
    begin = [line for line in play.begin if line.at_s < play.raise_s]
    home = home_after(row, played((*begin, *end)), play.raise_s + late - 2)
    assert home.alarms() == []


@every_row
def test_readings_of_other_quantities_change_nothing(row: Row) -> None:
    play = play_of(rule_of(row))
    home = Home(alone(row))
    for event in played(play.begin):
        home.take(event)
    for quantity in set(Quantity) - set(row.inputs):
        for value in (True, False, 1, 0.5, "on"):
            made = step(home.state, says(quantity, value, play.begin[-1].at_s), home.book)
            assert (made.state, made.effects, made.changed) == (home.state, (), ())


@every_row
@pytest.mark.parametrize("value", ["", "nonsense", float("nan"), float("inf"), -float("inf")])
def test_a_value_that_makes_no_sense_is_ignored(row: Row, value: float | str) -> None:
    if row.id == "device_silent":
        return  # Whatever a device says, it lives.
    play = play_of(rule_of(row))
    home = Home(alone(row))
    for event in played(play.begin[:1]):
        home.take(event)
    for state in (EngineState(), home.state):
        for quantity in set(row.inputs) - {Quantity.PRESENCE}:
            at_s = play.begin[0].at_s
            if row.pattern.name == "silence" and value == float("inf"):
                continue
            made = step(state, says(quantity, value, at_s, room="玄关"), home.book)
            assert (made.effects, made.changed) == ((), ())
            assert made.state is state


@every_row
def test_two_devices_do_not_know_of_each_other(row: Row) -> None:
    if row.subject_by.value in ("home", "room"):
        return  # It looks at the home or the room as a whole.
    play, home = play_of(rule_of(row)), Home(alone(row))
    for line in play.begin:
        for device in ("zb:1", "zb:2"):
            home.take(line.event(device=DeviceId(device)))
    home.wait_until(play.raise_s)
    assert [alarm.why.device for alarm in raises(home)] == ["zb:1", "zb:2"]


every_row_with_drills = pytest.mark.parametrize(
    # A sign that is played for a drill begins no wait: it would ring hours after the drill.
    "row",
    [row for row in RAISING if row.pattern.name != "silence"],
    ids=lambda row: row.id,
)


@every_row_with_drills
def test_the_drill_flag_reaches_every_alarm_and_every_sentence(row: Row) -> None:
    play = play_of(rule_of(row))
    home = home_after(row, played(play.begin, drill=True), play.raise_s)
    (alarm,) = raises(home)
    assert alarm.drill
    assert alarm.subject.startswith("drill:")
    assert alarm.why.sentence.zh.startswith("演练：")
    assert alarm.why.sentence.en.startswith("Drill: ")


@every_row_with_drills
def test_an_open_drill_does_not_hold_back_the_real_alarm(row: Row) -> None:
    play, home = play_of(rule_of(row)), Home(alone(row))
    for line in play.begin:
        home.take(line.event(drill=True))
        home.take(line.event())
    home.wait_until(play.raise_s)
    assert [alarm.drill for alarm in raises(home)] == [True, False]


@pytest.mark.parametrize(
    "row", [row for row in ROWS if row.pattern.name == "silence"], ids=lambda row: row.id
)
def test_a_drill_is_no_sign_of_life_and_begins_no_silence(row: Row) -> None:
    play = play_of(rule_of(row))
    assert home_after(row, played(play.begin, drill=True), 1e9).done == []
    late = replace(play.begin[0], at_s=play.raise_s - 1)
    home = home_after(row, [*played(play.begin), late.event(drill=True)], play.raise_s)
    assert len(raises(home)) == 1


@every_held_row
def test_the_end_of_a_drill_does_not_end_the_real_alarm(row: Row) -> None:
    events = lines_of(rule_of(row))
    count = len(play_of(rule_of(row)).begin)
    mixed = [*played(events[:count]), *played(events[count:], drill=True)]
    home = home_after(row, mixed, events[-1].at_s + 7200)
    assert raises(home)
    assert restores(home) == []


def restarted(home: Home, at_s: float) -> None:
    """Let the home lose all but what is on its disk."""
    texts = [(k.rule, k.subject, dump(home.state, k, home.book)) for k in home.state.states]
    made = restore(texts, home.book)
    assert made.lost == ()
    assert made.state == home.state
    home.restart(made.state, at_s)


@every_row
def test_a_restart_at_any_point_continues_as_if_nothing_had_happened(row: Row) -> None:
    play, events = play_of(rule_of(row)), lines_of(rule_of(row))
    if row.id == "device_silent":
        # Nobody listened while the hub was off: the silence begins again.
        home = home_after(row, played(play.begin), play.raise_s - 1)
        restarted(home, play.raise_s - 1)
        home.wait_until(play.raise_s - 1 + rule_of(row).values["limit_s"])
        assert first_raise(home) == play.raise_s - 1 + rule_of(row).values["limit_s"]
        return
    until_s = events[-1].at_s + play.clear_s
    whole = home_after(row, played(events), until_s)
    for broken_at in range(len(events)):
        broken = Home(alone(row))
        for number, line in enumerate(events):
            broken.take(line.event())
            # At the very instant at which it was left, a restart has missed nothing.
            if number == broken_at:
                restarted(broken, line.at_s)
        broken.wait_until(until_s)
        assert broken.alarms() == whole.alarms()


@every_row
def test_an_overdue_alarm_rings_at_once_after_a_power_cut(row: Row) -> None:
    play = play_of(rule_of(row))
    if row.id == "device_silent" or play.raise_s == play.begin[-1].at_s:
        return  # It has no deadline to be overdue, or one that begins again.
    home = home_after(row, played(play.begin), play.begin[-1].at_s)
    restarted(home, play.raise_s + 5000)
    home.wait_until(play.raise_s + 5000)
    assert len(raises(home)) == 1


@every_row
def test_the_same_frame_again_changes_nothing(row: Row) -> None:
    play, events = play_of(rule_of(row)), lines_of(rule_of(row))
    until_s = events[-1].at_s + play.clear_s
    doubled = [
        event
        for line in events
        for event in (line.event(), line.event(repeat_of=1), line.event(repeat_of=1, late_s=0.9))
    ]
    assert (
        home_after(row, doubled, until_s).alarms()
        == home_after(row, played(events), until_s).alarms()
    )


@every_row
def test_a_copy_whose_original_was_lost_counts_as_the_first(row: Row) -> None:
    play = play_of(rule_of(row))
    first, *rest = play.begin
    if first.quantity is Quantity.QUIET_S:
        return  # The hub tells it itself: no radio makes a copy of it.
    home = home_after(row, [first.event(repeat_of=1), *played(rest)], play.raise_s)
    assert first_raise(home) == play.raise_s


@every_row
@pytest.mark.parametrize("seed", range(3))
def test_readings_a_second_late_or_out_of_order_give_the_same_alarms(row: Row, seed: int) -> None:
    play, events = play_of(rule_of(row)), lines_of(rule_of(row))
    if "repeat_after_s" in row.parameters:  # A second that matters is not one of lateness.
        events = tuple(replace(line, at_s=line.at_s + 2 * n) for n, line in enumerate(events))
    until_s = events[-1].at_s + play.clear_s + 2
    rng = random.Random(seed)
    # Each is said twice, the second time up to a second later, and heard in any order.
    late = sorted(
        (line.at_s + rng.random() * 0.9, number)
        for number, line in enumerate(events)
        for _ in range(1 if row.momentary else 2)  # A button pressed twice is pressed twice.
    )
    mixed = [events[n].event(late_s=at_s - events[n].at_s) for at_s, n in late]
    told = home_after(row, mixed, until_s).alarms()
    wanted = home_after(row, played(events), until_s).alarms()
    assert [what for _, what in told] == [what for _, what in wanted]
    for (told_s, _), (wanted_s, _) in zip(told, wanted, strict=True):
        assert wanted_s - 0.001 <= told_s <= wanted_s + 1


@every_parameter
def test_a_parameter_at_the_ends_of_its_hard_range_is_taken_and_beyond_them_refused(
    row: Row, name: str
) -> None:
    parameter = row.parameters[name]
    key = f"{row.id}.{name}"
    other = {"limit": "clear_limit", "clear_limit": "limit"}.get(name, name)
    for good in (parameter.low, parameter.high, parameter.default):
        tuned = {key: good}
        if other != name and overlaps(row):  # Both are good, beside a fitting other.
            beside = row.parameters[other]
            tuned[f"{row.id}.{other}"] = beside.high if name == "limit" else beside.low
        assert book(tuned=tuned).by_id[row.id].values[name] == good
    for bad in (parameter.low - 1, parameter.high + 1, parameter.high + 0.001, float("nan")):
        with pytest.raises(ConfigError) as caught:
            book(tuned={key: bad})
        sentence = str(caught.value)
        assert f"[rules.{row.id}] {name} = {bad!r}" in sentence
        assert f"{parameter.low:g}-{parameter.high:g} {parameter.unit}" in sentence


@every_row_of_the_table
def test_its_row_is_whole(row: Row) -> None:
    assert row.inputs
    pitfalls = (row.pitfalls,) if row.pitfalls is not None else ()
    for text in (row.name, row.clears, row.blind, *pitfalls, *row.inputs.values()):
        assert text.zh
        assert text.en
    for name, parameter in row.parameters.items():
        assert parameter.low <= parameter.default <= parameter.high
        assert parameter.unit or name == "z"
        assert parameter.source
        assert not name.endswith("_s") or parameter.unit == "s"
    if row.momentary:
        assert rule_of(row).values["trigger_hold_s"] == 0  # A button that must be held is no help.
    assert ActuationKind.VALVE_OPEN not in {act.kind for act in row.acts}


@every_row_of_the_table
def test_its_parameters_are_those_that_its_pattern_takes(row: Row) -> None:
    asks = {"pre_alarm_s", "prompt_every_s"} & set(row.parameters)
    assert set(row.parameters) - asks == set(row.pattern.takes(row.plan))
    assert not asks or asks == {"pre_alarm_s", "prompt_every_s"}
    if row.severity is Severity.S1 and asks:
        # A fall and a lost breath may be answered within a minute; nothing else that may kill.
        assert row.hazard in (Hazard.FALL, Hazard.VITAL)
        assert row.parameters["pre_alarm_s"].high <= 60


def overlaps(row: Row) -> bool:
    """Return whether a clear limit and a limit, each in its range, could contradict each other."""
    if "clear_limit" not in row.parameters:
        return False
    clear = row.parameters["clear_limit"]
    return any(
        row.plan.contradicts(limit, back)
        for name in row.plan.limits()
        for limit in (row.parameters[name].low, row.parameters[name].high)
        for back in (clear.low, clear.high)
    )


@every_row
def test_no_choice_of_a_site_puts_the_clear_limit_beyond_the_limit(row: Row) -> None:
    if not overlaps(row):
        return
    assert row.id == "spo2_low", "so that a chronic low baseline may have limits of its own"
    assert book(tuned={"spo2_low.limit": 85, "spo2_low.clear_limit": 88})
    for limit, clear in ((86, 86), (91, 88)):
        with pytest.raises(ConfigError, match="is not behind limit") as caught:
            book(tuned={"spo2_low.limit": limit, "spo2_low.clear_limit": clear})
        assert "Choose" in str(caught.value)


@every_row
def test_every_timer_it_asks_for_names_it_and_its_subject(row: Row) -> None:
    events = lines_of(rule_of(row))
    home = home_after(row, played(events), events[-1].at_s)
    subject = rule_of(row).subject_of(events[0].event())
    for _, effect in home.done:
        if isinstance(effect, WakeAt):
            assert effect.key.startswith(f"{row.id}/{subject}/")
            assert "/" not in effect.key.removeprefix(f"{row.id}/{subject}/")


SUPERVISED = set(WHOLE.by_id[RuleId("device_silent")].inputs)


@every_row
def test_a_rule_whose_source_is_silent_is_blind_and_says_so(row: Row) -> None:
    """General rule (h). What comes only when a person does something is not supervised."""
    heard = [line for line in play_of(rule_of(row)).begin if line.quantity in SUPERVISED]
    if not heard or row.id == "device_silent":
        return
    home = Home(WHOLE)
    home.take(heard[0].event())
    home.wait_until(heard[0].at_s + 90_000)
    assert any(
        alarm.rule == "device_silent" and alarm.why.device == DEVICE for alarm in raises(home)
    )
    assert (row.id, DEVICE) in {(told.rule, told.device) for told in blind(home.state, WHOLE)}


def test_the_state_of_a_whole_home_is_small() -> None:
    home = Home(WHOLE)
    for row in RAISING:
        for line in play_of(rule_of(row)).begin:
            home.take(line.event())
    size = sum(len(dump(home.state, StateKey(*key), WHOLE)) for key in home.state.states)
    assert size < 1_000_000

"""What the engine keeps: the same from the same events, over any restart, and never without end."""

from __future__ import annotations

import random
from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from agent.core.alarm import RuleId
from agent.core.device import DeviceId
from agent.core.effect import Effect, RaiseAlarm
from agent.core.event import Observed
from agent.core.reading import Quantity, Value
from local_rules import engine
from local_rules.catalog import ROWS, Row, book
from local_rules.day import DAY_S
from local_rules.engine import STATES, EngineState, step
from local_rules.life import SIGNS
from local_rules.patterns.left_active import SOURCES
from local_rules.patterns.report import CHANNELS
from local_rules.rule import Pattern, RuleBook
from local_rules.snapshot import dump, restore
from tests.local_rules.kit import Home, says
from tests.local_rules.rehearsal import lines_of, play_of
from tests.local_rules.test_every_rule import RAISING, WHOLE, alone, every_row, raises, rule_of

ALL_KEPT = Pattern.__dataclass_fields__["is_kept"].default
SIGNS_AND_MORE = (*SIGNS, Quantity.USER_MISMATCH, Quantity.SILENT, Quantity.STUCK, Quantity.QUIET_S)

ROOMS = ("客厅", "卧室", "厨房", "卫生间", "玄关")
ENTITIES: list[tuple[Quantity, Value]] = [
    (Quantity.MOTION, True),
    (Quantity.MOTION, False),
    (Quantity.CONTACT_OPEN, True),
]
ENTITIES += [(Quantity.CONTACT_OPEN, False), (Quantity.TEMP_C, 8.5), (Quantity.TEMP_C, 21.0)]
ENTITIES += [(Quantity.SMOKE, True), (Quantity.SMOKE, False), (Quantity.SOS, True)]
ENTITIES += [(Quantity.STOVE_ON, True), (Quantity.WATER_FLOW_LPH, 12.0), (Quantity.IN_BED, False)]


@st.composite
def lives(draw: st.DrawFn) -> list[Observed]:
    """A stretch of a home's life: a few devices, many gaps, now and then a drill or a copy."""
    at_s, told = 0.0, []
    for _ in range(draw(st.integers(0, 25))):
        at_s += draw(st.sampled_from([0, 0.5, 10, 60, 600, 3600, 30_000, 90_000]))
        quantity, value = draw(st.sampled_from(ENTITIES))
        told.append(
            says(
                quantity,
                value,
                at_s,
                device=DeviceId(f"zb:{draw(st.integers(1, 3))}"),
                room=draw(st.sampled_from(ROOMS)),
                drill=draw(st.integers(0, 9)) == 0,
                repeat_of=draw(st.sampled_from([None, None, None, 1])),
            )
        )
    return told


def through_the_disk(state: EngineState) -> EngineState:
    rows = [(key.rule, key.subject, dump(state, key, WHOLE)) for key in state.states]
    made = restore(rows, WHOLE)
    assert made.lost == ()
    return made.state


@settings(max_examples=60, deadline=None)
@given(lives())
def test_the_same_events_make_the_same_everything_also_through_the_disk(
    life: list[Observed],
) -> None:
    """At every point the state is written as JSON and read back, and nothing is different."""
    first, again = Home(WHOLE), Home(WHOLE)
    for event in life:
        first.take(event)
        again.take(event)
        again.state = through_the_disk(again.state)
        assert again.state == first.state
    end_s = life[-1].stamp.at_s + 3 * DAY_S if life else 0.0
    for home in (first, again):
        home.wait_until(end_s)
    assert (again.state, again.done, again.timers) == (first.state, first.done, first.timers)


@settings(max_examples=40, deadline=None)
@given(st.data())
def test_what_is_on_the_disk_is_enough_to_go_on_from(data: st.DataObject) -> None:
    """`changed` and `forgotten` alone keep a copy of the state, but for what the last minutes of
    signs and samples say, which a pattern may hold to be worth no disk."""
    home, disk = Home(WHOLE), dict[engine.StateKey, str]()
    for event in data.draw(lives()):
        made = step(home.state, event, WHOLE)
        home.state = made.state
        disk |= {key: dump(made.state, key, WHOLE) for key in made.changed}
        for key in made.forgotten:
            disk.pop(key, None)
    assert disk.keys() == home.state.states.keys()
    back = restore(((k.rule, k.subject, text) for k, text in disk.items()), WHOLE).state
    for key, held in home.state.states.items():
        rule = WHOLE.by_id[key.rule]
        if rule.pattern.is_kept is ALL_KEPT:
            assert back.states[key] == held


# Bounds


def flood(count: int) -> list[Observed]:
    """Return what `count` made-up devices say, one thing each, in a room of their own."""
    return [
        says(quantity, value, 1000.0 + n, device=DeviceId(f"zb:{n:x}"), room=f"厨房 {n}")
        for n in range(count)
        for quantity, value in ((Quantity.CO_PPM, 60), (Quantity.STOVE_ON, True))
    ]


def test_made_up_devices_fill_no_memory_and_push_out_none_of_the_home(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(engine, "STATES", 300)
    home = Home(WHOLE)
    home.take(says(Quantity.CO_PPM, 60, 10.0))
    real = set(home.state.states)
    evicted = 0
    for event in flood(400):
        made = step(home.state, event, WHOLE)
        home.state = made.state
        evicted += len(made.evicted)
        assert set(made.evicted) <= set(made.forgotten)
        assert not set(made.evicted) & set(made.changed)
        assert len(home.state.states) <= 300
    assert evicted > 0
    assert real <= set(home.state.states)
    # And what has no room any more may still raise what cannot wait.
    made = step(home.state, says(Quantity.SMOKE, True, 9e3, device=DeviceId("zb:new")), WHOLE)
    assert [effect.rule for effect in made.effects if isinstance(effect, RaiseAlarm)] == ["smoke"]


def test_a_full_engine_says_which_states_it_lets_go() -> None:
    many = [("smoke", 10), ("co_ppm", STATES - 10)]
    states = {
        engine.StateKey(RuleId(rule), f"zb:{n}"): object()
        for rule, count in many
        for n in range(count)
    }
    sos = RuleBook.of((WHOLE.by_id[RuleId("sos")],))
    made = step(EngineState(states), says(Quantity.SOS, True, 1.0), sos)
    assert made.evicted == (("co_ppm", f"zb:{STATES - 11}"),)
    assert len(made.state.states) == STATES


@every_row
def test_one_subject_keeps_only_so_much_whatever_it_is_told(row: Row) -> None:
    """A thousand channels and values of one device: the state stays within some kilobytes."""
    home, rng = Home(alone(row)), random.Random(7)
    begin = play_of(rule_of(row)).begin
    for n in range(1000):
        line = begin[n % len(begin)]
        value: Value = line.value if n % 3 else rng.choice([True, False, rng.random() * 1e6])
        event = replace(line, at_s=begin[-1].at_s + n, value=value).event()
        reading = replace(event.reading, channel=f"alarm{n}")
        made = step(home.state, replace(event, reading=reading), home.book)
        home.state = made.state
    assert max(len(dump(home.state, key, home.book)) for key in home.state.states) < 5000


def test_rules_of_the_whole_home_keep_only_so_much_of_a_flood() -> None:
    """What is learned of the home is bounded by what a home has, not by who speaks in it."""
    book = RuleBook.of(tuple(WHOLE.by_id[row.id] for row in ROWS if row.derives))
    state = EngineState()
    for n in range(1000):
        for quantity in SIGNS_AND_MORE:
            for value in (True, 7.5 + n):
                event = says(
                    quantity, value, 1000.0 + 9 * n, device=DeviceId(f"zb:{n:016x}"), room="玄关"
                )
                state = step(state, event, book).state
    sizes = {key: len(dump(state, key, book)) for key in state.states if key.subject == "home"}
    assert {key.rule for key in sizes} >= {"life", "presence", "alert_line", "water_day"}
    assert max(sizes.values()) < 50_000


def full_home() -> list[Observed]:
    """Return 28 days of fifty devices: everybody moves about, and everything happens once."""
    rng, told = random.Random(28), list[Observed]()
    for number in range(28):
        day_s = number * DAY_S
        for device in range(50):
            for _ in range(4):
                quantity, value = rng.choice(ENTITIES)
                at_s = day_s + rng.random() * DAY_S
                room = ROOMS[device % len(ROOMS)]
                told.append(
                    says(quantity, value, at_s, device=DeviceId(f"zb:{device:016x}"), room=room)
                )
            told.append(
                says(Quantity.NIGHT_RISINGS, rng.randint(0, 5), day_s, device=DeviceId("hub:home"))
            )
    for device in range(50):
        for row in RAISING:
            told += [
                line.event(device=DeviceId(f"zb:{device:016x}"))
                for line in lines_of(rule_of(row))[:1]
            ]
    return sorted(told, key=lambda event: event.stamp.at_s)


def test_the_state_of_a_full_home_after_four_weeks_is_less_than_a_megabyte() -> None:
    home = Home(WHOLE)
    done: list[tuple[float, Effect]] = home.done
    for event in full_home():
        home.take(event)
        done.clear()
    size = sum(len(dump(home.state, key, WHOLE)) for key in home.state.states)
    assert len(home.state.states) > 500
    assert size <= 1_000_000, f"{size} bytes in {len(home.state.states)} states"


# Parameters that change while the hub is off

OTHERWISE = ("limit", "_h", ".times")
"""Parameters that do not say how long, but of what, when in the day, or how often."""


@every_row
@pytest.mark.parametrize("end", ["low", "high"])
def test_a_hold_that_runs_follows_the_parameters_of_after_the_restart(row: Row, end: str) -> None:
    """The new numbers hold from the restart on; what saves a life is told under either."""
    tuned = {f"{row.id}.{name}": getattr(p, end) for name, p in row.parameters.items()}
    tuned = {key: value for key, value in tuned.items() if not key.endswith(OTHERWISE)}
    after = book(tuned=tuned)
    play, home = play_of(rule_of(row)), Home(alone(row))
    for line in play.begin:
        home.take(line.event())
    texts = [(k.rule, k.subject, dump(home.state, k, home.book)) for k in home.state.states]
    home.book = RuleBook.of((after.by_id[row.id],))
    made = restore(texts, home.book, play.begin[-1].at_s)
    assert made.lost == ()
    home.restart(made.state, play.begin[-1].at_s)
    home.wait_until(play.begin[-1].at_s + 10 * DAY_S)
    if row.pattern.name in ("report", "threshold", "left_active", "sequence") and not (
        row.id in ("bp_systolic_high", "bp_diastolic_high") or "stale_s" in row.parameters
    ):
        assert raises(home)


def test_the_bounds_of_what_is_remembered_are_these() -> None:
    assert (STATES, SOURCES, CHANNELS) == (4096, 32, 32)

"""The sums of a day and of a night, where no device gives them."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from agent.core.alarm import RuleId
from agent.core.clock import TimeQuality
from agent.core.device import DeviceId
from agent.core.effect import Derive, RaiseAlarm
from agent.core.event import Observed
from agent.core.reading import Quantity, Value
from local_rules.catalog import book
from local_rules.day import DAY_S
from local_rules.engine import EngineState, step
from local_rules.patterns.tally import METERS, TallyState
from local_rules.rule import RuleBook
from local_rules.snapshot import dump, restore
from tests.local_rules.kit import DEVICE, Home, says, woken
from tests.local_rules.rehearsal import at_hour

WHOLE = book()


def home_of(*names: str) -> Home:
    return Home(RuleBook.of(tuple(WHOLE.by_id[RuleId(name)] for name in names)))


def clock(day: int, hour: float) -> float:
    return at_hour(0) + day * DAY_S + hour * 3600


def sums(home: Home) -> list[tuple[float, Value]]:
    return [(at_s, e.reading.value) for at_s, e in home.done if isinstance(e, Derive)]


def flow(at_s: float, litres_h: Value, device: DeviceId = DEVICE) -> Observed:
    return says(Quantity.WATER_FLOW_LPH, litres_h, at_s, device=device)


def bed(at_s: float, value: bool) -> Observed:
    return says(Quantity.IN_BED, value, at_s)


def test_what_ran_in_a_day_is_told_at_midnight_but_not_of_half_a_day() -> None:
    home = home_of("water_day")
    home.take(flow(clock(0, 10), 60.0))
    home.take(flow(clock(0, 10.5), 0.0))
    for day in (1, 2):
        home.take(flow(clock(day, 8), 120.0))
        home.take(flow(clock(day, 8.25), 0.0))
    home.take(flow(clock(2, 23.9), 100.0))
    home.wait_until(clock(4, 1))
    assert sums(home) == [(clock(2, 0), 30.0), (clock(3, 0), 40.0), (clock(4, 0), 90.0)]


def test_a_meter_that_falls_silent_while_it_runs_ran_for_an_hour_at_most() -> None:
    home = home_of("water_day")
    home.take(flow(clock(0, 10), 0.0))
    home.take(flow(clock(1, 8), 100.0))
    home.wait_until(clock(3, 1))
    assert sums(home) == [(clock(2, 0), 100.0), (clock(3, 0), 0.0)]


def test_risings_are_those_of_the_night_and_told_in_the_morning() -> None:
    home = home_of("risings")
    home.take(bed(clock(0, 7), False))
    for hour in (23.5, 25.0, 28.5):
        home.take(bed(clock(1, hour - 0.1), True))
        home.take(bed(clock(1, hour), False))
    home.take(bed(clock(2, 13), False))
    home.wait_until(clock(3, 7))
    assert [(at_s, value) for at_s, value in sums(home) if value] == [(clock(2, 6), 3)]


def test_rule_20_lives_by_it() -> None:
    home = home_of("risings", "night_rising")
    for day in range(20):
        for number in range(1 if day < 16 else 8):
            home.take(bed(clock(day, 23.1 + number / 4), True))
            home.take(bed(clock(day, 23.2 + number / 4), False))
    home.wait_until(clock(21, 0))
    assert [e.rule for _, e in home.done if isinstance(e, RaiseAlarm)] == ["night_rising"]


def test_a_device_that_gives_the_sum_itself_is_left_to_it() -> None:
    home = home_of("water_day")
    home.take(says(Quantity.WATER_DAY_L, 80.0, clock(0, 9)))
    home.take(says(Quantity.WATER_DAY_L, 80.0, clock(1, 9)))
    home.take(flow(clock(1, 10), 60.0))
    home.wait_until(clock(4, 0))
    assert sums(home) == []


def test_a_day_in_which_the_time_was_not_known_is_not_told() -> None:
    home = home_of("water_day")
    event = flow(clock(0, 10), 60.0)
    unknown = replace(event.reading.received, quality=TimeQuality.UNKNOWN)
    home.take(flow(clock(0, 9), 0.0))
    home.wait_until(clock(1, 1))
    later = replace(unknown, at_s=clock(1, 10))
    home.take(Observed(replace(event.reading, received=later)))
    home.wait_until(clock(3, 1))
    assert [at_s for at_s, _ in sums(home)] == [clock(3, 0)]
    fresh = home_of("water_day")
    fresh.take(Observed(replace(event.reading, received=unknown)))
    assert list(fresh.timers.values()) == [clock(0, 11)]


def test_nonsense_drills_and_repeated_frames_add_nothing() -> None:
    home = home_of("water_day", "risings")
    for event in (
        flow(1.0, "much"),
        says(Quantity.WATER_FLOW_LPH, 5.0, 1.0, drill=True),
        says(Quantity.WATER_FLOW_LPH, 5.0, 1.0, repeat_of=2),
        bed(clock(0, 23), True),
    ):
        assert step(home.state, event, home.book).state == EngineState()


def test_the_memory_is_bounded() -> None:
    home = home_of("water_day")
    for number in range(METERS + 3):
        home.take(flow(100.0 + number, 1.0, DeviceId(f"zb:{number}")))
    (state,) = home.state.states.values()
    assert isinstance(state, TallyState)
    assert len(state.meters) == METERS


def test_a_timer_that_was_not_asked_for_or_rings_early_tells_nothing() -> None:
    home = home_of("water_day")
    home.take(flow(clock(0, 9), 1.0))
    for key in ("water_day/home/other", "water_day/home/end"):
        assert step(home.state, woken(key, clock(0, 10)), home.book).state == home.state


def test_after_a_power_cut_the_day_is_not_told() -> None:
    home = home_of("water_day")
    home.take(flow(clock(0, 9), 1.0))
    home.wait_until(clock(1, 2))
    home.take(flow(clock(1, 3), 9.0))
    texts = [(k.rule, k.subject, dump(home.state, k, home.book)) for k in home.state.states]
    made = restore(texts, home.book)
    assert (made.lost, made.state) == ((), home.state)
    home.restart(made.state, clock(1, 12))
    home.take(flow(clock(1, 13), 9.0))
    home.wait_until(clock(3, 1))
    assert [at_s for at_s, _ in sums(home)] == [clock(3, 0)]


@pytest.mark.parametrize("bad", ['"total":"x"', '"meters":[["a",1]]', '"whole":1'])
def test_a_state_that_is_not_whole_starts_fresh(bad: str) -> None:
    home = home_of("water_day")
    home.take(flow(clock(0, 9), 1.0))
    ((key, _),) = home.state.states.items()
    name = bad.split(":")[0]
    text = dump(home.state, key, home.book).replace(f"{name}:", f'{bad},{name[:-1]}_old":', 1)
    assert len(restore([(key.rule, key.subject, text)], home.book).lost) == 1


@settings(max_examples=200, deadline=None)
@given(
    st.lists(
        st.tuples(st.integers(1, 400), st.sampled_from("ab"), st.integers(-1, 300)), max_size=30
    )
)
def test_it_adds_up_what_the_whole_trace_says(trace: list[tuple[int, str, int]]) -> None:
    """Against an oracle that looks at each meter from minute to minute."""
    home, minute = home_of("water_day"), 10
    home.take(flow(clock(0, 1), 0.0))
    home.wait_until(clock(1, 0))
    rates = dict[str, tuple[int, int]]()
    litres = [0.0] * 1440
    said = {1440: ("", 0)}
    for gap, name, rate in trace:
        minute += gap
        if minute < 1440:
            said[minute] = (name, rate)
            home.take(flow(clock(1, minute / 60), float(rate), DeviceId(name)))
    for now in range(1440):
        name, rate = said.get(now, ("", 0))
        if name:
            rates[name] = (now, max(rate, 0))
        litres[now] = sum(rate / 60 for since, rate in rates.values() if now - since < 60)
    home.wait_until(clock(2, 0))
    assert sums(home)[-1][1] == pytest.approx(sum(litres), abs=0.06)

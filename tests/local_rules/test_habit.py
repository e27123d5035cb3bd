"""How long this person usually takes to get up, to go to bed and to come back."""

from __future__ import annotations

import math
from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from agent.core.alarm import RuleId
from agent.core.clock import TimeQuality
from agent.core.effect import Derive, RaiseAlarm
from agent.core.event import Observed
from agent.core.reading import Quantity
from local_rules.catalog import book
from local_rules.day import DAY_S
from local_rules.engine import EngineState, StateKey, step
from local_rules.patterns.habit import KEPT, HabitState, quantile
from local_rules.patterns.presence import SAID
from local_rules.rule import RuleBook
from local_rules.snapshot import dump, restore
from tests.local_rules.kit import Home, says, woken
from tests.local_rules.rehearsal import at_hour

WHOLE = book()
HOUR = 3600.0


def home_of(*names: str) -> Home:
    return Home(RuleBook.of(tuple(WHOLE.by_id[RuleId(name)] for name in names)))


def clock(day: int, hour: float) -> float:
    """Return the hub time of an hour of a day."""
    return at_hour(0) + day * DAY_S + hour * HOUR


def up(at_s: float, room: str = "客厅") -> Observed:
    return says(Quantity.MOTION, True, at_s, room=room)


def bed(at_s: float) -> Observed:
    return says(Quantity.IN_BED, True, at_s)


def presence(at_s: float, word: str, channel: str = "") -> Observed:
    return says(Quantity.PRESENCE, word, at_s, channel=channel)


def due(home: Home) -> list[float]:
    return [at_s for at_s, effect in home.done if isinstance(effect, Derive)]


def raised(home: Home) -> list[tuple[float, str]]:
    return [(at_s, str(e.rule)) for at_s, e in home.done if isinstance(e, RaiseAlarm)]


class TestMorning:
    """Rule 18."""

    def test_at_first_ten_o_clock_is_late(self) -> None:
        home = home_of("morning", "no_morning")
        home.take(up(clock(0, 7)))
        home.take(up(clock(1, 3), room="卧室"))
        home.take(up(clock(1, 9), room="卧室"))
        home.wait_until(clock(1, 12))
        assert due(home) == [clock(1, 10)]
        assert raised(home) == [(clock(1, 10) + 600, "no_morning")]
        home.take(up(clock(1, 13)))
        assert home.alarms()[-1][1] == "restore home"

    def test_who_is_up_early_is_missed_early(self) -> None:
        home = home_of("morning")
        for day in range(20):
            home.take(up(clock(day, 6 + day % 3 / 2)))
        home.wait_until(clock(20, 12))
        assert due(home) == [clock(20, 7 + 1.5)]
        detail = [e.reading.detail for _, e in home.done if isinstance(e, Derive)]
        assert detail == ["平时最长 3 小时 / usually 3 h at most"]

    def test_nobody_is_missed_in_an_empty_home_nor_on_the_day_of_coming_back(self) -> None:
        home = home_of("morning")
        home.take(up(clock(0, 7)))
        home.take(presence(clock(0, 20), "away"))
        home.take(presence(clock(2, 11), "home"))
        home.wait_until(clock(3, 12))
        assert due(home) == [clock(3, 10)]

    def test_it_is_said_once_a_day(self) -> None:
        home = home_of("morning")
        home.take(up(clock(0, 7)))
        home.wait_until(clock(3, 12))
        assert due(home) == [clock(day, 10) for day in (1, 2, 3)]


class TestBedroom:
    """Rule 16."""

    def test_who_does_not_come_out_of_the_bedroom_is_missed(self) -> None:
        home = home_of("bedroom_stay", "bedroom_dwell")
        for day in range(8):
            home.take(up(clock(day, 22), room="卧室"))
            home.take(up(clock(day, 27), room="卧室"))
            home.take(up(clock(day, 31), room="客厅"))
        home.take(up(clock(9, 22), room="卧室"))
        home.wait_until(clock(12, 0))
        assert due(home) == [clock(9, 33)]  # Nine hours is usual, and two more.
        assert [rule for _, rule in raised(home)] == ["bedroom_dwell"]
        home.take(says(Quantity.CONTACT_OPEN, True, clock(12, 1)))
        assert home.alarms()[-1][1] == "restore home"


class TestBedtime:
    """Rule 21."""

    def test_it_says_nothing_before_a_week_is_known_and_then_at_two_hours_past_the_usual(
        self,
    ) -> None:
        home = home_of("bedtime", "not_in_bed")
        for day in range(6):
            home.take(bed(clock(day, 21)))
        home.wait_until(clock(6, 36))
        assert due(home) == []
        home.take(bed(clock(7, 22)))
        home.wait_until(clock(8, 25))
        assert due(home) == [clock(8, 24)]
        assert raised(home) == [(clock(8, 24) + 600, "not_in_bed")]


class TestOuting:
    """Rule 23."""

    def out(self, home: Home, day: int, from_h: float, to_h: float) -> None:
        home.take(presence(clock(day, from_h), "away"))
        home.take(presence(clock(day, to_h), "home"))

    def test_who_is_not_back_by_nine_in_the_evening_is_missed_and_help_sent_after_two_hours(
        self,
    ) -> None:
        home = home_of("outing", "not_returned", "not_returned_long")
        home.take(presence(clock(0, 14), "away"))
        home.wait_until(clock(1, 0))
        at_s = clock(0, 21)
        assert due(home) == [at_s]
        assert raised(home) == [(at_s + 900, "not_returned"), (at_s + 7200, "not_returned_long")]
        home.take(presence(clock(1, 8), "maybe_away"))
        assert len(home.alarms()) == 2
        home.take(presence(clock(1, 8.1), "home"))
        assert [what for _, what in home.alarms()][2:] == ["restore home"] * 2

    def test_who_left_just_before_is_given_two_hours(self) -> None:
        home = home_of("outing")
        home.take(presence(clock(0, 20), "away"))
        home.wait_until(clock(1, 12))
        assert due(home) == [clock(1, 8)]  # Twelve hours; 21 o'clock was too soon.

    def test_who_goes_out_each_evening_is_not_missed_each_evening(self) -> None:
        home = home_of("outing")
        for day in range(8):
            self.out(home, day, 18, 22)
        count = len(due(home))
        self.out(home, 9, 18, 22)
        assert len(due(home)) == count
        home.take(presence(clock(10, 18), "away"))
        home.wait_until(clock(12, 0))
        assert due(home)[count:] == [clock(11, 6)]

    def test_a_journey_that_was_told_is_none(self) -> None:
        home = home_of("outing")
        home.take(presence(clock(0, 9), "away"))
        home.take(presence(clock(0, 10), "away", SAID))
        home.wait_until(clock(9, 0))
        assert due(home) == []
        home.take(presence(clock(9, 9), "away"))
        home.wait_until(clock(9, 22))
        assert due(home) == [clock(9, 21)]

    def test_a_door_that_moves_meanwhile_does_not_start_the_time_again(self) -> None:
        home = home_of("outing")
        home.take(presence(clock(0, 6), "away"))
        home.take(presence(clock(0, 7), "maybe_away"))
        home.take(presence(clock(0, 7.1), "away"))
        home.wait_until(clock(0, 19))
        assert due(home) == [clock(0, 18)]


def test_while_the_time_is_not_known_nothing_is_missed_by_the_hour_and_nothing_learned() -> None:
    home = home_of("morning", "outing")
    for event in (up(100.0), presence(200.0, "away"), presence(900.0, "home"), up(9000.0)):
        now = replace(event.reading.received, quality=TimeQuality.UNKNOWN)
        home.take(Observed(replace(event.reading, received=now)))
    for name in ("morning", "outing"):
        state = home.state.states[StateKey(RuleId(name), "home")]
        assert state.kept == ()


def test_a_drill_and_a_repeated_frame_are_no_part_of_it() -> None:
    home = home_of("outing")
    for event in (
        says(Quantity.PRESENCE, "away", 1.0, drill=True),
        says(Quantity.PRESENCE, "away", 1.0, repeat_of=3),
        says(Quantity.PRESENCE, "nowhere", 1.0),
    ):
        assert step(home.state, event, home.book).state == EngineState()


def test_a_timer_that_was_not_asked_for_or_rings_early_changes_nothing() -> None:
    home = home_of("outing")
    home.take(presence(clock(0, 9), "away"))
    for key in ("outing/home/other", "outing/home/due"):
        made = step(home.state, woken(key, clock(0, 10)), home.book)
        assert made.state == home.state
    home.take(presence(clock(0, 10), "home"))
    assert home.timers == {}


def test_after_a_power_cut_a_wait_runs_on() -> None:
    home = home_of("outing")
    home.take(presence(clock(0, 9), "away"))
    texts = [(k.rule, k.subject, dump(home.state, k, home.book)) for k in home.state.states]
    made = restore(texts, home.book)
    assert (made.lost, made.state) == ((), home.state)
    home.restart(made.state, clock(0, 22))
    assert due(home) == [clock(0, 22)]
    home.restart(home.state, clock(0, 23))
    assert len(due(home)) == 1


@pytest.mark.parametrize("bad", ['"kept":[1.0]', '"date":0.5', '"off":1'])
def test_a_state_that_is_not_whole_starts_fresh(bad: str) -> None:
    home = home_of("outing")
    home.take(presence(clock(0, 9), "away"))
    ((key, _),) = home.state.states.items()
    name = bad.split(":")[0]
    text = dump(home.state, key, home.book).replace(f"{name}:", f'{bad},{name[:-1]}_old":', 1)
    made = restore([(key.rule, key.subject, text)], home.book)
    assert made.state == EngineState()
    assert len(made.lost) == 1


@given(
    st.lists(st.floats(0, 1e6), min_size=1, max_size=KEPT),
    st.sampled_from([0.5, 0.95, 0.99]),
)
def test_the_quantile_is_the_least_length_that_enough_do_not_exceed(
    kept: list[float], part: float
) -> None:
    enough = [one for one in kept if sum(x <= one for x in kept) >= part * len(kept) - 1e-9]
    assert quantile(tuple(kept), part) == min(enough)


@settings(max_examples=200, deadline=None)
@given(st.lists(st.tuples(st.integers(1, 30), st.booleans()), max_size=40))
def test_it_says_what_the_whole_trace_says(trace: list[tuple[int, bool]]) -> None:
    """Outings against an oracle that looks at them all: each with the limit of those before it."""
    rules = book(tuned={"outing.by_least_s": 14_400, "outing.by_h": 24})
    home = Home(RuleBook.of((rules.by_id[RuleId("outing")],)))
    values, at_s, said = rules.by_id[RuleId("outing")].values, clock(0, 0.5), list[float]()
    outings, since_s = list[tuple[float, float]](), None
    for hours, is_out in trace:
        at_s += hours * HOUR + 1 / 64
        home.take(presence(at_s, "away" if is_out else "home"))
        if is_out and since_s is None:
            since_s = at_s
        elif not is_out and since_s is not None:
            outings.append((since_s, at_s))
            since_s = None
    end_s = at_s + 3 * DAY_S
    home.wait_until(end_s)
    outings += [] if since_s is None else [(since_s, end_s)]
    for number, (from_s, to_s) in enumerate(outings):
        before = outings[max(0, number - KEPT) : number]
        lengths = sorted(b - a for a, b in before)
        limit_s = values["cold_s"]
        if len(lengths) >= values["days_min"]:
            usual_s = lengths[math.ceil(0.99 * len(lengths)) - 1]
            limit_s = min(max(usual_s + 7200, values["least_s"]), values["most_s"])
        over_s = [from_s + limit_s]
        if 2 * sum(b >= _midnight(a) for a, b in before) <= len(before):
            over_s.append(_midnight(from_s))
        if min(over_s) <= to_s:
            said.append(min(over_s))
    assert due(home) == said


def _midnight(since_s: float) -> float:
    """Return the first midnight four hours after `since_s` or later."""
    days = math.ceil((since_s + 14_400 - at_hour(0)) / DAY_S)
    return at_hour(0) + days * DAY_S


def test_the_memory_is_bounded() -> None:
    home = home_of("outing")
    for day in range(KEPT + 9):
        TestOuting().out(home, day, 9, 11)
    (state,) = home.state.states.values()
    assert isinstance(state, HabitState)
    assert len(state.kept) == len(state.late) == KEPT

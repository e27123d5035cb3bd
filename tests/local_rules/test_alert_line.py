"""The personal alert line: what is learned of a person, what is not, and what follows from it."""

from __future__ import annotations

import random
from dataclasses import replace
from itertools import pairwise
from statistics import median

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from agent.core.alarm import RuleId
from agent.core.clock import Stamp, TimeQuality
from agent.core.device import DeviceId
from agent.core.effect import Derive, RaiseAlarm
from agent.core.event import Observed
from agent.core.reading import Quantity, Reading, Value
from local_rules import alert_line
from local_rules.alert_line import HOURS, KEPT_DAYS, NEVER, NONE, TOP, Ages, learn, lines, usual_s
from local_rules.catalog import book
from local_rules.day import DAY_S, local_s
from local_rules.engine import EngineState, StateKey, step
from local_rules.patterns.alert_line import SIGNERS, AlertLineState
from local_rules.rule import RuleBook
from local_rules.snapshot import dump, restore
from tests.local_rules.kit import DEVICE, Home, says, stamp, woken
from tests.local_rules.rehearsal import at_hour
from tests.local_rules.synthetic import Person, days

HOUR = 3600.0
WHOLE = book()
RULE = WHOLE.by_id[RuleId("alert_line")]
ALONE = RuleBook.of((RULE,))
KEY = StateKey(RuleId("alert_line"), "home")
PERSON_RULES = ("life", "presence", "alert_line", "inactivity", "inactivity_long")
PERSON = RuleBook.of(tuple(WHOLE.by_id[RuleId(name)] for name in PERSON_RULES))


def sign(at_s: float, quiet_s: Value = 0.0, device: DeviceId = DEVICE) -> Observed:
    return says(Quantity.QUIET_S, quiet_s, at_s, device=device)


def state_of(home: Home) -> AlertLineState:
    state = home.state.states[KEY]
    assert isinstance(state, AlertLineState)
    return state


def told(home: Home, channel: str) -> list[tuple[float, Value]]:
    return [
        (at_s, effect.reading.value)
        for at_s, effect in home.done
        if isinstance(effect, Derive)
        and (effect.reading.quantity, effect.reading.channel) == (Quantity.ALERT_LINE_S, channel)
    ]


def lived(count: int, *, from_h: float = 8.0, to_h: float = 22.0, every_h: float = 2.0) -> Home:
    """Return a home in which there was a sign every `every_h` for `count` days and the next one."""
    home = Home(ALONE)
    for number in range(count + 1):
        at_s = at_hour(from_h) + number * DAY_S
        while at_s <= at_hour(from_h) + number * DAY_S + (to_h - from_h) * HOUR:
            home.take(sign(at_s))
            at_s += every_h * HOUR
    return home


class TestWhatIsLearned:
    def test_a_stretch_is_learned_by_each_hour_with_the_age_it_had_there(self) -> None:
        """From 22:30 to 07:30: at 23 it is half an hour old, at 7 nine hours."""
        local = 20_000 * DAY_S + 7.5 * HOUR
        ages = learn(NONE, 3, local, 9 * HOUR)
        seen = {hour: ages[hour][0][0] / HOUR for hour in range(HOURS) if ages[hour]}
        assert seen == {22: 0.5, 23: 1.5, **{h: h + 2.5 for h in range(7)}, 7: 9.0}

    def test_nothing_is_known_of_an_hour_through_which_nobody_has_lived(self) -> None:
        """A hub that was set up at six in the evening knows nothing of the morning after."""
        lived = alert_line.live(NEVER, 0, 20.5 * HOUR, 2.2 * HOUR)
        assert [hour for hour in range(HOURS) if lived[hour][0]] == [18, 19, 20]
        assert alert_line.live(lived, 0, 20.6 * HOUR, 60.0) is lived
        assert alert_line.live(lived, 1, 20.6 * HOUR, 60.0)[20] == (2, 1)
        values = RULE.values
        known = lines(values, NONE, lived, 0, 19, is_night=False)
        unknown = lines(values, NONE, lived, 0, 20, is_night=False)
        assert (known.ask_s, unknown.ask_s) == (3 * HOUR, 12 * HOUR)

    def test_short_stretches_say_nothing(self) -> None:
        assert learn(NONE, 1, 5 * HOUR, 1799.0) is NONE

    def test_a_stretch_of_days_fills_each_hour_once(self) -> None:
        ages = learn(NONE, 1, 20_000 * DAY_S, 100 * HOUR)
        assert [len(one) for one in ages] == [1] * HOURS
        assert ages[0][0][0] == 100 * HOUR

    def test_a_day_counts_once_and_the_longest_are_kept(self) -> None:
        ages = NONE
        for number, hours in enumerate((3, 4, 5, 6, 7, 8, 2)):
            ages = learn(ages, number, 12.5 * HOUR, hours * HOUR)
        assert [age / HOUR for age, _ in ages[12]] == [8, 7, 6, 5, 4]
        ages = learn(learn(ages, 9, 12.5 * HOUR, 9 * HOUR), 9, 12.5 * HOUR, 3 * HOUR)
        assert [age / HOUR for age, _ in ages[12]] == [9, 8, 7, 6, 5]
        ages = learn(ages, 9 + KEPT_DAYS, 12.5 * HOUR, HOUR)
        assert ages[12] == ((HOUR, 9 + KEPT_DAYS),)

    @given(
        st.lists(
            st.tuples(st.integers(0, 40), st.integers(0, 23), st.floats(1800, 40_000)), max_size=20
        ),
        st.integers(0, 23),
        st.integers(0, 3),
        st.sampled_from([0.5, 0.8, 1.5]),
    )
    def test_usual_is_what_enough_days_have_seen(
        self, seen: list[tuple[int, int, float]], hour: int, around: int, weight: float
    ) -> None:
        """Against an oracle that asks of each age whether the days that reached it weigh enough."""
        ages: Ages = NONE
        for number, at, age_s in sorted(seen):
            hours = list(ages)
            kept = [one for one in hours[at] if one[1] != number]
            hours[at] = (*kept, (age_s, number))
            ages = tuple(hours)
        near = [one for at in range(hour - around, hour + around + 1) for one in ages[at % 24]]
        near = [one for one in near if 41 - one[1] < KEPT_DAYS]
        enough = [0.0]
        for age_s, _ in near:
            reached = {number for other_s, number in near if other_s >= age_s}
            if sum(0.5 ** ((41 - number) / 14) for number in reached) >= weight:
                enough.append(age_s)
        assert usual_s(ages, 41, hour, around=around, weight=weight) == max(enough)

    def test_days_are_counted_as_they_are_learned(self) -> None:
        assert state_of(lived(0)).day == 0
        assert state_of(lived(9)).day == 9

    def test_the_memory_is_bounded_and_small(self) -> None:
        home, rng = Home(ALONE), random.Random(1)
        at_s = at_hour(0)
        for number in range(3000):
            at_s += rng.uniform(600, 30_000)
            home.take(sign(at_s, device=DeviceId(f"zb:{number}")))
        state = state_of(home)
        assert len(state.signers) == SIGNERS
        assert max(len(hour) for hour in state.ages) == TOP
        assert len(dump(home.state, KEY, ALONE)) < 8_000


class TestWhatIsNotLearned:
    def taught(self, *between: Observed, quality: TimeQuality = TimeQuality.SYNCED) -> Ages:
        """Return what a stretch from 10 to 14 o'clock teaches if this happens at noon."""
        home, at_s = lived(3), at_hour(10) + 5 * DAY_S
        before = state_of(home).ages
        home.take(sign(at_s))
        mark = state_of(home).ages
        assert mark != before
        for event in between:
            home.take(event)
        last = sign(at_s + 4 * HOUR)
        now = replace(last.reading.received, quality=quality)
        home.take(Observed(replace(last.reading, received=now)))
        return () if state_of(home).ages == mark else state_of(home).ages

    NOON = at_hour(12) + 5 * DAY_S

    def test_it_is_learned_when_nothing_happens(self) -> None:
        assert self.taught()
        assert self.taught(says(Quantity.PRESENCE, "maybe_away", self.NOON))
        assert self.taught(sign(self.NOON, "x"))
        assert self.taught(says(Quantity.SOS, False, self.NOON))
        assert self.taught(says(Quantity.SILENT, True, self.NOON, device=DeviceId("zb:scale")))

    @pytest.mark.parametrize(
        "event",
        [
            says(Quantity.PRESENCE, "away", NOON),
            says(Quantity.PRESENCE, "unknown", NOON),
            says(Quantity.SOS, True, NOON),
            says(Quantity.FALL, True, NOON),
            says(Quantity.SILENT, True, NOON),
            says(Quantity.STUCK, True, NOON),
        ],
    )
    def test_absence_emergencies_and_lost_sensors(self, event: Observed) -> None:
        assert not self.taught(event)

    def test_while_the_time_is_not_known(self) -> None:
        assert not self.taught(quality=TimeQuality.UNKNOWN)

    def test_it_goes_on_when_the_sensor_is_back(self) -> None:
        back = says(Quantity.SILENT, False, self.NOON + 1)
        again = sign(self.NOON + 2)
        assert self.taught(says(Quantity.SILENT, True, self.NOON), back, again)
        assert not self.taught(says(Quantity.SILENT, True, self.NOON), back)

    def test_who_comes_home_begins_a_stretch(self) -> None:
        gone = says(Quantity.PRESENCE, "away", self.NOON - HOUR)
        back = says(Quantity.PRESENCE, "home", self.NOON)
        assert self.taught(gone, back)
        home = lived(3)
        home.take(sign(self.NOON - 2 * HOUR))
        home.take(gone)
        home.take(back)
        home.take(sign(self.NOON + 2 * HOUR))
        assert 2 * HOUR in {age_s for hour in state_of(home).ages for age_s, _ in hour}

    def test_what_outlasts_the_line_of_help_is_learned_as_if_it_had_ended_there(self) -> None:
        home = lived(10)
        help_s = state_of(home).told
        assert help_s is not None
        at_s = at_hour(14) + 11 * DAY_S
        home.take(sign(at_hour(8) + 11 * DAY_S))
        home.wait_until(at_s + 60)
        limit_s = told(home, "urgent")[-1][1]
        home.take(sign(at_s + 20 * HOUR))
        longest = max(age for hour in state_of(home).ages for age, _ in hour)
        assert longest <= max(float(limit_s), 14 * HOUR)


class TestTheLines:
    VALUES = RULE.values

    def test_before_the_first_day_the_long_limits_hold(self) -> None:
        assert lines(self.VALUES, NONE, NEVER, 0, 12, is_night=False).ask_s == 12 * HOUR
        night = lines(self.VALUES, NONE, NEVER, 0, 2, is_night=True)
        assert (night.ask_s, night.help_s, night.usual_s) == (14 * HOUR, 15 * HOUR, 0.0)

    @settings(max_examples=100)
    @given(st.integers(1, 60), st.integers(0, 23), st.booleans(), st.floats(0, 200_000))
    def test_whatever_is_learned_the_bounds_hold(
        self, day: int, hour: int, is_night: bool, age_s: float
    ) -> None:
        ages = learn(NONE, day, hour * HOUR + 1800, age_s)
        made = lines(self.VALUES, ages, ((day, day),) * 24, day, hour, is_night=is_night)
        low, high = (5, 14) if is_night else (3, 12)
        assert low * HOUR <= made.ask_s <= high * HOUR
        assert made.ask_s + HOUR <= made.help_s <= (high + 1) * HOUR

    def test_the_margin_narrows_as_days_are_learned(self) -> None:
        limits = []
        for day in (1, 2, 4, 14, 27):
            ages = learn(NONE, day, 14.9 * HOUR, 3 * HOUR)
            limits.append(
                lines(self.VALUES, ages, ((day, day),) * 24, day, 14, is_night=False).ask_s / HOUR
            )
        assert limits == sorted(limits, reverse=True)
        assert limits[0] == pytest.approx(1.75 * 3 + 2.0)
        assert limits[-1] == pytest.approx(1.25 * 3 + 0.5, abs=0.2)

    def test_one_long_day_long_ago_does_not_hold_the_line_up_for_ever(self) -> None:
        ages = learn(NONE, 1, 14.9 * HOUR, 6 * HOUR)
        for day in range(2, 20):
            ages = learn(ages, day, 14.9 * HOUR, HOUR)
        at = [usual_s(ages, day, 14, around=0, weight=alert_line.ASK_WEIGHT) for day in (5, 6)]
        assert at == [6 * HOUR, HOUR]


class TestWhatIsTold:
    def test_the_limit_of_the_hour_when_it_changes_and_the_table_once_a_day(self) -> None:
        home = lived(9)
        home.wait_until(at_hour(8) + 12 * DAY_S)
        tables = [
            (at_s, effect.reading.value)
            for at_s, effect in home.done
            if isinstance(effect, Derive) and effect.reading.quantity is Quantity.ALERT_TABLE
        ]
        assert len(tables) == 13
        assert [len(str(value).split()) for _, value in tables] == [HOURS] * 13
        limits = [value for _, value in told(home, "")]
        assert all(a != b for a, b in pairwise(limits))
        per_day = [at_s for at_s, _ in told(home, "") if at_s > at_hour(0) + 10 * DAY_S]
        assert len(per_day) <= 3 * HOURS
        detail = [
            effect.reading.detail
            for _, effect in home.done
            if isinstance(effect, Derive) and effect.reading.channel == "usual"
        ]
        assert "平时此时段最长 2 小时 / usually 2 h at most" in detail

    def test_the_sentence_names_the_usual_longest_age(self) -> None:
        home = Home(PERSON)
        for event in days(Person(), 20, 3):
            home.take(event)
        home.wait_until(at_hour(12) + 20 * DAY_S)
        alarm = next(e for _, e in reversed(home.done) if isinstance(e, RaiseAlarm))
        assert "没有任何动静，平时此时段最长" in alarm.why.sentence.zh
        assert "at this hour it is usually" in alarm.why.sentence.en

    def test_while_the_time_is_not_known_the_limit_of_no_hour_holds(self) -> None:
        home = Home(ALONE)
        event = sign(100.0)
        unknown = replace(event.reading.received, quality=TimeQuality.UNKNOWN)
        home.take(Observed(replace(event.reading, received=unknown)))
        assert told(home, "") == [(100.0, 12 * HOUR)]
        assert told(home, "urgent") == [(100.0, 13 * HOUR)]
        assert state_of(home).due_s == 3700.0

    def test_a_timer_that_was_not_asked_for_or_rings_early_tells_nothing(self) -> None:
        home = lived(1)
        made = step(home.state, woken("alert_line/home/other", 1.0), ALONE)
        assert (made.state, made.effects) == (home.state, ())
        made = step(home.state, woken("alert_line/home/hour", 1.0), ALONE)
        assert made.state == home.state
        assert len(made.effects) == 1

    def test_a_drill_and_a_repeated_frame_teach_nothing(self) -> None:
        home = lived(1)
        for event in (
            says(Quantity.SOS, True, 9e9, drill=True),
            says(Quantity.SOS, True, 9e9, repeat_of=3),
            says(Quantity.SILENT, "x", 9e9),
            says(Quantity.SILENT, False, 9e9),
            says(Quantity.PRESENCE, "home", 9e9),
        ):
            assert step(home.state, event, ALONE).state == home.state


class TestTime:
    def later(self, home: Home, years: float) -> Home:
        """Let the wall clock be wrong by so many years, and live another three days."""
        began_s = at_hour(8) + 20 * DAY_S
        for number in range(36):
            event = sign(began_s + number * 2 * HOUR)
            now = event.reading.received
            wrong = replace(now, wall_s=now.wall_s + years * 365.25 * DAY_S)
            home.take(Observed(replace(event.reading, received=wrong)))
        return home

    @pytest.mark.parametrize("years", [10, -10])
    def test_what_is_learned_survives_a_clock_that_steps_by_ten_years(self, years: float) -> None:
        home = lived(19)
        before = state_of(home)
        after = state_of(self.later(home, years))
        assert before.day <= after.day <= before.day + 4
        night = [age for age, _ in before.ages[6]]
        assert set(night) & {age for age, _ in after.ages[6]}

    @pytest.mark.parametrize(
        "wall_s",
        [
            1_709_136_000.0,  # 2024-02-29 in the home: the leap day.
            1_735_660_800.0,  # 2025-01-01: the year has ended.
            1_740_758_400.0,  # 2025-03-01.
        ],
    )
    def test_the_leap_day_and_the_end_of_the_year_are_days_like_others(self, wall_s: float) -> None:
        home = Home(ALONE)
        for number in range(40):
            at_s = 5_000.0 + number * 2 * HOUR
            now = Stamp(at_s, 0, stamp(0).boot_id, wall_s - DAY_S + at_s, TimeQuality.RTC)
            home.take(Observed(Reading(DEVICE, Quantity.QUIET_S, 0.0, now)))
        assert state_of(home).day == 3
        assert all(hour for hour in state_of(home).ages)

    def test_the_local_day_begins_at_midnight_in_china(self) -> None:
        midnight = Stamp(0.0, 0, stamp(0).boot_id, 1_735_660_800.0, TimeQuality.RTC)
        assert (local_s(midnight) or 0.0) % DAY_S == 0.0

    def test_after_a_power_cut_the_stretch_without_power_is_not_learned(self) -> None:
        home = lived(5)
        texts = [(KEY.rule, KEY.subject, dump(home.state, KEY, ALONE))]
        made = restore(texts, ALONE)
        assert (made.lost, made.state) == ((), home.state)
        ages = state_of(home).ages
        at_s = at_hour(12) + 7 * DAY_S
        home.restart(made.state, at_s)
        home.take(sign(at_s + 60))
        assert state_of(home).ages == ages
        assert home.timers


@pytest.mark.parametrize(
    "bad",
    [
        '"ages":[]',
        '"day":1.5',
        '"day":true',
        '"told":[1,2]',
        '"told":null',
        '"date":"x"',
        '"lost":[3]',
    ],
)
def test_a_state_that_is_not_whole_starts_fresh(bad: str) -> None:
    home = lived(2)
    name = bad.split(":")[0]
    text = dump(home.state, KEY, ALONE).replace(f"{name}:", f'{bad},{name[:-1]}_old":', 1)
    made = restore([(KEY.rule, KEY.subject, text)], ALONE)
    assert made.state == EngineState()
    assert len(made.lost) == 1


@pytest.mark.parametrize(
    ("person", "seed"),
    [
        (Person(), 1),
        (Person(signs=12, naps=0.2), 2),
        (Person(signs=3, varies_h=0.8), 3),
        (Person(up_h=5.0, down_h=20.5, outings=1.0), 4),
    ],
    ids=["usual", "lively", "quiet", "early"],
)
def test_weeks_of_living_give_no_help_unasked_and_a_collapse_is_found(
    person: Person, seed: int
) -> None:
    """Three weeks of a home nobody has lived in: at most two checks and no help for nothing; and a
    collapse at any waking hour is found within four hours as a rule."""
    home, rng, delays = Home(PERSON), random.Random(seed), list[float]()
    next_s = at_hour(9)
    for event in days(person, 21, seed):
        while next_s < event.stamp.at_s:
            home.wait_until(next_s)
            found_s = _found(home, next_s)
            if found_s is not None:
                delays.append((found_s - next_s) / HOUR)
            next_s += rng.uniform(3, 9) * HOUR
        home.take(event)
    raised = [e.rule for _, e in home.done if isinstance(e, RaiseAlarm)]
    assert raised.count(RuleId("inactivity_long")) == 0
    assert raised.count(RuleId("inactivity")) <= 2
    assert len(delays) > 20
    assert median(delays) <= 4.0


def _found(home: Home, at_s: float) -> float | None:
    """Return when help is asked for somebody who collapses at `at_s`; None: he sleeps or is out."""
    hour = ((local_s(stamp(at_s)) or 0.0) % DAY_S) / HOUR
    if not 7 <= hour < 22 or home.state.states[StateKey(RuleId("presence"), "home")].word != "home":
        return None
    fallen = Home(home.book, home.state, dict(home.timers))
    fallen.wait_until(at_s + 30 * HOUR)
    return next(then_s for then_s, e in fallen.done if isinstance(e, RaiseAlarm))

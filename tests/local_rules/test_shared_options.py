"""What the options of the patterns mean to the rows that use them, one sentence each."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from agent.core.alarm import RuleId, Severity
from agent.core.device import DeviceId, PowerClass
from agent.core.effect import Derive
from agent.core.event import Observed
from agent.core.reading import Quantity, Value
from local_rules.catalog import book
from local_rules.engine import EngineState, step
from local_rules.patterns import amount
from local_rules.patterns.figure import heat_index_c
from local_rules.patterns.gate import Gate
from local_rules.patterns.sequence import Match
from local_rules.rule import RuleBook
from local_rules.snapshot import dump, restore
from tests.local_rules.kit import Home, says
from tests.local_rules.rehearsal import at_hour
from tests.local_rules.test_every_rule import raises, restores

T = at_hour(10)
WHOLE = book()


def home_of(*rules: str, **tuned: float) -> Home:
    """Return a home with these rules alone."""
    values = {key.replace("__", "."): value for key, value in tuned.items()}
    rule_book = book(tuned=values) if values else WHOLE
    return Home(RuleBook.of(tuple(rule_book.by_id[RuleId(rule)] for rule in rules)))


def hear(home: Home, at_s: float, quantity: Quantity, value: Value = True, **more: Any) -> None:
    home.take(says(quantity, value, T + at_s, **more))


def raised_at(home: Home) -> list[float]:
    return [at_s - T for at_s, what in home.alarms() if what.startswith("raise")]


class TestCounts:
    def test_two_cries_or_one_and_a_yes_are_a_call_for_help(self) -> None:
        home = home_of("voice_help")
        hear(home, 0, Quantity.VOICE_HELP)
        hear(home, 0.5, Quantity.VOICE_HELP)  # The same cry, heard on.
        hear(home, 21, Quantity.VOICE_HELP)  # The first is forgotten.
        assert raised_at(home) == []
        hear(home, 30, Quantity.VOICE_CONFIRMED)
        hear(home, 35, Quantity.VOICE_CONFIRMED)
        assert raised_at(home) == [30]
        hear(home, 60, Quantity.VOICE_HELP)
        hear(home, 62, Quantity.VOICE_HELP)
        assert raised_at(home) == [30, 62]
        alarm = raises(home)[-1]
        assert (alarm.severity, alarm.momentary) == (Severity.S1, True)
        assert (alarm.why.since_s, alarm.why.last_s) == (T + 60, T + 62)

    def test_a_yes_to_no_question_is_no_call(self) -> None:
        home = home_of("voice_help")
        hear(home, 0, Quantity.VOICE_CONFIRMED)
        assert home.alarms() == []

    def test_missed_doses_tell_how_often_and_since_when(self) -> None:
        home = home_of("medication_missed_twice")
        hear(home, 0, Quantity.DOSE_DUE)
        hear(home, 30_000, Quantity.DOSE_DUE)
        home.wait_until(T + 40_000)
        (alarm,) = raises(home)
        assert "2 times" in alarm.why.sentence.en
        assert "第 2 次" in alarm.why.sentence.zh
        assert (alarm.why.since_s, alarm.why.last_s) == (T, T + 30_000)


class TestFigures:
    def test_a_slow_rise_is_no_fire_and_a_fast_one_is(self) -> None:
        home = home_of("fire_rise")
        for minute in range(30):
            hear(home, 60 * minute, Quantity.TEMP_C, 20.0 + 3 * minute)
        assert raised_at(home) == []
        hear(home, 1800, Quantity.TEMP_C, 120.0)
        assert raised_at(home) == [1800]

    def test_only_what_is_worth_it_goes_to_the_disk(self) -> None:
        rules, state, kept = home_of("fire_rise").book, EngineState(), 0
        for number in range(100):
            made = step(state, says(Quantity.TEMP_C, 20.0, T + 30 * number), rules)
            state, kept = made.state, kept + len(made.changed)
        assert kept == 1
        scale, state, kept = home_of("weight_up_week").book, EngineState(), 0
        for day in range(10):
            made = step(state, says(Quantity.WEIGHT_KG, 60.0, T + 86_400 * day), scale)
            state, kept = made.state, kept + len(made.changed)
        assert kept == 10

    def test_damp_heat_counts_as_hotter_than_it_is(self) -> None:
        home = home_of("heat_index")
        hear(home, 0, Quantity.HUMIDITY_PCT, 75)
        hear(home, 1, Quantity.HUMIDITY_PCT, 76)
        hear(home, 2, Quantity.TEMP_C, 29.5)
        home.wait_until(T + 20_000)
        assert raised_at(home) == [10_802]
        assert raises(home)[0].why.quantity == Quantity.TEMP_C
        dry = home_of("heat_index")
        hear(dry, 0, Quantity.TEMP_C, 29.5)
        hear(dry, 1, Quantity.HUMIDITY_PCT, 45)
        hear(dry, 2, Quantity.TEMP_C, 29.5)
        dry.wait_until(T + 20_000)
        assert raised_at(dry) == []

    def test_the_heat_index_grows_with_humidity_and_is_the_temperature_in_dry_or_cool_air(
        self,
    ) -> None:
        felt = [heat_index_c(33.0, humidity) for humidity in (40, 55, 70, 85, 100, 140)]
        assert felt == sorted(felt)
        assert felt[-1] == felt[-2]
        assert heat_index_c(33.0, 20) == 33.0
        assert heat_index_c(20.0, 90) == 20.0

    def test_a_fall_from_nothing_is_no_percentage(self) -> None:
        home = home_of("weight_down_month")
        hear(home, 0, Quantity.WEIGHT_KG, 0)
        hear(home, 3600, Quantity.WEIGHT_KG, 0)
        assert home.alarms() == []


class TestAmounts:
    def test_a_running_rate_counts_for_ten_minutes_at_most(self) -> None:
        used = amount.taken(amount.NOTHING, "m", False, 0.0, 60.0, 1e6)
        used = amount.taken(used, "m", False, 7200.0, 0.0, 1e6)
        assert amount.since(used, -1.0) == 10.0

    def test_a_counter_that_went_back_used_nothing(self) -> None:
        used = amount.taken(amount.NOTHING, "m", True, 0.0, 500.0, 1e6)
        used = amount.taken(used, "m", True, 1000.0, 3.0, 1e6)
        used = amount.taken(used, "m", True, 2000.0, 5.0, 1e6)
        used = amount.taken(used, "m", True, 2100.0, 6.0, 1e6)
        assert [more for _, more in used.parts] == [3.0]
        late = amount.taken(used, "m", True, 50.0, 9.0, 1e6)
        assert late.parts == used.parts

    def test_drops_of_one_quarter_of_an_hour_are_one_part_and_meters_are_bounded(self) -> None:
        used = amount.NOTHING
        for number in range(2000):
            used = amount.taken(used, "m", True, 9.0 * number, float(number), 86_400)
        assert len(used.parts) == 20
        for number in range(20):
            used = amount.taken(used, f"meter {number}", True, 20_000.0, 1.0, 86_400)
        assert len(used.meters) == amount.SOURCES

    def test_dripping_is_no_use_of_water(self) -> None:
        home = home_of("no_water")
        for hour in range(24):
            hear(home, 3600 * hour, Quantity.WATER_FLOW_LPH, 0.3)
        assert raised_at(home) == [20 * 3600]  # At six: twelve hours ended in the night.
        assert restores(home) == []

    def test_who_answers_or_says_nonsense_uses_no_water(self) -> None:
        home = home_of("no_water")
        hear(home, 0, Quantity.WATER_TOTAL_L, 5)
        before = home.state
        hear(home, 1, Quantity.WATER_TOTAL_L, 900, asked=True)
        hear(home, 1, Quantity.WATER_TOTAL_L, "much")
        hear(home, 1, Quantity.WATER_TOTAL_L, 900, repeat_of=1)
        assert home.state == before


class TestGates:
    def test_breath_that_is_lost_in_bed_is_told_and_out_of_bed_is_not(self) -> None:
        home = home_of("breath_lost")
        hear(home, 0, Quantity.RESPIRATION_BPM, 14)
        home.wait_until(T + 500)
        assert raised_at(home) == []
        hear(home, 500, Quantity.IN_BED)
        hear(home, 530, Quantity.RESPIRATION_BPM, 14)
        hear(home, 540, Quantity.RESPIRATION_BPM, 0)  # No breath is no sign.
        home.wait_until(T + 600)
        assert raised_at(home) == [590]
        hear(home, 610, Quantity.SIGNAL_OK, False)
        assert restores(home) == []
        hear(home, 620, Quantity.IN_BED, False)
        assert restores(home) == [T + 620]
        home.wait_until(T + 5000)
        assert len(raises(home)) == 1

    def test_a_bad_signal_begins_no_silence_of_breath(self) -> None:
        home = home_of("breath_lost")
        hear(home, 0, Quantity.IN_BED)
        home.wait_until(T + 100)  # A mat that has never measured breath is not silent.
        assert home.alarms() == []
        hear(home, 100, Quantity.RESPIRATION_BPM, 14)
        hear(home, 101, Quantity.SIGNAL_OK, False)
        home.wait_until(T + 1000)
        assert home.alarms() == []
        hear(home, 1000, Quantity.SIGNAL_OK)
        home.wait_until(T + 1100)
        assert raised_at(home) == [1060]

    def test_a_pressure_of_a_guest_is_not_held_against_this_person(self) -> None:
        home = home_of("bp_systolic_high")
        hear(home, 0, Quantity.USER_OK, False)
        for minute in (1, 8):
            hear(home, 60 * minute, Quantity.BP_SYSTOLIC_MMHG, 190)
        assert home.alarms() == []
        hear(home, 600, Quantity.USER_OK)
        for minute in (11, 18):
            hear(home, 60 * minute, Quantity.BP_SYSTOLIC_MMHG, 190)
        assert raised_at(home) == [1080]

    def test_it_takes_two_normal_measurements_in_a_row(self) -> None:
        home = home_of("bp_systolic_high")
        for at_s, value in ((0, 190), (400, 190), (900, 120), (901, 120), (1300, 190), (1700, 120)):
            hear(home, at_s, Quantity.BP_SYSTOLIC_MMHG, value)
        assert restores(home) == []
        hear(home, 2000, Quantity.BP_SYSTOLIC_MMHG, 120)
        assert restores(home) == [T + 2000]

    def test_noise_is_jamming_only_while_devices_are_late(self) -> None:
        home = home_of("radio_jammed")
        hear(home, 0, Quantity.RADIO_NOISE_DBM, -50)
        home.wait_until(T + 100)
        hear(home, 100, Quantity.DEVICES_LATE_PCT, 39)
        hear(home, 101, Quantity.DEVICES_LATE_PCT, "many")
        hear(home, 102, Quantity.RADIO_NOISE_DBM, -50)
        hear(home, 103, Quantity.DEVICES_LATE_PCT, 40)
        hear(home, 104, Quantity.RADIO_NOISE_DBM, -50)
        home.wait_until(T + 200)
        assert raised_at(home) == [134]
        hear(home, 200, Quantity.DEVICES_LATE_PCT, 5)
        assert restores(home) == [T + 200]

    def test_a_door_in_the_cold_has_three_minutes(self) -> None:
        home = home_of("door_open_cold")
        thermometer = DeviceId("zb:2")
        hear(home, 0, Quantity.TEMP_C, 18.0, device=thermometer)
        hear(home, 10, Quantity.CONTACT_OPEN, room="玄关")
        hear(home, 100, Quantity.TEMP_C, 11.0, device=thermometer)
        home.wait_until(T + 300)
        assert raised_at(home) == [280]
        hear(home, 300, Quantity.TEMP_C, 15.0, device=thermometer)
        assert restores(home) == [T + 300]

    def test_two_gates_may_move_at_once(self) -> None:
        open_when = (Match(Quantity.IN_BED),)
        both = (Gate(opens=open_when, at_first=False), Gate(opens=open_when, at_first=False))
        rule = WHOLE.by_id[RuleId("test_mode")]
        rules = RuleBook.of(
            (
                replace(
                    rule,
                    plan=replace(rule.plan, gates=both),
                    inputs={**rule.inputs, Quantity.IN_BED: rule.name},
                ),
            )
        )
        home = Home(rules)
        hear(home, 0, Quantity.TEST)
        hear(home, 10, Quantity.IN_BED)
        home.wait_until(T + 4000)
        assert raised_at(home) == [1810]

    @pytest.mark.parametrize("rule", ["radio_jammed", "tap_and_bath", "breath_lost"])
    def test_a_state_with_other_gates_than_the_rule_starts_fresh(self, rule: str) -> None:
        home = home_of(rule)
        hear(home, 0, Quantity.DEVICES_LATE_PCT, 50)
        hear(home, 0, Quantity.MOTION, room="卫生间")
        hear(home, 0, Quantity.IN_BED)
        ((key, _),) = home.state.states.items()
        text = dump(home.state, key, home.book).replace('"gates":[', '"gates":[false,')
        made = restore([(key.rule, key.subject, text)], home.book)
        assert [lost.key for lost in made.lost] == [key]


class TestTheStove:
    def test_the_button_gives_half_an_hour_and_no_more_however_often(self) -> None:
        home = home_of("stove_shut")
        hear(home, 0, Quantity.STOVE_ON, room="厨房")
        for at_s in (100, 101, 102):
            hear(home, at_s, Quantity.EXTENDED, room="厨房")
        hear(home, 200, Quantity.MOTION, room="厨房")
        home.wait_until(T + 9000)
        assert raised_at(home) == [102 + 1800 + 1800]

    def test_somebody_who_comes_when_it_is_off_already_begins_nothing(self) -> None:
        home = home_of("appliance_on")
        hear(home, 0, Quantity.POWER_W, 900, room="客厅")
        home.wait_until(T + 1900)
        hear(home, 1900, Quantity.POWER_W, 0, room="客厅")
        hear(home, 1910, Quantity.MOTION, room="客厅")
        home.wait_until(T + 9000)
        assert [what.split()[0] for _, what in home.alarms()] == ["raise", "restore"]

    def test_what_goes_on_again_while_it_clears_has_not_ended(self) -> None:
        home = home_of("appliance_on")
        hear(home, 0, Quantity.POWER_W, 900, room="客厅")
        hear(home, 1900, Quantity.POWER_W, 0, room="客厅")
        hear(home, 1990, Quantity.POWER_W, 900, room="客厅")
        home.wait_until(T + 9000)
        assert [what.split()[0] for _, what in home.alarms()] == ["raise"]
        assert home.timers == {}

    def test_a_heater_may_be_on_all_night(self) -> None:
        home = home_of("appliance_on")
        for name in ("卧室取暖器", "Oil Heater"):
            home.take(replace(says(Quantity.POWER_W, 900, T, room="卧室"), name=name))
        assert home.state == EngineState()


class TestDevices:
    def event(self, at_s: float, quantity: Quantity, value: Value, power: PowerClass) -> Observed:
        return replace(says(quantity, value, T + at_s), power=power)

    def silent_after(self, *said: tuple[Quantity, Value, PowerClass]) -> float:
        home = home_of("device_silent")
        for number, (quantity, value, power) in enumerate(said):
            home.take(self.event(100.0 * number, quantity, value, power))
        last_s = 100.0 * (len(said) - 1)
        home.wait_until(T + 200_000)
        return raised_at(home)[0] - last_s

    def test_who_is_to_speak_often_is_missed_sooner(self) -> None:
        mains, battery = PowerClass.MAINS, PowerClass.BATTERY
        plug = (Quantity.SWITCHED_ON, True, mains)
        promise = (Quantity.SUPERVISION_REPORTS, True, battery)
        assert self.silent_after((Quantity.MOTION, True, battery)) == 90_000
        assert self.silent_after((Quantity.SMOKE, False, mains)) == 90_000
        assert self.silent_after((Quantity.SMOKE, False, mains), plug) == 1500
        assert self.silent_after(plug, (Quantity.SUPERVISION_REPORTS, True, mains)) == 1500
        assert self.silent_after(promise) == 7200
        taken_back = (Quantity.SUPERVISION_REPORTS, False, battery)
        assert self.silent_after(promise, taken_back) == 90_000

    def test_two_kinds_of_the_base_kit_that_fall_silent_are_more_than_a_trouble(self) -> None:
        home = home_of("device_silent", "base_silent")
        pir, other, door = (DeviceId(f"zb:{n}") for n in range(3))
        hear(home, 0, Quantity.MOTION, device=pir)
        hear(home, 5000, Quantity.MOTION, device=other)
        hear(home, 20_000, Quantity.CONTACT_OPEN, device=door)
        home.wait_until(T + 109_000)
        assert [alarm.rule for alarm in raises(home)] == ["device_silent"] * 2
        home.wait_until(T + 110_001)
        assert [alarm.rule for alarm in raises(home)][2:] == ["device_silent", "base_silent"]
        assert raises(home)[-1].severity is Severity.S2
        hear(home, 111_000, Quantity.CONTACT_OPEN, device=door)
        assert home.alarms()[-1] == (T + 111_000, "restore home")
        told = [effect.reading for _, effect in home.done if isinstance(effect, Derive)]
        assert [(r.device, r.channel, r.value) for r in told] == [
            (pir, "motion", True),
            (other, "motion", True),
            (door, "contact_open", True),
            (door, "contact_open", False),
        ]

    def test_a_pace_that_the_rule_does_not_know_starts_fresh(self) -> None:
        home = home_of("inactivity")
        hear(home, 0, Quantity.QUIET_S, 0.0)
        ((key, _),) = home.state.states.items()
        text = dump(home.state, key, home.book).replace('"pace":""', '"pace":"mains_limit_s"')
        assert restore([(key.rule, key.subject, text)], home.book).lost

    def test_a_storm_of_a_device_that_is_silent_to_the_rules_costs_little(self) -> None:
        home = home_of("device_silent")
        hear(home, 0, Quantity.TEMP_C, 20)
        before = home.state
        hear(home, 59, Quantity.TEMP_C, 20)
        assert home.state is before

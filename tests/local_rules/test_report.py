"""The pattern `report`, claim by claim, dense at the limits."""

from __future__ import annotations

import pytest

from agent.core.alarm import RuleId
from agent.core.device import DeviceId
from agent.core.effect import CancelWake, OnResume, RaiseAlarm, RestoreAlarm, WakeAt
from agent.core.event import WakeKey
from agent.core.reading import Quantity
from local_rules.catalog import book
from local_rules.engine import EngineState, step
from local_rules.patterns.report import CHANNELS
from tests.local_rules.kit import DEVICE, Home, all_but, says, woken

BOOK = book(off=all_but("report"))


def kinds(effects: tuple[object, ...]) -> list[str]:
    return [type(effect).__name__ for effect in effects]


# --- the button ---------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("gap_s", "count"), [(0.0, 1), (0.25, 1), (0.2998, 1), (0.3001, 2), (0.5, 2), (60.0, 2)]
)
def test_two_presses_closer_than_the_debounce_are_one(gap_s: float, count: int) -> None:
    home = Home(BOOK)
    home.take(says(Quantity.SOS, True, 0.0))
    home.take(says(Quantity.SOS, True, gap_s))
    assert len(home.alarms()) == count


def test_a_chattering_button_cannot_hush_itself() -> None:
    home = Home(BOOK)
    for tick in range(10):
        home.take(says(Quantity.SOS, True, tick * 0.2))
    assert [at_s for at_s, _ in home.alarms()] == pytest.approx([0.0, 0.4, 0.8, 1.2, 1.6])


def test_the_same_press_on_two_channels_is_one_press() -> None:
    home = Home(BOOK)
    home.take(says(Quantity.SOS, True, 5.0, channel="alarm1"))
    home.take(says(Quantity.SOS, True, 5.0, channel="panic"))
    assert len(home.alarms()) == 1


def test_letting_the_button_go_is_no_news() -> None:
    state = step(EngineState(), says(Quantity.SOS, True, 5.0), BOOK).state
    made = step(state, says(Quantity.SOS, False, 6.0), BOOK)
    assert made.effects == ()
    again = step(made.state, says(Quantity.SOS, False, 7.0), BOOK)
    assert (again.effects, again.changed) == ((), ())


def test_a_button_that_was_never_let_go_does_not_call_again_when_the_hub_asks_it() -> None:
    home = Home(BOOK)
    home.take(says(Quantity.SOS, True, 0.0))
    for at_s in (1.0, 3600.0, 10 * 86_400.0):
        home.take(says(Quantity.SOS, True, at_s, asked=True))
    assert len(home.alarms()) == 1
    home.take(says(Quantity.SOS, True, 11 * 86_400.0))
    assert len(home.alarms()) == 2, "but a press is a press"


@pytest.mark.parametrize("before", [(), (True, False)])
def test_a_press_that_the_hub_missed_is_found_when_it_asks(before: tuple[bool, ...]) -> None:
    home = Home(BOOK)
    for number, value in enumerate(before):
        home.take(says(Quantity.SOS, value, float(number)))
    home.take(says(Quantity.SOS, True, 100.0, asked=True))
    assert len(home.alarms()) == before.count(True) + 1


@pytest.mark.parametrize("late_s", [0.1, 1.0, 11.0, 15.0])
def test_a_retransmitted_press_that_is_known_changes_nothing(late_s: float) -> None:
    state = step(EngineState(), says(Quantity.SOS, True, 0.0), BOOK).state
    made = step(state, says(Quantity.SOS, True, late_s, repeat_of=7), BOOK)
    assert made.effects == ()
    assert made.state is state


def test_a_retransmitted_press_is_known_even_if_the_first_copy_was_debounced() -> None:
    home = Home(BOOK)
    home.take(says(Quantity.SOS, True, 0.0))
    home.take(says(Quantity.SOS, True, 0.2))
    assert home.take(says(Quantity.SOS, True, 15.1, repeat_of=8)) == ()


def test_a_retransmitted_press_raises_if_the_state_was_lost() -> None:
    made = step(EngineState(), says(Quantity.SOS, True, 11.0, repeat_of=7), BOOK)
    assert kinds(made.effects) == ["RaiseAlarm"]


def test_a_retransmitted_press_raises_if_only_an_old_press_is_known() -> None:
    state = step(EngineState(), says(Quantity.SOS, True, 0.0), BOOK).state
    made = step(state, says(Quantity.SOS, True, 15.001, repeat_of=7), BOOK)
    assert kinds(made.effects) == ["RaiseAlarm"]


def test_a_press_before_the_last_one_by_a_clock_gone_wrong_is_a_press() -> None:
    state = step(EngineState(), says(Quantity.SOS, True, 100.0), BOOK).state
    assert kinds(step(state, says(Quantity.SOS, True, 99.9), BOOK).effects) == ["RaiseAlarm"]


# --- detectors: again and again -----------------------------------------------------------------


@pytest.mark.parametrize(("gap_s", "count"), [(5, 1), (599, 1), (599.9, 1), (600, 2), (601, 2)])
def test_smoke_that_is_reported_again_raises_again_after_the_rearm_time(
    gap_s: float, count: int
) -> None:
    home = Home(BOOK)
    home.take(says(Quantity.SMOKE, True, 0.0))
    home.take(says(Quantity.SMOKE, True, gap_s))
    assert len(home.alarms()) == count


def test_the_rearm_time_is_counted_from_the_latest_raise() -> None:
    home = Home(BOOK)
    for minute in range(0, 31, 5):
        home.take(says(Quantity.SMOKE, True, minute * 60.0))
    assert [at_s for at_s, _ in home.alarms()] == [0, 600, 1200, 1800]


def test_a_periodic_report_leaves_the_very_same_state() -> None:
    state = step(EngineState(), says(Quantity.SMOKE, True, 0.0), BOOK).state
    made = step(state, says(Quantity.SMOKE, True, 300.0), BOOK)
    assert made.state is state
    assert made.changed == ()


def test_a_retransmission_of_a_standing_alarm_changes_nothing_even_after_the_rearm_time() -> None:
    state = step(EngineState(), says(Quantity.SMOKE, True, 0.0), BOOK).state
    made = step(state, says(Quantity.SMOKE, True, 700.0, repeat_of=3), BOOK)
    assert made.effects == ()
    assert made.state is state


def test_both_alarm_bits_of_one_frame_are_one_alarm() -> None:
    home = Home(BOOK)
    home.take(says(Quantity.SMOKE, True, 5.0, channel="alarm1"))
    home.take(says(Quantity.SMOKE, True, 5.0, channel="alarm2"))
    assert len(home.alarms()) == 1


@pytest.mark.parametrize(("gap_s", "count"), [(0.5, 1), (0.999, 1), (1.0, 2), (30.0, 2)])
def test_a_second_channel_is_news_after_the_debounce(gap_s: float, count: int) -> None:
    home = Home(BOOK)
    home.take(says(Quantity.SMOKE, True, 0.0, channel="alarm1"))
    home.take(says(Quantity.SMOKE, True, gap_s, channel="alarm2"))
    assert len(home.alarms()) == count


# --- detectors: the end -------------------------------------------------------------------------


def test_one_channel_that_ends_does_not_end_the_other() -> None:
    home = Home(BOOK)
    home.take(says(Quantity.SMOKE, True, 0.0, channel="alarm1"))
    home.take(says(Quantity.SMOKE, True, 10.0, channel="alarm2"))
    assert home.take(says(Quantity.SMOKE, False, 20.0, channel="alarm1")) == ()
    (wake,) = home.take(says(Quantity.SMOKE, False, 30.0, channel="alarm2"))
    assert wake == WakeAt(WakeKey(f"smoke/{DEVICE}/clear"), 210.0, OnResume.RESTART)


def test_saying_clear_twice_does_not_begin_the_clear_hold_again() -> None:
    home = Home(BOOK)
    home.take(says(Quantity.SMOKE, True, 0.0))
    home.take(says(Quantity.SMOKE, False, 10.0))
    assert home.take(says(Quantity.SMOKE, False, 100.0)) == ()
    assert home.take(says(Quantity.SMOKE, False, 101.0, channel="other")) == ()
    home.wait_until(1000.0)
    assert home.alarms()[-1] == (190.0, f"restore {DEVICE}")


def test_a_late_copy_of_an_all_clear_does_not_end_a_newer_alarm() -> None:
    home = Home(BOOK)
    home.take(says(Quantity.SMOKE, True, 0.0))
    home.take(says(Quantity.SMOKE, False, 1.0))
    home.take(says(Quantity.SMOKE, True, 2.0))
    assert home.take(says(Quantity.SMOKE, False, 5.0, repeat_of=2)) == ()
    home.wait_until(1000.0)
    assert "restore" not in home.alarms()[-1][1]


def test_a_late_copy_of_an_alarm_that_ended_does_not_begin_it_again() -> None:
    home = Home(BOOK)
    home.take(says(Quantity.SMOKE, True, 0.0))
    home.take(says(Quantity.SMOKE, False, 1.0))
    assert home.take(says(Quantity.SMOKE, True, 11.0, repeat_of=1)) == ()
    home.wait_until(1000.0)
    assert home.alarms()[-1] == (181.0, f"restore {DEVICE}")


@pytest.mark.parametrize("at_s", [20.0, 100.0, 189.0, 189.9])
def test_smoke_that_comes_back_in_the_clear_hold_is_news_and_stops_the_hold(at_s: float) -> None:
    home = Home(BOOK)
    home.take(says(Quantity.SMOKE, True, 0.0))
    home.take(says(Quantity.SMOKE, False, 10.0))
    effects = home.take(says(Quantity.SMOKE, True, at_s))
    assert kinds(effects) == ["RaiseAlarm", "CancelWake"]
    home.wait_until(1e6)
    assert "restore" not in home.alarms()[-1][1]


def test_a_flicker_within_the_debounce_stops_the_hold_without_a_second_alarm() -> None:
    home = Home(BOOK)
    home.take(says(Quantity.SMOKE, True, 0.0))
    home.take(says(Quantity.SMOKE, False, 0.3))
    assert home.take(says(Quantity.SMOKE, True, 0.6)) == (
        CancelWake(WakeKey(f"smoke/{DEVICE}/clear")),
    )
    home.wait_until(1e6)
    assert home.alarms() == [(0.0, f"raise {DEVICE}")]


def test_smoke_after_the_restore_is_a_new_alarm_whatever_the_debounce() -> None:
    rules = book(tuned={"smoke.clear_hold_s": 60, "smoke.debounce_s": 5}, off=all_but("report"))
    home = Home(rules)
    home.take(says(Quantity.SMOKE, True, 0.0))
    home.take(says(Quantity.SMOKE, False, 1.0))
    home.take(says(Quantity.SMOKE, True, 62.0))
    assert [what.split()[0] for _, what in home.alarms()] == ["raise", "restore", "raise"]


def test_without_a_clear_hold_the_restore_comes_at_once_and_every_return_is_an_alarm() -> None:
    home = Home(book(tuned={"hub_fault.clear_hold_s": 0}, off=all_but("report")))
    hub = DeviceId("hub:zigbee")
    for at_s, value in ((0.0, True), (0.1, False), (0.2, True), (0.3, False)):
        home.take(says(Quantity.FAULT, value, at_s, channel="stick", device=hub))
    assert [what for _, what in home.alarms()] == [
        "raise hub:zigbee/stick",
        "restore hub:zigbee/stick",
    ] * 2


def test_the_state_says_since_when_the_condition_has_held_without_a_pause() -> None:
    home = Home(BOOK)
    told = []
    for at_s, value, channel in (
        (1.0, True, "alarm1"),
        (2.0, True, "alarm2"),
        (3.0, False, "alarm1"),
        (4.0, False, "alarm2"),
        (5.0, True, "alarm2"),
    ):
        home.take(says(Quantity.SMOKE, value, at_s, channel=channel))
        (state,) = home.state.states.values()
        told.append(state.since_s)
    assert told == [1.0, 1.0, 1.0, None, 5.0]


# --- the trigger hold ---------------------------------------------------------------------------


def test_a_wet_probe_alarms_after_ten_seconds_and_not_before() -> None:
    home = Home(BOOK)
    (wake,) = home.take(says(Quantity.WATER_LEAK, True, 100.0))
    assert wake == WakeAt(WakeKey(f"water_leak/{DEVICE}/trigger"), 110.0, OnResume.FIRE_IF_OVERDUE)
    home.wait_until(109.999)
    assert home.alarms() == []
    home.wait_until(110.0)
    assert home.alarms() == [(110.0, f"raise {DEVICE}")]


@pytest.mark.parametrize(("dry_s", "alarms"), [(9.0, 0), (9.999, 0), (10.001, 1), (11.0, 1)])
def test_a_probe_that_dries_before_the_hold_is_over_is_no_alarm(dry_s: float, alarms: int) -> None:
    home = Home(BOOK)
    home.take(says(Quantity.WATER_LEAK, True, 0.0))
    home.take(says(Quantity.WATER_LEAK, False, dry_s))
    home.wait_until(100.0)
    assert len(home.alarms()) == alarms


def test_drying_cancels_the_timer_and_the_next_wetting_starts_it_anew() -> None:
    home = Home(BOOK)
    home.take(says(Quantity.WATER_LEAK, True, 0.0))
    assert kinds(home.take(says(Quantity.WATER_LEAK, False, 9.0))) == ["CancelWake"]
    home.take(says(Quantity.WATER_LEAK, True, 10.0))
    home.wait_until(1000.0)
    assert home.alarms() == [(20.0, f"raise {DEVICE}")]


def test_reports_during_the_trigger_hold_do_not_move_it() -> None:
    home = Home(BOOK)
    home.take(says(Quantity.WATER_LEAK, True, 0.0))
    state = home.state
    assert home.take(says(Quantity.WATER_LEAK, True, 5.0)) == ()
    assert home.state is state
    assert home.take(says(Quantity.WATER_LEAK, True, 6.0, channel="probe2")) == ()
    assert home.take(says(Quantity.WATER_LEAK, False, 7.0)) == ()  # The second probe is still wet.
    home.wait_until(1000.0)
    assert home.alarms() == [(10.0, f"raise {DEVICE}")]
    raised = [effect for _, effect in home.done if isinstance(effect, RaiseAlarm)]
    assert raised[0].why.channel == "probe2"


def test_a_report_past_the_end_of_the_hold_does_not_wait_for_a_late_timer() -> None:
    state = step(EngineState(), says(Quantity.WATER_LEAK, True, 0.0), BOOK).state
    assert step(state, says(Quantity.WATER_LEAK, True, 9.9), BOOK).effects == ()
    made = step(state, says(Quantity.WATER_LEAK, True, 10.0), BOOK)
    assert kinds(made.effects) == ["RaiseAlarm", "CancelWake"]


# --- timers -------------------------------------------------------------------------------------


def test_a_timer_that_rings_too_early_is_asked_for_again() -> None:
    state = step(EngineState(), says(Quantity.WATER_LEAK, True, 0.0), BOOK).state
    made = step(state, woken(f"water_leak/{DEVICE}/trigger", 9.5), BOOK)
    assert made.effects == (
        WakeAt(WakeKey(f"water_leak/{DEVICE}/trigger"), 10.0, OnResume.FIRE_IF_OVERDUE),
    )
    assert made.changed == ()


def test_a_timer_that_rings_late_still_counts() -> None:
    state = step(EngineState(), says(Quantity.WATER_LEAK, True, 0.0), BOOK).state
    made = step(state, woken(f"water_leak/{DEVICE}/trigger", 5000.0), BOOK)
    assert kinds(made.effects) == ["RaiseAlarm"]


@pytest.mark.parametrize(
    "key",
    [
        "",
        "/",
        "//",
        "water_leak",
        f"water_leak/{DEVICE}",
        f"water_leak/{DEVICE}/clear",
        f"water_leak/{DEVICE}/nothing",
        "water_leak/zb:other/trigger",
        f"smoke/{DEVICE}/trigger",
        f"no_such_rule/{DEVICE}/trigger",
    ],
)
def test_a_timer_that_nobody_waits_for_changes_nothing(key: str) -> None:
    state = step(EngineState(), says(Quantity.WATER_LEAK, True, 0.0), BOOK).state
    made = step(state, woken(key, 5000.0), BOOK)
    assert (made.effects, made.changed) == ((), ())
    assert made.state is state


def test_a_cancelled_timer_that_rings_all_the_same_changes_nothing() -> None:
    home = Home(BOOK)
    home.take(says(Quantity.SMOKE, True, 0.0))
    home.take(says(Quantity.SMOKE, False, 10.0))
    home.take(says(Quantity.SMOKE, True, 20.0))
    assert home.take(woken(f"smoke/{DEVICE}/clear", 190.0)) == ()


# --- what is a subject ---------------------------------------------------------------------------


def test_two_faults_of_one_part_are_two_troubles() -> None:
    home = Home(BOOK)
    hub = DeviceId("hub:zigbee")
    home.take(says(Quantity.FAULT, True, 0.0, channel="stick", device=hub, detail="no such port"))
    home.take(says(Quantity.FAULT, True, 0.0, channel="no_answer", device=hub))
    home.take(says(Quantity.FAULT, False, 5.0, channel="stick", device=hub))
    home.take(says(Quantity.FAULT, True, 9.0, device=hub))
    home.wait_until(100.0)
    assert home.alarms() == [
        (0.0, "raise hub:zigbee/stick"),
        (0.0, "raise hub:zigbee/no_answer"),
        (9.0, "raise hub:zigbee"),
        (15.0, "restore hub:zigbee/stick"),
    ]


def test_a_low_battery_and_a_fault_of_one_device_are_two_troubles() -> None:
    home = Home(BOOK)
    home.take(says(Quantity.BATTERY_LOW, True, 0.0))
    home.take(says(Quantity.DEVICE_FAULT, True, 1.0))
    home.take(says(Quantity.DEVICE_FAULT, False, 2.0))
    home.wait_until(1000.0)
    assert home.alarms() == [
        (0.0, f"raise {DEVICE}/battery_low"),
        (1.0, f"raise {DEVICE}/device_fault"),
        (602.0, f"restore {DEVICE}/device_fault"),
    ]


def test_a_restore_names_the_alarm_that_was_raised() -> None:
    home = Home(BOOK)
    home.take(says(Quantity.TAMPER, True, 0.0, drill=True))
    home.take(says(Quantity.TAMPER, False, 1.0, drill=True))
    home.wait_until(61.0)
    restored = RestoreAlarm(RuleId("tamper"), f"drill:{DEVICE}")
    assert home.done[-1] == (61.0, restored)


def test_one_device_has_only_so_many_inputs_and_none_that_is_active_is_forgotten() -> None:
    home = Home(BOOK)
    for n in range(CHANNELS + 5):
        home.take(says(Quantity.SMOKE, True, 100.0 * n, channel=f"a{n}"))
    (state,) = home.state.states.values()
    assert [channel.name for channel in state.channels] == [f"a{n}" for n in range(CHANNELS)]
    home.take(says(Quantity.SMOKE, False, 1e5, channel="a3"))
    home.take(says(Quantity.SMOKE, True, 1e5 + 1, channel="new"))
    (state,) = home.state.states.values()
    names = [channel.name for channel in state.channels]
    assert names == [*(f"a{n}" for n in range(CHANNELS) if n != 3), "new"]

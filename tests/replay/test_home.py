"""A home without hardware: time, timers, people's answers and restarts on the trace's own clock."""

from __future__ import annotations

from agent.core.alarm import AlarmState, RuleId
from agent.core.command import AckAlarm, Caller, ResolveAlarm, Role
from agent.core.device import DeviceId
from agent.core.event import Observed
from agent.core.reading import Quantity, Reading
from agent.core.row import Kind
from agent.replay.home import OVER, News, RecordedHome, raised, stamp_at
from local_rules.catalog import book

RULES = book(tuned={"water_leak.pre_alarm_s": 0})
T = 1_795_000_000.0
SON = Caller(Role.OPERATOR, "son", on_site=False)


def told(home: RecordedHome) -> list[tuple[float, str, str]]:
    """Return what became of alarms: seconds since T, kind, rule."""
    return [(one.stamp.wall_s - T, one.kind.value, one.alarm.rule) for one in home.news]


def test_a_timer_rings_when_it_is_due_and_not_when_the_next_reading_comes() -> None:
    home = RecordedHome(RULES)
    home.hear(T, "d1", Quantity.WATER_LEAK, True, "卫生间")
    home.hear(T + 3600, "d2", Quantity.HUMIDITY_PCT, 50)
    assert told(home) == [(10.0, "alarm.raised", "water_leak")]
    assert home.news[0].alarm.why.sentence.en.startswith("d1 reports water at its probe")


def test_silence_goes_on_as_long_as_it_is_waited_for() -> None:
    home = RecordedHome(book(off=["device_silent", "inactivity_long", "no_morning"]))
    home.hear(T, "d1", Quantity.MOTION, True, "客厅")
    assert home.news == []
    home.wait_until(T + 86_400)
    assert "inactivity" in {alarm.rule for alarm in raised(home.news)}
    assert home.now is not None
    assert home.now.wall_s == T + 86_400
    home.wait_until(T)  # Time does not run back.
    assert home.now.wall_s == T + 86_400


def test_waiting_in_a_home_that_has_heard_nothing_is_nothing() -> None:
    home = RecordedHome(RULES)
    home.wait_until(T)
    assert home.now is None


def test_what_is_over_is_dealt_with_so_that_the_next_time_is_an_alarm_of_its_own() -> None:
    home = RecordedHome(RULES)
    for day in range(3):
        at_s = T + day * 86_400
        home.hear(at_s, "d1", Quantity.WATER_LEAK, True)
        home.hear(at_s + 60, "d1", Quantity.WATER_LEAK, False)
        home.hear(at_s + 4_000, "d1", Quantity.WATER_LEAK, False)
    leaks = [alarm for alarm in raised(home.news) if alarm.rule == "water_leak"]
    assert len({alarm.id for alarm in leaks}) == len(leaks) == 3
    assert not any(alarm.rule == "water_leak" for alarm in home.book.open.values())
    kinds = [kind for _, kind, rule in told(home) if rule == "water_leak"]
    assert kinds == ["alarm.raised", "alarm.restored", "alarm.closed"] * 3


def test_a_press_is_an_alarm_each_time() -> None:
    home = RecordedHome(RULES)
    for at_s in (T, T + 7_200):
        home.hear(at_s, "d1", Quantity.SOS, True)
    assert [alarm.rule for alarm in raised(home.news)] == ["sos", "sos"]


def test_unattended_only_the_recorded_people_answer() -> None:
    home = RecordedHome(RULES, attended=False)
    home.hear(T, "d1", Quantity.SOS, True)
    alarm = home.open_alarm(RuleId("sos"), "d1")
    assert alarm is not None
    home.answer(AckAlarm(alarm.id, SON), stamp_at(T + 5))
    home.hear(T + 7_200, "d1", Quantity.SOS, True)
    home.answer(ResolveAlarm(alarm.id, SON, "helped"), stamp_at(T + 7_300))
    home.answer(ResolveAlarm(type(alarm.id)("nobody's"), SON, "helped"), stamp_at(T + 7_400))
    assert [kind for _, kind, _ in told(home)] == [
        "alarm.raised",
        "alarm.acked",
        "alarm.repeated",
        "alarm.closed",
    ]
    assert len(raised(home.news)) == 1


def test_a_clear_hold_begins_again_after_a_restart() -> None:
    home = RecordedHome(RULES, attended=False)
    home.hear(T, "d1", Quantity.SMOKE, True)
    home.hear(T + 60, "d1", Quantity.SMOKE, False)
    home.restart(stamp_at(T + 100))
    home.wait_until(T + 100 + 179)
    assert [kind for _, kind, _ in told(home)] == ["alarm.raised"]
    home.wait_until(T + 100 + 180)
    assert told(home)[-1] == (280.0, "alarm.restored", "smoke")


def test_the_end_of_a_drill_closes_what_it_raised() -> None:
    home = RecordedHome(RULES, attended=False)
    reading = Reading(DeviceId("d1"), Quantity.SMOKE, True, stamp_at(T), drill=True)
    home.take(Observed(reading))
    assert [one.alarm.drill for one in home.news] == [True]
    home.end_drills(DeviceId("d1"), stamp_at(T + 10))
    assert (home.news[-1].kind, home.news[-1].alarm.cause) == (Kind.ALARM_CLOSED, OVER)
    assert home.news[-1].alarm.state is AlarmState.CLOSED


def test_a_reading_out_of_order_counts_as_of_now() -> None:
    home = RecordedHome(RULES)
    home.hear(T, "d1", Quantity.WATER_LEAK, True)
    home.hear(T - 5, "d2", Quantity.WATER_LEAK, True)
    home.wait_until(T + 10)
    assert [at_s for at_s, _, _ in told(home)] == [10.0, 10.0]


def test_the_same_readings_give_the_same_alarms_to_whoever_listens() -> None:
    heard: list[News] = []
    homes = RecordedHome(RULES), RecordedHome(RULES, tell=heard.append)
    for home in homes:
        for number in range(2_000):
            at_s, device = T + number * 97, f"d{number % 7}"
            home.hear(at_s, device, Quantity.CONTACT_OPEN, number % 5 == 0, "玄关")
            home.hear(at_s, device, Quantity.TEMP_C, 8.0 + number % 11, "卧室")
    assert heard == homes[0].news
    assert heard
    assert homes[1].news == []

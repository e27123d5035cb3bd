"""Which change of limits would forget what a rule is in the middle of."""

from __future__ import annotations

from dataclasses import replace

from agent.core.alarm import AlarmState, Waiting
from agent.core.reading import Quantity
from agent.replay.home import RecordedHome
from local_rules.catalog import book
from local_rules.change import forgotten
from local_rules.rule import RuleBook

NOW = book()
SMOKE = book(tuned={"smoke.clear_hold_s": 300})
HEAT = book(tuned={"heat.limit": 29})
T = 1_795_000_000.0


def busy(home: RecordedHome, after: RuleBook) -> str:
    """Return what the change would forget."""
    found = forgotten(home.state, home.book.open.values(), NOW, after)
    return "" if found is None else found.en


def test_a_home_at_rest_takes_any_change() -> None:
    home = RecordedHome(NOW)
    home.hear(T, "d1", Quantity.SMOKE, False)
    home.hear(T, "d1", Quantity.TEMP_C, 31.0)
    assert [busy(home, rules) for rules in (NOW, SMOKE, HEAT, book(off=["heat"]))] == [""] * 4


def test_the_clear_hold_of_a_standing_s1_rule_keeps_its_limits() -> None:
    home = RecordedHome(NOW)
    home.hear(T, "d1", Quantity.SMOKE, True)
    assert busy(home, SMOKE) == ""  # Nothing is counted while it burns.
    home.hear(T + 60, "d1", Quantity.SMOKE, False)
    assert "smoke is in the middle of a hold for d1" in busy(home, SMOKE)
    assert busy(home, HEAT) == ""
    home.wait_until(T + 60 + 180)
    assert busy(home, SMOKE) == ""


def test_a_running_pre_alarm_keeps_its_limits_and_its_rule() -> None:
    home = RecordedHome(NOW, attended=False)
    home.hear(T, "d1", Quantity.TEMP_C, 31.0)
    home.wait_until(T + 4 * 3600)
    (alarm,) = home.book.open.values()
    assert alarm.rule == "heat"
    waiting = Waiting(until_s=T + 5 * 3600, span_s=3600)
    asking = [replace(alarm, state=AlarmState.PRE_ALARM, waiting=waiting)]
    for after in (HEAT, book(off=["heat"])):
        found = forgotten(home.state, asking, NOW, after)
        assert found is not None
        assert "pre-alarm" in found.en
        assert "预警" in found.zh
    assert forgotten(home.state, asking, NOW, SMOKE) is None
    assert busy(home, HEAT) == ""  # It is an alarm by now; that stands whatever the limit.

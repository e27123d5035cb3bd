"""Inactivity by the last sign of life as it is told, also backwards."""

from __future__ import annotations

import pytest

from agent.core.alarm import RuleId
from agent.core.effect import Derive
from agent.core.event import Observed
from agent.core.reading import Quantity, Value
from local_rules.catalog import book
from local_rules.engine import EngineState, step
from local_rules.patterns.silence import URGENT, USUAL, SilenceState
from local_rules.rule import RuleBook
from tests.local_rules.kit import Home, says
from tests.local_rules.test_every_rule import raises, restores

WHOLE = book()
ALONE = RuleBook.of((WHOLE.by_id[RuleId("inactivity")],))
LONG = RuleBook.of((WHOLE.by_id[RuleId("inactivity_long")],))
HOUR = 3600.0


def sign(at_s: float, quiet_s: Value = 0.0) -> Observed:
    return says(Quantity.QUIET_S, quiet_s, at_s, channel="motion")


def line(at_s: float, limit_s: Value, channel: str = "") -> Observed:
    return says(Quantity.ALERT_LINE_S, limit_s, at_s, channel=channel)


def presence(at_s: float, word: str) -> Observed:
    return says(Quantity.PRESENCE, word, at_s)


def lived(*events: Observed, rules: RuleBook = ALONE) -> Home:
    home = Home(rules)
    for event in events:
        home.take(event)
    return home


def state_of(home: Home) -> SilenceState:
    (state,) = home.state.states.values()
    assert isinstance(state, SilenceState)
    return state


def test_a_sign_that_is_withdrawn_makes_the_silence_longer() -> None:
    home = lived(line(0.0, 4 * HOUR), sign(1000.0), sign(9000.0))
    home.take(sign(10_000.0, 9000.0))
    home.wait_until(1e5)
    assert raises(home)
    assert home.alarms()[0][0] == 1000.0 + 4 * HOUR


def test_one_that_is_overdue_by_that_raises_at_once() -> None:
    home = lived(line(0.0, 4 * HOUR), sign(0.0), sign(14_000.0))
    home.take(sign(20_000.0, 20_000.0))
    assert home.alarms() == [(20_000.0, "raise home")]
    home.take(sign(21_000.0, 21_000.0))
    home.take(sign(21_000.0, 21_500.0))
    assert restores(home) == []
    home.take(sign(21_100.0, 2000.0))
    assert restores(home) == [21_100.0]


def test_nobody_was_quiet_at_home_before_he_came() -> None:
    home = lived(sign(0.0), presence(10.0, "away"), presence(50_000.0, "home"), sign(51_000.0))
    home.take(sign(52_000.0, 40_000.0))
    assert state_of(home).heard_s == 50_000.0
    home.take(presence(53_000.0, "away"))
    home.take(sign(54_000.0, 40_000.0))
    assert home.timers == {}


@pytest.mark.parametrize("value", ["x", True, float("nan")])
def test_nonsense_is_no_sign_and_no_limit(value: Value) -> None:
    for event in (sign(5.0, value), line(5.0, value), line(5.0, 100.0, USUAL)):
        assert step(EngineState(), event, ALONE).state == EngineState()


def test_each_rule_takes_the_line_of_its_own() -> None:
    for rules, channel, limit_s in ((ALONE, "", 4 * HOUR), (LONG, URGENT, 6 * HOUR)):
        home = lived(line(0.0, 4 * HOUR), line(0.0, 6 * HOUR, URGENT), sign(0.0), rules=rules)
        home.wait_until(7 * HOUR)
        assert home.alarms()[0][0] == limit_s, channel


def test_what_is_usual_is_only_said() -> None:
    home = lived(sign(0.0), line(1.0, 7200, USUAL), line(2.0, 7200, USUAL), line(3.0, 4 * HOUR))
    home.wait_until(5 * HOUR)
    (alarm,) = raises(home)
    assert "此后已 4 小时没有任何动静，平时此时段最长 2 小时（" in alarm.why.sentence.zh


def test_a_name_that_nobody_knows_is_a_sign_of_life_all_the_same() -> None:
    home = lived(says(Quantity.QUIET_S, 0.0, 0.0, channel="knock"), line(1.0, 4 * HOUR))
    home.wait_until(5 * HOUR)
    (alarm,) = raises(home)
    assert "最后一次有生活迹象" in alarm.why.sentence.zh


class TestNobodyKnows:
    def test_the_silence_goes_on_with_the_long_limit_and_back(self) -> None:
        home = lived(line(0.0, 4 * HOUR), sign(0.0), presence(HOUR, "unknown"))
        home.take(presence(HOUR + 1, "unknown"))
        home.wait_until(10 * HOUR)
        assert home.alarms() == []
        home.take(presence(10 * HOUR, "home"))
        assert home.alarms() == [(10 * HOUR, "raise home")]
        home.take(presence(11 * HOUR, "unknown"))
        assert state_of(home).unsure
        home.take(presence(12 * HOUR, "unknown"))
        assert restores(home) == []

    def test_it_begins_with_that(self) -> None:
        home = lived(presence(0.0, "unknown"))
        home.wait_until(20 * HOUR)
        assert home.alarms()[0][0] == 14 * HOUR

    def test_a_rule_that_must_know_waits(self) -> None:
        rules = RuleBook.of((WHOLE.by_id[RuleId("no_water")],))
        used = says(Quantity.WATER_FLOW_LPH, 5.0, 0.0)
        home = lived(used, presence(1.0, "away"), presence(2.0, "unknown"), rules=rules)
        assert home.timers == {}


def test_a_device_that_falls_silent_and_speaks_again_is_told_to_the_other_rules() -> None:
    rules = RuleBook.of((WHOLE.by_id[RuleId("device_silent")],))
    home = lived(says(Quantity.TEMP_C, 20.0, 0.0), rules=rules)
    home.wait_until(300_000.0)
    home.take(says(Quantity.TEMP_C, 20.0, 300_000.0))
    told = [
        (at_s, e.reading.value)
        for at_s, e in home.done
        if isinstance(e, Derive) and e.reading.quantity is Quantity.SILENT
    ]
    assert told == [(90_000.0, True), (300_000.0, False)]

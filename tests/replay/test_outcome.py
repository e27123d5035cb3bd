"""What is made of the alarms of a replay: which count, how often in 30 days, how two differ."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest

from agent.core.alarm import AlarmState, Severity
from agent.core.errors import ConfigError
from agent.core.reading import Quantity
from agent.core.row import Kind
from agent.core.text import Sentence
from agent.replay.home import News, RecordedHome, stamp_at
from agent.replay.outcome import (
    Outcome,
    Told,
    as_json,
    difference,
    from_json,
    iso,
    per_30_days,
)
from local_rules.catalog import book

T = 1_795_000_000.0


def told(rule: str, at_s: float, severity: str = "S3", subject: str = "home") -> Told:
    """Return an alarm."""
    return Told(rule, severity, T + at_s, Sentence("因为", "because"), subject)


def news() -> list[News]:
    """Return what a leak tells: raised, restored, closed."""
    home = RecordedHome(book(tuned={"water_leak.pre_alarm_s": 0}))
    home.hear(T, "d1", Quantity.WATER_LEAK, True)
    home.hear(T + 60, "d1", Quantity.WATER_LEAK, False)
    home.wait_until(T + 4_000)
    return home.news


def test_an_alarm_has_its_time_its_why_and_its_end() -> None:
    outcome = Outcome()
    for one in news():
        outcome.take(one)
    (alarm,) = outcome.alarms
    assert (alarm.rule, alarm.severity, alarm.at_s, alarm.over_s) == (
        "water_leak",
        "S2",
        T + 10,
        T + 660,
    )
    assert "water at its probe" in alarm.why.en


def test_a_repeat_counts_as_the_same_alarm_which_is_not_over_then() -> None:
    first, over, closed = news()
    outcome = Outcome()
    again = News(
        stamp_at(T + 700), Kind.ALARM_REPEATED, replace(first.alarm, count=2, condition_active=True)
    )
    for one in (first, over, again):
        outcome.take(one)
    (alarm,) = outcome.alarms
    assert (alarm.count, alarm.over_s) == (2, None)
    outcome.take(closed)
    assert outcome.alarms[0].over_s == closed.stamp.wall_s


def test_an_alarm_that_becomes_graver_says_so() -> None:
    first = news()[0]
    outcome = Outcome()
    outcome.take(first)
    outcome.take(replace(first, alarm=replace(first.alarm, severity=Severity.S1)))
    assert (outcome.alarms[0].severity, outcome.alarms[0].graver) == ("S2", "S1")


def test_a_pre_alarm_is_none_until_others_are_told() -> None:
    first, over, closed = news()
    asking = replace(first, alarm=replace(first.alarm, state=AlarmState.PRE_ALARM))
    outcome = Outcome()
    outcome.take(asking)
    assert outcome.alarms == []
    outcome.take(replace(first, stamp=stamp_at(T + 910)))
    assert (outcome.alarms[0].asked_s, outcome.alarms[0].at_s) == (T + 10, T + 910)
    called_off = Outcome()
    for one in (asking, over, closed):
        called_off.take(one)
    assert (called_off.alarms, called_off.called_off) == ([], 1)


def test_how_often_in_30_days_leaves_drills_out() -> None:
    alarms = [told("heat", 0), told("heat", 9), replace(told("sos", 5, "S1"), drill=True)]
    assert per_30_days(alarms, 60) == {"severity": {"S3": 1.0}, "rule": {"heat": 1.0}}
    assert per_30_days(alarms, 0)["rule"] == {"heat": 0.0}


def test_two_replays_of_the_same_differ_in_nothing() -> None:
    alarms = [told("heat", 0), told("heat", 0, subject="zb:1"), told("sos", 5, "S1")]
    made = difference(alarms, list(reversed(alarms)))
    assert (made.same, made.only_first, made.only_second, made.moved) == (3, (), (), ())


def test_what_is_new_gone_earlier_or_graver_is_told_apart() -> None:
    first = [told("heat", 0), told("cold", 0), told("sos", 0, "S1"), told("heat", 200_000)]
    second = [told("heat", 600), told("sos", 0, "S2"), told("gas", 7), told("heat", 400_000)]
    made = difference(first, second)
    assert made.same == 0
    assert [one.rule for one in made.only_first] == ["cold", "heat"]
    assert [(one.rule, one.at_s - T) for one in made.only_second] == [("gas", 7), ("heat", 400_000)]
    assert [(a.rule, b.at_s - a.at_s) for a, b in made.moved] == [("heat", 600), ("sos", 0)]


def test_each_alarm_is_matched_once_the_same_before_the_near() -> None:
    first = [told("heat", 0), told("heat", 3_600)]
    made = difference(first, [told("heat", 3_600)])
    assert (made.same, [one.at_s - T for one in made.only_first]) == (1, [0])


def test_the_json_comes_back_as_what_it_was() -> None:
    alarms = [told("heat", 0), replace(told("sos", 5, "S1"), drill=True)]
    text = json.dumps({"alarms": [as_json(one) for one in alarms]})
    assert difference(alarms, from_json(json.loads(text))).same == 2
    assert iso(T) == "2026-11-18T19:06:40+08:00"


@pytest.mark.parametrize(
    "found",
    [
        {},
        [],
        None,
        {"alarms": 5},
        {"alarms": [5]},
        {"alarms": [{"rule": "heat"}]},
        {"alarms": [{"rule": "heat", "severity": "S3", "at": "noon"}]},
        {"alarms": [{"rule": "heat", "severity": "S3", "at": "2026-11-01", "why": {}}]},
    ],
)
def test_what_is_no_replay_is_refused(found: object) -> None:
    with pytest.raises(ConfigError, match="not the JSON of a replay"):
        from_json(found)


def test_the_json_of_another_version_may_say_less() -> None:
    one = {"rule": "heat", "severity": "S3", "at": "2026-11-01T08:00:00+08:00", "why": "hot"}
    assert from_json({"alarms": [one]})[0].why == Sentence("hot", "hot")

"""Timers that ring early, late or after they were cancelled, and restarts, for every rule."""

from __future__ import annotations

import json
from dataclasses import fields, replace
from typing import Any, get_args, get_type_hints

import pytest

from agent.core.alarm import RuleId
from agent.core.clock import Stamp, TimeQuality
from agent.core.device import DeviceId
from agent.core.effect import RaiseAlarm, WakeAt
from agent.core.reading import Quantity
from local_rules import day
from local_rules.catalog import ROWS, Row, book
from local_rules.engine import EngineState, resume, step
from local_rules.patterns.left_active import SOURCES
from local_rules.patterns.silence import Silence
from local_rules.rule import RuleBook
from local_rules.snapshot import dump, restore
from tests.local_rules.kit import DEVICE, Home, says, stamp, woken
from tests.local_rules.rehearsal import at_hour, play_of
from tests.local_rules.test_every_rule import RAISING, alone, raises, restores, rule_of

FORMS = {
    "report": (2, 8),
    "threshold": (2, 13),
    "left_active": (2, 8),
    "silence": (2, 17),
    "sequence": (2, 12),
    "trend": (1, 7),
    "life": (1, 13),
    "presence": (1, 8),
    "alert_line": (1, 13),
    "habit": (1, 7),
    "tally": (1, 5),
}
"""Of each pattern its version, and how many fields its state has."""

WAITING = [
    row
    for row in RAISING
    if row.pattern.name != "trend"
    and play_of(rule_of(row)).raise_s > play_of(rule_of(row)).begin[-1].at_s
]
every_waiting_row = pytest.mark.parametrize("row", WAITING, ids=lambda row: row.id)


def waiting(row: Row) -> Home:
    """Return a home in which the rule waits for its time."""
    home = Home(alone(row))
    for line in play_of(rule_of(row)).begin:
        home.take(line.event())
    return home


@every_waiting_row
def test_a_timer_that_rings_early_is_asked_for_again(row: Row) -> None:
    home = waiting(row)
    ((key, due_s),) = home.timers.items()
    made = step(home.state, woken(key, due_s - 0.5), home.book)
    assert made.state is home.state
    assert [(e.key, e.due_s) for e in made.effects if isinstance(e, WakeAt)] == [(key, due_s)]


@every_waiting_row
def test_a_timer_that_nobody_waits_for_any_more_changes_nothing(row: Row) -> None:
    play, home = play_of(rule_of(row)), waiting(row)
    (key,) = home.timers
    other = key.rpartition("/")[0] + "/other"
    assert step(home.state, woken(other, play.raise_s), home.book).effects == ()
    if row.pattern.name == "silence":
        return  # A sign does not move its timer: it rings and finds out.
    for line in play.end(play.raise_s - 1):
        home.take(line.event())
    assert step(home.state, woken(key, play.raise_s), home.book).effects == ()


@every_waiting_row
def test_a_reading_that_comes_before_a_late_timer_raises(row: Row) -> None:
    if row.pattern.name == "silence" or "stale_s" in row.parameters:
        return  # There the reading is the sign itself, or a hold that nobody has witnessed.
    play, home = play_of(rule_of(row)), waiting(row)
    late = replace(play.begin[-1], at_s=play.raise_s + 1)
    made = step(home.state, late.event(), home.book)
    assert isinstance(made.effects[0], RaiseAlarm)


@pytest.mark.parametrize("row", RAISING, ids=lambda row: row.id)
def test_what_stands_still_stands_after_a_restart_and_ends_as_it_would(row: Row) -> None:
    play, home = play_of(rule_of(row)), Home(alone(row))
    for line in play.begin:
        home.take(line.event())
    home.wait_until(play.raise_s)
    texts = [(k.rule, k.subject, dump(home.state, k, home.book)) for k in home.state.states]
    made = restore(texts, home.book)
    assert made.lost == ()
    home.restart(made.state, play.raise_s + 60)
    assert len(raises(home)) == 1
    for line in play.end(play.raise_s + play.stands_s):
        home.take(line.event())
    home.wait_until(play.raise_s + 20 * day.DAY_S)
    assert bool(restores(home)) is not row.momentary


@pytest.mark.parametrize(
    "row", [row for row in RAISING if row.parameters["rearm_s"].high], ids=lambda row: row.id
)
def test_what_goes_on_is_said_again_after_the_rearm_time_and_not_before(row: Row) -> None:
    rule, play, home = rule_of(row), play_of(rule_of(row)), Home(alone(row))
    for line in play.begin:
        home.take(line.event())
    home.wait_until(play.raise_s)
    rearm_s = rule.values["rearm_s"]
    again = play.begin[-1]
    if row.pattern.name == "silence":
        home.wait_until(play.raise_s + rearm_s - 1)
        assert len(raises(home)) == 1
        home.wait_until(play.raise_s + rearm_s)
        assert len(raises(home)) == 2
        return
    if row.pattern.name == "sequence" and row.plan.in_window:
        rearm_s = max(rearm_s, day.DAY_S)  # The next night.
    if row.pattern.name == "trend":
        count = int(rearm_s // day.DAY_S)
        for number in range(1, count):
            home.take(replace(again, at_s=play.raise_s + number * day.DAY_S).event())
        raised = len(raises(home))
    else:
        for line in play.repeated(play.raise_s + rule.values["rearm_s"] - 1):
            home.take(line.event())
        raised = 1
    assert len(raises(home)) == raised
    for line in play.repeated(play.raise_s + rearm_s):
        home.take(line.event())
    assert len(raises(home)) in (raised, raised + 1) if row.pattern.name == "trend" else 2


@pytest.mark.parametrize("row", RAISING, ids=lambda row: row.id)
def test_a_state_that_is_not_whole_starts_fresh_and_says_so(row: Row) -> None:
    home = Home(alone(row))
    for line in play_of(rule_of(row)).begin:
        home.take(line.event())
    ((key, _),) = home.state.states.items()
    text = dump(home.state, key, home.book)
    outer = json.loads(text)
    name = row.pattern.name
    damages: list[Any] = [{**outer, "v": 99}, {"v": outer["v"]}, {**outer, name: None}]
    for field in outer[name]:
        damages.append({**outer, name: {k: v for k, v in outer[name].items() if k != field}})
        damages.append({**outer, name: {**outer[name], field: {"no": "state"}}})
    for damage in damages:
        made = restore([(key.rule, key.subject, json.dumps(damage))], home.book)
        assert made.state == EngineState()
        assert [lost.key for lost in made.lost] == [key]


def refused(rule_id: str, **changes: Any) -> str:
    """Return why the rehearsed state of a rule with these changes is refused, "" if it is not."""
    row = next(row for row in ROWS if row.id == rule_id)
    home = Home(alone(row))
    for line in play_of(rule_of(row)).begin:
        home.take(line.event())
    ((key, _),) = home.state.states.items()
    outer = json.loads(dump(home.state, key, home.book))
    outer[row.pattern.name].update(changes)
    lost = restore([(key.rule, key.subject, json.dumps(outer))], home.book).lost
    return "".join(one.sentence.en for one in lost)


FOREIGN = "it tells of a quantity that the rule does not listen to"
PHASE = "its phase is none of quiet, waiting, standing"
BOTH = "it stands, but was never raised, or waits all the same"


def active(quantity: str) -> dict[str, Any]:
    return {"quantity": quantity, "name": "", "active": True, "seen_s": 1.0, "said": True}


@pytest.mark.parametrize(
    ("rule_id", "changes", "why"),
    [
        ("cold", {"quantity": "motion"}, "it is the state of another rule"),
        ("cold", {"since_s": [1.0, 2.0]}, "it is the state of another rule"),
        ("cold", {"since_s": [None]}, "a hold runs, but nothing is beyond a limit"),
        ("cold", {"standing": True}, "it stands, but was never raised"),
        ("door_open", {"sources": [["zb:1", "sos", ""]]}, FOREIGN),
        ("door_open", {"since_s": None}, "something is active, but not since when"),
        (
            "door_open",
            {"since_s": None, "sources": [], "due_s": None, "standing": True, "raised_s": 1.0},
            "something is active, but not since when",
        ),
        (
            "door_open",
            {"since_s": None, "sources": []},
            "something is active, but not since when",
        ),
        (
            "door_open",
            {"since_s": None, "due_s": None},
            "something is active, but not since when",
        ),
        ("door_open", {"due_s": None}, "something is active, but no timer runs"),
        ("door_open", {"standing": True}, "it stands, but was never raised"),
        ("door_open", {"sources": []}, "a timer runs, but nothing is active"),
        ("no_water", {"quantity": "motion"}, FOREIGN),
        ("no_water", {"unsure": True}, "it is the state of another rule"),
        ("no_water", {"gates": [True]}, "it is the state of another rule"),
        ("no_water", {"pace": "mains_limit_s"}, "'mains_limit_s' is no pace of a device"),
        ("device_silent", {"pace": "limit_s"}, "'limit_s' is no pace of a device"),
        ("no_water", {"due_s": None}, "silence counts, but no timer runs"),
        ("no_water", {"standing": True}, "it stands, but was never raised"),
        ("no_water", {"standing": True, "raised_s": 1.0, "due_s": None}, "is never said again"),
        ("door_open", {"standing": True, "raised_s": 1.0}, "it ends, but something is active"),
        ("door_open", {"gates": [True]}, "it has other gates than the rule"),
        ("cold", {"gates": [True]}, "it has other gates than the rule"),
        ("no_water", {"personal_s": 60}, "it has a personal limit, which the rule does not take"),
        ("night_exit", {"quantity": "sos"}, FOREIGN),
        ("night_exit", {"met_s": 1.0}, "it remembers an answer for which the rule does not ask"),
        ("night_exit", {"since_s": None}, PHASE),
        ("night_exit", {"due_s": None}, PHASE),
        ("night_exit", {"standing": True}, BOTH),
        ("night_exit", {"standing": True, "raised_s": 1.0}, BOTH),
        ("night_exit", {"standing": True, "due_s": None}, BOTH),
        ("night_rising", {"quantity": "motion"}, FOREIGN),
        ("night_rising", {"standing": True, "raised_s": None}, "it stands, but was never raised"),
        ("smoke", {"channels": [active("sos")]}, FOREIGN),
        ("smoke", {"since_s": None}, "a channel is active, but not since when"),
        (
            "smoke",
            {"due_s": 9.0},
            "its phase is none of quiet, triggering, standing, clearing",
        ),
        (
            "sos",
            {"channels": [active("sos")], "since_s": 1.0, "due_s": 9.0},
            "a momentary rule has no condition that stays",
        ),
    ],
)
def test_a_state_that_contradicts_itself_or_its_rule_is_refused(
    rule_id: str, changes: dict[str, Any], why: str
) -> None:
    assert why in refused(rule_id, **changes)
    assert not refused(rule_id)


def test_the_form_of_a_state_has_the_version_that_it_had() -> None:
    """Who changes the form raises the version, here too, and old states start fresh."""
    states = {row.pattern.name: get_type_hints(row.pattern.observe)["state"] for row in ROWS}
    versions = {row.pattern.name: row.pattern.version for row in ROWS}
    forms = {
        name: (versions[name], len(fields(get_args(state)[0]))) for name, state in states.items()
    }
    assert forms == FORMS


def test_a_state_of_a_newer_release_costs_no_standing_alarm() -> None:
    """The alarm is kept elsewhere: what matters is that nothing here restores it unseen."""
    row = next(row for row in ROWS if row.id == "co_ppm")
    home = Home(alone(row))
    home.take(says(Quantity.CO_PPM, 400, 100.0))
    assert len(raises(home)) == 1
    ((key, _),) = home.state.states.items()
    newer = dump(home.state, key, home.book).replace('"v":2', '"v":99')
    made = restore([(key.rule, key.subject, newer)], home.book)
    home.restart(made.state, 200.0)
    home.take(says(Quantity.CO_PPM, 0, 300.0))
    home.wait_until(1e6)
    assert restores(home) == []
    home.take(says(Quantity.CO_PPM, 400, 2e6))
    assert len(raises(home)) == 2


def test_the_hold_is_as_long_as_the_site_wants_it_now() -> None:
    """A parameter that is changed over a restart counts for what already runs."""
    home = Home(book())
    home.take(says(Quantity.TEMP_C, 15.0, 100.0))
    shorter = book(tuned={"cold.hold_s": 3600})
    made = resume(home.state, stamp(200.0), shorter)
    assert 3700.0 in [e.due_s for e in made.effects if isinstance(e, WakeAt)]


def test_a_hold_is_dropped_when_nobody_knows_how_the_value_went_on() -> None:
    row = next(row for row in ROWS if row.id == "breath_low")
    home = Home(alone(row))
    home.take(says(Quantity.RESPIRATION_BPM, 6, 100.0))
    home.wait_until(1e6)
    assert raises(home) == []
    assert home.timers == {}


def test_more_sources_than_any_home_has_are_not_kept() -> None:
    row = next(row for row in ROWS if row.id == "appliance_on")
    home = Home(alone(row))
    for number in range(SOURCES + 5):
        home.take(says(Quantity.POWER_W, 900, 100.0, device=DeviceId(f"zb:{number}"), room="客厅"))
    (state,) = home.state.states.values()
    assert len(state.sources) == SOURCES
    home.wait_until(1e5)
    assert len(raises(home)) == 1


def test_somebody_who_comes_in_the_clear_hold_ends_what_stands() -> None:
    row = next(row for row in ROWS if row.id == "appliance_on")
    home = Home(alone(row))
    home.take(says(Quantity.POWER_W, 900, 100.0))
    home.wait_until(3000.0)
    home.take(says(Quantity.POWER_W, 0, 3000.0))
    home.take(says(Quantity.MOTION, True, 3010.0))
    assert restores(home) == [3010.0]
    assert home.timers == {}


def test_a_contact_of_a_cupboard_is_not_the_door() -> None:
    row = next(row for row in ROWS if row.id == "door_open")
    home = Home(alone(row))
    home.take(says(Quantity.CONTACT_OPEN, True, 100.0, room="厨房"))
    assert home.state == EngineState()


class TestWhoIsAtHome:
    """Silence counts only while somebody is known, or taken, to be at home."""

    RULES = RuleBook.of((replace(book().by_id[RuleId("no_water")], plan=Silence(presence=True)),))

    def home(self) -> Home:
        home = Home(self.RULES)
        home.take(says(Quantity.WATER_FLOW_LPH, 5, 0.0))
        return home

    def test_an_empty_home_may_be_silent_for_a_month(self) -> None:
        home = self.home()
        home.take(says(Quantity.PRESENCE, "away", 10.0))
        home.restart(home.state, 20.0)
        home.wait_until(30 * day.DAY_S)
        assert home.alarms() == []
        home.take(says(Quantity.PRESENCE, "home", 30 * day.DAY_S))
        home.wait_until(31 * day.DAY_S)
        assert [at_s for at_s, _ in home.alarms()] == [30 * day.DAY_S + 43200]

    def test_it_may_begin_with_who_is_at_home(self) -> None:
        row = next(row for row in ROWS if row.id == "inactivity")
        for word, wanted in (("home", 1), ("away", 0), ("unknown", 1)):
            home = Home(alone(row))
            home.take(says(Quantity.PRESENCE, word, 0.0))
            home.wait_until(51_000.0)
            assert len(home.alarms()) == wanted

    def test_a_home_without_a_water_meter_is_not_silent_of_water(self) -> None:
        home = Home(self.RULES)
        home.take(says(Quantity.PRESENCE, "home", 0.0))
        assert home.state == EngineState()

    def test_what_stands_outlasts_doubt_and_ends_when_the_home_is_known_to_be_empty(self) -> None:
        home = self.home()
        home.wait_until(50_000.0)
        home.take(says(Quantity.PRESENCE, "unknown", 50_000.0))
        home.take(says(Quantity.PRESENCE, "unknown", 50_001.0))
        home.take(says(Quantity.PRESENCE, "home", 50_002.0))
        assert restores(home) == []
        home.take(says(Quantity.PRESENCE, "away", 50_003.0))
        assert restores(home) == [50_003.0]
        assert home.timers == {}

    def test_a_sign_ends_what_stands_though_nobody_knows_who_is_at_home(self) -> None:
        home = self.home()
        home.wait_until(50_000.0)
        home.take(says(Quantity.PRESENCE, "unknown", 50_000.0))
        home.take(says(Quantity.WATER_FLOW_LPH, 5, 50_100.0))
        assert restores(home) == [50_100.0]
        assert home.timers == {}

    def test_an_answer_that_the_hub_asked_for_is_no_sign_of_life(self) -> None:
        home = self.home()
        home.take(says(Quantity.WATER_FLOW_LPH, 5, 40_000.0, asked=True))
        home.wait_until(43_200.0)
        assert len(raises(home)) == 1


class TestThePersonalLimit:
    ROW = next(row for row in ROWS if row.id == "inactivity")

    def test_it_takes_the_place_of_the_common_one_at_once(self) -> None:
        home = Home(alone(self.ROW))
        home.take(says(Quantity.QUIET_S, 0.0, 0.0))
        home.take(says(Quantity.ALERT_LINE_S, 14_400, 20_000.0))
        assert [at_s for at_s, _ in home.alarms()] == [20_000.0]

    def test_while_an_alarm_stands_or_nothing_counts_it_is_only_remembered(self) -> None:
        home = Home(alone(self.ROW))
        home.take(says(Quantity.QUIET_S, 0.0, 0.0))
        home.take(says(Quantity.PRESENCE, "away", 1.0))
        home.take(says(Quantity.ALERT_LINE_S, 14_400, 20_000.0))
        home.take(says(Quantity.ALERT_LINE_S, 14_400, 20_001.0))
        home.take(says(Quantity.ALERT_LINE_S, "long", 20_002.0))
        assert home.timers == {}
        home.take(says(Quantity.PRESENCE, "home", 30_000.0))
        home.wait_until(60_000.0)
        assert [at_s for at_s, _ in home.alarms()] == [44_400.0]
        home.take(says(Quantity.ALERT_LINE_S, 20_000, 60_001.0))
        assert len(home.alarms()) == 1


def test_only_some_signs_of_a_storm_are_kept_on_the_disk() -> None:
    row = next(row for row in ROWS if row.id == "inactivity")
    rules, state, kept = alone(row), EngineState(), 0
    for second in range(3600):
        made = step(state, says(Quantity.QUIET_S, 0.0, float(second)), rules)
        state, kept = made.state, kept + len(made.changed)
    assert 2 <= kept <= 14


def test_while_the_time_is_not_known_every_window_counts_and_the_shorter_limit_holds() -> None:
    """Rule 47: by time of day a rule takes its 24 h form."""
    known = stamp(at_hour(12))
    unknown = Stamp(0.0, 0, known.boot_id, 0.0, TimeQuality.UNKNOWN)
    exit_values = book().by_id[next(r.id for r in ROWS if r.id == "night_exit")].values
    assert not day.is_in_window(exit_values, known)
    assert day.is_in_window(exit_values, unknown)
    door_values = book().by_id[next(r.id for r in ROWS if r.id == "door_open")].values
    assert day.due_s(door_values, 0.0, unknown) == 120.0


def test_a_window_may_lie_inside_one_day_or_run_over_midnight() -> None:
    for from_h, to_h, inside, outside in ((22, 6, 23, 12), (8, 20, 12, 23), (0, 24, 12, None)):
        values = {"from_h": float(from_h), "to_h": float(to_h)}
        assert day.is_in_window(values, stamp(at_hour(inside)))
        if outside is not None:
            assert not day.is_in_window(values, stamp(at_hour(outside)))


def test_a_trend_has_no_timer_and_ignores_one_that_rings() -> None:
    row = next(row for row in ROWS if row.id == "night_rising")
    home = Home(alone(row))
    home.take(play_of(rule_of(row)).begin[0].event())
    made = step(home.state, woken(f"night_rising/{DEVICE}/any", 1e6), home.book)
    assert (made.state, made.effects) == (home.state, ())


def test_a_second_source_does_not_start_the_time_again() -> None:
    row = next(row for row in ROWS if row.id == "appliance_on")
    home = Home(alone(row))
    home.take(says(Quantity.POWER_W, 900, 0.0, channel="a"))
    home.take(says(Quantity.POWER_W, 900, 1000.0, channel="b"))
    home.take(says(Quantity.POWER_W, 0, 1100.0, channel="a"))
    home.wait_until(1e5)
    assert [at_s for at_s, _ in home.alarms()] == [1800.0]


def test_with_the_dementia_profile_the_open_door_itself_is_the_alarm() -> None:
    rules = RuleBook.of((book(tuned={"night_exit.within_s": 0}).by_id[RuleId("night_exit")],))
    home = Home(rules)
    home.take(says(Quantity.CONTACT_OPEN, True, at_hour(2), room="玄关"))
    (alarm,) = raises(home)
    assert "门被打开（第 22 号规则" in alarm.why.sentence.zh
    assert home.timers == {}


def test_a_cupboard_is_no_sign_that_the_door_is_used_and_a_cancelled_limit_may_ring() -> None:
    row = next(row for row in ROWS if row.id == "door_unused")
    home = Home(alone(row))
    home.take(says(Quantity.CONTACT_OPEN, True, 0.0, room="厨房"))
    assert home.state == EngineState()
    home.take(says(Quantity.CONTACT_OPEN, True, 0.0, room="玄关"))
    (key,) = home.timers
    home.take(says(Quantity.PRESENCE, "away", 10.0))
    assert step(home.state, woken(key, 1e6), home.book).effects == ()

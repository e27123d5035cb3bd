"""The general rules of the catalogue, (a) to (h), each with a test that names it.

What a mute does to an alarm in all its turns is in tests/response/test_mutes.py; who is at home and
which signs are believed, in test_presence.py and test_life.py. Here each rule is seen as a whole.
"""

from __future__ import annotations

import ast
import configparser
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest

from agent.core.alarm import AlarmId, AlarmState, RuleId, Severity
from agent.core.command import Caller, MuteRule, Role
from agent.core.device import DeviceId
from agent.core.effect import Derive
from agent.core.errors import ConfigError
from agent.core.event import Observed, Woken
from agent.core.reading import Quantity
from agent.response import mutes
from agent.response.lifecycle import AlarmBook, Held, apply
from agent.response.mutes import MuteBook
from local_rules.blind import blind
from local_rules.catalog import ROWS, Row, book
from local_rules.day import DAY_S
from local_rules.life import SIGNS
from local_rules.rule import RuleBook
from tests.local_rules.kit import DEVICE, Home, says, stamp
from tests.local_rules.rehearsal import play_of
from tests.local_rules.test_every_rule import (
    WHOLE,
    every_row,
    home_after,
    played,
    raises,
    restores,
    rule_of,
)

ROOT = Path(__file__).parents[2]
DOOR = DeviceId("zb:door")

AT_ONCE: dict[str, str] = {
    # What may begin without a minimum duration, and why.
    "report": "the detector has judged already, and waits by itself",
    "trend": "it judges whole days",
    "threshold": "a single measurement that kills: the row says which",
    "sequence": "the row waits 0 s for what may not be missing at all",
    "left_active": "each of several devices has been silent for long already",
}


@every_row
def test_a_it_has_a_hysteresis_and_a_minimum_duration(row: Row) -> None:
    """(a) Nothing flutters: what is over must be over for a while or by a distance, and what is to
    begin must last, unless the row says that it cannot wait."""
    values = rule_of(row).values
    holds = {"hold_s", "trigger_hold_s", "limit_s", "within_s", "repeat_after_s", "days"}
    assert holds & set(values)
    if not any(values[name] for name in holds & set(values)):
        assert row.pattern.name in AT_ONCE
    assert values["rearm_s"] > 0 or row.momentary, "the same cause is not said again at once"
    assert "debounce_s" in values or row.pattern.name != "report"
    if row.pattern.name == "threshold":
        worse = values["limit"] - values["clear_limit"]
        has_distance = worse > 0 if row.plan.beyond in (">", "≥") else worse < 0
        assert has_distance or values["clear_hold_s"] > 0


@every_row
def test_a_what_flutters_around_the_limit_is_one_alarm(row: Row) -> None:
    """(a) again, by doing: an end that lasts half a second is no end."""
    if not rule_of(row).values.get("clear_hold_s"):
        return
    play = play_of(rule_of(row))
    home = home_after(row, played(play.begin), play.raise_s)
    at_s = max(play.raise_s, play.begin[-1].at_s)
    for n in range(20):
        for line in (play.end(at_s + n)[-1], replace(play.begin[-1], at_s=at_s + n + 0.5)):
            home.take(line.event())
    # Smoke that comes back is said again, of one and the same alarm: it never ended.
    assert restores(home) == []
    assert len({alarm.subject for alarm in raises(home)}) == 1


EVIDENCE = {
    # What counts as a sign that the person lives; the words are those of the general rule.
    Quantity.MOTION: "any PIR",
    Quantity.CONTACT_OPEN: "door",
    Quantity.WATER_FLOW_LPH: "water",
    Quantity.IN_BED: "bed change",
    Quantity.SOS: "button",
    Quantity.TV_KEY: "TV remote",
    Quantity.LID_OPEN: "medicine box",
    Quantity.POWER_W: "an appliance switched on",
}

LIVING = RuleBook.of(tuple(WHOLE.by_id[RuleId(name)] for name in ("life", "inactivity")))
BEGUN_S = 1000.0


def living(*events: Observed) -> Home:
    """Return a home in which somebody was seen at `BEGUN_S`, and then `events` were heard."""
    home = Home(LIVING)
    home.take(says(Quantity.MOTION, True, BEGUN_S, room="客厅"))
    for event in events:
        home.take(event)
    return home


def last_sign_s(home: Home) -> float:
    """Return since when nobody has been seen, as the rule of inactivity has it."""
    held = next(held for key, held in home.state.states.items() if key.rule == "inactivity")
    heard_s: float = held.heard_s
    return heard_s


def test_b_evidence_of_life_is_what_a_person_does_and_nothing_that_happens_by_itself() -> None:
    """(b) A thermometer that reports is no sign of life; a door is."""
    by_itself = {Quantity.TEMP_C, Quantity.HUMIDITY_PCT, Quantity.BATTERY_PCT, Quantity.DISK_PCT}
    by_itself |= {Quantity.CO_PPM, Quantity.FAULT, Quantity.BATTERY_LOW, Quantity.ILLUMINANCE_LX}
    assert (
        EVIDENCE.keys()
        <= SIGNS.keys()
        == WHOLE.by_id[RuleId("life")].inputs.keys() - {Quantity.USER_MISMATCH}
    )
    assert not SIGNS.keys() & by_itself
    home = living(*(says(quantity, 5.0, 2000.0) for quantity in by_itself))
    home.wait_until(3000.0)
    assert last_sign_s(home) == BEGUN_S
    home.take(says(Quantity.CONTACT_OPEN, True, 4000.0, room="玄关"))
    assert last_sign_s(home) == 4000.0


def test_b_what_the_hub_asks_for_is_no_sign_of_life() -> None:
    """(b) An answer to a poll says that the device lives, not the person."""
    home = living(says(Quantity.MOTION, True, 2000.0, asked=True))
    home.wait_until(3000.0)
    assert last_sign_s(home) == BEGUN_S


@every_row
def test_c_each_alarm_carries_why_in_one_sentence_of_each_language(row: Row) -> None:
    """(c) Who, what, which limit; one sentence that a daughter understands."""
    play = play_of(rule_of(row))
    (alarm,) = raises(home_after(row, played(play.begin), play.raise_s))
    zh, en = alarm.why.sentence.zh, alarm.why.sentence.en
    assert alarm.why.device
    assert alarm.why.quantity in row.inputs
    assert alarm.why.limit
    assert zh.count("。") == 1
    assert zh.endswith("。")
    assert en.endswith(".")
    assert "\n" not in zh + en


@pytest.mark.parametrize("number", [1, 3, 5, 6])
def test_d_what_must_never_be_muted_is_s1_and_no_site_turns_it_off(number: int) -> None:
    """(d) Calls for help, smoke, gas and CO: there is no setting that silences them."""
    urgent = [row for row in ROWS if row.number == number and row.severity is Severity.S1]
    assert urgent
    for row in urgent:
        with pytest.raises(ConfigError, match="S1"):
            book(off=[row.id])


def test_d_a_mute_is_of_one_rule_for_a_time_and_what_it_held_back_is_told_at_its_end() -> None:
    """(d) The whole of it: a person in the home, a bound, and nothing that is lost."""
    row = next(row for row in ROWS if row.id == "door_open")
    play = play_of(rule_of(row))
    (report,) = raises(home_after(row, played(play.begin), play.raise_s))
    wish = MuteRule(RuleId(row.id), 3600, Caller(Role.OPERATOR, "cli", on_site=True), "airing")
    begun = stamp(play.raise_s - 1)
    muted = mutes.mute(MuteBook(), wish, row.severity, row.hazard, begun).book
    until_s = mutes.held_until_s(muted, report, stamp(play.raise_s))
    assert until_s == begun.at_s + 3600
    assert mutes.held_until_s(muted, replace(report, severity=Severity.S1), begun) is None
    held = apply(AlarmBook(), Held(report, until_s), stamp(play.raise_s), AlarmId("a"))
    assert held.alarm is not None
    assert (held.alarm.state, held.actions) == (AlarmState.SHELVED, ())
    (timer,) = held.timers
    rung = apply(held.book, Woken(timer.key, until_s, stamp(until_s)), stamp(until_s), AlarmId("b"))
    assert rung.alarm is not None
    assert (rung.alarm.id, rung.alarm.state) == ("a", AlarmState.ACTIVE)


@pytest.mark.parametrize(("residents", "word"), [(1, "away"), (2, "unknown")])
def test_e_where_two_live_a_door_that_moves_empties_no_home(residents: int, word: str) -> None:
    """(e) With one resident who left is away, and nobody is missed; with two it is not known who
    left, and silence goes on counting."""
    home = Home(book(tuned={"presence.residents": residents}))
    home.take(says(Quantity.CONTACT_OPEN, False, 0.0, device=DOOR, room="玄关"))
    home.take(says(Quantity.MOTION, True, BEGUN_S, room="客厅"))
    for later_s, is_open in ((100.0, True), (105.0, False)):
        home.take(says(Quantity.CONTACT_OPEN, is_open, BEGUN_S + later_s, device=DOOR, room="玄关"))
    home.wait_until(BEGUN_S + 85_000)
    said = [
        effect.reading.value
        for _, effect in home.done
        if isinstance(effect, Derive) and effect.reading.quantity is Quantity.PRESENCE
    ]
    assert said == ["home", "maybe_away", word]
    missed = [alarm for alarm in raises(home) if alarm.rule == "inactivity"]
    assert bool(missed) is (residents == 2)


def test_e_a_sign_of_either_resident_in_any_room_ends_the_silence() -> None:
    """(e) The rule of silence has one state for the home: all rooms must be silent."""
    home = living(
        says(Quantity.MOTION, True, 40_000.0, room="卧室", device=DeviceId("zb:other")),
    )
    assert last_sign_s(home) == 40_000.0


def test_f_a_pet_is_no_person_where_the_installer_says_that_there_is_one() -> None:
    """(f) Then motion is none, and what takes hands still is."""
    pet = book(tuned={"life.motion_counts": 0})
    home = Home(RuleBook.of(tuple(pet.by_id[rule] for rule in LIVING.by_id)))
    home.take(says(Quantity.LID_OPEN, True, BEGUN_S))
    home.take(says(Quantity.MOTION, True, 9000.0, room="客厅"))
    home.wait_until(10_000.0)
    assert last_sign_s(home) == BEGUN_S
    home.take(says(Quantity.LID_OPEN, False, 11_000.0))
    assert last_sign_s(home) == 11_000.0


def test_f_a_sensor_that_is_stuck_hides_no_silence() -> None:
    """(f) Motion without end is no sign, nor was what that sensor said before; it is told of."""
    home = Home(WHOLE)
    home.take(says(Quantity.MOTION, True, BEGUN_S, room="客厅", device=DOOR))
    for later_s, value in ((500.0, False), (600.0, True)):
        home.take(says(Quantity.MOTION, value, BEGUN_S + later_s, room="卧室"))
    home.wait_until(BEGUN_S + 10_000)
    stuck = [alarm for alarm in raises(home) if alarm.rule == "sensor_stuck"]
    assert [alarm.why.device for alarm in stuck] == [DEVICE]
    assert last_sign_s(home) == BEGUN_S
    home.wait_until(BEGUN_S + 2 * DAY_S)
    assert "inactivity" in [alarm.rule for alarm in raises(home)]


def test_g_the_rules_import_nothing_that_can_wait_or_fail() -> None:
    """(g) In a process of its own the engine needs no MQTT, no BLE, no command line, no file."""
    told = subprocess.run(
        [
            sys.executable,
            "-c",
            "import sys, local_rules.catalog, local_rules.engine, local_rules.snapshot\n"
            "print(sorted({name.partition('.')[0] for name in sys.modules}))",
        ],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
    )
    loaded = set(ast.literal_eval(told.stdout))
    assert not loaded & {"paho", "bleak", "zigpy", "asyncio", "socket", "sqlite3", "click", "sync"}


def test_g_guard_has_a_watchdog_of_its_own_and_no_internet_socket() -> None:
    """(g) systemd restarts a guard that hangs, whatever link does; tests/system/test_apart.py and
    tests/agent/test_watchdog.py do it with real processes."""
    unit = configparser.RawConfigParser(strict=False)
    unit.read(ROOT / "systemd/anju-guard.service", encoding="utf-8")
    service = unit["Service"]
    assert service["WatchdogSec"] == "30s"
    assert service["Restart"] == "always"
    assert "AF_INET" not in service["RestrictAddressFamilies"]
    assert "link" not in str(dict(unit["Unit"]))


def test_h_a_rule_that_cannot_be_evaluated_is_blind_and_not_normal() -> None:
    """(h) And it sees again as soon as the device speaks."""
    home = Home(WHOLE)
    home.take(says(Quantity.TEMP_C, 21.0, 0.0))
    home.take(says(Quantity.BATTERY_LOW, False, 0.0))
    assert blind(home.state, WHOLE) == ()
    home.wait_until(90_001)
    told = blind(home.state, WHOLE)
    listening = [
        rule.id
        for rule in WHOLE.by_id.values()
        if {Quantity.TEMP_C, Quantity.BATTERY_LOW} & set(rule.inputs) and rule.id != "device_silent"
    ]
    assert [(one.rule, one.device, one.since_s) for one in told] == [
        (rule, DEVICE, 0.0) for rule in listening
    ]
    assert listening
    home.take(says(Quantity.TEMP_C, 21.0, 95_000.0))
    assert blind(home.state, WHOLE) == ()

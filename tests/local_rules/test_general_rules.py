"""The general rules of the catalogue, (a) to (h), each with a test that names it.

(d) the mute of a home and (e) two residents belong to the response and the site; the part of them
that is the rule table's is here.
"""

from __future__ import annotations

import ast
import configparser
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest

from agent.core.alarm import RuleId, Severity
from agent.core.device import DeviceId
from agent.core.errors import ConfigError
from agent.core.reading import Quantity
from local_rules.blind import blind
from local_rules.catalog import ROWS, Row, book
from tests.local_rules.kit import DEVICE, Home, says
from tests.local_rules.rehearsal import play_of
from tests.local_rules.test_every_rule import (
    WHOLE,
    alone,
    every_row,
    home_after,
    played,
    raises,
    restores,
    rule_of,
)

ROOT = Path(__file__).parents[2]

AT_ONCE: dict[str, str] = {
    # What may begin without a minimum duration, and why.
    "report": "the detector has judged already, and waits by itself",
    "trend": "it judges whole days",
    "threshold": "a single measurement that kills: the row says which",
    "sequence": "the row waits 0 s for what may not be missing at all",
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
}


def test_b_evidence_of_life_is_what_a_person_does_and_nothing_that_happens_by_itself() -> None:
    """(b) A thermometer that reports is no sign of life; a door is."""
    rule = WHOLE.by_id[RuleId("inactivity")]
    signs = set(rule.inputs) - {Quantity.PRESENCE, Quantity.ALERT_LINE_S}
    by_itself = {Quantity.TEMP_C, Quantity.HUMIDITY_PCT, Quantity.BATTERY_PCT, Quantity.DISK_PCT}
    by_itself |= {Quantity.CO_PPM, Quantity.FAULT, Quantity.BATTERY_LOW, Quantity.ILLUMINANCE_LX}
    assert signs & EVIDENCE.keys()
    assert not signs & by_itself
    row = next(row for row in ROWS if row.id == "inactivity")
    begun = home_after(row, played(play_of(rule).begin), 0)
    before = begun.state
    for quantity in by_itself:
        begun.take(says(quantity, 5.0, begun.done[-1][0] + 60))
    assert begun.state == before


def test_b_what_the_hub_asks_for_is_no_sign_of_life() -> None:
    """(b) An answer to a poll says that the device lives, not the person."""
    row = next(row for row in ROWS if row.id == "inactivity")
    play = play_of(rule_of(row))
    home = home_after(row, played(play.begin), play.begin[-1].at_s)
    home.take(says(Quantity.MOTION, True, play.raise_s - 1, asked=True))
    home.wait_until(play.raise_s)
    assert len(raises(home)) == 1


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


def test_e_rules_of_one_person_count_every_room_so_that_two_residents_hide_no_silence() -> None:
    """(e) The rule of silence has one state for the home: all rooms must be silent."""
    row = next(row for row in ROWS if row.id == "inactivity")
    play, home = play_of(rule_of(row)), Home(alone(row))
    for line in play.begin:
        home.take(line.event())
    home.take(
        says(Quantity.MOTION, True, play.raise_s - 1, room="卧室", device=DeviceId("zb:other"))
    )
    home.wait_until(play.raise_s + 1)
    assert raises(home) == []


def test_f_a_rule_that_a_pet_can_fool_says_so() -> None:
    """(f) The table tells the installer about pets where motion is a sign."""
    fooled = [row for row in ROWS if Quantity.MOTION in row.inputs and row.pitfalls is not None]
    assert any("pet" in row.pitfalls.en.lower() for row in fooled if row.pitfalls is not None)


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

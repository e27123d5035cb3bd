"""The safety table, the site's say in it, and the page and sentences made from it."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest

from agent import catalogue
from agent.core.actuation import Actuation, ActuationKind, LocalAction
from agent.core.alarm import Hazard, Severity
from agent.core.device import DeviceId, DeviceKind
from agent.core.errors import ConfigError
from agent.core.reading import Quantity
from agent.core.text import Sentence
from local_rules.catalog import ROWS, book
from local_rules.explain import span, why
from local_rules.ladders import BY_SEVERITY, LADDERS, ladder_of
from local_rules.numbers import NUMBERS
from local_rules.page import as_markdown
from local_rules.rows.cities import CITIES
from local_rules.rows.profiles import PROFILES
from local_rules.rule import RuleBook
from local_rules.wish import KEYS

BOOK = book()
ROOT = Path(__file__).parents[2]


def actions_of(rules: RuleBook, rule: str) -> dict[DeviceKind, Actuation]:
    found = next(r for r in rules.by_id.values() if r.id == rule)
    return {action.target: action.actuation for action in found.actions}


def test_each_rule_has_its_own_id_and_every_hazard_has_a_rule() -> None:
    assert len({row.id for row in ROWS}) == len(ROWS)
    assert {row.number for row in ROWS} <= set(range(1, 49))
    assert {row.hazard for row in ROWS} == set(Hazard)


def test_what_may_kill_is_s1_and_latched() -> None:
    urgent = {row.hazard for row in ROWS if row.severity is Severity.S1 and row.latched}
    assert urgent == {
        Hazard.SOS,
        Hazard.SMOKE,
        Hazard.GAS,
        Hazard.CO,
        Hazard.FIRE_HEAT,
        Hazard.FALL,
    }


def test_fire_gas_and_an_unattended_stove_close_the_gas_valve_and_nothing_else_does() -> None:
    closing = {
        rule.id
        for rule in BOOK.by_id.values()
        for action in rule.actions
        if action == LocalAction(DeviceKind.VALVE, Actuation(ActuationKind.VALVE_CLOSE))
    }
    assert closing == {"smoke", "gas", "fire_heat", "fire_rise", "gas_lel", "stove_shut"}


@pytest.mark.parametrize("rule", ["gas", "gas_lel"])
def test_gas_switches_no_relay(rule: str) -> None:
    kinds = {actuation.kind for actuation in actions_of(BOOK, rule).values()}
    assert kinds == {ActuationKind.SIREN_ON, ActuationKind.VALVE_CLOSE}


def test_the_site_says_how_long_the_sirens_sound() -> None:
    rules = book(siren_sos_s=10, siren_danger_s=1800, siren_leak_s=5)
    told = {
        rule.id: action.actuation.duration_s
        for rule in rules.by_id.values()
        for action in rule.actions
        if action.target is DeviceKind.SIREN
    }
    danger = dict.fromkeys(
        ("smoke", "gas", "co", "fire_heat", "fire_rise", "gas_lel", "co_ppm"), 1800
    )
    assert told == {"sos": 10, "voice_help": 10, "water_leak": 5, **danger}
    assert actions_of(BOOK, "sos")[DeviceKind.SIREN].duration_s == 60
    assert actions_of(BOOK, "gas")[DeviceKind.SIREN].duration_s == 300


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("siren_sos_s", 9),
        ("siren_sos_s", 601),
        ("siren_danger_s", 59),
        ("siren_danger_s", 1801),
        ("siren_leak_s", 4),
        ("siren_leak_s", 61),
        ("siren_sos_s", True),
        ("siren_sos_s", "60"),
        ("siren_sos_s", None),
    ],
)
def test_a_siren_outside_its_hard_range_is_refused_with_the_next_step(
    name: str, value: Any
) -> None:
    with pytest.raises(ConfigError) as caught:
        book(**{name: value})
    sentence = str(caught.value)
    assert f"[siren] {name.removeprefix('siren_')} = {value!r}" in sentence
    assert "Choose" in sentence


@pytest.mark.parametrize("rule", [row.id for row in ROWS if row.severity is Severity.S1])
def test_no_s1_rule_can_be_turned_off(rule: str) -> None:
    with pytest.raises(ConfigError, match="S1"):
        book(off=[rule])


def test_other_rules_can_be_turned_off() -> None:
    rules = book(off=["visit_missed", "water_leak"])
    assert set(BOOK.by_id) - set(rules.by_id) == {"visit_missed", "water_leak"}
    assert Quantity.VISIT_DUE not in rules.by_quantity


@pytest.mark.parametrize("key", ["", "smoke", "smoke.severity", "smok.rearm_s", "smoke."])
def test_an_unknown_parameter_is_refused(key: str) -> None:
    with pytest.raises(ConfigError, match="not a parameter"):
        book(tuned={key: 60})


def test_an_unknown_rule_cannot_be_turned_off() -> None:
    with pytest.raises(ConfigError, match="not a rule"):
        book(off=["smok"])


def test_rules_are_found_by_what_they_listen_to() -> None:
    for quantity, rules in BOOK.by_quantity.items():
        assert all(quantity in rule.inputs for rule in rules)
    assert {r.id for rules in BOOK.by_quantity.values() for r in rules} == set(BOOK.by_id)


def test_the_sentence_says_who_what_how_long_and_which_rule() -> None:
    told = why(
        BOOK.by_quantity[Quantity.WATER_LEAK][0],
        device=DeviceId("zb:1"),
        quantity=Quantity.WATER_LEAK,
        channel="",
        drill=False,
        since_s=100.0,
        last_s=110.0,
    )
    assert told.sentence == Sentence(
        "zb:1 报告探头浸水，已持续 10 秒（第 7 号规则：漏水报警）。",
        "zb:1 reports water at its probe for 10 s (rule 7: water leak).",
    )
    assert (told.value, told.limit) == ("true", "true for 10 s")
    assert (told.since_s, told.last_s) == (100.0, 110.0)


def test_the_sentence_of_a_fault_quotes_what_the_part_says() -> None:
    told = why(
        BOOK.by_quantity[Quantity.FAULT][0],
        device=DeviceId("hub:zigbee"),
        quantity=Quantity.FAULT,
        channel="stick",
        drill=True,
        since_s=100.0,
        last_s=100.0,
        detail="no such port /dev/ttyUSB0",
    )
    assert told.sentence == Sentence(
        "演练：hub:zigbee/stick 报告主机部件故障（no such port /dev/ttyUSB0）"
        "（第 48 号规则：主机故障）。",
        "Drill: hub:zigbee/stick reports a fault of a part of the hub "
        "(no such port /dev/ttyUSB0) (rule 48: hub fault).",
    )


@pytest.mark.parametrize(
    ("seconds", "zh", "en"),
    [
        (0.4, "0 秒", "0 s"),
        (59, "59 秒", "59 s"),
        (60, "1 分", "1 min"),
        (3600, "1 小时", "1 h"),
        (22_830, "6 小时 20 分", "6 h 20 min"),
        (90_000, "25 小时", "25 h"),
    ],
)
def test_a_length_of_time_is_told_as_people_say_it(seconds: float, zh: str, en: str) -> None:
    assert span(seconds) == Sentence(zh, en)


def test_the_auditors_page_is_the_table_of_the_code() -> None:
    assert not catalogue.drifted(catalogue.FILE.read_text(encoding="utf-8")), "run: make docs"


def test_a_page_that_drifted_is_found() -> None:
    written = catalogue.FILE.read_text(encoding="utf-8")
    assert catalogue.drifted(written.replace("43200 s", "43201 s", 1))


def test_the_page_is_written_and_checked_by_one_program(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(catalogue, "FILE", tmp_path / "CATALOGUE.md")
    assert catalogue.main(["--check"]) == 1
    assert capsys.readouterr().out == "CATALOGUE.md: out of date; run: make docs\n"
    assert catalogue.main([]) == 0
    assert catalogue.main(["--check"]) == 0


def test_the_tests_of_a_rule_are_those_that_speak_of_it(tmp_path: Path) -> None:
    folder = tmp_path / "tests" / "scenarios"
    folder.mkdir(parents=True)
    (folder / "fire.play").write_text("the kitchen burns: smoke, fire_heat\n")
    (folder / "test_fire.py").write_text("x = ['smoke', \"heat.limit\"]  # cold\n")
    (folder / "kit.py").write_text("'gas'")
    found = {rule: names for rule, names in catalogue.tests_by_rule(tmp_path).items() if names}
    play, test = "tests/scenarios/fire.play", "tests/scenarios/test_fire.py"
    assert found == {"fire_heat": (play,), "heat": (test,), "smoke": (play, test)}


def test_the_page_has_every_rule_parameter_preset_and_ladder() -> None:
    page = as_markdown({})
    for row in ROWS:
        section = page.split(f"### `{row.id}`\n")[1].split("\n### ")[0]
        for said in (row.name.zh, row.name.en, row.clears.zh, row.blind.en, row.severity.value):
            assert said in section
        for name, parameter in row.parameters.items():
            assert f"| `{name}` | {parameter.default:g}" in section
    for preset in (*CITIES.values(), *PROFILES.values()):
        assert preset.name.zh in page
    assert set(NUMBERS) == set(range(1, 49))
    assert {ladder_of(row) for row in ROWS} <= set(LADDERS)


def test_every_severity_has_a_ladder_and_some_rules_their_own() -> None:
    assert set(BY_SEVERITY) == set(Severity)
    own = {row.id: row.ladder for row in ROWS if row.ladder}
    assert own == {"door_open": "L2", "appliance_on": "L4", "visit_missed": "operator"}


def test_the_readme_names_what_a_rule_file_a_map_and_a_csv_may_say() -> None:
    text = (ROOT / "local_rules/README.md").read_text(encoding="utf-8")
    names = [*CITIES, *PROFILES, *DeviceKind, *KEYS[:-1]]
    assert [name for name in names if not re.search(rf"\b{name}\b", text)] == []

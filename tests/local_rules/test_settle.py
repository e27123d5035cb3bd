"""What a site wants of the rules: its form, presets, the order of the layers, refusals."""

from __future__ import annotations

from dataclasses import replace
from itertools import combinations
from typing import Any

import pytest

from agent.core.alarm import RuleId, Severity
from local_rules import catalog
from local_rules.catalog import ROWS, book
from local_rules.fault import RuleFault
from local_rules.preset import Preset, by_id
from local_rules.rows.cities import CITIES
from local_rules.rows.profiles import PROFILES
from local_rules.settle import ORDERED, Layer, settle
from local_rules.wish import KEYS, UNITS, Wish, read

DEFAULTS = {f"{row.id}.{name}": p for row in ROWS for name, p in row.parameters.items()}
SETS = [names for n in range(len(PROFILES) + 1) for names in combinations(PROFILES, n)]


def refused(body: dict[str, Any]) -> RuleFault:
    """Return the fault for which a wish is refused."""
    with pytest.raises(RuleFault) as caught:
        settle(read(body))
    fault = caught.value
    assert str(fault) == fault.sentence.en
    assert len(fault.sentence.en) < 320
    assert fault.sentence.zh
    return fault


# --- the form -------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("rule", "name", "written", "want"),
    [
        ("inactivity", "limit_s", 36_000, 36_000),
        ("inactivity", "limit_s", "10 h", 36_000),
        ("inactivity", "limit_s", "10小时", 36_000),
        ("inactivity", "limit_s", "600 min", 36_000),
        ("door_unused", "limit_s", "1.5 d", 129_600),
        ("inactivity", "from_h", "21 h", 21),
        ("fire_heat", "limit", "60 °C", 60),
        ("fire_heat", "limit", "60C", 60),
        ("water_day_high", "least", "0.05 m3", 50),
        ("water_day_high", "days", "2 d", 2),
        ("water_running", "on_above", "0.1 L/min", 6),
        ("appliance_on", "on_above", "0.5 kW", 500),
        ("pulse_high", "limit", "125 bpm", 125),
        ("gas_lel", "limit", "8 %LEL", 8),
        ("bp_systolic_high", "limit", "170 mmHg", 170),
        ("night_rising", "least", "1 x", 1),
    ],
)
def test_a_value_is_a_number_or_a_number_with_a_unit(
    rule: str, name: str, written: Any, want: float
) -> None:
    assert read({rule: {name: written}}).values == {f"{rule}.{name}": pytest.approx(want)}
    assert read({"tuned": {f"{rule}.{name}": written}}) == read({rule: {name: written}})


def test_an_empty_wish_wants_nothing_and_a_whole_one_is_read_whole() -> None:
    assert read({}) == Wish()
    body = {"version": 3, "city": "ningbo", "profiles": ["pet", "pet"], "off": ["heat", "heat"]}
    assert read(body) == Wish(3, "ningbo", ("pet",), (RuleId("heat"),))


@pytest.mark.parametrize(
    ("body", "where", "says"),
    [
        ({"smok": {}}, ("smok",), "wanted one of smoke"),
        ({"verison": 3}, ("verison",), "version"),
        ({"smoke": 5}, ("smoke",), "wanted a table"),
        ({"smoke": {"limit": 5}}, ("smoke", "limit"), "anju rules show smoke"),
        ({"inactivity": {"limit_s": "9 parsec"}}, ("inactivity", "limit_s"), "not a unit"),
        ({"inactivity": {"limit_s": "9 °C"}}, ("inactivity", "limit_s"), "not a unit"),
        ({"gas_lel": {"limit": "9 %"}}, ("gas_lel", "limit"), "wanted %LEL"),
        ({"night_rising": {"z": "3 x"}}, ("night_rising", "z"), "write the number alone"),
        ({"inactivity": {"limit_s": "36000"}}, ("inactivity", "limit_s"), "not a number"),
        ({"inactivity": {"limit_s": "h"}}, ("inactivity", "limit_s"), "not a number"),
        ({"inactivity": {"limit_s": "1e4 s"}}, ("inactivity", "limit_s"), "not a number"),
        ({"inactivity": {"limit_s": ""}}, ("inactivity", "limit_s"), "not a number"),
        ({"inactivity": {"limit_s": True}}, ("inactivity", "limit_s"), "not a number"),
        ({"inactivity": {"limit_s": None}}, ("inactivity", "limit_s"), "not a number"),
        ({"inactivity": {"limit_s": [36_000]}}, ("inactivity", "limit_s"), "not a number"),
        ({"inactivity": {"limit_s": float("nan")}}, ("inactivity", "limit_s"), "safety limits"),
        ({"inactivity": {"limit_s": float("inf")}}, ("inactivity", "limit_s"), "safety limits"),
        ({"inactivity": {"limit_s": -1}}, ("inactivity", "limit_s"), "Choose 10800-86400 s"),
        ({"inactivity": {"limit_s": 10**5000}}, ("inactivity", "limit_s"), "thousands of digits"),
        ({"inactivity": {"limit_s": 10**300}}, ("inactivity", "limit_s"), "safety limits"),
        (
            {"inactivity": {"limit_s": "10.00000000000000001 h"}},
            ("inactivity", "limit_s"),
            "at most 15 digits",
        ),
        ({"inactivity": {"limit_s": "99 d"}}, ("inactivity", "limit_s"), "safety limits"),
        ({"off": ["smoke"]}, ("off",), "cannot be turned off"),
        ({"off": ["smok"]}, ("off",), "is not a rule"),
        ({"off": "heat"}, ("off",), "a list of names"),
        ({"off": [1]}, ("off",), "a list of names"),
        ({"city": "atlantis"}, ("city",), "wanted one of shanghai"),
        ({"city": 7}, ("city",), "wanted one of shanghai"),
        ({"profiles": ["immortal"]}, ("profiles",), "wanted one of independent"),
        ({"profiles": "pet"}, ("profiles",), "a list of names"),
        ({"version": 0}, ("version",), "a whole number"),
        ({"version": True}, ("version",), "a whole number"),
        ({"version": 1.5}, ("version",), "a whole number"),
        ({"version": 10**20}, ("version",), "a whole number"),
        ({"tuned": []}, ("tuned",), "a table of"),
        ({"tuned": {"smoke": 5}}, ("tuned", "smoke"), "not a parameter"),
        ({"tuned": {"smok.x": 5}}, ("tuned", "smok.x"), "not a rule"),
        ({"tuned": {"heat.limit": 99}}, ("tuned", "heat.limit"), "[rules.heat] limit = 99"),
    ],
)
def test_what_is_wrong_is_refused_with_where_got_wanted_and_the_next_step(
    body: dict[str, Any], where: tuple[str, ...], says: str
) -> None:
    fault = refused(body)
    assert fault.where == where
    assert says in fault.sentence.en


@pytest.mark.parametrize(
    ("body", "where"),
    [
        ({"cold": {"limit": 17}, "cold_hint": {"limit": 16.5}}, ("cold", "limit")),
        ({"cold_hint": {"limit": 16.1}, "cold": {"limit": 17}}, ("cold", "limit")),
        ({"heat": {"limit": 28}, "heat_severe": {"limit": 34}}, None),
        (
            {"door_open_long": {"limit_s": "15 min"}, "door_open": {"limit_s": "20 min"}},
            ("door_open", "limit_s"),
        ),
        ({"door_open": {"limit_s": "20 min"}}, None),
    ],
)
def test_limits_that_contradict_one_another_are_refused(
    body: dict[str, Any], where: tuple[str, ...] | None
) -> None:
    if where is None:
        settle(read(body))
    else:
        fault = refused(body)
        assert fault.where == where
        assert "contradicts" in fault.sentence.en


@pytest.mark.parametrize("rule", ["heat", "cold_hint"])
def test_a_clear_limit_on_the_wrong_side_is_refused(rule: str) -> None:
    """No hard ranges overlap so far; what a later row may do is tried on values of its own."""
    wrong = DEFAULTS[f"{rule}.limit"].default + (1 if rule == "heat" else -1)
    with pytest.raises(RuleFault, match="contradicts"):
        settle(Wish(values={f"{rule}.clear_limit": wrong}))


def test_the_one_who_chose_is_blamed_and_not_the_table() -> None:
    with pytest.raises(RuleFault) as caught:
        settle(Wish(values={"heat_severe.limit": 29.0}))
    assert caught.value.where == ("heat_severe", "limit")


# --- the presets ----------------------------------------------------------------------------------


@pytest.mark.parametrize("preset", [*CITIES.values(), *PROFILES.values()], ids=lambda one: one.id)
def test_a_preset_stays_inside_the_hard_ranges_and_turns_off_no_s1_rule(preset: Any) -> None:
    for key, choice in preset.values.items():
        assert DEFAULTS[key].low <= choice.value <= DEFAULTS[key].high, key
        assert choice.source
    severities = {row.id: row.severity for row in ROWS}
    for rule, source in preset.off.items():
        assert severities[rule] is not Severity.S1
        assert source
    for rule, (severity, _) in preset.urgent.items():
        assert severity < severities[rule], "a preset makes a rule more urgent, never less"


@pytest.mark.parametrize("city", ["", *CITIES])
def test_every_city_with_every_set_of_profiles_leaves_what_saves_a_life(city: str) -> None:
    vital = {row.id for row in ROWS if row.severity is Severity.S1}
    for profiles in SETS:
        settled = settle(Wish(city=city, profiles=profiles))
        assert not vital & set(settled.off)
        for key, chosen in settled.values.items():
            assert DEFAULTS[key].low <= chosen.value <= DEFAULTS[key].high
    assert vital <= set(settle(Wish(city=city, profiles=tuple(PROFILES))).book().by_id)


def test_every_programme_and_profile_of_the_plan_is_there() -> None:
    assert set(CITIES) == {"shanghai", "shenzhen", "taicang", "anji", "ningbo", "hong_kong"}
    assert list(PROFILES) == [
        "independent",
        "frail",
        "dementia",
        "fall_risk",
        "heart_failure",
        "copd",
        "two_residents",
        "pet",
    ]


@pytest.mark.parametrize(("presets", "where"), [(CITIES, "city"), (PROFILES, "profiles")])
def test_a_preset_that_would_turn_off_what_saves_a_life_is_refused(
    monkeypatch: pytest.MonkeyPatch, presets: dict[str, Preset], where: str
) -> None:
    name = next(iter(presets))
    monkeypatch.setitem(presets, name, replace(presets[name], off={RuleId("smoke"): "none"}))
    fault = refused({where: name if where == "city" else [name]})
    assert fault.where == (where,)
    assert "cannot be turned off" in str(fault)


def test_dementia_makes_a_door_at_night_an_alarm_at_once_and_s1() -> None:
    rule = settle(Wish(profiles=("dementia",))).book().by_id[RuleId("night_exit")]
    assert (rule.values["within_s"], rule.severity) == (0, Severity.S1)
    assert "cannot be turned off" in str(refused({"profiles": ["dementia"], "off": ["night_exit"]}))


def test_general_rule_e_two_residents_leave_no_rule_about_one_person() -> None:
    rules = settle(Wish(profiles=("two_residents",))).book()
    assert {10, 15, 16, 18, 21, 23}.isdisjoint(rule.number for rule in rules.by_id.values())
    assert RuleId("inactivity") in rules.by_id  # It asks for silence in all rooms.


def test_a_graver_severity_is_taken_and_a_milder_one_is_not() -> None:
    rules = book(urgent={RuleId("heat"): Severity.S2, RuleId("smoke"): Severity.S4})
    assert rules.by_id[RuleId("heat")].severity is Severity.S2
    assert rules.by_id[RuleId("smoke")].severity is Severity.S1


def test_two_presets_or_two_rows_with_one_id_stop_the_program() -> None:
    with pytest.raises(RuntimeError, match="one id"):
        by_id((PROFILES["pet"], PROFILES["pet"]))
    with pytest.raises(RuntimeError, match="'sos'"):
        catalog.with_own_ids((*ROWS, ROWS[0]))


# --- the order of the layers ----------------------------------------------------------------------


def test_later_layers_win_and_each_value_says_who_chose_it() -> None:
    site = read({"city": "hong_kong", "profiles": ["frail", "fall_risk"], "heat": {"limit": 29}})
    platform = read({"heat": {"limit": 31}, "off": ["heat_severe"]})
    settled = settle(site, platform)
    found = {key: (one.value, one.layer, one.by) for key, one in settled.values.items()}
    assert found["door_unused.limit_s"] == (172_800, Layer.CITY, "hong_kong")
    assert found["inactivity.limit_s"] == (36_000, Layer.PROFILE, "frail")
    assert found["bathroom_dwell.within_s"] == (1_800, Layer.PROFILE, "fall_risk")
    assert found["heat.limit"] == (31, Layer.PLATFORM, "")
    assert found["smoke.rearm_s"] == (600, Layer.TABLE, "")
    assert settled.off == {
        "door_unused": Layer.PROFILE,
        "bedroom_dwell": Layer.PROFILE,
        "heat_severe": Layer.PLATFORM,
    }
    assert settle(site).values["heat.limit"].layer is Layer.SITE


def test_a_city_and_profiles_of_a_later_layer_stand_in_place_of_the_earlier() -> None:
    site = Wish(city="hong_kong", profiles=("frail",))
    settled = settle(site, Wish(city="ningbo", profiles=()))
    assert (settled.city, settled.profiles, settled.off) == ("ningbo", (), {})
    assert settle(site, Wish()).profiles == ("frail",)


def test_nothing_wanted_is_the_table() -> None:
    settled = settle()
    assert {key: one.value for key, one in settled.values.items()} == {
        key: parameter.default for key, parameter in DEFAULTS.items()
    }
    assert settled.book() == book()
    assert (
        settled.book(siren_sos_s=30).by_id[RuleId("sos")].actions
        != book().by_id[RuleId("sos")].actions
    )


def test_the_words_of_the_format_are_the_names_of_no_rule() -> None:
    assert not set(KEYS) & {str(row.id) for row in ROWS}
    assert set(UNITS) & {parameter.unit for parameter in DEFAULTS.values()}
    for lower, upper in ORDERED:
        assert lower in DEFAULTS
        assert upper in DEFAULTS

"""The state of a rule on disk: read back whole, or not at all and said so."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agent.core.alarm import RuleId
from agent.core.event import Observed
from agent.core.reading import Quantity
from agent.core.text import Sentence
from local_rules.catalog import book
from local_rules.engine import EngineState, step
from local_rules.rule import RuleBook
from local_rules.snapshot import dump, restore
from tests.local_rules.kit import DEVICE, Home, all_but, says

BOOK = book(off=all_but("report"))
LEAK = step(EngineState(), says(Quantity.WATER_LEAK, True, 5.25, channel="p"), BOOK).state
SOS = step(EngineState(), says(Quantity.SOS, True, 5.25), BOOK).state


def text_of(state: EngineState, **changes: Any) -> str:
    """Return the dump of the only state in `state`, with parts of it changed."""
    (key,) = state.states
    body = json.loads(dump(state, key, BOOK))
    body["report"].update(changes)
    return json.dumps(body)


def channel(**changes: Any) -> dict[str, Any]:
    return {"quantity": "water_leak", "name": "p", "active": True, "seen_s": 5.25, **changes}


def test_a_state_reads_back_as_it_was_written() -> None:
    rows = [("water_leak", str(DEVICE), text_of(LEAK)), ("sos", str(DEVICE), text_of(SOS))]
    made = restore(rows, BOOK)
    assert made.lost == ()
    assert made.state == EngineState({**LEAK.states, **SOS.states})


def test_a_dump_tells_its_version() -> None:
    assert json.loads(text_of(LEAK))["v"] == 2


@pytest.mark.parametrize(
    "text",
    [
        "",
        "{",
        "null",
        "[]",
        "7",
        "{}",
        '{"v":1,"report":{}}',
        '{"v":"1","report":{}}',
        '{"v":2}',
        '{"v":2,"report":null}',
        "[" * 100_000,
        text_of(LEAK, device=7),
        text_of(LEAK, drill="no"),
        text_of(LEAK, channels=7),
        text_of(LEAK, channels=["p"]),
        text_of(LEAK, channels=[channel(quantity="wind")]),
        text_of(LEAK, channels=[channel(quantity="smoke")]),
        text_of(LEAK, channels=[channel(name=None)]),
        text_of(LEAK, channels=[channel(active=1)]),
        text_of(LEAK, channels=[channel(seen_s="5")]),
        text_of(LEAK, channels=[channel(seen_s=True)]),
        text_of(LEAK, channels=[channel(seen_s=float("nan"))]),
        text_of(LEAK, due_s=float("inf")),
        text_of(LEAK, due_s=None),
        text_of(LEAK, standing=True),
        text_of(LEAK, standing=None),
        text_of(LEAK, channels=[]),
    ],
)
def test_what_cannot_be_read_starts_fresh_and_says_so(text: str) -> None:
    made = restore([("water_leak", "zb:bad", text), ("sos", DEVICE, text_of(SOS))], BOOK)
    assert made.state == SOS
    (lost,) = made.lost
    assert lost.key == ("water_leak", "zb:bad")
    assert "zb:bad" in lost.sentence.zh
    assert "water_leak" in lost.sentence.en


@pytest.mark.parametrize(
    "changes",
    [
        {"standing": True, "due_s": 9.0},
        {"channels": [channel(quantity="sos")], "due_s": 9.0},
        {"channels": [channel(quantity="sos")], "standing": True},
    ],
)
def test_a_button_is_never_left_standing_or_active(changes: dict[str, Any]) -> None:
    made = restore([("sos", DEVICE, text_of(SOS, **changes))], BOOK)
    assert made.state == EngineState()
    assert len(made.lost) == 1


def test_the_state_of_a_rule_that_is_gone_is_reported() -> None:
    made = restore([("flood", DEVICE, text_of(LEAK))], BOOK)
    assert made.state == EngineState()
    assert "no such rule" in made.lost[0].sentence.en


@given(st.text())
def test_no_text_on_the_disk_keeps_the_engine_from_starting(text: str) -> None:
    assert restore([("smoke", DEVICE, text)], BOOK).state == EngineState()


@given(st.recursive(st.none() | st.booleans() | st.floats() | st.text(), lambda t: st.lists(t)))
def test_no_json_on_the_disk_keeps_the_engine_from_starting(value: Any) -> None:
    text = json.dumps({"v": 2, "report": value})
    assert restore([("smoke", DEVICE, text)], BOOK).state == EngineState()


WHOLE = book()
DAY_S = 86_400.0


def after(rule: str, *events: Observed) -> tuple[str, str, str]:
    """Return what the disk holds of a rule after the events."""
    home = Home(RuleBook.of((WHOLE.by_id[RuleId(rule)],)))
    for event in events:
        home.take(event)
    (key,) = home.state.states
    return (*key, dump(home.state, key, home.book))


@pytest.mark.parametrize(
    "row",
    [
        # A journey of a month that has hardly begun.
        after("presence", says(Quantity.AWAY_FOR_S, 30 * DAY_S, 90.0)),
        # Nothing is learned for a day after a call for help; what was learned is not lost by it.
        after("alert_line", says(Quantity.QUIET_S, 0.0, 80.0), says(Quantity.SOS, True, 90.0)),
        # Water runs, but somebody is at home.
        after("water_running_away", says(Quantity.WATER_FLOW_LPH, 100.0, 90.0)),
        # What was on at the first reading was switched on an hour before, as far as is known.
        after("life", says(Quantity.POWER_W, 5.0, 80.0)),
    ],
    ids=lambda row: row[0],
)
def test_what_is_to_come_or_began_before_the_hub_is_no_damage(row: tuple[str, str, str]) -> None:
    assert restore([row], WHOLE, 100.0).lost == ()


@pytest.mark.parametrize(
    ("row", "before", "now", "why"),
    [
        (
            after("presence", says(Quantity.AWAY_FOR_S, 30 * DAY_S, 90.0)),
            '"until_s":2592090.0',
            '"until_s":9999999.0',
            "until_s is 9999999.0, a time that never was or has not come",
        ),
        (
            after("life", says(Quantity.MOTION, True, 90.0)),
            '"motion",true,90.0,90.0,',
            '"motion",true,90.0,9999.0,',
            "sign_s is 9999.0",
        ),
        (
            after("fire_rise", says(Quantity.TEMP_C, 20.0, 90.0)),
            "[[90.0,20.0]]",
            "[[9999.0,20.0]]",
            "samples_s is 9999.0",
        ),
        (
            after("alert_line", says(Quantity.QUIET_S, 0.0, 90.0)),
            '"lived":[[0,-1],',
            '"lived":[[1,7],',
            "it was learned on days after day 0",
        ),
        (
            after("alert_line", says(Quantity.QUIET_S, 0.0, 90.0)),
            '"lived":[[0,-1],',
            '"lived":[[-1,-1],',
            "or on fewer than none",
        ),
    ],
)
def test_a_time_that_has_not_come_is_damage_wherever_it_is(
    row: tuple[str, str, str], before: str, now: str, why: str
) -> None:
    rule, subject, text = row
    assert before in text
    (lost,) = restore([(rule, subject, text.replace(before, now))], WHOLE, 100.0).lost
    assert why in lost.sentence.en


def test_what_is_lost_is_said_whole_in_both_languages() -> None:
    made = restore([("flood", "zb:1", "{}"), ("smoke", "zb:2", '{"v":1}')], BOOK)
    assert [lost.sentence for lost in made.lost] == [
        Sentence(
            "规则 flood 对 zb:1 的状态未能恢复（没有这条规则），已从头开始。",
            "The state of rule flood for zb:1 is not taken over (there is no such rule); the rule "
            "starts fresh there.",
        ),
        Sentence(
            "规则 smoke 对 zb:2 的状态未能恢复（内容无法读取），已从头开始。",
            "The state of rule smoke for zb:2 is not taken over (it cannot be read: "
            "ValueError('version 1, want 2')); the rule starts fresh there.",
        ),
    ]


def test_a_state_of_another_version_is_not_taken_however_well_it_fits() -> None:
    (key,) = LEAK.states
    text = dump(LEAK, key, BOOK)
    assert text.startswith('{"v":2,"report":{"device":"zb:')
    assert " " not in text, "an SD card wears out by writing"
    made = restore([(*key, text.replace('"v":2', '"v":1', 1))], BOOK)
    assert made.state == EngineState()
    assert restore([(*key, text)], BOOK).state == LEAK

"""An alarm as JSON: there and back again, or refused with a sentence."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agent.core.actuation import Actuation, ActuationKind, LocalAction
from agent.core.alarm import (
    Alarm,
    AlarmId,
    AlarmState,
    Hazard,
    RuleId,
    Severity,
    Waiting,
    Why,
)
from agent.core.clock import BootId, Stamp, TimeQuality
from agent.core.device import DeviceId, DeviceKind
from agent.core.errors import JournalError
from agent.core.text import Sentence
from agent.response.record import alarm_from_body, alarm_to_body
from tests.response.kit import Desk, raised

finite = st.floats(allow_nan=False, allow_infinity=False)
stamps = st.builds(
    Stamp, finite, st.integers(), st.text().map(BootId), finite, st.sampled_from(TimeQuality)
)
actions = st.builds(
    LocalAction,
    st.sampled_from(DeviceKind),
    st.builds(Actuation, st.sampled_from(ActuationKind), st.integers(0, 1800)),
)
waitings = st.builds(
    Waiting,
    until_s=finite,
    span_s=finite,
    prompt_s=st.none() | finite,
    prompt_every_s=finite,
    prompts=st.integers(0, 1000),
    actions=st.lists(actions, max_size=3).map(tuple),
)
WAITS = (AlarmState.SHELVED, AlarmState.PRE_ALARM)
alarms = st.builds(
    Alarm,
    id=st.text().map(AlarmId),
    rule=st.text().map(RuleId),
    subject=st.text(),
    hazard=st.sampled_from(Hazard),
    severity=st.sampled_from(Severity),
    state=st.sampled_from(AlarmState),
    latched=st.booleans(),
    condition_active=st.booleans(),
    count=st.integers(1, 1_000_000),
    drill=st.booleans(),
    why=st.builds(
        Why,
        sentence=st.builds(Sentence, st.text(), st.text()),
        device=st.text().map(DeviceId),
        quantity=st.text(),
        value=st.text(),
        channel=st.text(),
        limit=st.text(),
        since_s=st.none() | finite,
        last_s=st.none() | finite,
    ),
    detected=stamps,
    pre_alarm=st.none() | stamps,
    raised=st.none() | stamps,
    acked=st.none() | stamps,
    acked_by=st.text(),
    restored=st.none() | stamps,
    closed=st.none() | stamps,
    cause=st.text(),
    waiting=waitings,
    hushed=st.booleans(),
    siren_until_s=st.none() | finite,
).map(lambda alarm: alarm if alarm.state in WAITS else replace(alarm, waiting=None))

BODY = alarm_to_body(Desk().begin(raised(Hazard.SMOKE)))
ASKED = alarm_to_body(Desk().begin(replace(raised(Hazard.DWELL), pre_alarm_s=120)))


def test_an_alarm_of_an_earlier_release_has_no_times_of_its_evidence() -> None:
    why = {name: BODY["why"][name] for name in BODY["why"] if not name.endswith("_s")}
    read = alarm_from_body({**BODY, "why": why})
    assert (read.why.since_s, read.why.last_s) == (None, None)


@given(alarms)
def test_an_alarm_survives_json(alarm: Alarm) -> None:
    assert alarm_from_body(json.loads(json.dumps(alarm_to_body(alarm)))) == alarm


def test_the_body_is_plain_json_with_version_and_contact_id_code() -> None:
    assert (BODY["v"], BODY["code"], BODY["hazard"], BODY["acked"]) == (1, 111, "smoke", None)
    assert type(BODY["hazard"]) is str
    assert type(BODY["why"]["quantity"]) is str


@pytest.mark.parametrize("version", [0, 2, "1", None])
def test_an_alarm_of_another_version_is_refused(version: Any) -> None:
    with pytest.raises(JournalError, match="version"):
        alarm_from_body({**BODY, "v": version})


@pytest.mark.parametrize("key", sorted(set(BODY) - {"v", "code"}))
def test_an_alarm_with_a_part_missing_is_refused(key: str) -> None:
    with pytest.raises(JournalError, match="not whole"):
        alarm_from_body({name: part for name, part in BODY.items() if name != key})


@pytest.mark.parametrize(
    "changes",
    [
        {"hazard": "wind"},
        {"state": "ASLEEP"},
        {"severity": "S9"},
        {"why": None},
        {"raised": None},
        {"raised": {**BODY["raised"], "quality": "fine"}},
        {"acked": 7},
        {"count": "many"},
    ],
)
def test_an_alarm_with_a_wrong_part_is_refused(changes: dict[str, Any]) -> None:
    with pytest.raises(JournalError, match="not whole"):
        alarm_from_body({**BODY, **changes})


def test_an_alarm_that_never_waited_has_nothing_to_say_of_waiting() -> None:
    assert not {"detected", "pre_alarm", "waiting", "hushed", "siren_until_s"} & set(BODY)
    assert alarm_from_body(BODY).detected == alarm_from_body(BODY).raised
    assert {"detected", "pre_alarm", "waiting"} <= set(ASKED)
    assert ASKED["raised"] is None


@pytest.mark.parametrize(
    "changes",
    [
        {"waiting": None},
        {"waiting": {**ASKED["waiting"], "until_s": float("nan")}},
        {"waiting": {**ASKED["waiting"], "until_s": float("inf")}},
        {"waiting": {**ASKED["waiting"], "prompt_s": "soon"}},
        {"waiting": {**ASKED["waiting"], "actions": [{"target": "dragon"}]}},
        {"waiting": {"until_s": 3.0}},
        {"state": "ACTIVE"},
        {"detected": None},
    ],
)
def test_an_alarm_that_waits_for_nobody_knows_what_is_refused(changes: dict[str, Any]) -> None:
    with pytest.raises(JournalError, match="not whole"):
        alarm_from_body({**ASKED, **changes})


def test_a_drill_stays_a_drill_on_disk() -> None:
    drill = replace(Desk().begin(raised()), drill=True)
    assert alarm_from_body(alarm_to_body(drill)).drill

"""An alarm as JSON: there and back again, or refused with a sentence."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agent.core.alarm import Alarm, AlarmId, AlarmState, Hazard, RuleId, Severity, Why
from agent.core.clock import BootId, Stamp, TimeQuality
from agent.core.device import DeviceId
from agent.core.errors import JournalError
from agent.core.text import Sentence
from agent.response.record import alarm_from_body, alarm_to_body
from tests.response.kit import Desk, raised

finite = st.floats(allow_nan=False, allow_infinity=False)
stamps = st.builds(
    Stamp, finite, st.integers(), st.text().map(BootId), finite, st.sampled_from(TimeQuality)
)
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
    raised=stamps,
    acked=st.none() | stamps,
    acked_by=st.text(),
    restored=st.none() | stamps,
    closed=st.none() | stamps,
    cause=st.text(),
)

BODY = alarm_to_body(Desk().begin(raised(Hazard.SMOKE)))


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


def test_a_drill_stays_a_drill_on_disk() -> None:
    drill = replace(Desk().begin(raised()), drill=True)
    assert alarm_from_body(alarm_to_body(drill)).drill

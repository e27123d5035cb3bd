"""The vocabulary says what it must: every hazard has its code, every sentence both languages."""

from __future__ import annotations

from dataclasses import FrozenInstanceError, replace

import pytest

from agent.core import errors
from agent.core.alarm import CONTACT_ID, Alarm, AlarmId, AlarmState, Hazard, RuleId, Severity, Why
from agent.core.clock import BootId, Stamp, TimeQuality
from agent.core.command import AckAlarm, Caller, Role
from agent.core.device import Device, DeviceId, DeviceKind, hub_part
from agent.core.event import Commanded, Observed
from agent.core.reading import Quantity, Reading
from agent.core.text import Sentence

NOW = Stamp(10.0, 10_000, BootId("b"), 1_795_000_000.0, TimeQuality.SYNCED)
LATER = replace(NOW, at_s=20.0, mono_ms=20_000)
BUTTON = DeviceId("zb:0000000000000001")


def alarm(hazard: Hazard = Hazard.SOS, state: AlarmState = AlarmState.ACTIVE) -> Alarm:
    return Alarm(
        id=AlarmId("0badcafe-1"),
        rule=RuleId("sos"),
        subject=BUTTON,
        hazard=hazard,
        severity=Severity.S1,
        state=state,
        latched=True,
        condition_active=False,
        count=1,
        drill=False,
        why=Why(Sentence("按下", "pressed"), BUTTON, "sos", "True"),
        detected=NOW,
        raised=NOW,
    )


@pytest.mark.parametrize("language", ["zh", "zh-CN", "zh_CN.UTF-8", "zh-Hant"])
def test_a_sentence_speaks_chinese_to_every_variant_of_chinese(language: str) -> None:
    assert Sentence("你好", "hello").in_language(language) == "你好"


@pytest.mark.parametrize("language", ["en", "en_GB", "de", "", "C", "nzh"])
def test_a_sentence_speaks_english_to_everybody_else(language: str) -> None:
    assert Sentence("你好", "hello").in_language(language) == "hello"


@pytest.mark.parametrize(
    ("state", "is_open"),
    [
        (AlarmState.NORMAL, False),
        (AlarmState.SHELVED, True),
        (AlarmState.PRE_ALARM, True),
        (AlarmState.ACTIVE, True),
        (AlarmState.ACKED, True),
        (AlarmState.RTN_UNACKED, True),
        (AlarmState.CLOSED, False),
    ],
)
def test_an_alarm_is_open_until_it_is_closed(state: AlarmState, is_open: bool) -> None:
    assert alarm(state=state).is_open is is_open


def test_every_state_of_an_alarm_was_asked_whether_it_is_open() -> None:
    assert len(AlarmState) == 7


@pytest.mark.parametrize("hazard", Hazard)
def test_every_hazard_has_a_contact_id_event_number(hazard: Hazard) -> None:
    code = alarm(hazard).code
    assert code == CONTACT_ID[hazard]
    assert 100 <= code <= 699 or 770 <= code <= 799, "neither of Contact ID nor one of our own"


def test_no_two_hazards_share_a_code_and_no_code_is_without_hazard() -> None:
    assert CONTACT_ID.keys() == set(Hazard)
    assert len(set(CONTACT_ID.values())) == len(Hazard)


def test_the_codes_of_life_safety_are_the_public_ones() -> None:
    # SIA DC-05: 101 personal emergency, 111 smoke, 151 gas, 154 water, 162 carbon monoxide.
    found = {h: CONTACT_ID[h] for h in (Hazard.SOS, Hazard.SMOKE, Hazard.GAS, Hazard.CO)}
    assert found == {Hazard.SOS: 101, Hazard.SMOKE: 111, Hazard.GAS: 151, Hazard.CO: 162}


def test_severities_sort_by_urgency() -> None:
    assert sorted(Severity) == [Severity.S1, Severity.S2, Severity.S3, Severity.S4, Severity.S5]


def test_a_part_of_the_hub_has_its_own_kind_of_id() -> None:
    assert hub_part("journal") == "hub:journal"


def test_an_event_happened_when_its_cause_did() -> None:
    reading = Reading(BUTTON, Quantity.SOS, True, LATER)
    assert Observed(reading).stamp is LATER
    command = AckAlarm(AlarmId("a"), Caller(Role.OPERATOR, "cli:li", on_site=True))
    assert Commanded(command, LATER).stamp is LATER


def test_a_refusal_has_a_word_for_programs_and_a_sentence_for_people() -> None:
    refusal = errors.CommandRefused("busy", "a pairing is under way")
    assert (refusal.code, str(refusal)) == ("busy", "a pairing is under way")


def test_all_errors_are_of_one_tree() -> None:
    found = [e for e in vars(errors).values() if isinstance(e, type) and issubclass(e, Exception)]
    assert len(found) == 8
    assert all(issubclass(error, errors.HubError) for error in found)


def test_values_cannot_be_changed() -> None:
    device = Device(BUTTON, DeviceKind.CALL_BUTTON, "bed")
    for value, name in ((device, "name"), (NOW, "at_s"), (alarm(), "state")):
        with pytest.raises(FrozenInstanceError):
            setattr(value, name, "x")

"""The gate over the whole product of what can be asked."""

from __future__ import annotations

from dataclasses import replace
from itertools import product
from typing import Any

import pytest

from agent.core.actuation import Actuation, ActuationKind, Requester
from agent.core.alarm import Alarm, AlarmState, Hazard, Severity
from agent.core.device import Device, DeviceId, DeviceKind
from agent.response import gate
from agent.response.gate import TABLE, Condition, Verdict, allowed
from tests.response.kit import Desk, raised

SIREN = Device(DeviceId("zb:siren"), DeviceKind.SIREN, "警号", room="hall")
VALVE = Device(DeviceId("zb:valve"), DeviceKind.VALVE, "阀门", room="kitchen")
PLUG = Device(DeviceId("zb:plug"), DeviceKind.PLUG, "插座", room="kitchen")
LIGHT = Device(DeviceId("zb:light"), DeviceKind.LIGHT, "灯", room="bedroom")
ROOMS = {DeviceId("zb:1"): "kitchen", DeviceId("zb:2"): "bedroom"}

SOUND = Actuation(ActuationKind.SIREN_ON, 60)


def alarm(hazard: Hazard, subject: str = "zb:1", **changes: Any) -> Alarm:
    return replace(Desk().begin(raised(hazard, subject)), **changes)


def ask(
    kind: ActuationKind,
    target: Device,
    requester: Requester,
    *alarms: Alarm,
    drill: bool = False,
    rooms: dict[DeviceId, str] = ROOMS,
) -> Verdict:
    return allowed(Actuation(kind, 60), target, requester, alarms, rooms, drill=drill)


STATES = tuple(state for state in AlarmState if state is not AlarmState.NORMAL)
ALARMS = [
    alarm(hazard, subject, state=state, condition_active=active, drill=drill)
    for hazard, subject, state, active, drill in product(
        (Hazard.SOS, Hazard.SMOKE, Hazard.GAS, Hazard.WATER_LEAK, Hazard.HUB_FAULT),
        ("zb:1", "zb:2", "zb:nowhere"),
        STATES,
        (True, False),
        (True, False),
    )
]


def test_the_table_has_an_answer_for_everybody_and_everything() -> None:
    assert set(TABLE) == set(product(ActuationKind, Requester))
    assert set(gate._KINDS) == set(ActuationKind)


def test_the_contract_holds_over_the_whole_product() -> None:
    count = 0
    for kind, device_kind, room, requester, found, drill in product(
        ActuationKind, DeviceKind, ("", "kitchen"), Requester, [None, *ALARMS], (False, True)
    ):
        target = Device(DeviceId("zb:t"), device_kind, "t", room=room)
        alarms = () if found is None else (found,)
        verdict = ask(kind, target, requester, *alarms, drill=drill)
        assert verdict.sentence.zh
        assert verdict.sentence.en
        if verdict.ok:
            check_contract(kind, target, requester, found, drill)
        count += 1
    assert count == 7 * len(DeviceKind) * 2 * 3 * (len(ALARMS) + 1) * 2


def check_contract(
    kind: ActuationKind, target: Device, requester: Requester, found: Alarm | None, drill: bool
) -> None:
    """Assert what must be true of whatever the gate lets through."""
    assert not drill
    if kind in (ActuationKind.SIREN_ON, ActuationKind.SIREN_OFF):
        assert target.kind is DeviceKind.SIREN
    elif kind in (ActuationKind.VALVE_OPEN, ActuationKind.VALVE_CLOSE):
        assert target.kind is DeviceKind.VALVE
    elif kind is ActuationKind.SPEAK:
        assert target.kind is DeviceKind.SPEAKER
    else:
        assert target.kind in (DeviceKind.PLUG, DeviceKind.LIGHT)
        assert requester is not Requester.PLATFORM
    real = found is not None and found.is_open and not found.drill
    if found is not None and real and found.hazard is Hazard.GAS:
        if kind in (ActuationKind.SWITCH_ON, ActuationKind.SWITCH_OFF):
            assert target.room == "kitchen"
            assert found.subject == "zb:2"
        assert kind is not ActuationKind.VALVE_OPEN or not found.condition_active
    if kind is ActuationKind.VALVE_OPEN:
        assert requester is Requester.PERSON_ON_SITE
    if kind is ActuationKind.SIREN_OFF and requester is Requester.PLATFORM and real:
        assert found is not None
        is_over = found.state is AlarmState.ACKED and not found.condition_active
        assert found.severity is not Severity.S1 or is_over


@pytest.mark.parametrize("found", [None, *ALARMS])
def test_nothing_keeps_a_rule_from_the_sirens_and_from_closing_the_valve(
    found: Alarm | None,
) -> None:
    alarms = () if found is None else (found,)
    assert ask(ActuationKind.SIREN_ON, SIREN, Requester.RULE, *alarms).ok
    assert ask(ActuationKind.SIREN_OFF, SIREN, Requester.RULE, *alarms).ok
    assert ask(ActuationKind.VALVE_CLOSE, VALVE, Requester.RULE, *alarms).ok
    assert ask(ActuationKind.SIREN_OFF, SIREN, Requester.PERSON_ON_SITE, *alarms).ok


@pytest.mark.parametrize(
    ("seconds", "ok"),
    [(-1, False), (0, False), (1, True), (2, True), (1799, True), (1800, True), (1801, False)],
)
def test_a_siren_sounds_for_one_second_to_half_an_hour(seconds: int, ok: bool) -> None:
    order = Actuation(ActuationKind.SIREN_ON, seconds)
    verdict = allowed(order, SIREN, Requester.RULE, (), ROOMS, drill=False)
    assert verdict.ok is ok
    if not ok:
        assert f"not {seconds} s" in verdict.sentence.en


def test_the_duration_matters_only_to_a_siren_that_is_turned_on() -> None:
    off = Actuation(ActuationKind.SIREN_OFF, 0)
    assert allowed(off, SIREN, Requester.RULE, (), ROOMS, drill=False).ok


@pytest.mark.parametrize("requester", list(Requester))
def test_only_a_person_in_the_home_may_open_a_valve(requester: Requester) -> None:
    verdict = ask(ActuationKind.VALVE_OPEN, VALVE, requester)
    assert verdict.ok is (requester is Requester.PERSON_ON_SITE)


@pytest.mark.parametrize(("active", "ok"), [(True, False), (False, True)])
def test_a_valve_is_not_opened_while_gas_is_reported(active: bool, ok: bool) -> None:
    gas = alarm(Hazard.GAS, state=AlarmState.ACKED, condition_active=active)
    assert ask(ActuationKind.VALVE_OPEN, VALVE, Requester.PERSON_ON_SITE, gas).ok is ok


@pytest.mark.parametrize("kind", [ActuationKind.SWITCH_ON, ActuationKind.SWITCH_OFF])
@pytest.mark.parametrize("requester", [Requester.RULE, Requester.PERSON_ON_SITE])
@pytest.mark.parametrize(
    ("sensor_room", "target_room", "ok"),
    [
        ("kitchen", "kitchen", False),
        ("kitchen", "bedroom", True),
        ("kitchen", " Kitchen", False),
        ("厨房", "厨房", False),
        ("厨房", "卧室", True),
        ("", "bedroom", False),
        ("  ", "bedroom", False),
        ("kitchen", "", False),
        ("", "", False),
    ],
)
def test_nothing_is_switched_where_there_may_be_gas(
    kind: ActuationKind, requester: Requester, sensor_room: str, target_room: str, ok: bool
) -> None:
    rooms = {DeviceId("zb:1"): sensor_room}
    target = replace(PLUG, room=target_room)
    gas = alarm(Hazard.GAS, state=AlarmState.ACKED, condition_active=False)
    assert ask(kind, target, requester, gas, rooms=rooms).ok is ok
    assert ask(kind, target, requester, replace(gas, drill=True), rooms=rooms).ok
    closed = replace(gas, state=AlarmState.CLOSED)
    assert ask(kind, target, requester, closed, rooms=rooms).ok


@pytest.mark.parametrize(
    ("state", "active", "ok"),
    [
        (AlarmState.ACTIVE, True, False),
        (AlarmState.ACTIVE, False, False),
        (AlarmState.RTN_UNACKED, False, False),
        (AlarmState.ACKED, True, False),
        (AlarmState.ACKED, False, True),
        (AlarmState.CLOSED, False, True),
    ],
)
def test_the_platform_does_not_silence_an_urgent_alarm(
    state: AlarmState, active: bool, ok: bool
) -> None:
    smoke = alarm(Hazard.SMOKE, state=state, condition_active=active)
    leak = alarm(Hazard.WATER_LEAK, state=AlarmState.ACTIVE)
    verdict = ask(ActuationKind.SIREN_OFF, SIREN, Requester.PLATFORM, leak, smoke)
    assert verdict.ok is ok
    assert ok or smoke.id in verdict.sentence.zh


def test_the_wrong_kind_of_device_is_told_by_name() -> None:
    verdict = ask(ActuationKind.VALVE_CLOSE, LIGHT, Requester.RULE)
    assert not verdict.ok
    assert "zb:light is a light, which has no valve_close" in verdict.sentence.en


def test_who_may_not_ask_is_told_so() -> None:
    verdict = ask(ActuationKind.SIREN_ON, SIREN, Requester.PLATFORM)
    assert verdict.sentence.en == "siren_on is not for the platform to ask."


def test_a_drill_moves_nothing() -> None:
    for requester in Requester:
        verdict = allowed(SOUND, SIREN, requester, (), ROOMS, drill=True)
        assert not verdict.ok
        assert "drill" in verdict.sentence.en


def test_a_condition_that_is_none_is_a_fault_of_the_program(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    key = (ActuationKind.SIREN_ON, Requester.RULE)
    monkeypatch.setattr(gate, "TABLE", {**TABLE, key: "perhaps"})
    with pytest.raises(AssertionError):
        allowed(SOUND, SIREN, Requester.RULE, (), ROOMS, drill=False)


def test_every_condition_is_used() -> None:
    assert set(TABLE.values()) == set(Condition)

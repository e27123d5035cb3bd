"""The gate written out a second time, by hand: who may do what in which home, and what is said."""

from __future__ import annotations

from collections.abc import Mapping

import pytest

from agent.core.actuation import Actuation, ActuationKind, Requester
from agent.core.alarm import Alarm, AlarmState, Hazard
from agent.core.device import Device, DeviceId, DeviceKind
from agent.response.gate import allowed
from tests.response.test_gate import LIGHT, PLUG, ROOMS, SIREN, VALVE, alarm, ask

SPEAKER = Device(DeviceId("hub:speaker"), DeviceKind.SPEAKER, "喇叭", room="kitchen")
KITCHEN_LIGHT = Device(DeviceId("zb:lamp"), DeviceKind.LIGHT, "灯", room="kitchen")

HOMES: Mapping[str, Alarm | None] = {
    "peace": None,
    "smoke here": alarm(Hazard.SMOKE),
    "smoke, taken on": alarm(Hazard.SMOKE, state=AlarmState.ACKED),
    "smoke, taken on and gone": alarm(Hazard.SMOKE, state=AlarmState.ACKED, condition_active=False),
    "gas here": alarm(Hazard.GAS),
    "gas gone, nobody came": alarm(
        Hazard.GAS, state=AlarmState.RTN_UNACKED, condition_active=False
    ),
    "gas elsewhere": alarm(Hazard.GAS, "zb:2"),
    "gas nobody knows where": alarm(Hazard.GAS, "zb:nowhere"),
    "a wet floor": alarm(Hazard.WATER_LEAK),
}

K, R = ActuationKind, Requester
ALL, NONE = "yyyyyyyyy", "nnnnnnnnn"
MAY: Mapping[tuple[ActuationKind, Requester], str] = {
    # One letter a home, in the order of HOMES.
    (K.SIREN_ON, R.RULE): ALL,
    (K.SIREN_ON, R.PERSON_ON_SITE): ALL,
    (K.SIREN_ON, R.PLATFORM): NONE,
    (K.SIREN_OFF, R.RULE): ALL,
    (K.SIREN_OFF, R.PERSON_ON_SITE): ALL,
    (K.SIREN_OFF, R.PLATFORM): "ynnynnnny",
    (K.VALVE_CLOSE, R.RULE): ALL,
    (K.VALVE_CLOSE, R.PERSON_ON_SITE): ALL,
    (K.VALVE_CLOSE, R.PLATFORM): ALL,
    (K.VALVE_OPEN, R.RULE): NONE,
    (K.VALVE_OPEN, R.PERSON_ON_SITE): "yyyynynny",
    (K.VALVE_OPEN, R.PLATFORM): NONE,
    (K.SWITCH_ON, R.RULE): "yyyynnyny",
    (K.SWITCH_ON, R.PERSON_ON_SITE): "yyyynnyny",
    (K.SWITCH_ON, R.PLATFORM): NONE,
    (K.SWITCH_OFF, R.RULE): "yyyynnyny",
    (K.SWITCH_OFF, R.PERSON_ON_SITE): "yyyynnyny",
    (K.SWITCH_OFF, R.PLATFORM): NONE,
    (K.SPEAK, R.RULE): ALL,
    (K.SPEAK, R.PERSON_ON_SITE): ALL,
    (K.SPEAK, R.PLATFORM): ALL,
}
TARGETS: Mapping[ActuationKind, tuple[Device, ...]] = {
    K.SIREN_ON: (SIREN,),
    K.SIREN_OFF: (SIREN,),
    K.VALVE_CLOSE: (VALVE,),
    K.VALVE_OPEN: (VALVE,),
    K.SWITCH_ON: (PLUG, KITCHEN_LIGHT),
    K.SWITCH_OFF: (PLUG, KITCHEN_LIGHT),
    K.SPEAK: (SPEAKER,),
}


@pytest.mark.parametrize(("kind", "requester"), list(MAY))
def test_who_may_do_what_in_which_home(kind: ActuationKind, requester: Requester) -> None:
    for target in TARGETS[kind]:
        told = ""
        for standing in HOMES.values():
            alarms = () if standing is None else (standing,)
            told += "y" if ask(kind, target, requester, *alarms).ok else "n"
        assert told == MAY[kind, requester], target


@pytest.mark.parametrize(
    ("kind", "target", "requester", "home", "zh", "en"),
    [
        (
            K.SWITCH_ON,
            SIREN,
            R.RULE,
            "peace",
            "zb:siren 是 siren，不能执行 switch_on。",
            "zb:siren is a siren, which has no switch_on.",
        ),
        (
            K.VALVE_OPEN,
            VALVE,
            R.PLATFORM,
            "peace",
            "valve_open 不允许由 platform 发起。",
            "valve_open is not for the platform to ask.",
        ),
        (
            K.SIREN_OFF,
            SIREN,
            R.PLATFORM,
            "smoke here",
            "紧急报警未解除，不能从家庭之外关闭警号（报警 {id}）。",
            "Alarm {id}: a siren is not turned off from outside the home during an urgent alarm.",
        ),
        (
            K.VALVE_OPEN,
            VALVE,
            R.PERSON_ON_SITE,
            "gas here",
            "仍检测到燃气，不能打开阀门；请先开窗通风（报警 {id}）。",
            "Alarm {id}: a valve is not opened while gas is reported; air the room first.",
        ),
        (
            K.SWITCH_OFF,
            PLUG,
            R.RULE,
            "gas here",
            "房间内有燃气报警，不能开关电器（报警 {id}）。",
            "Alarm {id}: nothing is switched in a room with a gas alarm.",
        ),
        (K.SWITCH_ON, LIGHT, R.RULE, "gas here", "允许。", "Allowed."),
    ],
)
def test_a_refusal_says_why_in_both_languages(
    kind: ActuationKind, target: Device, requester: Requester, home: str, zh: str, en: str
) -> None:
    standing = HOMES[home]
    alarms = () if standing is None else (standing,)
    sentence = ask(kind, target, requester, *alarms).sentence
    name = "" if standing is None else str(standing.id)
    assert (sentence.zh, sentence.en) == (zh.format(id=name), en.format(id=name))


def test_a_siren_of_no_length_is_refused_with_its_bounds() -> None:
    told = allowed(Actuation(K.SIREN_ON, 0), SIREN, R.RULE, (), ROOMS, drill=False).sentence
    assert told.zh == "警号时长 0 秒超出 1-1800 秒。"
    assert told.en == "A siren may sound 1-1800 s, not 0 s."


def test_a_drill_is_refused_in_both_languages() -> None:
    told = ask(K.SIREN_ON, SIREN, R.RULE, drill=True).sentence
    assert told.zh == "演练不驱动任何设备。"
    assert told.en == "A drill moves nothing in the home."

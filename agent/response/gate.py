"""The gate before every actuator: what may be done, on whose authority, in which state of the
home.

Owns the table. Deny by default: what is not in it does not happen. Knows nothing of drivers.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import assert_never

from agent.core.actuation import Actuation, ActuationKind, Requester
from agent.core.alarm import Alarm, AlarmState, Hazard, Severity
from agent.core.device import Device, DeviceId, DeviceKind
from agent.core.text import Sentence

SIREN_MIN_S = 1
SIREN_MAX_S = 1800
"""A siren that sounds for half an hour has been heard by all who will hear it (Design)."""


class Condition(StrEnum):
    """When an actuation may happen."""

    ALWAYS = "always"
    NEVER = "never"
    NO_URGENT_ALARM = "no S1 alarm unanswered or still holding"
    NO_GAS = "no detector reports gas"
    NO_GAS_IN_ROOM = "no open gas alarm in the room"


@dataclass(frozen=True, slots=True)
class Verdict:
    """Whether it may be done, and why (not) in a sentence for people."""

    ok: bool
    sentence: Sentence


_KINDS: Mapping[ActuationKind, tuple[DeviceKind, ...]] = {
    ActuationKind.SIREN_ON: (DeviceKind.SIREN,),
    ActuationKind.SIREN_OFF: (DeviceKind.SIREN,),
    ActuationKind.VALVE_CLOSE: (DeviceKind.VALVE,),
    ActuationKind.VALVE_OPEN: (DeviceKind.VALVE,),
    ActuationKind.SWITCH_ON: (DeviceKind.PLUG, DeviceKind.LIGHT),
    ActuationKind.SWITCH_OFF: (DeviceKind.PLUG, DeviceKind.LIGHT),
    ActuationKind.SPEAK: (DeviceKind.SPEAKER,),
}

_RULE, _PERSON, _PLATFORM = Requester.RULE, Requester.PERSON_ON_SITE, Requester.PLATFORM

TABLE: Mapping[tuple[ActuationKind, Requester], Condition] = {
    (ActuationKind.SIREN_ON, _RULE): Condition.ALWAYS,
    (ActuationKind.SIREN_ON, _PERSON): Condition.ALWAYS,
    (ActuationKind.SIREN_ON, _PLATFORM): Condition.NEVER,
    (ActuationKind.SIREN_OFF, _RULE): Condition.ALWAYS,
    (ActuationKind.SIREN_OFF, _PERSON): Condition.ALWAYS,
    (ActuationKind.SIREN_OFF, _PLATFORM): Condition.NO_URGENT_ALARM,
    # Closing is the safe direction, whoever asks. Opening needs eyes and a nose at the stove.
    (ActuationKind.VALVE_CLOSE, _RULE): Condition.ALWAYS,
    (ActuationKind.VALVE_CLOSE, _PERSON): Condition.ALWAYS,
    (ActuationKind.VALVE_CLOSE, _PLATFORM): Condition.ALWAYS,
    (ActuationKind.VALVE_OPEN, _RULE): Condition.NEVER,
    (ActuationKind.VALVE_OPEN, _PERSON): Condition.NO_GAS,
    (ActuationKind.VALVE_OPEN, _PLATFORM): Condition.NEVER,
    # A relay sparks. "Off" sparks as well as "on".
    (ActuationKind.SWITCH_ON, _RULE): Condition.NO_GAS_IN_ROOM,
    (ActuationKind.SWITCH_ON, _PERSON): Condition.NO_GAS_IN_ROOM,
    (ActuationKind.SWITCH_ON, _PLATFORM): Condition.NEVER,
    (ActuationKind.SWITCH_OFF, _RULE): Condition.NO_GAS_IN_ROOM,
    (ActuationKind.SWITCH_OFF, _PERSON): Condition.NO_GAS_IN_ROOM,
    (ActuationKind.SWITCH_OFF, _PLATFORM): Condition.NEVER,
    # A voice moves nothing, and in an alarm it is what the person waits for.
    (ActuationKind.SPEAK, _RULE): Condition.ALWAYS,
    (ActuationKind.SPEAK, _PERSON): Condition.ALWAYS,
    (ActuationKind.SPEAK, _PLATFORM): Condition.ALWAYS,
}

_OK = Verdict(True, Sentence("允许。", "Allowed."))
_DRILL = Verdict(False, Sentence("演练不驱动任何设备。", "A drill moves nothing in the home."))


def allowed(
    actuation: Actuation,
    target: Device,
    requester: Requester,
    open_alarms: Iterable[Alarm],
    rooms: Mapping[DeviceId, str],
    *,
    drill: bool,
) -> Verdict:
    """Return whether `requester` may have `actuation` done by `target` now.

    `open_alarms` are those of the home; drills among them count for nothing. `rooms` says where
    the detectors are; a gas alarm whose room is not known is taken to be in every room.
    """
    if drill:
        return _DRILL
    if target.kind not in _KINDS[actuation.kind]:
        return _no(
            f"{target.id} 是 {target.kind}，不能执行 {actuation.kind}。",
            f"{target.id} is a {target.kind}, which has no {actuation.kind}.",
        )
    if (
        actuation.kind is ActuationKind.SIREN_ON
        and not SIREN_MIN_S <= actuation.duration_s <= SIREN_MAX_S
    ):
        return _no(
            f"警号时长 {actuation.duration_s} 秒超出 {SIREN_MIN_S}-{SIREN_MAX_S} 秒。",
            f"A siren may sound {SIREN_MIN_S}-{SIREN_MAX_S} s, not {actuation.duration_s} s.",
        )
    alarms = tuple(alarm for alarm in open_alarms if alarm.is_open and not alarm.drill)
    return _judge(TABLE[actuation.kind, requester], actuation, target, requester, alarms, rooms)


def _judge(
    condition: Condition,
    actuation: Actuation,
    target: Device,
    requester: Requester,
    alarms: tuple[Alarm, ...],
    rooms: Mapping[DeviceId, str],
) -> Verdict:
    match condition:
        case Condition.ALWAYS:
            return _OK
        case Condition.NEVER:
            return _no(
                f"{actuation.kind} 不允许由 {requester} 发起。",
                f"{actuation.kind} is not for the {requester} to ask.",
            )
        case Condition.NO_URGENT_ALARM:
            return _refused_by(
                next(filter(_is_urgent, alarms), None),
                "紧急报警未解除，不能从家庭之外关闭警号",
                "a siren is not turned off from outside the home during an urgent alarm",
            )
        case Condition.NO_GAS:
            return _refused_by(
                next((a for a in alarms if _is_gas(a) and a.condition_active), None),
                "仍检测到燃气，不能打开阀门；请先开窗通风",
                "a valve is not opened while gas is reported; air the room first",
            )
        case Condition.NO_GAS_IN_ROOM:
            return _refused_by(
                next((a for a in alarms if _is_gas(a) and _is_near(a, target, rooms)), None),
                "房间内有燃气报警，不能开关电器",
                "nothing is switched in a room with a gas alarm",
            )
        case _:
            assert_never(condition)


def _refused_by(alarm: Alarm | None, zh: str, en: str) -> Verdict:
    if alarm is None:
        return _OK
    return _no(f"{zh}（报警 {alarm.id}）。", f"Alarm {alarm.id}: {en}.")


def _is_urgent(alarm: Alarm) -> bool:
    """S1, and either nobody has taken it on or its condition still holds."""
    is_answered = alarm.state is AlarmState.ACKED
    return alarm.severity is Severity.S1 and (alarm.condition_active or not is_answered)


def _is_gas(alarm: Alarm) -> bool:
    return alarm.hazard is Hazard.GAS


def _is_near(alarm: Alarm, target: Device, rooms: Mapping[DeviceId, str]) -> bool:
    # Names of rooms are typed by people.
    room = rooms.get(alarm.why.device, "").strip().casefold()
    here = target.room.strip().casefold()
    return not room or not here or room == here


def _no(zh: str, en: str) -> Verdict:
    return Verdict(False, Sentence(zh, en))

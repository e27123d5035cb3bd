"""An alarm as a plain dict, for the alarm table and for the rows of the journal."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

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

VERSION = 1


def alarm_to_body(alarm: Alarm) -> dict[str, Any]:
    """Return `alarm` JSON-ready. `code` is for the reader; it is derived, not read back.

    What has to do with waiting, and with sirens, stands there only where there is something to say.
    """
    body = {
        "v": VERSION,
        "id": alarm.id,
        "rule": alarm.rule,
        "subject": alarm.subject,
        "hazard": alarm.hazard.value,
        "code": alarm.code,
        "severity": alarm.severity.value,
        "state": alarm.state.value,
        "latched": alarm.latched,
        "condition_active": alarm.condition_active,
        "count": alarm.count,
        "drill": alarm.drill,
        "why": {
            "zh": alarm.why.sentence.zh,
            "en": alarm.why.sentence.en,
            "device": alarm.why.device,
            "quantity": str(alarm.why.quantity),
            "value": alarm.why.value,
            "channel": alarm.why.channel,
            "limit": alarm.why.limit,
            **_times(alarm.why),
        },
        "raised": _from_stamp(alarm.raised),
        "acked": _from_stamp(alarm.acked),
        "acked_by": alarm.acked_by,
        "restored": _from_stamp(alarm.restored),
        "closed": _from_stamp(alarm.closed),
        "cause": alarm.cause,
    }
    more = {
        "detected": None if alarm.detected == alarm.raised else _from_stamp(alarm.detected),
        "pre_alarm": _from_stamp(alarm.pre_alarm),
        "waiting": _from_waiting(alarm.waiting),
        "hushed": alarm.hushed or None,
        "siren_until_s": alarm.siren_until_s,
    }
    return body | {name: said for name, said in more.items() if said is not None}


def alarm_from_body(body: Mapping[str, Any]) -> Alarm:
    """Return the alarm that `alarm_to_body` wrote.

    Errors: JournalError when it is of another version or not whole.
    """
    if body.get("v") != VERSION:
        raise JournalError(
            f"alarm {body.get('id')!r}: version {body.get('v')!r}, want {VERSION}. "
            "It was written by another release; start that one, or set the file aside."
        )
    try:
        return _alarm(body)
    except (KeyError, TypeError, ValueError) as error:
        raise JournalError(f"alarm {body.get('id')!r}: not whole: {error!r}") from error


def _alarm(body: Mapping[str, Any]) -> Alarm:
    why, state = body["why"], AlarmState(body["state"])
    raised, waiting = _to_stamp(body["raised"]), _to_waiting(body.get("waiting"))
    detected = _to_stamp(body.get("detected")) or raised
    if detected is None:
        raise ValueError("raised and detected are missing")
    if (waiting is None) is (state in (AlarmState.SHELVED, AlarmState.PRE_ALARM)):
        raise ValueError(f"{state} does not go with waiting = {waiting!r}")
    siren_until_s = body.get("siren_until_s")
    return Alarm(
        id=AlarmId(body["id"]),
        rule=RuleId(body["rule"]),
        subject=body["subject"],
        hazard=Hazard(body["hazard"]),
        severity=Severity(body["severity"]),
        state=state,
        latched=bool(body["latched"]),
        condition_active=bool(body["condition_active"]),
        count=int(body["count"]),
        drill=bool(body["drill"]),
        why=Why(
            sentence=Sentence(why["zh"], why["en"]),
            device=DeviceId(why["device"]),
            quantity=why["quantity"],
            value=why["value"],
            channel=why["channel"],
            limit=why["limit"],
            since_s=_seconds(why.get("since_s")),
            last_s=_seconds(why.get("last_s")),
        ),
        detected=detected,
        pre_alarm=_to_stamp(body.get("pre_alarm")),
        raised=raised,
        acked=_to_stamp(body["acked"]),
        acked_by=body["acked_by"],
        restored=_to_stamp(body["restored"]),
        closed=_to_stamp(body["closed"]),
        cause=body["cause"],
        waiting=waiting,
        hushed=bool(body.get("hushed", False)),
        siren_until_s=None if siren_until_s is None else float(siren_until_s),
    )


def _times(why: Why) -> dict[str, float]:
    """Return when the evidence began and ended; an alarm of an earlier release says nothing."""
    times = {"since_s": why.since_s, "last_s": why.last_s}
    return {name: at_s for name, at_s in times.items() if at_s is not None}


def _seconds(value: Any) -> float | None:
    """Return hub time; None is what alarms of earlier releases have."""
    return None if value is None else float(value)


def _from_waiting(waiting: Waiting | None) -> dict[str, Any] | None:
    if waiting is None:
        return None
    return {
        "until_s": waiting.until_s,
        "span_s": waiting.span_s,
        "prompt_s": waiting.prompt_s,
        "prompt_every_s": waiting.prompt_every_s,
        "prompts": waiting.prompts,
        "actions": [
            {
                "target": action.target.value,
                "actuation": action.actuation.kind.value,
                "duration_s": action.actuation.duration_s,
            }
            for action in waiting.actions
        ],
    }


def _to_waiting(body: Mapping[str, Any] | None) -> Waiting | None:
    if body is None:
        return None
    prompt_s = body["prompt_s"]
    return Waiting(
        until_s=_finite(body["until_s"]),
        span_s=_finite(body["span_s"]),
        prompt_s=None if prompt_s is None else _finite(prompt_s),
        prompt_every_s=_finite(body["prompt_every_s"]),
        prompts=int(body["prompts"]),
        actions=tuple(
            LocalAction(
                DeviceKind(action["target"]),
                Actuation(ActuationKind(action["actuation"]), int(action["duration_s"])),
            )
            for action in body["actions"]
        ),
    )


def _finite(number: Any) -> float:
    """Return a number that a timer can be set to."""
    found = float(number)
    if not math.isfinite(found):
        raise ValueError(f"{number!r} is no time")
    return found


def _from_stamp(stamp: Stamp | None) -> dict[str, Any] | None:
    if stamp is None:
        return None
    return {
        "at_s": stamp.at_s,
        "mono_ms": stamp.mono_ms,
        "boot_id": stamp.boot_id,
        "wall_s": stamp.wall_s,
        "quality": stamp.quality.value,
    }


def _to_stamp(body: Mapping[str, Any] | None) -> Stamp | None:
    if body is None:
        return None
    return Stamp(
        at_s=float(body["at_s"]),
        mono_ms=int(body["mono_ms"]),
        boot_id=BootId(body["boot_id"]),
        wall_s=float(body["wall_s"]),
        quality=TimeQuality(body["quality"]),
    )

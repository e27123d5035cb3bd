"""One right message, or more, of every schema of the contract."""

from __future__ import annotations

from typing import Any

from agent.core.row import Kind
from sync.contract.bodies import BODIES
from sync.contract.schemas import body_name

Message = Any

AT = "2026-11-23T08:51:40.899Z"
_INSTANT = {"at_s": 1.5, "mono_ms": 1500, "boot_id": "b", "wall_s": 1.8e9, "quality": "synced"}
_WHY = {
    "zh": "浴室",
    "en": "bathroom",
    "device": "zb:1",
    "quantity": "sos",
    "value": "true",
    "channel": "alarm1",
    "limit": "true",
    "since_s": 100.25,
    "last_s": 130.5,
}
ALARM: Message = {
    "v": 1,
    "id": "5d99e7b6-66",
    "rule": "sos",
    "subject": "zb:1",
    "hazard": "sos",
    "code": 101,
    "severity": "S1",
    "state": "ACKED",
    "latched": True,
    "count": 1,
    "condition_active": False,
    "drill": False,
    "why": _WHY,
    "raised": _INSTANT,
    "acked": _INSTANT,
    "acked_by": "platform:li.na",
    "restored": None,
    "closed": None,
    "cause": "",
}
ASKED: Message = {
    **ALARM,
    "state": "PRE_ALARM",
    "raised": None,
    "acked": None,
    "acked_by": "",
    "detected": _INSTANT,
    "pre_alarm": _INSTANT,
    "waiting": {
        "until_s": 121.5,
        "span_s": 120.0,
        "prompt_s": None,
        "prompt_every_s": 60.0,
        "prompts": 2,
        "actions": [{"target": "siren", "actuation": "siren_on", "duration_s": 60}],
    },
}
_ORDER = {
    "key": "5d99e7b6-66/1/siren_on/zb:2",
    "alarm": "5d99e7b6-66",
    "actuation": "siren_on",
    "duration_s": 60,
    "drill": False,
}
_HOUR = {"quantity": "temp_c", "channel": "", "hour_s": 1.7e9, "count": 2, "last": 20.5}
BODY: dict[str, list[Message]] = {
    "data.reading": [
        {"quantity": "temp_c", "value": 20.5},
        {"quantity": "sos", "value": True, "channel": "alarm1", "frame": "f", "repeat_of": 3},
    ],
    "data.reading.hourly": [{**_HOUR, "min": 20.5, "max": 21.0, "mean": 20.75}],
    "data.alarm": [ALARM, {**ALARM, "hushed": True, "siren_until_s": 61.5}, ASKED],
    "data.actuation.asked": [
        _ORDER,
        {"key": "r-1/speak/sp:1", "actuation": "speak", "duration_s": 0, "drill": False},
    ],
    "data.actuation.refused": [{**_ORDER, "detail": "A drill moves nothing in the home."}],
    "data.actuation.outcome": [{"key": "k", "actuation": "siren_on", "detail": ""}],
    "data.command": [
        {"command": "alarm.ack", "alarm": "x-1", "by": "platform:li.na", "on_site": False}
    ],
    "data.rule.muted": [
        {"rule": "door_open", "by": "cli:li", "until_s": 1.8e9, "why": "airing"},
    ],
    "data.rule.unmuted": [
        {"rule": "door_open", "by": "cli:li", "raised": 0},
        {"rule": "door_open", "by": "", "raised": 1, "why": "its time is over"},
    ],
    "data.mode.changed": [
        {"mode": "away", "by": "platform:li.na", "until_s": 1.8e9},
        {"mode": "home", "by": "", "why": "its time is over"},
    ],
    "data.site.changed": [
        {"part": "config", "version": 7, "stage": "trial", "kid": "ops"},
        {"part": "rules", "version": 8, "stage": "rolled_back", "why": "guard started again"},
    ],
    "data.evidence.added": [{"alarm": "5d99e7b6-66", "by": "platform:li.na", "uri": "https://a/b"}],
    "data.device.paired": [
        {"kind": "siren", "name": "siren", "room": "", "manufacturer": "HEIMAN", "model": "W"}
    ],
    "data.device.left": [{}],
    "data.hub.started": [{"release": "0.1.0", "journal": "5d99e7b6"}],
    "data.hub.stopped": [{}],
    "data.clock.stepped": [
        {
            "delta_ms": -5,
            "quality_before": "rtc",
            "quality_after": "synced",
            "boot_id": "b",
            "corrected_through_seq": None,
        }
    ],
    "data.journal.salvaged": [{"file": "journal.db.damaged", "rows": 5}],
    "data.gap": [
        {"why": "disk stalled", "count": 2, "first_seq": 1, "last_seq": 2},
        {"why": "rule state lost", "key": "sos/zb:1", "detail": "fresh"},
    ],
    "data.audit": [{"what": "row.rejected", "detail": "5d99e7b6-1"}],
}
_QUALIFIERS = {"alarm.raised": "E", "alarm.repeated": "E", "alarm.restored": "R"}
_QUALIFIERS["alarm.closed"] = "R"


def event(kind: str, data: Message, **more: Message) -> Message:
    """Return an event of a kind."""
    made = {
        "specversion": "1.0",
        "id": "5d99e7b6-7",
        "source": "/anju/jing-an/hub-0001",
        "type": f"cn.anju.hub.{kind}",
        "time": AT,
        "datacontenttype": "application/json",
        "hub": "hub-0001",
        "journalid": "5d99e7b6",
        "seq": 7,
        "prevseq": 6,
        "ackedseq": 0,
        "lane": "bulk",
        "historical": False,
        "queuedms": 3,
        "timequality": "synced",
        "bootid": "b",
        "monoms": "3350339",
        "subject": "zb:1",
        "data": data,
    }
    if kind.startswith("alarm."):
        made["severity"] = "S1"
    if kind in _QUALIFIERS:
        made["qualifier"] = _QUALIFIERS[kind]
    return {**made, **more}


EVENTS: list[Message] = [
    event(kind, data) for kind in Kind for data in BODY[body_name(BODIES[kind])]
]
SET_ASIDE = event("unreadable", {}, setaside="not_json", timequality="unknown", bootid="")

_STATUS = {
    "version": 1,
    "hub": "hub-0001",
    "district": "jing-an",
    "release": "0.1.0",
    "boot_id": "b",
    "since": AT,
    "time_quality": "synced",
}
_REQUEST = {"request_id": "r-1", "issued_at": AT, "expires_at": AT}
_ANSWER = {"version": 1, "request_id": "r-1", "ok": True, "code": "ok", "says": "", "page": 0}
_REFUSED = {**_ANSWER, "ok": False, "code": "expired", "more": False, "events": []}
_DONE = {**_ANSWER, "more": False, "events": [], "result": {"alarm": "x-1", "state": "ACKED"}}
_SIGNED = {"kid": "ops", "document": "{}", "signature": "AA=="}
_CHANGE = {"part": "config", "version": 7, "state": "trial", "until_at": AT, "csr": ""}
_PAGE = {**_ANSWER, "name": "pull", "more": True, "journal_id": "5d99e7b6", "next_after_seq": 7}

MESSAGES: dict[str, list[Message]] = {
    **BODY,
    "event": [*EVENTS, SET_ASIDE],
    "alarm": [event("alarm.raised", ALARM, lane="urgent")],
    "events": [EVENTS],
    "status.online": [{**_STATUS, "state": "online", "reason": "started"}],
    "status.offline": [{**_STATUS, "state": "offline", "reason": "lost"}],
    "heartbeat": [
        {
            "version": 1,
            "at": AT,
            "time_quality": "rtc",
            "boot_id": "b",
            "urgent_waiting": 0,
            "bulk_waiting": 0,
            "journals": [
                {"journal_id": "5d99e7b6", "last_seq": 9, "urgent_through": 7, "bulk_through": 9}
            ],
        }
    ],
    "ack": [
        {
            "journal_id": "5d99e7b6",
            "lane": "urgent",
            "through_seq": 7,
            "alarms": [{"id": "5d99e7b6-7", "status": "accepted"}],
        }
    ],
    "request.pull": [{**_REQUEST, "params": {"after_seq": 1, "kinds": ["alarm"], "from": AT}}],
    "request.alarm.ack": [{**_REQUEST, "params": {"alarm": "x-1", "by": "li.na"}}],
    "request.alarm.resolve": [
        {**_REQUEST, "params": {"alarm": "x-1", "by": "li.na", "cause": "helped"}}
    ],
    "request.mode.set": [{**_REQUEST, "params": {"mode": "away", "until": AT, "by": "li.na"}}],
    "request.speak": [
        {**_REQUEST, "params": {"text": "您好", "language": "zh", "repeat": 2, "by": "li.na"}}
    ],
    "request.drill": [{**_REQUEST, "params": {"kind": "sos", "device": "zb:1", "by": "li.na"}}],
    "request.evidence.add": [
        {**_REQUEST, "params": {"alarm": "5d99e7b6-66", "text": "cup", "by": "li.na"}}
    ],
    "request.diagnostics.collect": [{**_REQUEST, "hub": "hub-0001", "district": "jing-an"}],
    "request.config.apply": [{**_REQUEST, "params": _SIGNED}],
    "request.rules.apply": [{**_REQUEST, "params": _SIGNED}],
    "request.identity.renew": [{**_REQUEST, "params": _SIGNED}],
    "response.mode.set": [
        {**_DONE, "name": "mode.set", "result": {"mode": "away", "until_at": AT, "by": "p:a"}},
        {**_DONE, "name": "mode.set", "result": {"mode": "home", "by": "p:a"}},
    ],
    "response.speak": [{**_DONE, "name": "speak", "result": {"devices": ["sp:1"]}}],
    "response.drill": [
        {
            **_DONE,
            "name": "drill",
            "result": {
                "alarm": "5d99e7b6-66",
                "rule": "sos",
                "severity": "S1",
                "asked_at": AT,
                "raised_at": AT,
            },
        }
    ],
    "response.evidence.add": [
        {**_DONE, "name": "evidence.add", "result": {"alarm": "5d99e7b6-66", "row": "5d99e7b6-7"}}
    ],
    "response.diagnostics.collect": [
        {
            **_DONE,
            "name": "diagnostics.collect",
            "more": True,
            "result": {"section": "counters", "counters": {"events": 7}},
        }
    ],
    "response.config.apply": [{**_DONE, "name": "config.apply", "result": _CHANGE}],
    "response.rules.apply": [
        {**_DONE, "name": "rules.apply", "result": {**_CHANGE, "part": "rules"}}
    ],
    "response.identity.renew": [
        {
            **_DONE,
            "name": "identity.renew",
            "result": {"part": "identity", "version": 1, "state": "csr", "csr": "-----BEGIN"},
        }
    ],
    "response.pull": [{**_PAGE, "events": EVENTS}, {**_REFUSED, "name": "pull"}],
    "response.alarm.ack": [{**_DONE, "name": "alarm.ack"}],
    "response.alarm.resolve": [{**_DONE, "name": "alarm.resolve"}],
    "response.refusal": [{**_REFUSED, "name": "valve.open"}],
}

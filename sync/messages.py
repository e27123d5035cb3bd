"""Everything on the wire, as pydantic models. PROTOCOL.md says the same in words.

Owns shapes and bounds. What we send has exactly these fields; in what we receive unknown fields are
ignored, so that a newer platform can talk to an older hub.
"""

from __future__ import annotations

from typing import Any, Literal

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field

WIRE_VERSION = 1
TOPIC_ROOT = "anju/v1"
TYPE_PREFIX = "cn.anju.hub."
JOURNAL_ID = r"^[0-9a-f]{8}$"
MAX_INTEGER = 2**31 - 1  # CloudEvents 1.0: Integer is a signed 32-bit number.

LaneName = Literal["urgent", "bulk"]
AckStatus = Literal["accepted", "hold", "busy", "rejected"]


class Sent(BaseModel):
    """Base of what the hub sends: nothing but the fields named here."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class Received(BaseModel):
    """Base of what the hub receives: unknown fields are ignored."""

    model_config = ConfigDict(extra="ignore", frozen=True)


class Event(Sent):
    """One row of the journal as a CloudEvent 1.0 in structured JSON form.

    `time`      when the hub heard it, as well as it knew (`timequality`), RFC 3339 in UTC.
    `prevseq`   seq of the event before this one in the same lane of the same journal;
                `ackedseq` everything of the lane up to it is confirmed by the platform already.
    `qualifier` only on alarms: E = the condition is new, R = it is over (Contact ID). The event's
                number is `code` in the body.
    `queuedms`  milliseconds between recording and sending, at most 2^31 - 1.
    `setaside`  why the row's body was left out; absent for a row as it should be.
    """

    specversion: Literal["1.0"] = "1.0"
    id: str = Field(max_length=32)
    source: str
    type: str
    time: AwareDatetime
    subject: str | None = None
    datacontenttype: Literal["application/json"] = "application/json"
    hub: str
    journalid: str = Field(pattern=JOURNAL_ID)
    seq: int = Field(ge=1)
    prevseq: int = Field(ge=0)
    ackedseq: int = Field(ge=0)
    lane: LaneName
    severity: str | None = None
    qualifier: Literal["E", "R"] | None = None
    historical: bool
    queuedms: int = Field(ge=0, le=MAX_INTEGER)
    timequality: str
    bootid: str
    monoms: str = Field(pattern=r"^[0-9]+$")
    setaside: str | None = None
    data: dict[str, Any]


class Status(Sent):
    """Retained on `status`: the birth is "online", the will and an orderly end are "offline"."""

    version: int = WIRE_VERSION
    state: Literal["online", "offline"]
    hub: str
    district: str
    release: str
    boot_id: str
    since: AwareDatetime
    time_quality: str
    reason: Literal["started", "reconnected", "lost", "stopped"]


class JournalMark(Sent):
    """Where one journal stands: its last row, and up to where the platform has confirmed."""

    journal_id: str
    last_seq: int
    urgent_through: int
    bulk_through: int


class Heartbeat(Sent):
    """On `heartbeat` every 60 s, not retained: the hub lives, and this is what waits."""

    version: int = WIRE_VERSION
    at: AwareDatetime
    time_quality: str
    boot_id: str
    urgent_waiting: int
    bulk_waiting: int
    journals: tuple[JournalMark, ...]


class EventStatus(Received):
    """The platform's word on one event: accepted and hold = it has it, busy = send it again later,
    rejected = it has it and will not use it."""

    id: str = Field(max_length=64)
    status: AckStatus


class Ack(Received):
    """On `ack`: the platform has on disk everything of the lane up to `through_seq`."""

    journal_id: str = Field(pattern=JOURNAL_ID)
    lane: LaneName
    through_seq: int = Field(ge=0, le=2**53)
    alarms: tuple[EventStatus, ...] = Field(default=(), max_length=1000)


class Request(Received):
    """On `request/{name}`: what every request has. `request_id` is used once and never again.

    `hub` and `district` may say once more whom it is for; then they must be ours.
    """

    request_id: str = Field(pattern=r"^[A-Za-z0-9._:-]{1,64}$")
    issued_at: AwareDatetime
    expires_at: AwareDatetime
    hub: str | None = Field(default=None, max_length=64)
    district: str | None = Field(default=None, max_length=64)
    params: dict[str, Any] = Field(default_factory=dict)


class PullParams(Received):
    """`pull`: rows after a seq, or heard between two times; `kinds` are exact or a prefix."""

    journal_id: str | None = Field(default=None, pattern=JOURNAL_ID)
    after_seq: int | None = Field(default=None, ge=0, le=2**53)
    from_at: AwareDatetime | None = Field(default=None, alias="from")
    to_at: AwareDatetime | None = Field(default=None, alias="to")
    kinds: tuple[str, ...] = Field(default=(), max_length=32)
    limit: int = Field(default=1000, ge=1, le=5000)


class AlarmAckParams(Received):
    """`alarm.ack`: a person has taken the alarm on."""

    alarm: str = Field(min_length=1, max_length=64)
    by: str = Field(min_length=1, max_length=64)
    note: str = Field(default="", max_length=500)


class AlarmResolveParams(Received):
    """`alarm.resolve`: a person has dealt with it; `cause` is a short code."""

    alarm: str = Field(min_length=1, max_length=64)
    cause: str = Field(pattern=r"^[a-z][a-z0-9_]{0,63}$")
    by: str = Field(min_length=1, max_length=64)


class ModeSetParams(Received):
    """`mode.set`: what people say of the home. `away` ends at `until`; `home` has no end."""

    mode: Literal["home", "away"]
    until: AwareDatetime | None = None
    by: str = Field(min_length=1, max_length=64)


class SpeakParams(Received):
    """`speak`: have every speaker of the home say a text, once or several times."""

    text: str = Field(min_length=1, max_length=200)
    language: Literal["zh", "en"]
    repeat: int = Field(default=1, ge=1, le=5)
    by: str = Field(min_length=1, max_length=64)


class DrillParams(Received):
    """`drill`: let the hub take an alarm of `device` for a test; without it: of the first device
    that can raise it."""

    kind: Literal["sos", "smoke", "gas", "co", "water_leak"]
    device: str = Field(default="", max_length=64)
    by: str = Field(min_length=1, max_length=64)


class EvidenceAddParams(Received):
    """`evidence.add`: a note on an alarm, or where a recording of it is; at least one of both."""

    alarm: str = Field(min_length=1, max_length=64)
    text: str = Field(default="", max_length=500)
    uri: str = Field(default="", max_length=500, pattern=r"^$|^[a-z][a-z0-9+.-]*:\S+$")
    by: str = Field(min_length=1, max_length=64)


class DiagnosticsParams(Received):
    """`diagnostics.collect`: how the hub is. Nothing is asked of it but that."""


class SignedParams(Received):
    """`config.apply`, `rules.apply`, `identity.renew`: a document with a signature over its bytes.

    `document` is the JSON text that was signed, as a string; `signature` is Ed25519 in base64.
    """

    kid: str = Field(min_length=1, max_length=64)
    document: str = Field(min_length=1, max_length=32_768)
    signature: str = Field(min_length=1, max_length=128)


class Response(Sent):
    """On `response`: the answer to one request; a `pull` may have several pages (`more`).

    `code` is "ok" or the short word of a refusal; `says` is for people.
    """

    version: int = WIRE_VERSION
    request_id: str | None
    name: str
    ok: bool
    code: str
    says: str = ""
    result: dict[str, Any] | None = None
    page: int = 0
    more: bool = False
    journal_id: str | None = None
    next_after_seq: int | None = None
    events: tuple[Event, ...] = ()


class Topics:
    """The topics of one hub."""

    def __init__(self, district: str, hub: str) -> None:
        self.root = f"{TOPIC_ROOT}/{district}/{hub}"
        self.status = f"{self.root}/status"
        self.heartbeat = f"{self.root}/heartbeat"
        self.alarm = f"{self.root}/alarm"
        self.events = f"{self.root}/events"
        self.ack = f"{self.root}/ack"
        self.response = f"{self.root}/response"
        # Not `request/+`: RabbitMQ takes a dot in a topic for a level, and names have dots.
        self.requests = f"{self.root}/request/#"

    def request(self, name: str) -> str:
        """Return where a request called `name` goes."""
        return f"{self.root}/request/{name}"

    def request_name(self, topic: str) -> str | None:
        """Return the name of the request that comes on `topic`, None when it is none.

        >>> Topics("d", "h").request_name("anju/v1/d/h/request/alarm/ack")
        'alarm.ack'
        """
        prefix = f"{self.root}/request/"
        return topic[len(prefix) :].replace("/", ".") if topic.startswith(prefix) else None

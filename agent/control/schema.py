"""What may be asked over the control socket and what is answered, as pydantic models.

Owns the shapes. Knows nothing of how an answer is found. `METHODS` is the whole list.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field

from agent.core.command import Role
from agent.core.limits import MUTE_LEAST_S, MUTE_MAX_S, PAIR_WINDOW_MAX_S, PAIR_WINDOW_S
from agent.core.mode import AWAY_MAX_S, Mode

VERSION = 1


class Shape(BaseModel):
    """Base of every request and answer: unknown keys are refused."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class Text(Shape):
    """A sentence in both languages."""

    zh: str
    en: str


# --- requests -------------------------------------------------------------------------------------


class Nothing(Shape):
    """A request or answer without content."""


class AlarmsQuery(Shape):
    """Which alarms: open ones only, or the latest `limit` of all."""

    open_only: bool = True
    limit: int = Field(default=100, ge=1, le=1000)


class AckParams(Shape):
    """Acknowledge one alarm. `by` names the person when link asks for the platform."""

    alarm: str = Field(max_length=64)
    note: str = Field(default="", max_length=500)
    by: str = Field(default="", max_length=64)


class ResolveParams(Shape):
    """Close one alarm with a cause code."""

    alarm: str = Field(max_length=64)
    cause: str = Field(pattern=r"^[a-z][a-z0-9_]{0,63}$")
    by: str = Field(default="", max_length=64)


class MuteParams(Shape):
    """Let a rule raise no new alarm for `for_s` seconds; `why` is for the record."""

    rule: str = Field(min_length=1, max_length=64)
    for_s: float = Field(ge=MUTE_LEAST_S, le=MUTE_MAX_S)
    why: str = Field(default="", max_length=500)


class UnmuteParams(Shape):
    """Hear a rule again."""

    rule: str = Field(min_length=1, max_length=64)


class TailParams(Shape):
    """Rows of the journal: the last `limit`, or the first `limit` after `after_seq`. Of the journal
    being written, or of `journal_id`."""

    limit: int = Field(default=20, ge=1, le=1000)
    after_seq: int | None = Field(default=None, ge=0)
    kinds: tuple[str, ...] = ()
    journal_id: str | None = Field(default=None, pattern=r"^[0-9a-f]{8}$")


class PairParams(Shape):
    """Let new devices in for `window_s`; the first one that comes gets `name` and `room`."""

    window_s: int = Field(default=PAIR_WINDOW_S, ge=1, le=PAIR_WINDOW_MAX_S)
    name: str = Field(default="", max_length=64)
    room: str = Field(default="", max_length=64)


class AdvanceParams(Shape):
    """The platform has everything of `lane` up to and including `through_seq`."""

    journal_id: str = Field(pattern=r"^[0-9a-f]{8}$")
    lane: Literal["urgent", "bulk"]
    through_seq: int = Field(ge=0)


class UplinkFault(Shape):
    """One complaint of link: what, in which words, and when (wall seconds)."""

    code: str
    detail: str
    at_s: float


class UplinkReport(Shape):
    """What link says of itself, at every change and every few seconds.

    `since_s` when the connection came or went, None when link does not run; `last_ack_s` when the
    platform last acknowledged anything; both wall seconds. `counts` and `faults` since link
    started, the last few faults only.
    """

    connected: bool
    platform_answers: bool = False
    says: Text
    protocol: str = ""
    broker: str = ""
    urgent_waiting: int = 0
    bulk_waiting: int = 0
    sent: int = 0
    acked: int = 0
    refused: int = 0
    settings: int = 0
    """`serial` of the settings on which the connection stands."""
    answered: bool = False
    """The platform has acknowledged something over this very connection."""
    since_s: float | None = None
    last_ack_s: float | None = None
    counts: dict[str, int] = {}
    faults: tuple[UplinkFault, ...] = ()


class AuditParams(Shape):
    """Something link refused or did on the platform's word, for the audit record."""

    what: str = Field(max_length=64)
    detail: str = Field(default="", max_length=1000)


# --- requests of the platform, which link passes on -----------------------------------------------


class PlatformRequest(Shape):
    """What every request of the platform that does something has.

    `life_s` is its life as the platform wrote it: for so long the same id may come again, and then
    gets the same answer instead of being done twice.
    """

    request_id: str = Field(pattern=r"^[A-Za-z0-9._:-]{1,64}$")
    life_s: float = Field(gt=0, le=86_400)


class ModeParams(PlatformRequest):
    """Set the mode of the home. AWAY ends by itself after `for_s` seconds."""

    mode: Mode
    for_s: float = Field(default=0.0, ge=0, le=AWAY_MAX_S)
    by: str = Field(min_length=1, max_length=64)


class SpeakParams(PlatformRequest):
    """Have every speaker of the home say something."""

    text: str = Field(min_length=1, max_length=200)
    language: Literal["zh", "en"]
    repeat: int = Field(default=1, ge=1, le=5)
    by: str = Field(min_length=1, max_length=64)


class DrillParams(PlatformRequest):
    """Let the hub take an alarm from `device` for a test; empty: from the first device that can."""

    kind: Literal["sos", "smoke", "gas", "co", "water_leak"]
    device: str = Field(default="", max_length=64)
    by: str = Field(min_length=1, max_length=64)


class EvidenceParams(PlatformRequest):
    """Add a note or the place of a recording to an alarm."""

    alarm: str = Field(min_length=1, max_length=64)
    text: str = Field(default="", max_length=500)
    uri: str = Field(default="", max_length=500, pattern=r"^$|^[a-z][a-z0-9+.-]*:\S+$")
    by: str = Field(min_length=1, max_length=64)


class SignedParams(PlatformRequest):
    """A signed document that changes the hub, as it came. `signature` is base64."""

    name: Literal["config.apply", "rules.apply", "identity.renew"]
    kid: str = Field(min_length=1, max_length=64)
    document: str = Field(max_length=32_768)
    signature: str = Field(min_length=1, max_length=128)


# --- answers --------------------------------------------------------------------------------------


class ModeInfo(Shape):
    """The mode of the home; `until_at_s` wall time in seconds since 1970 UTC, None: no end."""

    mode: Mode = Mode.HOME
    until_at_s: float | None = None
    by: str = ""


class SpeakResult(Shape):
    """Who was told to speak. What became of it comes as `actuation.done` or `actuation.failed`."""

    devices: tuple[str, ...]


class DrillResult(Shape):
    """The alarm of a drill, which is closed again. Wall times in seconds since 1970 UTC: when the
    hub took the request, and when the alarm was raised."""

    alarm: str
    rule: str
    severity: str
    asked_at_s: float
    raised_at_s: float


class EvidenceResult(Shape):
    """Where the evidence is: the alarm and the id of the row."""

    alarm: str
    row: str


class ChangeResult(Shape):
    """What became of a signed change: on trial until `until_at_s`, or a request for a certificate
    (`csr`, PEM) for the key that was made."""

    part: str
    version: int
    state: Literal["trial", "csr"]
    until_at_s: float | None = None
    csr: str = ""


class SiteInfo(Shape):
    """Which versions of the platform's changes hold (0: the installer's own), and which part is on
    trial now."""

    config_version: int = 0
    rules_version: int = 0
    identity_version: int = 0
    trial: str = ""


class UplinkSettings(Shape):
    """What link is to use instead of what the file says. `serial` changes with every change;
    `identity_file` has key and certificate in one, "" for the file's own."""

    serial: int
    host: str
    port: int
    protocol: Literal["auto", "5", "3.1.1"]
    keepalive_s: int
    reconnect_max_s: float
    bulk_rows_per_s: float
    identity_file: str


class EvidenceNote(Shape):
    """One piece of evidence that was added to an alarm."""

    at_s: float
    by: str
    text: str
    uri: str


class Hello(Shape):
    """Who answers."""

    version: int = VERSION
    product: str = "anju-hub"
    release: str
    hub: str
    district: str
    role: Role


class DeviceInfo(Shape):
    """One device of the ledger with what is known of it now. `readings`: quantity[/channel] ->
    value."""

    id: str
    kind: str
    name: str
    room: str
    manufacturer: str
    model: str
    paired: bool
    last_seen_s_ago: float | None
    readings: dict[str, bool | int | float | str]


class AlarmInfo(Shape):
    """One alarm. Times are wall time in seconds since 1970 UTC, None while it has not happened.

    `raised_at_s` is when help was called; while the person at home is asked it is not yet.
    `help_in_s`: seconds until it will be, None when the alarm does not wait. `prompts`: how often
    the person was asked. `evidence` stands in lists of alarms, for the newest of them.
    """

    id: str
    rule: str
    hazard: str
    severity: str
    state: str
    subject: str
    device_name: str
    count: int
    drill: bool
    code: int
    latched: bool
    condition_active: bool
    why: Text
    detected_at_s: float
    pre_alarm_at_s: float | None = None
    raised_at_s: float | None
    help_in_s: float | None = None
    prompts: int = 0
    acked_at_s: float | None
    acked_by: str
    restored_at_s: float | None
    closed_at_s: float | None
    cause: str
    evidence: tuple[EvidenceNote, ...] = ()


class MuteInfo(Shape):
    """A rule that is muted. `left_s` seconds until it is heard again, `until_at_s` the same as wall
    time; `holds` how many alarms wait for that."""

    rule: str
    name: Text
    left_s: float
    until_at_s: float
    by: str
    why: str = ""
    holds: int = 0


class UnmuteResult(Shape):
    """The alarms that were held back and are raised now."""

    rule: str
    raised: tuple[AlarmInfo, ...] = ()


class RowInfo(Shape):
    """One row of the journal."""

    journal_id: str
    seq: int
    lane: str
    kind: str
    severity: str | None
    device: str | None
    received_at_s: float
    recorded_at_s: float
    time_quality: str
    body: dict[str, Any]


class DriverInfo(Shape):
    """How a driver is."""

    driver: str
    ok: bool
    says: Text
    port: str
    restarts: int
    frames_in: int
    frames_refused: int


class JournalInfo(Shape):
    """One journal file that holds rows for the platform, the one being written first.

    `urgent_through` and `bulk_through` are the cursors: everything up to there is acknowledged.
    """

    journal_id: str
    path: str
    writing: bool
    last_seq: int
    urgent_through: int
    bulk_through: int


class JournalHealth(Shape):
    """How the journal is."""

    ok: bool
    says: Text
    journals: tuple[JournalInfo, ...]
    commits: int
    rows: int
    fsync_p50_ms: float
    fsync_p99_ms: float
    unjournaled: int
    dropped: int


class WrittenDay(Shape):
    """What guard wrote to its card on one day of its wall clock, in the seconds that were
    measured."""

    day: str
    bytes: int
    seconds: float


class JournalLive(Shape):
    """What only the running guard knows of its journal, since it started.

    `commit_*_ms` whole transactions, write and fsync together, of the last 1024. `unjournaled`
    orders that did not wait for the disk any longer; `dropped` telemetry given up with a `gap` row;
    `lost` rows that not even memory took.
    """

    up_s: float
    time_quality: str
    commits: int
    rows: int
    commit_p50_ms: float
    commit_p99_ms: float
    unjournaled: int
    dropped: int
    lost: int
    written: tuple[WrittenDay, ...]


class Status(Shape):
    """The whole hub on one page. `alarms_waiting`: open ones that have not called for help yet."""

    hub: str
    district: str
    release: str
    up_s: float
    sos_ready: bool
    time_quality: str
    drivers: tuple[DriverInfo, ...]
    journal: JournalHealth
    uplink: UplinkReport
    devices: int
    alarms_open: int
    troubles: tuple[AlarmInfo, ...]
    counters: dict[str, int]
    mode: ModeInfo = ModeInfo()
    site: SiteInfo = SiteInfo()
    mutes: tuple[MuteInfo, ...] = ()
    alarms_waiting: int = 0


class SyncState(Shape):
    """What link needs to begin: who we are and what waits."""

    hub: str
    district: str
    journals: tuple[JournalInfo, ...]
    uplink: UplinkSettings | None = None


class DeviceList(Shape):
    """All devices."""

    devices: tuple[DeviceInfo, ...]


class AlarmList(Shape):
    """Alarms, newest first, and which rules can raise none now."""

    alarms: tuple[AlarmInfo, ...]
    mutes: tuple[MuteInfo, ...] = ()


class RowList(Shape):
    """Rows, oldest first."""

    rows: tuple[RowInfo, ...]


class PairResult(Shape):
    """How pairing ended: "done" (the first own report has decoded), "timeout" or "stopped".

    Without "done" a `device` is one that joined but never reported by itself: it is not taken in.
    """

    outcome: Literal["done", "timeout", "stopped"]
    device: DeviceInfo | None


# --- notifications: no id, no answer --------------------------------------------------------------


class Committed(Shape):
    """`journal.committed`: rows up to `last_seq` are on disk. Sent after `journal.follow`."""

    journal_id: str
    last_seq: int
    urgent: bool


class PairProgress(Shape):
    """`pair.progress`: a step of a pairing that this connection started.

    `stage` is a `PairStage`, or "first_report" when the new device has spoken for itself. `kind` is
    known once the device is set up; `detail` is what the radio had to say to it.
    """

    stage: str
    device: str | None
    left_s: float
    kind: str = ""
    detail: str = ""


@dataclass(frozen=True, slots=True)
class Method:
    """One line of the list: who may ask what and gets what."""

    params: type[Shape]
    result: type[Shape]
    roles: frozenset[Role]


_ALL = frozenset(Role)
_HOME = frozenset({Role.OPERATOR, Role.INSTALLER})
_LINK = frozenset({Role.LINK})

METHODS: dict[str, Method] = {
    "hello": Method(Nothing, Hello, _ALL),
    "status": Method(Nothing, Status, _ALL),
    "devices.list": Method(Nothing, DeviceList, _ALL),
    "alarms.list": Method(AlarmsQuery, AlarmList, _ALL),
    "alarm.ack": Method(AckParams, AlarmInfo, _ALL),
    "alarm.resolve": Method(ResolveParams, AlarmInfo, _ALL),
    "rules.mute": Method(MuteParams, MuteInfo, _HOME),
    "rules.unmute": Method(UnmuteParams, UnmuteResult, _HOME),
    "journal.tail": Method(TailParams, RowList, _ALL),
    "journal.follow": Method(Nothing, Nothing, _ALL),
    "journal.live": Method(Nothing, JournalLive, _ALL),
    "pair.start": Method(PairParams, PairResult, frozenset({Role.INSTALLER})),
    "pair.stop": Method(Nothing, Nothing, frozenset({Role.INSTALLER})),
    "sync.state": Method(Nothing, SyncState, _LINK),
    "sync.advance": Method(AdvanceParams, Nothing, _LINK),
    "sync.report": Method(UplinkReport, Nothing, _LINK),
    "audit": Method(AuditParams, Nothing, _LINK),
    "mode.set": Method(ModeParams, ModeInfo, _LINK),
    "speak": Method(SpeakParams, SpeakResult, _LINK),
    "drill": Method(DrillParams, DrillResult, _LINK),
    "evidence.add": Method(EvidenceParams, EvidenceResult, _LINK),
    "change": Method(SignedParams, ChangeResult, _LINK),
}

NOTIFICATIONS: dict[str, type[Shape]] = {
    "journal.committed": Committed,
    "pair.progress": PairProgress,
    "sync.changed": Nothing,  # What `sync.state` says of the uplink is no longer so.
}

# JSON-RPC error codes: the standard ones, and one of ours with a word in `data.code`.
PARSE_ERROR = -32700
INVALID_REQUEST = -32600
METHOD_NOT_FOUND = -32601
INVALID_PARAMS = -32602
INTERNAL_ERROR = -32603
REFUSED = -32000

"""The body of every kind of row, as it stands in `data` of an event.

Owns the shapes, not the writing of them: the rows are made in agent/, and the tests hold what a
real hub sends against these models. A field with a default may be missing.
"""

from __future__ import annotations

from typing import Literal

from pydantic import BaseModel, ConfigDict, Field

from agent.core.actuation import ActuationKind
from agent.core.alarm import AlarmState, Hazard, Severity
from agent.core.clock import TimeQuality
from agent.core.device import DeviceKind
from agent.core.reading import Quantity
from agent.core.row import Kind

UNREADABLE = "unreadable"
"""Kind of the event that stands for a row whose text is damaged: it is always set aside."""

ROW_ID = r"^[0-9a-f]{8}-[1-9][0-9]{0,15}$"


class Body(BaseModel):
    """Base of all bodies: nothing but the fields named here."""

    model_config = ConfigDict(extra="forbid", frozen=True, use_attribute_docstrings=True)


class Reading(Body):
    """One thing a device told the hub, decoded. The device is the event's `subject`."""

    quantity: Quantity
    """What is measured; the unit is the last part of the name."""
    value: bool | int | float | str
    channel: str = ""
    """Which of the device's inputs spoke; for `fault` the kind of fault."""
    frame: str = ""
    """Identity of the radio frame that carried it."""
    detail: str = ""
    """For people; never to be parsed."""
    drill: Literal[True] = True
    """Part of a test of the installer: nobody is to be sent."""
    asked: Literal[True] = True
    """The hub asked for it; the device did not speak of its own accord."""
    repeat_of: int = Field(default=0, ge=1)
    """seq of the reading that this one repeats: the same radio frame, heard again."""


class Hourly(Body):
    """What is left of an hour of readings that were removed: of one device, quantity and channel.
    Numbers have `min`, `max` and `mean`; others have `active`."""

    quantity: Quantity
    channel: str
    hour_s: float
    """Where the hour begins, in seconds since 1970-01-01 UTC."""
    count: int = Field(ge=1)
    last: bool | int | float | str
    min: float = 0.0
    max: float = 0.0
    mean: float = 0.0
    active: int = Field(default=0, ge=0)
    """How many of them were true."""


class Instant(Body):
    """One instant as the hub saw it."""

    at_s: float
    """Seconds on the hub's own timeline, which never goes back."""
    mono_ms: int = Field(ge=0)
    """Milliseconds since the boot `boot_id`."""
    boot_id: str
    wall_s: float
    """Seconds since 1970-01-01 UTC, as good as `quality` says."""
    quality: TimeQuality


class Why(Body):
    """The evidence for an alarm and the sentence for people, in two languages."""

    zh: str
    en: str
    device: str
    quantity: str
    value: str
    channel: str
    limit: str
    since_s: float | None = None
    """When the evidence begins, on the timeline of `raised.at_s`: the first reading that counts;
    absent in alarms of earlier releases."""
    last_s: float | None = None
    """The last reading that counts, on the same timeline."""


class Action(Body):
    """What is done in the home with every device of a kind."""

    target: DeviceKind
    actuation: ActuationKind
    duration_s: int = Field(ge=0)
    """0: does not apply."""


class Waiting(Body):
    """Why help is not called yet: the person at home is being asked (`PRE_ALARM`), or the rule is
    muted in the home (`SHELVED`). Times `..._s` are on the hub's own timeline, as `at_s`."""

    until_s: float
    """When help is called, unless the alarm ends before."""
    span_s: float = Field(ge=0)
    """Seconds from the beginning of the waiting to its end."""
    prompt_s: float | None
    """When the person is asked again; null: not any more."""
    prompt_every_s: float = Field(ge=0)
    prompts: int = Field(ge=0)
    """How often the person was asked."""
    actions: tuple[Action, ...]
    """What will be done in the home then."""


class Alarm(Body):
    """One alarm as it stands after this event."""

    v: Literal[1]
    """Version of this shape."""
    id: str = Field(pattern=ROW_ID)
    """The alarm's own id: that of the event that began it. All events of an alarm carry it."""
    rule: str
    subject: str
    """What the alarm is about: a device, or device/channel."""
    hazard: Hazard
    code: int = Field(ge=100, le=999)
    """Contact ID event number; the event's `qualifier` says E or R."""
    severity: Severity
    state: AlarmState
    latched: bool
    """Ends only when a person resolves it."""
    condition_active: bool
    count: int = Field(ge=1)
    """How often the condition was reported, the first time included."""
    drill: bool
    """A test of the installer: nobody is to be sent."""
    why: Why
    raised: Instant | None
    """When help was called. Null while it has not been (`SHELVED`, `PRE_ALARM`), and for ever if
    the alarm was called off before."""
    acked: Instant | None
    acked_by: str
    """Who acknowledged it: `cli:<user>` in the home, `platform:<name>` from you."""
    restored: Instant | None
    closed: Instant | None
    cause: str
    """Why it was closed: a short code of the person who did; `answered` or `restored` for an alarm
    that was called off by the person at home, or because its condition was over."""
    detected: Instant | None = None
    """When the condition was first reported. Missing: when it was `raised`."""
    pre_alarm: Instant | None = None
    """When the person at home was first asked. Missing: not at all."""
    waiting: Waiting | None = None
    """There while help is not called yet."""
    hushed: Literal[True] = True
    """A person in the home has acknowledged it since it was last raised."""
    siren_until_s: float = 0.0
    """Until when it wants a siren to sound, on the hub's own timeline."""


class Order(Body):
    """An actuator was to do something, on behalf of an alarm or of the platform. The actuator is
    the `subject`."""

    key: str
    """Names the order over restarts; its outcome carries the same key."""
    alarm: str = Field(default="", pattern=ROW_ID)
    """Missing when the platform asked (`speak`)."""
    actuation: ActuationKind
    duration_s: int = Field(ge=0)
    """0: does not apply."""
    drill: bool


class RefusedOrder(Order):
    """An order that the hub's safety gate did not allow."""

    detail: str
    """Why, for people."""


class Outcome(Body):
    """What became of an order."""

    key: str
    actuation: ActuationKind
    detail: str
    """Why it failed, for people; empty when all is well."""


class Command(Body):
    """What a person or the platform asked, refused or not."""

    command: Literal[
        "alarm.ack",
        "alarm.resolve",
        "rules.mute",
        "rules.unmute",
        "mode.set",
        "speak",
        "drill",
        "evidence.add",
        "config.apply",
        "rules.apply",
        "identity.renew",
    ]
    alarm: str = ""
    """The alarm that it is about, if it is about one."""
    by: str
    """Who asked; for signed requests the `kid`."""
    on_site: bool
    request_id: str = ""
    detail: str = ""
    note: str = ""
    refused: str = ""
    """Code of the refusal; missing when it was done."""


class Muted(Body):
    """A person in the home has muted a rule: until then it raises no new alarm. Rules of severity
    S1 cannot be muted."""

    rule: str
    by: str
    until_s: float
    """Seconds since 1970-01-01 UTC, as the hub's clock stood then; it goes by its own timeline."""
    why: str = ""


class Unmuted(Body):
    """A rule is heard again. What the mute held back, and still holds, is raised."""

    rule: str
    by: str
    """Who did it; empty when the mute ended by itself."""
    raised: int = Field(ge=0)
    """How many alarms this lets go of. At the end of its time each is raised by its own deadline,
    and need not be counted here."""
    why: str = ""


class ModeChanged(Body):
    """What people say of the home: `away` ends at `until_s`."""

    mode: Literal["home", "away"]
    by: str
    until_s: float = 0.0
    """Seconds since 1970-01-01 UTC."""
    why: str = ""


class SiteChanged(Body):
    """A stage of a signed change."""

    part: Literal["config", "rules", "identity"]
    version: int = Field(ge=1)
    stage: Literal["trial", "reached", "confirmed", "rolled_back"]
    """`reached`: the broker has let the hub in; your acknowledgement confirms the change."""
    kid: str = ""
    why: str = ""


class Evidence(Body):
    """What the platform added to an alarm."""

    alarm: str = Field(pattern=ROW_ID)
    by: str
    text: str = ""
    uri: str = ""


class Paired(Body):
    """A device was taken into the home."""

    kind: DeviceKind
    name: str
    room: str
    manufacturer: str
    model: str


class Left(Body):
    """A device said goodbye to the network. The device is the `subject`."""


class Started(Body):
    """The hub's inner process has started."""

    release: str
    journal: str = Field(pattern=r"^[0-9a-f]{8}$")
    """The journal that it writes now."""


class Stopped(Body):
    """The hub's inner process stops in good order."""


class Stepped(Body):
    """The hub's wall clock was set, or somebody began to vouch for it."""

    delta_ms: int
    """Forward; back when negative."""
    quality_before: TimeQuality
    quality_after: TimeQuality
    boot_id: str
    corrected_through_seq: int | None
    """Rows of this boot up to this seq were wrong by `delta_ms`: sent again, they have a better
    `time`. Null: none."""


class Salvaged(Body):
    """Rows of a damaged journal file were taken over, under their own journal_id and seq."""

    file: str
    rows: int = Field(ge=0)


class Gap(Body):
    """Something was given up. Rows: `count`, `first_seq` and `last_seq` are there. What a rule
    remembered: `key` and `detail` are there."""

    why: str
    count: int = Field(default=0, ge=1)
    first_seq: int = Field(default=0, ge=1)
    last_seq: int = Field(default=0, ge=1)
    journal: str = Field(default="", pattern=r"^[0-9a-f]{8}$")
    """Journal of these rows; missing: that of this event."""
    group: str = Field(default="", alias="class")
    """Which rows by the hub's table of retention."""
    key: str = ""
    detail: str = ""


class Audit(Body):
    """Something the uplink refused, or did on the platform's word."""

    what: str = Field(max_length=64)
    detail: str = Field(max_length=1000)


BODIES: dict[Kind, type[BaseModel]] = {
    Kind.READING: Reading,
    Kind.READING_HOURLY: Hourly,
    Kind.ALARM_SHELVED: Alarm,
    Kind.ALARM_PRE_ALARM: Alarm,
    Kind.ALARM_PROMPTED: Alarm,
    Kind.ALARM_CALLED_OFF: Alarm,
    Kind.ALARM_RAISED: Alarm,
    Kind.ALARM_REPEATED: Alarm,
    Kind.ALARM_RESTORED: Alarm,
    Kind.ALARM_ACKED: Alarm,
    Kind.ALARM_CLOSED: Alarm,
    Kind.ACTUATION_ASKED: Order,
    Kind.ACTUATION_DONE: Outcome,
    Kind.ACTUATION_FAILED: Outcome,
    Kind.ACTUATION_REFUSED: RefusedOrder,
    Kind.COMMAND: Command,
    Kind.RULE_MUTED: Muted,
    Kind.RULE_UNMUTED: Unmuted,
    Kind.MODE_CHANGED: ModeChanged,
    Kind.SITE_CHANGED: SiteChanged,
    Kind.EVIDENCE_ADDED: Evidence,
    Kind.DEVICE_PAIRED: Paired,
    Kind.DEVICE_LEFT: Left,
    Kind.HUB_STARTED: Started,
    Kind.HUB_STOPPED: Stopped,
    Kind.CLOCK_STEPPED: Stepped,
    Kind.JOURNAL_SALVAGED: Salvaged,
    Kind.GAP: Gap,
    Kind.AUDIT: Audit,
}

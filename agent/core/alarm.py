"""An alarm: a condition that needs a response, from the first reading to the last disposition."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import NewType

from agent.core.actuation import LocalAction
from agent.core.clock import Stamp
from agent.core.device import DeviceId
from agent.core.text import Sentence

AlarmId = NewType("AlarmId", str)
RuleId = NewType("RuleId", str)


class Severity(StrEnum):
    """How soon a person must act, most urgent first (grades S1-S5 of the district's practice)."""

    S1 = "S1"  # Life, now.
    S2 = "S2"  # Harm likely within an hour.
    S3 = "S3"  # Welfare check within hours.
    S4 = "S4"  # Technical: trouble, battery, tamper.
    S5 = "S5"  # Hint or statistics.


class Hazard(StrEnum):
    """What may hurt the person, or the hub's power to help."""

    SOS = "sos"
    SMOKE = "smoke"
    GAS = "gas"
    CO = "co"
    WATER_LEAK = "water_leak"
    TAMPER = "tamper"
    HUB_FAULT = "hub_fault"
    DEVICE_FAULT = "device_fault"
    FIRE_HEAT = "fire_heat"
    FALL = "fall"
    INACTIVITY = "inactivity"
    NO_WATER = "no_water"
    DWELL = "dwell"
    NIGHT_EXIT = "night_exit"
    NOT_RETURNED = "not_returned"
    MEDICATION = "medication"
    VISIT = "visit"
    VITAL = "vital"
    COLD = "cold"
    HEAT = "heat"
    WATER_RUNNING = "water_running"
    DOOR_OPEN = "door_open"
    STOVE = "stove"
    APPLIANCE = "appliance"
    TREND = "trend"
    MAINS = "mains"
    HUB_BATTERY = "hub_battery"
    SILENT = "silent"
    UPLINK = "uplink"
    RADIO = "radio"
    ELECTRICITY = "electricity"
    TEST_MODE = "test_mode"


CONTACT_ID: dict[Hazard, int] = {
    # Contact ID event numbers (public list; SIA DC-05), so that any alarm receiving centre can
    # sort them.
    Hazard.SOS: 101,
    Hazard.SMOKE: 111,
    Hazard.GAS: 151,
    Hazard.CO: 162,
    Hazard.WATER_LEAK: 154,
    Hazard.TAMPER: 383,
    Hazard.HUB_FAULT: 300,
    Hazard.DEVICE_FAULT: 380,
    Hazard.FIRE_HEAT: 114,
    Hazard.INACTIVITY: 102,
    Hazard.VITAL: 100,
    Hazard.COLD: 159,
    Hazard.HEAT: 158,
    Hazard.MAINS: 301,
    Hazard.HUB_BATTERY: 302,
    Hazard.SILENT: 147,
    Hazard.UPLINK: 350,
    Hazard.RADIO: 344,
    Hazard.TEST_MODE: 607,  # (mem)
    # The list has none for these: numbers of our own, from a range that it leaves free (mem).
    Hazard.FALL: 770,
    Hazard.NO_WATER: 771,
    Hazard.DWELL: 772,
    Hazard.NIGHT_EXIT: 773,
    Hazard.NOT_RETURNED: 774,
    Hazard.MEDICATION: 775,
    Hazard.VISIT: 776,
    Hazard.WATER_RUNNING: 777,
    Hazard.DOOR_OPEN: 778,
    Hazard.STOVE: 779,
    Hazard.APPLIANCE: 780,
    Hazard.TREND: 781,
    Hazard.ELECTRICITY: 782,
}


class AlarmState(StrEnum):
    """Where an alarm stands, in the sense of ISA-18.2 and OPC UA Part 9."""

    NORMAL = "NORMAL"
    SHELVED = "SHELVED"  # Held back: a person in the home has muted its rule for a while.
    PRE_ALARM = "PRE_ALARM"  # The person at home is being asked; others are not told yet.
    ACTIVE = "ACTIVE"
    ACKED = "ACKED"
    RTN_UNACKED = "RTN_UNACKED"
    CLOSED = "CLOSED"


@dataclass(frozen=True, slots=True)
class Why:
    """The evidence for an alarm: what was seen, against which limit, and the sentence for the
    family.

    `since_s` hub time of the first reading that counts, `last_s` of the last; None in alarms that
    an earlier release raised. The rows between are the evidence: the alarm's `raised` stamp ties
    hub time to the journal's own times.
    """

    sentence: Sentence
    device: DeviceId
    quantity: str
    value: str
    channel: str = ""
    limit: str = ""
    since_s: float | None = None
    last_s: float | None = None


@dataclass(frozen=True, slots=True)
class Waiting:
    """Why help is not called yet, and until when: a pre-alarm, or a mute of the rule.

    Units:  `until_s`, `prompt_s` hub time: help is called, the person is asked again. `span_s`
            seconds from the beginning to `until_s`.
    `prompts` how often the person was asked. `prompt_every_s` 0: only once.
    `actions` what is done in the home when help is called.
    """

    until_s: float
    span_s: float
    prompt_s: float | None = None
    prompt_every_s: float = 0
    prompts: int = 0
    actions: tuple[LocalAction, ...] = ()


@dataclass(frozen=True, slots=True)
class Alarm:
    """One alarm as it stands now. Every change of it is a row of the journal.

    `id`        `<journal_id>-<seq>` of the row that began it: never a time.
    `latched`   ends only when a person resolves it, not when the condition goes away.
    `condition_active` whether the condition that raised it still holds.
    `count`     how often the condition was reported anew since it was raised, the first time
                included.
    `detected`  when the condition was first reported; `pre_alarm` when the person at home was
                first asked; `raised` when help was called. None: it was not.
    `waiting`   there while it is SHELVED or in PRE_ALARM, and only then.
    `hushed`    a person in the home has acknowledged it since it was last raised.
    `siren_until_s` hub time until which it wants a siren to sound; None: it never did.
    """

    id: AlarmId
    rule: RuleId
    subject: str
    hazard: Hazard
    severity: Severity
    state: AlarmState
    latched: bool
    condition_active: bool
    count: int
    drill: bool
    why: Why
    detected: Stamp
    pre_alarm: Stamp | None = None
    raised: Stamp | None = None
    acked: Stamp | None = None
    acked_by: str = ""
    restored: Stamp | None = None
    closed: Stamp | None = None
    cause: str = ""
    waiting: Waiting | None = None
    hushed: bool = False
    siren_until_s: float | None = None

    @property
    def is_open(self) -> bool:
        """Return whether somebody still has to do something about it."""
        return self.state not in (AlarmState.NORMAL, AlarmState.CLOSED)

    @property
    def code(self) -> int:
        """Return the Contact ID event number."""
        return CONTACT_ID[self.hazard]

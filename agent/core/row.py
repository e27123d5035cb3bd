"""A row of the journal: what happened, in the form in which it is kept and sent."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, NewType

from agent.core.alarm import Severity
from agent.core.clock import Stamp
from agent.core.device import DeviceId

JournalId = NewType("JournalId", str)
"""Eight hex digits, new with every fresh database file. `(hub, journal_id, seq)` is a row's
identity."""


class Lane(StrEnum):
    """Which queue a row leaves the home in: urgent is never behind bulk."""

    URGENT = "urgent"
    BULK = "bulk"


class Kind(StrEnum):
    """What a row records. The part before the dot is what the platform may ask for by kind."""

    READING = "reading"
    READING_HOURLY = "reading.hourly"  # What is left of readings that were thinned.
    ALARM_SHELVED = "alarm.shelved"  # Held back: its rule is muted in the home.
    ALARM_PRE_ALARM = "alarm.pre_alarm"  # The person at home is asked before anybody is told.
    ALARM_PROMPTED = "alarm.prompted"  # He was asked once more.
    ALARM_CALLED_OFF = "alarm.called_off"  # It ended before anybody was told.
    ALARM_RAISED = "alarm.raised"
    ALARM_REPEATED = "alarm.repeated"
    ALARM_RESTORED = "alarm.restored"
    ALARM_ACKED = "alarm.acked"
    ALARM_CLOSED = "alarm.closed"
    ACTUATION_ASKED = "actuation.asked"
    ACTUATION_DONE = "actuation.done"
    ACTUATION_FAILED = "actuation.failed"
    ACTUATION_REFUSED = "actuation.refused"
    COMMAND = "command"
    RULE_MUTED = "rule.muted"
    RULE_UNMUTED = "rule.unmuted"
    MODE_CHANGED = "mode.changed"
    SITE_CHANGED = "site.changed"  # Settings, limits of rules or the identity, from the platform.
    EVIDENCE_ADDED = "evidence.added"
    DEVICE_PAIRED = "device.paired"
    DEVICE_LEFT = "device.left"
    HUB_STARTED = "hub.started"
    HUB_STOPPED = "hub.stopped"
    CLOCK_STEPPED = "clock.stepped"
    JOURNAL_SALVAGED = "journal.salvaged"  # Rows of a damaged file were taken over.
    GAP = "gap"
    AUDIT = "audit"


QUIET: frozenset[Kind] = frozenset(
    {Kind.ALARM_SHELVED, Kind.ALARM_PRE_ALARM, Kind.ALARM_PROMPTED, Kind.ALARM_CALLED_OFF}
)
"""What happens to an alarm of which nobody outside the home is to act: it leaves in the bulk lane,
whatever its severity."""


@dataclass(frozen=True, slots=True)
class Row:
    """One row before it has a place in the journal.

    `body` is JSON-ready: str, int, float, bool, None, lists and dicts of them. `severity` only on
           alarm rows.
    """

    kind: Kind
    lane: Lane
    stamp: Stamp
    body: Mapping[str, Any]
    device: DeviceId | None = None
    severity: Severity | None = None
    observed_at_s: float | None = None

"""The rows of a journal as a trace: what devices said, what people answered, when the hub began.

Owns how a record becomes moments again on one timeline. What rules derived themselves they derive
anew, and what the record says of alarms is only looked at to know which one a person answered.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from agent.core.alarm import RuleId
from agent.core.clock import BootId, Stamp, TimeQuality
from agent.core.command import Caller, Role
from agent.core.device import DeviceId
from agent.core.errors import ConfigError
from agent.core.event import Observed
from agent.core.reading import Quantity, Reading
from agent.core.row import Kind
from agent.journal.row import StoredRow
from agent.replay.trace import Answered, BadRow, DrillEnded, Moment, Read, Started
from local_rules.catalog import ROWS

DERIVED = frozenset(quantity for row in ROWS for quantity in row.derives)
"""What the rules say themselves: taking it from the record too would say it twice."""

_ALARM = "alarm."
_DRILL_ENDED = "drill_ended"
_ANSWERED = "recorded"  # The record of a command does not tell the cause it gave.
_KNOWN_S = frozenset((TimeQuality.SYNCED, TimeQuality.RTC, TimeQuality.RESTORED))

Numbered = tuple[int, StoredRow]
"""A row with its line in an export, or its seq in a journal."""


@dataclass(slots=True)
class Record:
    """Turns rows into moments. `rooms`: where devices are; pairings in the record add to it."""

    found: Read
    rooms: dict[str, str]
    from_s: float | None = None
    to_s: float | None = None
    lenient: bool = False
    _alarms: dict[str, tuple[RuleId, str, bool]] = field(default_factory=dict)
    _drills_ended: set[DeviceId] = field(default_factory=set)
    _time: _Timeline | None = None

    def moments(self, rows: Iterable[Numbered]) -> Iterator[Moment]:
        """Yield the moments. Errors: ConfigError for the first row that cannot be played, unless
        `lenient`, which skips it and counts."""
        self._time = _Timeline()
        for number, row in rows:
            self.found.lines += 1
            try:
                moment = self._moment(row)
            except (BadRow, ValueError, KeyError, TypeError) as fault:
                says = str(fault) if isinstance(fault, BadRow) else f"not whole: {fault!r}"
                if not self.lenient:
                    raise ConfigError(
                        f"{number}: {row.kind}: {says}. Leave bad rows out with --lenient."
                    ) from fault
                self.found.skip(number, f"{row.kind}: {says}")
                continue
            if moment is not None and self._is_wanted(row.heard_s):
                if isinstance(moment, Observed):
                    self.found.played(moment.stamp)
                yield moment

    def _is_wanted(self, heard_s: float) -> bool:
        return (self.from_s is None or heard_s >= self.from_s) and (
            self.to_s is None or heard_s <= self.to_s
        )

    def _moment(self, row: StoredRow) -> Moment | None:
        match row.kind:
            case Kind.READING:
                return self._reading(row, _body(row))
            case Kind.READING_HOURLY:
                self.found.thinned += 1
            case Kind.HUB_STARTED:
                return Started(self._stamp(row))
            case Kind.DEVICE_PAIRED:
                self.rooms.setdefault(str(row.device), str(_body(row).get("room", "")))
            case Kind.COMMAND:
                return self._command(row, _body(row))
            case "unreadable":
                raise BadRow("wanted a row as the journal exports it")
            case kind if kind.startswith(_ALARM):
                return self._alarm(row, _body(row))
        return None

    def _reading(self, row: StoredRow, body: Mapping[str, Any]) -> Observed | None:
        quantity = Quantity(body["quantity"])
        if quantity in DERIVED:
            return None
        device, value = DeviceId(str(row.device)), body["value"]
        if not isinstance(value, bool | int | float | str):
            raise BadRow(f"value {value!r}: wanted a yes or no, a number or a word")
        if device not in self.rooms and not device.startswith("hub:"):
            self.found.unmapped[device] += 1
        drill = bool(body.get("drill", False))
        if drill:
            self._drills_ended.discard(device)
        reading = Reading(
            device,
            quantity,
            value,
            self._stamp(row),
            str(body.get("channel", "")),
            body.get("frame"),
            row.observed_at,
            str(body.get("detail", "")),
            drill,
            bool(body.get("asked", False)),
        )
        return Observed(reading, body.get("repeat_of"), self.rooms.get(device, ""))

    def _alarm(self, row: StoredRow, body: Mapping[str, Any]) -> DrillEnded | None:
        """Remember which alarm has this id. A drill that is over closes all it raised: the first of
        these rows tells of it."""
        key = RuleId(body["rule"]), str(body["subject"]), bool(body["drill"])
        self._alarms[str(body["id"])] = key
        device = DeviceId(str(row.device))
        if body.get("cause") != _DRILL_ENDED or device in self._drills_ended:
            return None
        self._drills_ended.add(device)
        return DrillEnded(device, self._stamp(row))

    def _command(self, row: StoredRow, body: Mapping[str, Any]) -> Answered | None:
        key = self._alarms.get(str(body.get("alarm")))
        if key is None or "refused" in body:
            return None
        caller = Caller(Role.OPERATOR, str(body.get("by", "")), on_site=bool(body.get("on_site")))
        cause = None if body.get("command") == "alarm.ack" else _ANSWERED
        return Answered(*key, caller, self._stamp(row), cause)

    def _stamp(self, row: StoredRow) -> Stamp:
        assert self._time is not None
        return self._time.stamp(row)


class _Timeline:
    """Hub time out of the boots of a record: monotonic within each, and on where the last ended by
    the time that is known to have passed."""

    def __init__(self) -> None:
        self._boot = ""
        self._base_s = 0.0
        self._last: Stamp | None = None

    def stamp(self, row: StoredRow) -> Stamp:
        """Return the instant of the row as guard saw it."""
        quality, mono_s = TimeQuality(row.time_quality), row.mono_ms / 1000
        if row.boot_id != self._boot:
            last = self._last
            if last is None:
                begins_s = row.received_at
            else:
                are_known = {quality, last.quality} <= _KNOWN_S
                passed_s = row.received_at - last.wall_s if are_known else 0.0
                begins_s = last.at_s + max(0.0, passed_s)
            self._boot, self._base_s = row.boot_id, begins_s - mono_s
        stamp = Stamp(
            self._base_s + mono_s, row.mono_ms, BootId(row.boot_id), row.received_at, quality
        )
        self._last = stamp
        return stamp


def _body(row: StoredRow) -> Mapping[str, Any]:
    body = json.loads(row.body)
    if not isinstance(body, dict):
        raise BadRow(f"body {row.body[:60]!r}: wanted an object")
    return body

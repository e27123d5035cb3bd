"""Judges what arrived: every row once, as it was, cursors right, urgent before bulk.

Owns the claims. Each is a function from the evidence to sentences about what is wrong; no sentence,
no fault. Knows nothing of what was done to the line.
"""

from __future__ import annotations

import json
from bisect import bisect_right
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from tests.faults.network.home import BOOT_AHEAD_MS, JOURNAL, Home, Sent
from tests.sync.house import HUB

KNOWN_AFTER_MS = 500
"""Link has been told of a row for certain when it was written so long before the line came up."""


NEVER_MS = 1 << 62


@dataclass(frozen=True, slots=True)
class Arrived:
    """One event of the platform: when link first sent the copy it kept, and when that came."""

    seq: int
    lane: str
    kind: str
    data: str
    copies: int
    sent_ms: int
    arrived_ms: int


@dataclass(slots=True)
class Evidence:
    """What is judged. `ups_ms`: when a line to the broker carried its first answer."""

    rows: Mapping[int, Sent]
    arrived: Sequence[Arrived]
    cursors: Mapping[str, int]
    watermarks: Mapping[str, int]
    ups_ms: Sequence[int] = field(default_factory=list)
    doubled: Sequence[int] = field(default_factory=list)


def evidence_of(home: Home) -> Evidence:
    """Return what one home and its platform have now."""
    rows = home.rows()
    tables = home.platform.tables()
    events = [e for e in tables.get("event", []) if e["hub"] == HUB and e["journal_id"] == JOURNAL]
    keys = [int(e["seq"]) for e in events]
    return Evidence(
        rows=rows,
        arrived=[_arrived(event, rows) for event in events],
        cursors={lane: home.guard.cursor(lane) for lane in ("urgent", "bulk")},
        watermarks={str(m["lane"]): int(m["through_seq"]) for m in tables.get("watermark", [])},
        ups_ms=[up_ns // 1_000_000 + BOOT_AHEAD_MS for up_ns in home.proxy.ups],
        doubled=sorted(seq for seq in set(keys) if keys.count(seq) > 1) if _more(keys) else (),
    )


def judge(evidence: Evidence) -> list[str]:
    """Return everything that is wrong, at most ten sentences for each claim."""
    return [fault for claim in CLAIMS for fault in list(claim(evidence))[:10]]


def first_alarms_ms(evidence: Evidence) -> list[int]:
    """Return for each time a line came up with an alarm waiting how long the first one took."""
    ends_ms = [*evidence.ups_ms[1:], NEVER_MS]
    found: list[int] = []
    for up_ms, end_ms in zip(evidence.ups_ms, ends_ms, strict=False):
        waited = [
            event.arrived_ms
            for event in _urgent(evidence)
            if evidence.rows[event.seq].mono_ms < up_ms - KNOWN_AFTER_MS
            and up_ms <= event.sent_ms < end_ms
        ]
        if waited:
            found.append(min(waited) - up_ms)
    return found


# --- claims ---------------------------------------------------------------------------------------


def every_row_arrived_once(evidence: Evidence) -> Iterator[str]:
    """The platform has each row of the journal once after the idempotency key, and nothing else."""
    there = {a.seq for a in evidence.arrived}
    for seq in sorted(evidence.rows.keys() - there):
        yield f"row {seq} ({evidence.rows[seq].lane}) never arrived"
    for seq in sorted(there - evidence.rows.keys()):
        yield f"the platform has row {seq}, the journal does not"
    for seq in evidence.doubled:
        yield f"the platform has row {seq} twice"


def rows_arrived_as_they_were(evidence: Evidence) -> Iterator[str]:
    """Lane, kind and body are those of the journal."""
    for event in evidence.arrived:
        row = evidence.rows.get(event.seq)
        if row is None:
            continue
        kept = (row.lane, row.kind, json.loads(row.body))
        came = (event.lane, event.kind, json.loads(event.data))
        if kept != came:
            yield f"row {event.seq} is {kept}, the platform has {came}"


def cursors_are_right(evidence: Evidence) -> Iterator[str]:
    """Guard's cursors and the platform's watermarks stand at the last row of their lanes."""
    for lane in ("urgent", "bulk"):
        last = max((row.seq for row in evidence.rows.values() if row.lane == lane), default=0)
        if evidence.cursors[lane] != last:
            yield f"the {lane} cursor is at {evidence.cursors[lane]}, the last row is {last}"
        if evidence.watermarks.get(lane, 0) != last:
            yield f"the platform is through {lane} {evidence.watermarks.get(lane, 0)} of {last}"


def urgent_went_before_bulk(evidence: Evidence) -> Iterator[str]:
    """On a line that came up, no bulk row went before an urgent row that waited for it."""
    ups = evidence.ups_ms
    first_bulk: dict[int, Arrived] = {}
    for event in evidence.arrived:
        line = bisect_right(ups, event.sent_ms) - 1
        if event.lane == "bulk" and line >= 0:
            known = first_bulk.get(line)
            if known is None or event.sent_ms < known.sent_ms:
                first_bulk[line] = event
    for event in _urgent(evidence):
        line = bisect_right(ups, event.sent_ms) - 1
        bulk = first_bulk.get(line)
        if line < 0 or bulk is None:
            continue
        waited = evidence.rows[event.seq].mono_ms < ups[line] - KNOWN_AFTER_MS
        if waited and bulk.sent_ms < event.sent_ms:
            yield f"bulk row {bulk.seq} went {event.sent_ms - bulk.sent_ms} ms before {event.seq}"


CLAIMS = (
    every_row_arrived_once,
    rows_arrived_as_they_were,
    cursors_are_right,
    urgent_went_before_bulk,
)


# --- helpers --------------------------------------------------------------------------------------


def _urgent(evidence: Evidence) -> list[Arrived]:
    return [a for a in evidence.arrived if a.lane == "urgent" and a.seq in evidence.rows]


def _more(keys: Sequence[int]) -> bool:
    return len(keys) != len(set(keys))


def _arrived(event: Mapping[str, Any], rows: Mapping[int, Sent]) -> Arrived:
    row = rows.get(int(event["seq"]))
    written_ms = 0 if row is None else row.mono_ms
    return Arrived(
        seq=int(event["seq"]),
        lane=event["lane"],
        kind=event["kind"],
        data=event["data"],
        copies=int(event["copies"]),
        sent_ms=written_ms + int(event["queued_ms"]),
        arrived_ms=int(event["arrived_mono_ns"]) // 1_000_000 + BOOT_AHEAD_MS,
    )

"""Judges a run: what was told must be in the journal, and what the journal has must have gone out.

Owns the claims. Each is a function from the evidence to sentences about what is wrong; no sentence,
no fault. Knows nothing of how the kills were done.
"""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping
from typing import Any

from tests.faults.evidence import Evidence, Key, Row

PRESS_HEARD_MS = 3_000
"""A press is on disk within this time when guard lives for so long: a bound for a loaded machine
with several homes on it, not for the hub."""

AT_ONCE_MS = 3_000
"""A siren that had so long before the kill should have sounded: a bound for a loaded machine."""

SIREN_MS = 45_000
"""An order outlives a kill: a cold start, the radio's start and the driver's own retries."""

BEGINS = ("alarm.raised", "alarm.pre_alarm", "alarm.shelved")
"""The rows with which an alarm may begin, and after which it is named."""

Claim = Callable[[Evidence], Iterator[str]]


def check(evidence: Evidence) -> list[str]:
    """Return everything that is wrong, at most twenty sentences for each claim."""
    found: list[str] = []
    for claim in CLAIMS:
        faults = list(claim(evidence))
        found += faults[:20]
        if len(faults) > 20:
            found.append(f"and {len(faults) - 20} more of these")
    return found


def check_told(evidence: Evidence, journal: Mapping[Key, Row]) -> list[str]:
    """Return what was told so far and is not in `journal`: for use after every single kill."""
    return [*_told_rows(evidence, journal), *_committed(evidence, journal)]


# --- what was told is there -----------------------------------------------------------------------


def told_rows_are_kept(evidence: Evidence) -> Iterator[str]:
    """A row that was told stands in the journal with the same identity and content."""
    yield from evidence.told.changed
    yield from _told_rows(evidence, evidence.journal)
    yield from _committed(evidence, evidence.journal)


def told_alarms_are_kept(evidence: Evidence) -> Iterator[str]:
    """An alarm that was told has a row that began it, and a row for each change that was told."""
    rows = _alarm_rows(evidence.journal)
    for alarm in evidence.told.alarms:
        history = rows.get(alarm["id"], [])
        if not history or history[0].kind not in BEGINS:
            yield f"alarm {alarm['id']} was told and no row raised it"
            continue
        same = ("rule", "subject", "severity", "drill")
        if any(history[0].body[name] != alarm[name] for name in same):
            yield f"alarm {alarm['id']} was told as {alarm}, the journal has {history[0].body}"
        states = {(row.body["state"], row.body["count"]) for row in history}
        if (alarm["state"], alarm["count"]) not in states:
            yield (
                f"alarm {alarm['id']} was told as {alarm['state']} x{alarm['count']}, "
                f"the journal knows only {sorted(states)}"
            )


def platform_has_only_what_the_journal_has(evidence: Evidence) -> Iterator[str]:
    """An event of the platform is a row of the journal, with the same identity and content."""
    for event in evidence.platform:
        key = (str(event["journal_id"]), int(event["seq"]))
        row = evidence.journal.get(key)
        if row is None:
            yield f"the platform has {key} ({event['kind']}), the journal does not"
            continue
        sent = (event["kind"], event["lane"], event["severity"], json.loads(event["data"]))
        kept = (row.kind, row.lane, row.severity, row.body)
        if event["set_aside"] is None and sent != kept:
            yield f"the platform has {key} as {sent}, the journal as {kept}"


def presses_are_heard(evidence: Evidence) -> Iterator[str]:
    """A press that reached a ready hub long enough before a kill has its reading."""
    readings: dict[str, list[int]] = defaultdict(list)
    for row in evidence.journal.values():
        if row.kind == "reading" and row.body["quantity"] == "sos" and row.device is not None:
            readings[row.device].append(row.mono_ms or 0)
    down = _down_times(evidence)
    for press in evidence.presses:
        until_ms = press.mono_ms + PRESS_HEARD_MS
        if any(start <= until_ms and press.mono_ms <= end for start, end in down):
            continue
        if not any(press.mono_ms <= at <= until_ms for at in readings[press.device]):
            yield f"the press of {press.device} at {press.mono_ms} ms left no reading"


# --- the journal is whole -------------------------------------------------------------------------


def seqs_are_contiguous(evidence: Evidence) -> Iterator[str]:
    """The rows of a journal have no hole but those that a gap row tells of."""
    excused: set[Key] = set()
    last: dict[str, int] = {}
    for (journal_id, seq), row in evidence.journal.items():
        last[journal_id] = max(seq, last.get(journal_id, 0))
        if row.kind == "gap" and "first_seq" in row.body:
            span = range(row.body["first_seq"], row.body["last_seq"] + 1)
            excused |= {(journal_id, lost) for lost in span}
    for journal_id, end in last.items():
        for seq in range(1, end + 1):
            if (journal_id, seq) not in evidence.journal and (journal_id, seq) not in excused:
                yield f"journal {journal_id} has no row {seq} and no gap row tells of it"


def one_alarm_for_one_incident(evidence: Evidence) -> Iterator[str]:
    """An alarm is named after the row that began it; while it is open no other begins for the same
    thing, and help for it is called once."""
    standing: dict[tuple[str, str, bool], str] = {}
    called: set[str] = set()
    for (journal_id, seq), row in sorted(evidence.journal.items()):
        if not row.kind.startswith("alarm."):
            continue
        body = row.body
        key = (body["rule"], body["subject"], body["drill"])
        waits = standing.get(key) == body["id"] and body["id"] not in called
        if row.kind in BEGINS and not waits:
            if body["id"] != f"{journal_id}-{seq}":
                yield f"row {seq} of {journal_id} raised an alarm called {body['id']}"
            if key in standing:
                yield f"alarm {body['id']} was raised while {standing[key]} stood for {key}"
            standing[key] = body["id"]
        elif standing.get(key) != body["id"]:
            yield f"row {seq} of {journal_id} changes alarm {body['id']}, which does not stand"
        if row.kind == "alarm.raised":
            called.add(body["id"])
        if body["state"] == "CLOSED":
            standing.pop(key, None)


def stores_stay_whole(evidence: Evidence) -> Iterator[str]:
    """SQLite finds no damage after any kill."""
    for number, said in enumerate(evidence.stores):
        if said != "ok":
            yield f"after kill {number + 1} integrity_check said: {said}"


# --- help comes -----------------------------------------------------------------------------------


def everything_urgent_arrives(evidence: Evidence) -> Iterator[str]:
    """Every urgent row of the journal is at the platform, once after the idempotency key."""
    arrived: set[Key] = set()
    for event in evidence.platform:
        key = (str(event["journal_id"]), int(event["seq"]))
        if key in arrived:
            yield f"the platform has {key} twice"
        arrived.add(key)
    for key, row in sorted(evidence.journal.items()):
        if row.lane == "urgent" and key not in arrived:
            yield f"urgent row {key} ({row.kind}) never arrived"


def sirens_sounded(evidence: Evidence) -> Iterator[str]:
    """Every call that is no drill made the siren sound, a restart in between or not.

    When guard was killed before the siren could sound, and an operator answered the alarm before
    the next guard could make it sound, the siren has been called off: that is no fault.
    """
    sirens = sorted(evidence.sirens)
    kills = sorted(at for at, name in evidence.kills if name == "guard")
    for key, row in sorted(evidence.journal.items()):
        loud = row.kind in ("alarm.raised", "alarm.repeated") and row.severity == "S1"
        if not loud or row.body["drill"] or row.mono_ms is None:
            continue
        began = row.mono_ms - 5  # Two clocks, each cut to whole milliseconds.
        if any(began <= at <= began + SIREN_MS for at in sirens):
            continue
        answered = _answered(evidence, row, after=key)
        if answered is not None and any(
            began <= at <= min(answered, began + AT_ONCE_MS) for at in kills
        ):
            continue
        yield f"{row.kind} {key} of {row.device} at {row.mono_ms} ms: no siren sounded"


def no_order_is_left_over(evidence: Evidence) -> Iterator[str]:
    """At the end, in quiet, no order waits to be carried out."""
    for key in evidence.left_over:
        yield f"order {key} is still on record as not carried out"


CLAIMS: tuple[Claim, ...] = (
    told_rows_are_kept,
    told_alarms_are_kept,
    platform_has_only_what_the_journal_has,
    presses_are_heard,
    seqs_are_contiguous,
    one_alarm_for_one_incident,
    stores_stay_whole,
    everything_urgent_arrives,
    sirens_sounded,
    no_order_is_left_over,
)


# --- helpers --------------------------------------------------------------------------------------


def _told_rows(evidence: Evidence, journal: Mapping[Key, Row]) -> Iterator[str]:
    for key, row in sorted(evidence.told.rows.items()):
        kept = journal.get(key)
        if kept is None:
            yield f"row {key} ({row.kind}) was told and is lost"
        elif kept != row:
            yield f"row {key} was told as {row}, the journal has {kept}"


def _committed(evidence: Evidence, journal: Mapping[Key, Row]) -> Iterator[str]:
    for journal_id, last_seq in evidence.told.committed.items():
        if (journal_id, last_seq) not in journal:
            yield f"row {(journal_id, last_seq)} was told to be on disk and is lost"


def _alarm_rows(journal: Mapping[Key, Row]) -> dict[str, list[Row]]:
    found: dict[str, list[Row]] = defaultdict(list)
    for _, row in sorted(journal.items()):
        if row.kind.startswith("alarm."):
            found[row.body["id"]].append(row)
    return found


def _answered(evidence: Evidence, row: Row, *, after: Key) -> int | None:
    """Return when the alarm was next acknowledged or closed after a row, None when it was not."""
    times = [
        other.mono_ms
        for key, other in evidence.journal.items()
        if key > after
        and other.kind in ("alarm.acked", "alarm.closed")
        and _same_alarm(other.body, row.body)
        and other.mono_ms is not None
    ]
    return min(times, default=None)


def _same_alarm(one: Mapping[str, Any], other: Mapping[str, Any]) -> bool:
    return bool(one["id"] == other["id"])


def _down_times(evidence: Evidence) -> list[tuple[int, int]]:
    """Return from when to when guard could not be expected to hear: from a kill to ready again."""
    spans: list[tuple[int, int]] = []
    for at, name in evidence.kills:
        if name == "guard":
            back = min((ready for ready in evidence.ready if ready > at), default=1 << 62)
            spans.append((at, back))
    return spans

"""What a journal holds, counted: rows by kind, lane and day, what waits, what was given up.

Owns the questions and how their answers add up. Reads some thousand rows in a transaction, so that
a million rows hold nobody up; what has been counted is small whatever the journal's size.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from agent.core.row import JournalId, Kind, Lane
from agent.journal.reader import JournalReader
from agent.journal.row import is_json_object
from agent.journal.schema import Table

SPAN_SEQS = 20_000
"""Seqs counted in one transaction: some 100 ms on a small board."""

COMMITTED_TOGETHER = (Kind.READING, Kind.READING_HOURLY, Kind.GAP)
"""Kinds that wait up to a second for a group commit. A reading that raises an alarm is committed at
once with it, which its row does not say: it is counted here too."""

_COUNT = """
SELECT CAST(kind AS TEXT), CAST(lane AS TEXT), CAST(time_quality AS TEXT),
    CAST((received_at + correction_ms / 1000.0 + :zone_s) / 86400 AS INTEGER),
    seq > CASE lane WHEN 'urgent' THEN :urgent ELSE :bulk END,
    typeof(body) <> 'text' OR length(CAST(body AS BLOB)) > :largest
        OR NOT json_valid(body) OR substr(ltrim(body), 1, 1) <> '{',
    count(*), sum(length(CAST(body AS BLOB))), min(CAST(recorded_at AS REAL)),
    max(CAST(recorded_at AS REAL)),
    max(CASE WHEN time_quality = 'synced' THEN CAST(recorded_at AS REAL) END)
FROM journal WHERE journal_id = :journal AND seq > :after AND seq <= :through
GROUP BY 1, 2, 3, 4, 5, 6"""
_TELLING = f"""
SELECT kind, body, recorded_at FROM journal
WHERE journal_id = ? AND seq > ? AND seq <= ? AND kind IN ('{Kind.GAP}', '{Kind.CLOCK_STEPPED}')"""


@dataclass(frozen=True, slots=True)
class Key:
    """What rows that are counted together have in common. `day` is a number of days since 1970 in
    the zone of whoever asks; `waiting` not acknowledged by the platform; `set_aside` its body
    cannot be sent."""

    kind: str
    lane: str
    quality: str
    day: int
    waiting: bool
    set_aside: bool


@dataclass(frozen=True, slots=True)
class Sum:
    """How many rows, bytes of bodies, and when the first and last of them was recorded (wall
    seconds)."""

    rows: int = 0
    bytes: int = 0
    oldest_s: float = float("inf")
    newest_s: float = float("-inf")

    def __add__(self, other: Sum) -> Sum:
        return Sum(
            self.rows + other.rows,
            self.bytes + other.bytes,
            min(self.oldest_s, other.oldest_s),
            max(self.newest_s, other.newest_s),
        )


@dataclass(frozen=True, slots=True)
class Step:
    """A step of the wall clock, as recorded."""

    at_s: float
    delta_ms: int
    before: str
    after: str


@dataclass(slots=True)
class Survey:
    """All that was counted. `drops`: (why, class) -> [rows, gap rows]."""

    sums: dict[Key, Sum] = field(default_factory=dict)
    drops: dict[tuple[str, str], Counter[str]] = field(default_factory=dict)
    steps: int = 0
    last_step: Step | None = None
    last_synced_s: float | None = None

    def by(self, key: Callable[[Key], Any], only: Callable[[Key], bool] = lambda _: True) -> Any:
        """Return the sums of the rows that `only` takes, grouped by what `key` says of them."""
        found: dict[Any, Sum] = {}
        for one, total in self.sums.items():
            if only(one):
                found[key(one)] = found.get(key(one), Sum()) + total
        return dict(sorted(found.items()))

    def total(self, only: Callable[[Key], bool] = lambda _: True) -> Sum:
        """Return the sum of the rows that `only` takes."""
        return sum((total for key, total in self.sums.items() if only(key)), Sum())


def survey(
    found: Survey,
    reader: JournalReader,
    journal_id: JournalId,
    *,
    acknowledged: Mapping[Lane, int],
    zone_s: float,
    largest: int,
    only_waiting: bool = False,
    on_span: Callable[[int, int], None] = lambda seq, last: None,
) -> None:
    """Add all rows of one journal to `found`, or with `only_waiting` those alone that the platform
    has not acknowledged.

    `zone_s` seconds east of Greenwich; `largest` bytes that a body may have to be sent;
    `on_span(seq, last_seq)` is called as it goes on. Errors: JournalError.
    """
    last = reader.last_seq(journal_id)
    first = min(acknowledged.get(lane, 0) for lane in Lane) if only_waiting else 0
    for after in range(first, last, SPAN_SEQS):
        through = min(after + SPAN_SEQS, last)
        values: dict[str, str | int | float] = {
            "zone_s": zone_s,
            "urgent": acknowledged.get(Lane.URGENT, 0),
            "bulk": acknowledged.get(Lane.BULK, 0),
            "largest": largest,
            "journal": journal_id,
            "after": after,
            "through": through,
        }
        for kind, lane, quality, day, waits, aside, *sums, synced_s in reader.query(_COUNT, values):
            key = Key(kind, lane, quality, day, bool(waits), bool(aside))
            if only_waiting and not key.waiting:
                continue
            found.sums[key] = found.sums.get(key, Sum()) + Sum(*sums)
            if synced_s is not None:
                found.last_synced_s = max(synced_s, found.last_synced_s or synced_s)
        for kind, body, at_s in reader.query(_TELLING, [journal_id, after, through]):
            _take(found, kind, json.loads(body) if is_json_object(body) else {}, at_s)
        on_span(through, last)


def _take(found: Survey, kind: str, body: Mapping[str, Any], at_s: float) -> None:
    if kind == Kind.GAP:
        drop = found.drops.setdefault(
            (str(body.get("why", "")), str(body.get("class", ""))), Counter()
        )
        count = body.get("count", 0)
        drop.update(rows=count if isinstance(count, int) else 0, gaps=1)
        return
    found.steps += 1
    delta = body.get("delta_ms")
    step = Step(
        at_s,
        delta if isinstance(delta, int) else 0,
        str(body.get("quality_before", "")),
        str(body.get("quality_after", "")),
    )
    if found.last_step is None or at_s >= found.last_step.at_s:
        found.last_step = step


def cursors(readers: Iterable[JournalReader]) -> dict[JournalId, dict[Lane, int]]:
    """Return through which seq the platform has each lane, by journal: cursors only move forward,
    so of several files the furthest counts. Errors: JournalError."""
    found: dict[JournalId, dict[Lane, int]] = {}
    for reader in readers:
        for key, body in reader.state(Table.CURSOR).items():
            journal_id, _, lane = key.partition("/")
            if lane in list(Lane) and body.isdecimal():
                lanes = found.setdefault(JournalId(journal_id), {})
                lanes[Lane(lane)] = max(int(body), lanes.get(Lane(lane), 0))
    return found


def file_bytes(path: Path) -> tuple[int, int]:
    """Return the size of a journal file and of its WAL, 0 for one that is not there."""

    def size(one: Path) -> int:
        try:
            return one.stat().st_size
        except OSError:
            return 0

    return size(path), size(Path(f"{path}-wal"))


# --- following a backlog --------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Front:
    """What of one lane waits: rows after `through`, up to `last`. `acked` rows were acknowledged
    while we looked."""

    through: int = 0
    last: int = 0
    rows: int = 0
    acked: int = 0


def moved(
    front: Front, reader: JournalReader, journal_id: JournalId, lane: Lane, through: int
) -> Front:
    """Return the front as it is now that the platform has everything up to `through`.

    Counts only what was acknowledged or written since the last look. Errors: JournalError.
    """
    last = max(reader.last_seq(journal_id), front.last)

    def between(after: int, upto: int) -> int:
        if upto <= after:
            return 0
        ((count,),) = reader.query(
            "SELECT count(*) FROM journal WHERE journal_id = ? AND lane = ? "
            "AND seq > ? AND seq <= ?",
            [journal_id, lane, after, upto],
        )
        return int(count)

    if through < front.through or not front.last:
        return Front(through, last, between(through, last), front.acked)
    gone = between(front.through, through)
    come = between(max(front.last, through), last)
    waited = max(0, front.rows - between(front.through, min(through, front.last)))
    left = waited + come if through < last else 0
    return Front(through, last, left, front.acked + gone)

"""What the platform keeps, in SQLite: every event once, by (hub, journal_id, seq).

Owns the tables and the watermark of each lane. Knows nothing of MQTT.
"""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from sync.messages import Event

_TABLES = """
CREATE TABLE IF NOT EXISTS event (
    hub TEXT, journal_id TEXT, seq INTEGER, lane TEXT, kind TEXT, severity TEXT, subject TEXT,
    time TEXT, time_quality TEXT, historical INTEGER, queued_ms INTEGER, set_aside TEXT, data TEXT,
    arrived_at REAL, arrived_mono_ns INTEGER, arrival INTEGER, copies INTEGER,
    PRIMARY KEY (hub, journal_id, seq)
) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS watermark (
    hub TEXT, journal_id TEXT, lane TEXT, through_seq INTEGER,
    PRIMARY KEY (hub, journal_id, lane)
) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS hub (
    hub TEXT PRIMARY KEY, state TEXT, reason TEXT, since TEXT, heard_at REAL, beats INTEGER,
    silent INTEGER, boot_id TEXT
) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS response (
    n INTEGER PRIMARY KEY, hub TEXT, request_id TEXT, name TEXT, ok INTEGER, code TEXT,
    page INTEGER, more INTEGER, body TEXT, UNIQUE (hub, request_id, page, code)
);
CREATE TABLE IF NOT EXISTS request (request_id TEXT PRIMARY KEY, hub TEXT, name TEXT, body TEXT);
CREATE TABLE IF NOT EXISTS note (n INTEGER PRIMARY KEY, at REAL, hub TEXT, what TEXT, detail TEXT);
CREATE TABLE IF NOT EXISTS acked (n INTEGER PRIMARY KEY, at REAL, hub TEXT, body TEXT);
"""


@dataclass(frozen=True, slots=True)
class Arrival:
    """When a message came: wall seconds, and nanoseconds of this machine's monotonic clock."""

    at_s: float
    mono_ns: int


class PlatformStore:
    """One database file with one writer. A method that changes something has committed when it
    returns."""

    def __init__(self, path: Path) -> None:
        self._db = sqlite3.connect(path, isolation_level=None)
        self._db.execute("PRAGMA journal_mode = WAL")
        self._db.execute("PRAGMA synchronous = FULL")
        self._db.executescript(_TABLES)
        row = self._db.execute("SELECT coalesce(max(arrival), 0) FROM event").fetchone()
        self._arrivals = int(row[0])

    def close(self) -> None:
        """Let the file go."""
        self._db.close()

    def keep(self, hub: str, events: Iterable[Event], arrival: Arrival) -> list[Event]:
        """Store events in one transaction and move the watermarks; return those that were new.

        The watermark moves to an event whose predecessor is covered. What the hub says is confirmed
        already (`ackedseq`) is covered, also after this database was lost.
        """
        fresh: list[Event] = []
        with self._transaction():
            for event in events:
                if self._keep_one(hub, event, arrival):
                    fresh.append(event)
                through = max(self.watermark(hub, event.journalid, event.lane), event.ackedseq)
                if event.prevseq <= through:
                    through = max(through, event.seq)
                self._db.execute(
                    "INSERT INTO watermark VALUES (?, ?, ?, ?) ON CONFLICT DO UPDATE "
                    "SET through_seq = excluded.through_seq",
                    (hub, event.journalid, event.lane, through),
                )
        return fresh

    def watermark(self, hub: str, journal_id: str, lane: str) -> int:
        """Return up to which seq the lane is complete here."""
        row = self._db.execute(
            "SELECT through_seq FROM watermark WHERE (hub, journal_id, lane) = (?, ?, ?)",
            (hub, journal_id, lane),
        ).fetchone()
        return 0 if row is None else int(row[0])

    def _keep_one(self, hub: str, event: Event, arrival: Arrival) -> bool:
        self._arrivals += 1
        key = (hub, event.journalid, event.seq)
        found = self._db.execute(
            "UPDATE event SET copies = copies + 1 WHERE (hub, journal_id, seq) = (?, ?, ?)", key
        )
        if found.rowcount:
            return False
        self._db.execute(
            "INSERT INTO event VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, 1)",
            (
                *key,
                event.lane,
                event.type.removeprefix("cn.anju.hub."),
                event.severity,
                event.subject,
                event.time.isoformat(),
                event.timequality,
                event.historical,
                event.queuedms,
                event.setaside,
                json.dumps(event.data, ensure_ascii=False),
                arrival.at_s,
                arrival.mono_ns,
                self._arrivals,
            ),
        )
        return True

    def hub_status(self, hub: str, body: dict[str, Any], at_s: float) -> None:
        """Keep what a hub says of itself, or what the broker says after it was lost."""
        self._db.execute(
            "INSERT INTO hub VALUES (?, ?, ?, ?, ?, 0, 0, ?) ON CONFLICT DO UPDATE SET state = "
            "excluded.state, reason = excluded.reason, since = excluded.since, heard_at = "
            "excluded.heard_at, silent = 0, boot_id = excluded.boot_id",
            (hub, body["state"], body.get("reason"), body.get("since"), at_s, body.get("boot_id")),
        )

    def heard(self, hub: str, at_s: float, *, beat: bool = False) -> None:
        """Note that a hub lives."""
        self._db.execute(
            "INSERT INTO hub VALUES (?, 'unknown', '', '', ?, ?, 0, '') ON CONFLICT DO UPDATE SET "
            "heard_at = excluded.heard_at, beats = beats + excluded.beats, silent = 0",
            (hub, at_s, int(beat)),
        )

    def mark_silent(self, before_s: float) -> list[str]:
        """Mark hubs that said they are online and were last heard before `before_s`."""
        rows = self._db.execute(
            "UPDATE hub SET silent = 1 WHERE silent = 0 AND state = 'online' AND heard_at < ? "
            "RETURNING hub",
            (before_s,),
        ).fetchall()
        return [str(row[0]) for row in rows]

    def keep_response(self, hub: str, body: dict[str, Any]) -> None:
        """Keep one page of an answer."""
        self._db.execute(
            "INSERT OR IGNORE INTO response(hub, request_id, name, ok, code, page, more, body) "
            "VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
            (
                hub,
                body.get("request_id"),
                body.get("name"),
                bool(body.get("ok")),
                body.get("code"),
                body.get("page"),
                bool(body.get("more")),
                json.dumps(body, ensure_ascii=False),
            ),
        )

    def keep_request(self, hub: str, request_id: str, name: str, body: str) -> None:
        """Keep what was asked."""
        self._db.execute("INSERT INTO request VALUES (?, ?, ?, ?)", (request_id, hub, name, body))

    def keep_ack(self, hub: str, body: str, at_s: float) -> None:
        """Keep what was acknowledged."""
        self._db.execute("INSERT INTO acked(at, hub, body) VALUES (?, ?, ?)", (at_s, hub, body))

    def note(self, hub: str, what: str, detail: str, at_s: float) -> None:
        """Keep a remark: rubbish that came, a hub that fell silent."""
        self._db.execute(
            "INSERT INTO note(at, hub, what, detail) VALUES (?, ?, ?, ?)",
            (at_s, hub, what, detail[:1000]),
        )

    def _transaction(self) -> _Transaction:
        return _Transaction(self._db)


class _Transaction:
    """BEGIN IMMEDIATE ... COMMIT, or ROLLBACK when the block fails."""

    def __init__(self, db: sqlite3.Connection) -> None:
        self._db = db

    def __enter__(self) -> None:
        self._db.execute("BEGIN IMMEDIATE")

    def __exit__(self, kind: object, *_: object) -> None:
        self._db.execute("COMMIT" if kind is None else "ROLLBACK")


def read_tables(path: Path, *, with_events: bool = True) -> dict[str, Any]:
    """Return the whole database as lists of dicts, for people and tests; {} before it exists."""
    if not path.exists():
        return {}
    db = sqlite3.connect(f"file:{path}?mode=ro", uri=True, timeout=5.0)
    db.row_factory = sqlite3.Row
    try:
        tables = ["hub", "watermark", "response", "request", "note", "acked"]
        found: dict[str, Any] = {
            name: [dict(row) for row in db.execute(f"SELECT * FROM {name}")] for name in tables
        }
        counts = db.execute(
            "SELECT count(*), coalesce(sum(copies), 0), coalesce(sum(historical), 0) FROM event"
        ).fetchone()
        found["counts"] = {"stored": counts[0], "received": counts[1], "historical": counts[2]}
        if with_events:
            rows = db.execute("SELECT * FROM event ORDER BY arrival")
            found["event"] = [dict(row) for row in rows]
        return found
    except sqlite3.OperationalError:
        return {}  # The process has made the file but not its tables yet.
    finally:
        db.close()

"""The tables of the journal and how older files become the present one.

Migrations are forward only, each in its own transaction together with its record. The present
version stands in `PRAGMA user_version`, so that a start on a present file need not load the
migration library.
"""

from __future__ import annotations

import sqlite3
from enum import StrEnum

VERSION = 1

IDENTITY_KEY = "journal_id"
"""The `setting` under which a file keeps the identity of the rows that are written into it."""

MAX_PAGES_FALLBACK = 4_096
"""Bound of the file on tmpfs: 16 MB at 4 kB a page, more than a day of a home's telemetry."""


class Table(StrEnum):
    """The small tables of key and JSON body."""

    ALARM = "alarm"
    RULE_STATE = "rule_state"
    EFFECT = "effect"
    DEVICE = "device"
    CURSOR = "cursor"
    SETTING = "setting"


_JOURNAL = """
CREATE TABLE journal (
    journal_id    TEXT NOT NULL,
    seq           INTEGER NOT NULL,
    lane          TEXT NOT NULL,
    kind          TEXT NOT NULL,
    severity      TEXT,
    device        TEXT,
    body          TEXT NOT NULL,
    observed_at   REAL,
    received_at   REAL NOT NULL,
    recorded_at   REAL NOT NULL,
    boot_id       TEXT NOT NULL,
    mono_ms       INTEGER NOT NULL,
    time_quality  TEXT NOT NULL,
    correction_ms INTEGER NOT NULL DEFAULT 0,
    PRIMARY KEY (journal_id, seq)
) WITHOUT ROWID
"""


def upgrade(db: sqlite3.Connection) -> None:
    """Bring the file behind `db` to the present version.

    Errors: sqlite3.Error from the disk; sqlite3.DatabaseError when the file is of a newer version.
    """
    found = int(db.execute("PRAGMA user_version").fetchone()[0])
    if found == VERSION:
        return
    if found > VERSION:
        raise sqlite3.DatabaseError(
            f"journal version {found} is newer than this program's {VERSION}"
        )
    # Loaded only here: it costs a tenth of a second, which a start on a present file can save.
    from sqlite_utils import Database, Migrations

    steps = Migrations("anju.journal")

    @steps(name="001_journal")
    def _first(database: Database) -> None:
        database.conn.execute(_JOURNAL)
        database.conn.execute(
            "CREATE INDEX journal_urgent ON journal (journal_id, seq) WHERE lane = 'urgent'"
        )
        for table in Table:
            database.conn.execute(
                f"CREATE TABLE {table} (key TEXT PRIMARY KEY, body TEXT NOT NULL) WITHOUT ROWID"
            )

    steps.apply(Database(db, execute_plugins=False))
    db.execute(f"PRAGMA user_version = {VERSION}")
    db.commit()

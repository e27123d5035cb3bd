"""The tables of the journal and how older files become the present one.

Migrations are forward only, each in its own transaction together with its record. The present
version stands in `PRAGMA user_version`, so that a start on a present file need not load the
migration library.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from enum import StrEnum

from agent.core.row import JournalId

VERSION = 2

COLUMNS = (
    "journal_id, seq, lane, kind, severity, device, body, observed_at, received_at, recorded_at, "
    "boot_id, mono_ms, time_quality, correction_ms"
)
"""Of the table `journal`, in their order. A file of a newer version may have more."""

HEARD = "(received_at + correction_ms / 1000.0)"
"""When a row was heard, as far as it is known now, in wall seconds UTC."""

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

_SPAN = """
CREATE TABLE span (
    journal_id TEXT NOT NULL,
    first_seq  INTEGER NOT NULL,
    last_seq   INTEGER NOT NULL,
    earliest   REAL NOT NULL,
    latest     REAL NOT NULL,
    PRIMARY KEY (journal_id, first_seq)
) WITHOUT ROWID
"""


def journal_ids(db: sqlite3.Connection) -> Iterator[JournalId]:
    """Yield every journal_id in a file, by one index probe each. Errors: sqlite3.Error."""
    last = ""
    while True:
        found = db.execute(
            "SELECT min(journal_id) FROM journal WHERE journal_id > ?", (last,)
        ).fetchone()[0]
        if not isinstance(found, str):
            return
        last = found
        yield JournalId(found)


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

    @steps(name="002_span")
    def _second(database: Database) -> None:
        # No rows are read here, however many there are: their spans follow in the background.
        database.conn.execute(_SPAN)

    steps.apply(Database(db, execute_plugins=False))
    db.execute(f"PRAGMA user_version = {VERSION}")
    db.commit()

"""Writes the journal of the present version: a short life of a hub, always the same."""

from __future__ import annotations

import asyncio
import sqlite3
from contextlib import closing
from pathlib import Path
from tempfile import TemporaryDirectory

from agent.core.alarm import Severity
from agent.core.clock import TimeQuality
from agent.core.device import DeviceId
from agent.core.row import JournalId, Kind, Lane, Row
from agent.journal.schema import VERSION, Table
from agent.journal.store import JournalStore
from agent.journal.writer import Put
from tests.clocks import HandClock

JOURNAL_ID = JournalId("f1c7ed01")
READINGS = 40
FOLDER = Path(__file__).parent


def dump(path: Path) -> str:
    """Return a journal as SQL, with what would differ from one day to the next made the same."""
    with closing(sqlite3.connect(path)) as db:
        (present,) = db.execute("SELECT body FROM setting WHERE key = 'journal_id'").fetchone()
        for change in (
            "UPDATE journal SET journal_id = ?",
            "UPDATE setting SET body = ? WHERE key = 'journal_id'",
        ):
            db.execute(change, (JOURNAL_ID,))
        db.execute("UPDATE cursor SET key = replace(key, ?, ?)", (present, JOURNAL_ID))
        db.execute("UPDATE _sqlite_migrations SET applied_at = '2026-11-23 08:00:00+00:00'")
        (version,) = db.execute("PRAGMA user_version").fetchone()
        lines = [*db.iterdump(), f"PRAGMA user_version = {version};"]
    return "\n".join(lines) + "\n"


async def live(path: Path) -> None:
    """Be a hub whose clock is set, whose button is pressed, and whom the platform answers."""
    clock = HandClock()
    clock.quality = TimeQuality.UNKNOWN
    store = JournalStore(path, path.with_name("fallback.db"), clock)
    store.start()
    rows = []
    for number in range(READINGS):
        clock.advance(60)
        body = {"quantity": "temp_c", "value": 20 + number / 10, "channel": "床头"}
        row = Row(Kind.READING, Lane.BULK, clock.now(), body, DeviceId("zigbee-1"))
        rows.append((store.take_seq(), row))
        clock.quality = TimeQuality.SYNCED if number > READINGS // 2 else clock.quality
    body = {"alarm": f"{JOURNAL_ID}-{store.next_seq}", "rule": "sos", "hazard": "sos"}
    stamp = clock.now()
    raised = Row(
        Kind.ALARM_RAISED, Lane.URGENT, stamp, body, DeviceId("zigbee-2"), Severity.S1, 1.5
    )
    rows.append((store.take_seq(), raised))
    puts = [Put(table, f"{table}-1", f'{{"of": "{table}"}}') for table in Table]
    store.append(rows, puts, urgent=True)
    store.advance(store.journal_id, Lane.BULK, 30)
    assert store.stop(30)


def main() -> None:
    """Write the file."""
    with TemporaryDirectory() as folder:
        path = Path(folder) / "journal.db"
        asyncio.run(live(path))
        target = FOLDER / f"v{VERSION}.sql"
        target.write_text(dump(path), encoding="utf-8")


if __name__ == "__main__":
    main()

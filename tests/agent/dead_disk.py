"""A program whose journal's disk dies and comes back; run with `dead_disk.c` preloaded.

`python -m tests.agent.dead_disk FOLDER`: FOLDER/disk is the disk, FOLDER/dead makes it hang and
FOLDER/fail makes it fail. Prints what it saw as JSON.
"""

from __future__ import annotations

import asyncio
import json
import sqlite3
import sys
from contextlib import closing, suppress
from pathlib import Path

from agent.clock import SystemClock
from agent.core.row import Kind, Lane, Row
from agent.journal.store import JournalStore
from tests.agent.home import until

ROUNDS_S = 30.0


async def _commit(store: JournalStore, clock: SystemClock) -> bool:
    done: list[bool] = []
    row = Row(Kind.READING, Lane.BULK, clock.now(), {"n": store.next_seq})
    store.append([(store.take_seq(), row)], urgent=True, done=done.append)
    await until(lambda: bool(done), ROUNDS_S)
    return done[0]


async def _live(folder: Path) -> dict[str, object]:
    clock = SystemClock()
    disk = folder / "disk"
    store = JournalStore(disk / "journal.db", folder / "fallback.db", clock, retry_main_s=0.5)
    store.start()
    watching = asyncio.get_running_loop().create_task(store.watch())
    main_id = store.journal_id
    told = [await _commit(store, clock) for _ in range(3)]
    sick = folder / sys.argv[2]
    sick.touch()
    told += [await _commit(store, clock) for _ in range(3)]
    left, trouble = store.file.fallback, store.trouble
    sick.unlink()
    await until(lambda: not store.file.fallback, ROUNDS_S)
    told += [await _commit(store, clock) for _ in range(3)]
    watching.cancel()
    with suppress(asyncio.CancelledError):
        await watching
    stopped = store.stop(10)
    with closing(sqlite3.connect(disk / "journal.db")) as db:
        rows = db.execute("SELECT journal_id, seq FROM journal ORDER BY seq").fetchall()
        whole = db.execute("PRAGMA integrity_check").fetchone()[0]
    return {
        "told": told,
        "left": left,
        "trouble": trouble,
        "stopped": stopped,
        "whole": whole,
        "seqs": [seq for _, seq in rows],
        "in_main": [journal_id == main_id for journal_id, _ in rows],
    }


if __name__ == "__main__":
    sys.stdout.write(json.dumps(asyncio.run(_live(Path(sys.argv[1])))))

"""What is known of one run: the journal as it is, and everything that was ever told of it."""

from __future__ import annotations

import json
import shutil
import sqlite3
from contextlib import closing
from dataclasses import dataclass, field
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

Key = tuple[str, int]
"""(journal_id, seq)."""


@dataclass(frozen=True, slots=True)
class Row:
    """What of a row must never change. `mono_ms` is None where it was not told."""

    kind: str
    lane: str
    severity: str | None
    device: str | None
    body: dict[str, Any]
    mono_ms: int | None = field(default=None, compare=False)


@dataclass(frozen=True, slots=True)
class Press:
    """A press whose frame went to the hub, in ms of the machine's monotonic clock."""

    device: str
    mono_ms: int


@dataclass(slots=True)
class Told:
    """All that the hub told over its control socket, by anybody who listened."""

    rows: dict[Key, Row] = field(default_factory=dict)
    committed: dict[str, int] = field(default_factory=dict)
    alarms: list[dict[str, Any]] = field(default_factory=list)
    changed: list[str] = field(default_factory=list)
    """Contradictions seen while listening: a row that was told twice and differently."""

    def row(self, key: Key, row: Row) -> None:
        """Note a row."""
        before = self.rows.setdefault(key, row)
        if before != row:
            self.changed.append(f"row {key} was told as {before} and then as {row}")


@dataclass(slots=True)
class Evidence:
    """Everything the checker looks at.

    `sirens`     when a siren of the home was told to sound, in ms of the monotonic clock.
    `kills`      when which process was killed.
    `ready`      when the hub said that an SOS would be honoured, after each start of guard.
    `left_over`  keys of orders that the journal still holds as not carried out.
    `stores`     what integrity_check said after each kill.
    """

    told: Told = field(default_factory=Told)
    journal: dict[Key, Row] = field(default_factory=dict)
    platform: list[dict[str, Any]] = field(default_factory=list)
    sirens: list[int] = field(default_factory=list)
    presses: list[Press] = field(default_factory=list)
    kills: list[tuple[int, str]] = field(default_factory=list)
    ready: list[int] = field(default_factory=list)
    left_over: list[str] = field(default_factory=list)
    stores: list[str] = field(default_factory=list)


def read_journal(path: Path) -> dict[Key, Row]:
    """Return every row of a journal file."""
    with closing(sqlite3.connect(f"file:{path}?mode=ro", uri=True, timeout=5.0)) as db:
        rows = db.execute(
            "SELECT journal_id, seq, kind, lane, severity, device, body, mono_ms FROM journal"
        )
        return {
            (r[0], r[1]): Row(r[2], r[3], r[4], r[5], json.loads(r[6]), int(r[7])) for r in rows
        }


def read_orders(path: Path) -> list[str]:
    """Return the keys of the orders that the journal holds as not carried out."""
    with closing(sqlite3.connect(f"file:{path}?mode=ro", uri=True, timeout=5.0)) as db:
        return [str(row[0]) for row in db.execute("SELECT key FROM effect")]


def examine(path: Path) -> tuple[str, dict[Key, Row]]:
    """Return what integrity_check says of a journal that nobody writes now, and its rows.

    It looks at a copy, so that the next guard finds the file exactly as the kill left it.
    """
    with TemporaryDirectory(prefix="anju-examine-") as folder:
        copy = Path(folder) / path.name
        for suffix in ("", "-wal"):
            if Path(f"{path}{suffix}").exists():
                shutil.copyfile(f"{path}{suffix}", f"{copy}{suffix}")
        with closing(sqlite3.connect(copy)) as db:
            said = "; ".join(str(row[0]) for row in db.execute("PRAGMA integrity_check"))
        return said, read_journal(copy)

"""Where journals lie, and how a person's tools open one: read-only, whoever else has it open.

Owns the search for files and the way a file is opened that may be half broken. Needs no hub.
"""

from __future__ import annotations

import sqlite3
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from urllib.parse import quote

from agent.core.errors import JournalError


class Role(StrEnum):
    """What a file is to the hub."""

    MAIN = "main"
    FALLBACK = "fallback"  # On tmpfs, while the disk fails.
    QUARANTINED = "quarantined"  # Set aside because it was damaged.
    NAMED = "named"  # Named by the caller: a copy, a card from another hub.


@dataclass(frozen=True, slots=True)
class Place:
    """One journal file."""

    path: Path
    role: Role


def places(main: Path, fallback: Path, *, quarantined: bool = False) -> tuple[Place, ...]:
    """Return the journal files that are there, in the order in which their rows were written as far
    as that can be told: set aside ones by name (which is a time), the real one, the one on tmpfs.

    Errors: JournalError when the folder may not be read.
    """
    found: list[Place] = []
    try:
        if quarantined:
            found += [
                Place(path, Role.QUARANTINED)
                for file in (main, fallback)
                for path in sorted(file.parent.glob(f"{file.name}.bad-*"))
                if not path.name.endswith(("-wal", "-shm"))
            ]
        for path, role in ((main, Role.MAIN), (fallback, Role.FALLBACK)):
            if path.exists():
                found.append(Place(path, role))
    except OSError as error:
        raise JournalError(f"{error.filename}: {error.strerror}") from error
    return tuple(found)


def named(path: Path) -> Place:
    """Return a file that the caller named; one that the hub set aside is known by its name."""
    return Place(path, Role.QUARANTINED if ".bad-" in path.name else Role.NAMED)


def connect(path: Path) -> sqlite3.Connection:
    """Return a read-only connection in which every read is a short transaction of its own.

    With the WAL where that is possible; a file without one in a folder that we may not write is
    read as it lies. Text that is not UTF-8 comes with replacement characters, so that one damaged
    row does not hide the others.
    Errors: JournalError when it cannot be opened or is no database.
    """
    name = f"file:{quote(str(path))}?mode=ro"
    if not path.exists():
        raise JournalError(f"journal {path}: there is no such file")
    try:
        try:
            db = _probed(name)
        except sqlite3.OperationalError:
            if Path(f"{path}-wal").exists():
                raise
            db = _probed(f"{name}&immutable=1")
    except sqlite3.Error as error:
        raise JournalError(f"journal {path}: {error}") from error
    db.text_factory = lambda raw: raw.decode(errors="replace")
    return db


def _probed(name: str) -> sqlite3.Connection:
    db = sqlite3.connect(name, uri=True, timeout=2.0, isolation_level=None)
    try:
        db.execute("SELECT count(*) FROM sqlite_master").fetchone()
    except sqlite3.Error:
        db.close()
        raise
    return db

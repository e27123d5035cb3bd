"""Replays a record up to one cut after the other and looks what the product finds there."""

from __future__ import annotations

import json
import mmap
import os
import shutil
import sqlite3
from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

from agent.journal.files import remove
from agent.journal.store import JournalStore
from tests.clocks import HandClock
from tests.faults.power_cut.block_log import Entry, parse
from tests.faults.power_cut.cuts import Cut, flushes, safe_until, surviving
from tests.faults.power_cut.disk import DiskError, loop, mounted, run
from tests.faults.power_cut.judge import (
    Found,
    FoundRow,
    Promises,
    Told,
    Verdict,
    digest,
    judge,
)
from tests.faults.power_cut.load import BALLAST, MAIN, STATE_DIR

_FSCK_MENDED = (0, 1, 2)


@dataclass(frozen=True, slots=True)
class Recording:
    """What one run of the load left: the disk before it, the record, and the notes of what was
    told. Only cuts from `first` to `last` are of interest: before, there was no file system."""

    image: Path
    record: Path
    notes: Path
    first: int
    last: int


@dataclass(frozen=True, slots=True)
class Looked:
    """What was found after a cut. `fsck` says that it took e2fsck to mount the disk."""

    cut: Cut
    verdict: Verdict
    fsck: bool = False


def replay(recording: Recording, cuts: Sequence[Cut], *, by_mount: bool) -> list[Looked]:
    """Return what is found after each of these cuts, which come in order of their moment."""
    promises = read_notes(recording.notes)
    with _entries(recording) as entries, TemporaryDirectory(dir=recording.record.parent) as name:
        folder = Path(name)
        medium = bytearray(recording.image.read_bytes())
        work = folder / "disk"
        work.write_bytes(medium)
        found: list[Looked] = []
        flushed, done = flushes(entries), 0
        with _viewer(folder, work, by_mount=by_mount) as look:
            for cut in cuts:
                safe = safe_until(flushed, cut.position)
                for entry in entries[done:safe]:
                    medium[entry.offset : entry.offset + len(entry.data)] = entry.data
                done = max(done, safe)
                _write(work, medium, entries[safe : cut.position], cut)
                found.append(look.look(promises, cut))
        return found


def read_notes(path: Path) -> Promises:
    """Return what the load noted; a last line that was cut off by the end of the load is none."""
    told: list[Told] = []
    asked: set[str] = set()
    for line in path.read_text().splitlines():
        note = json.loads(line)
        if "asked" in note:
            asked.add(note["asked"])
            continue
        rows = tuple(((row[0], row[1]), row[2]) for row in note.get("rows", ()))
        told.append(Told(note["at"], rows, note.get("removed")))
    return Promises(tuple(told), frozenset(asked))


def open_and_read(main: Path, fallback: Path) -> Found:
    """Open the journal as the hub does at its start, and return what it then has."""
    try:
        store = JournalStore(main, fallback, HandClock())
    except (sqlite3.Error, OSError) as error:
        return Found(f"its opening failed: {error}", "", ())
    with closing(store.file.db) as db:
        try:
            integrity = "; ".join(row[0] for row in db.execute("PRAGMA integrity_check"))
            rows = tuple(_rows(db))
        except sqlite3.Error as error:
            return Found(store.trouble, str(error), ())
    state = {str(table): entries for table, entries in store.state.items()}
    return Found(store.trouble, integrity, rows, state)


def _rows(db: sqlite3.Connection) -> Iterator[FoundRow]:
    for journal_id, seq, kind, lane, text in db.execute(
        "SELECT journal_id, seq, kind, lane, body FROM journal"
    ):
        body = json.loads(text)
        yield FoundRow((journal_id, seq), kind, digest(kind, lane, body), body)


@contextmanager
def _entries(recording: Recording) -> Iterator[Sequence[Entry]]:
    """The record stays in its file: many workers read the same pages."""
    with recording.record.open("rb") as file:
        raw = mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ)
        yield parse(memoryview(raw), recording.last)


def _write(work: Path, medium: bytearray, unsafe: Sequence[Entry], cut: Cut) -> None:
    with work.open("r+b", buffering=0) as file:
        file.write(medium)
        for write in surviving(unsafe, cut):
            os.pwrite(file.fileno(), write.data, write.offset)


# --- two ways to look at a disk -------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class _Viewer:
    """Looks at the disk in `work`; by mounting `device`, or, without one, with e2fsck."""

    folder: Path
    work: Path
    device: Path | None

    def look(self, promises: Promises, cut: Cut) -> Looked:
        """Return what the product finds on the disk as it is now."""
        try:
            return self._mount(promises, cut) if self.device else self._dump(promises, cut)
        except (OSError, DiskError) as error:
            told = sum(len(note.rows) for note in promises.told if note.at <= cut.position)
            return Looked(cut, Verdict(told, (f"the file system is gone: {error}",)), fsck=True)

    def _mount(self, promises: Promises, cut: Cut) -> Looked:
        assert self.device is not None
        mount, mended = self.folder / "mnt", False
        mount.mkdir(exist_ok=True)
        for attempt in range(2):
            try:
                with mounted(self.device, mount):
                    return self._judged(promises, cut, mount, mended=mended)
            except OSError:
                if attempt:
                    raise
                run("e2fsck", "-fy", str(self.work), codes=_FSCK_MENDED)
                mended = True
        raise AssertionError("not reached")

    def _dump(self, promises: Promises, cut: Cut) -> Looked:
        run("e2fsck", "-fy", str(self.work), codes=_FSCK_MENDED)
        target = self.folder / "dump"
        shutil.rmtree(target, ignore_errors=True)
        target.mkdir()
        run("debugfs", "-R", f"rdump /{STATE_DIR} {target}", str(self.work))
        return self._judged(promises, cut, target, mended=False)

    def _judged(self, promises: Promises, cut: Cut, root: Path, *, mended: bool) -> Looked:
        main, fallback = root / MAIN, self.folder / "fallback.db"
        found = open_and_read(main, fallback)
        ballast = root / BALLAST
        if found.trouble and ballast.exists():
            # The power went while the disk was full. The hub starts all the same, in tmpfs; what
            # it had told is to be there when somebody has made room.
            ballast.unlink()
            remove(fallback)
            found = open_and_read(main, fallback)
        return Looked(cut, judge(promises, found, cut.position), mended)


@contextmanager
def _viewer(folder: Path, work: Path, *, by_mount: bool) -> Iterator[_Viewer]:
    if not by_mount:
        yield _Viewer(folder, work, None)
        return
    with loop(work) as device:
        yield _Viewer(folder, work, device)

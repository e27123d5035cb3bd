"""Reads the rows of one journal file from beginning to end, while it is being written and pruned.

Owns what makes that complete: every page is a short read transaction of its own, and a journal is
read until there is nothing after the last row. A row that is pruned before it was read has its
`gap` row behind it, written in the same transaction, so that is read instead. Holds one page.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from agent.core.row import JournalId, Lane
from agent.journal.places import Place, Role, connect
from agent.journal.reader import JournalReader
from agent.journal.row import StoredRow
from agent.journal.salvage import SavedRow, saved_rows

PAGE_SEQS = 2_000
"""Seqs looked at in one transaction: some 20 ms on a small board, far below what would keep the
WAL from being reused."""


@dataclass(frozen=True, slots=True)
class Wanted:
    """Which rows: `journal_id` None is all journals of the file. Times are corrected wall seconds,
    both included; `kinds` are exact or the part before the dot."""

    journal_id: JournalId | None = None
    after_seq: int = 0
    from_s: float | None = None
    to_s: float | None = None
    kinds: tuple[str, ...] = ()

    def takes(self, row: StoredRow) -> bool:
        """Return whether the row is one of these."""
        return (
            self.journal_id in (None, row.journal_id)
            and row.seq > self.after_seq
            and (self.from_s is None or row.heard_s >= self.from_s)
            and (self.to_s is None or row.heard_s <= self.to_s)
            and (not self.kinds or any(_of_kind(row.kind, kind) for kind in self.kinds))
        )


@dataclass(frozen=True, slots=True)
class Page:
    """Some rows, perhaps none, oldest first. The journal has been read through `through_seq`, and
    ended at `last_seq` when that was looked up. `broken` rows could not be understood."""

    journal_id: JournalId
    rows: tuple[StoredRow, ...]
    through_seq: int
    last_seq: int
    broken: int = 0


def pages(place: Place, wanted: Wanted) -> Iterator[Page]:
    """Yield the file's wanted rows: journals in the order in which they were begun, each in the
    order of seq. Of a file that was set aside, around the damage.

    Errors: JournalError when a file that should be whole cannot be read.
    """
    if place.role is Role.QUARANTINED:
        yield from _saved(place.path, wanted)
        return
    reader = JournalReader(place.path, connect(place.path))
    try:
        for journal_id in reader.journals():
            if wanted.journal_id in (None, journal_id):
                yield from _journal(reader, journal_id, wanted)
    finally:
        reader.close()


def _journal(reader: JournalReader, journal_id: JournalId, wanted: Wanted) -> Iterator[Page]:
    after, last = wanted.after_seq, reader.last_seq(journal_id)
    while after < last:
        through = min(after + PAGE_SEQS, last)
        rows = reader.between(
            journal_id,
            after_seq=after,
            through_seq=through,
            limit=PAGE_SEQS,
            kinds=wanted.kinds,
            from_s=wanted.from_s,
            to_s=wanted.to_s,
        )
        yield Page(journal_id, tuple(rows), through, last)
        after = through
        if after == last:
            last = reader.last_seq(journal_id)


def _saved(path: Path, wanted: Wanted) -> Iterator[Page]:
    for saved in saved_rows(path):
        rows = [row_of(one) for one in saved]
        whole = [row for row in rows if row is not None]
        if whole:
            last = whole[-1].seq
            taken = tuple(row for row in whole if wanted.takes(row))
            yield Page(whole[-1].journal_id, taken, last, last, len(rows) - len(whole))


def row_of(saved: SavedRow) -> StoredRow | None:
    """Return a row out of a damaged file, None when what it says cannot be a row."""
    try:
        journal_id, seq, lane, kind, severity, device, body, observed, *rest = saved[:14]
        received, recorded, boot_id, mono_ms, quality, correction_ms = rest
        return StoredRow(
            JournalId(str(journal_id)),
            int(str(seq)),
            Lane(str(lane)),
            str(kind),
            _text(severity),
            _text(device),
            body if isinstance(body, str) else _text(body) or "",
            None if observed is None else float(str(observed)),
            float(str(received)),
            float(str(recorded)),
            str(boot_id),
            int(str(mono_ms)),
            str(quality),
            int(str(correction_ms)),
        )
    except ValueError:
        return None


def _text(found: object) -> str | None:
    if isinstance(found, bytes):
        return found.decode(errors="replace")
    return None if found is None else str(found)


def _of_kind(kind: str, wanted: str) -> bool:
    return kind == wanted or kind.startswith(f"{wanted}.")

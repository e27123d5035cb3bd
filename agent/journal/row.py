"""A row as it stands in the file."""

from __future__ import annotations

from dataclasses import dataclass

from agent.core.row import JournalId, Lane


@dataclass(frozen=True, slots=True)
class StoredRow:
    """One row of the table `journal`. `body` is the JSON text as stored; times are wall seconds
    UTC."""

    journal_id: JournalId
    seq: int
    lane: Lane
    kind: str
    severity: str | None
    device: str | None
    body: str
    observed_at: float | None
    received_at: float
    recorded_at: float
    boot_id: str
    mono_ms: int
    time_quality: str
    correction_ms: int


def unreadable(journal_id: JournalId, seq: int, lane: Lane) -> StoredRow:
    """Return a row that stands for one whose columns cannot be read; an empty body is not JSON."""
    return StoredRow(
        journal_id, seq, lane, "unreadable", None, None, "", None, 0.0, 0.0, "", 0, "unknown", 0
    )

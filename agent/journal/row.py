"""A row as it stands in the file."""

from __future__ import annotations

from dataclasses import dataclass

from pydantic_core import from_json

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

    @property
    def heard_s(self) -> float:
        """Return when the hub heard it, put right by what it learned of its clock later."""
        return self.received_at + self.correction_ms / 1000


def unreadable(journal_id: JournalId, seq: int, lane: Lane) -> StoredRow:
    """Return a row that stands for one whose columns cannot be read; an empty body is not JSON."""
    return StoredRow(
        journal_id, seq, lane, "unreadable", None, None, "", None, 0.0, 0.0, "", 0, "unknown", 0
    )


def is_json_object(text: object) -> bool:
    """Return whether `text` is what a body should be: the JSON text of an object.

    >>> is_json_object('{"n": 1}'), is_json_object("[1]"), is_json_object('{"n": NaN}')
    (True, False, False)
    """
    if not isinstance(text, str):
        return False  # SQLite keeps bytes in a text column without a word.
    try:
        return isinstance(from_json(text, allow_inf_nan=False), dict)
    except ValueError:
        return False

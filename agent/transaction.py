"""What one event makes, before it is committed: rows in order, changed state, and orders.

Owns that rows get their seqs in the order in which they are added. Knows nothing of what they say.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

from agent.core.clock import Stamp
from agent.core.effect import CancelWake, WakeAt
from agent.core.row import Row
from agent.dispatch import Asked
from agent.journal.store import JournalStore
from agent.journal.writer import Put


@dataclass(slots=True)
class Transaction:
    """Rows, state and orders of one event: all of it is committed, or none.

    `urgent` says that it is committed at once. `orders` are given once it is on disk;
    `done(durable)` is told then, or when it cannot be. `timers` are set without waiting for the
    disk: a deadline must not be lost with it.
    """

    stamp: Stamp
    store: JournalStore
    rows: list[tuple[int, Row]] = field(default_factory=list)
    puts: list[Put] = field(default_factory=list)
    orders: list[Asked] = field(default_factory=list)
    timers: list[WakeAt | CancelWake] = field(default_factory=list)
    urgent: bool = False
    done: Callable[[bool], None] | None = None

    def add(self, row: Row) -> int:
        """Add a row and return the seq that it was given."""
        seq = self.store.take_seq()
        self.rows.append((seq, row))
        return seq

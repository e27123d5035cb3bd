"""What only the running guard can tell of its journal: commit times, losses, bytes written.

Owns the count of bytes and that it outlives a restart. Everything that can be read out of the file
is left to whoever asks.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime

from agent.control.schema import JournalLive, Nothing, WrittenDay
from agent.control.server import Handler, Peer
from agent.core.clock import Clock
from agent.disk_writes import Written, bytes_written
from agent.journal.schema import Table
from agent.journal.store import JournalStore
from agent.journal.writer import Put

WRITTEN_KEY = "written"


class Measures:
    """Looks at the counters when asked and once a minute."""

    def __init__(
        self,
        clock: Clock,
        store: JournalStore,
        unjournaled: Callable[[], int],
        look: Callable[[], int] = bytes_written,
    ) -> None:
        self._clock = clock
        self._store = store
        self._unjournaled = unjournaled
        self._look = look
        self._written = Written.decode(store.state[Table.SETTING].get(WRITTEN_KEY, ""))
        self._began_s = self._looked_s = clock.now().at_s
        # Not from nought: a guard that begins again in place is the same process to the kernel.
        self._counter = look()

    def handlers(self) -> dict[str, Handler]:
        """Return method name to handler."""
        return {"journal.live": self._live}

    def put(self) -> Put:
        """Return what the journal is to remember of the bytes written."""
        self._count()
        return Put(Table.SETTING, WRITTEN_KEY, self._written.encode())

    def _count(self) -> None:
        now, counter = self._clock.now(), self._look()
        self._written = self._written.after(
            datetime.fromtimestamp(now.wall_s).date().isoformat(),
            more_bytes=max(0, counter - self._counter),
            more_s=max(0.0, now.at_s - self._looked_s),
        )
        self._counter, self._looked_s = counter, now.at_s

    async def _live(self, _: Nothing, __: Peer) -> JournalLive:
        self._count()
        store, now = self._store, self._clock.now()
        return JournalLive(
            up_s=now.at_s - self._began_s,
            time_quality=now.quality,
            commits=store.commits,
            rows=store.counters.rows,
            commit_p50_ms=store.commit_ms(0.5),
            commit_p99_ms=store.commit_ms(0.99),
            unjournaled=self._unjournaled(),
            dropped=store.counters.dropped,
            lost=store.counters.lost,
            written=tuple(
                WrittenDay(day=day, bytes=one.bytes, seconds=one.seconds)
                for day, one in self._written.days.items()
            ),
        )

"""Reads pages of rows from the journal files guard names, off the event loop.

Owns open readers and one thread.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import TypeVar

from agent.core.errors import JournalError
from agent.core.row import JournalId, Lane
from agent.journal.reader import JournalReader
from agent.journal.row import StoredRow

ResultT = TypeVar("ResultT")


class JournalFiles:
    """The journals that can be read. Every method may raise JournalError; then ask guard again
    where the journals are and call `know`."""

    def __init__(self, name: str) -> None:
        self._paths: dict[JournalId, Path] = {}
        self._readers: dict[Path, JournalReader] = {}
        self._thread = ThreadPoolExecutor(max_workers=1, thread_name_prefix=name)

    def know(self, paths: dict[JournalId, Path]) -> None:
        """Take where the journals are. After a change every file is opened anew: guard may have put
        a fresh file in an old one's place."""
        if paths != self._paths:
            self._paths = dict(paths)
            self._thread.submit(self._close_readers)

    async def page(
        self, journal_id: JournalId, lane: Lane, after_seq: int, limit: int
    ) -> tuple[StoredRow, ...]:
        """Return up to `limit` rows of the lane, oldest first."""
        return await self._run(
            lambda: tuple(
                self._reader(journal_id).rows(
                    journal_id, after_seq=after_seq, limit=limit, lane=lane
                )
            )
        )

    async def any_lane(
        self,
        journal_id: JournalId,
        after_seq: int,
        limit: int,
        kinds: Sequence[str],
        from_s: float | None = None,
        to_s: float | None = None,
    ) -> list[StoredRow]:
        """Return up to `limit` rows of both lanes in order of seq, heard from `from_s` to `to_s`
        (wall seconds UTC, None: without that bound)."""
        return await self._run(
            lambda: self._reader(journal_id).between(
                journal_id,
                after_seq=after_seq,
                limit=limit,
                from_s=from_s,
                to_s=to_s,
                kinds=kinds,
            )
        )

    async def waiting(self, journal_id: JournalId, lane: Lane, after_seq: int) -> int:
        """Return how many rows of the lane come after `after_seq`."""
        return await self._run(
            lambda: self._reader(journal_id).waiting(journal_id, lane, after_seq)
        )

    def forget(self) -> None:
        """Open every file anew at the next question: it may have been replaced."""
        self._thread.submit(self._close_readers)

    def close(self) -> None:
        """Let every file go and end the thread."""
        self._thread.submit(self._close_readers)
        self._thread.shutdown(wait=True)

    async def _run(self, work: Callable[[], ResultT]) -> ResultT:
        return await asyncio.get_running_loop().run_in_executor(self._thread, work)

    def _reader(self, journal_id: JournalId) -> JournalReader:
        path = self._paths.get(journal_id)
        if path is None:
            raise JournalError(f"journal {journal_id}: guard has not said where it is")
        if path not in self._readers:
            self._readers[path] = JournalReader(path)
        return self._readers[path]

    def _close_readers(self) -> None:
        for reader in self._readers.values():
            reader.close()
        self._readers.clear()

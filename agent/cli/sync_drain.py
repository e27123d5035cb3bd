"""Follows the backlog down to nothing, in the files: it works whether guard answers or not."""

from __future__ import annotations

import asyncio
import time
from collections import deque
from contextlib import suppress
from typing import Any

from agent.cli import show, text
from agent.cli.journal_files import hub_files
from agent.cli.progress import Progress
from agent.cli.session import Session
from agent.core.errors import JournalError
from agent.core.row import Lane
from agent.journal.places import connect
from agent.journal.reader import JournalReader
from agent.journal.stats import Front, cursors, moved

LOOK_S = 0.5
"""Cursors reach the disk within a second of an acknowledgement."""

RATE_OVER_S = 15.0
"""The rate is that of the last seconds: bulk leaves in bursts."""


class Drain:
    """One attempt. `left` is what waits now, by lane."""

    def __init__(self, session: Session) -> None:
        self._session = session
        self._fronts: dict[tuple[str, str, Lane], Front] = {}
        self._seen: deque[tuple[float, int]] = deque()
        self._acked = 0
        self._began_s = time.monotonic()
        self.progress = Progress()
        self.left: dict[Lane, int] = {}

    async def run(self, wait_s: float) -> int:
        """Look again and again until nothing waits or `wait_s` have passed; return what waits.

        Errors: JournalError when the files cannot be read.
        """
        left = self._look()
        while True:
            # Guard may be changing from one file to another just now: then the next look tells.
            with suppress(JournalError):
                left = self._look()
            if not left or self.took_s >= wait_s:
                return left
            self.progress.show(self._line)
            await asyncio.sleep(min(LOOK_S, max(0.0, wait_s - self.took_s)))

    @property
    def took_s(self) -> float:
        """Return for how long we have been looking."""
        return time.monotonic() - self._began_s

    def result(self) -> dict[str, Any]:
        """Return how it ended, for programs."""
        return {
            "empty": not sum(self.left.values()),
            "left": {lane.value: self.left.get(lane, 0) for lane in Lane},
            "acknowledged": self._acked,
            "took_s": round(self.took_s, 3),
            "rows_per_s": round(self._rate(), 1),
        }

    def sentence(self, wait_s: float) -> str:
        """Return how it ended, for people."""
        left = sum(self.left.values())
        took = show.span(self.took_s, self._session.language)
        if not left:
            return self._session.say(text.DRAINED, acked=f"{self._acked:,}", time=took)
        return self._session.say(text.NOT_DRAINED, left=f"{left:,}", time=took)

    def _look(self) -> int:
        """Count what waits, by what has changed since the last look."""
        readers = [
            JournalReader(place.path, connect(place.path))
            for place in hub_files(self._session).places
        ]
        fronts: dict[tuple[str, str, Lane], Front] = {}
        try:
            acknowledged = cursors(readers)
            for number, reader in enumerate(readers):
                for journal_id in reader.journals():
                    for lane in Lane:
                        key = (str(number), journal_id, lane)
                        before = self._fronts.get(key, Front())
                        through = acknowledged.get(journal_id, {}).get(lane, 0)
                        fronts[key] = moved(before, reader, journal_id, lane, through)
        finally:
            for reader in readers:
                reader.close()
        self._acked += sum(
            fronts[key].acked - front.acked for key, front in self._fronts.items() if key in fronts
        )
        self._fronts = fronts
        self.left = {
            lane: sum(front.rows for (*_, one), front in fronts.items() if one is lane)
            for lane in Lane
        }
        now_s = time.monotonic()
        self._seen.append((now_s, self._acked))
        while now_s - self._seen[0][0] > RATE_OVER_S:
            self._seen.popleft()
        return sum(self.left.values())

    def _rate(self) -> float:
        """Return acknowledged rows a second."""
        (first_s, first), (last_s, last) = self._seen[0], self._seen[-1]
        return (last - first) / (last_s - first_s) if last_s > first_s else 0.0

    def _line(self) -> str:
        left, rate = sum(self.left.values()), self._rate()
        language = self._session.language
        eta = show.span(left / rate, language) if rate else self._session.say(text.UNKNOWN_TIME)
        return self._session.say(
            text.DRAINING,
            urgent=f"{self.left[Lane.URGENT]:,}",
            bulk=f"{self.left[Lane.BULK]:,}",
            rate=f"{rate:.0f}",
            eta=eta,
        )

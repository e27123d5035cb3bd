"""What guard knows of its own hub and says as readings: disk, clock, backlog, restarts, ways out.

Owns when a figure is news: it is said at the start, so that what stood over a restart can end, and
then only when it has changed enough. What a figure means is the rules' matter. Mains and battery of
the hub are said by its power driver.
"""

from __future__ import annotations

import asyncio
import shutil
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

from agent.clock import EARLIEST_WALL_S
from agent.clock_steps import ClockStep
from agent.core.clock import Clock, Stamp, TimeQuality
from agent.core.device import hub_part
from agent.core.reading import Quantity, Reading, Value
from agent.core.row import Lane
from agent.journal.schema import Table
from agent.journal.store import JournalStore
from agent.journal.writer import Put

LOOK_S = 10.0
"""Between two looks: the rules ask for minutes."""

OFF_SHOWN_S = 60.0
"""A clock that was found to be wrong is said to be right again no sooner than this."""

_RUN = "run"
_BEGAN, _ENDED = "began", "ended"

_STEP: Mapping[Quantity, float] = {
    # Less than this is no news: each is a row of the journal.
    Quantity.DISK_PCT: 1.0,
    Quantity.QUEUE_ROWS: 500.0,
    Quantity.CLOCK_OFF_S: 1.0,
}

Ways = Callable[[], Mapping[str, bool]]
"""Says which ways out of the home there are, and whether each is lost."""


class Figure(NamedTuple):
    """One thing that a part of the hub can be asked for."""

    part: str
    quantity: Quantity
    channel: str = ""


def news(told: Mapping[Figure, Value], seen: Mapping[Figure, Value]) -> dict[Figure, Value]:
    """Return what of `seen` differs enough from what was `told` to be said.

    >>> disk = Figure("disk", Quantity.DISK_PCT)
    >>> news({disk: 50.0}, {disk: 50.4}), news({disk: 50.0}, {disk: 51.5})[disk]
    ({}, 51.5)
    """
    return {figure: value for figure, value in seen.items() if _is_news(told, figure, value)}


def _is_news(told: Mapping[Figure, Value], figure: Figure, value: Value) -> bool:
    before = told.get(figure)
    if before is None:
        return True
    if isinstance(value, int | float) and isinstance(before, int | float):
        step = _STEP.get(figure.quantity, 0.0)
        # Back to nought is said whatever the step: it ends what stands.
        return value != before and (abs(value - before) >= step or value == 0)
    return value != before


def clock_off_s(now: Stamp, found: tuple[float, float] | None) -> float:
    """Return how far the clock is, or lately was, from the truth, as far as that is known.

    `found`: (hub time, seconds) of the last comparison with a clock that somebody vouches for.
    """
    if now.quality is TimeQuality.UNKNOWN and now.wall_s < EARLIEST_WALL_S:
        return EARLIEST_WALL_S - now.wall_s  # At least that: the product is younger.
    if found is None or now.at_s - found[0] > OFF_SHOWN_S:
        return 0.0
    return found[1]


class OwnState:
    """Looks at the hub for ever and says what is new. `ways`: None without an uplink."""

    def __init__(
        self,
        clock: Clock,
        store: JournalStore,
        observe: Callable[[Sequence[Reading]], None],
        data_dir: Path,
        ways: Ways | None,
    ) -> None:
        self._clock = clock
        self._store = store
        self._observe = observe
        self._data_dir = data_dir
        self._ways = ways
        self._told: dict[Figure, Value] = {}
        self._found: tuple[float, float] | None = None
        self._ended_well = store.state[Table.SETTING].get(_RUN, _ENDED) == _ENDED

    def begun(self) -> Put:
        """Return what marks that this run began, for the next one to find."""
        return Put(Table.SETTING, _RUN, _BEGAN)

    def ended(self) -> Put:
        """Return what marks that this run ended in good order."""
        return Put(Table.SETTING, _RUN, _ENDED)

    def begin(self) -> None:
        """Say that the last run did not end in good order, if so."""
        if not self._ended_well:
            self._say({Figure("guard", Quantity.RESTARTED): True})

    def clock_stepped(self, step: ClockStep) -> None:
        """Take in that the clock was set by somebody who knows the time."""
        if step.after is TimeQuality.SYNCED:
            self._found = (self._clock.now().at_s, abs(step.delta_ms) / 1000)

    async def watch(self) -> None:
        """Look for ever."""
        while True:
            await self.look()
            await asyncio.sleep(LOOK_S)

    async def look(self) -> None:
        """Look once."""
        disk_pct = await asyncio.to_thread(self._disk_pct)
        seen: dict[Figure, Value] = {
            Figure("clock", Quantity.CLOCK_OFF_S): clock_off_s(self._clock.now(), self._found)
        }
        if disk_pct is not None:
            seen[Figure("disk", Quantity.DISK_PCT)] = disk_pct
        if self._ways is not None:
            waiting = self._store.next_seq - 1 - self._confirmed()
            seen[Figure("journal", Quantity.QUEUE_ROWS)] = max(0, waiting)
            ways = self._ways()
            for way, is_lost in ways.items():
                seen[Figure("uplink", Quantity.PATH_LOST, way)] = is_lost
            seen[Figure("uplink", Quantity.CUT_OFF)] = all(ways.values())
        self._say(news(self._told, seen))

    def _confirmed(self) -> int:
        """Return up to which row the platform has confirmed; nearly all rows are in bulk."""
        return self._store.cursor(self._store.journal_id, Lane.BULK)

    def _disk_pct(self) -> float | None:
        try:
            usage = shutil.disk_usage(self._data_dir)
        except OSError:
            return None  # No disk: the store has said so.
        return round(100 * usage.used / usage.total, 1) if usage.total else None

    def _say(self, figures: Mapping[Figure, Value]) -> None:
        self._told.update(figures)
        now = self._clock.now()
        readings = [
            Reading(hub_part(figure.part), figure.quantity, value, now, figure.channel)
            for figure, value in figures.items()
        ]
        if readings:
            self._observe(readings)

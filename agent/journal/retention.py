"""What may go from the journal, in which order, and when.

Owns the table. Reads with a connection of its own and gives back a plan in bounded steps; the store
carries a step out together with the `gap` row that records it. An alarm that the platform has not
acknowledged is in no row of the table.
"""

from __future__ import annotations

import json
import sqlite3
from collections import defaultdict
from collections.abc import Mapping
from contextlib import closing, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import quote

from agent.core.device import DeviceId
from agent.core.errors import JournalError
from agent.core.row import QUIET, JournalId, Kind, Lane
from agent.journal.edits import ROWS_AT_ONCE
from agent.journal.schema import HEARD, journal_ids

HOUR_S = 3600.0
DAY_S = 24 * HOUR_S


@dataclass(frozen=True, slots=True)
class Class:
    """One line of the table: rows of these kinds go when they are older than `days`, and sooner,
    oldest first, when the disk is nearly full.

    `lane` limits it to what the platform has acknowledged in that lane; None: whatever it has.
    `thin`: readings leave an hourly row behind.
    """

    name: str
    kinds: tuple[str, ...]
    days: float
    lane: Lane | None
    thin: bool = False


TABLE: tuple[Class, ...] = (
    # 2.7: buffer >= 30 d telemetry, >= 180 d alarms. In the order in which they go.
    Class("telemetry", (Kind.READING,), 30, None, thin=True),
    Class("hourly", (Kind.READING_HOURLY,), 180, None),
    Class(
        "diagnostics",
        (
            Kind.ACTUATION_ASKED,
            Kind.ACTUATION_DONE,
            Kind.ACTUATION_FAILED,
            Kind.ACTUATION_REFUSED,
            Kind.HUB_STARTED,
            Kind.HUB_STOPPED,
            Kind.CLOCK_STEPPED,
        ),
        90,
        None,
    ),
    Class("unraised", tuple(sorted(QUIET)), 180, Lane.BULK),  # Of these nobody was told.
    Class(
        "alarms",
        (
            Kind.ALARM_RAISED,
            Kind.ALARM_REPEATED,
            Kind.ALARM_RESTORED,
            Kind.ALARM_ACKED,
            Kind.ALARM_CLOSED,
        ),
        180,
        Lane.URGENT,
    ),
)
"""Commands, audit, pairings and gaps stay for good: they are few, and the law asks for them."""


@dataclass(frozen=True, slots=True)
class Step:
    """One bounded removal: these rows go, these hourly bodies take the place of the readings."""

    name: str
    journal_id: JournalId
    seqs: tuple[int, ...]
    hourly: tuple[tuple[DeviceId | None, Mapping[str, Any]], ...]


def plan(
    path: Path, now_wall_s: float, acknowledged: Mapping[tuple[JournalId, Lane], int], *, full: bool
) -> Step | None:
    """Return the next step for the file, None when nothing has to go.

    `acknowledged`: through which seq the platform has each lane. `full`: the disk is nearly full,
    so the oldest rows of the first class that has any go whatever their age.
    Errors: JournalError when the file cannot be read.
    """
    try:
        with closing(
            sqlite3.connect(f"file:{quote(str(path))}?mode=ro", uri=True, timeout=2.0)
        ) as db:
            # A text that the disk has spoilt must not keep everything after it for good.
            db.text_factory = lambda raw: raw.decode(errors="replace")
            for row in TABLE:
                step = _step(db, row, now_wall_s, acknowledged, full=full)
                if step is not None:
                    return step
    except sqlite3.Error as error:
        raise JournalError(f"journal {path}: {error}") from error
    return None


def _step(
    db: sqlite3.Connection,
    row: Class,
    now_wall_s: float,
    acknowledged: Mapping[tuple[JournalId, Lane], int],
    *,
    full: bool,
) -> Step | None:
    before_s = now_wall_s if full else now_wall_s - row.days * DAY_S
    marks = ",".join("?" * len(row.kinds))
    for journal_id in journal_ids(db):
        through = 2**62
        if row.lane is not None:
            through = acknowledged.get((journal_id, row.lane), 0)
        found = db.execute(
            f"SELECT seq, device, body, {HEARD} FROM journal "
            f"WHERE journal_id = ? AND kind IN ({marks}) AND seq <= ? "
            f"AND {HEARD} < ? ORDER BY seq LIMIT ?",
            (journal_id, *row.kinds, through, before_s, ROWS_AT_ONCE),
        ).fetchall()
        if found:
            hourly = _hourly(found) if row.thin else ()
            seqs = tuple(seq for seq, *_ in found)
            return Step(row.name, journal_id, seqs, hourly)
    return None


def _hourly(
    found: list[tuple[int, DeviceId | None, str, float]],
) -> tuple[tuple[DeviceId | None, Mapping[str, Any]], ...]:
    """Return one body for each device, input and hour: how many, lowest, highest, mean and last."""
    groups: dict[tuple[DeviceId | None, str, str, int], list[Any]] = defaultdict(list)
    for _, device, body, at_s in found:
        # A body that the disk has spoilt goes like the others; the gap row counts it.
        with suppress(ValueError, KeyError, TypeError, AttributeError):
            said = json.loads(body)
            key = (device, said["quantity"], said.get("channel", ""), int(at_s // HOUR_S))
            groups[key].append(said["value"])
    return tuple(
        (device, _summary(quantity, channel, hour, values))
        for (device, quantity, channel, hour), values in groups.items()
    )


def _summary(quantity: str, channel: str, hour: int, values: list[Any]) -> dict[str, Any]:
    body: dict[str, Any] = {
        "quantity": quantity,
        "channel": channel,
        "hour_s": hour * HOUR_S,
        "count": len(values),
        "last": values[-1],
    }
    if all(isinstance(v, int | float) and not isinstance(v, bool) for v in values):
        body |= {"min": min(values), "max": max(values), "mean": sum(values) / len(values)}
    else:
        body["active"] = sum(v is True for v in values)
    return body

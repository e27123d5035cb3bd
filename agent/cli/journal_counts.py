"""What `anju journal stats` finds out, and how programs get it.

Counts in the files; what only the running guard knows is asked for, and missing when it is away.
"""

from __future__ import annotations

import time
from dataclasses import asdict, dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from agent.cli import text
from agent.cli.frame import Fault
from agent.cli.journal_files import Files
from agent.cli.progress import Progress
from agent.clock import SystemClock
from agent.config import JournalSection
from agent.control.schema import JournalLive
from agent.core.clock import Stamp
from agent.core.row import JournalId
from agent.disk_writes import SMALL_WRITE_FACTOR, Day, Written, card_years
from agent.journal.places import Place, Role, connect
from agent.journal.reader import JournalReader
from agent.journal.schema import Table
from agent.journal.stats import COMMITTED_TOGETHER, Key, Survey, cursors, file_bytes, survey
from agent.measures import WRITTEN_KEY


@dataclass(frozen=True, slots=True)
class Held:
    """One journal in one file."""

    journal_id: JournalId
    first_seq: int
    last_seq: int


@dataclass(frozen=True, slots=True)
class Counted:
    """Everything that was found out. `live` is None when guard is away."""

    files: tuple[tuple[Place, tuple[int, int], tuple[Held, ...]], ...]
    survey: Survey
    written: Written
    live: JournalLive | None
    now: Stamp


def count(files: Files, progress: Progress) -> Counted:
    """Count all rows of the files. Errors: JournalError."""
    from sync.limits import EVENT_BYTES  # The uplink's bound; other commands need not load it.

    now = SystemClock().now()
    zone_s = float(time.localtime(now.wall_s).tm_gmtoff)
    found = Survey()
    readers = [(place, JournalReader(place.path, connect(place.path))) for place in files.places]
    try:
        acknowledged = cursors(reader for _, reader in readers)
        held: list[tuple[Place, tuple[int, int], tuple[Held, ...]]] = []
        for place, reader in readers:
            ids = reader.journals()
            for journal_id in ids:
                survey(
                    found,
                    reader,
                    journal_id,
                    acknowledged=acknowledged.get(journal_id, {}),
                    zone_s=zone_s,
                    largest=EVENT_BYTES,
                    on_span=lambda seq, last: progress.show(
                        lambda: files.say(text.COUNTING, seq=seq, last=last)
                    ),
                )
            marks = tuple(Held(one, reader.first_seq(one), reader.last_seq(one)) for one in ids)
            held.append((place, file_bytes(place.path), marks))
        kept = [
            reader.state(Table.SETTING).get(WRITTEN_KEY, "")
            for place, reader in readers
            if place.role is not Role.FALLBACK
        ]
    finally:
        for _, reader in readers:
            reader.close()
    live = ask_live(files)
    written = Written.decode(kept[-1] if kept else "")
    if live is not None:
        written = Written({one.day: Day(one.bytes, one.seconds) for one in live.written})
    return Counted(tuple(held), found, written, live, now)


def ask_live(files: Files) -> JournalLive | None:
    """Ask guard what only it knows; None when it is away, or the files are not its."""
    if files.session is None:
        return None
    try:
        return files.session.ask("journal.live", JournalLive)
    except Fault:
        return None


# --- for programs ---------------------------------------------------------------------------------


def for_programs(files: Files, counted: Counted) -> dict[str, Any]:
    """Return everything, JSON-ready."""
    found = counted.survey
    return {
        "files": [
            {
                "path": str(place.path),
                "role": place.role.value,
                "bytes": size,
                "wal_bytes": wal,
                "journals": [asdict(one) for one in held],
            }
            for place, (size, wal), held in counted.files
        ],
        "rows": found.total().rows,
        "by_kind": [
            {"kind": kind, "lane": lane, **asdict(total)}
            for (kind, lane), total in found.by(by_kind).items()
        ],
        "by_day": [
            {"day": date_of(day), "lane": lane, **asdict(total)}
            for (day, lane), total in found.by(by_day).items()
        ],
        "backlog": [
            {
                "lane": lane,
                "durability": durability,
                **asdict(total),
                "oldest_age_s": counted.now.wall_s - total.oldest_s,
            }
            for (lane, durability), total in found.by(by_waiting, is_waiting).items()
        ],
        "set_aside": found.total(lambda key: key.set_aside).rows,
        "drops": [
            {"why": why, "class": group, "rows": drop["rows"], "gaps": drop["gaps"]}
            for (why, group), drop in sorted(found.drops.items())
        ],
        "clock": _clock(counted),
        "card": _card(files, counted),
        "guard": None if counted.live is None else counted.live.model_dump(mode="json"),
    }


def _clock(counted: Counted) -> dict[str, Any]:
    found = counted.survey
    return {
        "quality": (counted.live.time_quality if counted.live else counted.now.quality.value),
        "rows_by_quality": {
            quality: total.rows for quality, total in found.by(lambda k: k.quality).items()
        },
        "last_synced_s": found.last_synced_s,
        "steps": found.steps,
        "last_step": None if found.last_step is None else asdict(found.last_step),
    }


def _card(files: Files, counted: Counted) -> dict[str, Any]:
    settings = journal_settings(files)
    return {
        "written": {day: asdict(one) for day, one in counted.written.days.items()},
        "today_bytes": today_bytes(counted),
        "budget_bytes": settings.write_budget_mb * 1_000_000,
        "per_day_bytes": counted.written.per_day(),
        "card_tbw": settings.card_tbw,
        "small_write_factor": SMALL_WRITE_FACTOR,
        "life_years": life_years(files, counted),
    }


def by_kind(key: Key) -> tuple[str, str]:
    """Group by kind and lane."""
    return key.kind, key.lane


def by_day(key: Key) -> tuple[int, str]:
    """Group by day and lane."""
    return key.day, key.lane


def by_waiting(key: Key) -> tuple[str, str]:
    """Group by lane and by when the row reached the disk."""
    return key.lane, "group" if key.kind in COMMITTED_TOGETHER else "at_once"


def is_waiting(key: Key) -> bool:
    """Take what the platform has not acknowledged."""
    return key.waiting


def date_of(day: int) -> str:
    """Return a day as ISO text; one that no calendar of ours has is its number."""
    try:
        return (datetime.fromtimestamp(0, UTC) + timedelta(days=day)).date().isoformat()
    except OverflowError:
        return str(day)


def journal_settings(files: Files) -> JournalSection:
    """Return `[journal]` of the configuration, the defaults without one."""
    return JournalSection() if files.session is None else files.session.config.journal


def today_bytes(counted: Counted) -> int:
    """Return what was written today."""
    today = datetime.fromtimestamp(counted.now.wall_s).date().isoformat()
    return counted.written.days.get(today, Day()).bytes


def life_years(files: Files, counted: Counted) -> float | None:
    """Return how long the card may last, None before enough was measured."""
    per_day = counted.written.per_day()
    return None if per_day is None else card_years(per_day, journal_settings(files).card_tbw)

"""`anju journal stats`: what the journal holds, what waits, what it costs the card.

Counts in the files; what only the running guard knows is asked for, and missing when it is away.
"""

from __future__ import annotations

import time
from dataclasses import asdict, dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

import click

from agent.cli import show, text
from agent.cli.frame import Command, Fault, common_options, json_option
from agent.cli.journal_files import Files, files_options
from agent.cli.progress import Progress
from agent.cli.session import echo_json
from agent.clock import SystemClock
from agent.config import JournalSection
from agent.control.schema import JournalLive
from agent.core.clock import Stamp
from agent.core.errors import JournalError
from agent.core.row import JournalId
from agent.disk_writes import SMALL_WRITE_FACTOR, Day, Written, card_years
from agent.journal.places import Place, Role, connect
from agent.journal.reader import JournalReader
from agent.journal.schema import Table
from agent.journal.stats import COMMITTED_TOGETHER, Key, Sum, Survey, cursors, file_bytes, survey
from agent.measures import WRITTEN_KEY

DAYS_SHOWN = 14
"""Days of the table for people; programs get them all."""


@click.command(
    "stats",
    cls=Command,
    words=text.SUBCOMMANDS["journal stats"],
    example="anju journal stats --json",
)
@json_option
@common_options
@files_options
def stats(files: Files, *, as_json: bool) -> None:
    """Count."""
    progress = Progress()
    try:
        counted = count(files, progress)
    except JournalError as error:
        raise files.fault(error) from error
    finally:
        progress.end()
    if as_json:
        echo_json(_for_programs(files, counted), line=False)
    else:
        _for_people(files, counted)


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


def _for_programs(files: Files, counted: Counted) -> dict[str, Any]:
    found, settings = counted.survey, _settings(files)
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
            {"kind": kind, "lane": lane, **_sum(total)}
            for (kind, lane), total in found.by(_kind).items()
        ],
        "by_day": [
            {"day": _date(day), "lane": lane, **_sum(total)}
            for (day, lane), total in found.by(_day).items()
        ],
        "backlog": [
            {
                "lane": lane,
                "durability": durability,
                **_sum(total),
                "oldest_age_s": counted.now.wall_s - total.oldest_s,
            }
            for (lane, durability), total in found.by(_waiting, _waits).items()
        ],
        "set_aside": found.total(lambda key: key.set_aside).rows,
        "drops": [
            {"why": why, "class": group, "rows": drop["rows"], "gaps": drop["gaps"]}
            for (why, group), drop in sorted(found.drops.items())
        ],
        "clock": {
            "quality": (counted.live.time_quality if counted.live else counted.now.quality.value),
            "rows_by_quality": {
                quality: total.rows for quality, total in found.by(lambda k: k.quality).items()
            },
            "last_synced_s": found.last_synced_s,
            "steps": found.steps,
            "last_step": None if found.last_step is None else asdict(found.last_step),
        },
        "card": {
            "written": {day: asdict(one) for day, one in counted.written.days.items()},
            "today_bytes": _today(counted),
            "budget_bytes": settings.write_budget_mb * 1_000_000,
            "per_day_bytes": counted.written.per_day(),
            "card_tbw": settings.card_tbw,
            "small_write_factor": SMALL_WRITE_FACTOR,
            "life_years": _years(files, counted),
        },
        "guard": None if counted.live is None else counted.live.model_dump(mode="json"),
    }


def _sum(total: Sum) -> dict[str, Any]:
    return asdict(total)


def _kind(key: Key) -> tuple[str, str]:
    return key.kind, key.lane


def _day(key: Key) -> tuple[int, str]:
    return key.day, key.lane


def _waiting(key: Key) -> tuple[str, str]:
    return key.lane, "group" if key.kind in COMMITTED_TOGETHER else "at_once"


def _waits(key: Key) -> bool:
    return key.waiting


def _date(day: int) -> str:
    """Return a day as ISO text; one that no calendar of ours has is its number."""
    try:
        return (datetime.fromtimestamp(0, UTC) + timedelta(days=day)).date().isoformat()
    except OverflowError:
        return str(day)


def _settings(files: Files) -> JournalSection:
    return JournalSection() if files.session is None else files.session.config.journal


def _today(counted: Counted) -> int:
    today = datetime.fromtimestamp(counted.now.wall_s).date().isoformat()
    return counted.written.days.get(today, Day()).bytes


def _years(files: Files, counted: Counted) -> float | None:
    per_day = counted.written.per_day()
    return None if per_day is None else card_years(per_day, _settings(files).card_tbw)


# --- for people -----------------------------------------------------------------------------------


def _for_people(files: Files, counted: Counted) -> None:
    found = counted.survey
    if found.sums:
        _kinds(files, found)
        _days(files, found)
    lines = _files(files, counted) + _backlog(files, counted) + _drops(files, found)
    show.page([*lines, *_commits(files, counted), *_card(files, counted), *_clock(files, counted)])


def _kinds(files: Files, found: Survey) -> None:
    say, language = files.say, files.language
    headings = (text.KIND, text.LANE, text.ROWS, text.SIZE, text.OLDEST, text.NEWEST)
    show.table(
        [say(heading) for heading in headings],
        [
            (
                text.word(text.ROW_KINDS, kind, language),
                text.word(text.LANES, lane, language),
                f"{total.rows:,}",
                show.size(total.bytes),
                show.moment(total.oldest_s),
                show.moment(total.newest_s),
            )
            for (kind, lane), total in found.by(_kind).items()
        ],
    )


def _days(files: Files, found: Survey) -> None:
    lanes = found.by(_day)
    days = sorted({day for day, _ in lanes})[-DAYS_SHOWN:]
    show.table(
        [
            files.say(text.DAY),
            *(text.word(text.LANES, lane, files.language) for lane in ("urgent", "bulk")),
        ],
        [
            (
                _date(day),
                *(f"{lanes.get((day, lane), Sum()).rows:,}" for lane in ("urgent", "bulk")),
            )
            for day in days
        ],
    )


def _files(files: Files, counted: Counted) -> list[tuple[str, str]]:
    lines: list[tuple[str, str]] = []
    for place, (size, wal), held in counted.files:
        line = files.say(
            text.FILE_LINE,
            path=place.path,
            role=text.word(text.FILE_ROLES, place.role, files.language),
            size=show.size(size),
            wal=show.size(wal),
        )
        lines.append((files.say(text.FILE), line))
        lines += [
            (
                "",
                files.say(
                    text.HELD_LINE, journal=one.journal_id, first=one.first_seq, last=one.last_seq
                ),
            )
            for one in held
        ]
    return lines


def _backlog(files: Files, counted: Counted) -> list[tuple[str, str]]:
    waiting = counted.survey.by(_waiting, _waits)
    lines = [
        files.say(
            text.WAITING_LINE,
            lane=text.word(text.LANES, lane, files.language),
            durability=text.word(text.DURABILITY, durability, files.language),
            rows=f"{total.rows:,}",
            age=show.span(counted.now.wall_s - total.oldest_s, files.language),
        )
        for (lane, durability), total in waiting.items()
    ] or [files.say(text.NOTHING_WAITS)]
    aside = counted.survey.total(lambda key: key.set_aside).rows
    if aside:
        lines.append(files.say(text.SET_ASIDE_LINE, rows=aside))
    return _under(files.say(text.WAITING), lines)


def _drops(files: Files, found: Survey) -> list[tuple[str, str]]:
    lines = [
        files.say(
            text.DROP_LINE,
            why=" / ".join(filter(None, (why, group))) or "?",
            rows=drop["rows"],
            gaps=drop["gaps"],
        )
        for (why, group), drop in sorted(found.drops.items())
    ] or [files.say(text.NO_DROPS)]
    return _under(files.say(text.GIVEN_UP), lines)


def _commits(files: Files, counted: Counted) -> list[tuple[str, str]]:
    live = counted.live
    if live is None:
        return [(files.say(text.COMMITS), files.say(text.NO_GUARD_NO_TIMES))]
    line = files.say(
        text.COMMITS_LINE,
        p50=f"{live.commit_p50_ms:.1f}",
        p99=f"{live.commit_p99_ms:.1f}",
        commits=f"{live.commits:,}",
        rows=f"{live.rows:,}",
        time=show.span(live.up_s, files.language),
    )
    losses = files.say(
        text.LOSSES_LINE, unjournaled=live.unjournaled, dropped=live.dropped, lost=live.lost
    )
    return _under(files.say(text.COMMITS), [line, losses])


def _card(files: Files, counted: Counted) -> list[tuple[str, str]]:
    budget = _settings(files).write_budget_mb * 1_000_000
    today = _today(counted)
    lines = [
        files.say(
            text.WRITTEN_OVER if today > budget else text.WRITTEN_TODAY,
            today=show.size(today),
            budget=show.size(budget),
        )
    ]
    per_day, years = counted.written.per_day(), _years(files, counted)
    if per_day is None or years is None:
        lines.append(files.say(text.CARD_UNKNOWN))
    else:
        lines.append(
            files.say(
                text.CARD_LIFE,
                years=f"{years:.0f}" if years >= 10 else f"{years:.1f}",
                average=show.size(per_day),
                tbw=f"{_settings(files).card_tbw:g}",
                factor=f"{SMALL_WRITE_FACTOR:g}",
            )
        )
    return _under(files.say(text.CARD), lines)


def _clock(files: Files, counted: Counted) -> list[tuple[str, str]]:
    found, live = counted.survey, counted.live
    quality = live.time_quality if live is not None else counted.now.quality.value
    synced = files.say(text.NEVER)
    if found.last_synced_s is not None:
        ago_s = counted.now.wall_s - found.last_synced_s
        synced = f"{show.moment(found.last_synced_s)} ({show.ago(ago_s, files.language)})"
    lines = [
        text.word(text.TIME_QUALITY, quality, files.language),
        files.say(text.LAST_SYNCED, at=synced, steps=found.steps),
    ]
    if found.last_step is not None:
        lines.append(
            files.say(
                text.LAST_STEP,
                at=show.moment(found.last_step.at_s),
                delta=f"{found.last_step.delta_ms / 1000:+.1f}",
            )
        )
    by_quality = found.by(lambda key: key.quality)
    lines += [
        files.say(
            text.ROWS_OF_QUALITY,
            quality=text.word(text.TIME_QUALITY, one, files.language),
            rows=f"{total.rows:,}",
        )
        for one, total in by_quality.items()
    ]
    return _under(files.say(text.CLOCK), lines)


def _under(heading: str, lines: list[str]) -> list[tuple[str, str]]:
    return [(heading if number == 0 else "", line) for number, line in enumerate(lines)]

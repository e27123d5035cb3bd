"""`anju journal stats`: what the journal holds, what waits, what it costs the card."""

from __future__ import annotations

import click

from agent.cli import show, text
from agent.cli.frame import Command, common_options, json_option
from agent.cli.journal_counts import (
    Counted,
    by_day,
    by_kind,
    by_waiting,
    count,
    date_of,
    for_programs,
    is_waiting,
    journal_settings,
    life_years,
    today_bytes,
)
from agent.cli.journal_files import Files, files_options
from agent.cli.progress import Progress
from agent.cli.session import echo_json
from agent.core.errors import JournalError
from agent.disk_writes import SMALL_WRITE_FACTOR
from agent.journal.stats import Sum, Survey

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
        echo_json(for_programs(files, counted), line=False)
    else:
        _for_people(files, counted)


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
            for (kind, lane), total in found.by(by_kind).items()
        ],
    )


def _days(files: Files, found: Survey) -> None:
    lanes = found.by(by_day)
    days = sorted({day for day, _ in lanes})[-DAYS_SHOWN:]
    show.table(
        [
            files.say(text.DAY),
            *(text.word(text.LANES, lane, files.language) for lane in ("urgent", "bulk")),
        ],
        [
            (
                date_of(day),
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
    waiting = counted.survey.by(by_waiting, is_waiting)
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
    budget = journal_settings(files).write_budget_mb * 1_000_000
    today = today_bytes(counted)
    lines = [
        files.say(
            text.WRITTEN_OVER if today > budget else text.WRITTEN_TODAY,
            today=show.size(today),
            budget=show.size(budget),
        )
    ]
    per_day, years = counted.written.per_day(), life_years(files, counted)
    if per_day is None or years is None:
        lines.append(files.say(text.CARD_UNKNOWN))
    else:
        lines.append(
            files.say(
                text.CARD_LIFE,
                years=f"{years:.0f}" if years >= 10 else f"{years:.1f}",
                average=show.size(per_day),
                tbw=f"{journal_settings(files).card_tbw:g}",
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

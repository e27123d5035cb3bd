"""`anju sync`: how the way to the platform is, what waits on it, and whether it drains."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any

import click

from agent.cli import show, text
from agent.cli.frame import EXIT_REFUSED, Command, Fault, Group, common_options, json_option, option
from agent.cli.journal_files import Files, hub_files
from agent.cli.session import Session, echo_json, with_session
from agent.cli.sync_drain import Drain
from agent.cli.sync_pull import Pulled, pull_all
from agent.clock import SystemClock
from agent.control.schema import Status, UplinkReport
from agent.core.errors import JournalError
from agent.core.row import JournalId, Lane
from agent.journal.places import connect
from agent.journal.reader import JournalReader
from agent.journal.stats import Sum, Survey, cursors, survey

WAIT_S = 300


@click.group("sync", cls=Group, words=text.COMMANDS["sync"], example="anju sync status")
def sync() -> None:
    """Look at the uplink."""


# --- status ---------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Mark:
    """One journal: how far it goes, and how far the platform has it."""

    journal_id: JournalId
    last_seq: int
    urgent_through: int
    bulk_through: int


@dataclass(frozen=True, slots=True)
class Backlog:
    """What waits, counted in the files. `unreadable` says why it could not be."""

    marks: tuple[Mark, ...]
    found: Survey
    unreadable: str = ""


@sync.command(
    "status",
    cls=Command,
    words=text.SUBCOMMANDS["sync status"],
    example="anju sync status --json",
)
@json_option
@common_options
@with_session
def status(session: Session, *, as_json: bool) -> None:
    """Show how the uplink is."""
    try:
        uplink: UplinkReport | None = session.ask("status", Status).uplink
        away = ""
    except Fault as fault:
        uplink, away = None, fault.message
    backlog = _backlog(session)
    now_s = SystemClock().now().wall_s
    if as_json:
        echo_json(_for_programs(session, uplink, backlog, now_s), line=False)
    else:
        show.page(_for_people(session, uplink, away, backlog, now_s))


def _backlog(session: Session) -> Backlog:
    from sync.limits import EVENT_BYTES

    found, marks = Survey(), []
    readers: list[JournalReader] = []
    try:
        places = hub_files(session).places
        readers += (JournalReader(place.path, connect(place.path)) for place in places)
        acknowledged = cursors(readers)
        for reader in readers:
            for journal_id in reader.journals():
                acked = acknowledged.get(journal_id, {})
                survey(
                    found,
                    reader,
                    journal_id,
                    acknowledged=acked,
                    zone_s=0.0,
                    largest=EVENT_BYTES,
                    only_waiting=True,
                )
                marks.append(
                    Mark(
                        journal_id,
                        reader.last_seq(journal_id),
                        acked.get(Lane.URGENT, 0),
                        acked.get(Lane.BULK, 0),
                    )
                )
    except (JournalError, Fault) as error:
        return Backlog(tuple(marks), found, str(error))
    finally:
        for reader in readers:
            reader.close()
    return Backlog(tuple(marks), found)


def _for_programs(
    session: Session, uplink: UplinkReport | None, backlog: Backlog, now_s: float
) -> dict[str, Any]:
    lanes = backlog.found.by(lambda key: key.lane)
    return {
        "configured": session.config.uplink is not None,
        "guard": uplink is not None,
        "link": uplink is not None and uplink.since_s is not None,
        "uplink": None if uplink is None else uplink.model_dump(mode="json"),
        "backlog": {
            lane.value: {
                "rows": lanes.get(lane, Sum()).rows,
                "oldest_age_s": now_s - lanes[lane].oldest_s if lane in lanes else None,
                "set_aside": backlog.found.total(
                    lambda key, lane=lane: key.lane == lane and key.set_aside  # type: ignore[misc]
                ).rows,
            }
            for lane in Lane
        },
        "journals": [asdict(mark) for mark in backlog.marks],
        "unreadable": backlog.unreadable,
    }


def _for_people(
    session: Session, uplink: UplinkReport | None, away: str, backlog: Backlog, now_s: float
) -> list[tuple[str, str]]:
    lines = _connection(session, uplink, away, now_s)
    return lines + _waiting(session, backlog, now_s) + _faults(session, uplink)


def _connection(
    session: Session, uplink: UplinkReport | None, away: str, now_s: float
) -> list[tuple[str, str]]:
    say, language = session.say, session.language
    if session.config.uplink is None:
        return [(say(text.UPLINK), say(text.SYNC_ALONE))]
    if uplink is None:
        return [(say(text.UPLINK), f"{say(text.SYNC_NO_GUARD)} {away}")]
    well = uplink.connected and uplink.platform_answers
    verdict = say(text.OK if well else text.TROUBLE)
    lines = [(say(text.UPLINK), f"{verdict}: {session.told(uplink.says)}")]
    if uplink.since_s is None:
        return lines
    state = text.SYNC_UP if uplink.connected else text.SYNC_DOWN
    since = show.span(now_s - uplink.since_s, language)
    acked = None if uplink.last_ack_s is None else now_s - uplink.last_ack_s
    silent = uplink.connected and not uplink.platform_answers
    return [
        *lines,
        ("", say(state, time=since, broker=uplink.broker, protocol=uplink.protocol or "-")),
        ("", say(text.SYNC_ACKED, ago=show.ago(acked, language))),
        ("", say(text.SYNC_SILENT if silent else text.SYNC_NOT_SILENT)),
        ("", say(text.SYNC_SENT, sent=uplink.sent, acked=uplink.acked, refused=uplink.refused)),
    ]


def _waiting(session: Session, backlog: Backlog, now_s: float) -> list[tuple[str, str]]:
    say, language = session.say, session.language
    lanes = backlog.found.by(lambda key: key.lane)
    lines = [
        say(
            text.SYNC_WAITING,
            lane=text.word(text.LANES, lane, language),
            rows=f"{total.rows:,}",
            age=show.span(now_s - total.oldest_s, language),
        )
        for lane, total in lanes.items()
    ]
    if not lines and not backlog.unreadable:
        lines.append(say(text.NOTHING_WAITS))
    aside = backlog.found.total(lambda key: key.set_aside).rows
    if aside:
        lines.append(say(text.SET_ASIDE_LINE, rows=aside))
    lines += [
        say(
            text.SYNC_MARK,
            journal=mark.journal_id,
            last=mark.last_seq,
            urgent=mark.urgent_through,
            bulk=mark.bulk_through,
        )
        for mark in backlog.marks
    ]
    if backlog.unreadable:
        lines.append(backlog.unreadable)
    return [(say(text.WAITING) if number == 0 else "", line) for number, line in enumerate(lines)]


def _faults(session: Session, uplink: UplinkReport | None) -> list[tuple[str, str]]:
    if uplink is None or uplink.since_s is None:
        return []
    lines = [f"{show.moment(one.at_s)}  {one.code}  {one.detail}" for one in uplink.faults]
    counts = ", ".join(f"{name} {count}" for name, count in sorted(uplink.counts.items()))
    lines = lines or [session.say(text.NO_TROUBLES)]
    page = [
        (session.say(text.SYNC_FAULTS) if number == 0 else "", line)
        for number, line in enumerate(lines)
    ]
    return [*page, (session.say(text.COUNTERS), counts)] if counts else page


# --- drain ----------------------------------------------------------------------------------------


@sync.command(
    "drain",
    cls=Command,
    words=text.SUBCOMMANDS["sync drain"],
    example="anju sync drain --wait 600",
)
@option(
    "--wait",
    "wait_s",
    default=WAIT_S,
    type=click.IntRange(0, 86_400),
    metavar="SECONDS",
    words=text.OPTION_WAIT,
)
@json_option
@common_options
@with_session
@click.pass_context
def drain(ctx: click.Context, session: Session, *, wait_s: int, as_json: bool) -> None:
    """Follow the backlog down."""
    if session.config.uplink is None:
        raise Fault(session.say(text.SYNC_ALONE))
    following = Drain(session)
    try:
        left = asyncio.run(following.run(wait_s))
    except JournalError as error:
        raise hub_files(session).fault(error) from error
    finally:
        following.progress.end()
    if as_json:
        echo_json(following.result(), line=False)
    else:
        click.echo(following.sentence(wait_s))
    if left:
        ctx.exit(EXIT_REFUSED)


# --- pull-test ------------------------------------------------------------------------------------


@sync.command(
    "pull-test",
    cls=Command,
    words=text.SUBCOMMANDS["sync pull-test"],
    example="anju sync pull-test --json",
)
@json_option
@common_options
@with_session
@click.pass_context
def pull_test(ctx: click.Context, session: Session, *, as_json: bool) -> None:
    """Read everything as a pull of the platform would get it."""
    files = hub_files(session)
    try:
        found = pull_all(session, files)
    except JournalError as error:
        raise files.fault(error) from error
    if as_json:
        echo_json([asdict(one) for one in found], line=False)
    else:
        _tell_pulled(files, found)
    if any(one.faults for one in found):
        ctx.exit(EXIT_REFUSED)


def _tell_pulled(files: Files, found: Sequence[Pulled]) -> None:
    for one in found:
        click.echo(
            files.say(
                text.PULLED,
                journal=one.journal_id,
                events=f"{one.events:,}",
                first=one.first_seq,
                last=one.last_seq,
                pages=one.pages,
                size=show.size(one.bytes),
                rate=f"{one.events / max(one.took_s, 0.001):,.0f}",
                aside=one.set_aside,
            )
        )
        for fault in one.faults:
            says = files.say(text.PULL_FAULTS[fault.code], about=fault.about, detail=fault.detail)
            click.echo(f"  {files.say(text.FAULT)}: {says}")
        if one.more_faults:
            click.echo(f"  {files.say(text.PULL_MORE, count=one.more_faults)}")
    if not found:
        click.echo(files.say(text.NO_ROWS))

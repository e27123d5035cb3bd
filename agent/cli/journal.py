"""`anju journal tail`: the last rows of the record, and the new ones as they are written."""

from __future__ import annotations

import asyncio
import json
import signal
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field

import click

from agent.cli import show, text
from agent.cli.frame import Command, Fault, Group, common_options, json_option, option
from agent.cli.session import Session, echo_json, with_session
from agent.control.client import ControlClient
from agent.control.schema import Committed, Nothing, RowInfo, RowList, Shape, TailParams

BATCH = 500  # Rows in one answer while following: far below the socket's limit of a line.


@click.group(
    "journal", cls=Group, words=text.COMMANDS["journal"], example="anju journal tail -n 50"
)
def journal() -> None:
    """Read the journal."""


@journal.command(
    "tail",
    cls=Command,
    words=text.SUBCOMMANDS["journal tail"],
    example="anju journal tail -f --kind alarm",
)
@option("-n", "lines", default=20, type=click.IntRange(1, 1000), words=text.OPTION_LINES)
@option("--kind", "kinds", multiple=True, metavar="KIND", words=text.OPTION_KIND)
@option("-f", "--follow", is_flag=True, words=text.OPTION_FOLLOW)
@json_option
@common_options
@with_session
def tail(
    session: Session, *, lines: int, kinds: tuple[str, ...], follow: bool, as_json: bool
) -> None:
    """Show the last rows."""
    query = TailParams(limit=lines, kinds=kinds)
    if follow:
        news = _News()
        session.run(_follower(session, query, news, as_json=as_json), news.take)
        return
    rows = session.ask("journal.tail", RowList, query).rows
    if as_json:
        echo_json([row.model_dump(mode="json") for row in rows], line=False)
    elif rows:
        _print(session, rows, as_json=False)
    else:
        click.echo(session.say(text.NO_ROWS))


@dataclass(slots=True)
class _News:
    """The latest word from the hub that something was written."""

    latest: Committed | None = None
    came: asyncio.Event = field(default_factory=asyncio.Event)

    def take(self, method: str, params: Shape) -> None:
        if isinstance(params, Committed):
            self.latest = params
            self.came.set()


def _follower(
    session: Session, query: TailParams, news: _News, *, as_json: bool
) -> Callable[[ControlClient], Awaitable[None]]:
    async def job(client: ControlClient) -> None:
        ended = asyncio.Event()
        # Leaving with Ctrl-C is how following ends, not a fault.
        asyncio.get_running_loop().add_signal_handler(signal.SIGINT, ended.set)
        # Asked before the first rows, so that nothing written in between is missed.
        await client.ask("journal.follow", Nothing(), Nothing)
        rows = (await client.ask("journal.tail", query, RowList)).rows
        _print(session, rows, as_json=as_json)
        seen: dict[str, int] = {row.journal_id: row.seq for row in rows}
        while await _something(client, news, ended):
            news.came.clear()
            await _print_new(session, client, query, news, seen, as_json=as_json)
        if not ended.is_set():
            raise Fault(session.say(text.FAULT_HUB_GONE))

    return job


async def _something(client: ControlClient, news: _News, ended: asyncio.Event) -> bool:
    """Wait for news. Return False when the hub has gone or the person wants to leave."""
    async with asyncio.TaskGroup() as group:
        waits = [group.create_task(one.wait()) for one in (news.came, client.closed, ended)]
        await asyncio.wait(waits, return_when=asyncio.FIRST_COMPLETED)
        for wait in waits:
            wait.cancel()
    return not client.closed.is_set() and not ended.is_set()


async def _print_new(
    session: Session,
    client: ControlClient,
    query: TailParams,
    news: _News,
    seen: dict[str, int],
    *,
    as_json: bool,
) -> None:
    latest = news.latest
    assert latest is not None
    # A journal with a new id (the disk failed under the hub) counts from its own beginning.
    after = seen.get(latest.journal_id, 0)
    while after < latest.last_seq:
        more = query.model_copy(update={"limit": BATCH, "after_seq": after})
        rows = (await client.ask("journal.tail", more, RowList)).rows
        _print(session, rows, as_json=as_json)
        after = (
            rows[-1].seq
            if len(rows) == BATCH
            else max([latest.last_seq, *(row.seq for row in rows)])
        )
        seen[latest.journal_id] = after


def _print(session: Session, rows: Sequence[RowInfo], *, as_json: bool) -> None:
    for row in rows:
        if as_json:
            echo_json(row, line=True)
        else:
            click.echo(_line(session, row))


def _line(session: Session, row: RowInfo) -> str:
    kind = text.word(text.ROW_KINDS, row.kind, session.language)
    parts = [f"{row.seq:>6}", show.moment(row.received_at_s), kind]
    parts += [part for part in (row.severity, row.device) if part]
    return "  ".join([*parts, _body(session, row)]).rstrip()


def _body(session: Session, row: RowInfo) -> str:
    """Return the sentence of the row when it has one, else its content as key=value."""
    why = row.body.get("why")
    if isinstance(why, dict):
        sentence = why.get("sentence", why)
        if isinstance(sentence, dict) and session.language in sentence:
            return str(sentence[session.language])
    quantity = row.body.get("quantity")
    if isinstance(quantity, str) and "value" in row.body:
        key = "/".join(filter(None, (quantity, str(row.body.get("channel") or ""))))
        return show.readings({key: row.body["value"]}, session.language)
    asked = row.body.get("actuation")
    if isinstance(asked, str):
        detail = str(row.body.get("detail") or "")
        return " ".join(filter(None, (text.word(text.ACTUATIONS, asked, session.language), detail)))
    return " ".join(
        f"{key}={found if isinstance(found, str) else json.dumps(found, ensure_ascii=False)}"
        for key, found in row.body.items()
        if found not in (None, "", [], {})
    )

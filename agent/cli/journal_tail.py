"""`anju journal tail`: the last rows of the record, and the new ones as they are written.

Following goes on over a restart of the hub: what was written meanwhile is shown, nothing twice.
"""

from __future__ import annotations

import asyncio
import json
import signal
from collections.abc import Sequence
from dataclasses import dataclass, field

import click

from agent.cli import show, text
from agent.cli.frame import Command, common_options, json_option, option
from agent.cli.session import Session, echo_json, with_session
from agent.control.client import ControlClient
from agent.control.schema import Committed, Nothing, RowInfo, RowList, Shape, Status, TailParams
from agent.core.errors import CommandRefused, TransportError

BATCH = 500  # Rows in one answer while following: far below the socket's limit of a line.
RETRY_S = 0.5  # A hub that starts again is back within seconds.


@click.command(
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
        session.complete(_Follower(session, query, as_json=as_json).run())
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
    """How far each journal is known to go and has not been shown."""

    written: dict[str, int] = field(default_factory=dict)
    came: asyncio.Event = field(default_factory=asyncio.Event)

    def take(self, method: str, params: Shape) -> None:
        """Take a notification."""
        if isinstance(params, Committed):
            self.know(params.journal_id, params.last_seq)

    def know(self, journal_id: str, last_seq: int) -> None:
        """Remember that rows up to `last_seq` are there."""
        self.written[journal_id] = last_seq
        self.came.set()


class _Follower:
    """Shows rows until the person leaves. `_seen` is how far each journal has been shown: a journal
    that is not in it began after we did."""

    def __init__(self, session: Session, query: TailParams, *, as_json: bool) -> None:
        self._session = session
        self._query = query
        self._as_json = as_json
        self._seen: dict[str, int] = {}
        self._news = _News()
        self._ended = asyncio.Event()

    async def run(self) -> None:
        """Follow, over restarts of the hub. Errors: TransportError when it is not there at first,
        CommandRefused when it does not let us."""
        # Leaving with Ctrl-C is how following ends, not a fault.
        asyncio.get_running_loop().add_signal_handler(signal.SIGINT, self._ended.set)
        client = await self._session.connect(self._news.take)
        await self._serve(client, first=True)
        while not self._ended.is_set():
            click.echo(self._session.say(text.FOLLOW_LOST), err=True)
            found = await self._find_again()
            if found is None:
                return
            click.echo(self._session.say(text.FOLLOW_BACK), err=True)
            await self._serve(found, first=False)

    async def _find_again(self) -> ControlClient | None:
        """Return a new connection, None when the person leaves meanwhile."""
        while not self._ended.is_set():
            try:
                return await self._session.connect(self._news.take)
            except TransportError:
                await _either(self._ended, within_s=RETRY_S)
        return None

    async def _serve(self, client: ControlClient, *, first: bool) -> None:
        """Show what comes over one connection, until it or the person is gone."""
        try:
            # Asked before anything else, so that nothing written in between is missed.
            await client.ask("journal.follow", Nothing(), Nothing)
            await self._take_stock(client, first=first)
            while True:
                await _either(self._news.came, client.closed, self._ended)
                if client.closed.is_set() or self._ended.is_set():
                    return
                self._news.came.clear()
                for journal_id, last_seq in tuple(self._news.written.items()):
                    await self._show_through(client, journal_id, last_seq)
        except TransportError:
            if first and not self._seen:
                raise
        except CommandRefused as refusal:
            # Its disk may be in the middle of failing, or it has too many guests for a moment.
            if not self._seen or refusal.code not in ("JournalError", "busy"):
                raise
        finally:
            await client.close()

    async def _take_stock(self, client: ControlClient, *, first: bool) -> None:
        """Learn how far every journal goes; at first that is where following begins."""
        known = (await client.ask("status", Nothing(), Status)).journal.journals
        if not first:
            for info in known:
                self._news.know(info.journal_id, info.last_seq)
            return
        rows = (await client.ask("journal.tail", self._query, RowList)).rows
        _print(self._session, rows, as_json=self._as_json)
        for journal_id, seq in [(i.journal_id, i.last_seq) for i in known] + [
            (row.journal_id, row.seq) for row in rows
        ]:
            self._seen[journal_id] = max(seq, self._seen.get(journal_id, 0))

    async def _show_through(self, client: ControlClient, journal_id: str, last_seq: int) -> None:
        # A journal with a new id (the disk failed under the hub) counts from its own beginning.
        after = self._seen.get(journal_id, 0)
        while after < last_seq:
            more = {"limit": BATCH, "after_seq": after, "journal_id": journal_id}
            query = self._query.model_copy(update=more)
            try:
                rows = (await client.ask("journal.tail", query, RowList)).rows
            except CommandRefused as refusal:
                if refusal.code != "unknown_journal":
                    raise
                rows = ()  # Pruned to its last row.
            _print(self._session, rows, as_json=self._as_json)
            whole = len(rows) < BATCH
            after = max([last_seq, *(row.seq for row in rows)]) if whole else rows[-1].seq
            self._seen[journal_id] = after


async def _either(*events: asyncio.Event, within_s: float | None = None) -> None:
    """Wait until one of the events is set, or for so long."""
    async with asyncio.TaskGroup() as group:
        waits = [group.create_task(one.wait()) for one in events]
        await asyncio.wait(waits, timeout=within_s, return_when=asyncio.FIRST_COMPLETED)
        for wait in waits:
            wait.cancel()


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

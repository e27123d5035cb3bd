"""Following the journal: new rows as they come, over everything a hub does meanwhile."""

from __future__ import annotations

import asyncio
import signal
import subprocess
import sys
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest

from agent.control import schema
from agent.control.schema import Shape
from agent.control.server import Peer
from agent.core.errors import CommandRefused
from tests.cli.hub import JOURNAL_ID, Hub, as_json, ended, hub, interrupt, nothing, row, status
from tests.hub import ROOT, wait_for
from tests.hub import Hub as RealHub

OTHER_ID = "0ddba115"
PATIENCE_S = 20.0


class Record:
    """What a made-up guard has on disk: journals, the one being written last."""

    def __init__(self) -> None:
        self.journals: dict[str, list[schema.RowInfo]] = {JOURNAL_ID: []}
        self.broken = False

    def write(self, count: int = 1, journal_id: str = JOURNAL_ID, kind: str = "reading") -> None:
        """Append rows; the journal becomes the present one."""
        rows = self.journals.pop(journal_id, [])
        for _ in range(count):
            seq = rows[-1].seq + 1 if rows else 1
            rows.append(row(seq, kind).model_copy(update={"journal_id": journal_id}))
        self.journals[journal_id] = rows

    def committed(self) -> schema.Committed:
        """Return the word that goes to followers."""
        journal_id, rows = list(self.journals.items())[-1]
        return schema.Committed(journal_id=journal_id, last_seq=rows[-1].seq, urgent=False)

    async def tail(self, params: Shape, peer: Peer) -> Shape:
        """Answer `journal.tail` as guard does."""
        assert isinstance(params, schema.TailParams)
        if self.broken:
            raise CommandRefused("JournalError", "the disk is failing")
        journal_id = params.journal_id or list(self.journals)[-1]
        if journal_id not in self.journals:
            raise CommandRefused("unknown_journal", "no such journal")
        found = [r for r in self.journals[journal_id] if not params.kinds or r.kind in params.kinds]
        if params.after_seq is None:
            return schema.RowList(rows=tuple(found[-params.limit :]))
        after = [r for r in found if r.seq > params.after_seq]
        return schema.RowList(rows=tuple(after[: params.limit]))

    async def status(self, params: Shape, peer: Peer) -> Shape:
        """Answer `status` with where the journals stand."""
        marks = [
            {
                "journal_id": journal_id,
                "path": "/x",
                "writing": False,
                "last_seq": rows[-1].seq if rows else 0,
                "urgent_through": 0,
                "bulk_through": 0,
            }
            for journal_id, rows in self.journals.items()
        ]
        well = status()
        health = well.journal.model_dump() | {"journals": marks}
        return status(journal=health)


@asynccontextmanager
async def guard(folder: Path, record: Record) -> AsyncIterator[Hub]:
    async def follow(params: Shape, peer: Peer) -> Shape:
        peer.following = True
        return nothing()

    async with hub(
        folder, journal_tail=record.tail, journal_follow=follow, status=record.status
    ) as made:
        yield made
    (folder / "control.sock").unlink(missing_ok=True)


class Follower:
    """`anju journal tail -f --json` as a process."""

    def __init__(self, process: asyncio.subprocess.Process) -> None:
        self.process = process

    async def rows(self, count: int) -> list[tuple[str, int]]:
        """Return the next rows it prints."""
        assert self.process.stdout is not None
        found: list[Any] = []
        async with asyncio.timeout(PATIENCE_S):
            for _ in range(count):
                found.append(as_json((await self.process.stdout.readline()).decode()))
        return [(one["journal_id"], one["seq"]) for one in found]

    async def says(self, words: str) -> None:
        """Wait for a line on stderr."""
        assert self.process.stderr is not None
        async with asyncio.timeout(PATIENCE_S):
            assert words in (await self.process.stderr.readline()).decode()

    async def leave(self) -> tuple[int, str, str]:
        """Press Ctrl-C and return how it ended and what it said that was not read."""
        interrupt(self.process)
        end = await ended(self.process)
        return end.code, end.out, end.err


def of(journal_id: str, *seqs: int) -> list[tuple[str, int]]:
    return [(journal_id, seq) for seq in seqs]


async def follow(home: Hub, *more: str) -> Follower:
    return Follower(await home.start("journal", "tail", "-f", "--json", *more))


async def test_new_rows_are_shown_once_and_ctrl_c_ends_it_well(tmp_path: Path) -> None:
    record = Record()
    record.write(1)
    async with guard(tmp_path, record) as home:
        person = await follow(home)
        assert await person.rows(1) == of(JOURNAL_ID, 1)
        record.write(2)
        for _ in range(2):
            home.server.tell_followers("journal.committed", record.committed())
        assert await person.rows(2) == of(JOURNAL_ID, 2, 3)
        assert await person.leave() == (0, "", "")


async def test_following_goes_on_over_a_restart_without_a_gap_or_a_double(tmp_path: Path) -> None:
    record = Record()
    record.write(3)
    async with guard(tmp_path, record) as home:
        person = await follow(home)
        assert await person.rows(3) == of(JOURNAL_ID, 1, 2, 3)
    await person.says("waiting for it")
    record.write(1200)  # Written between the last word of the old guard and the first of the new.
    async with guard(tmp_path, record) as home:
        await person.says("is back")
        assert await person.rows(1200) == of(JOURNAL_ID, *range(4, 1204))
        record.write(1)
        home.server.tell_followers("journal.committed", record.committed())
        assert await person.rows(1) == of(JOURNAL_ID, 1204)
        assert await person.leave() == (0, "", "")


async def test_the_rest_of_the_old_journal_is_shown_when_guard_comes_back_with_a_new_one(
    tmp_path: Path,
) -> None:
    record = Record()
    record.write(2)
    async with guard(tmp_path, record) as home:
        person = await follow(home)
        assert await person.rows(2) == of(JOURNAL_ID, 1, 2)
    record.write(2)
    record.write(2, OTHER_ID)
    async with guard(tmp_path, record):
        assert await person.rows(4) == of(JOURNAL_ID, 3, 4) + of(OTHER_ID, 1, 2)
        await person.leave()


async def test_an_old_journal_is_not_told_again_when_the_hub_goes_back_to_it(
    tmp_path: Path,
) -> None:
    record = Record()
    record.write(5)
    record.write(1, OTHER_ID)
    async with guard(tmp_path, record) as home:
        person = await follow(home)
        assert await person.rows(1) == of(OTHER_ID, 1)
        record.write(1)
        home.server.tell_followers("journal.committed", record.committed())
        assert await person.rows(1) == of(JOURNAL_ID, 6)
        await person.leave()


async def test_a_disk_that_fails_for_a_moment_does_not_end_following(tmp_path: Path) -> None:
    record = Record()
    record.write(1)
    async with guard(tmp_path, record) as home:
        person = await follow(home)
        assert await person.rows(1) == of(JOURNAL_ID, 1)
        record.write(1)
        record.broken = True
        home.server.tell_followers("journal.committed", record.committed())
        await person.says("waiting for it")
        record.broken = False
        assert await person.rows(1) == of(JOURNAL_ID, 2)
        await person.leave()


async def test_a_pruned_journal_does_not_hold_following_up(tmp_path: Path) -> None:
    record = Record()
    record.write(1)
    async with guard(tmp_path, record) as home:
        person = await follow(home)
        await person.rows(1)
        record.write(1, OTHER_ID)
        gone = schema.Committed(journal_id="deadbeef", last_seq=9, urgent=False)
        home.server.tell_followers("journal.committed", gone)
        home.server.tell_followers("journal.committed", record.committed())
        assert await person.rows(1) == of(OTHER_ID, 1)
        await person.leave()


@pytest.mark.parametrize("kinds", [("--kind", "gap"), ()])
async def test_only_the_asked_kinds_are_followed(tmp_path: Path, kinds: tuple[str, ...]) -> None:
    record = Record()
    record.write(3)
    async with guard(tmp_path, record) as home:
        person = await follow(home, "-n", "1", *kinds)
        if not kinds:
            assert await person.rows(1) == of(JOURNAL_ID, 3)
        await until_asked(home, lambda: home.asked[-1][0] == "journal.tail")
        record.write(1, kind="gap")
        home.server.tell_followers("journal.committed", record.committed())
        assert await person.rows(1) == of(JOURNAL_ID, 4)
        await person.leave()


async def until_asked(home: Hub, condition: Callable[[], bool]) -> None:
    async with asyncio.timeout(PATIENCE_S):
        while not home.asked or not condition():  # noqa: ASYNC110 - another process asks.
            await asyncio.sleep(0.01)


async def test_leaving_while_the_hub_is_away_ends_well(tmp_path: Path) -> None:
    record = Record()
    record.write(1)
    async with guard(tmp_path, record) as home:
        person = await follow(home)
        await person.rows(1)
    await person.says("waiting for it")
    assert await person.leave() == (0, "", "")


def test_a_real_hub_is_followed_over_a_kill_and_a_stop(tmp_path: Path) -> None:
    real = RealHub(tmp_path)
    said = tmp_path / "followed"
    real.start()
    wait_for(lambda: real.ask("status"), what="guard answers")
    with said.open("wb") as out:
        person = subprocess.Popen(
            [
                *(sys.executable, "-m", "agent", "journal", "tail", "-f", "--json"),
                *("-n", "1000", "--config", str(real.config)),
            ],
            cwd=ROOT,
            stdout=out,
            stderr=subprocess.DEVNULL,
        )
    try:
        wait_for(lambda: starts(said) == 1, what="the first start is shown")
        real.kill("guard")
        real.start()
        wait_for(lambda: starts(said) == 2, what="the start after the kill is shown")
        real.stop("guard")
        real.start()
        wait_for(lambda: starts(said) == 3, what="the start after the stop is shown")
        person.send_signal(signal.SIGINT)
        assert person.wait(10) == 0
    finally:
        person.kill()
        person.wait(5)
        real.close()
    seqs = [as_row["seq"] for as_row in rows_in(said)]
    assert seqs == list(range(1, len(seqs) + 1))


def rows_in(said: Path) -> list[Any]:
    return [
        as_json(line) for line in said.read_text().splitlines(keepends=True) if line[-1] == "\n"
    ]


def starts(said: Path) -> int:
    return sum(one["kind"] == "hub.started" for one in rows_in(said))

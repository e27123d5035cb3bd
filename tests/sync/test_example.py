"""The consumer that PROTOCOL.md prints: run as it stands there, killed, and given rubbish."""

from __future__ import annotations

import re
import sqlite3
import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import paho.mqtt.publish as mqtt_publish

from sync.contract.__main__ import SYNC
from sync.messages import Topics
from tests.sync.house import DISTRICT, House, house, until

MOST_LINES = 40


def printed() -> str:
    """Return the program in the document."""
    found = re.findall(
        r"^```python\n(.*?)^```", (SYNC / "PROTOCOL.md").read_text(encoding="utf-8"), re.S | re.M
    )
    assert len(found) == 1
    return str(found[0])


@contextmanager
def consumer(folder: Path, home: House) -> Iterator[subprocess.Popen[bytes]]:
    """Run it; at the end it is killed, not asked to stop."""
    program = folder / "consumer.py"
    program.write_text(printed(), encoding="utf-8")
    host, port = home.broker.address.split(":")
    with (folder / "consumer.log").open("ab") as log:
        process = subprocess.Popen(
            [sys.executable, str(program), host, port, DISTRICT, str(folder / "district.db")],
            stdout=log,
            stderr=log,
        )
    try:
        yield process
    finally:
        process.kill()
        process.wait(5)


def seqs(folder: Path) -> list[int]:
    """Return what it has stored."""
    with closing(sqlite3.connect(folder / "district.db")) as db:
        return [row[0] for row in db.execute("SELECT seq FROM event ORDER BY seq")]


async def begin(home: House) -> None:
    """Start everything but a platform."""
    home.broker.start()
    await home.guard.start()
    home.link.start()


def test_it_fits_on_a_page() -> None:
    assert len(printed().splitlines()) <= MOST_LINES


async def test_it_takes_everything_once_though_it_is_killed(tmp_path: Path) -> None:
    async with house(tmp_path, start=begin, extra="tls = false\nbulk_rows_per_s = 2000.0") as home:
        home.guard.commit("bulk", 12_000)
        home.guard.commit("urgent", 3)
        for _ in range(3):
            with consumer(tmp_path, home):
                before = home.guard.cursor("bulk")
                await until(lambda b=before: home.guard.cursor("bulk") > b)  # type: ignore[misc]
            home.guard.commit("urgent", 2)
        with consumer(tmp_path, home):
            # What a killed one had and did not answer comes again after 8, 15, 30 s.
            await home.settled(wait_s=90.0)
        assert seqs(tmp_path) == list(range(1, home.guard.last_seq("0000aaaa") + 1))


async def test_rubbish_from_one_hub_does_not_stop_it(tmp_path: Path) -> None:
    async with house(tmp_path, start=begin) as home:
        with consumer(tmp_path, home) as process:
            home.guard.commit("urgent")
            await home.settled()
            topic = Topics(DISTRICT, "hub-of-a-stranger").alarm
            host, port = home.broker.address.split(":")
            for payload in (b"\x1f\x8bno gzip", b"{", b"[1]", b"{}", b"[]", b"\xff"):
                mqtt_publish.single(topic, payload, qos=1, hostname=host, port=int(port))
            home.guard.commit("urgent")
            await home.settled()
            assert process.poll() is None
        assert seqs(tmp_path) == [1, 2]

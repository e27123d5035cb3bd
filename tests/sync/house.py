"""What the end-to-end tests of the uplink stand on: a broker, a guard and link as a process.

The broker is Mosquitto, the control socket is the product's own server, the journal is a SQLite
file; only guard's inside is small here: it writes the rows a test wants.
"""

from __future__ import annotations

import asyncio
import getpass
import json
import os
import signal
import socket
import sqlite3
import subprocess
import sys
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

from agent.clock import SystemClock
from agent.control.schema import (
    METHODS,
    AckParams,
    AdvanceParams,
    AlarmInfo,
    AuditParams,
    Committed,
    JournalInfo,
    Nothing,
    Shape,
    SyncState,
    Text,
    UplinkReport,
)
from agent.control.server import ControlServer, Handler, Peer
from agent.core.errors import CommandRefused
from tests.platform.client import ROOT, PlatformProcess
from tests.sync.brokers import Broker, RabbitMq, chosen

HUB, DISTRICT = "hub-1", "d1"
WAIT_S = 20.0

_JOURNAL = """
CREATE TABLE IF NOT EXISTS journal (
    journal_id TEXT, seq INTEGER, lane TEXT, kind TEXT, severity TEXT, device TEXT, body TEXT,
    observed_at REAL, received_at REAL, recorded_at REAL, boot_id TEXT, mono_ms INTEGER,
    time_quality TEXT, correction_ms INTEGER, PRIMARY KEY (journal_id, seq)
) WITHOUT ROWID
"""


def free_port() -> int:
    """Return a loopback port that nobody has now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


async def until(check: Callable[[], object], wait_s: float = WAIT_S, what: str = "") -> None:
    """Wait until `check()` is true; fail after `wait_s`."""
    deadline = time.monotonic() + wait_s
    while not check():
        assert time.monotonic() < deadline, f"not within {wait_s} s: {what or check}"
        await asyncio.sleep(0.02)


class Mosquitto:
    """A broker on a loopback port."""

    def __init__(self, folder: Path, lines: Sequence[str] = ("allow_anonymous true",)) -> None:
        self.port = free_port()
        self.address = f"127.0.0.1:{self.port}"
        self._config = folder / f"mosquitto-{self.port}.conf"
        text = "\n".join([f"listener {self.port} 127.0.0.1", "persistence false", *lines])
        text += (
            f"\nuser {getpass.getuser()}"  # As root it would drop to a user who may not read keys.
        )
        self._config.write_text(f"{text}\nmax_inflight_messages 0\n")
        self._process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        """Start it and wait until it listens."""
        command = ["/usr/sbin/mosquitto", "-c", str(self._config)]
        self._process = subprocess.Popen(command, stderr=subprocess.DEVNULL)
        deadline = time.monotonic() + 5
        while True:
            try:
                socket.create_connection(("127.0.0.1", self.port), 1).close()
                return
            except OSError:
                assert time.monotonic() < deadline, "mosquitto does not listen"

    def stop(self) -> None:
        """End it and wait until it is gone."""
        if self._process is not None:
            self._process.terminate()
            self._process.wait(5)
            self._process = None


def broker_of_this_run(folder: Path) -> Broker:
    """Return the broker that this test run is about (`brokers`), not started yet."""
    if chosen().name == "rabbitmq":
        return RabbitMq(folder)
    return Mosquitto(folder)


class Guard:
    """Serves the control socket over a journal file."""

    def __init__(self, folder: Path) -> None:
        self.clock = SystemClock()
        self.run_dir = folder / "run"
        self.data_dir = folder / "data"
        self.data_dir.mkdir(exist_ok=True)
        self.journals: dict[str, Path] = {}
        self.cursors: dict[tuple[str, str], int] = {}
        self.audits: list[AuditParams] = []
        self.reports: list[UplinkReport] = []
        self.acked: list[AckParams] = []
        self.committed_ns: dict[tuple[str, int], int] = {}
        self._dbs: dict[str, sqlite3.Connection] = {}
        handlers: dict[str, Handler] = dict.fromkeys(METHODS, self._no)
        handlers |= {
            "journal.follow": self._follow,
            "sync.state": self._state,
            "sync.advance": self._advance,
            "sync.report": self._report,
            "audit": self._audit,
            "alarm.ack": self._ack,
        }
        self._server = ControlServer(self.run_dir / "control.sock", handlers)
        self._serving: asyncio.Task[None] | None = None

    def add_journal(self, journal_id: str, *, first: bool = True) -> None:
        """Begin a journal in a file of its own."""
        path = self.data_dir / f"journal-{journal_id}.db"
        db = sqlite3.connect(path, isolation_level=None)
        db.execute("PRAGMA journal_mode = WAL")
        db.execute(_JOURNAL)
        self._dbs[journal_id] = db
        others = self.journals
        self.journals = {journal_id: path, **others} if first else {**others, journal_id: path}

    async def start(self) -> None:
        """Listen on the control socket."""
        loop = asyncio.get_running_loop()
        self._serving = loop.create_task(self._server.serve())
        await until((self.run_dir / "control.sock").exists)

    async def stop(self) -> None:
        """Go away; the journal stays."""
        if self._serving is not None:
            self._serving.cancel()
            # A process that ends closes its connections; a server that is cancelled does not.
            tasks = {t for t in asyncio.all_tasks() if "_connected" in repr(t.get_coro())}
            for task in tasks:
                task.cancel()
            await asyncio.gather(self._serving, *tasks, return_exceptions=True)
            (self.run_dir / "control.sock").unlink(missing_ok=True)
            self._serving = None

    def close(self) -> None:
        """Let the files go."""
        for db in self._dbs.values():
            db.close()

    def commit(
        self,
        lane: str,
        count: int = 1,
        *,
        journal_id: str = "",
        kind: str = "",
        body: object = None,
        tell: bool = True,
    ) -> list[int]:
        """Write `count` rows in one transaction, tell the followers, return the seqs."""
        journal = journal_id or next(iter(self.journals))
        db, first, now = self._dbs[journal], self.last_seq(journal) + 1, self.clock.now()
        kind = kind or ("alarm.raised" if lane == "urgent" else "reading")
        severity = "S1" if kind.startswith("alarm.") else None
        seqs = list(range(first, first + count))
        db.execute("BEGIN IMMEDIATE")
        for seq in seqs:
            text: object = json.dumps({"value": seq, "none": None, "zh": "客厅"})
            db.execute(
                "INSERT INTO journal VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, 0)",
                (
                    *(journal, seq, lane, kind, severity, "zigbee-1"),
                    text if body is None else body,
                    *(None, now.wall_s, now.wall_s, now.boot_id, now.mono_ms, "rtc"),
                ),
            )
        db.execute("COMMIT")
        at_ns = time.monotonic_ns()
        self.committed_ns |= {(journal, seq): at_ns for seq in seqs}
        if tell:
            note = Committed(journal_id=journal, last_seq=seqs[-1], urgent=lane == "urgent")
            self._server.tell_followers("journal.committed", note)
        return seqs

    def run_sql(self, journal_id: str, sql: str, values: Sequence[object] = ()) -> None:
        """Change a journal file by hand."""
        self._dbs[journal_id].execute(sql, tuple(values))

    def rows(self, journal_id: str, columns: str) -> list[Any]:
        """Return some columns of every row."""
        sql = f"SELECT {columns} FROM journal ORDER BY seq"
        return self._dbs[journal_id].execute(sql).fetchall()

    def last_seq(self, journal_id: str, lane: str = "%") -> int:
        """Return the last seq written, of one lane or of both."""
        sql = "SELECT coalesce(max(seq), 0) FROM journal WHERE lane LIKE ?"
        return int(self._dbs[journal_id].execute(sql, (lane,)).fetchone()[0])

    def cursor(self, lane: str, journal_id: str = "") -> int:
        """Return a lane's cursor."""
        return self.cursors.get((journal_id or next(iter(self.journals)), lane), 0)

    # --- handlers ---------------------------------------------------------------------------------

    async def _no(self, _: Shape, __: Peer) -> Shape:
        raise CommandRefused("unavailable", "not part of this test")

    async def _follow(self, _: Shape, peer: Peer) -> Shape:
        peer.following = True
        return Nothing()

    async def _state(self, _: Shape, __: Peer) -> Shape:
        infos = tuple(
            JournalInfo(
                journal_id=journal_id,
                path=str(path),
                writing=at == 0,
                last_seq=self.last_seq(journal_id),
                urgent_through=self.cursors.get((journal_id, "urgent"), 0),
                bulk_through=self.cursors.get((journal_id, "bulk"), 0),
            )
            for at, (journal_id, path) in enumerate(self.journals.items())
        )
        return SyncState(hub=HUB, district=DISTRICT, journals=infos)

    async def _advance(self, params: AdvanceParams, _: Peer) -> Shape:
        key = (params.journal_id, params.lane)
        assert params.through_seq >= self.cursors.get(key, 0), "a cursor went back"
        self.cursors[key] = params.through_seq
        return Nothing()

    async def _report(self, report: UplinkReport, _: Peer) -> Shape:
        self.reports.append(report)
        return Nothing()

    async def _audit(self, params: AuditParams, _: Peer) -> Shape:
        self.audits.append(params)
        return Nothing()

    async def _ack(self, params: AckParams, _: Peer) -> Shape:
        if not params.alarm.startswith(tuple(self.journals)):
            raise CommandRefused("unknown_alarm", f"no alarm {params.alarm}")
        self.acked.append(params)
        return AlarmInfo(
            id=params.alarm, rule="sos", hazard="sos", severity="S1", state="ACKED",
            subject="zigbee-1", device_name="", count=1, drill=False, code=101, latched=True,
            condition_active=False, why=Text(zh="", en=""), detected_at_s=0.0, raised_at_s=0.0,
            acked_at_s=0.0, acked_by=params.by, restored_at_s=None, closed_at_s=None, cause="",
        )  # fmt: skip


class LinkProcess:
    """`anju link` as a process."""

    def __init__(self, guard: Guard, folder: Path, port: int, extra: str = "tls = false") -> None:
        self._config = folder / "anju.toml"
        self._log = folder / "link.log"
        self._config.write_text(
            f'[hub]\nid = "{HUB}"\ndistrict = "{DISTRICT}"\n'
            f'data_dir = "{guard.data_dir}"\nruntime_dir = "{guard.run_dir}"\n'
            f'[uplink]\nhost = "127.0.0.1"\nport = {port}\nreconnect_max_s = 1.0\n{extra}\n'
        )
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def pid(self) -> int:
        """Return its process id."""
        assert self._process is not None
        return self._process.pid

    def start(self) -> None:
        """Start it."""
        code = "import sys; from pathlib import Path; from sync.link import main; "
        code += "sys.exit(main(Path(sys.argv[1])))"
        with self._log.open("ab") as log:
            self._process = subprocess.Popen(
                [sys.executable, "-c", code, str(self._config)],
                cwd=ROOT,
                stderr=log,
                env={**os.environ, "ANJU_LOG": "INFO"},
            )

    def stop(self, number: int = signal.SIGTERM) -> int:
        """Send a signal, wait, and return the exit code."""
        if self._process is None:
            return 0
        self._process.send_signal(number)
        code = self._process.wait(10)
        self._process = None
        return code

    def resident_kb(self) -> int:
        """Return how much memory it has in use."""
        status = Path(f"/proc/{self.pid}/status").read_text()
        return int(status.split("VmRSS:")[1].split()[0])


class House:
    """All of it."""

    def __init__(self, folder: Path, broker: Broker, extra: str = "tls = false") -> None:
        self.broker = broker
        self.guard = Guard(folder)
        self.guard.add_journal("0000aaaa")
        self.link = LinkProcess(self.guard, folder, broker.port, extra)
        self.platform = PlatformProcess(folder / "platform.db", broker.address, DISTRICT)

    def stored(self, **equal: Any) -> int:
        """Return how many events the platform has."""
        return len(self.platform.events(**equal))

    async def online(self) -> None:
        """Wait until the platform has the hub's birth."""
        await until(lambda: self.platform.hub(HUB).get("state") == "online", what="birth")

    async def settled(self, journal_id: str = "", wait_s: float = WAIT_S) -> None:
        """Wait until every row of a journal is confirmed, both lanes together."""
        journal = journal_id or next(iter(self.guard.journals))

        def done() -> bool:
            return all(
                self.guard.cursor(lane, journal) >= self.guard.last_seq(journal, lane)
                for lane in ("urgent", "bulk")
            )

        await until(done, wait_s, "cursors")


@asynccontextmanager
async def house(
    folder: Path,
    *,
    options: Sequence[str] = (),
    start: Callable[[House], Awaitable[None]] | None = None,
    extra: str = "tls = false",
) -> AsyncIterator[House]:
    """Give a house with everything running, or with what `start` starts; end all of it."""
    home = House(folder, broker_of_this_run(folder), f"{extra}\n{chosen().extra}")
    try:
        if start is not None:
            await start(home)
        else:
            home.broker.start()
            home.platform.start(*options)
            # It subscribes at once then; link takes longer to come. Not every broker gives a birth
            # that was retained to who subscribes with a wildcard.
            await until(home.platform.db.exists, what="platform")
            await home.guard.start()
            home.link.start()
            await home.online()
        yield home
    finally:
        home.link.stop()
        home.platform.stop()
        home.broker.stop()
        await home.guard.stop()
        home.guard.close()

"""Drain after an outage: rows a second from the journal to the platform, beside a bare loop.

The hub is real (guard and link as processes), the broker is Mosquitto, and the platform is as small
as one can be (`sink`). The bare loop (`bare_loop`) sends the same rows of the same file in the same
batches to the same platform. Both are timed there, from the first message to the last.
"""

from __future__ import annotations

import json
import sqlite3
import subprocess
import sys
from contextlib import closing
from pathlib import Path
from tempfile import TemporaryDirectory

from tests.bench.figures import resident_mb, show
from tests.hub import DISTRICT, HUB, ROOT, Hub, wait_for
from tests.sync.house import Mosquitto, free_port

_TOPIC = f"anju/v1/{DISTRICT}/{HUB}"
_FLOORS = 2
_INSERT = (
    "INSERT INTO journal (journal_id, seq, lane, kind, severity, device, body, received_at, "
    "recorded_at, boot_id, mono_ms, time_quality) VALUES (?,?,?,?,?,?,?,?,?,?,?,?)"
)
_QUANTITIES = (("temp_c", 21.37), ("humidity_pct", 44.2), ("motion", True), ("battery_pct", 83))
_BEGAN_S = 1_790_000_000.0


def run(rows: int, waiting: int) -> None:
    """Print drain speed over `rows`, the time to the first alarm, and what a backlog of `waiting`
    rows weighs in memory."""
    with TemporaryDirectory(prefix="anju-bench-", dir=ROOT) as name:
        folder = Path(name)
        # As PROTOCOL.md advises: otherwise the broker holds small packets back for 40 ms.
        broker = Mosquitto(folder, ("allow_anonymous true", "set_tcp_nodelay true"))
        broker.start()
        hub = Hub(folder, broker_port=broker.port, extra="bulk_rows_per_s = 100000.0")
        try:
            _drain(hub, broker.port, rows)
        finally:
            hub.close()
            broker.stop()
    with TemporaryDirectory(prefix="anju-bench-", dir=ROOT) as name:
        hub = Hub(Path(name), broker_port=free_port())
        try:
            _memory(hub, waiting)
        finally:
            hub.close()


def _drain(hub: Hub, port: int, rows: int) -> None:
    hub.start("guard")
    wait_for(lambda: hub.ask("status"), 30, "guard answers")
    hub.stop("guard")
    journal = hub.data / "journal.db"
    journal_id, last = _fill(journal, rows)
    floors = []
    for _ in range(_FLOORS):
        sink = _Sink(port, journal_id, last)
        bare = [*_python("bare_loop"), str(journal), str(port), _TOPIC, journal_id]
        subprocess.run(bare, cwd=ROOT, check=True, timeout=120)
        floors.append(sink.rows_per_s())
    hub.start("guard")
    wait_for(lambda: hub.ask("status"), 30, "guard answers")
    sink = _Sink(port, journal_id, last)
    hub.start("link")
    rate = sink.rows_per_s()
    found = sink.found
    show(
        "drain_rows_per_s",
        value=round(rate),
        floor_bare_loop=round(max(floors)),
        ratio=round(rate / max(floors), 2),
        wanted_min=20_000,
        wanted_min_ratio=0.5,
        n=rows,
    )
    first_alarm_ms = (found["alarm"] - found["status"]) * 1000
    show("link_up_to_first_alarm", value_ms=round(first_alarm_ms, 1), wanted_max_ms=1000)


def _memory(hub: Hub, waiting: int) -> None:
    """Weigh guard and link without a backlog and with one, while there is no broker."""
    before = _weigh(hub, 0)
    _fill(hub.data / "journal.db", waiting)
    after = _weigh(hub, waiting)
    grown = {name: round(after[name] - before[name], 1) for name in before}
    show("memory_grown_by_backlog", rows=waiting, **grown, unit="MB", wanted_max=20)


def _weigh(hub: Hub, waiting: int) -> dict[str, float]:
    """Return the resident memory of both processes once link has counted what waits."""
    hub.start("guard")
    hub.start("link")

    def counted() -> bool:
        status = hub.ask("status")
        return bool(status) and status["uplink"]["bulk_waiting"] >= waiting

    wait_for(counted, 60, "link has counted what waits")
    weighs = {name: resident_mb(hub.processes[name].pid) for name in ("guard", "link")}
    hub.stop("link")
    hub.stop("guard")
    return weighs


def _fill(journal: Path, rows: int) -> tuple[str, int]:
    """Write telemetry of a home into the journal that guard began, and one alarm behind it all."""
    with closing(sqlite3.connect(journal)) as db:
        journal_id, last = db.execute(
            "SELECT journal_id, max(seq) FROM journal GROUP BY journal_id"
        ).fetchone()

        def row(number: int) -> tuple[object, ...]:
            quantity, value = _QUANTITIES[number % len(_QUANTITIES)]
            body = {"quantity": quantity, "value": value, "channel": None, "linkquality": 120}
            at_s = _BEGAN_S + number
            return (
                *(journal_id, last + number, "bulk", "reading", None),
                *(f"zigbee-00124b000102{number % 40:04x}", json.dumps(body), at_s, at_s + 0.4),
                *("80ed6e94-d02c-4710-844f-b1b980dcaeb1", number * 1000, "synced"),
            )

        db.executemany(_INSERT, (row(number) for number in range(1, rows + 1)))
        alarm = list(row(rows + 1))
        alarm[2:5] = "urgent", "alarm.raised", "S1"
        db.execute(_INSERT, alarm)
        db.commit()
    return journal_id, last + rows


class _Sink:
    """The platform's process."""

    def __init__(self, port: int, journal_id: str, last_seq: int) -> None:
        words = [*_python("sink"), str(port), _TOPIC, journal_id, str(last_seq)]
        self._process = subprocess.Popen(words, cwd=ROOT, stdout=subprocess.PIPE, text=True)
        self.found: dict[str, float] = {}
        assert self._process.stdout is not None
        assert self._process.stdout.readline() == "ready\n"

    def rows_per_s(self) -> float:
        """Wait for the last row and return the speed."""
        said, _ = self._process.communicate(timeout=120)
        self.found = json.loads(said)
        return self.found["rows"] / (self.found["last"] - self.found["events"])


def _python(module: str) -> list[str]:
    return [sys.executable, "-m", f"tests.bench.{module}"]


if __name__ == "__main__":
    run(100_000, 1_000_000)

"""One uplink behind a bad line: broker, proxy, guard, link as a process, and the platform.

The platform has a line of its own to the broker, which stays good: what is lost is lost between
hub and broker. The guard is the small one of the uplink's tests, or in `real` the product's.
"""

from __future__ import annotations

import asyncio
import random
import time
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

from tests.faults.network.proxy import Proxy
from tests.platform.client import PlatformProcess
from tests.sync.house import DISTRICT, HUB, Guard, LinkProcess, Mosquitto, free_port, until

JOURNAL = "0000aaaa"
BOOT_AHEAD_MS = int((time.clock_gettime(time.CLOCK_BOOTTIME) - time.monotonic()) * 1000)


@dataclass(frozen=True, slots=True)
class Sent:
    """One row as the journal has it. `mono_ms` when it was written, on the journal's timeline."""

    seq: int
    lane: str
    kind: str
    body: str
    mono_ms: int


class Home:
    """All of it. Use `home()`."""

    def __init__(self, folder: Path, *, broker_lines: Sequence[str] = (), extra: str = "") -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self.folder = folder
        self.broker = Mosquitto(folder, ("allow_anonymous true", *broker_lines))
        self.proxy = Proxy(free_port(), self.broker.port)
        self.guard = Guard(folder)
        self.guard.add_journal(JOURNAL)
        self.link = LinkProcess(self.guard, folder, self.proxy.port, f"tls = false\n{extra}")
        self.platform = PlatformProcess(folder / "platform.db", self.broker.address, DISTRICT)

    async def online(self, wait_s: float = 20.0) -> None:
        """Wait until the platform has the hub's birth."""
        await until(lambda: self.platform.hub(HUB).get("state") == "online", wait_s, "birth")

    async def settled(self, wait_s: float = 60.0) -> None:
        """Wait until both cursors are at the last row of their lanes.

        Then one more urgent row goes: an alarm that passed a backlog is confirmed by its own name,
        and the platform's watermark learns of it from the next event (PROTOCOL.md 5.2).
        """
        await self._confirmed(wait_s)
        self.guard.commit("urgent", kind="device.left")
        await self._confirmed(wait_s)

    async def _confirmed(self, wait_s: float) -> None:
        last = {lane: self.guard.last_seq(JOURNAL, lane) for lane in ("urgent", "bulk")}
        await until(
            lambda: all(self.guard.cursor(lane) >= seq for lane, seq in last.items()),
            wait_s,
            f"cursors {self.guard.cursors} at {last}",
        )

    async def load(self, rng: random.Random, for_s: float) -> None:
        """Write rows of both lanes at random moments for so long."""
        deadline = time.monotonic() + for_s
        while time.monotonic() < deadline:
            if rng.random() < 0.3:
                self.guard.commit("urgent", rng.choice((1, 1, 1, 3)))
            else:
                self.guard.commit("bulk", rng.randint(1, 40))
            await asyncio.sleep(rng.uniform(0.01, 0.15))

    def rows(self) -> dict[int, Sent]:
        """Return what the journal has, by seq."""
        found = self.guard.rows(JOURNAL, "seq, lane, kind, body, mono_ms")
        return {row[0]: Sent(*row) for row in found}


@asynccontextmanager
async def home(
    folder: Path,
    *,
    broker_lines: Sequence[str] = (),
    extra: str = "",
    options: Sequence[str] = (),
    idle: bool = False,
) -> AsyncIterator[Home]:
    """Give a home with everything running, or with guard and proxy only (`idle`); end all of it."""
    found = Home(folder, broker_lines=broker_lines, extra=extra)
    try:
        await found.proxy.start()
        await found.guard.start()
        if not idle:
            found.broker.start()
            found.platform.start(*options)
            found.link.start()
            await found.online()
        yield found
    finally:
        found.link.stop()
        found.platform.stop()
        found.broker.stop()
        await found.proxy.stop()
        await found.guard.stop()
        found.guard.close()

"""`python -m tests.faults.fleet`: hundreds of hubs lose their broker and come back.

Each hub is the product's own session and MQTT code over a journal in memory; the broker is one
Mosquitto, the platform a process of its own. The last line is JSON; exit code 0 when the judge has
nothing to say, 1 when it has, 2 when this machine does not allow so many sockets.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import random
import resource
import shutil
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from pathlib import Path
from tempfile import mkdtemp

from agent.clock import SystemClock
from agent.config import UplinkSection
from agent.core.row import Lane
from tests.faults.fleet.hub import FleetHub
from tests.faults.fleet.judge import HubRecord, alarm_waits_ms, curve, judge
from tests.platform.client import ROOT
from tests.sync.house import Mosquitto

SPARE_FILES = 256
LOOK_S = 0.1
COME_UP_S = 120.0
COME_BACK_S = 180.0
SETTLE_S = 180.0


class Fleet:
    """The hubs, their broker and their platform."""

    def __init__(self, folder: Path, hubs: int, seed: int, reconnect_max_s: float = 60.0) -> None:
        self.folder = folder
        self.broker = Mosquitto(folder, ("allow_anonymous true", "max_queued_messages 0"))
        settings = UplinkSection(
            host="127.0.0.1", port=self.broker.port, tls=False, reconnect_max_s=reconnect_max_s
        )
        clock = SystemClock()
        self.hubs = [
            FleetHub(number, settings, clock, random.Random(f"{seed}/{number}"))
            for number in range(hubs)
        ]
        self._rng = random.Random(f"{seed}/fleet")
        self._said = folder / "platform.json"
        self._platform: subprocess.Popen[bytes] | None = None

    async def play(self, history: int, outage_s: float) -> tuple[list[HubRecord], int]:
        """Bring all up, take the broker away while alarms are raised, and give it back; return what
        became of each hub, and when the broker was back (monotonic ns)."""
        self.broker.start()
        self._start_platform()
        loop = asyncio.get_running_loop()
        tasks = [loop.create_task(hub.run(), name=hub.name) for hub in self.hubs]
        try:
            await self._until(lambda hub: hub.up, COME_UP_S, "up")
            for hub in self.hubs:
                hub.commit(Lane.BULK, 10)
            await self._until(lambda hub: hub.settled, SETTLE_S, "settled")
            await asyncio.to_thread(self.broker.stop)
            _say("the broker is away")
            await self._outage(history, outage_s)
            await asyncio.to_thread(self.broker.start)
            back_ns = time.monotonic_ns()
            _say("the broker is back")
            calls = loop.create_task(self._calls_in_the_storm(), name="calls")
            with suppress(TimeoutError):
                await self._until(lambda hub: hub.up, COME_BACK_S, "up again")
            await calls
            with suppress(TimeoutError):
                await self._until(lambda hub: hub.settled, SETTLE_S, "settled again")
        finally:
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)
            for hub in self.hubs:
                hub.close()
            came = await asyncio.to_thread(self._stop)
        return [_record(hub, came.get(hub.name, {})) for hub in self.hubs], back_ns

    async def _outage(self, history: int, outage_s: float) -> None:
        """Let history pile up in each hub, and an alarm be raised in every second one."""
        steps = max(round(outage_s / 0.5), 1)
        for step in range(steps):
            for hub in self.hubs:
                hub.commit(Lane.BULK, history // steps + (step < history % steps))
            for hub in self._rng.sample(self.hubs, len(self.hubs) // 2 // steps + 1):
                hub.commit(Lane.URGENT)
            await asyncio.sleep(0.5)

    async def _calls_in_the_storm(self) -> None:
        """Raise alarms while the others come back."""
        for hub in self._rng.sample(self.hubs, max(len(self.hubs) // 10, 1)):
            await asyncio.sleep(self._rng.uniform(0.0, 0.2))
            hub.commit(Lane.URGENT)

    async def _until(self, done: Callable[[FleetHub], bool], wait_s: float, what: str) -> None:
        """Wait until it is true of every hub. Errors: TimeoutError."""
        began_s = time.monotonic()
        while missing := sum(not done(hub) for hub in self.hubs):
            if time.monotonic() - began_s > wait_s:
                raise TimeoutError(f"{missing} hubs are not {what} after {wait_s:.0f} s")
            await asyncio.sleep(LOOK_S)
        _say(f"all {what} after {time.monotonic() - began_s:.1f} s")

    def _start_platform(self) -> None:
        words = ["-m", "tests.faults.fleet.platform", str(self.broker.port), str(self._said)]
        self._platform = subprocess.Popen([sys.executable, *words], cwd=ROOT)

    def _stop(self) -> dict[str, dict[str, list[int]]]:
        """End platform and broker; return what the platform has."""
        self.broker.stop()
        if self._platform is None:
            return {}
        self._platform.terminate()
        self._platform.wait(30)
        came: dict[str, dict[str, list[int]]] = json.loads(self._said.read_text())
        return came


def _record(hub: FleetHub, came: dict[str, list[int]]) -> HubRecord:
    seen = hub.seen
    return HubRecord(
        name=hub.name,
        written_ns=seen.written_ns,
        urgent=frozenset(seen.urgent),
        ups_ns=seen.ups_ns,
        settled=hub.settled,
        complaints=seen.complaints,
        came_ns={int(seq): first_ns for seq, (first_ns, _) in came.items()},
        copies=sum(count - 1 for _, count in came.values()),
    )


def allow_files(hubs: int) -> str:
    """Raise the limit of open files as far as is needed; return why that is not enough, or ""."""
    needed = hubs + SPARE_FILES
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if soft != resource.RLIM_INFINITY and soft < needed:
        for most in (max(hard, needed), hard):  # Only root may raise the hard limit.
            with suppress(ValueError, OSError):
                resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))
                break
        soft, _ = resource.getrlimit(resource.RLIMIT_NOFILE)
    if soft != resource.RLIM_INFINITY and soft < needed:
        return f"{hubs} hubs need {needed} open files, this machine allows {soft}"
    return ""


def main() -> int:
    """Do what the command line says."""
    args = _parser().parse_args()
    seed = args.seed if args.seed is not None else time.time_ns() % 1_000_000
    lacking = allow_files(args.hubs)
    if lacking:
        sys.stdout.write(f"fleet: {lacking}\n")
        return 2
    folder = Path(mkdtemp(prefix="anju-fleet-"))
    began_s = time.monotonic()
    try:
        _say(f"{args.hubs} hubs, {args.outage_s:g} s without a broker, seed {seed}")
        fleet = Fleet(folder, args.hubs, seed, args.reconnect_max_s)
        hubs, back_ns = asyncio.run(fleet.play(args.history, args.outage_s))
    except TimeoutError as late:
        sys.stdout.write(f"FAULT before the outage: {late}\n")
        return 1
    finally:
        shutil.rmtree(folder)
    return _report(hubs, back_ns, seed, time.monotonic() - began_s)


def _report(hubs: Sequence[HubRecord], back_ns: int, seed: int, took_s: float) -> int:
    """Print the curve, what is wrong, and one line of JSON; return the exit code."""
    faults = judge(hubs, back_ns)
    ups = curve(hubs, back_ns)
    total = 0
    for second, count in enumerate(ups):
        total += count
        _say(f"second {second:3d} after the broker: {count:4d} hubs up, {total:5d} in all")
    for fault in faults:
        sys.stdout.write(f"FAULT {fault}\n")
    waits = sorted(ms for _, _, ms in alarm_waits_ms(hubs, back_ns))
    summary = {
        "what": "fleet",
        "seed": seed,
        "hubs": len(hubs),
        "rows": sum(len(hub.written_ns) for hub in hubs),
        "alarms": len(waits),
        "alarm_wait_ms_p50": _at(waits, 0.5),
        "alarm_wait_ms_p99": _at(waits, 0.99),
        "alarm_wait_ms_max": _at(waits, 1.0),
        "last_hub_up_s": len(ups),
        "most_ups_in_a_second": max(ups, default=0),
        "lost": sum(len(hub.written_ns.keys() - hub.came_ns.keys()) for hub in hubs),
        "copies_over": sum(hub.copies for hub in hubs),
        "faults": len(faults),
        "took_s": round(took_s),
    }
    sys.stdout.write(json.dumps(summary) + "\n")
    return 1 if faults else 0


def _at(values: Sequence[float], share: float) -> float | None:
    return round(values[min(int(len(values) * share), len(values) - 1)], 1) if values else None


def _say(text: str) -> None:
    sys.stdout.write(f"fleet: {text}\n")
    sys.stdout.flush()


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m tests.faults.fleet", description=__doc__)
    add = parser.add_argument
    add("--hubs", type=int, default=500, help="how many (500)")
    add("--history", type=int, default=200, help="bulk rows of each hub in the outage (200)")
    add("--outage-s", type=float, default=10.0, help="how long the broker is away (10)")
    add("--reconnect-max-s", type=float, default=60.0, help="longest wait between two tries (60)")
    add("--seed", type=int, default=None, help="of the random moments; printed when not given")
    return parser


if __name__ == "__main__":
    sys.exit(main())

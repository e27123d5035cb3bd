"""Kills guard and link at random moments, again and again, and collects the evidence."""

from __future__ import annotations

import random
import threading
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path

from tests.faults.checker import check, check_told
from tests.faults.evidence import Evidence, examine, read_journal, read_orders
from tests.faults.house import WHOLE_HOME, House, mono_ms
from tests.faults.traffic import Traffic
from tests.faults.witness import Witness
from tests.hub import wait_for

VICTIMS = (("guard",), ("link",), ("guard", "link"))
DRAINED_WITHIN_S = 90.0


class Rounds:
    """The kills of one home. `run` returns everything that the checker holds against it."""

    def __init__(
        self, folder: Path, *, seed: int, number: int, devices: Mapping[str, str] = WHOLE_HOME
    ) -> None:
        self._rng = random.Random(f"{seed}/{number}")
        self._stop = threading.Event()
        self.house = House(folder, seed=seed * 100 + number, devices=devices)
        self.evidence = Evidence()
        self.traffic = Traffic(self.house, self.evidence, random.Random(f"{seed}/{number}/traffic"))
        self._witness = Witness(self.house, self.evidence)

    def run(self, kills: int) -> list[str]:
        """Do so many kills, let everything settle, and judge."""
        try:
            self.house.open()
            self.evidence.ready.append(mono_ms())
            self._witness.start()
            try:
                self.traffic.start()
                try:
                    self._kill_often(kills)
                finally:
                    self.traffic.stop()
                self._settle()
            finally:
                self._witness.stop()
            code = self.house.hub.stop("guard")
            said, self.evidence.journal = examine(self.house.journal)
            self.evidence.stores.append(said)
            self.evidence.platform = self.house.platform.events()
        finally:
            self.house.close()
        ended_badly = [] if code == 0 else [f"guard ended with {code}, not with 0"]
        return [*check(self.evidence), *ended_badly]

    def stop(self) -> None:
        """Do no more kills."""
        self._stop.set()

    def _kill_often(self, kills: int) -> None:
        while len(self.evidence.kills) < kills and not self._stop.is_set():
            self._wait()
            room = kills - len(self.evidence.kills)
            victims = self._rng.choices(VICTIMS, weights=(12, 3, 5))[0][:room]
            for name in victims:
                self.house.hub.kill(name)
                self.evidence.kills.append((mono_ms(), name))
            if "guard" in victims:
                self._examine()
            for name in victims:
                self.house.hub.start(name)

    def _wait(self) -> None:
        """Wait for a moment to kill at: mostly soon after the hub is ready, sometimes while it
        still starts, sometimes when it has run for a while."""
        kind = self._rng.choices(("soon", "starting", "later"), weights=(13, 4, 3))[0]
        if kind == "starting":
            self._stop.wait(self._rng.uniform(0.2, 2.5))
            return
        self.evidence.ready.append(self.house.wait_ready())
        until_s = self._rng.uniform(0.0, 1.5) if kind == "soon" else self._rng.uniform(3.5, 5.0)
        self._stop.wait(until_s)

    def _examine(self) -> None:
        """Look at what the kill left, before the next guard touches it."""
        said, rows = examine(self.house.journal)
        self.evidence.stores.append(said)
        lost = check_told(self.evidence, rows)
        if lost:
            number = len(self.evidence.kills)
            raise AssertionError(f"after kill {number} of {self.house.folder.name}: {lost[0]}")

    def _settle(self) -> None:
        """Wait, for a bounded time, until all is sent and done; the checker says what was not."""
        self.evidence.ready.append(self.house.wait_ready())
        with suppress(TimeoutError):
            wait_for(self._is_drained, DRAINED_WITHIN_S)
        with suppress(TimeoutError):
            wait_for(lambda: not read_orders(self.house.journal), DRAINED_WITHIN_S)
        self.evidence.left_over = read_orders(self.house.journal)

    def _is_drained(self) -> bool:
        here = {
            key for key, row in read_journal(self.house.journal).items() if row.lane == "urgent"
        }
        there = {(e["journal_id"], e["seq"]) for e in self.house.platform.events(lane="urgent")}
        return here <= there

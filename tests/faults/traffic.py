"""Keeps a home busy: presses, smoke, doors, battery reports, and a person who closes alarms."""

from __future__ import annotations

import random
import threading

from tests.faults.evidence import Evidence, Press
from tests.faults.house import House, mono_ms
from tests.faults.line import Refused
from znp.client import StickControl


class Traffic:
    """One thread that does one thing after another until it is told to stop."""

    def __init__(self, house: House, evidence: Evidence, rng: random.Random) -> None:
        self._house = house
        self._evidence = evidence
        self._rng = rng
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, name="traffic")
        self.presses = 0

    def start(self) -> None:
        """Begin."""
        self._thread.start()

    def stop(self) -> None:
        """End, with every condition over."""
        self._stop.set()
        self._thread.join()

    def _run(self) -> None:
        doings = (self._press, self._door, self._battery, self._smoke, self._close_alarms)
        with self._house.stick.control() as control:
            while not self._stop.wait(self._rng.uniform(0.02, 0.3)):
                self._rng.choices(doings, weights=(12, 3, 2, 1, 2))[0](control)
            control.do("restore", device="smoke")

    def _press(self, control: StickControl) -> None:
        button = self._rng.choice(self._house.buttons)
        reply = control.do("press", device=button)
        written_ns = reply["written_ns"]
        if reply["sent"] and isinstance(written_ns, int):
            self._evidence.presses.append(Press(self._house.names[button], mono_ms(written_ns)))
            self.presses += 1
        if button.startswith("sos") and self._rng.random() < 0.8:
            control.do("restore", device=button)  # The finger is off the button.

    def _door(self, control: StickControl) -> None:
        if "door" in self._house.devices:
            control.do(self._rng.choice(("trip", "restore")), device="door")

    def _smoke(self, control: StickControl) -> None:
        control.do(self._rng.choice(("trip", "restore")), device="smoke")

    def _battery(self, control: StickControl) -> None:
        percent = self._rng.randrange(20, 100)
        control.do("battery", device="smoke", percent=percent, force=True)

    def _close_alarms(self, _: StickControl) -> None:
        """Close what is open, as a neighbour who came: its answers are told too."""
        try:
            line = self._house.line()
        except OSError:
            return
        try:
            for alarm in line.ask("alarms.list")["alarms"]:
                if alarm["severity"] == "S1":
                    done = line.ask("alarm.resolve", alarm=alarm["id"], cause="helped")
                    self._evidence.told.alarms.append(done)
        except (OSError, Refused):
            return  # Killed in the middle of it: what was not answered was not told.
        finally:
            line.close()

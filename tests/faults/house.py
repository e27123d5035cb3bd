"""One home whose parts can be killed: emulated stick, broker, platform, guard and link."""

from __future__ import annotations

import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from tests.faults.line import Line
from tests.hub import DISTRICT, Hub, StickProcess, wait_for, write_home
from tests.platform.client import PlatformProcess
from tests.sync.house import Mosquitto

SMALL_HOME = {
    "siren": "siren",
    "sos-1": "sos_button",
    "pendant": "ace_button",
    "smoke": "smoke",
}
WHOLE_HOME = SMALL_HOME | {"sos-2": "sos_button", "door": "contact"}

READY_WITHIN_S = 60.0
_BOOT_AHEAD_MS = int((time.clock_gettime(time.CLOCK_BOOTTIME) - time.monotonic()) * 1000)


def mono_ms(monotonic_ns: int | None = None) -> int:
    """Return an instant (now, or one of CLOCK_MONOTONIC) on the timeline of the journal's rows."""
    at_ns = time.monotonic_ns() if monotonic_ns is None else monotonic_ns
    return at_ns // 1_000_000 + _BOOT_AHEAD_MS


class House:
    """All processes of one home. `close` ends each by its own id, whatever happened before."""

    def __init__(
        self,
        folder: Path,
        *,
        seed: int,
        devices: Mapping[str, str] = WHOLE_HOME,
        operator_ms: int = 300,
    ) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        # Awake, for their interviews take a tenth of the time.
        home = write_home(folder / "home.toml", devices, more="sleepy = false\n")
        self.folder = folder
        self.devices = dict(devices)
        self.buttons = tuple(name for name, kind in devices.items() if kind.endswith("button"))
        self.stick = StickProcess(folder, home=home, nv=folder / "nv", seed=seed)
        self.broker = Mosquitto(folder)
        self.platform = PlatformProcess(folder / "platform.db", self.broker.address, DISTRICT)
        self.names: dict[str, str] = {}
        self._operator_ms = operator_ms
        self._hub: Hub | None = None

    @property
    def hub(self) -> Hub:
        """Return the hub; it exists once the house is open."""
        assert self._hub is not None, "the house was not opened"
        return self._hub

    @property
    def journal(self) -> Path:
        """Return the journal's own file."""
        return self.hub.data / "journal.db"

    def open(self) -> None:
        """Start everything, form the network and bring every device in."""
        self.stick.start()
        self.broker.start()
        self.platform.start("--operator-acks", str(self._operator_ms))
        self._hub = Hub(self.folder, stick=self.stick.port, broker_port=self.broker.port)
        self.hub.start("guard")
        self.wait_ready()
        with self.stick.control() as control:
            for device, kind in self.devices.items():
                self.names[device] = self.hub.pair(control, device, kind=kind)["device"]["id"]
        self.hub.start("link")

    def close(self) -> None:
        """End every process."""
        if self._hub is not None:
            self._hub.close()
        self.platform.stop()
        self.broker.stop()
        self.stick.stop()

    def line(self) -> Line:
        """Return a connection to guard. Errors: OSError while it is down."""
        return Line(self.hub.run_dir / "control.sock")

    def status(self) -> dict[str, Any] | None:
        """Return the hub's status, None while it does not answer."""
        try:
            line = self.line()
        except OSError:
            return None
        try:
            return line.ask("status")
        except OSError:
            return None
        finally:
            line.close()

    def wait_ready(self) -> int:
        """Wait until an SOS would be honoured; return when, in ms."""

        def ready() -> bool:
            status = self.status()
            return status is not None and bool(status["sos_ready"])

        wait_for(ready, READY_WITHIN_S, f"{self.folder.name}: ready for an SOS; see {self.hub.log}")
        return mono_ms()

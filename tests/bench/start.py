"""Cold start of guard until an SOS press is honoured, and what both processes weigh."""

from __future__ import annotations

import time
from pathlib import Path
from tempfile import TemporaryDirectory

from tests.bench.figures import resident_mb, show, summary
from tests.hub import ROOT, Hub, StickControl, StickProcess, wait_a_little, write_home
from tests.platform.client import PlatformProcess
from tests.sync.house import Mosquitto
from znp.client import ControlError

KINDS = {"sos": "sos_button", "siren": "siren", "contact": "contact"}


def run(starts: int) -> None:
    """Print cold start and resident memory."""
    with TemporaryDirectory(prefix="anju-bench-", dir=ROOT) as name:
        folder = Path(name)
        home = write_home(folder / "home.toml", KINDS)
        broker = Mosquitto(folder)
        broker.start()
        platform = PlatformProcess(folder / "platform.db", broker.address, "d1")
        platform.start()
        try:
            with StickProcess(folder, home=home, nv=folder / "nv") as stick:
                hub = Hub(folder, stick=stick.port, broker_port=broker.port)
                try:
                    _measure(hub, stick, starts)
                finally:
                    hub.close()
        finally:
            platform.stop()
            broker.stop()


def _measure(hub: Hub, stick: StickProcess, starts: int) -> None:
    with stick.control() as control:
        hub.start("guard")
        hub.wait_ready()
        for device, kind in KINDS.items():
            hub.pair(control, device, kind=kind)
        control.subscribe()
        samples = []
        for _ in range(starts):
            hub.kill("guard")
            samples.append(_cold_start_ms(hub, control))
        show("cold_start_to_siren", wanted_max_ms=3000, **summary(samples))
        hub.start("link")
        for _ in range(200):
            control.do("press", device="sos")
            wait_a_little(0.05)
        for process, wanted in (("guard", 90), ("link", 45)):
            pid = hub.processes[process].pid
            show(f"resident_{process}", mb=round(resident_mb(pid), 1), wanted_max_mb=wanted)


def _cold_start_ms(hub: Hub, control: StickControl) -> float:
    """Start guard and press until the siren sounds; return the time from the start to the siren.

    The press is repeated each 100 ms, as a person would not stop to press.
    """
    began_ns = time.monotonic_ns()
    hub.start("guard")
    while time.monotonic_ns() - began_ns < 30e9:
        control.do("press", device="sos")
        try:
            heard = control.event("siren", on=True, timeout_s=0.1)
        except ControlError:
            continue  # Not yet: press again.
        read_ns = heard["read_ns"]
        assert isinstance(read_ns, int)
        if read_ns > began_ns:
            return (read_ns - began_ns) / 1e6
    raise TimeoutError("no siren within 30 s of the start")

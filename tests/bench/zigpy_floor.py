"""The floor under a press: the radio library alone, from the frame on the wire to a callback.

As a program (`python -m tests.bench.zigpy_floor PORT DATABASE`) it forms a network, lets one device
in and prints the monotonic time in nanoseconds of each alarm frame that reaches Python.
"""

from __future__ import annotations

import asyncio
import subprocess
import sys
import time
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from tests.bench.figures import show, summary
from tests.hub import ROOT, StickControl, StickProcess, become_realtime, wait_a_little, write_home

IAS_ZONE = 0x0500
PRESS_EVERY_S = 0.11


def run(presses: int) -> None:
    """Print the floor."""
    with TemporaryDirectory(prefix="anju-bench-", dir=ROOT) as name:
        folder = Path(name)
        home = write_home(folder / "home.toml", {"sos": "sos_button"}, "sends_unenrolled = true\n")
        with StickProcess(folder, home=home) as stick, stick.control() as control:
            host = subprocess.Popen(
                [sys.executable, "-m", __name__, stick.port, str(folder / "zigbee.db")],
                cwd=ROOT,
                stdout=subprocess.PIPE,
                stderr=subprocess.DEVNULL,
                text=True,
                preexec_fn=become_realtime,
            )
            try:
                samples = _press(host, control, presses)
            finally:
                host.terminate()
                host.wait(10)
    show("floor_zigpy_znp_receive", **summary(samples))


def _press(host: subprocess.Popen[str], control: StickControl, presses: int) -> list[float]:
    assert host.stdout is not None
    assert host.stdout.readline() == "open\n"
    control.do("join", device="sos")
    assert host.stdout.readline() == "joined\n"
    samples: list[float] = []
    for number in range(presses):
        pressed = control.do("trip", device="sos", status=1 if number % 2 else 0)
        written = pressed["written_ns"]
        assert isinstance(written, int)
        samples.append((int(host.stdout.readline()) - written) / 1e6)
        wait_a_little(PRESS_EVERY_S)
    return samples


class _Listener:
    """Hears what the library delivers."""

    def device_initialized(self, device: Any) -> None:
        """Say so of the device that is not the stick itself."""
        if device.nwk != 0:
            sys.stdout.write("joined\n")
            sys.stdout.flush()

    def handle_message(self, device: Any, profile: int, cluster: int, *_: Any) -> None:
        """Print when an alarm frame came."""
        if cluster == IAS_ZONE:
            sys.stdout.write(f"{time.monotonic_ns()}\n")
            sys.stdout.flush()


async def _host(port: str, database: str) -> None:
    from zigpy_znp.zigbee.application import ControllerApplication

    config = {
        "database_path": database,
        "device": {"path": port},
        "ota": {"enabled": False, "providers": []},
    }
    app = await ControllerApplication.new(config, auto_form=True)
    app.add_listener(_Listener())
    await app.permit(120)
    sys.stdout.write("open\n")
    sys.stdout.flush()
    await asyncio.Event().wait()


if __name__ == "__main__":
    asyncio.run(_host(sys.argv[1], sys.argv[2]))

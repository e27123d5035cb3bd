"""From the button's frame on the wire to the siren's frame on the wire, the commit in between."""

from __future__ import annotations

import shutil
import subprocess
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext
from pathlib import Path
from tempfile import TemporaryDirectory

from tests.bench.figures import FsyncProbe, show, summary
from tests.hub import ROOT, Hub, StickControl, StickProcess, wait_a_little, write_home

BUTTONS = 4
PRESS_EVERY_S = 0.11  # Each button every 0.44 s: longer than its debounce of 0.3 s.
STORM_FRAMES_PER_S = 100
SHIM = Path(__file__).with_name("slow_fsync.c")


def run(presses: int) -> None:
    """Print all figures of a press."""
    _measure("press_to_siren_idle", presses)
    _measure("press_to_siren_storm", presses, storm=True)
    with slow_fsync() as env:
        if env is None:
            show("press_to_siren_slow_fsync", left_out="no C compiler for the slow fsync")
        else:
            _measure("press_to_siren_slow_fsync", presses, env=env)


@contextmanager
def slow_fsync() -> Iterator[dict[str, str] | None]:
    """Give the environment in which a process's fsync is as slow as an SD card's, None where there
    is no C compiler."""
    compiler = shutil.which("cc") or shutil.which("gcc")
    if compiler is None:
        yield None
        return
    with TemporaryDirectory(prefix="anju-bench-") as folder:
        shim = Path(folder) / "slow_fsync.so"
        build = [compiler, "-shared", "-fPIC", "-o", str(shim), str(SHIM), "-ldl"]
        subprocess.run(build, check=True)
        yield {"LD_PRELOAD": str(shim)}


def _measure(
    name: str, presses: int, *, storm: bool = False, env: dict[str, str] | None = None
) -> None:
    buttons = [f"sos-{n}" for n in range(BUTTONS)]
    kinds = dict.fromkeys(buttons, "sos_button") | {"siren": "siren", "contact": "contact"}
    with TemporaryDirectory(prefix="anju-bench-", dir=ROOT) as folder_name:
        folder = Path(folder_name)
        home = write_home(folder / "home.toml", kinds)
        with StickProcess(folder, home=home, nv=folder / "nv") as stick, stick.control() as control:
            hub = Hub(folder, stick=stick.port)
            try:
                hub.start()
                hub.wait_ready()
                for device, kind in kinds.items():
                    hub.pair(control, device, kind=kind)
                hub.stop("guard")
                hub.start(env=env, realtime=True)
                hub.wait_ready()
                floor = FsyncProbe(folder)
                with _storm(stick, presses) if storm else nullcontext():
                    samples = _press(control, buttons, presses, floor)
                status = hub.ask("status")
                floor.close()
            finally:
                hub.close()
    show(
        name,
        **summary(samples),
        fsync=summary(floor.samples_ms),
        commit_p50_ms=round(status["journal"]["fsync_p50_ms"], 2),
        commit_p99_ms=round(status["journal"]["fsync_p99_ms"], 2),
        unjournaled=status["journal"]["unjournaled"],
    )


@contextmanager
def _storm(stick: StickProcess, presses: int) -> Iterator[None]:
    """Let the contact send as much as a hundred devices that each report once a second."""
    with StickControl(stick.control_path, timeout_s=presses) as control:
        count = int(presses * PRESS_EVERY_S * STORM_FRAMES_PER_S)
        storm = threading.Thread(
            target=control.do,
            args=("flood",),
            kwargs={"device": "contact", "count": count, "rate_per_s": STORM_FRAMES_PER_S},
        )
        storm.start()
        yield
        storm.join()


def _press(
    control: StickControl, buttons: list[str], presses: int, floor: FsyncProbe
) -> list[float]:
    samples: list[float] = []
    control.subscribe()
    for number in range(presses):
        began = time.monotonic()
        pressed = control.do("press", device=buttons[number % len(buttons)])
        heard = control.event("siren", on=True)
        samples.append((_ns(heard["read_ns"]) - _ns(pressed["written_ns"])) / 1e6)
        floor.sample()
        wait_a_little(max(0.0, PRESS_EVERY_S - (time.monotonic() - began)))
    return samples


def _ns(value: object) -> int:
    assert isinstance(value, int)
    return value

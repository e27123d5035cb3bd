"""From the button's frame on the wire to the first sample that the player gets.

What the real player and its card take after that is not in it: 10-40 ms by their makers' buffers.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import time
from pathlib import Path
from tempfile import TemporaryDirectory

from tests.bench.figures import show, summary
from tests.bench.press import slow_fsync
from tests.hub import ROOT, Hub, StickControl, StickProcess, wait_a_little, wait_for, write_home

SOURCE = Path(__file__).with_name("aplay.c")
PRESS_EVERY_S = 0.45  # Longer than the button's debounce of 0.3 s.
WANTED_MS = 100.0


def run(presses: int) -> None:
    """Print the figures of a press that is heard."""
    compiler = shutil.which("cc") or shutil.which("gcc")
    with TemporaryDirectory(prefix="anju-bench-") as folder:
        player = Path(folder) / "aplay"
        if compiler is None:
            show("press_to_tone", left_out="no C compiler for the player that notes the time")
            return
        subprocess.run([compiler, "-O1", "-o", str(player), str(SOURCE)], check=True)
        _measure("press_to_tone_idle", presses, player, {})
        with slow_fsync() as env:
            if env is not None:
                _measure("press_to_tone_slow_fsync", presses, player, env)


def _measure(name: str, presses: int, player: Path, env: dict[str, str]) -> None:
    devices = {"sos": "sos_button", "siren": "siren"}
    with TemporaryDirectory(prefix="anju-bench-", dir=ROOT) as folder_name:
        folder = Path(folder_name)
        home, log = write_home(folder / "home.toml", devices), folder / "aplay.log"
        with StickProcess(folder, home=home, nv=folder / "nv") as stick, stick.control() as control:
            hub = Hub(folder, stick=stick.port, extra="[sound]")
            try:
                hub.start()
                hub.wait_ready()
                for device, kind in devices.items():
                    hub.pair(control, device, kind=kind)
                hub.stop("guard")
                path = f"{player.parent}:{os.environ['PATH']}"
                hub.start(env={**env, "PATH": path, "APLAY_LOG": str(log)}, realtime=True)
                hub.wait_ready()
                wait_for(lambda: _heard(log), what="the speaker is tried at the start")
                tones, sirens = _press(control, log, presses)
            finally:
                hub.close()
    show(name, **summary(tones), wanted_ms=WANTED_MS, siren=summary(sirens))


def _press(control: StickControl, log: Path, presses: int) -> tuple[list[float], list[float]]:
    """Return how long the tone took, and the siren that must not have waited for it."""
    tones: list[float] = []
    sirens: list[float] = []
    control.subscribe()
    for _ in range(presses):
        before = len(_heard(log))
        began_s = time.monotonic()
        written_ns = _ns(control.do("press", device="sos")["written_ns"])
        sirens.append((_ns(control.event("siren", on=True)["read_ns"]) - written_ns) / 1e6)
        wait_a_little(PRESS_EVERY_S - (time.monotonic() - began_s))
        heard = _heard(log)[before:]
        if len(heard) == 1:  # Else a round of the standing tone fell into the same moment.
            tones.append((heard[0] - written_ns) / 1e6)
    return tones, sirens


def _ns(value: object) -> int:
    assert isinstance(value, int)
    return value


def _heard(log: Path) -> list[int]:
    return [int(line) for line in log.read_text().split()] if log.exists() else []

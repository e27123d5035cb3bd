"""A whole hub as its users meet it: real processes, an emulated stick, a broker and a platform.

Used by tests, fault runs and benchmarks. Everything lives in one folder, on loopback, and ends by
its own process id.
"""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any

from znp.client import StickControl
from znp.launch import StickProcess

ROOT = Path(__file__).resolve().parents[1]
HUB, DISTRICT = "hub-1", "d1"


def wait_for(condition: Callable[[], Any], limit_s: float = 30.0, what: str = "") -> Any:
    """Return the first true value of `condition()`. Errors: TimeoutError after `limit_s`."""
    deadline = time.monotonic() + limit_s
    pause = 0.01
    while True:
        found = condition()
        if found:
            return found
        if time.monotonic() > deadline:
            raise TimeoutError(f"not within {limit_s} s: {what or condition}")
        wait_a_little(pause)


def wait_a_little(seconds: float) -> None:
    """Give other processes time between two looks."""
    signal.sigtimedwait([], seconds)


class Hub:
    """One hub's folder, configuration and processes."""

    def __init__(
        self,
        folder: Path,
        *,
        stick: str | None = None,
        broker_port: int | None = None,
        extra: str = "",
    ) -> None:
        self.folder = folder
        self.data = folder / "data"
        self.run_dir = folder / "run"
        self.config = folder / "anju.toml"
        self.processes: dict[str, subprocess.Popen[bytes]] = {}
        self.log = folder / "hub.log"
        lines = [
            f'[hub]\nid = "{HUB}"\ndistrict = "{DISTRICT}"\nlanguage = "en"',
            f'data_dir = "{self.data}"\nruntime_dir = "{self.run_dir}"',
        ]
        if stick is not None:
            lines.append(f'[zigbee]\nport = "{stick}"')
        if broker_port is not None:
            lines.append(
                f'[uplink]\nhost = "127.0.0.1"\nport = {broker_port}\ntls = false\n'
                "reconnect_max_s = 2.0"
            )
        self.config.write_text("\n".join([*lines, extra]) + "\n")

    def start(
        self, name: str = "guard", *, env: Mapping[str, str] | None = None, realtime: bool = False
    ) -> subprocess.Popen[bytes]:
        """Start guard, link or up."""
        with self.log.open("ab") as log:
            process = subprocess.Popen(
                [sys.executable, "-m", "agent", name, "--config", str(self.config)],
                cwd=ROOT,
                env={**os.environ, **(env or {})},
                stdout=log,
                stderr=log,
                preexec_fn=become_realtime if realtime else None,
            )
        self.processes[name] = process
        return process

    def kill(self, name: str) -> None:
        """End a process as a power cut would."""
        process = self.processes.pop(name)
        process.kill()
        process.wait(10)

    def stop(self, name: str) -> int:
        """End a process in good order and return its exit code."""
        process = self.processes.pop(name)
        process.terminate()
        try:
            return process.wait(15)
        except subprocess.TimeoutExpired:
            process.kill()
            return process.wait(5)

    def close(self) -> None:
        """End whatever runs."""
        for name in list(self.processes):
            self.stop(name)

    def anju(self, *words: str, timeout_s: float = 60.0) -> subprocess.CompletedProcess[str]:
        """Run one command of the command line."""
        return subprocess.run(
            [sys.executable, "-m", "agent", *words, "--config", str(self.config)],
            cwd=ROOT,
            capture_output=True,
            text=True,
            timeout=timeout_s,
            check=False,
        )

    def ask(self, *words: str) -> Any:
        """Return what a listing says as JSON, None while the hub does not answer."""
        answer = self.anju(*words, "--json")
        return json.loads(answer.stdout) if answer.returncode == 0 else None

    def wait_ready(self, limit_s: float = 30.0) -> dict[str, Any]:
        """Wait until an SOS would be honoured; return the status."""

        def ready() -> dict[str, Any] | None:
            status = self.ask("status")
            return status if status and status["sos_ready"] else None

        found: dict[str, Any] = wait_for(ready, limit_s, "the hub is ready for an SOS")
        return found

    def pair(self, control: StickControl, device: str, *, kind: str, window_s: int = 60) -> Any:
        """Bring one emulated device into the home as an installer does; return the result."""
        with self.log.open("ab") as log:
            installer = subprocess.Popen(
                [
                    *(sys.executable, "-m", "agent", "pair", "--json", "--name", device),
                    *("--window", str(window_s), "--config", str(self.config)),
                ],
                cwd=ROOT,
                stdout=subprocess.PIPE,
                stderr=log,
                text=True,
            )
        try:
            control.do("join", device=device, for_s=window_s)
            while installer.poll() is None:
                if kind in ("sos_button", "ace_button"):
                    control.do("press", device=device)
                elif kind not in ("siren", "plug", "valve"):
                    control.do("trip", device=device)
                    control.do("restore", device=device)
                wait_a_little(0.3)
            assert installer.stdout is not None
            said = installer.stdout.read()
            assert installer.returncode == 0, said
            return json.loads(said)
        finally:
            if installer.poll() is None:
                installer.kill()
                installer.wait(5)


def become_realtime() -> None:
    """Take real-time priority, as the unit of guard does; without the right to, stay as it is."""
    with suppress(PermissionError):
        os.sched_setscheduler(0, os.SCHED_RR, os.sched_param(10))


def write_home(path: Path, devices: Mapping[str, str], more: str = "") -> Path:
    """Write the emulator's home file: name to kind."""
    text = "\n".join(
        f'[[device]]\nname = "{name}"\nkind = "{kind}"\n{more}' for name, kind in devices.items()
    )
    path.write_text(text)
    return path


__all__ = ["DISTRICT", "HUB", "Hub", "StickControl", "StickProcess", "wait_for", "write_home"]

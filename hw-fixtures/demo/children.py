"""Processes of the demo: started, waited for, and ended by their own ids."""

from __future__ import annotations

import asyncio
import os
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

T = TypeVar("T")

ROOT = Path(__file__).resolve().parents[2]
ANJU = Path(sys.executable).with_name("anju")
LOOK_EVERY_S = 0.02
ENDS_WITHIN_S = 8.0


class Failed(Exception):
    """The demo cannot go on; the message says what did not happen."""


async def until(look: Callable[[], T | None], within_s: float, what: str) -> T:
    """Return the first true thing that `look` finds. Errors: Failed when there is none in time."""
    try:
        async with asyncio.timeout(within_s):
            # What is looked at lives in other processes: there is no event to wait on.
            while not (found := look()):  # noqa: ASYNC110
                await asyncio.sleep(LOOK_EVERY_S)
            return found
    except TimeoutError:
        raise Failed(f"{what}: not within {within_s:.0f} s") from None


def surroundings(language: str) -> dict[str, str]:
    """Return the environment for the children."""
    paths = [ROOT, ROOT / "hw-fixtures", ROOT / "hw-fixtures" / "emulators"]
    return {
        **os.environ,
        "ANJU_LANG": language,
        "ANJU_LOG": "WARNING",
        "PYTHONPATH": os.pathsep.join(map(str, paths)),
        "PYTHONUNBUFFERED": "1",
    }


class Child:
    """One process with its output in a file."""

    def __init__(self, name: str, folder: Path, language: str) -> None:
        self.name = name
        self._log = folder / f"{name}.log"
        self._environment = surroundings(language)
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def said(self) -> str:
        """Return everything it has said."""
        return self._log.read_text(encoding="utf-8", errors="replace")

    def start(self, *command: str, **environment: str) -> None:
        """Start it."""
        with self._log.open("ab") as log:
            self._process = subprocess.Popen(
                command,
                cwd=ROOT,
                env={**self._environment, **environment},
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                # A Ctrl-C on the terminal is for the demo, which then ends its children in order.
                start_new_session=True,
            )

    async def stop(self) -> None:
        """End it, gently first, and wait until it is gone."""
        process, self._process = self._process, None
        if process is None:
            return
        process.terminate()
        try:
            await asyncio.to_thread(process.wait, ENDS_WITHIN_S)
        except subprocess.TimeoutExpired:
            process.kill()
            await asyncio.to_thread(process.wait)

    def died(self) -> bool:
        """Return whether it has ended by itself."""
        return self._process is not None and self._process.poll() is not None


def kill(pid: int) -> None:
    """Kill a process as a crash or a power cut would."""
    os.kill(pid, signal.SIGKILL)

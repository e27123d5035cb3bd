"""Starts the emulator as a process of its own and ends it by its own id."""

import selectors
import subprocess
import sys
import time
from collections.abc import Sequence
from pathlib import Path
from types import TracebackType

from .client import StickControl

READY_WITHIN_S = 15.0
ENDS_WITHIN_S = 5.0


class LaunchError(RuntimeError):
    """The emulator did not start; the message carries what it said."""


class StickProcess:
    """One running emulator; use it as a context manager.

    `port` is the pty's link, or socket://host:port for TCP, as a host library wants it. Another
    emulator that takes the same options and says the same first line is a `program` with `options`
    of its own.
    """

    def __init__(
        self,
        folder: Path,
        *,
        tcp: str | None = None,
        home: Path | None = None,
        nv: Path | None = None,
        seed: int = 1,
        program: Path = Path(__file__).parent,
        options: Sequence[str] = (),
    ) -> None:
        self.control_path = folder / "control.sock"
        self._link = folder / "stick"
        self._errors = folder / "emulator.err"
        where = ["--pty", str(self._link)] if tcp is None else ["--tcp", tcp]
        self._command = [
            sys.executable,
            str(program),
            *where,
            *("--control", str(self.control_path)),
            *("--seed", str(seed)),
            *(("--home", str(home)) if home is not None else ()),
            *(("--nv", str(nv)) if nv is not None else ()),
            *options,
        ]
        self._process: subprocess.Popen[str] | None = None
        self.port = ""

    def __enter__(self) -> "StickProcess":
        self.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.stop()

    @property
    def pid(self) -> int:
        assert self._process is not None, "the emulator was not started"
        return self._process.pid

    def start(self) -> None:
        """Start the emulator and wait until it listens."""
        with self._errors.open("wb") as errors:
            self._process = subprocess.Popen(
                self._command, stdout=subprocess.PIPE, stderr=errors, text=True
            )
        line = self._first_line(self._process)
        if not line.startswith("ready "):
            self.stop()
            said = self._errors.read_text(encoding="utf-8", errors="replace")
            raise LaunchError(f"emulator: got {line!r} {said!r}, wanted 'ready ...'")
        address = line.split()[2]
        self.port = str(self._link) if line.split()[1] == "pty" else f"socket://{address}"

    def stop(self) -> None:
        """End this process, gently first."""
        process, self._process = self._process, None
        if process is None:
            return
        process.terminate()
        try:
            process.wait(ENDS_WITHIN_S)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
        if process.stdout is not None:
            process.stdout.close()

    def control(self) -> StickControl:
        """Return a new connection to the control socket."""
        return StickControl(self.control_path)

    def _first_line(self, process: "subprocess.Popen[str]") -> str:
        assert process.stdout is not None, "stdout was asked for as a pipe"
        deadline = time.monotonic() + READY_WITHIN_S
        with selectors.DefaultSelector() as selector:
            selector.register(process.stdout, selectors.EVENT_READ)
            if selector.select(deadline - time.monotonic()):
                return process.stdout.readline().strip()
        return ""

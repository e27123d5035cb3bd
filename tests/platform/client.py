"""Starts the reference platform as a process and reads its database; for tests and the demo."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from tests.platform.store import read_tables

ROOT = Path(__file__).resolve().parents[2]


class PlatformProcess:
    """One running platform. `stop` ends it in good order, `kill` does not; both may be followed by
    `start` with the same database.

    In a test it holds every payload against the published contract, and whoever looks at it after a
    breach gets an AssertionError.
    """

    def __init__(self, db: Path, broker: str, district: str) -> None:
        self.db = db
        self._base = ["--db", str(db), "--broker", broker, "--district", district]
        self._process: subprocess.Popen[bytes] | None = None

    def start(self, *options: str) -> None:
        """Start it; `options` as on the command line."""
        assert self._process is None, "it runs already"
        command = [sys.executable, "-m", "tests.platform", *self._base, *options]
        command += ["--judge"] if "PYTEST_CURRENT_TEST" in os.environ else []
        self._process = subprocess.Popen(command, cwd=ROOT)

    def stop(self) -> None:
        """End it in good order and wait until it is gone."""
        if self._process is not None:
            self._process.terminate()
            try:
                self._process.wait(5)
            except subprocess.TimeoutExpired:
                self._process.kill()
                self._process.wait(5)
            self._process = None

    def kill(self) -> None:
        """End it as a power cut would."""
        if self._process is not None:
            self._process.kill()
            self._process.wait(5)
            self._process = None

    def tables(self) -> dict[str, Any]:
        """Return everything it has."""
        found = read_tables(self.db)
        breaches = [note["detail"] for note in found.get("note", ()) if note["what"] == "breach"]
        assert not breaches, f"not as in the contract: {breaches[0]}"
        return found

    def events(self, **equal: object) -> list[dict[str, Any]]:
        """Return its events in order of first arrival, those whose columns equal what is given."""
        events: Sequence[dict[str, Any]] = self.tables().get("event", [])
        return [e for e in events if all(e[column] == value for column, value in equal.items())]

    def hub(self, hub: str) -> dict[str, Any]:
        """Return what it knows of one hub; {} before it has heard of it."""
        return next((row for row in self.tables().get("hub", []) if row["hub"] == hub), {})

    def responses(self, request_id: str | None = None) -> list[dict[str, Any]]:
        """Return the hubs' answers, all or those to one request."""
        rows: list[dict[str, Any]] = self.tables().get("response", [])
        return [r for r in rows if request_id is None or r["request_id"] == request_id]

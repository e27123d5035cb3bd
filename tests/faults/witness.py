"""Listens to everything that a hub tells while it is being killed, and notes it."""

from __future__ import annotations

import threading
from typing import Any

from tests.faults.evidence import Evidence, Row
from tests.faults.house import House, mono_ms
from tests.faults.line import Line, Refused
from znp.client import ControlError

_LOOK_EVERY_S = 0.1
_PAGE = 500


class Witness:
    """Two threads: one follows the control socket, one hears the sirens of the home."""

    def __init__(self, house: House, evidence: Evidence) -> None:
        self._house = house
        self._evidence = evidence
        self._told = evidence.told
        self._seen: dict[str, int] = {}
        self._stop = threading.Event()
        self._threads = (
            threading.Thread(target=self._listen, name="witness"),
            threading.Thread(target=self._hear, name="ears"),
        )

    def start(self) -> None:
        """Begin to listen."""
        for thread in self._threads:
            thread.start()

    def stop(self) -> None:
        """Listen no more."""
        self._stop.set()
        for thread in self._threads:
            thread.join()

    def _listen(self) -> None:
        while not self._stop.is_set():
            try:
                line = Line(self._house.hub.run_dir / "control.sock", self._notice)
            except OSError:
                self._stop.wait(0.02)
                continue
            try:
                line.ask("journal.follow")
                while not self._stop.is_set():
                    self._look(line)
                    line.listen(_LOOK_EVERY_S)
            except (OSError, Refused):
                continue  # Guard is gone, and the next one is waited for.
            finally:
                line.close()

    def _notice(self, message: dict[str, Any]) -> None:
        if message["method"] == "journal.committed":
            told = message["params"]
            journal_id, seq = told["journal_id"], told["last_seq"]
            self._told.committed[journal_id] = max(seq, self._told.committed.get(journal_id, 0))

    def _look(self, line: Line) -> None:
        """Note the alarms and the rows that are told now."""
        for alarm in line.ask("alarms.list", open_only=False, limit=50)["alarms"]:
            if alarm not in self._told.alarms[-200:]:
                self._told.alarms.append(alarm)
        after = max(self._seen.values(), default=0)
        for row in line.ask("journal.tail", limit=_PAGE, after_seq=after)["rows"]:
            key = (row["journal_id"], row["seq"])
            self._seen[key[0]] = key[1]
            known = (row["kind"], row["lane"], row["severity"], row["device"], row["body"])
            self._told.row(key, Row(*known))

    def _hear(self) -> None:
        with self._house.stick.control() as control:
            control.subscribe()
            while not self._stop.is_set():
                try:
                    event = control.event("siren", timeout_s=0.5, on=True)
                except ControlError:
                    continue  # None sounded.
                at_ns = event["read_ns"]
                assert isinstance(at_ns, int)
                self._evidence.sirens.append(mono_ms(at_ns))

"""One provisioned home as processes, and the questions that the tests of whole hubs ask it."""

from __future__ import annotations

import shutil
import sqlite3
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

import pytest

from tests.faults.line import Line
from tests.hub import Hub, StickControl, StickProcess, wait_for, write_home
from znp.client import ControlError

DEVICES = {
    "siren": "siren",
    "sos": "sos_button",
    "pendant": "ace_button",
    "smoke": "smoke",
    "door": "contact",
}
RESTORING = ("sos_button", "smoke", "gas", "co", "leak", "contact", "motion")
"""Kinds that say it when what they reported is over."""

TELLS_NOTHING = ("siren", "valve", "plug", "climate")
"""Kinds of which nobody asks a sign while they are paired."""

RETRY_S = 60.0
"""Whatever is broken is tried again within this time: the disk every 30 s, the stick every 15 s."""


class Home:
    """A hub in one folder with an emulated stick that need not be plugged in.

    `template` is the folder of a home whose devices are paired: this one begins as its copy.
    """

    def __init__(
        self,
        folder: Path,
        *,
        template: Path | None = None,
        devices: Mapping[str, str] = DEVICES,
        broker_port: int | None = None,
        extra: str = "",
    ) -> None:
        self.folder = folder
        if template is not None:
            shutil.copytree(template / "data", folder / "data")
            shutil.copyfile(template / "nv", folder / "nv")
        # Awake, for their interviews take a tenth of the time.
        written = write_home(folder / "home.toml", devices, more="sleepy = false\n")
        self.stick = StickProcess(folder, home=written, nv=folder / "nv")
        self.hub = Hub(folder, stick=str(folder / "stick"), broker_port=broker_port, extra=extra)
        self._ears: StickControl | None = None
        self._hand: StickControl | None = None

    # --- coming and going -------------------------------------------------------------------------

    def plug_in(self) -> None:
        """Start the emulated stick."""
        self.stick.start()
        self._hand, self._ears = self.stick.control(), self.stick.control()
        self._ears.subscribe()

    def start(self, *names: str) -> None:
        """Start processes of the hub, guard when none is named."""
        for name in names or ("guard",):
            self.hub.start(name)

    def close(self) -> None:
        """End everything."""
        self.hub.close()
        for control in (self._ears, self._hand):
            if control is not None:
                control.close()
        self.stick.stop()

    def pair_all(self) -> None:
        """Bring every device in."""
        for device, kind in DEVICES.items():
            self.pair(device, kind)

    def pair(self, device: str, kind: str, *, room: str = "") -> None:
        """Bring one device in; it reports exactly once, so that no alarm is left of it."""

        def tell(notice: dict[str, Any]) -> None:
            if notice["params"].get("stage") == "ready" and kind not in TELLS_NOTHING:
                self.hand.do("press" if kind.endswith("button") else "trip", device=device)

        with closing(Line(self.hub.run_dir / "control.sock", tell, timeout_s=90.0)) as line:
            self.hand.do("join", device=device)
            paired = line.ask("pair.start", window_s=60, name=device, room=room)
            assert paired["outcome"] == "done", paired
            if kind in RESTORING:
                self.hand.do("restore", device=device)

    def forget(self, device: str) -> None:
        """Take a device out of the ledger of a hub that does not run: it becomes a stranger."""
        with closing(sqlite3.connect(self.hub.data / "journal.db", isolation_level=None)) as db:
            gone = db.execute(
                "DELETE FROM device WHERE json_extract(body, '$.name') = ?", (device,)
            )
            assert gone.rowcount == 1

    # --- doing ------------------------------------------------------------------------------------

    @property
    def hand(self) -> StickControl:
        """Return what makes the devices do things."""
        assert self._hand is not None, "the stick was not plugged in"
        return self._hand

    def sounds(self, verb: str, device: str, *, within_s: float = 10.0) -> None:
        """Have a device do something and demand that the siren sounds."""
        reply = self.hand.do(verb, device=device)
        written_ns = reply["written_ns"]
        assert isinstance(written_ns, int), f"{verb} {device}: {reply}"
        self.siren_after(written_ns, within_s=within_s)
        if (verb, device) == ("press", "sos"):
            self.hand.do("restore", device=device)  # The finger is off the button.

    def siren_after(self, since_ns: int, *, within_s: float) -> None:
        """Demand that the siren is told to sound, after an instant of the monotonic clock."""
        assert self._ears is not None
        while True:
            try:
                event = self._ears.event("siren", timeout_s=within_s, on=True)
            except ControlError as error:
                said = self.hub.log.read_text()[-3000:]
                raise AssertionError(f"the siren did not sound: {error}\n{said}") from error
            read_ns = event["read_ns"]
            assert isinstance(read_ns, int)
            if read_ns >= since_ns:
                return

    # --- asking -----------------------------------------------------------------------------------

    def line(self) -> Line:
        """Return a connection to the control socket. Errors: OSError while guard is down."""
        return Line(self.hub.run_dir / "control.sock")

    def ask(self, method: str, **params: object) -> Any:
        """Return what guard answers, None while it is down."""
        try:
            with closing(self.line()) as line:
                return line.ask(method, **params)
        except OSError:
            return None

    def status(self) -> dict[str, Any]:
        """Return the status of a hub that runs."""
        found: dict[str, Any] = wait_for(lambda: self.ask("status"), 20.0, "guard answers")
        return found

    def words(self, language: str) -> str:
        """Return what `anju status` says to a person."""
        said = self.hub.anju("status", "--lang", language)
        assert said.returncode == 0, said.stderr
        return " ".join(said.stdout.split())

    def wait_ready(self, limit_s: float = RETRY_S) -> None:
        """Wait until an SOS would be honoured."""
        wait_for(lambda: self.status()["sos_ready"], limit_s, "ready for an SOS")

    def wait_trouble(self, subject: str, limit_s: float = RETRY_S) -> str:
        """Wait until status shows a trouble of `hub:part/channel`; return its English sentence."""

        def found() -> str:
            troubles = self.status()["troubles"]
            return next((t["why"]["en"] for t in troubles if t["subject"] == subject), "")

        said: str = wait_for(found, limit_s, f"trouble {subject} in {self.status()['troubles']}")
        return said

    def wait_no_trouble(self, subject: str, limit_s: float = RETRY_S) -> None:
        """Wait until a trouble is over: closed, or no longer there."""

        def over() -> bool:
            troubles = self.status()["troubles"]
            return not any(t["subject"] == subject and t["condition_active"] for t in troubles)

        wait_for(over, limit_s, f"{subject} is over")

    def alarms(self) -> list[dict[str, Any]]:
        """Return the open alarms that need help, newest first."""
        found = self.ask("alarms.list")["alarms"]
        return [alarm for alarm in found if alarm["severity"] != "S4"]

    def journal(self) -> list[tuple[str, int, str, str]]:
        """Return (journal_id, seq, kind, body) of every row of the real file."""
        path = self.hub.data / "journal.db"
        with closing(sqlite3.connect(f"file:{path}?mode=ro", uri=True, timeout=5.0)) as db:
            return list(db.execute("SELECT journal_id, seq, kind, body FROM journal"))


@contextmanager
def mounted(*words: str, where: Path) -> Iterator[None]:
    """Mount something on a folder. Skips the test where that is not allowed."""
    done = subprocess.run(
        ["mount", *words, str(where)], capture_output=True, text=True, check=False
    )
    if done.returncode:
        reason = f"mounting is not possible here: {done.stderr.strip()}"
        sys.stderr.write(f"skipped: {reason}\n")
        pytest.skip(reason)
    try:
        yield
    finally:
        if "remount" not in ",".join(words):
            subprocess.run(["umount", "-l", str(where)], check=True)

"""The board of the hub: its clock chip, its temperature, its storage.

Owns the limits beyond which a technician should come. Says nothing while all is well: what is
looked at every minute is no news.
"""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

from agent.core.clock import Clock
from agent.core.errors import FrameError, TransportError
from agent.core.text import Sentence
from drivers.base import Inbox
from drivers.host import decode, faults, files
from drivers.host.faults import Ill
from drivers.host.part import Part
from drivers.host.watch import Findings, WatchDriver

LOOK_EVERY_S = 60.0
HOT_C = 80.0  # A Pi slows itself down here; below it there is nothing to do (vendor's figure, mem).
COOL_C = 75.0
WORN_PCT = 80  # Months are left: time to come by with a new one.
EARLIEST_YEAR = 2025  # The product did not exist before.

_CHANNELS = ("unreadable", "hot", "clock", "worn", "read_only")


class Board:
    """Looks at the board. Remembers only whether it was hot, so that the edge does not flicker."""

    def __init__(self, sysfs: Path, mounts: Path, data_dir: Path) -> None:
        self._sysfs = sysfs
        self._mounts = mounts
        self._data_dir = data_dir
        self._hot = False
        self._ills: list[Ill] = []
        self._parts: set[str] = set()

    def look(self) -> Findings:
        """Return what is wrong with the board now."""
        self._ills, self._parts = [], set()
        temp_c = self._temperature()
        self._clock_chip()
        self._storage()
        self._disk()
        return Findings(_says(temp_c), {}, tuple(self._ills), frozenset(self._parts))

    def _temperature(self) -> float | None:
        said, silent = [], []
        for zone in files.folders(self._sysfs / "class" / "thermal", "thermal_zone*"):
            self._parts.add(zone.name)
            try:
                temp = files.text(zone / "temp")
            except TransportError as error:
                silent.append(faults.unreadable(zone.name, str(error)))
                continue
            if temp is not None:
                said.append(temp)
        try:
            temp_c = decode.warmest_c(said)
        except FrameError as error:
            self._ills.append(faults.unreadable("thermal_zone", str(error)))
            return None
        if not said:  # A zone that is switched off does not answer; the others do.
            self._ills += silent
        if temp_c is not None:
            self._hot = temp_c >= (COOL_C if self._hot else HOT_C)
            if self._hot:
                self._ills.append(faults.hot(temp_c))
        return temp_c

    def _clock_chip(self) -> None:
        for chip in files.folders(self._sysfs / "class" / "rtc", "rtc0"):
            self._parts.add(chip.name)
            try:
                since = files.text(chip / "since_epoch")
                at_s = None if since is None else decode.seconds(since)
            except (FrameError, TransportError) as error:
                self._ills.append(faults.unreadable(chip.name, str(error)))
                continue
            if at_s is not None:
                year = datetime.fromtimestamp(max(0, min(at_s, 2**34)), UTC).year
                if year < EARLIEST_YEAR:
                    self._ills.append(faults.clock_lost(year))

    def _storage(self) -> None:
        for disk in files.folders(self._sysfs / "block", "mmcblk?"):
            self._parts.add(disk.name)
            try:
                life = files.text(disk / "device" / "life_time")
                used_pct = None if life is None else decode.life_used_pct(life)
            except (FrameError, TransportError) as error:
                self._ills.append(faults.unreadable(disk.name, str(error)))
                continue
            if used_pct is not None and used_pct > WORN_PCT:
                self._ills.append(faults.worn(used_pct))

    def _disk(self) -> None:
        try:
            mountinfo = files.text(self._mounts)
        except TransportError:
            return  # Without it the journal still says that it cannot write.
        if mountinfo and decode.is_read_only(mountinfo, str(self._data_dir.absolute())):
            self._ills.append(faults.read_only(str(self._data_dir)))


def board_driver(
    sysfs: Path,
    data_dir: Path,
    clock: Clock,
    inbox: Inbox,
    *,
    mounts: Path = Path("/proc/self/mountinfo"),
) -> WatchDriver:
    """Return the driver of `hub:board`; `mounts` lists the file systems."""
    return WatchDriver(
        Part("board", clock, inbox),
        Board(sysfs, mounts, data_dir).look,
        channels=_CHANNELS,
        every_s=LOOK_EVERY_S,
    )


def _says(temp_c: float | None) -> Sentence:
    if temp_c is None:
        return Sentence("主板正常。", "The board is well.")
    return Sentence(f"主板正常，{temp_c:.0f} 摄氏度。", f"The board is well, {temp_c:.0f} C.")

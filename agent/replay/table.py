"""A CSV of readings as a trace: `time,device,quantity,value`, one reading a line.

Owns the order: lines within a minute of one another are sorted, a line that is later than that is a
bad one. Holds a minute of readings, however long the file is.
"""

from __future__ import annotations

import csv
import heapq
from collections.abc import Callable, Iterator
from operator import itemgetter
from pathlib import Path
from typing import TextIO

from agent.core.device import DeviceId
from agent.core.errors import ConfigError
from agent.core.event import Observed
from agent.core.reading import Quantity, Reading
from agent.replay.home import stamp_at
from agent.replay.lines import COLUMNS, BadLine, quantity_of, time_of, value_of
from agent.replay.map_file import SAYS, HomeMap, Sensor
from agent.replay.trace import Read

SORTED_WITHIN_S = 60.0

_LONGEST_LINE = 65_536

Columns = Callable[[list[str]], tuple[str, ...]]
"""Takes time, device, quantity and value out of the parts of a line."""


def moments(
    path: Path,
    home: HomeMap,
    found: Read,
    *,
    from_s: float | None = None,
    to_s: float | None = None,
    lenient: bool = False,
) -> Iterator[Observed]:
    """Yield the readings in the order of their times; `found` tells how far, and what was left out.

    Errors: ConfigError with the number of the first bad line, unless `lenient`, which skips it and
    counts; and when the file cannot be read or has not the heading.
    """
    waiting: list[tuple[float, int, Observed]] = []
    newest_s = float("-inf")
    with _opened(path) as file:
        columns = _heading(path, file.readline(_LONGEST_LINE))
        number = 1
        while line := file.readline(_LONGEST_LINE):
            number += 1
            found.lines = number
            if line.isspace():
                continue
            try:
                if line[-1] != "\n" and len(line) == _LONGEST_LINE:
                    _skip_rest(file)
                    raise BadLine(f"more than {_LONGEST_LINE} characters: wanted one reading")
                event = _event(_fields(line, columns), home, found)
                at_s = event.reading.received.wall_s
                if at_s < newest_s - SORTED_WITHIN_S:
                    late = f"{newest_s - at_s:.0f} s before the line above it"
                    raise BadLine(f"{late}: wanted lines in the order of time, within 60 s")
            except BadLine as fault:
                if not lenient:
                    raise _refused(path, number, str(fault)) from fault
                found.skip(number, str(fault))
                continue
            if (from_s is not None and at_s < from_s) or (to_s is not None and at_s > to_s):
                continue
            newest_s = max(newest_s, at_s)
            heapq.heappush(waiting, (at_s, number, event))
            while waiting[0][0] < newest_s - SORTED_WITHIN_S:
                yield _played(heapq.heappop(waiting)[2], found)
    while waiting:
        yield _played(heapq.heappop(waiting)[2], found)


def _opened(path: Path) -> TextIO:
    try:
        return path.open(encoding="utf-8-sig", errors="replace", newline="\n")
    except (OSError, ValueError) as error:
        says = error.strerror if isinstance(error, OSError) else str(error)
        raise ConfigError(
            f"{path}: cannot be read ({says}). Name a file that is there and readable."
        ) from error


def _heading(path: Path, line: str) -> Columns:
    """Return what takes the four columns out of a line; further ones are left alone."""
    try:
        names = [name.strip().lower() for name in next(csv.reader([line.rstrip("\r\n")]), [])]
    except csv.Error:
        names = []
    missing = [name for name in COLUMNS if names.count(name) != 1]
    if missing:
        got = line.strip()[:60]
        raise ConfigError(
            f"{path}:1: heading {got!r}: wanted the columns {','.join(COLUMNS)}, each once. "
            "Write them as the first line."
        )
    return itemgetter(*(names.index(name) for name in COLUMNS))


def _fields(line: str, columns: Columns) -> tuple[str, ...]:
    try:
        # A line is a reading: a quotation mark that is never closed must not swallow the file.
        parts = line.split(",") if '"' not in line else next(csv.reader([line], strict=True))
        return columns(parts)
    except (csv.Error, IndexError) as error:
        raise BadLine(f"{line.strip()[:60]!r}: wanted {','.join(COLUMNS)}") from error


def _event(fields: tuple[str, ...], home: HomeMap, found: Read) -> Observed:
    time, device, name, said = map(str.strip, fields)
    if not device or len(device) > 128:
        raise BadLine(f"device {device[:60]!r}: wanted a name")
    sensor = home.sensors.get(device)
    quantity = quantity_of(name) if name else _usual(device, sensor)
    value = value_of(quantity, said)
    reading = Reading(DeviceId(device), quantity, value, stamp_at(time_of(time)))
    if sensor is None:
        found.unmapped[device] += 1
        return Observed(reading)
    return Observed(reading, None, sensor.room)


def _usual(device: str, sensor: Sensor | None) -> Quantity:
    usual = None if sensor is None else SAYS.get(sensor.kind)
    if usual is None:
        raise BadLine(f"no quantity, and the map does not say what kind {device!r} is")
    return usual


def _played(event: Observed, found: Read) -> Observed:
    found.played(event.reading.received)
    return event


def _skip_rest(file: TextIO) -> None:
    while (more := file.readline(_LONGEST_LINE)) and more[-1] != "\n":
        pass


def _refused(path: Path, number: int, says: str) -> ConfigError:
    return ConfigError(
        f"{path}:{number}: {says}. Correct the line, or leave bad lines out with --lenient."
    )

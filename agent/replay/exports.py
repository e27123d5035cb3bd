"""Reads what `anju journal export` wrote back into rows, in any of its formats, line by line."""

from __future__ import annotations

import csv
import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, TextIO

from agent.core.errors import ConfigError
from agent.core.row import JournalId, Lane
from agent.journal.formats import COLUMNS
from agent.journal.row import StoredRow, unreadable
from agent.replay.record import Numbered

_LONGEST_LINE = 4_000_000  # A body is a few kB; a line without an end must not fill the memory.


def rows(path: Path) -> Iterator[Numbered]:
    """Yield the rows with their lines; a line that is no row comes as one of kind "unreadable".

    Errors: ConfigError when the file cannot be read or is of none of the formats.
    """
    try:
        file = path.open(encoding="utf-8-sig", errors="replace", newline="")
    except (OSError, ValueError) as error:
        says = error.strerror if isinstance(error, OSError) else str(error)
        raise ConfigError(
            f"{path}: cannot be read ({says}). Name a file that is there and readable."
        ) from error
    with file:
        first = file.read(1)
        file.seek(0)
        if first in ("{", "["):
            yield from _objects(file)
        elif first:
            yield from _table(path, file)


def _objects(file: TextIO) -> Iterator[Numbered]:
    """Both JSON formats have one row a line; the array has brackets and commas around them."""
    number = 0
    while line := file.readline(_LONGEST_LINE):
        number += 1
        text = line.strip().strip(",")
        if text in ("", "[", "]", "[]"):
            continue
        yield number, _row(_object(text))


def _object(text: str) -> Mapping[str, Any]:
    try:
        found = json.loads(text)
    except (ValueError, RecursionError):
        return {}
    return found if isinstance(found, dict) else {}


def _table(path: Path, file: TextIO) -> Iterator[Numbered]:
    reader = csv.reader(file)
    try:
        names = next(reader, [])
        if set(COLUMNS) - set(names):
            raise ConfigError(
                f"{path}:1: not an export of a journal: wanted the columns {','.join(COLUMNS)}, or "
                "JSON. A table of time,device,quantity,value is given with --csv."
            )
        for fields in reader:
            yield reader.line_num, _row(dict(zip(names, fields, strict=False)))
    except csv.Error as error:
        raise ConfigError(
            f"{path}:{reader.line_num}: not CSV: {error}. Export the journal again."
        ) from error


def _row(found: Mapping[str, Any]) -> StoredRow:
    try:
        body = found["body"]
        return StoredRow(
            JournalId(str(found["journal_id"])),
            int(found["seq"]),
            Lane(found["lane"]),
            str(found["kind"]),
            found["severity"] or None,
            found["device"] or None,
            body if isinstance(body, str) else json.dumps(body),
            float(found["observed_at_s"]) if found["observed_at_s"] else None,
            float(found["received_at_s"]),
            float(found["recorded_at_s"]),
            str(found["boot_id"]),
            int(found["mono_ms"]),
            str(found["time_quality"]),
            int(found["correction_ms"]),
        )
    except (KeyError, ValueError, TypeError):
        return unreadable(JournalId(""), 0, Lane.BULK)

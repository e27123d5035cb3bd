"""Rows as text for other programs: JSON, one object a line, or a table. Pure.

Owns the columns and their order, which stay as they are from release to release. A body goes out as
it was recorded, digit for digit; one that is no JSON object goes out as text of its own.
"""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Iterable, Iterator
from datetime import UTC, datetime
from enum import StrEnum
from typing import Any

from agent.journal.row import StoredRow, is_json_object

COLUMNS = (
    "journal_id",
    "seq",
    "heard_at",
    "lane",
    "kind",
    "severity",
    "device",
    "observed_at_s",
    "received_at_s",
    "recorded_at_s",
    "boot_id",
    "mono_ms",
    "time_quality",
    "correction_ms",
    "body",
)
"""`heard_at` is the corrected time of `received_at_s` in UTC (RFC 3339); `*_s` are seconds since
1970 UTC as recorded, `observed_at_s` when the device said when."""

_LAST_S = 253_402_300_799.0  # 9999-12-31: the last second that RFC 3339 can write.


class Format(StrEnum):
    """How rows are written."""

    JSON = "json"  # One array.
    NDJSON = "ndjson"  # One object a line.
    CSV = "csv"  # RFC 4180 with a heading; an empty field is null, the body is its JSON text.


def written(rows: Iterable[tuple[StoredRow, ...]], form: Format) -> Iterator[str]:
    """Yield the text of all rows, a page at a time."""
    match form:
        case Format.JSON:
            return _array(rows)
        case Format.NDJSON:
            return ("".join(f"{as_object(row)}\n" for row in page) for page in rows)
        case Format.CSV:
            return _table(rows)


def fields(row: StoredRow) -> dict[str, Any]:
    """Return every column but the body, in their order."""
    return {
        "journal_id": row.journal_id,
        "seq": row.seq,
        "heard_at": _rfc3339(row.heard_s),
        "lane": row.lane.value,
        "kind": row.kind,
        "severity": row.severity,
        "device": row.device,
        "observed_at_s": row.observed_at,
        "received_at_s": row.received_at,
        "recorded_at_s": row.recorded_at,
        "boot_id": row.boot_id,
        "mono_ms": row.mono_ms,
        "time_quality": row.time_quality,
        "correction_ms": row.correction_ms,
    }


def as_object(row: StoredRow) -> str:
    """Return the row as one line of JSON; `body` null and `body_text` for what is no object."""
    head = json.dumps(fields(row), ensure_ascii=False)[:-1]
    text = body_text(row)
    if is_json_object(text):
        # Between the parts of a JSON text a line break is a blank; inside a string it cannot be.
        return f'{head}, "body": {text.translate(_BLANKS)}}}'
    return f'{head}, "body": null, "body_text": {json.dumps(text, ensure_ascii=False)}}}'


def body_text(row: StoredRow) -> str:
    """Return the body as text, even where the file has bytes in its place."""
    raw: object = row.body
    return raw.decode(errors="replace") if isinstance(raw, bytes) else str(raw)


_BLANKS = {ord("\n"): " ", ord("\r"): " "}


def _array(rows: Iterable[tuple[StoredRow, ...]]) -> Iterator[str]:
    before = "["
    for page in rows:
        if page:
            yield before + "\n" + ",\n".join(as_object(row) for row in page)
            before = ","
    yield "[]\n" if before == "[" else "\n]\n"


def _table(rows: Iterable[tuple[StoredRow, ...]]) -> Iterator[str]:
    yield _lines([COLUMNS])
    for page in rows:
        yield _lines((*fields(row).values(), body_text(row)) for row in page)


def _lines(records: Iterable[Iterable[Any]]) -> str:
    made = io.StringIO(newline="")
    csv.writer(made, lineterminator="\r\n").writerows(records)
    return made.getvalue()


def _rfc3339(wall_s: float) -> str | None:
    if not 0 <= wall_s <= _LAST_S:
        return None  # A clock that shows no year of ours.
    stamp = datetime.fromtimestamp(wall_s, UTC).isoformat(timespec="milliseconds")
    return stamp.replace("+00:00", "Z")

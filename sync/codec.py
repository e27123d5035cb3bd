"""Rows of the journal <-> bytes on the wire. Pure.

Owns the form of an event, of a batch and of their compression. Knows nothing of windows and acks.
"""

from __future__ import annotations

import gzip
import json
import zlib
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import lru_cache

from pydantic import TypeAdapter, ValidationError

from agent.core.errors import FrameError
from agent.core.row import Kind
from agent.journal.row import StoredRow, is_json_object
from sync.limits import EVENT_BYTES, GZIP_ABOVE_BYTES
from sync.messages import MAX_INTEGER, TYPE_PREFIX, Ack, Event

GZIP_MAGIC = b"\x1f\x8b"
EVENT_TYPE = "application/cloudevents+json"
BATCH_TYPE = "application/cloudevents-batch+json"

QUALIFIERS: dict[str, str] = {
    # What happened to the condition, as Contact ID says it: E = new, R = restored. An acknowledged
    # alarm, whose condition restores, is closed at once: so its end is a restore too. An alarm that
    # waits has none: a receiver that goes by it is not to act before help is called.
    Kind.ALARM_RAISED: "E",
    Kind.ALARM_REPEATED: "E",
    Kind.ALARM_RESTORED: "R",
    Kind.ALARM_CLOSED: "R",
}

_EVENTS: TypeAdapter[list[Event]] = TypeAdapter(list[Event])
_FAR_PAST_S = 0.0
_FAR_FUTURE_S = 253_402_300_799.0  # 9999-12-31T23:59:59Z: the last time RFC 3339 can write.


@dataclass(frozen=True, slots=True)
class Origin:
    """Who speaks."""

    district: str
    hub: str


@dataclass(frozen=True, slots=True)
class Outgoing:
    """One row on its way out, with what is known only when it is sent.

    `prev_seq` the event before it in its lane; `acked_seq` what the platform has confirmed so far;
    `fault` is empty, or why the row's body stays behind; `queued_ms` milliseconds since recorded.
    """

    row: StoredRow
    prev_seq: int
    acked_seq: int
    historical: bool
    queued_ms: int
    fault: str = ""


def event_id(journal_id: str, seq: int) -> str:
    """Return the identity of a row on the wire.

    >>> event_id("0a1b2c3d", 42)
    '0a1b2c3d-42'
    """
    return f"{journal_id}-{seq}"


def seq_of(identity: str, journal_id: str) -> int | None:
    """Return the seq in an event's id, None when the id is not one of this journal.

    >>> seq_of("0a1b2c3d-42", "0a1b2c3d"), seq_of("0a1b2c3d--1", "0a1b2c3d")
    (42, None)
    """
    head, _, tail = identity.rpartition("-")
    # 16 digits hold every seq; more would make int() work for a stranger's pleasure.
    good = head == journal_id and tail.isascii() and tail.isdigit() and len(tail) <= 16
    return int(tail) if good else None


def rfc3339(wall_s: float) -> str:
    """Return a wall time as RFC 3339 in UTC with milliseconds; a time out of range is clamped.

    >>> rfc3339(1767225600.25)
    '2026-01-01T00:00:00.250Z'
    """
    inside = wall_s if _FAR_PAST_S <= wall_s <= _FAR_FUTURE_S else _FAR_PAST_S
    second, micros = divmod(round(inside * 1e6), 1_000_000)
    return f"{_second(second)}.{micros // 1000:03d}Z"


def fault_of(row: StoredRow) -> str:
    """Return why a row cannot be sent as it stands ("" when it can): "oversize" or "not_json"."""
    text = isinstance(row.body, str)
    if text and (len(row.body) > EVENT_BYTES or len(row.body.encode()) > EVENT_BYTES):
        return "oversize"
    return "" if is_json_object(row.body) else "not_json"


def encode_event(out: Outgoing, origin: Origin) -> bytes:
    """Return one CloudEvent as JSON bytes.

    A faulty row still becomes an event, with `setaside` and without its body: the platform learns
    that it exists, and the chain of seqs has no hole.
    """
    row = out.row
    about = "" if row.device is None else f'"subject":{_quoted(row.device)},'
    if row.severity is not None:
        about += f'"severity":{_quoted(row.severity)},'
    if row.kind in QUALIFIERS:
        about += f'"qualifier":"{QUALIFIERS[row.kind]}",'
    if out.fault:
        about += f'"setaside":{_quoted(out.fault)},'
    # Put together by hand: an encoder would take three times as long, which counts after an outage.
    # The body is JSON already, and checked: it goes in as it was recorded, digit for digit.
    return (
        f'{{"specversion":"1.0","id":"{event_id(row.journal_id, row.seq)}",{_head(origin)}'
        f'"type":{_quoted(TYPE_PREFIX + row.kind)},'
        f'"time":"{rfc3339(row.heard_s)}",'
        f'"journalid":"{row.journal_id}","seq":{row.seq},"prevseq":{out.prev_seq},'
        f'"ackedseq":{out.acked_seq},"lane":"{row.lane.value}",'
        f'"historical":{"true" if out.historical else "false"},'
        f'"queuedms":{min(max(out.queued_ms, 0), MAX_INTEGER)},'
        f'"timequality":{_quoted(row.time_quality)},"bootid":{_quoted(row.boot_id)},'
        f'"monoms":"{max(row.mono_ms, 0)}",{about}'
        f'"data":{"{}" if out.fault else row.body}}}'
    ).encode()


def encode_batch(outs: Sequence[Outgoing], origin: Origin) -> bytes:
    """Return events as one CloudEvents JSON batch: an array, oldest first."""
    return b"[" + b",".join(encode_event(out, origin) for out in outs) + b"]"


def pack(payload: bytes) -> bytes:
    """Return the payload, compressed with gzip when it is large.

    JSON begins with `{` or `[` and gzip with 1f 8b, so the receiver sees which it is.
    """
    # mtime=0: the same rows are the same bytes, whenever they are sent.
    return gzip.compress(payload, 6, mtime=0) if len(payload) > GZIP_ABOVE_BYTES else payload


def unpack(payload: bytes, *, limit: int) -> bytes:
    """Return the payload as it was before `pack`.

    Errors: FrameError when it is broken or would be larger than `limit` bytes.
    """
    if not payload.startswith(GZIP_MAGIC):
        return payload
    inflate = zlib.decompressobj(zlib.MAX_WBITS | 16)
    try:
        plain = inflate.decompress(payload, limit + 1)
    except zlib.error as error:
        raise FrameError(f"gzip payload: {error}") from error
    if len(plain) > limit or not inflate.eof:
        raise FrameError(f"gzip payload: broken, or more than {limit} bytes inside")
    return plain


def decode_events(payload: bytes, *, limit: int = 16 << 20) -> list[Event]:
    """Return the events of one message: a single event or a batch, compressed or not.

    Errors: FrameError with the first thing that is wrong.
    """
    plain = unpack(payload, limit=limit)
    if plain[:1] == b"{":
        plain = b"[" + plain + b"]"
    try:
        return _EVENTS.validate_json(plain)
    except ValidationError as error:
        raise FrameError(f"events: {first_fault(error)}") from error


def decode_ack(payload: bytes) -> Ack:
    """Return the platform's acknowledgement. Errors: FrameError."""
    try:
        return Ack.model_validate_json(payload)
    except ValidationError as error:
        raise FrameError(f"ack: {first_fault(error)}") from error


def first_fault(error: ValidationError) -> str:
    """Return the first complaint of pydantic in one short line, without the sender's own text."""
    fault = error.errors(include_url=False, include_input=False, include_context=False)[0]
    where = ".".join(str(part) for part in fault["loc"]) or "message"
    return f"{where}: {fault['msg']}"[:200]


@lru_cache(maxsize=256)
def _second(wall_s: int) -> str:
    """Return a whole second as text. Rows of the same second come one after the other."""
    return datetime.fromtimestamp(wall_s, UTC).isoformat(timespec="seconds")[:-6]


@lru_cache(maxsize=4)
def _head(origin: Origin) -> str:
    """Return what every event of a hub says alike."""
    source = _quoted(f"/anju/{origin.district}/{origin.hub}")
    return f'"source":{source},"datacontenttype":"application/json","hub":{_quoted(origin.hub)},'


@lru_cache(maxsize=1024)
def _quoted(text: str) -> str:
    """Return the text as JSON. Kinds, devices and boots are few, so most are known already."""
    return json.dumps(text, ensure_ascii=False)

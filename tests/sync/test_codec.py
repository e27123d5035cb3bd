"""Bytes on the wire: what goes in comes out, and rubbish is an error with a sentence."""

from __future__ import annotations

import gzip
import json
from contextlib import suppress
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agent.core.errors import FrameError
from agent.core.row import Lane
from sync import codec
from sync.codec import Origin, Outgoing
from sync.limits import EVENT_BYTES, GZIP_ABOVE_BYTES
from sync.messages import MAX_INTEGER
from tests.sync.world import row

ORIGIN = Origin("d1", "hub-1")
JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**53), 2**53) | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
    max_leaves=20,
)


@given(
    body=st.dictionaries(st.text(), JSON, max_size=6),
    seq=st.integers(1, 2**31 - 1),
    queued_ms=st.integers(-5, 2**40),
    lane=st.sampled_from(Lane),
)
def test_a_row_comes_out_as_it_went_in(
    body: dict[str, object], seq: int, queued_ms: int, lane: Lane
) -> None:
    stored = row(seq, lane, body=json.dumps(body, ensure_ascii=False), kind="alarm.raised")
    out = Outgoing(stored, seq - 1, 0, True, queued_ms, codec.fault_of(stored))
    payload = codec.pack(codec.encode_batch([out], ORIGIN))
    (event,) = codec.decode_events(payload)
    assert event.data == body
    assert event.id == f"0000aaaa-{seq}"
    assert event.source == "/anju/d1/hub-1"
    assert event.type == "cn.anju.hub.alarm.raised"
    assert event.queuedms == min(max(queued_ms, 0), MAX_INTEGER)
    assert (event.lane, event.severity) == (lane.value, stored.severity)


@given(st.binary(max_size=300))
def test_any_bytes_are_an_event_an_ack_or_a_frame_error(payload: bytes) -> None:
    for decode in (codec.decode_events, codec.decode_ack):
        with suppress(FrameError):
            decode(payload)


@pytest.mark.parametrize(
    ("body", "fault"),
    [
        ("{}", ""),
        ("[]", "not_json"),
        ("", "not_json"),
        ('{"a": NaN}', "not_json"),
        ("[" * 100_000, "not_json"),
        ('{"a":' * 60_000, "oversize"),
        ('{"a": "' + "安" * (EVENT_BYTES // 3) + '"}', "oversize"),
        ('{"a": "' + "a" * (EVENT_BYTES - 9) + '"}', ""),
    ],
)
def test_a_body_that_cannot_be_sent_is_named(body: str, fault: str) -> None:
    assert codec.fault_of(row(1, Lane.BULK, body=body)) == fault


def test_a_faulty_row_still_is_an_event() -> None:
    out = Outgoing(row(7, Lane.URGENT, body="not json"), 6, 0, False, 0, "not_json")
    (event,) = codec.decode_events(codec.encode_event(out, ORIGIN))
    assert (event.setaside, event.data, event.severity) == ("not_json", {}, "S1")


@pytest.mark.parametrize("at", [-1.0, 1e20, float("nan"), float("inf")])
def test_a_time_out_of_range_is_a_time_all_the_same(at: float) -> None:
    stored = replace(row(1, Lane.BULK), received_at=at)
    (event,) = codec.decode_events(codec.encode_event(Outgoing(stored, 0, 0, False, 0), ORIGIN))
    assert event.time.year == 1970


def test_only_large_payloads_are_compressed_and_always_alike() -> None:
    small, large = b"[" + b" " * 100 + b"]", b"[" + b" " * GZIP_ABOVE_BYTES + b"]"
    assert codec.pack(small) == small
    assert codec.pack(large).startswith(codec.GZIP_MAGIC)
    assert codec.pack(large) == codec.pack(large)
    assert codec.unpack(codec.pack(large), limit=1 << 20) == large


def test_a_compression_bomb_is_refused() -> None:
    bomb = gzip.compress(b"0" * (1 << 22))
    with pytest.raises(FrameError):
        codec.unpack(bomb, limit=1 << 20)
    with pytest.raises(FrameError):
        codec.unpack(bomb[:-9], limit=1 << 23)

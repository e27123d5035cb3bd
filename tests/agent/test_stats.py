"""Counts of a journal are the counts of its rows, whatever is in them."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from agent.core.row import JournalId, Kind, Lane
from agent.journal.places import connect
from agent.journal.reader import JournalReader
from agent.journal.stats import (
    COMMITTED_TOGETHER,
    SPAN_SEQS,
    Front,
    Survey,
    cursors,
    file_bytes,
    moved,
    survey,
)
from tests.agent.quick_journal import JOURNAL_ID, append, delete, fill, new_journal, put

OWN = JournalId(JOURNAL_ID)
CHINA_S = 8 * 3600.0


def reader_of(path: Path) -> JournalReader:
    return JournalReader(path, connect(path))


def surveyed(path: Path, *, urgent: int = 0, bulk: int = 0, largest: int = 1000) -> Survey:
    found = Survey()
    reader = reader_of(path)
    acked = {Lane.URGENT: urgent, Lane.BULK: bulk}
    survey(found, reader, OWN, acknowledged=acked, zone_s=CHINA_S, largest=largest)
    reader.close()
    return found


def test_rows_are_counted_by_kind_lane_and_day_over_several_spans(tmp_path: Path) -> None:
    path = new_journal(tmp_path)
    fill(path, SPAN_SEQS + 10, at_s=1_767_196_800.0 - 100)  # New Year in China at seq 100.
    fill(path, 5, first=SPAN_SEQS + 11, kind="alarm.raised", lane="urgent")
    found = surveyed(path)
    assert found.total().rows == SPAN_SEQS + 15
    kinds = found.by(lambda key: (key.kind, key.lane))
    assert {key: total.rows for key, total in kinds.items()} == {
        ("alarm.raised", "urgent"): 5,
        ("reading", "bulk"): SPAN_SEQS + 10,
    }
    days = found.by(lambda key: key.day, lambda key: key.kind == "reading")
    assert [total.rows for total in days.values()] == [99, SPAN_SEQS - 89]
    assert kinds["reading", "bulk"].bytes == len('{"n": 1}') * (SPAN_SEQS + 10)


def test_what_waits_is_what_comes_after_the_cursor_of_its_lane(tmp_path: Path) -> None:
    path = new_journal(tmp_path)
    fill(path, 10)
    fill(path, 10, first=11, kind="alarm.raised", lane="urgent")
    found = surveyed(path, urgent=14, bulk=3)
    waiting = found.by(
        lambda key: (key.lane, key.kind in COMMITTED_TOGETHER), lambda key: key.waiting
    )
    assert {key: total.rows for key, total in waiting.items()} == {
        ("bulk", True): 7,
        ("urgent", False): 6,
    }
    assert waiting["bulk", True].oldest_s == 1_795_000_004.0


def test_bodies_that_cannot_be_sent_are_counted(tmp_path: Path) -> None:
    path = new_journal(tmp_path)
    for body in ("[1]", "{", '{"n": NaN}', '{"n": "' + "x" * 1000 + '"}', ' {"n": 1}', ""):
        append_text(path, body)
    found = surveyed(path)
    assert found.total(lambda key: key.set_aside).rows == 5


def append_text(path: Path, body: str) -> None:
    last = surveyed(path).total().rows
    fill(path, 1, first=last + 1, body=body)


def test_drops_are_told_by_cause_and_clock_steps_by_the_last(tmp_path: Path) -> None:
    path = new_journal(tmp_path)
    append(path, "gap", {"why": "retention", "class": "telemetry", "count": 2000})
    append(path, "gap", {"why": "retention", "class": "telemetry", "count": 500})
    append(path, "gap", {"why": "disk stalled", "count": "many"})
    fill(path, 1, first=4, kind="gap", body="[]")
    for delta in (5000, -1):
        append(path, "clock.stepped", {"delta_ms": delta, "quality_after": "synced"})
    found = surveyed(path)
    assert {key: dict(count) for key, count in found.drops.items()} == {
        ("retention", "telemetry"): {"rows": 2500, "gaps": 2},
        ("disk stalled", ""): {"rows": 0, "gaps": 1},
        ("", ""): {"rows": 0, "gaps": 1},
    }
    assert found.last_step is not None
    assert (found.steps, found.last_step.delta_ms, found.last_step.after) == (2, -1, "synced")


def test_the_last_time_that_was_vouched_for_is_known(tmp_path: Path) -> None:
    path = new_journal(tmp_path)
    assert surveyed(path).last_synced_s is None
    fill(path, 3, at_s=1000.0)
    fill(path, 3, first=4, at_s=9000.0, quality="unknown")
    assert surveyed(path).last_synced_s == 1003.0


def test_cursors_of_several_files_are_the_furthest(tmp_path: Path) -> None:
    paths = [new_journal(tmp_path, name) for name in ("a.db", "b.db")]
    for path, through in zip(paths, ("7", "5"), strict=True):
        put(path, "cursor", f"{JOURNAL_ID}/urgent", through)
    put(paths[1], "cursor", "0ddba115/bulk", "3")
    put(paths[1], "cursor", "0ddba115/sideways", "3")
    put(paths[1], "cursor", "0ddba115/urgent", "far")
    assert cursors(reader_of(path) for path in paths) == {
        OWN: {Lane.URGENT: 7},
        "0ddba115": {Lane.BULK: 3},
    }


def test_the_size_of_a_file_that_is_not_there_is_nothing(tmp_path: Path) -> None:
    assert file_bytes(tmp_path / "none.db") == (0, 0)
    assert file_bytes(new_journal(tmp_path))[0] > 4096


STEPS = st.lists(
    st.tuples(
        st.sampled_from(["write", "ack", "prune"]),
        st.integers(0, 30),
        st.sampled_from([lane.value for lane in Lane]),
    ),
    max_size=12,
)


@settings(max_examples=40, deadline=None)
@given(STEPS)
def test_a_backlog_followed_step_by_step_is_the_backlog_counted_at_once(
    tmp_path_factory: pytest.TempPathFactory, steps: list[tuple[str, int, str]]
) -> None:
    path = new_journal(tmp_path_factory.mktemp("front"))
    front, through, last = Front(), 0, 0
    for step, number, lane in steps:
        if step == "write":
            fill(path, number, first=last + 1, lane=lane, kind=Kind.AUDIT)
            last += number
        elif step == "ack":
            through = min(through + number, last)
        else:
            delete(path, f"seq <= {min(number, through)}")  # Only what was acknowledged goes.
        reader = reader_of(path)
        front = moved(front, reader, OWN, Lane.BULK, through)
        counted = Counter(row.lane for row in reader.rows(OWN, after_seq=through, limit=1000))
        reader.close()
        assert front.rows == counted[Lane.BULK]

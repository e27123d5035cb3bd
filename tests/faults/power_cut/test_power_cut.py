"""A power cut without a disk: the record, what survives, and a judge that can say no."""

from __future__ import annotations

import json
import random
import re
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.faults.power_cut.block_log import (
    SECTOR,
    Entry,
    Flag,
    LogError,
    build,
    entry_count,
    parse,
)
from tests.faults.power_cut.cuts import Cut, Fate, flushes, plan, safe_until, surviving
from tests.faults.power_cut.judge import Found, FoundRow, Promises, Told, digest, judge, seal
from tests.faults.power_cut.replay import open_and_read, read_notes

_SECTORS = 16
_CUTS = st.builds(Cut, st.integers(0, 40), st.sampled_from(Fate), st.integers(0, 2**32))


@st.composite
def entries(draw: st.DrawFn) -> list[Entry]:
    """Return requests to a disk of 16 sectors; each write puts its number into its sectors."""
    made = []
    for number in range(draw(st.integers(0, 40))):
        kind = draw(
            st.sampled_from(("write", "write", "fua", "flush", "flushing write", "discard"))
        )
        first = draw(st.integers(0, _SECTORS - 1))
        sectors = draw(st.integers(1, _SECTORS - first))
        data = bytes([number + 1]) * (SECTOR * sectors)
        made.append(
            {
                "write": Entry(first * SECTOR, data, Flag(0)),
                "fua": Entry(first * SECTOR, data, Flag.FUA),
                "flush": Entry(0, b"", Flag.FLUSH),
                "flushing write": Entry(first * SECTOR, data, Flag.FLUSH),
                "discard": Entry(first * SECTOR, b"", Flag.DISCARD),
            }[kind]
        )
    return made


def after(record: list[Entry], cut: Cut) -> bytes:
    """Return the medium after a cut."""
    safe = safe_until(flushes(record), cut.position)
    medium = bytearray(_SECTORS * SECTOR)
    for entry in record[:safe]:
        medium[entry.offset : entry.offset + len(entry.data)] = entry.data
    for write in surviving(record[safe : cut.position], cut):
        medium[write.offset : write.offset + len(write.data)] = write.data
    return bytes(medium)


# --- the record -----------------------------------------------------------------------------------


@given(entries())
def test_a_record_is_read_back_as_it_was_written(record: list[Entry]) -> None:
    raw = build(record)
    assert entry_count(raw) == len(record)
    read = [Entry(e.offset, bytes(e.data), e.flags) for e in parse(raw)]
    assert read == record
    assert len(parse(raw, limit=3)) == min(3, len(record))


def test_a_record_of_the_kernels_format_is_understood() -> None:
    """The first bytes of what qemu-storage-daemon wrote for one write of sector 2 and a flush."""
    head = bytes.fromhex("7268737766736a00 0100000000000000 0200000000000000 00020000")
    write = bytes.fromhex("0200000000000000 0100000000000000 0000000000000000 0000000000000000")
    flush = bytes.fromhex("0000000000000000 0000000000000000 0100000000000000 0000000000000000")
    raw = b"".join(part.ljust(SECTOR, b"\0") for part in (head, write, b"ext4", flush))
    first, second = parse(raw)
    assert (first.offset, bytes(first.data[:4]), first.flags) == (1024, b"ext4", Flag(0))
    assert (bytes(second.data), second.flags) == (b"", Flag.FLUSH)


@given(entries(), st.data())
def test_a_record_that_was_cut_off_is_refused(record: list[Entry], data: st.DataObject) -> None:
    raw = build(record)
    cut = raw[: data.draw(st.integers(0, len(raw) - 1))]
    if len(cut) >= 28 and not record:
        assert list(parse(cut)) == []  # The rest of the first sector holds nothing.
        return
    with pytest.raises(LogError):
        parse(cut)


@pytest.mark.parametrize(("at", "what"), [(0, "magic"), (8, "version"), (24, "sectors")])
def test_another_format_is_refused(at: int, what: str) -> None:
    raw = bytearray(build([]))
    raw[at] ^= 0xFF
    with pytest.raises(LogError, match=what):
        parse(bytes(raw))


def test_an_unknown_flag_is_refused() -> None:
    raw = bytearray(build([Entry(0, b"", Flag.FLUSH)]))
    raw[SECTOR + 16] = 0x80
    with pytest.raises(LogError, match="unknown flags 0x80"):
        parse(bytes(raw))


# --- what survives --------------------------------------------------------------------------------


@given(entries(), _CUTS)
def test_every_sector_has_a_version_that_a_disk_may_leave(record: list[Entry], cut: Cut) -> None:
    """Judged sector by sector, by another way: from the last safe version on, any is allowed."""
    given_entries = record[: cut.position]
    last_flush = max(
        (n for n, entry in enumerate(given_entries) if entry.flags & Flag.FLUSH), default=-1
    )
    medium = after(record, cut)
    for sector in range(_SECTORS):
        allowed = {0}
        for number, entry in enumerate(given_entries):
            if entry.offset <= sector * SECTOR < entry.offset + len(entry.data):
                safe = number < last_flush or entry.flags & Flag.FUA
                allowed = {number + 1} if safe else allowed | {number + 1}
        content = medium[sector * SECTOR : (sector + 1) * SECTOR]
        assert content == bytes([content[0]]) * SECTOR
        assert content[0] in allowed


@given(entries(), st.integers(0, 40), st.integers(0, 2**32))
def test_a_kind_cut_leaves_all_and_a_hard_one_only_what_was_safe(
    record: list[Entry], position: int, seed: int
) -> None:
    everything = bytearray(_SECTORS * SECTOR)
    for entry in record[:position]:
        everything[entry.offset : entry.offset + len(entry.data)] = entry.data
    assert after(record, Cut(position, Fate.ALL, seed)) == bytes(everything)
    safe = safe_until(flushes(record), position)
    fua = [entry for entry in record[safe:position] if entry.flags & Flag.FUA]
    alone = after([*record[:safe], *fua], Cut(safe + len(fua), Fate.ALL, seed))
    assert after(record, Cut(position, Fate.NONE, seed)) == alone


def test_writes_are_left_out_whole_or_torn() -> None:
    record = [
        Entry(0, bytes([1]) * 8 * SECTOR, Flag(0)),
        Entry(8 * SECTOR, b"\2" * SECTOR, Flag(0)),
    ]
    some = {after(record, Cut(2, Fate.SOME, seed)) for seed in range(60)}
    torn = {after(record, Cut(2, Fate.TORN, seed)) for seed in range(60)}
    assert len(some) == 4
    assert len(torn) > 20


@given(entries(), _CUTS)
def test_a_cut_can_be_repeated(record: list[Entry], cut: Cut) -> None:
    assert after(record, cut) == after(record, cut)


@given(st.integers(), st.integers(0, 200), st.lists(st.integers(0, 300)))
def test_cuts_are_planned_inside_the_record_and_in_order(
    seed: int, first: int, told: list[int]
) -> None:
    cuts = plan(random.Random(seed), 30, first=first, last=first + 50, told=sorted(told))
    positions = [cut.position for cut in cuts]
    assert positions == sorted(positions)
    assert len(cuts) == 30
    assert all(first <= position <= first + 50 for position in positions)


# --- the judge ------------------------------------------------------------------------------------


def found_row(number: int, kind: str = "reading", **more: str) -> FoundRow:
    body = {"n": number, "pad": "ab", "seal": seal(number, "ab"), **more}
    return FoundRow(("j", number), kind, digest(kind, "urgent", body), body)


ROWS = (
    found_row(1),
    found_row(2, "alarm.raised", alarm="a"),
    found_row(3, "alarm.raised", alarm="b"),
    found_row(4, "alarm.closed", alarm="a"),
    found_row(5, "actuation.asked", effect="e"),
    found_row(6, "actuation.asked", effect="f"),
)
STATE = {
    "rule_state": {"last": "6"},
    "alarm": {"b": "3"},
    "effect": {"f": "6"},
    "cursor": {"j/urgent": "5"},
}
FOUND = Found("", "ok", ROWS, STATE)
PROMISES = Promises(
    (
        Told(10, ((ROWS[0].key, ROWS[0].digest), (ROWS[1].key, ROWS[1].digest))),
        Told(20, removed="e"),
        Told(30, ((ROWS[5].key, ROWS[5].digest),)),
    ),
    frozenset("e"),
)


def state(table: str, **entries: str) -> Found:
    return replace(FOUND, state={**STATE, table: entries})


def test_a_store_that_kept_its_word_is_not_blamed() -> None:
    assert judge(PROMISES, FOUND, 30).faults == ()
    assert judge(PROMISES, Found("", "ok", ()), 9).faults == ()


def test_a_told_row_that_is_gone_is_lost_from_the_moment_of_telling_on() -> None:
    short = Found("", "ok", ROWS[:5], {**STATE, "rule_state": {"last": "5"}, "effect": {}})
    assert judge(PROMISES, short, 29).faults == ()
    verdict = judge(PROMISES, short, 30)
    assert verdict.lost == 1
    assert verdict.faults == ("row ('j', 6) was told at 30 and is lost",)
    assert judge(PROMISES, Found("", "ok", ()), 30).lost == 3


@pytest.mark.parametrize(
    ("found", "said"),
    [
        (replace(FOUND, trouble="the journal goes on in memory"), "opened with trouble"),
        (replace(FOUND, integrity="row 3 missing from index"), "integrity_check: row 3"),
        (replace(FOUND, rows=(*ROWS[:2], *ROWS[3:])), r"missing \[3\]"),
        (replace(FOUND, rows=(*ROWS, replace(ROWS[2], key=("k", 3)))), "7 rows up to number 6"),
        (replace(FOUND, rows=(replace(ROWS[0], digest=""), *ROWS[1:])), "another content"),
        (
            replace(FOUND, rows=(replace(ROWS[0], body={**ROWS[0].body, "pad": ""}), *ROWS[1:])),
            "not what was given",
        ),
        (state("rule_state", last="5"), "the counter says 5, the last row is 6"),
        (state("alarm", a="2", b="3"), "alarms that differ"),
        (state("alarm"), "alarms that differ"),
        (state("effect", e="5", f="6"), "order e was told removed at 20 and stands"),
        (state("effect"), "order f of row 6 is gone"),
        (state("effect", f="5"), "order f stands as 5, its row is 6"),
        (state("effect", f="6", g="7"), "order g stands without its row"),
        (state("cursor", **{"j/bulk": "7"}), "beyond the last row"),
    ],
)
def test_everything_that_may_not_be_is_said(found: Found, said: str) -> None:
    faults = judge(PROMISES, found, 30).faults
    assert faults
    assert any(re.search(said, fault) for fault in faults)


def test_a_journal_that_was_set_aside_is_blamed(tmp_path: Path) -> None:
    main = tmp_path / "journal.db"
    main.write_bytes(b"rubbish" * 1000)
    found = open_and_read(main, tmp_path / "fallback.db")
    assert "is corrupt" in found.trouble
    assert judge(PROMISES, found, 30).lost == 3


def test_notes_are_read_back(tmp_path: Path) -> None:
    notes = tmp_path / "notes"
    lines = [
        {"at": 7, "rows": [["j", 1, "aa"], ["j", 2, "bb"]]},
        {"at": 8, "asked": "e"},
        {"at": 9, "removed": "e"},
    ]
    notes.write_text("".join(json.dumps(line) + "\n" for line in lines))
    rows = ((("j", 1), "aa"), (("j", 2), "bb"))
    assert read_notes(notes) == Promises((Told(7, rows), Told(9, removed="e")), frozenset("e"))

"""The part of the check that looks at rows, and at the state that stands beside them.

Guard may write and prune meanwhile. What is compared with one another is therefore read at the end,
in one transaction, together with the rows that have come since; that part is short.
"""

from __future__ import annotations

import json
import time
from collections import defaultdict
from typing import Any

from agent.core.errors import JournalError
from agent.core.row import JournalId, Kind, Lane
from agent.journal.findings import Finding, OnPage, ReadAlarm, Report
from agent.journal.holes import Hole, Told, joined, untold
from agent.journal.reader import MAX_SEQ, JournalReader
from agent.journal.row import is_json_object
from agent.journal.schema import Table

PAGE_ROWS = 5_000
HOLES_KEPT = 200_000
"""Holes that are remembered: 30 MB. A journal that was pruned for years has some thousand."""


def check_rows(
    reader: JournalReader, report: Report, read_alarm: ReadAlarm, deadline_s: float, on_page: OnPage
) -> None:
    """Look at all rows and what stands beside them. Errors: JournalError when the file cannot be
    read on."""
    rows = _Rows(reader, report, read_alarm)
    for journal_id in reader.journals():
        last = reader.last_seq(journal_id)
        while rows.take_page(journal_id):
            on_page(rows.through[journal_id][0], last)
            if time.monotonic() > deadline_s:
                report.finished = False
                return
    with reader.snapshot():
        for journal_id in reader.journals():
            while rows.take_page(journal_id):
                pass
            rows.check_numbers(journal_id)
        report.journals = reader.journals()
        rows.check_cursors()
        rows.check_alarms()
        rows.check_holes()


class _Rows:
    """What is remembered of the rows so far."""

    def __init__(self, reader: JournalReader, report: Report, read_alarm: ReadAlarm) -> None:
        self._reader = reader
        self._report = report
        self._read_alarm = read_alarm
        self.through: dict[JournalId, tuple[int, float]] = {}
        self._began: dict[JournalId, float] = {}
        self._holes: dict[JournalId, list[Hole]] = defaultdict(list)
        self._told: dict[JournalId, Told] = defaultdict(Told)
        self._alarms: dict[str, tuple[float, int, int, bool]] = {}
        self._salvaged = False
        self._own = reader.own_id()

    def take_page(self, journal_id: JournalId) -> bool:
        """Look at the next rows; return False when there are none."""
        after, at_s = self.through.get(journal_id, (0, float("-inf")))
        page = self._reader.query(
            "SELECT seq, lane, kind, CAST(recorded_at AS REAL), body FROM journal "
            "WHERE journal_id = ? AND seq > ? AND seq <= ? ORDER BY seq LIMIT ?",
            [journal_id, after, MAX_SEQ, PAGE_ROWS],
        )
        for seq, lane, kind, recorded_s, body in page:
            if seq > after + 1 and len(self._holes[journal_id]) < HOLES_KEPT:
                self._holes[journal_id].append(Hole(after + 1, seq - 1, at_s, recorded_s))
            self._began.setdefault(journal_id, recorded_s)
            self._take(journal_id, seq, lane, kind, recorded_s, body)
            after, at_s = seq, recorded_s
        self.through[journal_id] = (after, at_s)
        self._report.rows += len(page)
        return bool(page)

    def _take(
        self, journal_id: JournalId, seq: int, lane: str, kind: str, at_s: float, body: object
    ) -> None:
        name = f"{journal_id}-{seq}"
        if lane not in list(Lane):
            self._report.add(Finding("lane", name, repr(lane)))
        if not isinstance(body, str) or not is_json_object(body):
            self._report.add(Finding("not_json", name, f"{kind}: {str(body)[:60]!r}"))
            return
        if kind == Kind.GAP:
            told = json.loads(body)
            self._told[JournalId(str(told.get("journal", journal_id)))].take(told)
        elif kind == Kind.JOURNAL_SALVAGED:
            self._salvaged = True
        elif str(kind).startswith("alarm."):
            self._take_alarm(seq, at_s, json.loads(body))

    def _take_alarm(self, seq: int, at_s: float, body: dict[str, Any]) -> None:
        try:
            said = self._read_alarm(body)
        except JournalError:
            return  # Of another release: what stands beside it is judged, not history.
        before = self._alarms.get(said.id)
        if before is None or (at_s, seq) >= before[:2]:
            self._alarms[said.id] = (at_s, seq, _print_of(body), said.is_open)

    # --- what is compared with one another ------------------------------------------------------

    def check_numbers(self, journal_id: JournalId) -> None:
        """Find rows whose number is none."""
        sql = "SELECT seq FROM journal WHERE journal_id = ? AND seq > ?"
        for (seq,) in self._reader.query(sql, [journal_id, MAX_SEQ]):
            self._report.add(Finding("number", journal_id, repr(seq)[:60]))

    def check_cursors(self) -> None:
        """Find cursors that no row of theirs can explain."""
        for key, body in self._reader.state(Table.CURSOR).items():
            journal_id, _, lane = key.partition("/")
            if not body.isdecimal() or lane not in list(Lane):
                self._report.add(Finding("cursor_unreadable", key, repr(body)))
                continue
            last, _ = self.through.get(JournalId(journal_id), (0, 0.0))
            last = max(last, self._told[JournalId(journal_id)].last_seq)
            if last and int(body) > last:
                self._report.add(Finding("cursor_beyond", key, f"{body} > {last}"))

    def check_alarms(self) -> None:
        """Find alarms that are not as their last row says, and open ones that are forgotten."""
        kept = self._reader.state(Table.ALARM)
        for key, body in kept.items():
            try:
                if not is_json_object(body):
                    raise JournalError(f"not JSON: {body[:60]!r}")
                said = json.loads(body)
                if self._read_alarm(said).id != key:
                    raise JournalError(f"is kept under {key!r}, but is {said['id']!r}")
            except JournalError as error:
                self._report.add(Finding("alarm_unreadable", key, str(error)))
                continue
            self._compare(key, _print_of(said))
        for key, (_, seq, _, is_open) in self._alarms.items():
            if is_open and key not in kept:
                fault = self._is_fault(_journal_of(key))
                self._report.add(Finding("alarm_forgotten", key, f"seq {seq}", fault))

    def _compare(self, key: str, said: int) -> None:
        journal_id, row = _journal_of(key), self._alarms.get(key)
        fault = self._is_fault(journal_id)
        if row is not None:
            if row[2] != said:
                self._report.add(Finding("alarm_differs", key, f"seq {row[1]}", fault))
        elif journal_id in self.through and not self._is_told(journal_id, _seq_of(key)):
            self._report.add(Finding("alarm_without_row", key, "", fault))

    def _is_told(self, journal_id: JournalId, seq: int) -> bool:
        return any(first <= seq <= last for first, last in self._told[journal_id].ranges)

    def check_holes(self) -> None:
        """Find seqs that are missing although no row tells where they are."""
        for journal_id, holes in self._holes.items():
            told = self._told[journal_id]
            ranges = joined(told.ranges)
            missing = 0
            for hole in holes:
                parts = list(untold(hole, ranges))
                missing += hole.rows - sum(part.rows for part in parts)
                for part in parts:
                    if not self._carried(journal_id, part):
                        self._add_hole(journal_id, part)
            elsewhere = self._elsewhere(journal_id)
            if missing > told.rows + elsewhere and self._is_fault(journal_id):
                detail = f"{missing} > {told.rows + elsewhere}"
                self._report.add(Finding("more_missing", journal_id, detail))

    def _add_hole(self, journal_id: JournalId, hole: Hole) -> None:
        about = f"{journal_id}-{hole.first}..{hole.last}"
        if hole.first == 1:
            # What came before a journal's first row may lie in a file that is not this one.
            self._report.add(Finding("begins_later", about, str(hole.rows), fault=False))
        else:
            fault = self._is_fault(journal_id)
            self._report.add(Finding("hole", about, str(hole.rows), fault))

    def _carried(self, journal_id: JournalId, hole: Hole) -> bool:
        """Return whether the hub wrote just these seqs under other identities meanwhile: to tmpfs,
        while the disk failed. An older or newer journal with the same numbers is not meant."""
        left = hole.rows
        for other in self.through:
            if other == journal_id:
                continue
            ((count,),) = self._reader.query(
                "SELECT count(*) FROM journal WHERE journal_id = ? AND seq BETWEEN ? AND ? "
                "AND recorded_at BETWEEN ? AND ?",
                [other, hole.first, hole.last, hole.after_s, hole.before_s],
            )
            left -= int(count)
            if self._began[other] >= hole.after_s:
                told = joined(self._told[other].ranges)
                left -= hole.rows - sum(part.rows for part in untold(hole, told))
        return left <= 0

    def _elsewhere(self, journal_id: JournalId) -> int:
        """Return how many rows other journals have of the numbers and the time of this one."""
        last, at_s = self.through[journal_id]
        rows = 0
        for other in self.through:
            if other != journal_id:
                ((count,),) = self._reader.query(
                    "SELECT count(*) FROM journal WHERE journal_id = ? AND seq <= ? "
                    "AND recorded_at BETWEEN ? AND ?",
                    [other, last, self._began[journal_id], at_s],
                )
                rows += int(count) + self._told[other].rows
        return rows

    def _is_fault(self, journal_id: JournalId) -> bool:
        """Return whether a loss in this journal is news: one that came out of a damaged file has
        been reported as such, and cannot be undone."""
        return not (self._salvaged and journal_id != self._own)


def _journal_of(alarm: str) -> JournalId:
    return JournalId(alarm.rpartition("-")[0])


def _seq_of(alarm: str) -> int:
    digits = alarm.rpartition("-")[2]
    return int(digits) if digits.isdecimal() else 0


def _print_of(body: dict[str, Any]) -> int:
    return hash(json.dumps(body, sort_keys=True))

"""Checks a journal file against its own promises. Reads only, some thousand rows at a time.

Owns what is checked, the pages first. Knows no words for people, and not what an alarm is: the
caller says how to read the state of one.

What is promised: pages as SQLite wants them; seqs without a hole that nothing accounts for; bodies
that are JSON objects; cursors not beyond the last row; alarms as their last row says.
"""

from __future__ import annotations

import sqlite3
import time
from contextlib import closing
from pathlib import Path

from agent.core.errors import JournalError
from agent.journal.findings import FINDINGS_OF_A_KIND, Finding, OnPage, ReadAlarm, Report
from agent.journal.places import connect
from agent.journal.reader import JournalReader
from agent.journal.schema import VERSION
from agent.journal.verify_rows import check_rows


def verify(
    path: Path, read_alarm: ReadAlarm, *, budget_s: float, on_page: OnPage = lambda seq, last: None
) -> Report:
    """Check one file, for about `budget_s` seconds at the most.

    `on_page(seq, last_seq)` is called as it goes on. Errors: none; they are findings.
    """
    report = Report()
    deadline_s = time.monotonic() + budget_s
    try:
        db = connect(path)
    except JournalError as error:
        report.add(Finding("unreadable", str(path), str(error)))
        return report
    with closing(db):
        _pages(db, report, deadline_s)
        if _is_readable(db, report):
            try:
                check_rows(JournalReader(path, db), report, read_alarm, deadline_s, on_page)
            except JournalError as error:
                report.add(Finding("rows_unreadable", str(path), str(error)))
    return report


def _pages(db: sqlite3.Connection, report: Report, deadline_s: float) -> None:
    """Let SQLite look at its pages and indexes."""
    db.set_progress_handler(lambda: int(time.monotonic() > deadline_s), 20_000)
    try:
        for (line,) in db.execute(f"PRAGMA integrity_check({FINDINGS_OF_A_KIND})"):
            if line != "ok":
                report.add(Finding("pages", "integrity_check", str(line)))
    except sqlite3.Error as error:
        if getattr(error, "sqlite_errorcode", 0) == sqlite3.SQLITE_INTERRUPT:
            report.finished = False
        else:
            report.add(Finding("pages", "integrity_check", str(error)))
    finally:
        db.set_progress_handler(None, 0)


def _is_readable(db: sqlite3.Connection, report: Report) -> bool:
    """Return whether there are tables whose rows can be looked at."""
    try:
        found = int(db.execute("PRAGMA user_version").fetchone()[0])
        db.execute("SELECT seq FROM journal LIMIT 1").fetchone()
    except sqlite3.Error as error:
        report.add(Finding("rows_unreadable", "journal", str(error)))
        return False
    if found > VERSION:
        report.add(Finding("version_newer", str(found), str(VERSION)))
        return False
    if found < VERSION:
        report.add(Finding("version_older", str(found), str(VERSION), fault=False))
    return True

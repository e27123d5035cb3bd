"""A few kills with every change, and the proof that the judge of them can say no."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import pytest

from tests.faults.checker import check
from tests.faults.evidence import Evidence, Key, read_journal
from tests.faults.house import SMALL_HOME
from tests.faults.rounds import Rounds

pytestmark = pytest.mark.serial

KILLS = 6
SEED = 20261123


@pytest.mark.timeout(240)
def test_what_was_told_outlives_kills_and_the_judge_misses_what_is_taken_away(
    tmp_path: Path,
) -> None:
    rounds = Rounds(tmp_path / "home", seed=SEED, number=0, devices=SMALL_HOME)
    faults = rounds.run(KILLS)
    evidence = rounds.evidence
    assert faults == []
    assert len(evidence.kills) == KILLS
    assert evidence.told.rows
    assert evidence.told.alarms
    assert evidence.sirens
    _a_row_taken_from_a_copy_is_missed(evidence, rounds.house.journal, tmp_path / "copy.db")


def _a_row_taken_from_a_copy_is_missed(evidence: Evidence, journal: Path, copy: Path) -> None:
    """The control run: the same evidence against a journal from which one told row is gone."""
    key: Key = next(key for key, row in evidence.told.rows.items() if row.kind == "alarm.raised")
    source = sqlite3.connect(f"file:{journal}?mode=ro", uri=True)
    with closing(source), closing(sqlite3.connect(copy, isolation_level=None)) as db:
        source.backup(db)
        taken = db.execute("DELETE FROM journal WHERE (journal_id, seq) = (?, ?)", key)
        assert taken.rowcount == 1
    faults = check(replace(evidence, journal=read_journal(copy)))
    assert f"row {key} (alarm.raised) was told and is lost" in faults
    assert any(f"the platform has {key}" in fault for fault in faults)
    assert any(f"no row {key[1]}" in fault for fault in faults)
    assert any("was told and no row raised it" in fault for fault in faults)

"""`journal show` and `journal export` from the files alone: guard is not running in these."""

from __future__ import annotations

import csv
import json
import os
import pty
import sqlite3
import stat
import subprocess
import sys
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from tests.agent.quick_journal import JOURNAL_ID, append, fill, new_journal, put
from tests.cli.hub import ROOT, Ended, anju, as_json, surroundings

WHY = {"zh": '门开着\n"夜里"', "en": 'the door, "at night"\0'}


class Home:
    """A hub's folders and configuration, with nothing running."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.run_dir = folder / "run"
        self.run_dir.mkdir()
        self.config = folder / "anju.toml"
        self.config.write_text(
            f'[hub]\nid = "hub-1"\ndata_dir = "{folder}"\nruntime_dir = "{self.run_dir}"\n'
        )

    def anju(self, *words: str, **environment: str) -> Ended:
        """Run one command."""
        return anju(*words, "--config", str(self.config), **environment)


@pytest.fixture
def home(tmp_path: Path) -> Home:
    return Home(tmp_path)


# --- show -----------------------------------------------------------------------------------------


def test_a_row_is_shown_whole_with_what_its_times_are_worth(home: Home) -> None:
    path = new_journal(home.folder)
    seq = append(path, "alarm.raised", {"why": WHY}, lane="urgent")
    with closing(sqlite3.connect(path)) as db, db:
        db.execute("UPDATE journal SET correction_ms = 86400000, time_quality = 'unknown'")
    put(path, "cursor", f"{JOURNAL_ID}/urgent", str(seq))
    en, zh = home.anju("journal", "show", "1"), home.anju("journal", "show", "1", "--lang", "zh")
    assert (en.code, zh.code) == (0, 0), en.err
    for said in (
        f"{JOURNAL_ID}-1",
        "alarm raised",
        "acknowledged by the platform",
        "nobody vouched for the clock",
        "had been off by +86400.0 s",
        str(path),
    ):
        assert said in en.out
    for said in ("报警", "平台已签收", "没有可信的时间", "已校正", "门开着"):
        assert said in zh.out
    listed: Any = as_json(home.anju("journal", "show", f"{JOURNAL_ID}-1", "--json").out)
    assert listed["body"] == {"why": WHY}
    assert listed["acknowledged"] is True
    assert listed["correction_ms"] == 86_400_000


@pytest.mark.parametrize(
    ("name", "code", "said"),
    [
        ("2", 1, "has no row 2"),
        ("deadbeef-1", 1, "Journal deadbeef has no row 1"),
        ("last", 2, "not a row; wanted a seq"),
        ("0BADCAFE-1", 2, "not a row"),
    ],
)
def test_a_row_that_is_not_there_is_one_line(home: Home, name: str, code: int, said: str) -> None:
    append(new_journal(home.folder), "reading", {"n": 1})
    ended = home.anju("journal", "show", name)
    assert (ended.code, ended.out) == (code, "")
    assert said in ended.err
    assert ended.err.count("\n") == 1


def test_a_row_that_is_no_json_is_shown_as_text(home: Home) -> None:
    path = new_journal(home.folder)
    fill(path, 1, body="[1")
    assert "[1" in home.anju("journal", "show", "1").out
    listed: Any = as_json(home.anju("journal", "show", "1", "--json").out)
    assert (listed["body"], listed["body_text"]) == (None, "[1")


# --- export ---------------------------------------------------------------------------------------


def test_the_three_formats_say_the_same(home: Home) -> None:
    path = new_journal(home.folder)
    for number in range(5):
        append(path, "alarm.raised" if number % 2 else "reading", {"why": WHY, "n": number})
    array: Any = as_json(home.anju("journal", "export", "--json").out)
    lines = [json.loads(one) for one in home.anju("journal", "export").out.splitlines()]
    out = home.folder / "rows.csv"
    said = home.anju("journal", "export", "--format", "csv", "--out", str(out), "--lang", "zh")
    assert said.out == f"已导出 5 行：{out}\n"
    with out.open(encoding="utf-8", newline="") as file:
        table = list(csv.DictReader(file))
    assert array == lines
    assert [row["body"]["why"] for row in array] == [WHY] * 5
    assert [json.loads(row["body"]) for row in table] == [row["body"] for row in array]
    assert [int(row["seq"]) for row in table] == [1, 2, 3, 4, 5]
    assert stat.S_IMODE(out.stat().st_mode) == 0o600


def test_rows_are_chosen_by_seq_kind_and_time(home: Home) -> None:
    path = new_journal(home.folder)
    fill(path, 3, journal="aaaaaaaa", at_s=1_700_000_000.0)
    fill(path, 3)
    append(path, "alarm.raised", {"n": 4})

    def seqs(*words: str) -> list[tuple[str, int]]:
        ended = home.anju("journal", "export", *words)
        assert ended.code == 0, ended.err
        rows = [json.loads(line) for line in ended.out.splitlines()]
        return [(row["journal_id"][:1], row["seq"]) for row in rows]

    assert seqs() == [("a", 1), ("a", 2), ("a", 3), ("0", 1), ("0", 2), ("0", 3), ("0", 4)]
    assert seqs("--after-seq", "2") == [("0", 3), ("0", 4)]
    assert seqs("--after-seq", "2", "--journal", "aaaaaaaa") == [("a", 3)]
    assert seqs("--kind", "alarm") == [("0", 4)]
    assert seqs("--to", "2024-01-01") == [("a", 1), ("a", 2), ("a", 3)]
    assert seqs("--from", "2024-01-01T00:00+08:00", "--kind", "alarm.raised") == [("0", 4)]


def test_every_file_of_the_hub_is_read_and_damaged_ones_on_request(home: Home) -> None:
    fill(new_journal(home.folder), 2, at_s=2000.0)
    fill(new_journal(home.run_dir, "journal-fallback.db", "bbbbbbbb"), 1, journal="bbbbbbbb")
    bad = new_journal(home.folder, "journal.db.bad-20261101T000000Z", "cccccccc")
    fill(bad, 1, journal="cccccccc")

    def ids(*words: str) -> str:
        lines = home.anju("journal", "export", *words).out.splitlines()
        return "".join(json.loads(line)["journal_id"][0] for line in lines)

    assert ids() == "00b"
    assert ids("--quarantined") == "c00b"
    assert ids("--after-seq", "0") == "b"
    assert ids("--file", str(bad)) == "c"


def test_a_file_is_read_without_any_configuration(tmp_path: Path) -> None:
    path = new_journal(tmp_path)
    fill(path, 1)
    nowhere = str(tmp_path / "none.toml")
    ended = anju("journal", "export", "--file", str(path), "--config", nowhere)
    assert (ended.code, ended.err) == (0, "")
    assert anju("journal", "export", "--config", nowhere).code == 2


def test_an_output_file_is_whole_or_not_there(home: Home) -> None:
    path = new_journal(home.folder)
    fill(path, 5000, body='{"pad": "' + "x" * 200 + '"}')
    out = home.folder / "out" / "rows.json"
    missing = home.anju("journal", "export", "--out", str(out))
    assert missing.code == 1
    assert f"{out} cannot be written" in missing.err
    out.parent.mkdir()
    out.write_text("of before")
    with path.open("r+b") as file:
        file.seek(path.stat().st_size // 2)
        file.write(b"\xa5" * 8192)
    damaged = home.anju("journal", "export", "--out", str(out))
    assert damaged.code == 1
    assert "anju journal verify" in damaged.err
    assert [file.name for file in out.parent.iterdir()] == ["rows.json"]
    assert out.read_text() == "of before"
    saved = home.anju("journal", "export", "--out", str(out), "--salvage")
    assert saved.code == 0, saved.err
    assert 4000 < len(out.read_text().splitlines()) < 5000


@pytest.mark.parametrize(
    ("words", "code", "said"),
    [
        (("export", "--from", "yesterday"), 2, "--from = yesterday: not a time"),
        (("export", "--format", "xml"), 2, "xml"),
        (("export", "--file", "/nowhere/journal.db"), 1, "there is no such file"),
        (("export",), 1, "The hub may never have run"),
        (("show", "1"), 1, "The hub may never have run"),
    ],
)
def test_what_cannot_be_done_is_one_line_with_a_next_step(
    home: Home, words: tuple[str, ...], code: int, said: str
) -> None:
    if code == 2:
        new_journal(home.folder)
    ended = home.anju("journal", *words)
    assert (ended.code, ended.out) == (code, "")
    assert said in ended.err


def test_progress_is_shown_to_a_terminal_only(home: Home) -> None:
    fill(new_journal(home.folder), 30_000)
    assert home.anju("journal", "export", "--out", str(home.folder / "o")).err == ""
    master, slave = pty.openpty()
    command = ["journal", "export", "--out", str(home.folder / "o"), "--config", str(home.config)]
    with subprocess.Popen(
        [sys.executable, "-m", "agent", *command],
        cwd=ROOT,
        env=surroundings(),
        stdout=subprocess.DEVNULL,
        stderr=slave,
    ) as process:
        os.close(slave)
        shown = b""
        while chunk := _read(master):
            shown += chunk
        assert process.wait(30) == 0
    os.close(master)
    assert b"rows/s" in shown
    assert shown.endswith(b"\r\x1b[K")


def _read(master: int) -> bytes:
    try:
        return os.read(master, 4096)
    except OSError:  # How a pseudo-terminal says that the other end is closed.
        return b""


def test_memory_does_not_grow_with_the_journal(home: Home) -> None:
    path = new_journal(home.folder)
    fill(path, 1_000, body='{"pad": "' + "x" * 300 + '"}')
    small = peak_kb(home)
    fill(path, 100_000, first=1_001, body='{"pad": "' + "x" * 300 + '"}')
    assert peak_kb(home) < small + 8_000


def peak_kb(home: Home) -> int:
    """Return the most memory that one export had."""
    with (home.folder / "out.ndjson").open("wb") as out:
        process = subprocess.Popen(
            [sys.executable, "-m", "agent", "journal", "export", "--config", str(home.config)],
            cwd=ROOT,
            env=surroundings(),
            stdout=out,
        )
        _, code, used = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(code)
    assert process.returncode == 0
    return used.ru_maxrss

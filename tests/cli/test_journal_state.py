"""`journal stats` and `journal verify` as a technician sees them, with guard and without."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from agent.cli import text
from agent.control import schema
from agent.disk_writes import Written
from tests.agent.quick_journal import JOURNAL_ID, append, delete, fill, new_journal, put
from tests.cli.hub import as_json, hub
from tests.cli.test_journal_files import Home
from tests.hub import Hub as RealHub
from tests.hub import wait_for


@pytest.fixture
def home(tmp_path: Path) -> Home:
    return Home(tmp_path)


def a_month(home: Home) -> Path:
    path = new_journal(home.folder)
    fill(path, 20)
    fill(path, 5, first=21, kind="alarm.raised", lane="urgent", quality="unknown")
    append(path, "gap", {"why": "retention", "class": "telemetry", "count": 2000})
    fill(path, 1, first=27, body="[]")
    put(path, "cursor", f"{JOURNAL_ID}/urgent", "23")
    put(path, "cursor", f"{JOURNAL_ID}/bulk", "20")
    days = Written().after("2026-11-21", more_bytes=50_000_000, more_s=86_400.0)
    put(path, "setting", "written", days.encode())
    return path


def test_stats_without_guard_say_everything_but_the_times(home: Home) -> None:
    a_month(home)
    en, zh = home.anju("journal", "stats"), home.anju("journal", "stats", "--lang", "zh")
    assert (en.code, zh.code) == (0, 0), en.err
    for said in (
        "alarm raised",
        "urgent lane (on disk at once): 2 rows",
        "retention / telemetry: 2000 rows (1 gap rows)",
        "guard is not running",
        "50.0 MB on an average day x 8",
        "may last about 68 years",
        "1 rows are too large or no JSON",
        "not known: 5 rows",
    ):
        assert said in en.out
    for said in ("紧急队列（立即落盘）：2 行", "预计寿命约 68 年", "守护进程没有运行"):
        assert said in zh.out


def test_stats_for_programs(home: Home) -> None:
    path = a_month(home)
    found: Any = as_json(home.anju("journal", "stats", "--json").out)
    assert found["rows"] == 27
    assert found["files"][0]["path"] == str(path)
    assert found["files"][0]["journals"] == [
        {"journal_id": JOURNAL_ID, "first_seq": 1, "last_seq": 27}
    ]
    kinds = {(one["kind"], one["lane"]): one["rows"] for one in found["by_kind"]}
    assert kinds == {("alarm.raised", "urgent"): 5, ("gap", "bulk"): 1, ("reading", "bulk"): 21}
    backlog = {(one["lane"], one["durability"]): one["rows"] for one in found["backlog"]}
    assert backlog == {("urgent", "at_once"): 2, ("bulk", "group"): 2}
    assert found["drops"] == [{"why": "retention", "class": "telemetry", "rows": 2000, "gaps": 1}]
    assert found["clock"]["rows_by_quality"] == {"synced": 22, "unknown": 5}
    assert found["card"]["per_day_bytes"] == 50_000_000
    assert found["guard"] is None


async def test_stats_ask_guard_what_only_it_knows(tmp_path: Path) -> None:
    fill(new_journal(tmp_path), 3)
    live = schema.JournalLive(
        up_s=90.0,
        time_quality="rtc",
        commits=7,
        rows=12,
        commit_p50_ms=1.26,
        commit_p99_ms=31.0,
        unjournaled=1,
        dropped=2,
        lost=0,
        written=(schema.WrittenDay(day="2026-11-21", bytes=10, seconds=7200.0),),
    )
    async with hub(tmp_path, journal_live=live) as made:
        shown = await made.anju("journal", "stats")
        found: Any = as_json((await made.anju("journal", "stats", "--json")).out)
        named = await made.anju("journal", "stats", "--file", str(tmp_path / "journal.db"))
    assert "p50 1.3 ms, p99 31.0 ms; 7 commits, 12 rows in 1 min" in shown.out
    assert "acted before the disk answered 1 times, 2 rows dropped" in shown.out
    assert "from the board's own clock" in shown.out
    assert found["guard"]["commits"] == 7
    assert found["card"]["per_day_bytes"] == 120
    assert "guard is not running" in named.out, "a named file is not this hub's"


def test_a_real_guard_measures_and_remembers_what_it_writes(tmp_path: Path) -> None:
    real = RealHub(tmp_path)
    try:
        real.start()
        first = wait_for(lambda: with_guard(real), what="guard answers")
        assert first["guard"]["commits"] >= 1
        assert first["guard"]["commit_p99_ms"] >= first["guard"]["commit_p50_ms"] > 0
        assert real.stop("guard") == 0
        away = real.ask("journal", "stats")
        assert away["guard"] is None
        assert away["card"]["written"].keys() == first["card"]["written"].keys()
        real.start()
        again = wait_for(lambda: with_guard(real), what="guard answers again")
        assert again["card"]["today_bytes"] >= away["card"]["today_bytes"]
        verified = real.ask("journal", "verify")
        assert [one["ok"] for one in verified] == [True]
    finally:
        real.close()


def with_guard(real: RealHub) -> Any:
    found = real.ask("journal", "stats")
    return found if found and found["guard"] else None


def test_times_that_no_calendar_has_end_no_command(home: Home) -> None:
    fill(new_journal(home.folder), 2, at_s=1e300)
    for words in (["stats"], ["show", "1"], ["verify"], ["export"]):
        for more in ([], ["--json"]):
            ended = home.anju("journal", *words, *more)
            assert (ended.code, ended.err) == (0, ""), words
    assert home.anju("sync", "status").code == 0


# --- verify ---------------------------------------------------------------------------------------


def test_a_right_journal_is_said_to_be_right(home: Home) -> None:
    fill(new_journal(home.folder), 10)
    ended = home.anju("journal", "verify")
    assert (ended.code, ended.err) == (0, "")
    assert "right; 10 rows were looked at" in ended.out
    listed: Any = as_json(home.anju("journal", "verify", "--json").out)
    assert (listed[0]["ok"], listed[0]["finished"], listed[0]["findings"]) == (True, True, [])


def test_a_wrong_journal_is_said_to_be_wrong_with_a_next_step(home: Home) -> None:
    path = new_journal(home.folder)
    fill(path, 50, body="[]")
    delete(path, "seq = 7")
    put(path, "cursor", f"{JOURNAL_ID}/bulk", "99")
    en, zh = home.anju("journal", "verify"), home.anju("journal", "verify", "--lang", "zh")
    assert (en.code, zh.code) == (1, 1)
    for said in (
        "WRONG",
        "1 rows are missing (0badcafe-7..7)",
        "beyond the last row: 99 > 50",
        "and 39 more of not_json",
        f"--salvage --file {path}",
    ):
        assert said in en.out
    for said in ("有问题", "缺少 1 行", "下一步"):
        assert said in zh.out
    listed: Any = as_json(home.anju("journal", "verify", "--json").out)
    assert {one["code"] for one in listed[0]["findings"]} == {"hole", "cursor_beyond", "not_json"}


def test_a_damaged_file_is_checked_by_name_and_with_the_others(home: Home) -> None:
    fill(new_journal(home.folder), 10)
    bad = home.folder / "journal.db.bad-20261101T000000Z"
    bad.write_bytes(b"nothing of a database" * 1000)
    assert home.anju("journal", "verify").code == 0
    both = home.anju("journal", "verify", "--quarantined")
    assert both.code == 1
    assert "cannot be opened" in both.out
    assert "right; 10 rows" in both.out
    assert home.anju("journal", "verify", "--file", str(bad)).code == 1


def test_every_finding_has_its_words() -> None:
    source = Path(text.__file__).parents[1] / "journal"
    made = "".join((source / name).read_text() for name in ("verify.py", "verify_rows.py"))
    for code in text.FINDINGS:
        assert f'"{code}"' in made
    assert made.count('Finding("') + made.count("Finding(\n") >= len(text.FINDINGS)

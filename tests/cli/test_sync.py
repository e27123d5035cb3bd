"""`anju sync`: the way to the platform as a technician sees it, with link and guard and without."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from agent.control import schema
from tests.agent.quick_journal import JOURNAL_ID, append, delete, fill, new_journal, put
from tests.cli.hub import as_json, hub, status
from tests.cli.test_journal_files import Home
from tests.hub import DISTRICT, wait_for
from tests.hub import Hub as RealHub
from tests.platform.client import PlatformProcess
from tests.sync.house import Mosquitto

READING = '{"quantity": "temp_c", "value": 21.5, "channel": "1", "frame": "0a"}'
UPLINK = '[uplink]\nhost = "broker.example.org"\n'


@pytest.fixture
def home(tmp_path: Path) -> Home:
    made = Home(tmp_path)
    made.config.write_text(made.config.read_text() + UPLINK)
    return made


def report(**changes: object) -> schema.UplinkReport:
    """Return what link says while all is well."""
    return schema.UplinkReport.model_validate(
        {
            "connected": True,
            "platform_answers": True,
            "says": {"zh": "已连接平台", "en": "Connected to the platform"},
            "protocol": "5",
            "broker": "broker.example.org:8883",
            "sent": 17,
            "acked": 15,
            "since_s": 1_790_000_000.0,
            "last_ack_s": 1_790_000_100.0,
            "counts": {"ack.duplicate": 2},
            "faults": [{"code": "ack.rubbish", "detail": "no JSON", "at_s": 1_790_000_050.0}],
        }
        | changes
    )


# --- status ---------------------------------------------------------------------------------------


async def test_the_state_of_the_uplink_is_one_page(home: Home) -> None:
    path = new_journal(home.folder)
    fill(path, 5, kind="alarm.raised", lane="urgent")
    fill(path, 5, first=6, body="[]")
    put(path, "cursor", f"{JOURNAL_ID}/urgent", "4")
    put(path, "cursor", f"{JOURNAL_ID}/bulk", "7")
    async with hub(home.folder, status=status(uplink=report())) as made:
        config = str(with_uplink(made.config))
        en = await made.anju("sync", "status", "--config", config)
        zh = await made.anju("sync", "status", "--config", config, "--lang", "zh")
        found: Any = as_json((await made.anju("sync", "status", "--json", "--config", config)).out)
    for said in (
        "ok: Connected to the platform",
        "to broker.example.org:8883, MQTT 5",
        "the platform is not silent",
        "17 rows sent, 15 acknowledged",
        "urgent lane: 1 rows",
        "bulk lane: 3 rows",
        "3 rows are too large or no JSON",
        f"journal {JOURNAL_ID}: written through 10; the platform has urgent 4, bulk 7",
        "ack.rubbish  no JSON",
    ):
        assert said in en.out
    for said in ("已连接平台", "没有发现平台失联", "紧急队列：1 行", "最近的错误"):
        assert said in zh.out
    assert (found["configured"], found["guard"], found["link"]) == (True, True, True)
    assert found["backlog"]["urgent"]["rows"] == 1
    assert found["backlog"]["bulk"]["set_aside"] == 3
    assert found["uplink"]["counts"] == {"ack.duplicate": 2}


def with_uplink(config: Path) -> Path:
    made = config.with_name("with.toml")
    made.write_text(config.read_text() + UPLINK)
    return made


async def test_a_silent_platform_and_a_link_that_is_away_are_said(home: Home) -> None:
    new_journal(home.folder)
    silent = status(uplink=report(platform_answers=False))
    says = {"zh": "上行进程没有运行", "en": "link is not running"}
    away = status(uplink={"connected": False, "says": says})
    async with hub(home.folder, status=silent) as made:
        config = str(with_uplink(made.config))
        assert "SILENT" in (await made.anju("sync", "status", "--config", config)).out
    (home.folder / "control.sock").unlink(missing_ok=True)
    async with hub(home.folder, status=away) as made:
        said = (await made.anju("sync", "status", "--config", config)).out
        found: Any = as_json((await made.anju("sync", "status", "--json", "--config", config)).out)
    assert "TROUBLE: link is not running" in said
    assert found["link"] is False


def test_without_guard_the_backlog_is_still_counted(home: Home) -> None:
    fill(new_journal(home.folder), 7)
    ended = home.anju("sync", "status")
    assert ended.code == 0
    assert "guard does not answer" in ended.out
    assert "anju up --config" in ended.out
    assert "bulk lane: 7 rows" in ended.out
    found: Any = as_json(home.anju("sync", "status", "--json").out)
    assert (found["guard"], found["link"], found["uplink"]) == (False, False, None)


def test_a_hub_that_never_ran_is_said_to_be_so(home: Home) -> None:
    ended = home.anju("sync", "status")
    assert ended.code == 0
    assert "may never have run" in ended.out


# --- drain ----------------------------------------------------------------------------------------


def test_a_hub_without_a_platform_has_nothing_to_drain(tmp_path: Path) -> None:
    ended = Home(tmp_path).anju("sync", "drain")
    assert ended.code == 1
    assert "works alone" in ended.err


def test_a_backlog_that_does_not_drain_is_a_time_out(home: Home) -> None:
    path = new_journal(home.folder)
    fill(path, 7)
    ended = home.anju("sync", "drain", "--wait", "1")
    assert (ended.code, ended.err) == (1, "")
    assert "7 rows are not acknowledged" in ended.out
    put(path, "cursor", f"{JOURNAL_ID}/bulk", "7")
    done = home.anju("sync", "drain", "--wait", "0", "--lang", "zh")
    assert done.code == 0
    assert "平台已签收全部日志" in done.out


@contextmanager
def district(folder: Path) -> Iterator[tuple[RealHub, Mosquitto, PlatformProcess]]:
    broker = Mosquitto(folder)
    platform = PlatformProcess(folder / "platform.db", broker.address, DISTRICT)
    real = RealHub(folder, broker_port=broker.port, extra="[siren]\nsos_s = 60")
    try:
        yield real, broker, platform
    finally:
        real.close()
        platform.stop()
        broker.stop()


def test_a_real_backlog_is_followed_to_its_end(tmp_path: Path) -> None:
    with district(tmp_path) as (real, broker, platform):
        real.data.mkdir()
        fill(new_journal(real.data), 3000, body=READING)
        real.start("guard")
        real.start("link")
        down = wait_for(lambda: linked(real), what="link reports")
        assert down["uplink"]["connected"] is False
        assert down["backlog"]["bulk"]["rows"] >= 3000
        early = real.anju("sync", "drain", "--wait", "1", "--json")
        assert (early.returncode, json.loads(early.stdout)["empty"]) == (1, False)
        broker.start()
        platform.start()
        done = real.anju("sync", "drain", "--wait", "60", "--json")
        assert done.returncode == 0, done.stdout
        drained = json.loads(done.stdout)
        assert drained["left"] == {"urgent": 0, "bulk": 0}
        assert 0 < drained["acknowledged"] <= 3100
        up = real.ask("sync", "status")
        assert up["uplink"]["connected"] is True
        assert up["uplink"]["last_ack_s"] >= up["uplink"]["since_s"] > down["uplink"]["since_s"]
        assert up["backlog"]["bulk"]["rows"] == 0


def linked(real: RealHub) -> Any:
    found = real.ask("sync", "status")
    return found if found and found["link"] else None


# --- pull-test ------------------------------------------------------------------------------------


def test_everything_can_be_pulled(home: Home) -> None:
    path = new_journal(home.folder)
    fill(path, 5250, body=READING)
    delete(path, "seq BETWEEN 100 AND 2000")
    gap = {"why": "retention", "class": "telemetry", "count": 1901, "first_seq": 100}
    append(path, "gap", {**gap, "last_seq": 2000})
    ended = home.anju("sync", "pull-test")
    assert (ended.code, ended.err) == (0, ""), ended.out
    assert "3,350 events, seq 1 to 5251, 34 pages" in ended.out
    (found,) = json.loads(home.anju("sync", "pull-test", "--json").out)
    assert (found["events"], found["faults"], found["set_aside"]) == (3350, [], 0)
    assert found["bytes"] > 3350 * 300


def test_what_a_platform_would_stumble_over_is_said(home: Home) -> None:
    path = new_journal(home.folder)
    fill(path, 1, body=READING)
    fill(path, 25, first=2, body='{"quantity": "temp_c"}')
    fill(path, 1, first=27, body="[]")
    fill(path, 1, first=28, kind="rumour")
    en, zh = home.anju("sync", "pull-test"), home.anju("sync", "pull-test", "--lang", "zh")
    assert (en.code, zh.code) == (1, 1)
    assert f"{JOURNAL_ID}-2 is not as published: reading: value: Field required" in en.out
    assert "1 without their content" in en.out
    assert "and 6 more" in en.out
    assert "不符合格式" in zh.out


def test_an_empty_journal_has_nothing_to_pull(home: Home) -> None:
    new_journal(home.folder)
    assert home.anju("sync", "pull-test").out == "The journal has no such row.\n"

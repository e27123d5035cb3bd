"""The commands that ask: what they print, in both languages and as JSON, and how they fail."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from agent.control import schema
from agent.control.schema import Shape
from agent.control.server import Peer
from tests.cli.hub import (
    JOURNAL_ID,
    alarm,
    alarms,
    anju,
    as_json,
    device,
    hub,
    row,
    status,
)


async def test_status_is_one_page(tmp_path: Path) -> None:
    trouble = alarm(9, hazard="hub_fault", why={"zh": "请插好天线", "en": "plug in the stick"})
    found = status(sos_ready=False, alarms_open=2, troubles=[trouble])
    async with hub(tmp_path, status=found) as home:
        en, zh = await home.anju("status"), await home.anju("status", ANJU_LANG="zh")
    assert (en.code, zh.code) == (0, 0)
    for said in ("NOT READY", "up for 1 h 2 min", "plug in the stick", "fsync 1.2 ms", "321 rows"):
        assert said in en.out
    for said in ("未就绪", "已运行 1 小时 2 分钟", "请插好天线", "2（查看：anju alarms）"):
        assert said in zh.out


async def test_a_hub_that_is_well_says_so(tmp_path: Path) -> None:
    async with hub(tmp_path, status=status(drivers=[])) as home:
        en = await home.anju("status")
    assert "NOT READY" not in en.out
    assert "No device interface is configured." in en.out
    assert "frames.repeated 3" in en.out


async def test_status_for_programs_is_the_hubs_own_answer(tmp_path: Path) -> None:
    async with hub(tmp_path, status=status()) as home:
        ended = await home.anju("status", "--json", ANJU_LANG="zh")
    assert schema.Status.model_validate(as_json(ended.out)) == status()


async def test_devices_are_listed_with_what_they_said_last(tmp_path: Path) -> None:
    known = schema.DeviceList(devices=(device(), device(id="zb:2", paired=False, room="[red]x")))
    async with hub(tmp_path, devices_list=known) as home:
        en, zh = await home.anju("devices"), await home.anju("devices", "--lang", "zh")
        listed = as_json((await home.anju("devices", "--json")).out)
    for said in (
        "door contact",
        "大门",
        "1 min ago",
        "open/alarm1 yes",
        "battery % 87.5",
        "[red]x",
    ):
        assert said in en.out
    for said in ("门磁", "玄关", "1 分钟前", "门开/alarm1 是", "（未完成配对）"):
        assert said in zh.out
    assert isinstance(listed, list)
    assert listed[0]["readings"] == {"contact_open/alarm1": True, "battery_pct": 87.5}


async def test_a_page_of_no_does_not_hide_the_one_yes(tmp_path: Path) -> None:
    readings = {
        "contact_open/alarm1": False,
        "contact_open/alarm2": False,
        "tamper": False,
        "battery_low": True,
        "battery_v": 2.9,
    }
    known = schema.DeviceList(devices=(device(readings=readings),))
    async with hub(tmp_path, devices_list=known) as home:
        shown = (await home.anju("devices")).out
    assert "battery low yes, battery V 2.9, open/alarm1 no " in shown
    assert "tamper" not in shown


async def test_a_hub_without_a_platform_is_not_in_trouble(tmp_path: Path) -> None:
    alone = schema.UplinkReport(connected=False, says=schema.Text(zh="独立工作", en="alone"))
    async with hub(tmp_path, status=status(uplink=alone)) as home:
        ended = await home.anju("status")
        config = tmp_path / "with.toml"
        config.write_text(home.config.read_text() + '[uplink]\nhost = "p.example.org"\n')
        other = await home.anju("status", "--config", str(config))
    assert "Platform     alone\n" in ended.out
    assert "Platform     TROUBLE: alone\n" in other.out


async def test_an_empty_home_is_told_how_to_begin(tmp_path: Path) -> None:
    async with hub(tmp_path, devices_list=schema.DeviceList(devices=())) as home:
        assert "anju pair" in (await home.anju("devices")).out
        assert as_json((await home.anju("devices", "--json")).out) == []


async def test_alarms_lists_the_open_ones_and_all_on_demand(tmp_path: Path) -> None:
    async def answer(params: Shape, peer: Peer) -> Shape:
        assert isinstance(params, schema.AlarmsQuery)
        return alarms(7) if params.open_only else alarms(7, 3)

    async with hub(tmp_path, alarms_list=answer) as home:
        few, every = await home.anju("alarms"), await home.anju("alarms", "--all", "--lang", "zh")
        listed: Any = as_json((await home.anju("alarms", "--all", "--json")).out)
    assert "the bedside button was pressed" in few.out
    assert f"{JOURNAL_ID}-3" not in few.out
    for said in ("报警中", "紧急呼叫", "床头[1]", f"{JOURNAL_ID}-3"):
        assert said in every.out
    assert [one["id"] for one in listed] == [f"{JOURNAL_ID}-7", f"{JOURNAL_ID}-3"]


async def test_no_alarm_is_said_in_words(tmp_path: Path) -> None:
    async with hub(tmp_path, alarms_list=alarms()) as home:
        assert (await home.anju("alarms", "--lang", "zh")).out == "没有未结束的报警。\n"
        assert (await home.anju("alarms", "--all")).out == "There has been no alarm.\n"


@pytest.mark.parametrize("given", ["last", "0badcafe-17", "17", "-17"])
async def test_an_alarm_is_acknowledged_by_any_unique_part_of_its_id(
    tmp_path: Path, given: str
) -> None:
    done = alarm(17, state="ACKED")
    async with hub(tmp_path, alarms_list=alarms(17, 117, 4), alarm_ack=done) as home:
        ended = await home.anju("alarm", "ack", "--note", "on my way", "--", given)
    assert ended.code == 0, ended.err
    assert ended.out == f"Acknowledged: the bedside button was pressed ({JOURNAL_ID}-17)\n"
    wanted = schema.AckParams(alarm=f"{JOURNAL_ID}-17", note="on my way")
    assert home.asked[-1] == ("alarm.ack", wanted)


async def test_an_alarm_is_resolved_with_a_cause(tmp_path: Path) -> None:
    async def answer(params: Shape, peer: Peer) -> Shape:
        assert isinstance(params, schema.ResolveParams)
        return alarm(4, state="CLOSED", cause=params.cause)

    async with hub(tmp_path, alarms_list=alarms(17, 4), alarm_resolve=answer) as home:
        zh = await home.anju("alarm", "resolve", "4", "--cause", "helped", "--lang", "zh")
        listed: Any = as_json(
            (await home.anju("alarm", "resolve", "4", "--cause", "helped", "--json")).out
        )
    assert zh.out == f"已结束：床头按钮被按下（{JOURNAL_ID}-4），原因 helped\n"
    assert listed["cause"] == "helped"


async def test_an_alarm_that_stays_open_is_not_called_closed(tmp_path: Path) -> None:
    smoke = alarm(4, state="ACKED", cause="kitchen_smoke")
    async with hub(tmp_path, alarms_list=alarms(4), alarm_resolve=smoke) as home:
        ended = await home.anju("alarm", "resolve", "4", "--cause", "kitchen_smoke")
    assert "it now stands at: acknowledged" in ended.out


@pytest.mark.parametrize(
    ("given", "numbers", "said"),
    [
        ("7", (17, 27), f"7 fits 2 alarms: {JOURNAL_ID}-17, {JOURNAL_ID}-27."),
        ("99", (17,), "No alarm begins or ends with 99."),
        ("last", (), "There is no open alarm"),
    ],
)
async def test_an_unclear_alarm_id_changes_nothing(
    tmp_path: Path, given: str, numbers: tuple[int, ...], said: str
) -> None:
    async with hub(tmp_path, alarms_list=alarms(*numbers), alarm_ack=alarm(1)) as home:
        ended = await home.anju("alarm", "ack", given)
    assert ended.code == 1
    assert said in ended.err
    assert ended.err.count("\n") == 1
    assert "alarm.ack" not in [method for method, _ in home.asked]


async def test_a_refusal_is_one_line_with_the_hubs_reason(tmp_path: Path) -> None:
    async with hub(tmp_path, alarms_list=alarms(7)) as home:
        ended = await home.anju("alarm", "ack", "7", "--lang", "zh")
    assert ended.code == 1
    assert ended.err.startswith("主机拒绝了：nothing is known of")
    assert ended.err.count("\n") == 1


@pytest.mark.parametrize(
    "wrong",
    [
        ("alarm", "resolve", "last"),
        ("alarm", "resolve", "last", "--cause", "Not A Code"),
        ("alarm", "ack", "last", "--note", "x" * 501),
        ("journal", "tail", "-n", "0"),
        ("pair", "--window", "255"),
        ("pair", "--name", "x" * 65),
    ],
)
async def test_a_wrong_option_is_refused_before_the_hub_is_asked(
    tmp_path: Path, wrong: tuple[str, ...]
) -> None:
    async with hub(tmp_path, alarms_list=alarms(7)) as home:
        ended = await home.anju(*wrong)
    assert ended.code == 2
    assert ended.err
    assert not home.asked


async def test_the_tail_shows_rows_as_sentences(tmp_path: Path) -> None:
    rows = schema.RowList(
        rows=(
            row(5, quantity="contact_open", value=True, channel="alarm1"),
            row(6, "alarm.raised", why={"sentence": {"zh": "门开着", "en": "the door is open"}}),
            row(7, "actuation.done", actuation="siren_on", detail=""),
            row(8, "gap", count=3, why="disk full"),
        )
    )
    async with hub(tmp_path, journal_tail=rows) as home:
        en = await home.anju("journal", "tail", "-n", "4", "--kind", "alarm", "--kind", "gap")
        zh = await home.anju("journal", "tail", "--lang", "zh")
        listed: Any = as_json((await home.anju("journal", "tail", "--json")).out)
    assert home.asked[0] == ("journal.tail", schema.TailParams(limit=4, kinds=("alarm", "gap")))
    for said in ("open/alarm1 yes", "the door is open", "sound the siren", "count=3 why=disk full"):
        assert said in en.out
    for said in ("门开/alarm1 是", "门开着", "警号鸣响", "缺口"):
        assert said in zh.out
    assert [one["seq"] for one in listed] == [5, 6, 7, 8]


def test_a_hub_that_is_not_there_is_one_line(tmp_path: Path) -> None:
    config = tmp_path / "anju.toml"
    config.write_text(f'[hub]\nid = "hub-1"\nruntime_dir = "{tmp_path}"\n')
    for command in (["status"], ["devices", "--json"], ["journal", "tail", "-f"], ["pair"]):
        ended = anju(*command, "--config", str(config))
        assert (ended.code, ended.out) == (1, "")
        assert ended.err.endswith(f"Start it with: anju up --config {config}\n")
        assert ended.err.count("\n") == 1
    assert "请先启动" in anju("status", "--config", str(config), "--lang", "zh").err


async def test_an_answer_of_another_release_is_not_a_traceback(tmp_path: Path) -> None:
    async with hub(tmp_path, status=alarms(1)) as home:
        ended = await home.anju("status")
    assert ended.code == 1
    assert "different releases" in ended.err
    assert ended.err.count("\n") == 1


@pytest.mark.parametrize("command", ["guard", "link", "up", "status", "pair"])
def test_a_wrong_configuration_starts_nothing(tmp_path: Path, command: str) -> None:
    config = tmp_path / "anju.toml"
    config.write_text('[hub]\nid = "hub-1"\nruntime = "/x"\n')
    ended = anju(command, "--config", str(config))
    assert (ended.code, ended.out) == (2, "")
    assert ended.err.count("\n") == 1
    assert "hub.runtime is not a key here" in ended.err
    assert list(tmp_path.iterdir()) == [config]


def test_a_configuration_is_checked(tmp_path: Path) -> None:
    config = tmp_path / "anju.toml"
    config.write_text(
        '[hub]\nid = "hub-1"\n[zigbee]\nport = "/dev/ttyUSB0"\n[modem]\nport = "/dev/anju-modem"\n'
    )
    right, zh = (
        anju("config", "check", str(config)),
        anju("--lang", "zh", "config", "check", str(config)),
    )
    assert right.out == (
        f"{config}: right. Hub hub-1, Zigbee on /dev/ttyUSB0, modem on /dev/anju-modem, "
        "no platform (works alone).\n"
    )
    assert "正确" in zh.out
    assert "短信电话模块在 /dev/anju-modem" in zh.out
    listed: Any = as_json(anju("config", "check", str(config), "--json").out)
    assert listed["zigbee"]["channel"] == 15
    missing = anju("config", "check", str(tmp_path / "none.toml"))
    assert missing.code == 2
    assert "No such file" in missing.err

"""`anju rules mute|unmute`, and how waiting alarms and muted rules look in the other commands."""

from __future__ import annotations

from pathlib import Path

import pytest

from agent.control import schema
from tests.cli.hub import alarm, as_json, hub, status

NAME = schema.Text(zh="门未关", en="door left open")
MUTE = schema.MuteInfo(
    rule="door_open",
    name=NAME,
    left_s=7200.0,
    until_at_s=1_790_007_200.0,
    by="cli:li",
    why="airing",
    holds=1,
)
ASKED = alarm(
    7,
    rule="bathroom_dwell",
    hazard="dwell",
    severity="S2",
    state="PRE_ALARM",
    raised_at_s=None,
    pre_alarm_at_s=1_790_000_000.0,
    help_in_s=95.0,
    prompts=1,
)


async def test_a_rule_is_muted_for_the_time_that_was_said(tmp_path: Path) -> None:
    async with hub(tmp_path, rules_mute=MUTE) as home:
        en = await home.anju("rules", "mute", "door_open", "--for", "1h60m", "--why", "airing")
        zh = await home.anju("rules", "mute", "door_open", "--for", "2h", "--lang", "zh")
        found = as_json((await home.anju("rules", "mute", "x", "--for", "90s", "--json")).out)
    assert (en.code, zh.code) == (0, 0)
    assert "Muted: door left open (door_open) for 2 h 0 min, until " in en.out
    assert "anju rules unmute door_open" in en.out
    assert "已静音：门未关（door_open）" in zh.out
    assert schema.MuteInfo.model_validate(found) == MUTE
    assert [params for _, params in home.asked] == [
        schema.MuteParams(rule="door_open", for_s=7200, why="airing"),
        schema.MuteParams(rule="door_open", for_s=7200),
        schema.MuteParams(rule="x", for_s=90),
    ]


@pytest.mark.parametrize("given", ["", "2", "2 days", "h", "-2h", "1m1h", "99999999h"])
async def test_what_is_no_length_of_time_never_reaches_the_hub(tmp_path: Path, given: str) -> None:
    async with hub(tmp_path, rules_mute=MUTE) as home:
        ended = await home.anju("rules", "mute", "door_open", f"--for={given}")
    assert (ended.code, home.asked) == (2, [])
    assert "Write it as 90m, 2h or 1h30m" in ended.err


@pytest.mark.parametrize("given", ["25h", "59s"])
async def test_a_day_is_the_longest_mute_and_a_minute_the_shortest(
    tmp_path: Path, given: str
) -> None:
    async with hub(tmp_path, rules_mute=MUTE) as home:
        ended = await home.anju("rules", "mute", "door_open", "--for", given)
    assert (ended.code, home.asked) == (2, [])
    assert "for_s" in ended.err


async def test_what_was_held_back_is_named_when_the_rule_is_heard_again(tmp_path: Path) -> None:
    raised = schema.UnmuteResult(rule="door_open", raised=(alarm(9),))
    async with hub(tmp_path, rules_unmute=raised) as home:
        en = await home.anju("rules", "unmute", "door_open")
        zh = await home.anju("rules", "unmute", "door_open", "--lang", "zh")
        found = as_json((await home.anju("rules", "unmute", "door_open", "--json")).out)
    assert en.out == (
        "Heard again: door_open.\nRaised now: the bedside button was pressed (0badcafe-9)\n"
    )
    assert "现在报警：床头按钮被按下" in zh.out
    assert schema.UnmuteResult.model_validate(found) == raised


async def test_status_and_alarms_show_who_is_muted_and_what_waits(tmp_path: Path) -> None:
    shown = schema.AlarmList(alarms=(ASKED,), mutes=(MUTE,))
    found = status(mutes=[MUTE], alarms_open=1, alarms_waiting=1)
    async with hub(tmp_path, status=found, alarms_list=shown) as home:
        page, zh = await home.anju("status"), await home.anju("status", "--lang", "zh")
        table, lists = await home.anju("alarms"), await home.anju("alarms", "--lang", "zh")
        listed = as_json((await home.anju("alarms", "--json")).out)
    line = (
        "Muted rules  door left open (door_open), 2 h 0 min left, by cli:li (airing); holds back 1"
    )
    assert line in page.out
    assert "1 of all wait and have not called for help" in page.out
    assert "尚未求助" in zh.out
    assert line in table.out
    assert "静音规则" in zh.out
    assert "pre-alarm, help in 1 min" in table.out
    assert "预警等待，1 分钟后求助" in lists.out
    assert isinstance(listed, list)
    assert (listed[0]["raised_at_s"], listed[0]["help_in_s"]) == (None, 95.0)


async def test_an_answer_in_time_is_called_an_answer(tmp_path: Path) -> None:
    answered = ASKED.model_copy(update={"state": "CLOSED", "help_in_s": None, "cause": "answered"})
    listed = schema.AlarmList(alarms=(ASKED,))
    async with hub(tmp_path, alarms_list=listed, alarm_ack=answered) as home:
        ended = await home.anju("alarm", "ack", "last")
    assert ended.out == "Called off: the bedside button was pressed (0badcafe-7)\n"

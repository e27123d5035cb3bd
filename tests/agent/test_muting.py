"""A person in the home mutes a rule for a while; nothing that it would have said is lost."""

from __future__ import annotations

import asyncio
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from agent.alarm_answers import AlarmAnswers
from agent.control.schema import (
    METHODS,
    AlarmList,
    AlarmsQuery,
    MuteInfo,
    MuteParams,
    Shape,
    UnmuteParams,
    UnmuteResult,
)
from agent.control.server import Peer
from agent.core.alarm import AlarmState, RuleId
from agent.core.command import Caller, Role
from agent.core.device import Device, DeviceId, DeviceKind
from agent.core.errors import CommandRefused
from agent.core.reading import Quantity
from agent.core.row import Kind
from agent.journal.schema import Table
from local_rules import catalog
from tests.agent.home import BUTTON, SMOKE, Home
from tests.agent.test_asking import CONTRACT, DWELL, enter, furnish, now, state_is
from tests.agent.test_pipeline import PERSON, bodies, hazards, kinds, living
from tests.clocks import HandClock

DOOR = Device(DeviceId("zb:000000000000000d"), DeviceKind.CONTACT, "door", "玄关")
DOOR_OPEN = RuleId("door_open")
HERE = Peer(PERSON, frozenset({Role.OPERATOR}), lambda method, shape: None)
AFAR = Peer(Caller(Role.LINK, "link", on_site=False), frozenset(Role), lambda method, shape: None)


@pytest.fixture
def clock() -> HandClock:
    return HandClock()


def answers(home: Home) -> AlarmAnswers:
    return AlarmAnswers(home.clock, home.registry, home.pipeline, home.remote.evidence)


async def mute(home: Home, rule: str, for_s: float = 3600.0, peer: Peer = HERE) -> MuteInfo:
    """Return what guard answers a person who mutes a rule."""
    params = MuteParams(rule=rule, for_s=for_s, why="airing")
    found = await answers(home).handlers()["rules.mute"](params, peer)
    assert isinstance(found, MuteInfo)
    return found


async def unmute(home: Home, rule: str) -> UnmuteResult:
    found = await answers(home).handlers()["rules.unmute"](UnmuteParams(rule=rule), HERE)
    assert isinstance(found, UnmuteResult)
    return found


async def listed(home: Home) -> AlarmList:
    found: Shape = await answers(home).handlers()["alarms.list"](AlarmsQuery(), HERE)
    assert isinstance(found, AlarmList)
    return found


async def leave_open(home: Home) -> None:
    """Leave the front door open for longer than the rule likes."""
    home.registry.put(DOOR)
    home.hear(DOOR, Quantity.CONTACT_OPEN, True, channel="")
    home.pass_time(1200)
    await home.until(lambda: home.pipeline.visible.find(DOOR_OPEN, DOOR.id) is not None)


def door(home: Home) -> AlarmState | None:
    found = home.pipeline.visible.find(DOOR_OPEN, DOOR.id)
    return None if found is None else found.state


async def test_a_muted_rule_is_recorded_not_told_and_raised_at_the_end(
    tmp_path: Path, clock: HandClock
) -> None:
    async with living(tmp_path, clock) as home:
        info = await mute(home, DOOR_OPEN)
        assert (info.rule, info.left_s, info.why, info.holds) == (DOOR_OPEN, 3600.0, "airing", 0)
        await leave_open(home)
        assert door(home) is AlarmState.SHELVED
        shown = await listed(home)
        assert [one.state for one in shown.alarms] == ["SHELVED"]
        assert shown.alarms[0].help_in_s == 2400.0
        assert [(one.rule, one.holds) for one in shown.mutes] == [(DOOR_OPEN, 1)]
        assert "alarm.raised" not in kinds(home)
        home.pass_time(2400)
        await home.until(lambda: door(home) is AlarmState.ACTIVE)
        assert (await listed(home)).mutes == ()
        (ended,) = bodies(home, Kind.RULE_UNMUTED)
        assert (ended["rule"], ended["by"]) == (DOOR_OPEN, "")
        assert ended["why"] == "its time is over"
        assert home.store.state[Table.SETTING].get(f"mute/{DOOR_OPEN}") is None
        (begun,) = bodies(home, Kind.RULE_MUTED)
        assert (begun["by"], begun["until_s"]) == ("cli:test", info.until_at_s)
        (command,) = bodies(home, Kind.COMMAND)
        (held,) = bodies(home, Kind.ALARM_SHELVED)
        said = {"rule.unmuted": ended, "rule.muted": begun, "command": command, "alarm": held}
        faults = [CONTRACT.fault(f"data.{name}", body) for name, body in said.items()]
        assert faults == [""] * 4


async def test_what_ended_in_the_meantime_is_called_off(tmp_path: Path, clock: HandClock) -> None:
    async with living(tmp_path, clock) as home:
        await mute(home, DOOR_OPEN)
        await leave_open(home)
        home.hear(DOOR, Quantity.CONTACT_OPEN, False, channel="")
        home.pass_time(600)
        await home.until(lambda: door(home) is None)
        home.pass_time(3600)
        await home.until(lambda: "rule.unmuted" in kinds(home))
        assert "alarm.raised" not in kinds(home)
        assert bodies(home, Kind.ALARM_CALLED_OFF)[0]["cause"] == "restored"


async def test_unmuting_raises_what_was_held_back_at_once(tmp_path: Path, clock: HandClock) -> None:
    async with living(tmp_path, clock) as home:
        await mute(home, DOOR_OPEN)
        await leave_open(home)
        done = await unmute(home, DOOR_OPEN)
        assert [one.state for one in done.raised] == ["ACTIVE"]
        assert bodies(home, Kind.RULE_UNMUTED)[0]["raised"] == 1
        assert (await unmute(home, DOOR_OPEN)).raised == (), "twice is no error"
        commands = [body["command"] for body in bodies(home, Kind.COMMAND)]
        assert commands == ["rules.mute", "rules.unmute", "rules.unmute"]


async def test_a_mute_and_what_it_holds_survive_a_restart(tmp_path: Path, clock: HandClock) -> None:
    async with living(tmp_path, clock) as home:
        await mute(home, DOOR_OPEN)
        await leave_open(home)
    clock.advance(600)
    async with living(tmp_path, clock) as home:
        (left,) = (await listed(home)).mutes
        assert (left.left_s, left.holds) == (1800.0, 1)
    clock.advance(90_000)
    async with living(tmp_path, clock) as home:
        await home.until(lambda: door(home) is AlarmState.ACTIVE)
        await home.until(lambda: not home.pipeline.muted.by_rule)


async def test_a_mute_that_cannot_be_read_is_no_mute_and_said_so(
    tmp_path: Path, clock: HandClock
) -> None:
    async with living(tmp_path, clock) as home:
        await mute(home, DOOR_OPEN)
    with closing(sqlite3.connect(tmp_path / "data" / "journal.db")) as db:
        db.execute("UPDATE setting SET body = '[1, NaN' WHERE key LIKE 'mute/%'")
        db.commit()
    async with living(tmp_path, clock) as home:
        assert (await listed(home)).mutes == ()
        await leave_open(home)
        assert door(home) is AlarmState.ACTIVE
        assert bodies(home, Kind.GAP)[0]["why"] == "mute lost"


@pytest.mark.parametrize("rule", [row.id for row in catalog.ROWS if row.severity == "S1"])
async def test_what_saves_a_life_is_never_muted_and_the_attempt_is_on_record(
    tmp_path: Path, clock: HandClock, rule: str
) -> None:
    async with living(tmp_path, clock) as home:
        with pytest.raises(CommandRefused, match="never muted"):
            await mute(home, rule)
        assert bodies(home, Kind.COMMAND)[0]["refused"] == "never_muted"
        assert "rule.muted" not in kinds(home)
        home.hear(BUTTON, Quantity.SOS, True)
        home.hear(SMOKE, Quantity.SMOKE, True)
        await home.until(lambda: {"sos", "smoke"} <= hazards(home))


@pytest.mark.parametrize(
    ("rule", "peer", "code"),
    [("dragons", HERE, "unknown_rule"), (DOOR_OPEN, AFAR, "not_on_site")],
)
async def test_nobody_mutes_what_is_not_there_or_from_outside(
    tmp_path: Path, clock: HandClock, rule: str, peer: Peer, code: str
) -> None:
    async with living(tmp_path, clock) as home:
        with pytest.raises(CommandRefused) as caught:
            await mute(home, rule, peer=peer)
        assert caught.value.code == code
        assert bodies(home, Kind.COMMAND)[0]["refused"] == code


def test_link_may_not_ask_for_a_mute_at_all() -> None:
    for name in ("rules.mute", "rules.unmute"):
        assert METHODS[name].roles == {Role.OPERATOR, Role.INSTALLER}


async def test_a_rule_that_asks_first_asks_nobody_while_muted_and_does_not_at_the_end(
    tmp_path: Path, clock: HandClock
) -> None:
    async with living(tmp_path, clock) as home:
        await mute(home, DWELL, 7200)
        enter(home)
        await state_is(home, AlarmState.SHELVED)
        home.pass_time(3600)
        raised = await state_is(home, AlarmState.ACTIVE)
        assert raised.pre_alarm is None, "the person could have answered for an hour"
        assert "alarm.pre_alarm" not in kinds(home)


async def test_a_mute_does_not_touch_what_is_being_asked(tmp_path: Path, clock: HandClock) -> None:
    async with living(tmp_path, clock) as home:
        enter(home)
        await state_is(home, AlarmState.PRE_ALARM)
        await mute(home, DWELL)
        home.pass_time(120)
        await state_is(home, AlarmState.ACTIVE)


async def test_a_rule_turned_off_during_its_mute_can_be_unmuted_and_loses_nothing(
    tmp_path: Path, clock: HandClock
) -> None:
    async with living(tmp_path, clock) as home:
        await mute(home, DWELL, 7200)
        enter(home)
        await state_is(home, AlarmState.SHELVED)
        off = catalog.book(off=[DWELL])
        lost = home.pipeline.forgets(off)
        assert lost is not None
        assert f"{DWELL} is in the middle of a mute" in lost.en
        home.pipeline.use_rules(off)
        assert [one.state for one in (await unmute(home, DWELL)).raised] == ["ACTIVE"]


async def test_a_hanging_disk_holds_up_neither_the_end_of_a_mute_nor_what_it_held(
    tmp_path: Path, clock: HandClock
) -> None:
    async with living(tmp_path, clock) as home:
        await mute(home, DWELL, 7200)
        furnish(home)
        enter(home)
        await state_is(home, AlarmState.SHELVED)
        with closing(sqlite3.connect(home.store.file.path)) as other:
            other.execute("BEGIN IMMEDIATE")
            home.pass_time(3600)
            await asyncio.sleep(0)
            found = now(home)
            assert found is not None
            assert found.state is AlarmState.SHELVED, "nothing is told that is not on disk"
            other.rollback()
        await state_is(home, AlarmState.ACTIVE)

"""The person at home is asked before others are told: on a real journal, over real restarts."""

from __future__ import annotations

import json
import sqlite3
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from agent.core.actuation import ActuationKind
from agent.core.alarm import Alarm, AlarmState, RuleId
from agent.core.command import AckAlarm, EndDrills
from agent.core.device import Device, DeviceId, DeviceKind
from agent.core.reading import Quantity
from agent.core.row import Kind
from agent.journal.findings import AlarmSaid
from agent.journal.schema import Table
from agent.journal.verify import verify
from agent.response.record import alarm_from_body
from local_rules import catalog
from tests.agent.home import BUTTON, Home
from tests.agent.test_pipeline import (
    PERSON,
    REMOTE,
    ask,
    bodies,
    hazards,
    kinds,
    living,
    only_alarm,
)
from tests.clocks import HandClock
from tests.platform.contract import Contract

BATH = Device(DeviceId("zb:000000000000000a"), DeviceKind.MOTION, "bath", "卫生间")
HALL = Device(DeviceId("zb:000000000000000b"), DeviceKind.MOTION, "hall", "客厅")
SPEAKER = Device(DeviceId("zb:000000000000000c"), DeviceKind.SPEAKER, "voice", "客厅")
DWELL = RuleId("bathroom_dwell")
CONTRACT = Contract()
ASKING = (Kind.ALARM_PRE_ALARM, Kind.ALARM_PROMPTED, Kind.ALARM_CALLED_OFF, Kind.ALARM_RAISED)


@pytest.fixture
def clock() -> HandClock:
    return HandClock()


def furnish(home: Home) -> None:
    """Put the sensors and a speaker into the home's ledger."""
    for device in (BATH, HALL, SPEAKER):
        home.registry.put(device)


def enter(home: Home, *, drill: bool = False) -> None:
    """Let the person go to the bathroom and stay for an hour: until the hub asks."""
    furnish(home)
    home.hear(BATH, Quantity.MOTION, True, channel="", drill=drill)
    home.pass_time(3600)


def told(home: Home) -> list[tuple[str, str]]:
    """Return kind and lane of every row about an alarm of the dwell rule."""
    with closing(sqlite3.connect(home.store.file.path)) as db:
        wanted = "kind LIKE 'alarm.%' AND json_extract(body, '$.rule') = ?"
        found = f"SELECT kind, lane FROM journal WHERE {wanted} ORDER BY seq"
        return list(db.execute(found, (DWELL,)))


def is_right(journal: Path) -> bool:
    """Return whether rows and alarms on disk agree."""

    def read_alarm(body: dict[str, Any]) -> AlarmSaid:
        alarm = alarm_from_body(body)
        return AlarmSaid(alarm.id, alarm.is_open)

    return verify(journal, read_alarm, budget_s=30).ok


def now(home: Home) -> Alarm | None:
    """Return the alarm of the dwell rule as it stands on disk."""
    return home.pipeline.visible.find(DWELL, "home")


def sos(home: Home) -> Alarm:
    """Return the alarm of the button."""
    found = home.pipeline.visible.find(RuleId("sos"), BUTTON.id)
    assert found is not None
    return found


async def state_is(home: Home, state: AlarmState) -> Alarm:
    def reached() -> bool:
        alarm = now(home)
        return alarm is not None and alarm.state is state

    await home.until(reached)
    alarm = now(home)
    assert alarm is not None
    return alarm


async def test_the_person_is_asked_twice_and_then_others_are_told(
    tmp_path: Path, clock: HandClock
) -> None:
    async with living(tmp_path, clock) as home:
        enter(home)
        began = (await state_is(home, AlarmState.PRE_ALARM)).detected
        await home.until(lambda: len(home.bench.done) == 1)
        ((device, said),) = home.bench.done
        assert (device, said.kind) == (SPEAKER.id, ActuationKind.SPEAK)
        assert said.speech is not None
        assert said.speech.language == "zh"
        assert "出来" in said.speech.text
        assert home.store.state[Table.EFFECT] == {}, "what is said is not said late"
        home.pass_time(60)
        await home.until(lambda: len(home.bench.done) == 2)
        home.pass_time(60)
        alarm = await state_is(home, AlarmState.ACTIVE)
        assert told(home) == [
            ("alarm.pre_alarm", "bulk"),
            ("alarm.prompted", "bulk"),
            ("alarm.raised", "urgent"),
        ]
        assert alarm.raised is not None
        assert (alarm.detected, alarm.pre_alarm) == (began, began)
        assert alarm.raised.at_s == began.at_s + 120
        rows = [body for kind in ASKING for body in bodies(home, kind)]
        assert {row["id"] for row in rows} == {alarm.id}
        assert [CONTRACT.fault("data.alarm", row) for row in rows] == [""] * 3
        assert "卫生间" not in json.dumps(bodies(home, Kind.ACTUATION_ASKED)), "no words on record"


@pytest.mark.parametrize("answer", ["moves", "acknowledges", "resolved from afar"])
async def test_who_answers_in_time_has_nobody_told(
    tmp_path: Path, clock: HandClock, answer: str
) -> None:
    async with living(tmp_path, clock) as home:
        enter(home)
        alarm = await state_is(home, AlarmState.PRE_ALARM)
        if answer == "moves":
            home.hear(HALL, Quantity.MOTION, True, channel="")
        elif answer == "acknowledges":
            await ask(home, AckAlarm(alarm.id, PERSON))
        else:
            assert (await ask(home, AckAlarm(alarm.id, REMOTE))).state is AlarmState.PRE_ALARM
            home.hear(HALL, Quantity.MOTION, True, channel="")
        await home.until(lambda: now(home) is None)
        home.pass_time(600)
        assert told(home) == [("alarm.pre_alarm", "bulk"), ("alarm.called_off", "bulk")]
        wanted = "answered" if answer == "acknowledges" else "restored"
        assert bodies(home, Kind.ALARM_CALLED_OFF)[0]["cause"] == wanted


async def test_a_press_while_asking_is_an_sos_and_one_commit_as_ever(
    tmp_path: Path, clock: HandClock
) -> None:
    async with living(tmp_path, clock) as home:
        enter(home)
        await state_is(home, AlarmState.PRE_ALARM)
        await home.until(lambda: bool(home.bench.done))
        await home.until(lambda: not home.store._waiting)
        before = home.store.commits
        home.hear(BUTTON, Quantity.SOS, True)
        await home.until(lambda: now(home) is None)
        commits = home.store.commits - before
        slow = "hub_fault" in hazards(home)  # A busy machine: that the disk is slow is one more.
        assert commits == 1 or slow, "press, siren, answer: one transaction"
        assert sos(home).state is AlarmState.ACTIVE
        off = bodies(home, Kind.ALARM_CALLED_OFF)[0]
        assert (off["cause"], off["acked_by"]) == ("answered", f"button:{BUTTON.id}")
        assert kinds(home).index("alarm.raised") < kinds(home).index("alarm.called_off")


@pytest.mark.parametrize("after_s", [50.0, 119.0, 120.0, 90_000.0])
async def test_a_power_cut_costs_no_deadline(
    tmp_path: Path, clock: HandClock, after_s: float
) -> None:
    async with living(tmp_path, clock) as home:
        enter(home)
        alarm = await state_is(home, AlarmState.PRE_ALARM)
        due_s = alarm.detected.at_s + 120
    clock.advance(after_s)
    async with living(tmp_path, clock) as home:
        furnish(home)
        if clock.at_s < due_s:
            assert (await state_is(home, AlarmState.PRE_ALARM)).id == alarm.id
            home.pass_time(due_s - clock.at_s - 0.5)
            assert now(home) is not None
            await state_is(home, AlarmState.PRE_ALARM)
            home.pass_time(0.5)
        raised = await state_is(home, AlarmState.ACTIVE)
        assert (raised.id, raised.count) == (alarm.id, 1)
        assert raised.raised is not None
        assert raised.raised.at_s == max(due_s, clock.at_s)
        assert told(home)[-1] == ("alarm.raised", "urgent")
    assert is_right(tmp_path / "data" / "journal.db")


async def test_hub_time_that_went_back_makes_the_person_wait_no_longer(
    tmp_path: Path, clock: HandClock
) -> None:
    async with living(tmp_path, clock) as home:
        enter(home)
        await state_is(home, AlarmState.PRE_ALARM)
    clock.at_s -= 60  # A board without a clock: what was kept last is up to a minute old.
    async with living(tmp_path, clock) as home:
        home.pass_time(119)
        await state_is(home, AlarmState.PRE_ALARM)
        home.pass_time(1)
        await state_is(home, AlarmState.ACTIVE)


async def test_a_step_of_the_wall_clock_moves_no_deadline(tmp_path: Path, clock: HandClock) -> None:
    async with living(tmp_path, clock) as home:
        enter(home)
        await state_is(home, AlarmState.PRE_ALARM)
        clock.wall_s += 315_576_000
        home.pass_time(119)
        await state_is(home, AlarmState.PRE_ALARM)
        clock.wall_s -= 2 * 315_576_000
        home.pass_time(1)
        await state_is(home, AlarmState.ACTIVE)


async def test_a_disk_that_hangs_costs_neither_the_question_nor_the_deadline(
    tmp_path: Path, clock: HandClock
) -> None:
    async with living(tmp_path, clock) as home:
        furnish(home)
        home.hear(BATH, Quantity.MOTION, True, channel="")
        await home.until(lambda: "reading" in kinds(home))
        with closing(sqlite3.connect(home.store.file.path)) as other:
            other.execute("BEGIN IMMEDIATE")
            home.pass_time(3600)
            await home.until(lambda: bool(home.bench.done))
            home.pass_time(60)
            home.pass_time(60)
            assert now(home) is None, "nothing is told that is not on disk"
            other.rollback()
        alarm = await state_is(home, AlarmState.ACTIVE)
        assert alarm.raised is not None
        assert alarm.raised.at_s == alarm.detected.at_s + 120
        dwell = [body for kind in ASKING for body in bodies(home, kind) if body["rule"] == DWELL]
        assert [row["state"] for row in dwell] == ["PRE_ALARM", "PRE_ALARM", "ACTIVE"]


@pytest.mark.parametrize("tuned", [{"bathroom_dwell.pre_alarm_s": 3600}, None])
async def test_other_rules_meanwhile_neither_end_nor_lengthen_the_asking(
    tmp_path: Path, clock: HandClock, tuned: dict[str, float] | None
) -> None:
    async with living(tmp_path, clock) as home:
        enter(home)
        await state_is(home, AlarmState.PRE_ALARM)
        rules = catalog.book(tuned=tuned) if tuned else catalog.book(off=[DWELL])
        lost = home.pipeline.forgets(rules)
        assert lost is not None
        assert "ask again when it is over" in lost.en
        home.pipeline.use_rules(rules)
        home.pass_time(119)
        await state_is(home, AlarmState.PRE_ALARM)
        home.pass_time(1)
        await state_is(home, AlarmState.ACTIVE)
        assert home.pipeline.forgets(catalog.book()) is None, "what is told is not forgotten"


async def test_a_drill_is_asked_about_in_rows_only_and_ends_with_the_drill(
    tmp_path: Path, clock: HandClock
) -> None:
    async with living(tmp_path, clock) as home:
        enter(home, drill=True)
        await home.until(lambda: bool(home.pipeline.visible.open))
        alarm = only_alarm(home)
        assert (alarm.drill, alarm.state) == (True, AlarmState.PRE_ALARM)
        assert "actuation.refused" in kinds(home)
        assert home.bench.done == []
        home.pipeline.command(EndDrills(BATH.id, PERSON), lambda outcome: None)
        await home.until(lambda: not home.pipeline.visible.open)
        assert told(home) == [("alarm.pre_alarm", "bulk"), ("alarm.called_off", "bulk")]


async def test_a_siren_stays_hushed_over_a_restart(tmp_path: Path, clock: HandClock) -> None:
    async with living(tmp_path, clock) as home:
        home.hear(BUTTON, Quantity.SOS, True)
        await home.until(lambda: "sos" in hazards(home))
        alarm = sos(home)
        assert alarm.siren_until_s == clock.at_s + 60
        await ask(home, AckAlarm(alarm.id, REMOTE))
        await ask(home, AckAlarm(alarm.id, PERSON))
        assert kinds(home).count("alarm.acked") == 2, "the neighbour's coming is on record"
    async with living(tmp_path, clock) as home:
        again = sos(home)
        assert (again.hushed, again.acked_by) == (True, "platform:li.na")
        assert again.siren_until_s == alarm.siren_until_s
    assert is_right(tmp_path / "data" / "journal.db")


async def test_a_disk_that_dies_while_asking_costs_no_deadline(
    tmp_path: Path, clock: HandClock
) -> None:
    async with living(tmp_path, clock) as home:
        enter(home)
        asked = await state_is(home, AlarmState.PRE_ALARM)
        home.store.leave_disk()
        home.pass_time(120)
        raised = await state_is(home, AlarmState.ACTIVE)
        assert raised.id == asked.id
        await home.until(lambda: ("alarm.raised", "urgent") in told(home))
        assert home.store.file.fallback
    async with living(tmp_path, clock) as home:
        # The disk is back and knows only of the asking: overdue, it calls for help once more.
        assert not home.store.file.fallback
        again = await state_is(home, AlarmState.ACTIVE)
        assert again.id == asked.id

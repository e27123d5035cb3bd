"""One way through the hub: what is heard is written, then done, then told."""

from __future__ import annotations

import asyncio
import json
import sqlite3
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager, closing
from pathlib import Path

import pytest

from agent.core.actuation import ActuationKind
from agent.core.alarm import Alarm, AlarmId, AlarmState, RuleId
from agent.core.command import AckAlarm, Caller, ResolveAlarm, Role
from agent.core.device import Device, DeviceId, DeviceKind
from agent.core.errors import CommandRefused
from agent.core.limits import JOURNAL_PENDING_ROWS
from agent.core.reading import Quantity
from agent.core.row import Kind
from agent.dispatch import Asked
from agent.journal.schema import Table
from agent.pipeline import Outcome
from local_rules import engine
from tests.agent.home import BUTTON, SIREN, SMOKE, Home
from tests.clocks import HandClock

PERSON = Caller(Role.OPERATOR, "cli:test", on_site=True)
REMOTE = Caller(Role.LINK, "platform:li.na", on_site=False)


class Over(Exception):
    """Ends a home's task group."""


@asynccontextmanager
async def living(folder: Path, clock: HandClock) -> AsyncIterator[Home]:
    home: Home | None = None
    try:
        async with asyncio.TaskGroup() as group:
            home = Home(folder, clock, group)
            yield home
            raise Over
    except* Over:
        pass
    finally:
        if home is not None:
            home.close()


@pytest.fixture
def clock() -> HandClock:
    return HandClock()


def kinds(home: Home) -> list[str]:
    with closing(sqlite3.connect(home.store.file.path)) as db:
        return [kind for (kind,) in db.execute("SELECT kind FROM journal ORDER BY seq")]


def bodies(home: Home, kind: Kind) -> list[dict[str, object]]:
    with closing(sqlite3.connect(home.store.file.path)) as db:
        found = db.execute("SELECT body FROM journal WHERE kind = ? ORDER BY seq", (kind,))
        return [json.loads(body) for (body,) in found]


def of(home: Home, quantity: Quantity) -> list[dict[str, object]]:
    """Return the readings of one quantity: those that the rules derive of it are others."""
    return [body for body in bodies(home, Kind.READING) if body["quantity"] == quantity]


def only_alarm(home: Home) -> Alarm:
    (alarm,) = home.pipeline.visible.open.values()
    return alarm


def hazards(home: Home) -> set[str]:
    return {alarm.hazard for alarm in home.pipeline.visible.open.values()}


async def ask(home: Home, command: AckAlarm | ResolveAlarm) -> Alarm:
    future: asyncio.Future[Outcome] = asyncio.get_running_loop().create_future()
    home.pipeline.command(command, future.set_result)
    outcome = await asyncio.wait_for(future, 10)
    if isinstance(outcome, CommandRefused):
        raise outcome
    assert isinstance(outcome, Alarm)
    return outcome


async def test_a_press_is_written_then_the_siren_sounds(tmp_path: Path, clock: HandClock) -> None:
    async with living(tmp_path, clock) as home:
        on_disk_at_release: list[list[str]] = []
        release = home.pipeline.release

        def watched(orders: Sequence[Asked]) -> None:
            on_disk_at_release.append(kinds(home))
            release(orders)

        home.pipeline.release = watched
        home.hear(BUTTON, Quantity.SOS, True, frame="1.0500.01.0100")
        await home.until(lambda: bool(home.bench.done))
        assert "alarm.raised" in on_disk_at_release[0]
        assert [(d, a.kind) for d, a in home.bench.done] == [(SIREN.id, ActuationKind.SIREN_ON)]
        await home.until(lambda: "actuation.done" in kinds(home))
        assert kinds(home)[:3] == ["reading", "alarm.raised", "actuation.asked"]
        assert home.store.state[Table.EFFECT] == {}
        assert home.pipeline.counts.unjournaled == 0


async def test_an_alarm_is_told_only_when_it_is_on_disk(tmp_path: Path, clock: HandClock) -> None:
    async with living(tmp_path, clock) as home:
        home.hear(SMOKE, Quantity.SMOKE, True)
        await asyncio.sleep(0)
        assert not home.pipeline.visible.open
        await home.until(lambda: bool(home.pipeline.visible.open))
        assert "alarm.raised" in kinds(home)


async def test_a_disk_that_holds_up_the_commit_does_not_hold_up_the_siren(
    tmp_path: Path, clock: HandClock
) -> None:
    async with living(tmp_path, clock) as home:
        with closing(sqlite3.connect(home.store.file.path)) as other:
            other.execute("BEGIN IMMEDIATE")
            home.hear(BUTTON, Quantity.SOS, True)
            await home.until(lambda: bool(home.bench.done))
            assert not home.pipeline.visible.open
            assert home.pipeline.counts.unjournaled == 1
            other.rollback()
        await home.until(lambda: len(home.pipeline.visible.open) == 2)
        await home.until(lambda: hazards(home) == {"sos", "hub_fault"})
        assert len(home.bench.done) == 1, "the siren was ordered twice"


async def test_a_retransmission_is_flagged_and_raises_nothing_new(
    tmp_path: Path, clock: HandClock
) -> None:
    async with living(tmp_path, clock) as home:
        home.hear(BUTTON, Quantity.SOS, True, frame="1.0500.07.0100")
        clock.advance(11)
        home.hear(BUTTON, Quantity.SOS, True, frame="1.0500.07.0100")
        await home.until(lambda: len(of(home, Quantity.SOS)) == 2 and bool(home.bench.done))
        assert of(home, Quantity.SOS)[1]["repeat_of"] == 1
        assert only_alarm(home).count == 1


async def test_a_second_press_is_a_second_press_of_the_same_alarm(
    tmp_path: Path, clock: HandClock
) -> None:
    async with living(tmp_path, clock) as home:
        home.hear(BUTTON, Quantity.SOS, True, frame="1.0500.07.0100")
        await home.until(lambda: len(home.bench.done) == 1)
        clock.advance(5)
        home.hear(BUTTON, Quantity.SOS, True, frame="1.0500.08.0100")
        await home.until(lambda: len(home.bench.done) == 2)
        assert only_alarm(home).count == 2
        assert "alarm.repeated" in kinds(home)


async def test_a_retransmission_after_a_restart_is_still_known(
    tmp_path: Path, clock: HandClock
) -> None:
    async with living(tmp_path, clock) as home:
        home.hear(BUTTON, Quantity.SOS, True, frame="1.0500.07.0100")
        await home.until(lambda: bool(home.bench.done))
    clock.advance(3)
    async with living(tmp_path, clock) as home:
        home.hear(BUTTON, Quantity.SOS, True, frame="1.0500.07.0100")
        await home.until(lambda: len(of(home, Quantity.SOS)) == 2)
        assert "repeat_of" in of(home, Quantity.SOS)[1]
        assert only_alarm(home).count == 1


async def test_what_the_rules_derive_is_written_down_as_a_reading_after_what_it_comes_of(
    tmp_path: Path, clock: HandClock
) -> None:
    async with living(tmp_path, clock) as home:
        home.hear(BUTTON, Quantity.SOS, True)
        await home.until(lambda: bool(of(home, Quantity.PRESENCE)))
        made = [str(body["quantity"]) for body in bodies(home, Kind.READING)]
        assert made[0] == "sos"
        assert {"quiet_s", "presence", "alert_line_s", "alert_table"} == set(made[1:])
        assert of(home, Quantity.QUIET_S)[0]["channel"] == "sos"
        assert of(home, Quantity.PRESENCE)[0]["value"] == "home"


async def test_who_answers_in_the_home_is_a_sign_of_life(tmp_path: Path, clock: HandClock) -> None:
    async with living(tmp_path, clock) as home:
        home.hear(BUTTON, Quantity.SOS, True)
        await home.until(lambda: bool(home.bench.done))
        clock.advance(1000)
        for on_site in (False, True):
            caller = Caller(Role.OPERATOR, "x", on_site)
            home.pipeline.command(AckAlarm(only_alarm(home).id, caller), lambda outcome: None)
        await home.until(lambda: len(of(home, Quantity.QUIET_S)) == 2)
        assert of(home, Quantity.QUIET_S)[1]["channel"] == "at_hub"


async def test_an_order_that_a_crash_left_undone_is_given_after_the_restart(
    tmp_path: Path, clock: HandClock
) -> None:
    async with living(tmp_path, clock) as home:
        home.bench.hold = asyncio.Event()
        home.hear(BUTTON, Quantity.SOS, True)
        await home.until(lambda: bool(home.released))
        assert len(home.store.state[Table.EFFECT]) == 1
    with closing(sqlite3.connect(tmp_path / "data" / "journal.db")) as db:
        assert db.execute("SELECT count(*) FROM effect").fetchone() == (1,)
    async with living(tmp_path, clock) as home:
        await home.until(lambda: bool(home.bench.done))
        assert [asked.device for asked in home.pending] == [SIREN.id]
        await home.until(lambda: home.store.state[Table.EFFECT] == {})


async def test_an_order_of_an_alarm_that_was_dealt_with_is_not_given_again(
    tmp_path: Path, clock: HandClock
) -> None:
    async with living(tmp_path, clock) as home:
        home.hear(BUTTON, Quantity.SOS, True)
        await home.until(lambda: bool(home.bench.done))
        alarm = only_alarm(home)
        await ask(home, AckAlarm(alarm.id, PERSON))
        await ask(home, ResolveAlarm(alarm.id, PERSON, "helped"))
    with closing(sqlite3.connect(tmp_path / "data" / "journal.db")) as db:
        body = json.dumps(
            {"device": SIREN.id, "kind": "siren_on", "duration_s": 60, "alarm": alarm.id}
        )
        db.execute("INSERT INTO effect VALUES ('k', ?)", (body,))
        db.commit()
    async with living(tmp_path, clock) as home:
        assert home.pending == []
        assert home.store.state[Table.EFFECT] == {}


async def test_ack_by_a_person_in_the_home_silences_the_siren_and_is_on_disk(
    tmp_path: Path, clock: HandClock
) -> None:
    async with living(tmp_path, clock) as home:
        home.hear(SMOKE, Quantity.SMOKE, True)
        await home.until(lambda: bool(home.pipeline.visible.open))
        alarm = await ask(home, AckAlarm(only_alarm(home).id, PERSON))
        assert alarm.state is AlarmState.ACKED
        assert kinds(home)[-2:] == ["command", "actuation.done"] or "command" in kinds(home)
        await home.until(lambda: ActuationKind.SIREN_OFF in [a.kind for _, a in home.bench.done])


async def test_ack_from_afar_does_not_silence_what_still_burns(
    tmp_path: Path, clock: HandClock
) -> None:
    async with living(tmp_path, clock) as home:
        home.hear(SMOKE, Quantity.SMOKE, True)
        await home.until(lambda: bool(home.bench.done))
        await ask(home, AckAlarm(only_alarm(home).id, REMOTE))
        assert [a.kind for _, a in home.bench.done] == [ActuationKind.SIREN_ON]
        with pytest.raises(CommandRefused, match="outside the home"):
            await ask(home, ResolveAlarm(only_alarm(home).id, REMOTE, "handled"))
        refused = bodies(home, Kind.COMMAND)[-1]
        assert refused["refused"] == "condition_active"


async def test_an_unknown_alarm_is_refused_and_the_refusal_written(
    tmp_path: Path, clock: HandClock
) -> None:
    async with living(tmp_path, clock) as home:
        with pytest.raises(CommandRefused, match="not known"):
            await ask(home, AckAlarm(AlarmId("nope"), PERSON))
        assert bodies(home, Kind.COMMAND)[0]["refused"] == "unknown_alarm"


async def test_smoke_that_is_gone_for_its_hold_restores_and_an_ack_then_closes(
    tmp_path: Path, clock: HandClock
) -> None:
    async with living(tmp_path, clock) as home:
        home.hear(SMOKE, Quantity.SMOKE, True)
        await home.until(lambda: bool(home.pipeline.visible.open))
        home.hear(SMOKE, Quantity.SMOKE, False)
        await home.until(lambda: home.pipeline.counts.events == 2)
        home.pass_time(179)
    clock.advance(3600)
    async with living(tmp_path, clock) as home:
        home.pass_time(179)
        assert only_alarm(home).state is AlarmState.ACTIVE, "the quiet begins anew after a restart"
        home.pass_time(2)
        await home.until(lambda: only_alarm(home).state is AlarmState.RTN_UNACKED)
        assert ActuationKind.SIREN_OFF not in [a.kind for _, a in home.bench.done]
        alarm = await ask(home, AckAlarm(only_alarm(home).id, REMOTE))
        assert not home.pipeline.visible.find(alarm.rule, alarm.subject) or alarm.latched
        await home.until(lambda: ActuationKind.SIREN_OFF in [a.kind for _, a in home.bench.done])


async def test_a_siren_that_does_not_answer_is_a_trouble_until_it_does(
    tmp_path: Path, clock: HandClock
) -> None:
    async with living(tmp_path, clock) as home:
        home.bench.broken = True
        home.hear(BUTTON, Quantity.SOS, True)
        await home.until(lambda: "actuation.failed" in kinds(home))
        await home.until(lambda: len(home.pipeline.visible.open) == 2)
        trouble = home.pipeline.visible.find(RuleId("device_fault"), f"{SIREN.id}/device_fault")
        assert trouble is not None
        home.bench.broken = False
        clock.advance(5)
        home.hear(BUTTON, Quantity.SOS, True)
        await home.until(lambda: bool(home.bench.done))
        await home.until(lambda: home.pipeline.counts.events == 4)
        home.pass_time(601)
        await home.until(lambda: "alarm.closed" in kinds(home))


async def test_a_drill_is_recorded_and_moves_nothing(tmp_path: Path, clock: HandClock) -> None:
    async with living(tmp_path, clock) as home:
        home.hear(BUTTON, Quantity.SOS, True, drill=True)
        await home.until(lambda: bool(home.pipeline.visible.open))
        assert "actuation.refused" in kinds(home)
        assert only_alarm(home).drill
        assert home.bench.done == []


async def test_a_fault_said_twice_is_one_trouble_and_ends_when_it_is_mended(
    tmp_path: Path, clock: HandClock
) -> None:
    async with living(tmp_path, clock) as home:
        for _ in range(3):
            home.pipeline.fault("zigbee", "stick", True, "no such port")
        await home.until(lambda: bool(home.pipeline.visible.open))
        assert kinds(home).count("reading") == 1
        assert only_alarm(home).subject == "hub:zigbee/stick"
    async with living(tmp_path, clock) as home:
        home.pipeline.fault("zigbee", "stick", False, "")
        await home.until(lambda: home.pipeline.counts.events == 1)
        home.pass_time(11)
        await home.until(lambda: "alarm.closed" in kinds(home))


async def test_telemetry_that_a_stalled_disk_cannot_take_is_counted_and_costs_no_alarm(
    tmp_path: Path, clock: HandClock
) -> None:
    async with living(tmp_path, clock) as home:
        with closing(sqlite3.connect(home.store.file.path)) as other:
            other.execute("BEGIN IMMEDIATE")
            for number in range(JOURNAL_PENDING_ROWS + 500):
                home.hear(BUTTON, Quantity.ILLUMINANCE_LX, number / 10, channel="")
            home.hear(BUTTON, Quantity.SOS, True)
            await home.until(lambda: bool(home.bench.done))
            other.rollback()
        await home.until(lambda: "gap" in kinds(home))
        gap = bodies(home, Kind.GAP)[0]
        assert gap["why"] == "disk stalled"
        assert gap["first_seq"] == JOURNAL_PENDING_ROWS + 1
        assert gap["count"] in (500, 501), "telemetry, and the siren's report if quick"
        await home.until(lambda: hazards(home) == {"sos", "hub_fault"})


async def test_the_rules_know_the_room_that_the_ledger_says(
    tmp_path: Path, clock: HandClock
) -> None:
    door = Device(DeviceId("zb:0000000000000007"), DeviceKind.CONTACT, "door", "玄关")
    cupboard = Device(DeviceId("zb:0000000000000008"), DeviceKind.CONTACT, "cupboard", "厨房")
    async with living(tmp_path, clock) as home:
        for device in (door, cupboard):
            home.registry.put(device)
            home.hear(device, Quantity.CONTACT_OPEN, True)
        home.pass_time(301)
        await home.until(lambda: hazards(home) == {"door_open"})
        alarms = home.pipeline.visible.open.values()
        assert {alarm.why.device for alarm in alarms if alarm.rule == "door_open"} == {door.id}


async def test_a_rule_state_for_which_there_is_no_room_is_written_down(
    tmp_path: Path, clock: HandClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(engine, "STATES", 2)
    async with living(tmp_path, clock) as home:
        for number in range(3):
            stranger = Device(DeviceId(f"zb:{number}"), DeviceKind.SMOKE, "smoke")
            home.hear(stranger, Quantity.SMOKE, True)
        await home.until(lambda: len(bodies(home, Kind.GAP)) >= 3)
        gaps = bodies(home, Kind.GAP)
        assert {gap["why"] for gap in gaps} == {"no room for more rule states"}
        assert {str(gap["key"]).partition("/")[0] for gap in gaps} == {"smoke", "device_silent"}
        await home.until(lambda: len(home.store.state[Table.RULE_STATE]) == 2)
        # Each of them has raised all the same.
        await home.until(lambda: len(home.pipeline.visible.open) == 3)

"""What the hub says on its socket is what is on disk and on record."""

from __future__ import annotations

import asyncio
import json
import sqlite3
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager, closing
from pathlib import Path
from typing import Any, TypeVar

import pytest

from agent import remote
from agent.answers import Answers, Hub, release
from agent.config import Config, HubSection, UplinkSection
from agent.control import schema
from agent.control.client import ControlClient
from agent.control.schema import Nothing, Shape, Text, UplinkReport
from agent.control.server import ControlServer
from agent.core.errors import CommandRefused
from agent.core.limits import CONTROL_LINE_BYTES
from agent.core.mode import Mode
from agent.core.reading import Quantity
from agent.core.row import Kind
from agent.journal.schema import Table
from agent.measures import Measures
from agent.pairing import Pairing
from drivers.base import Driver
from tests.agent.home import BUTTON, SIREN, SMOKE, Home, until
from tests.agent.quick_journal import fill
from tests.clocks import HandClock

ResultT = TypeVar("ResultT", bound=Shape)
WELL = UplinkReport(connected=True, platform_answers=True, says=Text(zh="好", en="all is well"))
DOWN = UplinkReport(connected=False, says=Text(zh="断", en="the broker does not answer"))
MUTE = UplinkReport(connected=True, platform_answers=False, says=Text(zh="哑", en="no ack"))


class Over(Exception):
    """Ends a house's tasks."""


class House:
    """A home with its control socket and one client."""

    def __init__(
        self, folder: Path, clock: HandClock, group: asyncio.TaskGroup, drivers: bool, uplink: bool
    ) -> None:
        hub = HubSection(id="hub-1", district="d1", data_dir=folder, runtime_dir=folder)
        config = Config(hub=hub, uplink=UplinkSection(host="b") if uplink else None)
        self.home = Home(folder, clock, group, config)
        self.clock = clock
        having: tuple[Driver, ...] = (self.home.bench,) if drivers else ()
        inside = Hub(
            config,
            clock,
            self.home.store,
            self.home.registry,
            self.home.pipeline,
            Pairing(clock, self.home.registry.put),
            self.home.remote,
            having,
            clock.now(),
            lambda: {"events": self.home.pipeline.counts.events},
        )
        measures = Measures(clock, self.home.store, lambda: 0)
        handlers = Answers(inside).handlers() | measures.handlers()
        self.server = ControlServer(config.control_socket, handlers)
        self.serving = group.create_task(self.server.serve())
        self.client: ControlClient

    async def ask(self, method: str, result: type[ResultT], params: Shape | None = None) -> ResultT:
        """Ask as the command line and link do."""
        return await self.client.ask(method, params or Nothing(), result)

    async def refused(self, method: str, params: Shape) -> CommandRefused:
        """Return why the hub says no."""
        with pytest.raises(CommandRefused) as refusal:
            await self.ask(method, Nothing, params)
        return refusal.value

    async def status(self) -> schema.Status:
        """Return the hub on one page."""
        return await self.ask("status", schema.Status)

    def rows(self, kind: Kind) -> list[dict[str, Any]]:
        """Return the bodies of the rows on disk."""
        with closing(sqlite3.connect(self.home.store.file.path)) as db:
            found = db.execute("SELECT body FROM journal WHERE kind = ? ORDER BY seq", (kind,))
            return [json.loads(body) for (body,) in found]

    async def press(self) -> schema.AlarmInfo:
        """Press the button; return the alarm."""
        self.home.hear(BUTTON, Quantity.SOS, True, frame="1.0500.01.0100")
        await self.home.until(lambda: "sos" in open_hazards(self))
        found = (await self.ask("alarms.list", schema.AlarmList, schema.AlarmsQuery())).alarms
        (alarm,) = (alarm for alarm in found if alarm.hazard == "sos")
        return alarm

    async def troubles(self) -> list[schema.AlarmInfo]:
        """Return the open troubles, but for that of a test machine with a slow disk."""
        found = (await self.status()).troubles
        return [trouble for trouble in found if trouble.subject != "hub:journal/slow"]


def open_hazards(house: House) -> set[str]:
    return {alarm.hazard for alarm in house.home.pipeline.visible.open.values()}


def open_subjects(house: House) -> set[str]:
    return {alarm.subject for alarm in house.home.pipeline.visible.open.values()}


@asynccontextmanager
async def lived_in(
    folder: Path, *, drivers: bool = True, uplink: bool = True
) -> AsyncIterator[House]:
    house: House | None = None
    try:
        async with asyncio.TaskGroup() as group:
            house = House(folder, HandClock(), group, drivers, uplink)
            await until((folder / "control.sock").exists)
            house.client = await ControlClient.connect(folder / "control.sock")
            yield house
            await house.client.close()
            raise Over
    except* Over:
        pass
    finally:
        if house is not None:
            house.home.close()


@pytest.fixture
async def house(tmp_path: Path) -> AsyncIterator[House]:
    async with lived_in(tmp_path) as made:
        yield made


# --- reading --------------------------------------------------------------------------------------


async def test_hello_says_who_answers(house: House) -> None:
    hello = await house.ask("hello", schema.Hello)
    assert (hello.hub, hello.district, hello.role) == ("hub-1", "d1", "installer")
    assert hello.release == release()


async def test_status_is_the_whole_hub_on_one_page(house: House) -> None:
    house.clock.advance(90)
    status = await house.status()
    assert (status.hub, status.district, status.up_s) == ("hub-1", "d1", 90.0)
    assert (status.sos_ready, status.time_quality) == (True, "synced")
    assert [(d.driver, d.ok) for d in status.drivers] == [("bench", True)]
    assert (status.devices, status.alarms_open, status.troubles) == (3, 0, ())
    assert status.journal.ok
    assert status.counters == {"events": 0}


async def test_without_a_driver_no_sos_would_be_heard_and_status_says_so(tmp_path: Path) -> None:
    async with lived_in(tmp_path, drivers=False) as house:
        assert not (await house.status()).sos_ready


async def test_alarms_and_troubles_are_counted_apart(house: House) -> None:
    await house.press()
    await house.ask("sync.report", Nothing, DOWN)
    await house.home.until(lambda: len(house.home.pipeline.visible.open) >= 2)
    assert (await house.status()).alarms_open == 1
    assert [trouble.subject for trouble in await house.troubles()] == ["hub:uplink/platform"]


async def test_devices_come_with_what_was_last_heard_of_them(house: House) -> None:
    house.home.hear(SMOKE, Quantity.TEMP_C, 21.5, channel="")
    house.clock.advance(12)
    devices = (await house.ask("devices.list", schema.DeviceList)).devices
    assert [d.id for d in devices] == [BUTTON.id, SMOKE.id, SIREN.id]
    assert (devices[1].last_seen_s_ago, devices[1].readings) == (12.0, {"temp_c": 21.5})
    assert (devices[0].last_seen_s_ago, devices[0].readings) == (None, {})
    assert all(device.paired for device in devices)


async def test_an_alarm_comes_with_its_evidence_and_its_code(house: House) -> None:
    alarm = await house.press()
    assert (alarm.hazard, alarm.severity, alarm.state, alarm.code) == ("sos", "S1", "ACTIVE", 101)
    assert (alarm.device_name, alarm.count, alarm.drill) == ("bed", 1, False)
    assert alarm.why.zh != alarm.why.en
    assert alarm.raised_at_s == house.clock.wall_s


async def test_closed_alarms_are_listed_when_all_are_asked_for_newest_first(house: House) -> None:
    first = await house.press()
    await house.ask("alarm.ack", schema.AlarmInfo, schema.AckParams(alarm=first.id))
    done = schema.ResolveParams(alarm=first.id, cause="helped")
    assert (await house.ask("alarm.resolve", schema.AlarmInfo, done)).state == "CLOSED"
    house.clock.advance(60)
    house.home.hear(SMOKE, Quantity.SMOKE, True)
    await house.home.until(lambda: "smoke" in open_hazards(house))

    async def listed(**query: Any) -> list[str]:
        params = schema.AlarmsQuery(**query)
        found = await house.ask("alarms.list", schema.AlarmList, params)
        return [alarm.hazard for alarm in found.alarms if alarm.hazard != "hub_fault"]

    assert await listed() == ["smoke"]
    assert await listed(open_only=False) == ["smoke", "sos"]
    assert await listed(open_only=False, limit=1) in (["smoke"], [])


async def test_the_tail_of_the_journal_by_number_place_and_kind(house: House) -> None:
    await house.press()
    await until(lambda: bool(house.rows(Kind.ACTUATION_DONE)))
    store = house.home.store
    await until(lambda: store.last_durable_seq == store.next_seq - 1)

    async def tail(**params: Any) -> list[tuple[int, str]]:
        rows = (await house.ask("journal.tail", schema.RowList, schema.TailParams(**params))).rows
        assert {row.journal_id for row in rows} <= {house.home.store.journal_id}
        return [(row.seq, row.kind) for row in rows]

    whole = await tail()
    assert [kind for _, kind in whole[:3]] == ["reading", "alarm.raised", "actuation.asked"]
    assert [seq for seq, _ in whole] == list(range(1, len(whole) + 1))
    assert await tail(limit=1) == whole[-1:]
    assert await tail(after_seq=1, limit=2) == whole[1:3]
    alarms = [row for row in whole if row[1].startswith("alarm.")]
    assert await tail(kinds=("alarm",)) == alarms
    assert alarms[0] == (2, "alarm.raised")
    assert await tail(after_seq=2, kinds=("alarm",)) == alarms[1:]
    assert await tail(kinds=("alarm.raised", "reading")) == [
        row for row in whole if row[1] in ("alarm.raised", "reading")
    ]
    assert await tail(kinds=("ala",)) == [], "half a word is no kind"


async def test_the_tail_of_another_journal_is_asked_by_its_id(house: House) -> None:
    await house.press()
    store = house.home.store
    fill(store.file.path, 3, journal="0ddba115", body="[no object]")
    other = schema.TailParams(journal_id="0ddba115", after_seq=1)
    rows = (await house.ask("journal.tail", schema.RowList, other)).rows
    assert [(row.journal_id, row.seq) for row in rows] == [("0ddba115", 2), ("0ddba115", 3)]
    assert rows[0].body == {"body_text": "[no object]"}
    own = schema.TailParams(journal_id=store.journal_id)
    assert (await house.ask("journal.tail", schema.RowList, own)).rows[0].seq == 1
    unknown = await house.refused("journal.tail", schema.TailParams(journal_id="deadbeef"))
    assert unknown.code == "unknown_journal"


# --- acting ---------------------------------------------------------------------------------------


async def test_an_ack_by_a_person_here_and_one_by_the_platform_are_told_apart(
    house: House,
) -> None:
    alarm = await house.press()
    here = await house.ask("alarm.ack", schema.AlarmInfo, schema.AckParams(alarm=alarm.id))
    assert (here.state, here.acked_by[:4]) == ("ACKED", "cli:")
    params = schema.AckParams(alarm=alarm.id, by="li.na")
    await house.ask("alarm.ack", schema.AlarmInfo, params)
    by = [(row["by"], row["on_site"]) for row in house.rows(Kind.COMMAND)]
    assert by[0][0].startswith("cli:")
    assert by[0][1] is True
    assert by[1] == ("platform:li.na", False)


async def test_an_alarm_that_is_not_known_is_refused_and_the_refusal_is_on_disk(
    house: House,
) -> None:
    refused = await house.refused("alarm.ack", schema.AckParams(alarm="nope"))
    assert refused.code == "unknown_alarm"
    assert house.rows(Kind.COMMAND)[0]["refused"] == "unknown_alarm"


async def test_without_a_radio_pairing_says_what_to_configure(house: House) -> None:
    refused = await house.refused("pair.start", schema.PairParams())
    assert refused.code == "no_radio"
    assert "[zigbee] port" in str(refused)


# --- for link -------------------------------------------------------------------------------------


async def test_link_learns_which_journals_there_are_and_moves_its_cursors(house: House) -> None:
    await house.press()
    await until(lambda: house.home.store.last_durable_seq >= 3)
    journal_id = house.home.store.journal_id

    async def cursors() -> Sequence[int]:
        (journal,) = (await house.ask("sync.state", schema.SyncState)).journals
        assert (journal.journal_id, journal.writing) == (journal_id, True)
        assert journal.path == str(house.home.store.file.path)
        assert journal.last_seq >= 3
        return journal.urgent_through, journal.bulk_through

    async def advance(lane: Any, seq: int) -> None:
        params = schema.AdvanceParams(journal_id=journal_id, lane=lane, through_seq=seq)
        await house.ask("sync.advance", Nothing, params)

    assert await cursors() == (0, 0)
    await advance("urgent", 2)
    assert await cursors() == (2, 0)
    await advance("bulk", 3)
    await advance("urgent", 1)
    assert await cursors() == (2, 3), "a cursor went back"


@pytest.mark.parametrize("lane", ["urgent", "bulk"])
async def test_a_cursor_beyond_the_journal_is_refused_and_nothing_moves(
    house: House, lane: Any
) -> None:
    await house.press()
    await until(lambda: bool(house.rows(Kind.ACTUATION_DONE)))
    store = house.home.store
    await until(lambda: store.last_durable_seq == store.next_seq - 1)
    beyond = schema.AdvanceParams(
        journal_id=store.journal_id, lane=lane, through_seq=store.last_durable_seq + 1
    )
    refused = await house.refused("sync.advance", beyond)
    assert refused.code == "beyond_journal"
    assert f"ends at {store.last_durable_seq}, not {beyond.through_seq}" in str(refused)
    unknown = schema.AdvanceParams(journal_id="ffffffff", lane=lane, through_seq=1)
    assert (await house.refused("sync.advance", unknown)).code == "beyond_journal"
    assert (store.cursor(store.journal_id, lane), store.counters.dropped) == (0, 0)


@pytest.mark.parametrize("bad", [DOWN, MUTE])
async def test_a_platform_that_is_away_is_a_trouble_until_it_is_back(
    house: House, bad: UplinkReport
) -> None:
    await house.ask("sync.report", Nothing, WELL)
    assert await house.troubles() == []
    for _ in range(3):
        await house.ask("sync.report", Nothing, bad)
    house.home.pass_time(120)
    await house.home.until(lambda: "hub:uplink/platform" in open_subjects(house))
    (trouble,) = await house.troubles()
    assert (trouble.hazard, trouble.state) == ("hub_fault", "ACTIVE")
    raised = [row for row in house.rows(Kind.ALARM_RAISED) if "uplink" in row["subject"]]
    assert len(raised) == 1
    await house.ask("sync.report", Nothing, WELL)
    house.home.pass_time(600)
    await until(lambda: bool(house.rows(Kind.ALARM_CLOSED)))
    assert await house.troubles() == []


async def test_what_link_says_of_itself_is_shown_until_it_is_too_old(house: House) -> None:
    assert "link is not running" in (await house.status()).uplink.says.en
    await house.ask("sync.report", Nothing, WELL)
    house.clock.advance(20)
    assert (await house.status()).uplink == WELL
    house.clock.advance(0.5)
    uplink = (await house.status()).uplink
    assert not uplink.connected
    assert "link is not running" in uplink.says.en


async def test_without_a_platform_the_hub_says_that_it_works_alone(tmp_path: Path) -> None:
    async with lived_in(tmp_path, uplink=False) as house:
        uplink = (await house.status()).uplink
        assert not uplink.connected
        assert uplink.says.en == "no platform is configured; the hub works alone"


async def test_what_link_did_on_the_platforms_word_is_on_disk(house: House) -> None:
    params = schema.AuditParams(what="alarm.ack", detail="expired, 床头")
    await house.ask("audit", Nothing, params)
    await until(lambda: bool(house.rows(Kind.AUDIT)))
    assert house.rows(Kind.AUDIT) == [{"what": "alarm.ack", "detail": "expired, 床头"}]


async def test_every_method_of_the_list_has_an_answer(house: House) -> None:
    assert set(schema.METHODS) <= set(house.server._handlers)


async def test_evidence_stands_beside_its_alarm_in_a_bounded_list(house: House) -> None:
    alarm = await house.press()
    for number in range(remote.EVIDENCE_MAX):
        note = schema.EvidenceParams(
            request_id=f"e-{number}", life_s=60, alarm=alarm.id, text="字" * 500, by="li.na"
        )
        await house.ask("evidence.add", schema.EvidenceResult, note)
    (found,) = (await house.ask("alarms.list", schema.AlarmList, schema.AlarmsQuery())).alarms
    assert len(found.evidence) == remote.EVIDENCE_MAX
    assert found.evidence[0].by == "platform:li.na"
    kept = house.home.store.state[Table.SETTING]
    assert len(kept[f"evidence/{alarm.id}"].encode()) * 5 < CONTROL_LINE_BYTES


async def test_status_tells_the_mode_and_what_the_platform_changed(house: House) -> None:
    params = schema.ModeParams(request_id="m", life_s=60, mode=Mode.AWAY, for_s=60, by="li.na")
    await house.ask("mode.set", schema.ModeInfo, params)
    status = await house.status()
    assert (status.mode.mode, status.mode.by) == (Mode.AWAY, "platform:li.na")
    assert status.site == schema.SiteInfo()
    state = await house.ask("sync.state", schema.SyncState)
    assert state.uplink is not None
    assert (state.uplink.serial, state.uplink.host) == (0, "b")

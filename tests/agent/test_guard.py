"""Guard as a process without a radio: it starts whatever is broken, and stops in good order."""

from __future__ import annotations

import asyncio
import json
import socket
import sqlite3
from collections.abc import AsyncIterator, Iterator, Mapping
from contextlib import asynccontextmanager, closing, suppress
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from agent.answers import release
from agent.control import schema
from agent.control.client import ControlClient
from agent.control.schema import Nothing
from agent.core.device import DeviceId
from agent.core.errors import TransportError
from agent.registry import Registry, encode_device
from tests.agent.home import BUTTON, DEVICES, SIREN, SMOKE, until
from tests.hub import Hub

STARTS_WITHIN_S = 20.0


@pytest.fixture
def hub(tmp_path: Path) -> Iterator[Hub]:
    made = Hub(tmp_path)
    yield made
    made.close()


async def connected(hub: Hub) -> ControlClient:
    async with asyncio.timeout(STARTS_WITHIN_S):
        while True:
            try:
                return await ControlClient.connect(hub.run_dir / "control.sock")
            except TransportError:
                await asyncio.sleep(0.02)


@asynccontextmanager
async def running(
    hub: Hub, environment: Mapping[str, str] | None = None
) -> AsyncIterator[ControlClient]:
    """Start guard, and kill it in the end if the test has not stopped it."""
    hub.start("guard", env=environment)
    client = await connected(hub)
    try:
        yield client
    finally:
        await client.close()
        if "guard" in hub.processes:
            hub.kill("guard")


async def stop(hub: Hub) -> int:
    return await asyncio.to_thread(hub.stop, "guard")


def rows(hub: Hub) -> list[tuple[str, dict[str, Any]]]:
    with closing(sqlite3.connect(hub.data / "journal.db")) as db:
        found = db.execute("SELECT kind, body FROM journal ORDER BY journal_id, seq").fetchall()
    return [(kind, json.loads(body)) for kind, body in found]


def doings(hub: Hub) -> list[str]:
    """Return the kinds of the rows without what guard reads off its own hub."""
    return [kind for kind in kinds(hub) if kind != "reading"]


def kinds(hub: Hub) -> list[str]:
    return [kind for kind, _ in rows(hub)]


def setting(hub: Hub, key: str) -> Any:
    with closing(sqlite3.connect(hub.data / "journal.db")) as db:
        return db.execute("SELECT body FROM setting WHERE key = ?", (key,)).fetchone()


async def status(client: ControlClient) -> schema.Status:
    return await client.ask("status", Nothing(), schema.Status)


async def troubles(client: ControlClient, count: int) -> list[str]:
    """Wait for `count` troubles; return what they are about."""
    async with asyncio.timeout(10):
        while len(found := (await status(client)).troubles) < count:  # noqa: ASYNC110 - no news of it
            await asyncio.sleep(0.02)
    return sorted(trouble.subject for trouble in found)


async def test_a_start_is_written_and_a_hub_without_radio_does_not_promise_an_sos(
    hub: Hub,
) -> None:
    async with running(hub) as client:
        found = await status(client)
        assert (found.sos_ready, found.drivers, found.devices) == (False, (), 0)
        assert found.journal.ok
        assert found.journal.journals[0].path == str(hub.data / "journal.db")
        journal_id = found.journal.journals[0].journal_id
        await until(lambda: "hub.started" in kinds(hub))
        assert rows(hub)[0] == ("hub.started", {"release": release(), "journal": journal_id})


async def test_sigterm_writes_that_the_hub_stopped_and_ends_although_clients_are_connected(
    hub: Hub,
) -> None:
    async with running(hub) as client:
        await client.ask("journal.follow", Nothing(), Nothing)
        await client.ask("audit", schema.AuditParams(what="last words"), Nothing)
        began_s = asyncio.get_running_loop().time()
        assert await stop(hub) == 0
        assert asyncio.get_running_loop().time() - began_s < 4
        await asyncio.wait_for(client.closed.wait(), 5)
    assert doings(hub) == ["hub.started", "audit", "hub.stopped"]


async def test_after_a_kill_the_timeline_and_the_journal_go_on(hub: Hub) -> None:
    async with running(hub):
        await until(lambda: setting(hub, "last_time") is not None)
        hub.kill("guard")
    first = json.loads(setting(hub, "last_time")[0])
    async with running(hub) as client:
        await until(lambda: kinds(hub).count("hub.started") == 2)
        found = await status(client)
        assert found.journal.journals[0].last_seq >= 2
        assert await stop(hub) == 0
    second = json.loads(setting(hub, "last_time")[0])
    assert second[2] == first[2], "the same boot"
    assert second[0] - first[0] == pytest.approx((second[1] - first[1]) / 1000, abs=0.01)
    assert doings(hub) == ["hub.started", "hub.started", "hub.stopped"]


def test_a_wrong_configuration_starts_nothing_and_ends_with_2(hub: Hub) -> None:
    hub.config.write_text('[hub]\nid = "bad name"\n')
    ended = hub.anju("guard")
    assert ended.returncode == 2
    assert "hub.id = 'bad name'" in ended.stderr
    assert not hub.data.exists()


async def test_the_answers_to_link_are_those_of_the_file(hub: Hub) -> None:
    async with running(hub) as client:
        await until(lambda: "hub.started" in kinds(hub))
        state = await client.ask("sync.state", Nothing(), schema.SyncState)
        (journal,) = state.journals
        advance = schema.AdvanceParams(
            journal_id=journal.journal_id, lane="bulk", through_seq=journal.last_seq
        )
        await client.ask("sync.advance", advance, Nothing)
        hub.kill("guard")
    async with running(hub) as client:
        state = await client.ask("sync.state", Nothing(), schema.SyncState)
        assert state.journals[0].bulk_through in (0, journal.last_seq), "never beyond"


def _longer_than(found: list[bool], count: int) -> bool:
    return len(found) > count


async def test_followers_hear_of_a_commit_after_it_is_on_disk(hub: Hub) -> None:
    on_disk: list[bool] = []

    def heard(_: str, notice: schema.Shape) -> None:
        assert isinstance(notice, schema.Committed)
        with closing(sqlite3.connect(hub.data / "journal.db")) as db:
            last = db.execute("SELECT max(seq) FROM journal").fetchone()[0]
        on_disk.append(last >= notice.last_seq)

    async with running(hub):
        client = await ControlClient.connect(hub.run_dir / "control.sock", notify=heard)
        await client.ask("journal.follow", Nothing(), Nothing)
        for number in range(5):
            told = len(on_disk)
            await client.ask("audit", schema.AuditParams(what=f"{number}"), Nothing)
            await until(partial(_longer_than, on_disk, told))
        await client.close()
    assert all(on_disk)


async def test_systemd_hears_that_guard_is_ready_alive_and_stopping(
    hub: Hub, tmp_path: Path
) -> None:
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as systemd:
        systemd.bind(str(tmp_path / "notify"))
        systemd.setblocking(False)
        said: list[bytes] = []

        def heard(word: bytes) -> bool:
            with suppress(BlockingIOError):
                while True:
                    said.append(systemd.recv(4096))
            return word in said

        environment = {"NOTIFY_SOCKET": str(tmp_path / "notify"), "WATCHDOG_USEC": "100000"}
        async with running(hub, environment):
            await until(lambda: heard(b"READY=1"))
            await until(lambda: heard(b"WATCHDOG=1"))
            assert await stop(hub) == 0
        assert heard(b"STOPPING=1")


# --- whatever is broken ---------------------------------------------------------------------------


async def test_a_corrupt_journal_costs_no_device_and_is_a_trouble(hub: Hub) -> None:
    hub.data.mkdir()
    (hub.data / "journal.db").write_bytes(b"rubbish" * 5000)
    known = {str(device.id): encode_device(device) for device in DEVICES}
    Registry(known, hub.data / "devices.json").write_copy()
    async with running(hub) as client:
        found = await client.ask("devices.list", Nothing(), schema.DeviceList)
        assert [d.id for d in found.devices] == [BUTTON.id, SMOKE.id, SIREN.id]
        assert await troubles(client, 1) == ["hub:journal/quarantine"]
        assert await stop(hub) == 0
    assert list(hub.data.glob("journal.db.bad-*"))


async def test_devices_that_came_from_the_copy_are_there_after_the_next_one_is_paired(
    hub: Hub,
) -> None:
    hub.data.mkdir()
    known = {str(device.id): encode_device(device) for device in DEVICES}
    Registry(known, hub.data / "devices.json").write_copy()
    async with running(hub):
        await until(lambda: "hub.started" in kinds(hub))
        assert await stop(hub) == 0
    fresh = replace(SIREN, id=DeviceId("zb:00000000000000ff"), name="second siren")
    with closing(sqlite3.connect(hub.data / "journal.db")) as db:
        db.execute("INSERT INTO device VALUES (?, ?)", (fresh.id, encode_device(fresh)))
        db.commit()
    async with running(hub) as client:
        found = await client.ask("devices.list", Nothing(), schema.DeviceList)
        assert len(found.devices) == 4


async def test_entries_of_another_version_keep_nothing_from_starting(hub: Hub) -> None:
    async with running(hub):
        await until(lambda: "hub.started" in kinds(hub))
        assert await stop(hub) == 0
    newer = encode_device(SMOKE).replace('"smoke"', '"radar"')
    with closing(sqlite3.connect(hub.data / "journal.db")) as db:
        db.execute("INSERT INTO device VALUES (?, ?)", (BUTTON.id, encode_device(BUTTON)))
        db.execute("INSERT INTO device VALUES (?, ?)", (SMOKE.id, newer))
        db.execute("INSERT INTO effect VALUES ('k1', 'not json')")
        db.execute("INSERT INTO effect VALUES ('k2', ?)", ('{"kind": "sing"}',))
        db.execute("INSERT INTO alarm VALUES ('a', '{}')")
        db.execute("INSERT INTO rule_state VALUES ('no/rule', '[]')")
        db.execute("INSERT OR REPLACE INTO setting VALUES ('last_time', '[1]')")
        db.commit()
    async with running(hub) as client:
        found = await client.ask("devices.list", Nothing(), schema.DeviceList)
        assert [device.id for device in found.devices] == [BUTTON.id]
        assert await stop(hub) == 0


async def test_without_a_disk_guard_lives_on_tmpfs_and_says_so(hub: Hub) -> None:
    hub.data.write_text("a file where the folder should be")
    async with running(hub) as client:
        found = await status(client)
        assert not found.journal.ok
        assert found.journal.journals[0].path == str(hub.run_dir / "journal-fallback.db")
        assert await troubles(client, 1) == ["hub:journal/disk"]
        assert await stop(hub) == 0


async def test_a_trouble_of_the_uplink_is_known_to_be_over_after_a_restart(hub: Hub) -> None:
    says = schema.Text(zh="断", en="down")
    down = schema.UplinkReport(connected=False, says=says)
    well = schema.UplinkReport(connected=True, platform_answers=True, says=says)
    async with running(hub) as client:
        await client.ask("sync.report", down, Nothing)
        assert await troubles(client, 1) == ["hub:uplink/platform"]
        hub.kill("guard")
    async with running(hub) as client:
        assert await troubles(client, 1) == ["hub:uplink/platform"]
        await client.ask("sync.report", well, Nothing)

        def last_value() -> object:
            return [body["value"] for kind, body in rows(hub) if kind == "reading"][-1]

        await until(lambda: last_value() is False)


def test_without_guard_the_command_line_says_how_to_start_it(hub: Hub) -> None:
    ended = hub.anju("status")
    assert ended.returncode != 0
    assert "anju up" in ended.stderr

"""One connection to the stick: open it, ask devices, close it.

Owns the border to zigpy: whatever the library raises (an unplugged stick raises AttributeError)
leaves this module as TransportError or DeviceError, and whatever it waits for ends when the stick
is lost. Knows nothing of rooms, alarms and ledgers. A lost connection is not mended but replaced:
the driver makes a new `Radio`.
"""

from __future__ import annotations

import asyncio
import os
import sqlite3
from collections.abc import Coroutine, Sequence
from contextlib import closing, suppress
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, Any

from agent.core.errors import DeviceError, TransportError
from drivers.zigbee import line
from drivers.zigbee.definitions import ACE, ZONE, Description, Endpoint, Report
from drivers.zigbee.ears import Ears

if TYPE_CHECKING:
    from drivers.zigbee.coordinator import Coordinator

CONNECT_S = 12.0  # The library itself gives up on a mute stick after 10 s.
START_S = 90.0  # Forming a network takes 3 s, or 15 s of trying when the air is jammed.
CLOSE_S = 5.0
PING_S = 4.0  # A healthy stick answers in milliseconds, in seconds while it writes its flash.
ANSWER_S = 12.0  # A sleepy device polls every 7 s at the latest, or it counts as gone.
_ZONE_TYPE = 0x0001


class DamagedRecords(Exception):
    """The library's database could not be read and was moved away; the text is where to."""


class NoAnswer(DeviceError):
    """The device did not answer: it sleeps, is out of range or without power. Ask again later."""


@dataclass(frozen=True, slots=True)
class Settings:
    """How to reach the stick. `channel` 11-26 is used when a network is formed, None: quietest."""

    port: str
    baudrate: int
    channel: int | None
    database: Path


class Radio:
    """The stick, once. Every task of it lives in the group that is passed in."""

    def __init__(self, settings: Settings, group: asyncio.TaskGroup) -> None:
        self._settings = settings
        self._group = group
        self._app: Coordinator | None = None
        self._lost: asyncio.Future[str] = asyncio.get_running_loop().create_future()

    # --- life -----------------------------------------------------------------------------------

    async def open(self, ears: Ears, *, thorough: bool) -> None:
        """Open the port and bring the network up: form it on a blank stick, restore it if known.

        `thorough` also toggles the modem lines and sends bootloader bytes, which wakes a stick that
        was left in its bootloader but costs 0.5 s.
        Errors: whatever the library raises; `faults.explain` knows what it means.
        """
        # The library takes a second to load, on a small board five: not in the loop that carries
        # the other radios' alarms.
        library = await asyncio.to_thread(import_module, "drivers.zigbee.coordinator")
        self._app = app = library.Coordinator(_config(self._settings, thorough=thorough))
        app.attend(ears)
        try:
            await self._or_lost(app._load_db(), START_S)
        except sqlite3.DatabaseError as error:
            raise self._set_aside() from error
        await self._or_lost(app.connect(), CONNECT_S)
        line.watch(app._znp._uart)
        # A blank stick may only be given a new network when this home never had one.
        orphaned = bool(app.devices) and not app.backups.backups
        await self._or_lost(app.initialize(auto_form=not orphaned), START_S)
        app.listen_for_resets()

    def _set_aside(self) -> DamagedRecords:
        """Move a damaged database away: the stick knows its network and the ledger its devices.

        They are heard as before; each is asked again what it is when it speaks.
        """
        database = self._settings.database
        aside = database.with_name(database.name + ".damaged")
        database.replace(aside)
        for rest in ("-wal", "-shm"):
            database.with_name(database.name + rest).unlink(missing_ok=True)
        with suppress(FileNotFoundError):
            self._good.replace(database)  # Taken away, so that a bad copy is tried only once.
        return DamagedRecords(str(aside))

    @property
    def _good(self) -> Path:
        """Return where the last good copy of the database is kept."""
        return self._settings.database.with_name(self._settings.database.name + ".good")

    def _keep_copy(self) -> None:
        """Copy the database, whole and checked. Errors: sqlite3.Error, OSError."""
        fresh = self._good.with_name(self._good.name + ".new")
        fresh.unlink(missing_ok=True)
        with (
            closing(sqlite3.connect(self._settings.database, timeout=5.0)) as source,
            closing(sqlite3.connect(fresh)) as copy,
        ):
            source.backup(copy, pages=64)
            copy.execute("PRAGMA journal_mode = DELETE")
            found = copy.execute("PRAGMA quick_check(1)").fetchone()
        if found == ("ok",):
            with fresh.open("rb+") as file:
                os.fsync(file.fileno())
            fresh.replace(self._good)

    async def close(self) -> None:
        """Let go of the port and the database. Never raises."""
        if self._app is None:
            return
        self.lose("closed")
        self._app.ears = None  # What it still has to say must not be taken for its successor's.
        with suppress(TimeoutError):
            async with asyncio.timeout(CLOSE_S):
                await _outcome(self._app.shutdown())

    def lose(self, why: str) -> None:
        """End everything that waits for this stick."""
        if not self._lost.done():
            self._lost.set_result(why)

    async def until_lost(self) -> str:
        """Return why the stick was lost, when it is."""
        return await asyncio.shield(self._lost)

    async def ping(self) -> None:
        """Return when the stick answers. Errors: DeviceError, TransportError."""
        await self._ask(self._up().watchdog_feed(), PING_S, "the stick")

    async def permit(self, window_s: int) -> None:
        """Let new devices in for `window_s` seconds, 0 closes. Errors: TransportError."""
        try:
            await self._ask(self._up().permit(window_s), ANSWER_S, "the stick")
        except DeviceError as error:
            raise TransportError(f"Zigbee cannot open the network: {error}") from error

    async def back_up(self) -> None:
        """Read the network's settings and keys into the database, to restore to another stick, and
        keep a good copy of the database. Errors: DeviceError, TransportError."""
        await self._ask(self._up().backups.create_backup(), START_S, "the stick")
        try:
            await asyncio.to_thread(self._keep_copy)
        except (sqlite3.Error, OSError) as error:
            raise DeviceError(f"{self._good} cannot be written: {error}") from error

    @property
    def has_backup(self) -> bool:
        """Return whether the database holds a backup of the network."""
        return self._app is not None and bool(self._app.backups.backups)

    # --- devices --------------------------------------------------------------------------------

    def known(self) -> tuple[str, ...]:
        """Return the addresses of all devices that the library knows, without the stick's own."""
        return () if self._app is None else self._app.known()

    def describe(self, ieee: str) -> Description | None:
        """Return what the device said of itself, None before it was interviewed."""
        device = self._device_or_none(ieee)
        if device is None or not device.is_initialized:
            return None
        endpoints = tuple(_endpoint(endpoint) for endpoint in device.non_zdo_endpoints)
        zone_types = (
            endpoint.in_clusters[ZONE].get(_ZONE_TYPE)
            for endpoint in device.non_zdo_endpoints
            if ZONE in endpoint.in_clusters
        )
        return Description(
            manufacturer=device.manufacturer or "",
            model=device.model or "",
            endpoints=endpoints,
            zone_types=tuple(int(zone) for zone in zone_types if zone is not None),
            mains=None if device.node_desc is None else bool(device.node_desc.is_mains_powered),
        )

    async def bind(self, ieee: str, endpoint: int, cluster: int) -> None:
        """Make the device send this cluster's reports to us. Errors: DeviceError, TransportError"""
        bound = self._cluster(ieee, endpoint, cluster, client=cluster == ACE).bind()
        result = await self._ask(bound, ANSWER_S, ieee)
        _demand(result[0], f"{ieee}: bind of cluster 0x{cluster:04x}")

    async def read(
        self, ieee: str, endpoint: int, cluster: int, attributes: Sequence[int]
    ) -> dict[int, Any]:
        """Return the attributes that the device was willing to tell."""
        asked = self._cluster(ieee, endpoint, cluster).read_attributes(list(attributes))
        told, _refused = await self._ask(asked, ANSWER_S, ieee)
        return {int(attribute): value for attribute, value in told.items()}

    async def write_own_address(self, ieee: str, endpoint: int) -> None:
        """Tell a zone where to send its alarms."""
        written = self._cluster(ieee, endpoint, ZONE).write_attributes(
            {0x0010: self._up().state.node_info.ieee}
        )
        result = await self._ask(written, ANSWER_S, ieee)
        _demand(result[0][0].status, f"{ieee}: write of the alarm address")

    async def enrol(self, ieee: str, endpoint: int, zone_id: int) -> None:
        """Send an Enroll Response, asked for or not."""
        cluster = self._cluster(ieee, endpoint, ZONE)
        sent = cluster.command(0x00, 0x00, zone_id, expect_reply=False)
        await self._ask(sent, ANSWER_S, ieee)

    async def report(self, ieee: str, endpoint: int, report: Report) -> None:
        """Ask the device to report one attribute by itself."""
        cluster = self._cluster(ieee, endpoint, report.cluster)
        asked = cluster.configure_reporting(
            report.attribute, report.at_least_s, report.at_most_s, report.change
        )
        for status in (await self._ask(asked, ANSWER_S, ieee)).values():
            _demand(status, f"{ieee}: reporting of cluster 0x{report.cluster:04x}")

    async def command(
        self, ieee: str, endpoint: int, cluster: int, command: int, *args: int, timeout_s: float
    ) -> None:
        """Send one command at the highest priority, once; return when the device confirmed it.

        Errors: DeviceError when it did not, TransportError when the stick is gone.
        """
        sent = self._cluster(ieee, endpoint, cluster).command(
            command, *args, priority=_CRITICAL, retries=0
        )
        answer = await self._ask(sent, timeout_s, ieee)
        _demand(answer.status, f"{ieee}: command 0x{command:02x} of cluster 0x{cluster:04x}")

    # --- the border -----------------------------------------------------------------------------

    def _up(self) -> Coordinator:
        if self._app is None or self._lost.done():
            raise TransportError("Zigbee is down: the stick is not connected")
        return self._app

    def _device_or_none(self, ieee: str) -> Any:
        return None if self._app is None else self._app.device_by_digits(ieee)

    def _cluster(self, ieee: str, endpoint: int, cluster: int, *, client: bool = False) -> Any:
        self._up()
        device = self._device_or_none(ieee)
        if device is None or endpoint not in device.endpoints:
            raise DeviceError(f"{ieee}: not known to the Zigbee network. Pair it again.")
        side = device.endpoints[endpoint]
        clusters = side.out_clusters if client else side.in_clusters
        if cluster not in clusters:
            raise DeviceError(f"{ieee}: has no cluster 0x{cluster:04x} on endpoint {endpoint}")
        return clusters[cluster]

    async def _or_lost(self, what: Coroutine[Any, Any, Any], timeout_s: float) -> Any:
        """Return what `what` returns; raise what it raises, or OSError when the stick is lost."""
        task = self._group.create_task(_outcome(what), name="zigbee.ask")
        try:
            await asyncio.wait(
                {task, self._lost}, timeout=timeout_s, return_when=asyncio.FIRST_COMPLETED
            )
            if task.done() and not task.cancelled():
                outcome = task.result()
                if isinstance(outcome, Exception):
                    raise outcome
                return outcome
            if self._lost.done() or task.cancelled():
                raise ConnectionError(self._lost.result() if self._lost.done() else "cancelled")
            raise TimeoutError(f"no answer within {timeout_s:g} s")
        finally:
            task.cancel()

    async def _ask(self, what: Coroutine[Any, Any, Any], timeout_s: float, whom: str) -> Any:
        try:
            return await self._or_lost(what, timeout_s)
        except ConnectionError as error:
            raise TransportError(f"Zigbee is down: {error}") from error
        except Exception as error:  # The border: the library raises what it likes.
            if self._lost.done():
                raise TransportError(f"Zigbee is down: {self._lost.result()}") from error
            raise NoAnswer(f"{whom}: no answer ({error or type(error).__name__})") from error


_CRITICAL = 2  # zigpy.types.PacketPriority.CRITICAL: does not queue behind sleeping devices.


async def _outcome(what: Coroutine[Any, Any, Any]) -> Any:
    """Return what `what` returns or the exception that it raises: one device must not end all."""
    try:
        return await what
    except Exception as error:  # noqa: BLE001 # As a value: a task group dies of a raised one.
        return error


def _demand(status: Any, what: str) -> None:
    if int(status) != 0:
        raise DeviceError(f"{what}: refused with status 0x{int(status):02x}")


def _endpoint(endpoint: Any) -> Endpoint:
    return Endpoint(
        id=int(endpoint.endpoint_id),
        device_type=int(endpoint.device_type or 0),
        inputs=frozenset(int(cluster) for cluster in endpoint.in_clusters),
        outputs=frozenset(int(cluster) for cluster in endpoint.out_clusters),
    )


def _config(settings: Settings, *, thorough: bool) -> dict[str, Any]:
    """Return the library's configuration."""
    lines = [False, True, False] if thorough else []
    return {
        "database_path": str(settings.database),
        "database_commit_interval": 0,  # A power cut must not take a paired device.
        "device": {"path": settings.port, "baudrate": settings.baudrate},
        "network": {"channel": settings.channel} if settings.channel else {},
        "validate_network_settings": True,  # A foreign stick must not pass for ours.
        "backup_enabled": False,  # The driver does it, after pairing and not in the first second.
        "topology_scan_enabled": False,
        "watchdog_enabled": False,  # Ours pings every 5 s; the library's needs 45 s to notice.
        "ota": {"enabled": False, "broadcast_enabled": False, "providers": []},
        "znp_config": {
            "skip_bootloader": thorough,
            "connect_rts_pin_states": lines,
            "connect_dtr_pin_states": [False] * len(lines),
            "led_mode": None,  # CC2652 firmware never answers LED commands: 0.5 s each start.
            "sync_request_timeout": PING_S,
        },
    }

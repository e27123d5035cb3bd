"""The real host library on an emulated stick, reduced to what the tests ask of it."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import zigpy.types
from zigpy_znp.zigbee.application import ControllerApplication

JOIN_WITHIN_S = 15.0
CALL_WITHIN_S = 10.0


class Host:
    """One running zigpy application and what it heard.

    zigpy carries no types that mypy could read, hence `Any` for its objects.
    """

    def __init__(self, app: Any) -> None:
        self.app = app
        self.initialized: asyncio.Queue[str] = asyncio.Queue()
        self.left: asyncio.Queue[str] = asyncio.Queue()
        self.heard: asyncio.Queue[tuple[str, int, int, Any]] = asyncio.Queue()
        self.lost = asyncio.Event()
        app.add_listener(self)

    # zigpy calls these by name.

    def device_initialized(self, device: Any) -> None:
        self.initialized.put_nowait(str(device.ieee))

    def device_left(self, device: Any) -> None:
        self.left.put_nowait(str(device.ieee))

    def connection_lost(self, error: BaseException | None) -> None:
        self.lost.set()

    def device(self, ieee: str) -> Any:
        return self.app.get_device(zigpy.types.EUI64.convert(ieee))

    async def until_initialized(self, *wanted: str, timeout_s: float = JOIN_WITHIN_S) -> None:
        """Wait until all these devices were interviewed."""
        missing = set(wanted)
        async with asyncio.timeout(timeout_s):
            while missing:
                missing.discard(await self.initialized.get())

    def listen(self, ieee: str) -> None:
        """Collect cluster commands of a device, from its servers and from its clients."""
        for number, endpoint in self.device(ieee).endpoints.items():
            if number == 0:
                continue
            for cluster in (*endpoint.in_clusters.values(), *endpoint.out_clusters.values()):
                cluster.add_listener(_Listener(self.heard, ieee, cluster.cluster_id))

    async def next_command(self, timeout_s: float = CALL_WITHIN_S) -> tuple[str, int, int, Any]:
        """Return (ieee, cluster, command, arguments) of the next cluster command."""
        async with asyncio.timeout(timeout_s):
            return await self.heard.get()

    async def enroll(self, ieee: str, *, zone_id: int = 7) -> Any:
        """Bind, write the CIE address and enrol; return the zone cluster."""
        device = self.device(ieee)
        zone = next(
            endpoint.ias_zone
            for number, endpoint in device.endpoints.items()
            if number and 0x0500 in endpoint.in_clusters
        )
        async with asyncio.timeout(CALL_WITHIN_S):
            await zone.bind()
            await zone.write_attributes({"cie_addr": self.app.state.node_info.ieee})
            await zone.enroll_response(enroll_response_code=0, zone_id=zone_id)
        return zone


class _Listener:
    def __init__(self, queue: asyncio.Queue[Any], ieee: str, cluster: int) -> None:
        self._queue = queue
        self._ieee = ieee
        self._cluster = cluster

    def cluster_command(self, tsn: int, command: int, args: Any) -> None:
        self._queue.put_nowait((self._ieee, self._cluster, command, args))


def settings(port: str, **more: object) -> dict[str, Any]:
    return {
        "device": {"path": port},
        "database_path": None,
        "backup_enabled": False,
        "topology_scan_enabled": False,
        "ota": {"enabled": False},
        **more,
    }


@asynccontextmanager
async def running_host(port: str, **more: object) -> AsyncIterator[Host]:
    """Run zigpy on a port; form a network if the stick has none."""
    async with asyncio.timeout(30):
        app = await ControllerApplication.new(settings(port, **more), auto_form=True)
    try:
        yield Host(app)
    finally:
        async with asyncio.timeout(10):
            await app.shutdown()


def address(state: dict[str, object]) -> str:
    """Return a device's address as zigpy writes it."""
    return str(state["ieee"])

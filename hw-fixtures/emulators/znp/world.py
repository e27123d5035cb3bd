"""One stick, its port and its home, put together; and what is kept over restarts.

Owns composition, the event stream and the NV file. Knows nothing of the control socket's lines.
"""

import json
import sys
from asyncio import AbstractEventLoop, TimerHandle
from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path
from random import Random

from . import mt_af, mt_app, mt_sys, mt_util, mt_zdo
from .air import Air
from .device import Device, State
from .foundation import Reporting
from .home import DeviceSpec
from .memory import Memory
from .network import Network
from .port import Port
from .stick import RESET_POWER_UP, Handler, Stick
from .zdo import Binding

STORE_EVERY_S = 0.5
FACTORY_PREFIX = 0x00124B0029 << 24  # Texas Instruments' block, as on a real CC2652.

FIRMWARE: Mapping[int, Handler] = {
    **mt_sys.HANDLERS,
    **mt_af.HANDLERS,
    **mt_zdo.HANDLERS,
    **mt_util.HANDLERS,
    **mt_app.HANDLERS,
}

Listener = Callable[[State], None]


class World:
    """Everything that the emulator emulates."""

    def __init__(
        self,
        *,
        loop: AbstractEventLoop,
        specs: tuple[DeviceSpec, ...],
        seed: int,
        nv: Path | None,
    ) -> None:
        self.loop = loop
        self.rng = Random(seed)
        self._nv = nv
        self._stored = ""
        self._flash: State = {}
        self._timer: TimerHandle | None = None
        self._listeners: list[Listener] = []
        self.air = Air(loop, self.rng)
        self.stick = Stick(
            loop=loop,
            memory=Memory(self._factory_ieee(), self.rng),
            air=self.air,
            rng=self.rng,
            handlers=FIRMWARE,
            emit=self.emit,
        )
        for spec in specs:
            device = Device(spec, loop=loop, radio=self.air, watcher=self, rng=self.rng)
            self.air.add(device)
        self._port: Port | None = None
        if nv is not None:
            self._load(nv)
            self._store_soon()

    def attach(self, port: Port) -> None:
        self._port = port
        self.stick.attach(port)
        port.plug()

    @property
    def port(self) -> Port:
        assert self._port is not None, "the world was used before a port was attached"
        return self._port

    @property
    def devices(self) -> dict[str, Device]:
        return self.air.devices

    def emit(self, event: State) -> None:
        """Tell everybody who listens."""
        for listener in tuple(self._listeners):
            listener(event)

    def listen(self, listener: Listener) -> None:
        self._listeners.append(listener)

    def forget(self, listener: Listener) -> None:
        if listener in self._listeners:
            self._listeners.remove(listener)

    def unplug(self) -> None:
        """Pull the stick out: the port vanishes and the firmware loses power."""
        self.port.unplug()
        self.stick.power_off()
        self.emit({"event": "unplugged"})

    def replug(self) -> None:
        """Put the stick back in: a new port, a fresh boot."""
        if not self.port.plugged:
            self.port.plug()
            self.stick.hung = False
            self.stick.boot(RESET_POWER_UP)
            self.emit({"event": "plugged"})

    def swap(self, *, formed: bool) -> None:
        """Put another stick in the place of this one, blank or on a network of its own."""
        memory = Memory(self._factory_ieee(), self.rng)
        if formed:
            memory.form(1 << self.rng.randint(11, 26))
        self.stick.memory = memory
        self.stick.bindings = []
        self.stick.power_off()

    def close(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
        self.store()
        if self._port is not None:
            self._port.unplug()

    def store(self) -> None:
        """Write flash and devices to the NV file if they have changed."""
        if self._nv is None:
            return
        memory = self.stick.memory
        devices = {name: dump_device(device) for name, device in self.devices.items()}
        text = json.dumps(devices)
        if text == self._stored and not memory.dirty:
            return
        if memory.dirty:
            self._flash = memory.dump()
            memory.dirty = False
        whole = json.dumps({"stick": self._flash, "devices": devices}, indent=1)
        aside = self._nv.with_name(f"{self._nv.name}.new")
        aside.write_text(whole, encoding="utf-8")
        aside.replace(self._nv)
        self._stored = text

    def _store_soon(self) -> None:
        self.store()
        self._timer = self.loop.call_later(STORE_EVERY_S, self._store_soon)

    def _load(self, nv: Path) -> None:
        if not nv.exists():
            return
        try:
            state = json.loads(nv.read_text(encoding="utf-8"))
            flash = state["stick"]
            self.stick.memory.load(
                factory_ieee=int(flash["factory_ieee"], 16),
                items=flash["items"],
                rows=flash["rows"],
            )
            for name, stored in state["devices"].items():
                if name in self.devices:
                    load_device(self.devices[name], stored)
        except (KeyError, TypeError, ValueError) as error:
            sys.exit(f"nv {nv}: got {error!r}, wanted a file that this emulator wrote")

    def _factory_ieee(self) -> int:
        return FACTORY_PREFIX | self.rng.randrange(1 << 24)


def dump_device(device: Device) -> State:
    """Return what a device keeps in its own flash."""
    network = device.network
    return {
        "nwk": device.nwk,
        "network": None
        if network is None
        else {
            "pan_id": network.pan_id,
            "ext_pan_id": network.ext_pan_id,
            "key": network.key.hex(),
            "channel": network.channel,
            "update_id": network.update_id,
        },
        "muted": device.muted,
        "zone_target": device.zone_target,
        "attributes": [[*key, a.value] for key, a in device.attributes.values.items()],
        "bindings": [[b.endpoint, b.cluster, b.target, b.target_endpoint] for b in device.bindings],
        "reporting": [
            [*key, r.min_s, r.max_s, r.change] for key, r in device.attributes.reporting.items()
        ],
    }


def load_device(device: Device, stored: State) -> None:
    """Give a device back what it kept; a row of the wrong shape raises a built-in error."""
    network = stored["network"]
    if isinstance(network, dict):
        key = bytes.fromhex(str(network["key"]))
        device.network = Network(**{**network, "key": key})
    nwk = stored["nwk"]
    device.nwk = nwk if isinstance(nwk, int) else None
    device.muted = bool(stored["muted"])
    device.zone_target = _number(stored["zone_target"])
    for endpoint, cluster, number, value in _rows(stored["attributes"]):
        place = (_number(endpoint), _number(cluster), _number(number))
        if place in device.attributes.values and isinstance(value, int | str):
            old = device.attributes.values[place]
            device.attributes.values[place] = replace(old, value=value)
    for endpoint, cluster, target, target_endpoint in _rows(stored["bindings"]):
        to = target_endpoint if isinstance(target_endpoint, int) else None
        row = Binding(_number(endpoint), _number(cluster), _number(target), to)
        device.bindings.append(row)
    for endpoint, cluster, number, min_s, max_s, change in _rows(stored["reporting"]):
        place = (_number(endpoint), _number(cluster), _number(number))
        device.attributes.reporting[place] = Reporting(_number(min_s), _number(max_s), str(change))


def _rows(value: object) -> list[list[object]]:
    if not isinstance(value, list):
        raise TypeError(f"got {value!r}, wanted a list")
    return value


def _number(value: object) -> int:
    if not isinstance(value, int):
        raise TypeError(f"got {value!r}, wanted a number")
    return value

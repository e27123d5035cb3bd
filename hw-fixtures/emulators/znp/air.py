"""The radio medium: who hears whom, who sleeps, what is lost.

Owns addresses, the indirect queue of sleepy children and the admission of new devices.
Knows nothing of MT bytes: it speaks to the stick in packets.
Source: Zigbee specification 3.6 (network layer), IEEE 802.15.4 indirect transmission.
"""

from asyncio import AbstractEventLoop, TimerHandle
from collections import deque
from dataclasses import dataclass
from random import Random
from typing import Protocol

from .device import AWAKE_AFTER_JOIN_S, Device
from .network import Network
from .packets import Confirm, Done, Downlink, Outcome, Uplink, no_confirm
from .zdo import END_DEVICE, Neighbor, Zdo, announcement

SUCCESS = 0x00
NO_ROUTE = 0xCD
NO_ACK = 0xE9
TRANSACTION_EXPIRED = 0xF0

INDIRECT_TIMEOUT_S = 7.0  # NIB TransactionPersistenceTime of the CC2652 builds.
NO_ACK_AFTER_S = 0.05
ASSOCIATES_AFTER_S = 0.02
ANNOUNCES_AFTER_S = 0.08
FIRST_NWK, LAST_NWK = 0x0001, 0xFFF7


class Coordinator(Protocol):
    """The stick, as the air sees it."""

    @property
    def running(self) -> bool: ...

    @property
    def permits(self) -> bool: ...

    @property
    def network(self) -> Network | None: ...

    def hear_zcl(self, uplink: Uplink, done: Done) -> None: ...

    def hear_zdo(
        self, src: int, cluster: int, tsn: int, payload: bytes, *, broadcast: bool
    ) -> None: ...

    def device_joined(self, *, nwk: int, ieee: int, child: bool) -> None: ...

    def device_left(self, *, nwk: int, ieee: int, rejoin: bool) -> None: ...


@dataclass(slots=True)
class _Waiting:
    """A frame for a sleeping child, until it polls or until it is too late."""

    down: Downlink
    confirm: Confirm
    expiry: TimerHandle


class Air:
    """Carries packets between one stick and all devices of a home."""

    def __init__(self, loop: AbstractEventLoop, rng: Random) -> None:
        self._loop = loop
        self._rng = rng
        self.devices: dict[str, Device] = {}
        self._queues: dict[str, deque[_Waiting]] = {}
        self._polls: dict[str, TimerHandle] = {}
        self._stick: Coordinator | None = None

    def attach(self, stick: Coordinator) -> None:
        self._stick = stick

    def add(self, device: Device) -> None:
        self.devices[device.name] = device
        self._queues[device.name] = deque()

    @property
    def stick(self) -> Coordinator:
        assert self._stick is not None, "the air was used before a stick was attached"
        return self._stick

    def reachable(self, nwk: int) -> Device | None:
        """Return the device with this address on the stick's own network."""
        network = self.stick.network
        for device in self.devices.values():
            if device.nwk == nwk and network is not None and network.same_as(device.network):
                return device
        return None

    def with_ieee(self, ieee: int) -> Device | None:
        return next((d for d in self.devices.values() if d.spec.ieee == ieee), None)

    def neighbors(self) -> list[Neighbor]:
        """Return the stick's neighbour table."""
        network = self.stick.network
        return [
            Neighbor(d.spec.ieee, d.nwk, d.role, d.spec.sleepy, d.spec.lqi)
            for d in self.devices.values()
            if d.nwk is not None and network is not None and network.same_as(d.network)
        ]

    # From the stick to devices.

    def unicast(self, nwk: int, down: Downlink, confirm: Confirm) -> None:
        """Carry a frame to one device and report the MAC or NWK status."""
        device = self.reachable(nwk)
        if device is None:
            self._loop.call_later(NO_ACK_AFTER_S, confirm, NO_ROUTE)
        elif device.failures:
            self._loop.call_later(NO_ACK_AFTER_S, confirm, device.failures.pop(0))
        elif device.spec.sleepy:
            self._hold(device, down, confirm)
        elif device.muted:
            self._loop.call_later(NO_ACK_AFTER_S, confirm, NO_ACK)
        else:
            self._loop.call_soon(self._deliver, device, down, confirm)

    def broadcast(self, down: Downlink) -> None:
        """Carry a frame to everybody who is awake or will poll for it."""
        network = self.stick.network
        for device in self.devices.values():
            if network is None or not network.same_as(device.network) or device.muted:
                continue
            if device.spec.sleepy:
                self._hold(device, down, no_confirm)
            else:
                self._loop.call_soon(device.hear, down)

    def _deliver(self, device: Device, down: Downlink, confirm: Confirm) -> None:
        confirm(SUCCESS)
        device.hear(down)

    def _hold(self, device: Device, down: Downlink, confirm: Confirm) -> None:
        queue = self._queues[device.name]
        expiry = self._loop.call_later(INDIRECT_TIMEOUT_S, self._expire, device)
        queue.append(_Waiting(down, confirm, expiry))
        self._plan_poll(device)

    def _expire(self, device: Device) -> None:
        # Frames expire in the order in which they were queued: the oldest is always first.
        queue = self._queues[device.name]
        if queue:
            queue.popleft().confirm(TRANSACTION_EXPIRED)

    def _plan_poll(self, device: Device) -> None:
        if device.name in self._polls or device.muted or not self._queues[device.name]:
            return
        interval_s = max(device.poll_interval_s, 0.001)
        phase_s = self._loop.time() % interval_s
        self._polls[device.name] = self._loop.call_later(interval_s - phase_s, self._poll, device)

    def _poll(self, device: Device) -> None:
        self._polls.pop(device.name, None)
        queue = self._queues[device.name]
        if device.muted:
            return
        while queue:
            waiting = queue.popleft()
            waiting.expiry.cancel()
            self._deliver(device, waiting.down, waiting.confirm)

    def woke(self, device: Device) -> None:
        """Bring the next poll forward: the device polls faster now, or hears again."""
        timer = self._polls.pop(device.name, None)
        if timer is not None:
            timer.cancel()
        self._plan_poll(device)

    # From devices to the stick.

    def up_zcl(self, device: Device, uplink: Uplink, done: Done) -> None:
        if self._heard(device):
            self.stick.hear_zcl(uplink, done)
        else:
            done(Outcome(why="the stick is not on this device's network"))

    def up_zdo(self, device: Device, cluster: int, tsn: int, payload: bytes) -> None:
        if self._heard(device) and device.nwk is not None:
            self.stick.hear_zdo(device.nwk, cluster, tsn, payload, broadcast=False)

    def _heard(self, device: Device) -> bool:
        network = self.stick.network
        return self.stick.running and network is not None and network.same_as(device.network)

    # Joining and leaving.

    def admit_waiting(self) -> None:
        """Let every device in that was waiting for permission."""
        for device in self.devices.values():
            if device.joining_until is not None:
                self.admit(device)

    def admit(self, device: Device) -> bool:
        """Let a device in if the network is open; tell whether it is in."""
        network = self.stick.network
        if not (self.stick.running and self.stick.permits) or network is None:
            return False
        device.joining_until = None
        device.network = network
        device.nwk = self.free_nwk()
        self._loop.call_later(ASSOCIATES_AFTER_S, self.come_back, device)
        device.watcher.emit({"event": "joined", "device": device.name, "nwk": device.nwk})
        return True

    def come_back(self, device: Device) -> None:
        """Show the device to the trust centre, then let it announce itself."""
        if device.nwk is None or not self._heard(device):
            return
        child = device.role == END_DEVICE
        self.stick.device_joined(nwk=device.nwk, ieee=device.spec.ieee, child=child)
        device.stay_awake(AWAKE_AFTER_JOIN_S)
        if device.spec.deaf_after_join:
            device.muted = True
        if device.spec.announce:
            self._loop.call_later(ANNOUNCES_AFTER_S, self.announce, device)

    def announce(self, device: Device) -> None:
        """Broadcast a Device_annce."""
        if device.nwk is not None and self._heard(device):
            self.stick.hear_zdo(
                device.nwk,
                Zdo.DEVICE_ANNCE,
                device.next_tsn(),
                announcement(device.node),
                broadcast=True,
            )

    def left(self, device: Device, *, rejoin: bool) -> None:
        """Take a device off the network, or only show that it goes and comes back."""
        nwk = device.nwk
        if nwk is not None and self._heard(device):
            self.stick.device_left(nwk=nwk, ieee=device.spec.ieee, rejoin=rejoin)
        if rejoin:
            self._loop.call_later(ASSOCIATES_AFTER_S, self.come_back, device)
        else:
            device.network = device.nwk = None
            device.restore_factory()
        device.watcher.emit({"event": "left", "device": device.name, "rejoin": rejoin})

    def free_nwk(self) -> int:
        """Return an address that no device has."""
        taken = {device.nwk for device in self.devices.values()}
        while (nwk := self._rng.randint(FIRST_NWK, LAST_NWK)) in taken:
            continue
        return nwk

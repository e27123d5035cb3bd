"""zigpy-znp's application with our taps in it.

Owns the three places where the library would lose something that a life hangs on: frames that its
duplicate filter drops (a third alarm with a constant sequence number), frames of a device whose
short address it does not know yet, and a stick that resets itself in silence. Knows nothing of
readings. Imported late: the library takes a second to load.
"""

from __future__ import annotations

import asyncio
from collections import deque
from typing import Any

import zigpy.types as t
import zigpy_znp.commands as c
from zigpy.device import ZigbeeDevice
from zigpy.zcl import ClusterType
from zigpy_znp.zigbee.application import ControllerApplication

from drivers.zigbee.decode import PROFILES
from drivers.zigbee.ears import Ears, Frame

_OTA = 0x0019
FRAMES_PER_STRANGER = 4
STRANGERS = 16
STRANGER_S = 10.0
"""Frames kept for senders whose identity is being asked for, and how long. An answer takes some
30 ms; who has not answered after ten seconds is refused."""


THANKS_AFTER_S = 0.02
"""How long the library's own share of an alarm frame waits; devices expect it within a second."""

_ALARMS = (0x0500, 0x0501)  # IAS Zone and IAS ACE.


def _is_cluster_command(packet: Any) -> bool:
    """Return whether a frame is one of its cluster's own commands, not an answer to a read."""
    frame = packet.data.serialize()
    return bool(frame) and frame[0] & 0x03 == 0x01


class Coordinator(ControllerApplication):  # type: ignore[misc] # The library is not typed.
    """The stick. `attend` gives it its listener; before that it keeps silent."""

    def __init__(self, config: dict[str, Any]) -> None:
        super().__init__(config)
        self.ears: Ears | None = None
        self._strangers: dict[int, deque[Frame]] = {}
        self._running = False
        self.add_listener(_Events(self))

    def attend(self, ears: Ears) -> None:
        """Tell `ears` everything from now on."""
        self.ears = ears

    def listen_for_resets(self) -> None:
        """From now on a reset is the stick's own: the library's are part of its start."""
        self._running = True

    def known(self) -> tuple[str, ...]:
        """Return the addresses of all devices, without the stick's own."""
        return tuple(digits(ieee) for ieee in self.devices if digits(ieee) != self.own_ieee)

    def device_by_digits(self, ieee: str) -> Any:
        """Return the library's object for an address, None when it has none."""
        return self.devices.get(t.EUI64.convert(":".join(_pairs(ieee))))

    @property
    def own_ieee(self) -> str:
        """Return the stick's own address, 16 hex digits."""
        return digits(self.state.node_info.ieee)

    # --- what the library calls -----------------------------------------------------------------

    def packet_received(self, packet: Any) -> None:
        """Tell the listener first, then let the library match answers and interview devices."""
        if packet.src_ep and packet.profile_id in PROFILES and self.ears is not None:
            self._tap(packet)
            if packet.cluster_id in _ALARMS and _is_cluster_command(packet):
                # The library thanks the sender, and the stick takes one request at a time: the
                # siren's order, which follows in milliseconds, must not queue behind the thanks.
                deliver = super().packet_received
                asyncio.get_running_loop().call_later(THANKS_AFTER_S, deliver, packet)
                return
        super().packet_received(packet)

    def handle_join(
        self, nwk: t.NWK, ieee: t.EUI64, parent_nwk: t.NWK, *, handle_rejoin: bool = True
    ) -> None:
        """Attribute what a stranger said as soon as it is known who it is."""
        address = digits(ieee)
        for frame in self._strangers.pop(int(nwk), ()):
            self._tell(frame, address)
        super().handle_join(nwk, ieee, parent_nwk, handle_rejoin=handle_rejoin)
        if handle_rejoin and self.ears is not None and address != self.own_ieee:
            self.ears.announced(address)

    def add_device(self, ieee: t.EUI64, nwk: t.NWK) -> ZigbeeDevice:
        """Make the library's object for a new device."""
        self.devices[ieee] = device = _Device(self, ieee, nwk)
        return device

    def connection_lost(self, exc: Exception | None) -> None:
        """Pass on that the port broke."""
        super().connection_lost(exc)
        if self.ears is not None:
            self.ears.lost(f"the port closed ({exc})" if exc else "the port closed")

    def _bind_callbacks(self) -> None:
        super()._bind_callbacks()
        self._znp.callback_for_response(c.SYS.ResetInd.Callback(partial=True), self._on_reset)

    # --- ours -----------------------------------------------------------------------------------

    def _on_reset(self, message: Any) -> None:
        # The library listens for resets only while it waits for one of its own making. A stick that
        # resets itself still answers pings, but its network is down: to us that is a lost stick.
        if self._running and self.ears is not None:
            self.ears.lost(f"the stick reset itself ({message.Reason!r})")

    def _tap(self, packet: Any) -> None:
        frame = Frame(
            ieee="",
            profile=int(packet.profile_id),
            cluster=int(packet.cluster_id),
            endpoint=int(packet.src_ep),
            payload=packet.data.serialize(),
        )
        try:
            ieee = digits(self.get_device_with_address(packet.src).ieee)
        except (KeyError, ValueError):
            self._keep(int(packet.src.address), frame)
        else:
            if ieee != self.own_ieee:  # The stick hears its own broadcasts.
                self._tell(frame, ieee)

    def _tell(self, frame: Frame, ieee: str) -> None:
        if self.ears is not None:
            self.ears.heard(
                Frame(ieee, frame.profile, frame.cluster, frame.endpoint, frame.payload)
            )

    def _keep(self, nwk: int, frame: Frame) -> None:
        if nwk not in self._strangers:
            if len(self._strangers) >= STRANGERS:
                self._refuse(next(iter(self._strangers)))
            self._strangers[nwk] = deque(maxlen=FRAMES_PER_STRANGER)
            asyncio.get_running_loop().call_later(STRANGER_S, self._refuse, nwk)
        self._strangers[nwk].append(frame)

    def _refuse(self, nwk: int) -> None:
        if self._strangers.pop(nwk, None) is not None and self.ears is not None:
            self.ears.stranger(nwk)


class _Device(ZigbeeDevice):
    """A device without firmware updates.

    The library's interview reads the firmware version at the end. Devices that do not answer that
    question keep it waiting for 84 s and then fail the whole interview; the hub never updates
    firmware and does not ask.
    """

    def find_cluster(self, cluster_id: int, cluster_type: Any = ClusterType.Server) -> Any:
        """Return the cluster; there is none for firmware updates."""
        if cluster_id == _OTA:
            raise ValueError("firmware updates are off")
        return super().find_cluster(cluster_id, cluster_type)


class _Events:
    """Hears the library's own announcements; it calls these methods by their names.

    Not the coordinator itself: it has methods of the same names, which would call themselves.
    """

    def __init__(self, stick: Coordinator) -> None:
        self._stick = stick

    def device_initialized(self, device: Any) -> None:
        """Pass on that an interview ended well."""
        ears = self._ears_for(device)
        if ears is not None:
            ears.interviewed(digits(device.ieee))

    def device_init_failure(self, device: Any) -> None:
        """Pass on that an interview failed."""
        ears = self._ears_for(device)
        if ears is not None:
            ears.interview_failed(digits(device.ieee))

    def device_left(self, device: Any) -> None:
        """Pass on a goodbye."""
        ears = self._ears_for(device)
        if ears is not None:
            ears.left(digits(device.ieee))

    def _ears_for(self, device: Any) -> Ears | None:
        # The library speaks of the stick as of a device, three times at its first start.
        return None if digits(device.ieee) == self._stick.own_ieee else self._stick.ears


def digits(ieee: t.EUI64) -> str:
    """Return an address as 16 hex digits, big end first."""
    return str(ieee).replace(":", "")


def _pairs(ieee: str) -> list[str]:
    return [ieee[at : at + 2] for at in range(0, 16, 2)]

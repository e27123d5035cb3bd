"""From a radio frame to readings in the inbox, in one call.

Owns who may speak (the allow-list), what each zone said last, and the names of frames. Knows
nothing of the stick. This is the way of every alarm: nothing in here waits.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Sequence

from agent.core.clock import Clock
from agent.core.device import Device, DeviceId, DeviceKind, hub_part
from agent.core.errors import FrameError
from agent.core.reading import Quantity, Reading
from drivers.base import Inbox
from drivers.zigbee.decode import Decoded, Statement, decode
from drivers.zigbee.ears import Frame
from drivers.zigbee.frames import FrameNames

log = logging.getLogger(__name__)

HUB = hub_part("zigbee")
PREFIX = "zb:"
STRANGER_EVERY_S = 86_400.0
STRANGERS = 256  # Told apart at most; beyond it they are counted only.


def device_id(ieee: str) -> DeviceId:
    """Return the hub's id for an address of 16 hex digits."""
    return DeviceId(PREFIX + ieee)


class Hearing:
    """What is heard, and from whom. `ledger` returns the paired device of an id or None."""

    def __init__(
        self, clock: Clock, inbox: Inbox, ledger: Callable[[DeviceId], Device | None]
    ) -> None:
        self._clock = clock
        self._inbox = inbox
        self._ledger = ledger
        self._names = FrameNames()
        self._zones: dict[tuple[str, int], int] = {}
        self._new: dict[str, Device] = {}
        self._strangers: dict[str, float] = {}
        self.frames_in = 0
        self.frames_refused = 0

    def device(self, ieee: str) -> Device | None:
        """Return the device when it may speak: in the ledger, or set up in this run."""
        row = self._ledger(device_id(ieee))
        if row is None:
            return self._new.get(ieee)
        self._new.pop(ieee, None)  # From now on the ledger decides: it may strike the device out.
        return row

    def in_ledger(self, ieee: str) -> Device | None:
        """Return the device when it is in the ledger."""
        return self._ledger(device_id(ieee))

    def admit(self, ieee: str, device: Device) -> None:
        """Let a device speak that was set up just now; the ledger follows when a person agrees."""
        self._new[ieee] = device
        known = self._strangers.pop(device_id(ieee), None)
        if known is not None and not self._strangers:
            self.say_of_hub("unknown_device", False)

    def forget(self, ieee: str) -> None:
        """Let a device speak no longer on the strength of its set-up alone."""
        self._new.pop(ieee, None)

    def hear(self, frame: Frame, *, expected: bool) -> Decoded:
        """Deliver what a frame says, and return it.

        `expected`: the sender is being let in; it is understood but not yet delivered.
        """
        self.frames_in += 1
        device = self.device(frame.ieee)
        if device is None and not expected:
            self.refuse(device_id(frame.ieee))
            return Decoded()
        zone = (frame.ieee, frame.endpoint)
        try:
            decoded = decode(
                frame.payload,
                profile=frame.profile,
                cluster=frame.cluster,
                endpoint=frame.endpoint,
                kind=device.kind if device else DeviceKind.UNKNOWN,
                zone_before=self._zones.get(zone),
            )
        except FrameError as error:
            self.frames_refused += 1
            log.debug("frame.refused device=%s why=%s", device_id(frame.ieee), error)
            return Decoded()
        if device is not None:
            if decoded.zone_status is not None:
                self._zones[zone] = decoded.zone_status
            if decoded.statements:
                self.say(frame.ieee, decoded.statements, self._name(frame, decoded))
        return decoded

    def say(self, ieee: str, statements: Sequence[Statement], frame: str | None = None) -> None:
        """Deliver statements of a device."""
        if statements:
            now = self._clock.now()
            self._inbox.observe(
                [
                    Reading(
                        device_id(ieee),
                        said.quantity,
                        said.value,
                        now,
                        said.channel,
                        frame,
                        asked=frame is None,
                    )
                    for said in statements
                ]
            )

    def say_of_hub(self, channel: str, value: bool, detail: str = "") -> None:
        """Deliver a fault of the hub's own Zigbee, or its end."""
        now = self._clock.now()
        self._inbox.observe([Reading(HUB, Quantity.FAULT, value, now, channel, detail=detail)])

    def refuse(self, who: str) -> None:
        """Count a frame of somebody unknown, and say so once a day."""
        self.frames_refused += 1
        now_s = self._clock.now().at_s
        told_s = self._strangers.get(who)
        if told_s is not None and now_s - told_s < STRANGER_EVERY_S:
            return
        if told_s is None and len(self._strangers) >= STRANGERS:
            return
        self._strangers[who] = now_s
        log.warning("device.unknown device=%s", who)
        self.say_of_hub(
            "unknown_device",
            True,
            f"{who} speaks on our network but is not paired. "
            "If it belongs to this home, pair it; its alarms are not heard until then.",
        )

    def _name(self, frame: Frame, decoded: Decoded) -> str | None:
        # Answers count in our own transaction numbers: they must not come between a device's.
        if decoded.asked:
            return None
        return self._names.name(frame.ieee, frame.endpoint, frame.cluster, frame.payload)

"""How a part of the hub tells that it is not well, and that it is again.

Owns that each fault is told once when it comes and once when it goes, however often it is looked
at.
"""

from __future__ import annotations

import logging
from collections.abc import Iterable

from agent.core.clock import Clock
from agent.core.device import DeviceId, hub_part
from agent.core.reading import Quantity, Reading, Value
from agent.core.text import Sentence
from drivers.base import Inbox
from drivers.host.faults import Ill

log = logging.getLogger(__name__)


class Part:
    """One part of the hub, `hub:<name>`. Every call returns at once."""

    def __init__(self, name: str, clock: Clock, inbox: Inbox) -> None:
        self.name = name
        self._clock = clock
        self._inbox = inbox
        self._ills: dict[str, Ill] = {}
        self._judged: set[str] = set()
        self._last: dict[Quantity, Value] = {}

    @property
    def device(self) -> DeviceId:
        """Return the id of the part."""
        return hub_part(self.name)

    def ill(self, ill: Ill) -> None:
        """Take a fault; told once for as long as its channel is not well."""
        if ill.channel not in self._ills:
            log.warning("host.ill part=%s channel=%s", self.name, ill.channel)
            self._say(Quantity.FAULT, True, ill.channel, ill.says.en)
        self._ills[ill.channel] = ill
        self._judged.add(ill.channel)

    def well(self, channel: str) -> None:
        """Take the end of a fault; the first look after a start ends what an earlier run told."""
        if self._ills.pop(channel, None) is not None:
            log.info("host.well part=%s channel=%s", self.name, channel)
        elif channel in self._judged:
            return
        self._judged.add(channel)
        self._say(Quantity.FAULT, False, channel)

    def stands(self, ills: Iterable[Ill], channels: Iterable[str]) -> None:
        """Take all that is wrong now; the other `channels` are well."""
        now = {ill.channel: ill for ill in ills}
        for channel in channels:
            if channel in now:
                self.ill(now[channel])
            else:
                self.well(channel)

    def value(self, quantity: Quantity, value: Value) -> None:
        """Take a value; told when it differs from the one before."""
        if self._last.get(quantity) != value:
            self._last[quantity] = value
            self._say(quantity, value)

    def event(self, quantity: Quantity, value: Value) -> None:
        """Take what happens; told each time."""
        self._say(quantity, value)

    def says(self, otherwise: Sentence) -> Sentence:
        """Return what is wrong, or `otherwise`."""
        return next((ill.says for ill in self._ills.values()), otherwise)

    @property
    def ok(self) -> bool:
        """Return whether nothing is wrong."""
        return not self._ills

    def _say(self, quantity: Quantity, value: Value, channel: str = "", detail: str = "") -> None:
        now = self._clock.now()
        self._inbox.observe([Reading(self.device, quantity, value, now, channel, detail=detail)])

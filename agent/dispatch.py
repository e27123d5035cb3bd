"""Carries out what was decided: hands each actuation to the driver that reaches the device.

Owns which order a device is being given right now: a newer one takes the place of an older one
that is still being tried. Retries are the driver's business. What became of an order goes back as
a report.
"""

from __future__ import annotations

import asyncio
import json
import logging
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from agent.core.actuation import Actuation, ActuationKind
from agent.core.alarm import AlarmId
from agent.core.device import DeviceId
from agent.core.errors import HubError
from drivers.base import Driver

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Asked:
    """One order to one device. `key` names it over restarts: alarm, count, kind, device. `asked_s`
    is the hub time at which it was given: of two orders to a device the later one holds."""

    key: str
    device: DeviceId
    actuation: Actuation
    alarm: AlarmId
    asked_s: float

    def encode(self) -> str:
        """Return the JSON text that `decode` takes."""
        return json.dumps(
            {
                "device": self.device,
                "kind": self.actuation.kind,
                "duration_s": self.actuation.duration_s,
                "alarm": self.alarm,
                "asked_s": self.asked_s,
            }
        )

    @classmethod
    def decode(cls, key: str, body: str) -> Asked:
        """Return the order kept under `key`."""
        kept = json.loads(body)
        actuation = Actuation(ActuationKind(kept["kind"]), int(kept["duration_s"]))
        asked_s = float(kept["asked_s"])
        return cls(key, DeviceId(kept["device"]), actuation, AlarmId(kept["alarm"]), asked_s)


@dataclass(frozen=True, slots=True)
class Report:
    """What became of an order. `detail` is for people; empty when all is well."""

    asked: Asked
    ok: bool
    detail: str = ""
    superseded: bool = False


class Dispatch:
    """Runs orders as tasks of the group it was given; `tell` takes each report in the event
    loop."""

    def __init__(
        self,
        drivers: Sequence[Driver],
        group: asyncio.TaskGroup,
        tell: Callable[[Report], None],
    ) -> None:
        self._drivers = drivers
        self._group = group
        self._tell = tell
        self._running: dict[DeviceId, tuple[asyncio.Task[None], Asked]] = {}

    def release(self, orders: Sequence[Asked]) -> None:
        """Begin to carry out orders; returns at once. While the hub stops none is begun: they stay
        on record and are given at the next start."""
        for asked in orders:
            before = self._running.get(asked.device)
            work = self._carry_out(asked)
            try:
                task = self._group.create_task(work, name=f"actuate-{asked.device}")
            except RuntimeError:  # The group has ended, or ends.
                work.close()
                log.warning("actuate.not_begun device=%s: the hub stops", asked.device)
                continue
            self._running[asked.device] = (task, asked)
            if before is not None:  # It may not have begun yet, so it cannot tell this itself.
                before[0].cancel()
                detail = "a newer order came"
                self._tell(Report(before[1], ok=False, detail=detail, superseded=True))

    async def _carry_out(self, asked: Asked) -> None:
        # When the hub stops meanwhile, the order stays on record and is given again at the next
        # start.
        report = await self._attempt(asked)
        del self._running[asked.device]
        self._tell(report)

    async def _attempt(self, asked: Asked) -> Report:
        driver = next((d for d in self._drivers if d.owns(asked.device)), None)
        if driver is None:
            return Report(asked, ok=False, detail="no driver reaches this device")
        try:
            await driver.actuate(asked.device, asked.actuation)
        except HubError as error:
            return Report(asked, ok=False, detail=str(error))
        except Exception as error:
            log.exception("actuate.crashed device=%s", asked.device)
            return Report(asked, ok=False, detail=f"{type(error).__name__}: {error}")
        return Report(asked, ok=True)

"""Drills that the platform asks for: an alarm taken on the way of a real one, and closed again.

Owns which device plays and what is answered. That a drill moves nothing and is never dispatched is
the gate's matter and that of the flag, which it carries from its first reading on.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping

from agent import requests
from agent.control.schema import DrillParams, DrillResult
from agent.core.alarm import Alarm
from agent.core.clock import Clock
from agent.core.command import Caller, EndDrills, Role
from agent.core.device import Device, DeviceId, DeviceKind
from agent.core.errors import CommandRefused
from agent.core.reading import PLAYED, Quantity, Reading
from agent.once import Once, command_row, not_on_disk, request_of
from agent.pipeline import Also, Pipeline
from agent.registry import Registry
from agent.response.lifecycle import AlarmBook
from agent.transaction import Transaction

_NAME = "drill"
_PLAYERS: Mapping[str, tuple[DeviceKind, ...]] = {
    Quantity.SOS: (DeviceKind.CALL_BUTTON, DeviceKind.PENDANT, DeviceKind.PULL_CORD),
    Quantity.SMOKE: (DeviceKind.SMOKE,),
    Quantity.GAS: (DeviceKind.GAS,),
    Quantity.CO: (DeviceKind.CO,),
    Quantity.WATER_LEAK: (DeviceKind.LEAK,),
}

Outcome = DrillResult | CommandRefused


class Drills:
    """Runs drills over one home."""

    def __init__(self, clock: Clock, registry: Registry, pipeline: Pipeline, once: Once) -> None:
        self._clock = clock
        self._registry = registry
        self._pipeline = pipeline
        self._once = once

    async def run(self, params: DrillParams) -> DrillResult:
        """Run a drill and return its alarm once it is on disk, or that of the same request before.

        Errors: CommandRefused "replayed", "rate_limited", "unknown_device", "too_soon".
        """
        request = request_of(_NAME, params)
        try:
            known = self._once.recall(request, DrillResult)
            if known is not None:
                return known
            puts = self._once.make_room()
            device = self._player(params)
        except CommandRefused as refused:
            self._once.refuse(_NAME, params, refused)
            raise
        answer: asyncio.Future[Outcome] = asyncio.get_running_loop().create_future()

        def tell(outcome: Outcome) -> None:
            if not answer.done():
                answer.set_result(outcome)

        def also(tx: Transaction, book: AlarmBook) -> None:
            result = _result(tx, book, device, params)
            if isinstance(result, CommandRefused):
                tx.add(command_row(tx, _NAME, params, refused=result.code))
                tx.done = lambda durable: tell(result)
                return
            tx.add(command_row(tx, _NAME, params, alarm=result.alarm, detail=params.kind))
            kept = requests.remember(request, result.model_dump_json(), tx.stamp.at_s)
            tx.puts += [*puts, kept]
            tx.done = lambda durable: tell(result) if durable else give_up()

        def give_up() -> None:
            self._once.forget(request)
            tell(not_on_disk())

        self._play(device, params, also)
        outcome = await answer
        if isinstance(outcome, CommandRefused):
            raise outcome
        return outcome

    def _play(self, device: Device, params: DrillParams, also: Also) -> None:
        """Let the device report and be well again: what it raised is closed, and the next drill is
        news again."""
        quantity = Quantity(params.kind)
        self._pipeline.drill(self._reading(device, quantity, active=True), also)
        self._pipeline.observe([self._reading(device, quantity, active=False)])
        caller = Caller(Role.LINK, f"platform:{params.by}", on_site=False)
        self._pipeline.command(EndDrills(device.id, caller), lambda outcome: None)

    def _player(self, params: DrillParams) -> Device:
        """Return the device that plays. Errors: CommandRefused "unknown_device"."""
        kinds = _PLAYERS[params.kind]
        if params.device:
            device = self._registry.get(DeviceId(params.device))
            if device is None or device.kind not in kinds:
                raise CommandRefused("unknown_device", f"no {params.kind} device of this id here")
            return device
        device = next((one for one in self._registry.all() if one.kind in kinds), None)
        if device is None:
            raise CommandRefused("unknown_device", f"this home has no device for {params.kind}")
        return device

    def _reading(self, device: Device, quantity: Quantity, *, active: bool) -> Reading:
        return Reading(device.id, quantity, active, self._clock.now(), PLAYED, drill=True)


def _result(tx: Transaction, book: AlarmBook, device: Device, params: DrillParams) -> Outcome:
    """Return the answer that tells of the alarm, or the refusal if the reading raised none."""
    open_drills = (alarm for alarm in book.open.values() if alarm.drill)
    alarm = next((one for one in open_drills if _is_of(one, device, params.kind)), None)
    if alarm is None:
        return CommandRefused("too_soon", "the last drill of it is hardly over; wait")
    return DrillResult(
        alarm=alarm.id,
        rule=alarm.rule,
        severity=alarm.severity,
        asked_at_s=tx.stamp.wall_s,
        raised_at_s=alarm.detected.wall_s,
    )


def _is_of(alarm: Alarm, device: Device, kind: str) -> bool:
    return alarm.why.device == device.id and alarm.hazard.value == kind

"""Lets devices in, sets them up, and sets them up again when they forgot.

Owns the way of a device from its first announcement to `READY`, and the set-ups that a sleeping
device missed. Knows nothing of frames.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Coroutine
from dataclasses import replace
from functools import partial
from typing import Any

from agent.core.clock import Clock
from agent.core.device import Device, DeviceKind
from agent.core.errors import DeviceError, TransportError
from agent.core.reading import Quantity
from drivers.base import Inbox, PairStage, PairStep
from drivers.zigbee import enroll
from drivers.zigbee.decode import Statement
from drivers.zigbee.definitions import ACE, Description, define
from drivers.zigbee.hearing import Hearing, device_id
from drivers.zigbee.radio import Radio

log = logging.getLogger(__name__)

CHECK_EVERY_S = 86_400.0  # Zones are asked once a day whether they still know us.
AGAIN_AFTER_S = 300.0  # A device that does not finish its set-up is not asked at its every word,
PAIRING_AGAIN_AFTER_S = 10.0  # but often while a person stands beside it and presses its button.
STALE_AFTER_S = 5.0
INTERVIEW_S = 30.0  # The library gives up after 84 s; nobody stands before a sensor for so long.
TASKS = 128  # Set-ups at once; a home has some fifty devices. Beyond it one waits until it speaks.


class Arrivals:
    """The devices on their way in.

    `on_ready` is called when the network has changed, `sounds` tells whether a siren is on.
    """

    def __init__(
        self,
        clock: Clock,
        inbox: Inbox,
        hearing: Hearing,
        *,
        on_ready: Callable[[], None],
        sounds: Callable[[str], bool],
    ) -> None:
        self._clock = clock
        self._inbox = inbox
        self._hearing = hearing
        self._on_ready = on_ready
        self._sounds = sounds
        self._radio: Radio | None = None
        self._group: asyncio.TaskGroup | None = None
        self._tasks: dict[str, asyncio.Task[None]] = {}
        self._coming: set[str] = set()
        self._open_until_s = 0.0
        self._tried_at_s: dict[str, float] = {}
        self._unfinished: set[str] = set()
        self._checked_at_s: dict[str, float] = {}

    # --- life -----------------------------------------------------------------------------------

    def start(self, radio: Radio, group: asyncio.TaskGroup) -> None:
        """Work with this connection, and ask the devices on mains how they stand."""
        self._radio, self._group = radio, group
        for ieee in radio.known():
            said = radio.describe(ieee)
            device = self._hearing.device(ieee)
            if said is not None and device is not None and said.mains:
                self._schedule(_look_at(ieee), partial(self._look, radio, ieee, said, device.kind))

    def stop(self) -> None:
        """Drop the connection and all work on it."""
        self._radio = self._group = None
        for task in self._tasks.values():
            task.cancel()
        self._tasks.clear()

    def open(self, window_s: int) -> None:
        """Take new devices for so long."""
        self._open_until_s = self._now_s() + window_s

    def close(self) -> None:
        """Take no new devices; those that came in before may finish."""
        self._open_until_s = 0.0

    def expects(self, ieee: str) -> bool:
        """Return whether an unknown device may be on its way in."""
        return ieee in self._coming or self._is_open()

    # --- what happens to a device ---------------------------------------------------------------

    def announced(self, ieee: str) -> None:
        """Take a device that came in, or came back and may have forgotten all."""
        self._take_in(ieee)
        said = self._radio.describe(ieee) if self._radio is not None else None
        if said is None:
            return
        # After a power cut all devices announce themselves at once: those that still know us
        # are left in peace.
        if ieee not in self._coming and enroll.zones(said):
            self._check(ieee)
        else:
            self._begin(ieee)

    def interviewed(self, ieee: str) -> None:
        """Go on with a device that has said what it is."""
        self._take_in(ieee)
        self._begin(ieee)

    def interview_failed(self, ieee: str) -> None:
        """Tell that a device fell asleep before it said what it is."""
        self._say_if_mute(ieee)

    def _say_if_mute(self, ieee: str) -> None:
        if self._radio is not None and self._radio.describe(ieee) is None:
            self._step(
                PairStage.FAILED,
                ieee,
                "it did not say what it is. Press its button every 2 s while it joins; try again",
            )

    def left(self, ieee: str) -> None:
        """Forget a device that said goodbye; tell the hub when it knew the device."""
        known = self._hearing.device(ieee) is not None or ieee in self._coming
        self._cancel(ieee)
        self._tried_at_s.pop(ieee, None)
        self._hearing.forget(ieee)
        self._coming.discard(ieee)
        self._unfinished.discard(ieee)
        if known:
            self._inbox.device_left(device_id(ieee))

    def spoke(self, ieee: str) -> None:
        """Use that a device is awake for what it missed."""
        if ieee in self._unfinished:
            rest_s = PAIRING_AGAIN_AFTER_S if ieee in self._coming else AGAIN_AFTER_S
            if self._now_s() - self._tried_at_s.get(ieee, 0.0) >= rest_s:
                self._begin(ieee)
            return
        checked_s = self._checked_at_s.get(ieee)
        if checked_s is None or self._now_s() - checked_s >= CHECK_EVERY_S:
            self._check(ieee)

    def wants_enrolment(self, ieee: str, endpoint: int) -> None:
        """Answer a zone that asks to be enrolled."""
        if self._radio is not None and (self.expects(ieee) or self._hearing.device(ieee)):
            answer = partial(self._radio.enrol, ieee, endpoint, enroll.zone_id(ieee))
            self._schedule(f"{ieee}/{endpoint}", answer)

    # --- inside ---------------------------------------------------------------------------------

    def _take_in(self, ieee: str) -> None:
        if self._is_open() and ieee not in self._coming:
            self._coming.add(ieee)
            self._step(PairStage.JOINED, ieee)
            asyncio.get_running_loop().call_later(INTERVIEW_S, self._say_if_mute, ieee)

    def _begin(self, ieee: str) -> None:
        radio = self._radio
        if radio is None or not (ieee in self._coming or self._hearing.device(ieee)):
            return
        # A device announces itself two or three times while it comes in; later it means that the
        # device started anew, and what was set up until now is gone.
        if self._now_s() - self._tried_at_s.get(ieee, -STALE_AFTER_S) >= STALE_AFTER_S:
            self._cancel(ieee)
        self._tried_at_s[ieee] = self._now_s()
        if not self._schedule(ieee, partial(self._set_up, radio, ieee)):
            self._unfinished.add(ieee)

    def _check(self, ieee: str) -> None:
        said = self._radio.describe(ieee) if self._radio is not None else None
        if self._radio is None or said is None or self._hearing.device(ieee) is None:
            return
        self._checked_at_s[ieee] = self._now_s()
        if enroll.zones(said):
            self._schedule(_look_at(ieee), partial(self._verify, self._radio, ieee, said))

    def _cancel(self, ieee: str) -> None:
        for key in (ieee, _look_at(ieee)):
            task = self._tasks.pop(key, None)
            if task is not None:
                task.cancel()

    def _schedule(self, key: str, work: Callable[[], Coroutine[Any, Any, Any]]) -> bool:
        """Start work unless the same is under way; return whether it was started."""
        running = self._tasks.get(key)
        if (running is not None and not running.done()) or self._group is None:
            return running is not None
        self._tasks = {name: task for name, task in self._tasks.items() if not task.done()}
        if len(self._tasks) >= TASKS:
            return False
        self._tasks[key] = self._group.create_task(self._bounded(key, work), name=f"zigbee.{key}")
        return True

    async def _bounded(self, key: str, work: Callable[[], Coroutine[Any, Any, Any]]) -> None:
        try:
            await work()
        except (DeviceError, TransportError) as error:
            log.debug("device.silent device=%s why=%s", key, error)

    async def _set_up(self, radio: Radio, ieee: str) -> None:
        said = radio.describe(ieee)
        if said is None:
            return
        self._unfinished.discard(ieee)
        self._step(PairStage.INTERVIEWED, ieee, f"{said.manufacturer} {said.model}")
        try:
            await enroll.learn_zone_types(radio, ieee, said)
            doubt = await enroll.enrol(radio, ieee, said)
        except (DeviceError, TransportError) as error:
            self._unfinished.add(ieee)
            self._step(PairStage.FAILED, ieee, f"{error}. Wake it (press its button)")
            return
        if enroll.zones(said) or any(ACE in endpoint.outputs for endpoint in said.endpoints):
            self._step(PairStage.ENROLLED, ieee, doubt)
        self._checked_at_s[ieee] = self._now_s()
        said = radio.describe(ieee) or said
        if not await enroll.ask_for_reports(radio, ieee, said):
            self._unfinished.add(ieee)
        self._ready(ieee, said)
        device = self._hearing.device(ieee)
        if device is not None:
            self._schedule(_look_at(ieee), partial(self._look, radio, ieee, said, device.kind))

    def _ready(self, ieee: str, said: Description) -> None:
        if ieee not in self._coming:
            return
        device = self._described(ieee, said)
        self._hearing.admit(ieee, device)
        self._inbox.device_found(device)
        self._step(PairStage.READY, ieee, device.kind)
        self._coming.discard(ieee)
        self._on_ready()

    def _described(self, ieee: str, said: Description) -> Device:
        """Return the ledger's row with what the device says of itself now; names are kept."""
        made = define(said)
        row = self._hearing.in_ledger(ieee) or Device(
            device_id(ieee), DeviceKind.UNKNOWN, f"{made.kind} {ieee[-4:]}"
        )
        kind = made.kind if row.kind is DeviceKind.UNKNOWN else row.kind
        return replace(
            row, kind=kind, manufacturer=said.manufacturer, model=said.model, power=made.power
        )

    async def _look(self, radio: Radio, ieee: str, said: Description, kind: DeviceKind) -> None:
        """Say how a device stands now. A siren cannot be asked; ours ends by itself in minutes."""
        if kind is DeviceKind.SIREN and not self._sounds(ieee):
            self._hearing.say(ieee, [Statement(Quantity.SIREN_ON, False)])
        await enroll.read_state(radio, ieee, said)

    async def _verify(self, radio: Radio, ieee: str, said: Description) -> None:
        if not await enroll.is_enrolled(radio, ieee, said):
            log.info("device.enrol_again device=%s", device_id(ieee))
            self._begin(ieee)

    def _step(self, stage: PairStage, ieee: str, detail: str = "") -> None:
        if ieee in self._coming:
            self._inbox.pair_step(PairStep(stage, device_id(ieee), detail))

    def _is_open(self) -> bool:
        return self._now_s() < self._open_until_s

    def _now_s(self) -> float:
        return self._clock.now().at_s


def _look_at(ieee: str) -> str:
    """Return the name of the work that only asks, and that no set-up waits for."""
    return f"{ieee}/look"

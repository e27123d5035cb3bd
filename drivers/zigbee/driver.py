"""The Zigbee driver: keeps the stick running, hears every device, lets new ones in.

Owns the life of the connection and joins its parts. Decoding, set-up and commands are their own
modules. Knows nothing of alarms: an SOS and a temperature take the same way out.
"""

from __future__ import annotations

import asyncio
import logging
import random
from collections.abc import Callable
from pathlib import Path

from agent.core.actuation import Actuation
from agent.core.clock import Clock
from agent.core.device import Device, DeviceId
from agent.core.errors import DeviceError, TransportError
from agent.core.reading import Quantity
from agent.core.text import Sentence
from drivers.base import Health, Inbox, PairStage, PairStep
from drivers.zigbee import actuate, faults
from drivers.zigbee.arrivals import Arrivals
from drivers.zigbee.decode import Statement
from drivers.zigbee.ears import Frame
from drivers.zigbee.hearing import PREFIX, Hearing
from drivers.zigbee.radio import Radio, Settings

log = logging.getLogger(__name__)

PING_EVERY_S = 5.0
FIRST_RETRY_S = 0.5
LONGEST_RETRY_S = 15.0
QUIET_START_S = 30.0  # The first backup reads 2,000 rows: not while the home waits for its hub.
BACKUP_EVERY_S = 86_400.0

_WELL = Sentence(zh="Zigbee 工作正常。", en="Zigbee works.")
_STARTING = Sentence(zh="Zigbee 正在启动。", en="Zigbee is starting.")


class ZigbeeDriver:
    """One stick and its devices, as `drivers.base.PairingDriver`.

    `database`  the library's own file with the network's keys; it must be on a durable disk.
    `ledger`    returns the paired device of an id, None for all others. Who is not in it is heard
                only while joining is open, and only once set up.
    `rng`       jitter of retries.
    """

    def __init__(
        self,
        *,
        port: str,
        baudrate: int,
        channel: int | None,
        database: Path,
        clock: Clock,
        inbox: Inbox,
        ledger: Callable[[DeviceId], Device | None],
        rng: random.Random | None = None,
    ) -> None:
        self._settings = Settings(port, baudrate, channel, database)
        self._inbox = inbox
        self._rng = rng or random.Random()
        self._wants_backup = asyncio.Event()
        self._hearing = Hearing(clock, inbox, ledger)
        self._sirens: dict[str, asyncio.TimerHandle] = {}
        self._arrivals = Arrivals(
            clock,
            inbox,
            self._hearing,
            on_ready=self._wants_backup.set,
            sounds=self._sirens.__contains__,
        )
        self._link: Radio | None = None  # The present connection, also while it is opened.
        self._radio: Radio | None = None  # The same once it is up.
        self._outage: faults.Outage | None = None
        self._restarts = 0
        self._ever_up = False
        self.backups_made = 0
        self._closing: asyncio.TimerHandle | None = None

    # --- drivers.base.Driver --------------------------------------------------------------------

    @property
    def name(self) -> str:
        """Return "zigbee"."""
        return "zigbee"

    def owns(self, device: DeviceId) -> bool:
        """Return whether the id is a Zigbee address."""
        return device.startswith(PREFIX)

    def health(self) -> Health:
        """Return how the stick is, in words."""
        up = self._radio is not None
        return Health(
            driver=self.name,
            ok=up,
            says=_WELL if up else self._outage.says if self._outage else _STARTING,
            port=self._settings.port,
            restarts=self._restarts,
            frames_in=self._hearing.frames_in,
            frames_refused=self._hearing.frames_refused,
        )

    async def run(self) -> None:
        """Serve the stick until cancelled; a lost stick is reopened for ever."""
        failures = 0
        try:
            while True:
                # Every second try also shakes the modem lines: slow, but it wakes a stick that
                # hangs in its bootloader.
                came_up = await self._serve(thorough=failures % 2 == 1)
                failures = 0 if came_up else failures + 1
                self._restarts += 1
                pause_s = min(FIRST_RETRY_S * 2 ** min(failures, 8), LONGEST_RETRY_S)
                await asyncio.sleep(pause_s * self._rng.uniform(0.75, 1.25))
        finally:
            for timer in self._sirens.values():
                timer.cancel()

    async def actuate(self, device: DeviceId, actuation: Actuation) -> None:
        """Make the device do it; the first attempt leaves at once, the last after 35 s.

        Errors: DeviceError when the device does not confirm or cannot do it, TransportError when
        the stick is gone.
        """
        ieee = device.removeprefix(PREFIX)
        order = await actuate.carry_out(ieee, actuation, lambda: self._radio, self._rng)
        self._hearing.say(ieee, [Statement(order.quantity, order.value, order.channel)])
        if order.quantity is Quantity.SIREN_ON:
            self._end_siren_later(ieee, order.lasts_s)

    # --- drivers.base.PairingDriver -------------------------------------------------------------

    async def open_joining(self, window_s: int) -> None:
        """Let new devices in for `window_s` seconds (1-254). Errors: TransportError."""
        await self._up().permit(window_s)
        self._arrivals.open(window_s)
        if self._closing is not None:
            self._closing.cancel()
        self._closing = asyncio.get_running_loop().call_later(window_s, self._shut)
        self._inbox.pair_step(PairStep(PairStage.OPEN, detail=f"{window_s} s"))

    async def close_joining(self) -> None:
        """Let nobody in any more. Errors: TransportError."""
        await self._up().permit(0)
        self._shut()

    def _shut(self) -> None:
        self._arrivals.close()
        if self._closing is not None:
            self._closing.cancel()
            self._closing = None
            self._inbox.pair_step(PairStep(PairStage.CLOSED))

    def _up(self) -> Radio:
        if self._radio is None:
            raise TransportError(f"Zigbee is down: {self.health().says.en}")
        return self._radio

    # --- drivers.zigbee.ears.Ears: what the stick tells ------------------------------------------

    def heard(self, frame: Frame) -> None:
        """Deliver a frame, then use that its sender is awake."""
        decoded = self._hearing.hear(frame, expected=self._arrivals.expects(frame.ieee))
        if decoded.wants_enrolment:
            self._arrivals.wants_enrolment(frame.ieee, frame.endpoint)
        elif not decoded.asked:
            self._arrivals.spoke(frame.ieee)

    def announced(self, ieee: str) -> None:
        """Take a device that came in or came back."""
        self._arrivals.announced(ieee)

    def interviewed(self, ieee: str) -> None:
        """Go on with a device that has said what it is."""
        self._arrivals.interviewed(ieee)

    def interview_failed(self, ieee: str) -> None:
        """Take note that a device did not say what it is."""
        self._arrivals.interview_failed(ieee)

    def left(self, ieee: str) -> None:
        """Take note of a goodbye."""
        self._arrivals.left(ieee)

    def stranger(self, nwk: int) -> None:
        """Refuse somebody who never said who they are."""
        self._hearing.refuse(f"short address 0x{nwk:04x}")

    def lost(self, why: str) -> None:
        """End everything that waits for the stick."""
        if self._link is not None:
            self._link.lose(why)

    # --- the life of one connection -------------------------------------------------------------

    async def _serve(self, *, thorough: bool) -> bool:
        """Open the stick and serve it until it is lost; return whether it ever came up."""
        async with asyncio.TaskGroup() as group:
            self._link = radio = Radio(self._settings, group)
            work: list[asyncio.Task[None]] = []
            try:
                outage = await self._open(radio, thorough=thorough)
                if outage is not None:
                    self._went_down(outage)
                    return False
                self._came_up(radio, group)
                work += [
                    group.create_task(self._ping(radio), name="zigbee.ping"),
                    group.create_task(self._back_up(radio), name="zigbee.backup"),
                ]
                why = await radio.until_lost()
                self._went_down(faults.gone(self._settings.port, why))
                return True
            finally:
                self._radio = self._link = None
                self._arrivals.stop()
                self._shut()  # A stick that starts lets nobody in.
                for task in work:
                    task.cancel()
                await radio.close()

    async def _open(self, radio: Radio, *, thorough: bool) -> faults.Outage | None:
        try:
            await radio.open(self, thorough=thorough)
        except Exception as error:  # The library raises anything.
            log.debug("zigbee.open_failed", exc_info=error)
            return faults.explain(error, self._settings.port)
        return None

    def _came_up(self, radio: Radio, group: asyncio.TaskGroup) -> None:
        self._radio = radio
        if self._outage is not None or not self._ever_up:
            self._hearing.say_of_hub("stick", False)
        self._ever_up, self._outage = True, None
        log.info("zigbee.up port=%s restarts=%d", self._settings.port, self._restarts)
        self._arrivals.start(radio, group)

    def _went_down(self, outage: faults.Outage) -> None:
        """Say so once for each outage, however many retries it has."""
        if self._outage is None:
            log.warning("zigbee.down why=%s port=%s", outage.code, self._settings.port)
            self._hearing.say_of_hub("stick", True, outage.says.en)
        self._outage = outage

    async def _ping(self, radio: Radio) -> None:
        while True:
            await asyncio.sleep(PING_EVERY_S)
            try:
                await radio.ping()
            except DeviceError:
                radio.lose("it does not answer")
            except TransportError:
                return

    async def _back_up(self, radio: Radio) -> None:
        """Keep a copy of the network that can be restored to another stick."""
        delay_s = QUIET_START_S if radio.has_backup else 0.0
        while True:
            try:
                async with asyncio.timeout(delay_s):
                    await self._wants_backup.wait()
            except TimeoutError:
                pass
            self._wants_backup.clear()
            try:
                await radio.back_up()
                self.backups_made += 1
            except (DeviceError, TransportError) as error:
                log.warning("zigbee.backup_failed why=%s", error)
            delay_s = BACKUP_EVERY_S

    def _end_siren_later(self, ieee: str, lasts_s: int) -> None:
        """A siren falls silent by itself and does not say so."""
        earlier = self._sirens.pop(ieee, None)
        if earlier is not None:
            earlier.cancel()
        if lasts_s:
            loop = asyncio.get_running_loop()
            self._sirens[ieee] = loop.call_later(lasts_s, self._siren_ended, ieee)

    def _siren_ended(self, ieee: str) -> None:
        self._sirens.pop(ieee, None)
        self._hearing.say(ieee, [Statement(Quantity.SIREN_ON, False)])

"""The modem driver: keeps the module running; sends texts, takes texts, calls.

Owns the life of the connection and what is said of its health. Knows nothing of alarms and
contacts: who is called, and when, is decided by whoever calls `send_sms` and `call`.
"""

from __future__ import annotations

import asyncio
import logging
import random
from collections.abc import Awaitable, Callable
from enum import Enum, auto
from pathlib import Path

from agent.core.actuation import Actuation
from agent.core.clock import Clock
from agent.core.device import DeviceId, hub_part
from agent.core.errors import DeviceError, TransportError
from agent.core.reading import Quantity, Reading
from agent.core.text import Sentence
from drivers.base import Health, Inbox
from drivers.serial.modem import faults, start
from drivers.serial.modem.connection import Connection
from drivers.serial.modem.decode import number as numbers
from drivers.serial.modem.decode.call import CallOutcome, CallPlan
from drivers.serial.modem.faults import Down, Outage, Part
from drivers.serial.modem.line import Line
from drivers.serial.modem.texts import Delivery, Listener, Texts

log = logging.getLogger(__name__)

HUB = hub_part("modem")
FIRST_RETRY_S = 0.5
LONGEST_RETRY_S = 15.0
LOOK_AGAIN_S = 1.0  # A port that is away costs one look at a folder.
POWER_S = 30.0  # Bound of the power cycle hook.

_STARTING = Sentence(zh="通信模块正在启动。", en="The modem is starting.")


class Remedy(Enum):
    """What is done to a module before it is opened again."""

    NONE = auto()
    RESET = auto()  # By command, right after the port has opened.
    POWER = auto()  # Its power away and back, where the hub can.


def remedy(silences: int) -> Remedy:
    """Return what the `silences`-th start after so many in a row without an answer begins with.

    >>> [remedy(count).name for count in range(5)]
    ['NONE', 'RESET', 'POWER', 'RESET', 'POWER']
    """
    if silences == 0:
        return Remedy.NONE
    return Remedy.RESET if silences % 2 else Remedy.POWER


class ModemDriver:
    """One module, as `drivers.base.Driver`, with two operations: `send_sms` and `call`.

    `pin_file`    holds the SIM's PIN, None when it has none.
    `power_cycle` takes the module's power away and gives it back; None where the hub cannot.
    `rng`         jitter of retries.
    """

    def __init__(
        self,
        *,
        port: str,
        baudrate: int,
        pin_file: Path | None,
        clock: Clock,
        inbox: Inbox,
        power_cycle: Callable[[], Awaitable[None]] | None = None,
        rng: random.Random | None = None,
    ) -> None:
        self._port = port
        self._line = Line(port, baudrate)
        self._pin_file = pin_file
        self._clock = clock
        self._inbox = inbox
        self._power_cycle = power_cycle
        self._rng = rng or random.Random()
        self._texts = Texts(lambda: clock.now().at_s)
        self._connection: Connection | None = None
        self._outage: Outage | None = None
        self._told: dict[Part, bool] = {}
        self._restarts = 0
        self._silences = 0
        self._lines_before = 0

    # --- drivers.base.Driver --------------------------------------------------------------------

    @property
    def name(self) -> str:
        """Return "modem"."""
        return "modem"

    def owns(self, device: DeviceId) -> bool:
        """Return False: nothing in the home is switched over a modem."""
        return False

    async def actuate(self, device: DeviceId, actuation: Actuation) -> None:
        """Refuse. Errors: DeviceError."""
        raise DeviceError(f"{device}: a modem switches nothing ({actuation.kind})")

    def health(self) -> Health:
        """Return how the modem is, in words."""
        connection = self._connection
        lines = self._lines_before + (0 if connection is None else connection.lines_in)
        return Health(
            driver=self.name,
            ok=connection is not None and connection.registered and self._outage is None,
            says=self._says(),
            port=self._port,
            restarts=self._restarts,
            frames_in=lines,
            frames_refused=self._texts.refused,
            hears_devices=False,
        )

    async def run(self) -> None:
        """Serve the modem until cancelled; a lost one is reopened for ever."""
        failures = 0
        while True:
            came_up = await self._serve()
            failures = 0 if came_up else failures + 1
            self._restarts += 1
            await asyncio.sleep(self._pause_s(failures))

    # --- what a hub needs a modem for -----------------------------------------------------------

    def attend(self, listener: Listener) -> None:
        """Tell `listener` of texts that come in and of what became of those that went out."""
        self._texts.listener = listener

    async def send_sms(self, number: str, text: str) -> Delivery:
        """Hand a text to the network and return what became of it: sent, or failed and why.

        Whether it reached the telephone is told to the listener later. It is tried once: when to
        try again is the caller's business.
        Errors: ConfigError for a number that cannot be, FrameError for a text that is too long,
        TransportError when the modem is not there.
        """
        dialled = numbers.check(number)
        return await self._texts.send(self._up().talk, dialled, text)

    async def call(
        self, number: str, *, says: str = "", plan: CallPlan | None = None
    ) -> CallOutcome:
        """Call and return how the call ended, with the keys that were pressed.

        `says` is spoken to who takes up, by the module's own voice, again and again. Cancelled,
        the call is hung up.
        Errors: ConfigError for a number that cannot be, CommandRefused when a call is under way,
        TransportError when the modem is not there or is lost meanwhile.
        """
        dialled = numbers.check(number)
        return await self._up().calls.call(dialled, says, plan or CallPlan())

    def _up(self) -> Connection:
        if self._connection is None:
            raise TransportError(f"the modem is down: {self._says().en}")
        return self._connection

    # --- the life of one connection -------------------------------------------------------------

    def _pause_s(self, failures: int) -> float:
        if self._outage is not None and self._outage.code == "missing":
            return LOOK_AGAIN_S
        pause_s = min(FIRST_RETRY_S * 2.0 ** min(failures, 8), LONGEST_RETRY_S)
        return pause_s * self._rng.uniform(0.75, 1.25)

    async def _serve(self) -> bool:
        """Open the modem and serve it until it is lost; return whether it ever came up."""
        came_up = False
        connection = Connection(self._line, self._port, self._texts)
        try:
            what = remedy(self._silences)
            if what is Remedy.POWER:
                await self._cycle_power()
            await connection.open(reset=what is Remedy.RESET)
            await connection.bring_up(None if self._pin_file is None else self._read_pin)
            came_up, self._connection = True, connection
            self._silences = 0
            self._came_up()
            log.info("modem.up port=%s restarts=%d", self._port, self._restarts)
            await connection.watch(self._look)
        except Down as down:
            self._went_down(down.outage)
        except TransportError as error:
            self._went_down(faults.gone(self._port, str(error)))
        finally:
            self._connection = None
            self._lines_before += connection.lines_in
            connection.close()
        return came_up

    async def _cycle_power(self) -> None:
        if self._power_cycle is None:
            return
        log.warning("modem.power_cycle port=%s", self._port)
        try:
            async with asyncio.timeout(POWER_S):
                await self._power_cycle()
        except (OSError, TimeoutError) as error:
            log.warning("modem.power_cycle_failed why=%s", error or "timeout")

    async def _read_pin(self) -> str:
        assert self._pin_file is not None
        return await asyncio.to_thread(start.pin_of, self._pin_file)

    # --- what is said of it ---------------------------------------------------------------------

    def _says(self) -> Sentence:
        if self._outage is not None:
            return self._outage.says
        return _STARTING if self._connection is None else self._connection.says()

    def _look(self, outage: Outage | None) -> None:
        """Take how the network is: None when all is well."""
        if outage is not None:
            self._went_down(outage)
        else:
            self._fault(Part.NETWORK, False)
            self._outage = None

    def _came_up(self) -> None:
        """Say that module and SIM are well; the network is asked for next."""
        for part in (Part.MODEM, Part.SIM):
            self._fault(part, False)
        if self._outage is not None and self._outage.part is not Part.NETWORK:
            self._outage = None

    def _went_down(self, outage: Outage) -> None:
        """Say so once, however many retries it has: one fault at a time, that of the present."""
        if outage.code == "silent":
            self._silences += 1
        if self._outage is None or self._outage.code != outage.code:
            log.warning("modem.down why=%s port=%s", outage.code, self._port)
        self._outage = outage
        for part in Part:
            at_fault = part is outage.part
            self._fault(part, at_fault, outage.says.en if at_fault else "")

    def _fault(self, part: Part, active: bool, detail: str = "") -> None:
        # Also the first time that all is well: an earlier run may have left a fault on record.
        if self._told.get(part) is active:
            return
        self._told[part] = active
        now = self._clock.now()
        self._inbox.observe([Reading(HUB, Quantity.FAULT, active, now, part, detail=detail)])

"""The call button and the lamp on the hub itself.

Owns when a press is a press and how the lamp flashes. The lines are the chip's matter. Works while
radio, network and disk are gone: it is the last button of the home.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Mapping
from contextlib import ExitStack
from pathlib import Path

from agent.core.actuation import Actuation
from agent.core.clock import Clock
from agent.core.device import DeviceId
from agent.core.errors import DeviceError, FrameError, TransportError
from agent.core.reading import Quantity
from agent.core.signal import Lamp
from agent.core.text import Sentence
from drivers.base import Health, Inbox
from drivers.host import faults, gpio
from drivers.host.part import Part

log = logging.getLogger(__name__)

BOUNCE_S = 0.05  # A contact trembles for some milliseconds; no finger is as quick.
STUCK_AFTER_S = 60.0
RETRY_S = 10.0
ALIVE_EVERY_S = 1800.0
"""A button that is well says so: who supervises devices knows no other way to tell it from a dead
one. Well inside the 2 h of a device that promises to report."""
HALF_FLASH_S: Mapping[Lamp, float] = {Lamp.FAST: 0.25, Lamp.SLOW: 1.0}
"""2 Hz and 0.5 Hz: inside 1.4-2.8 and 0.4-0.8 of IEC 60601-1-8 (mem)."""

_WELL = Sentence("主机按钮正常。", "The button on the hub works.")
_LAMP_ONLY = Sentence("主机指示灯正常。", "The lamp on the hub works.")
_STARTING = Sentence("主机按钮正在启动。", "The button on the hub is starting.")


class PanelDriver:
    """Button and lamp, as `drivers.base.Driver`. A line that is None is not there."""

    def __init__(
        self,
        *,
        chip: Path,
        button_line: int | None,
        lamp_line: int | None,
        clock: Clock,
        inbox: Inbox,
    ) -> None:
        self._chip = chip
        self._button_line = button_line
        self._lamp_line = lamp_line
        self._part = Part("button", clock, inbox)
        self._lamp = Lamp.OFF
        self._changed = asyncio.Event()
        self._lost: TransportError | FrameError | None = None
        self._released_s = float("-inf")
        self._stuck: asyncio.TimerHandle | None = None
        self._alive: asyncio.TimerHandle | None = None
        self._up = False
        self._restarts = -1
        self._presses = 0

    def show(self, lamp: Lamp) -> None:
        """Let the lamp show it until it is told otherwise. Returns at once."""
        if lamp is not self._lamp:
            self._lamp = lamp
            self._changed.set()

    # --- drivers.base.Driver ----------------------------------------------------------------------

    @property
    def name(self) -> str:
        """Return "button"."""
        return self._part.name

    def owns(self, device: DeviceId) -> bool:
        """Return that nothing takes orders here: the lamp follows the alarms by itself."""
        return False

    async def actuate(self, device: DeviceId, actuation: Actuation) -> None:
        """Refuse. Errors: DeviceError."""
        raise DeviceError(f"{self.name} takes no orders; got {actuation.kind}")

    def health(self) -> Health:
        """Return whether a press would be heard, in words."""
        well = _LAMP_ONLY if self._button_line is None else _WELL
        return Health(
            driver=self.name,
            ok=self._up and self._part.ok,
            says=self._part.says(well if self._up else _STARTING),
            port=str(self._chip),
            restarts=max(0, self._restarts),
            frames_in=self._presses,
            hears_devices=self._button_line is not None,
        )

    async def run(self) -> None:
        """Serve the lines until cancelled; lost ones are taken again for ever."""
        self._restarts += 1
        while True:
            try:
                await self._serve()
            except (TransportError, FrameError) as error:
                self._part.ill(faults.no_lines(str(self._chip), str(error)))
            finally:
                self._up, self._lost = False, None
                self._end_stuck()
                if self._alive is not None:
                    self._alive.cancel()
            await asyncio.sleep(RETRY_S)

    # --- inside -----------------------------------------------------------------------------------

    async def _serve(self) -> None:
        """Take the lines and serve them. Errors: TransportError, FrameError when they are lost."""
        loop = asyncio.get_running_loop()
        with ExitStack() as stack:
            lamp: gpio.Line | None = None
            if self._lamp_line is not None:
                lamp = gpio.lamp(self._chip, self._lamp_line)
                stack.callback(lamp.close)
            if self._button_line is not None:
                button = gpio.button(self._chip, self._button_line)
                stack.callback(button.close)
                loop.add_reader(button.fd, self._moved, button)
                stack.callback(loop.remove_reader, button.fd)
                if button.value():
                    # Pressed while nobody listened, or stuck. In doubt it is a call for help.
                    self._pressed()
                self._is_alive()
            self._part.well("lines")
            self._up = True
            await self._shine(lamp)

    async def _shine(self, line: gpio.Line | None) -> None:
        lit = False
        while True:
            self._changed.clear()
            if self._lost is not None:
                raise self._lost
            half_s = HALF_FLASH_S.get(self._lamp)
            lit = self._lamp is Lamp.STEADY if half_s is None else not lit
            if line is not None:
                line.set(lit)
            try:
                async with asyncio.timeout(half_s):
                    await self._changed.wait()
            except TimeoutError:
                pass

    def _is_alive(self) -> None:
        self._part.event(Quantity.SUPERVISION_REPORTS, True)
        self._alive = asyncio.get_running_loop().call_later(ALIVE_EVERY_S, self._is_alive)

    def _moved(self, button: gpio.Line) -> None:
        try:
            edges = button.edges()
        except (TransportError, FrameError) as error:
            asyncio.get_running_loop().remove_reader(button.fd)
            self._lost = error
            self._changed.set()
            return
        for pressed in edges:
            if pressed:
                self._pressed()
            else:
                self._released()

    def _pressed(self) -> None:
        loop = asyncio.get_running_loop()
        if self._stuck is not None or loop.time() - self._released_s < BOUNCE_S:
            return
        self._presses += 1
        self._stuck = loop.call_later(STUCK_AFTER_S, self._is_stuck)
        self._part.event(Quantity.SOS, True)

    def _released(self) -> None:
        self._released_s = asyncio.get_running_loop().time()
        self._end_stuck()
        self._part.well("stuck")

    def _is_stuck(self) -> None:
        self._part.ill(faults.stuck(STUCK_AFTER_S))

    def _end_stuck(self) -> None:
        if self._stuck is not None:
            self._stuck.cancel()
            self._stuck = None

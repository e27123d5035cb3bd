"""A panel that runs by itself, with `gpio_chip.c` preloaded; prints what it says, one JSON a line.

`python -m tests.drivers.host.panel_program CHIP STUCK_AFTER_S`: a word on stdin sets the lamp.
"""

from __future__ import annotations

import asyncio
import json
import os
import sys
from collections.abc import Sequence
from pathlib import Path

from agent.core.reading import Reading
from agent.core.signal import Lamp
from drivers.host import panel
from drivers.host.panel import PanelDriver
from tests.clocks import HandClock
from tests.drivers.host.gpio_chip import BUTTON, LAMP
from tests.drivers.host.inbox import Notes


class Printed(Notes):
    """Says everything aloud."""

    def observe(self, readings: Sequence[Reading]) -> None:
        """Print them."""
        for reading in readings:
            said = [reading.quantity, reading.value, reading.channel, reading.detail]
            sys.stdout.write(json.dumps(said) + "\n")
        sys.stdout.flush()


async def _live(chip: Path) -> None:
    driver = PanelDriver(
        chip=chip, button_line=BUTTON, lamp_line=LAMP, clock=HandClock(), inbox=Printed()
    )

    def asked() -> None:
        for word in os.read(sys.stdin.fileno(), 1024).decode().split():
            driver.show(Lamp(word))

    asyncio.get_running_loop().add_reader(sys.stdin, asked)
    await driver.run()


if __name__ == "__main__":
    panel.STUCK_AFTER_S = float(sys.argv[2])
    panel.RETRY_S = 0.1
    asyncio.run(_live(Path(sys.argv[1])))

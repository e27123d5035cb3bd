"""Frees frames that wait behind a stray start byte on the serial line.

A frame begins with 0xFE and its length. Noise that looks like such a head makes the library wait
for bytes that never come, and the next real frame, an alarm perhaps, waits with it. A frame of a
working stick is never interrupted: 255 bytes take 22 ms at 115,200 baud. So a head that is still
incomplete after `PATIENCE_S` without a byte was none.
"""

from __future__ import annotations

import asyncio
from typing import Any

PATIENCE_S = 0.05


def watch(protocol: Any) -> None:
    """Have the library's serial protocol drop heads of frames that do not go on."""
    take = protocol.data_received
    loop = asyncio.get_running_loop()
    timer: asyncio.TimerHandle | None = None

    def data_received(data: bytes) -> None:
        nonlocal timer
        if timer is not None:
            timer.cancel()
        take(data)
        timer = loop.call_later(PATIENCE_S, give_up) if protocol._buffer else None

    def give_up() -> None:
        nonlocal timer
        timer = None
        while protocol._buffer:
            del protocol._buffer[:1]
            take(b"")  # Looks for the next start byte, and delivers what is complete from there.

    protocol.data_received = data_received

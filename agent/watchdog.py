"""Tells systemd how the hub is: ready, alive, and in one line what it does.

Owns the notify protocol (sd_notify(3)). The watchdog is fed only while what matters makes progress.
"""

from __future__ import annotations

import asyncio
import logging
import os
import socket
from collections.abc import Callable

log = logging.getLogger(__name__)


def notify(text: str) -> None:
    """Send one notification ("READY=1", "STATUS=…") to systemd; without systemd nothing happens."""
    address = os.environ.get("NOTIFY_SOCKET")
    if not address:
        return
    if address.startswith("@"):
        address = "\0" + address[1:]
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM | socket.SOCK_CLOEXEC) as channel:
        channel.setblocking(False)  # A systemd that does not read must not hold up the home.
        try:
            channel.sendto(text.encode(), address)
        except OSError as error:
            log.warning("watchdog.unreachable error=%s", error)


async def feed(is_well: Callable[[], bool]) -> None:
    """Feed systemd's watchdog at half its interval, as long as `is_well()`; for ever."""
    interval_us = int(os.environ.get("WATCHDOG_USEC", "0"))
    if not interval_us:
        return
    while True:
        if is_well():
            notify("WATCHDOG=1")
        await asyncio.sleep(interval_us / 2_000_000)

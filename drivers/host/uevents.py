"""The kernel's word that a device has changed.

Owns the netlink socket. What changed is looked at by who is woken: a message may be lost, so it
says only "look". Without the right to listen the hub looks now and then, as ever.
"""

from __future__ import annotations

import asyncio
import logging
import socket
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager

log = logging.getLogger(__name__)

_KOBJECT_UEVENT = 15  # linux/netlink.h
_KERNEL = 1  # The group in which the kernel itself speaks; udev's is the next.
_MESSAGE_BYTES = 8192
_AT_ONCE = 64  # Messages taken in one go: a hub full of sticks may come up at the same moment.


@contextmanager
def waking(about: str, wake: asyncio.Event) -> Iterator[bool]:
    """Set `wake` whenever the kernel speaks of the subsystem `about`; gives whether it can be
    heard."""
    loop = asyncio.get_running_loop()
    kind = socket.SOCK_DGRAM | socket.SOCK_NONBLOCK
    with ExitStack() as stack:
        try:
            ear = stack.enter_context(socket.socket(socket.AF_NETLINK, kind, _KOBJECT_UEVENT))
            ear.bind((0, _KERNEL))
        except OSError as error:
            log.info("uevents.deaf why=%s", error.strerror)
            yield False
            return
        loop.add_reader(ear, _hear, ear, about, wake)
        stack.callback(loop.remove_reader, ear)
        yield True


def subsystem(message: bytes) -> str:
    """Return what a message is about, "" when it does not say.

    >>> subsystem(b"change@/devices/x\\0ACTION=change\\0SUBSYSTEM=power_supply\\0SEQNUM=7\\0")
    'power_supply'
    """
    for field in message.split(b"\0"):
        name, _, value = field.partition(b"=")
        if name == b"SUBSYSTEM":
            return value.decode(errors="replace")
    return ""


def _hear(ear: socket.socket, about: str, wake: asyncio.Event) -> None:
    for _ in range(_AT_ONCE):
        try:
            message = ear.recv(_MESSAGE_BYTES)
        except BlockingIOError:
            return
        except OSError:  # It overflowed: something was lost.
            wake.set()
            return
        if subsystem(message) == about:
            wake.set()

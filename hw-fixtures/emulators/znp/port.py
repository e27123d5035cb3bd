"""The serial port: a pty behind a symlink, or a TCP socket; both can be pulled out and put back.

Owns the queue towards the host: the kernel takes about 4 KiB of a pty and then says EAGAIN, and
not one byte may be lost while a host is there. Knows nothing of frames.
"""

import contextlib
import errno
import fcntl
import os
import socket
import struct
import termios
import time
import tty
from asyncio import AbstractEventLoop
from collections import deque
from collections.abc import Callable
from pathlib import Path
from typing import Protocol

READ_MAX = 65536
QUEUE_MAX = 8 * 1024 * 1024  # A host that is gone must not fill the memory; 200,000 frames fit.

_PACKET_DATA = 0x00
_PACKET_FLUSH_READ = 0x01  # TIOCPKT_FLUSHREAD: the host threw away what it had not read yet.

Written = Callable[[int | None], None]
Received = Callable[[bytes, int], None]


class Port(Protocol):
    """Where the host is plugged in."""

    @property
    def address(self) -> str: ...

    @property
    def plugged(self) -> bool: ...

    def plug(self) -> None: ...

    def unplug(self) -> None: ...

    def send(self, data: bytes, written: Written | None = None) -> None: ...


class Outlet:
    """The bytes on their way to one file descriptor, in order."""

    def __init__(self, loop: AbstractEventLoop, write: Callable[[bytes], int], fd: int) -> None:
        self._loop = loop
        self._write = write
        self._fd = fd
        self._waiting: deque[tuple[bytes, Written | None]] = deque()
        self._size = 0
        self.dropped = 0

    def send(self, data: bytes, written: Written | None) -> None:
        """Write what the kernel takes, keep the rest; `written` gets the time of the last byte."""
        if self._size + len(data) > QUEUE_MAX:
            self.dropped += 1
            if written is not None:
                written(None)
            return
        self._waiting.append((data, written))
        self._size += len(data)
        if len(self._waiting) == 1:
            self._pump()

    def clear(self) -> None:
        """Forget everything that has not been written."""
        self._loop.remove_writer(self._fd)
        waiting, self._waiting, self._size = self._waiting, deque(), 0
        for _, written in waiting:
            if written is not None:
                written(None)

    def _pump(self) -> None:
        while self._waiting:
            data, written = self._waiting[0]
            try:
                count = self._write(data)
            except BlockingIOError:
                count = 0
            except OSError:
                self.clear()  # The reader of this descriptor sees the same error and closes it.
                return
            self._size -= count
            if count < len(data):
                self._waiting[0] = (data[count:], written)
                self._loop.add_writer(self._fd, self._pump)
                return
            now_ns = time.monotonic_ns()
            self._waiting.popleft()
            if written is not None:
                written(now_ns)
        self._loop.remove_writer(self._fd)


class PtyPort:
    """A pseudo terminal; every plug makes a new one and points the link at it."""

    def __init__(self, loop: AbstractEventLoop, link: Path, received: Received) -> None:
        self._loop = loop
        self._link = link
        self._received = received
        self._master = -1
        self._slave = -1
        self._outlet: Outlet | None = None

    @property
    def address(self) -> str:
        return str(self._link)

    @property
    def plugged(self) -> bool:
        return self._outlet is not None

    def plug(self) -> None:
        if self._outlet is not None:
            return
        # Our own open slave keeps the master from EIO while no host has the port open.
        self._master, self._slave = os.openpty()
        tty.setraw(self._slave)
        os.set_blocking(self._master, False)
        fcntl.ioctl(self._master, termios.TIOCPKT, struct.pack("i", 1))
        self._outlet = Outlet(self._loop, self._write, self._master)
        self._loop.add_reader(self._master, self._read)
        self._point_link(os.ttyname(self._slave))

    def unplug(self) -> None:
        if self._outlet is None:
            return
        self._loop.remove_reader(self._master)
        outlet, self._outlet = self._outlet, None
        outlet.clear()
        with contextlib.suppress(OSError):
            if os.readlink(self._link) == os.ttyname(self._slave):
                self._link.unlink()
        os.close(self._slave)
        os.close(self._master)

    def send(self, data: bytes, written: Written | None = None) -> None:
        if self._outlet is not None:
            self._outlet.send(data, written)
        elif written is not None:
            written(None)

    def _write(self, data: bytes) -> int:
        return os.write(self._master, data)

    def _read(self) -> None:
        try:
            packet = os.read(self._master, READ_MAX)
        except BlockingIOError:
            return
        except OSError as error:
            if error.errno != errno.EIO:
                raise
            return
        read_ns = time.monotonic_ns()
        if packet[:1] == bytes((_PACKET_DATA,)):
            self._received(packet[1:], read_ns)
        elif packet and packet[0] & _PACKET_FLUSH_READ and self._outlet is not None:
            # A host has opened the port afresh: what waited for the last one is stale.
            self._outlet.clear()

    def _point_link(self, target: str) -> None:
        aside = self._link.with_name(f"{self._link.name}.new")
        with contextlib.suppress(FileNotFoundError):
            aside.unlink()
        aside.symlink_to(target)
        aside.replace(self._link)


class TcpPort:
    """A serial server on TCP with one host at a time; a new host takes the place of the old."""

    def __init__(self, loop: AbstractEventLoop, host: str, port: int, received: Received) -> None:
        self._loop = loop
        self._host = host
        self._port = port
        self._received = received
        self._listener: socket.socket | None = None
        self._client: socket.socket | None = None
        self._outlet: Outlet | None = None

    @property
    def address(self) -> str:
        return f"{self._host}:{self._port}"

    @property
    def plugged(self) -> bool:
        return self._listener is not None

    def plug(self) -> None:
        if self._listener is not None:
            return
        listener = socket.create_server((self._host, self._port), reuse_port=False)
        listener.setblocking(False)
        self._port = listener.getsockname()[1]
        self._listener = listener
        self._loop.add_reader(listener, self._accept)

    def unplug(self) -> None:
        self._hang_up()
        if self._listener is not None:
            self._loop.remove_reader(self._listener)
            self._listener.close()
            self._listener = None

    def send(self, data: bytes, written: Written | None = None) -> None:
        if self._outlet is not None:
            self._outlet.send(data, written)
        elif written is not None:
            written(None)

    def _accept(self) -> None:
        if self._listener is None:
            return
        try:
            client, _ = self._listener.accept()
        except (BlockingIOError, ConnectionError):
            return
        self._hang_up()
        client.setblocking(False)
        client.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self._client = client
        self._outlet = Outlet(self._loop, client.send, client.fileno())
        self._loop.add_reader(client, self._read)

    def _read(self) -> None:
        if self._client is None:
            return
        try:
            data = self._client.recv(READ_MAX)
        except BlockingIOError:
            return
        except OSError:
            data = b""
        if data:
            self._received(data, time.monotonic_ns())
        else:
            self._hang_up()

    def _hang_up(self) -> None:
        if self._client is None:
            return
        self._loop.remove_reader(self._client)
        if self._outlet is not None:
            self._outlet.clear()
            self._outlet = None
        self._client.close()
        self._client = None

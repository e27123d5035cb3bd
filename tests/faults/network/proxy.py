"""A TCP line to a broker that a test can spoil while it is in use.

Owns sockets and bytes. Knows nothing of MQTT. Every fault is steered from the event loop the proxy
runs on: what is set counts from the next chunk on.
"""

from __future__ import annotations

import asyncio
import socket
import struct
import time
from contextlib import suppress
from dataclasses import dataclass, field
from enum import StrEnum

CHUNK_BYTES = 1024
BUFFER_BYTES = 4096  # Small kernel buffers: a slow line must be felt by who writes to it.
POLL_S = 0.02
_NOW = struct.pack("ii", 1, 0)  # SO_LINGER of 0 s: closing sends RST instead of FIN.


class Cut(StrEnum):
    """How a line ends."""

    RST = "rst"
    FIN = "fin"


@dataclass(slots=True)
class Way:
    """One direction. `hold`: nothing moves and nothing is read, as when packets are lost; it goes
    on when it ends. `swallow`: everything is read and thrown away; what a line lost so it never
    carries again in that direction. `left`: so many bytes more pass, then the line is cut."""

    delay_s: float = 0.0
    bytes_per_s: float | None = None
    hold: bool = False
    swallow: bool = False
    left: int | None = None


@dataclass(slots=True)
class _Line:
    """One connection through the proxy. `up_ns`: when the broker's first bytes were passed on."""

    here: asyncio.StreamWriter
    there: asyncio.StreamWriter
    tasks: list[asyncio.Task[None]] = field(default_factory=list)
    poisoned: set[str] = field(default_factory=set)
    up_ns: int | None = None

    def end(self, how: Cut) -> None:
        """End both halves."""
        for writer in (self.here, self.there):
            if how is Cut.RST:
                sock = writer.get_extra_info("socket")
                with suppress(OSError):
                    sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _NOW)
                writer.transport.abort()
            else:
                writer.close()
        for task in self.tasks:
            task.cancel()


class Proxy:
    """Listens on `port` and passes on to `target_port`, both on loopback.

    `up` is the way to the broker, `down` the way back. `refuse`: new connections are reset.
    `ups` are the moments (monotonic ns) when a line carried the broker's first answer.
    """

    def __init__(self, port: int, target_port: int) -> None:
        self.port = port
        self.target_port = target_port
        self.up = Way()
        self.down = Way()
        self.refuse = False
        self.ups: list[int] = []
        self.accepted = 0
        self.carried = {"up": 0, "down": 0}
        self._lines: list[_Line] = []
        self._server: asyncio.Server | None = None

    async def start(self) -> None:
        """Listen."""
        sock = socket.socket()
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, BUFFER_BYTES)
        sock.bind(("127.0.0.1", self.port))
        self._server = await asyncio.start_server(self._accept, sock=sock, limit=BUFFER_BYTES)

    async def stop(self) -> None:
        """End every line and listen no more."""
        if self._server is None:
            return
        self._server.close()
        tasks = [task for line in self._lines for task in line.tasks]
        self.cut(Cut.RST)
        await asyncio.gather(*tasks, return_exceptions=True)
        await self._server.wait_closed()
        self._server = None

    @property
    def lines(self) -> int:
        """Return how many lines stand."""
        return len(self._lines)

    def cut(self, how: Cut = Cut.RST) -> int:
        """End every line now; return how many there were."""
        lines, self._lines = self._lines, []
        for line in lines:
            line.end(how)
        return len(lines)

    def heal(self) -> None:
        """Pass everything on again. Lines that lost bytes stay as they are."""
        self.up, self.down, self.refuse = Way(), Way(), False

    async def _accept(self, reader: asyncio.StreamReader, here: asyncio.StreamWriter) -> None:
        self.accepted += 1
        if self.refuse:
            here.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _NOW)
            here.transport.abort()
            return
        try:
            back, there = await asyncio.open_connection(
                "127.0.0.1", self.target_port, limit=BUFFER_BYTES
            )
        except OSError:
            here.transport.abort()
            return
        for writer in (here, there):
            writer.transport.set_write_buffer_limits(high=0)
            sock = writer.get_extra_info("socket")
            sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        line = _Line(here, there)
        self._lines.append(line)
        async with asyncio.TaskGroup() as group:
            line.tasks.append(group.create_task(self._carry(line, "up", reader, there)))
            line.tasks.append(group.create_task(self._carry(line, "down", back, here)))

    async def _carry(
        self, line: _Line, name: str, reader: asyncio.StreamReader, writer: asyncio.StreamWriter
    ) -> None:
        """Pass on one direction until it ends, then end the line in the same manner."""
        how = Cut.FIN
        try:
            while True:
                await self._held(name)
                chunk = await reader.read(CHUNK_BYTES)
                if not chunk:
                    break
                await self._held(name)
                if not await self._pass_on(line, name, chunk, writer):
                    break  # An end, not a reset: a reset would take the last bytes with it.
        except OSError:
            how = Cut.RST
        # Who swallows does not tell either side that the other is gone.
        while line in self._lines and self._way(name).swallow:  # noqa: ASYNC110 - steered by hand.
            await asyncio.sleep(POLL_S)
        if line in self._lines:
            self._lines.remove(line)
            line.tasks = [task for task in line.tasks if task is not asyncio.current_task()]
            line.end(how)

    async def _pass_on(
        self, line: _Line, name: str, chunk: bytes, writer: asyncio.StreamWriter
    ) -> bool:
        """Pass one chunk on as the way is now; False when the line is to be cut behind it."""
        way = self._way(name)
        if way.swallow:
            line.poisoned.add(name)
        if name in line.poisoned:
            return True
        if way.delay_s:
            await asyncio.sleep(way.delay_s)
        whole = True
        if way.left is not None:
            whole = len(chunk) < way.left
            chunk, way.left = chunk[: way.left], max(way.left - len(chunk), 0)
        writer.write(chunk)
        await writer.drain()
        self.carried[name] += len(chunk)
        if name == "down" and line.up_ns is None:
            line.up_ns = time.monotonic_ns()
            self.ups.append(line.up_ns)
        if way.bytes_per_s is not None:
            await asyncio.sleep(len(chunk) / way.bytes_per_s)
        return whole

    async def _held(self, name: str) -> None:
        while self._way(name).hold:  # noqa: ASYNC110 - steered by hand.
            await asyncio.sleep(POLL_S)

    def _way(self, name: str) -> Way:
        return self.up if name == "up" else self.down

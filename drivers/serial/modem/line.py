"""The serial port, in threads of its own.

Owns pyserial: whatever it does or does not do, the event loop goes on. A thread that the kernel
does not give back (a USB bridge that hangs in `open`) is left alone, and no second one is started
beside it. Knows nothing of what the bytes mean.
"""

from __future__ import annotations

import asyncio
import termios
import threading
from collections.abc import Callable
from contextlib import suppress
from typing import Any, TypeVar

import serial

T = TypeVar("T")

OPEN_S = 5.0
WRITE_S = 3.0
_READ_S = 0.5  # How long a read may wait; also how late the reader sees that it is to end.
_CHUNK = 1_024  # What the loop is given at once: 90 ms of a line at 115,200 baud.
_CHUNKS_AHEAD = 4  # Beyond them the bytes wait in the kernel, and the modem with them.

_FAILURES = (OSError, ValueError, TypeError, termios.error)  # pyserial raises each of them.


class Line:
    """One port, opened and closed again and again. `heard` and `lost` are called in the loop."""

    def __init__(self, port: str, baudrate: int) -> None:
        self._port = port
        self._baudrate = baudrate
        self._opener: threading.Thread | None = None
        self._open: _Open | None = None

    async def open(self, heard: Callable[[bytes], None], lost: Callable[[str], None]) -> None:
        """Open the port and begin to read. Errors: OSError, TimeoutError."""
        if self._opener is not None and self._opener.is_alive():
            raise TimeoutError("the last attempt to open the port still hangs")
        wanted = _Open(asyncio.get_running_loop(), heard, lost)
        answer: asyncio.Future[None] = wanted.loop.create_future()
        self._opener = threading.Thread(
            target=wanted.begin,
            args=(self._port, self._baudrate, answer),
            name="modem-read",
            daemon=True,
        )
        self._open = wanted
        self._opener.start()
        opened = False
        try:
            async with asyncio.timeout(OPEN_S):
                await answer
            opened = True
        except TimeoutError as error:
            raise TimeoutError(f"it hangs since {OPEN_S:g} s") from error
        finally:
            if opened:
                self._opener = None  # From now on the thread reads, and ends by itself.
            else:
                self.close()

    async def write(self, data: bytes) -> None:
        """Send bytes. Errors: OSError when the port is gone or takes nothing, TimeoutError."""
        port = None if self._open is None else self._open.port
        if port is None:
            raise OSError("the port is closed")
        loop = asyncio.get_running_loop()
        answer: asyncio.Future[Any] = loop.create_future()

        def work() -> None:
            try:
                port.write(data)
            except _FAILURES as error:
                _tell(loop, answer, OSError(str(error) or type(error).__name__))
            else:
                _tell(loop, answer, None)

        threading.Thread(target=work, name="modem-write", daemon=True).start()
        async with asyncio.timeout(WRITE_S + 1):
            await answer

    def close(self) -> None:
        """Let go of the port, as soon as its threads do."""
        if self._open is not None:
            self._open.end()
            self._open = None


class _Open:
    """One time that the port is open."""

    def __init__(
        self,
        loop: asyncio.AbstractEventLoop,
        heard: Callable[[bytes], None],
        lost: Callable[[str], None],
    ) -> None:
        self.loop = loop
        self.port: Any = None
        self._heard = heard
        self._lost = lost
        self._ended = threading.Event()
        self._ahead = threading.Semaphore(_CHUNKS_AHEAD)

    def begin(self, name: str, baudrate: int, answer: asyncio.Future[None]) -> None:
        """Open the port, say so, and read until the end. Runs in its own thread."""
        try:
            # Exclusive: a second program on the same line would take half of every answer.
            port = serial.Serial(
                name, baudrate, timeout=_READ_S, write_timeout=WRITE_S, exclusive=True
            )
        except _FAILURES as error:
            _tell(self.loop, answer, error if isinstance(error, OSError) else OSError(str(error)))
            return
        self.port = port
        _tell(self.loop, answer, None)
        try:
            self._read(port)
        except _FAILURES as error:
            self._post(self._lose, str(error) or type(error).__name__)
        finally:
            with suppress(*_FAILURES):
                port.close()

    def end(self) -> None:
        """Have the thread end; what it still reads is nobody's."""
        self._ended.set()
        if self.port is not None:
            with suppress(*_FAILURES, AttributeError):  # It may be closing by itself just now.
                self.port.cancel_read()

    def _read(self, port: Any) -> None:
        while not self._ended.is_set():
            data = port.read(1)
            if not data:
                continue
            data += port.read(min(port.in_waiting, _CHUNK - 1))
            while not self._ahead.acquire(timeout=_READ_S):
                if self._ended.is_set():
                    return
            self._post(self._take, data)

    def _take(self, data: bytes) -> None:
        self._ahead.release()
        if not self._ended.is_set():
            self._heard(data)

    def _lose(self, why: str) -> None:
        if not self._ended.is_set():
            self._lost(why)

    def _post(self, call: Callable[[T], None], value: T) -> None:
        with suppress(RuntimeError):  # The loop has ended before us.
            self.loop.call_soon_threadsafe(call, value)


def _tell(
    loop: asyncio.AbstractEventLoop, answer: asyncio.Future[Any], error: OSError | None
) -> None:
    """Have the loop learn how it went, if it still wants to know."""

    def tell() -> None:
        if answer.done():
            return
        if error is None:
            answer.set_result(None)
        else:
            answer.set_exception(error)

    with suppress(RuntimeError):
        loop.call_soon_threadsafe(tell)

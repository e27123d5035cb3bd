"""The other side of the control socket, for tests, demonstrations and benchmarks.

Blocking on purpose: `StickControl` works in a test thread, a script or a benchmark alike. In an
asyncio program use `AsyncStickControl`, which runs the same calls without blocking the loop.
"""

import asyncio
import json
import socket
import time
from collections import deque
from pathlib import Path
from types import TracebackType

TIMEOUT_S = 10.0
WAIT_MARGIN_S = 5.0

Reply = dict[str, object]


class ControlError(RuntimeError):
    """The emulator refused a request or did not answer it in time."""


class StickControl:
    """One connection to an emulated stick."""

    def __init__(self, path: Path | str, *, timeout_s: float = TIMEOUT_S) -> None:
        self._socket = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self._timeout_s = timeout_s
        self._socket.settimeout(timeout_s)
        self._socket.connect(str(path))
        self._buffer = b""
        self._number = 0
        self._events: deque[Reply] = deque()

    def __enter__(self) -> "StickControl":
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    def close(self) -> None:
        self._socket.close()

    def do(self, verb: str, /, **values: object) -> Reply:
        """Carry a verb out and return its reply; a refusal raises ControlError."""
        return self._ask(verb, values, self._timeout_s)

    def _ask(self, verb: str, values: Reply, within_s: float) -> Reply:
        self._number += 1
        request = {"id": self._number, "do": verb, **values}
        self._socket.sendall(json.dumps(request).encode() + b"\n")
        deadline = time.monotonic() + within_s
        while True:
            reply = self._line(deadline, f"{verb}: no reply")
            if "event" in reply:
                self._events.append(reply)
            elif reply.get("id") == self._number:
                if "error" in reply:
                    raise ControlError(str(reply["error"]))
                return reply

    def subscribe(self) -> None:
        """Have events sent to this connection from now on."""
        self.do("subscribe")

    def event(self, name: str, *, timeout_s: float | None = None, **values: object) -> Reply:
        """Return the next event of this name with these values; earlier others are dropped."""
        deadline = time.monotonic() + (timeout_s or self._timeout_s)
        while True:
            late = f"event {name} {values}: none came"
            event = self._events.popleft() if self._events else self._line(deadline, late)
            if event.get("event") == name and values.items() <= event.items():
                return event

    def wait_for(self, device: str, *, timeout_s: float = TIMEOUT_S, **values: object) -> Reply:
        """Wait until the device's state has these values and return the state."""
        request = {"device": device, "timeout_s": timeout_s, **values}
        reply = self._ask("wait_for", request, timeout_s + WAIT_MARGIN_S)
        state = reply["state"]
        if not reply["met"] or not isinstance(state, dict):
            raise ControlError(f"wait_for {device}: got {state}, wanted {values}")
        return state

    def state(self, device: str) -> Reply:
        """Return what a device looks like now."""
        devices = self.do("devices")["devices"]
        if isinstance(devices, list):
            for state in devices:
                if isinstance(state, dict) and state.get("device") == device:
                    return state
        raise ControlError(f"state: {device} is not in the home")

    def _line(self, deadline: float, late: str) -> Reply:
        while b"\n" not in self._buffer:
            left_s = deadline - time.monotonic()
            if left_s <= 0:
                raise ControlError(late)
            self._socket.settimeout(left_s)
            try:
                chunk = self._socket.recv(65536)
            except TimeoutError as error:
                raise ControlError(late) from error
            if not chunk:
                raise ControlError("the emulator has closed the control socket")
            self._buffer += chunk
        line, self._buffer = self._buffer.split(b"\n", 1)
        values = json.loads(line)
        if not isinstance(values, dict):
            raise ControlError(f"reply: got {line!r}, wanted an object")
        return values


class AsyncStickControl:
    """The same connection for asyncio programs; calls run one after another in a thread."""

    def __init__(self, control: StickControl) -> None:
        self._control = control
        self._lock = asyncio.Lock()

    async def do(self, verb: str, /, **values: object) -> Reply:
        async with self._lock:
            return await asyncio.to_thread(lambda: self._control.do(verb, **values))

    async def wait_for(
        self, device: str, *, timeout_s: float = TIMEOUT_S, **values: object
    ) -> Reply:
        async with self._lock:
            return await asyncio.to_thread(
                self._control.wait_for, device, timeout_s=timeout_s, **values
            )

    async def event(self, name: str, *, timeout_s: float = TIMEOUT_S, **values: object) -> Reply:
        async with self._lock:
            return await asyncio.to_thread(self._control.event, name, timeout_s=timeout_s, **values)

    async def subscribe(self) -> None:
        async with self._lock:
            await asyncio.to_thread(self._control.subscribe)

    async def state(self, device: str) -> Reply:
        async with self._lock:
            return await asyncio.to_thread(self._control.state, device)

    def close(self) -> None:
        self._control.close()

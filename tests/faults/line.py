"""A client of the control socket that shares no code with the product's own."""

from __future__ import annotations

import json
import socket
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

Notice = Callable[[dict[str, Any]], None]


class Refused(RuntimeError):
    """The hub answered, and the answer was no; `code` is its word for why."""

    def __init__(self, fault: dict[str, Any]) -> None:
        super().__init__(str(fault.get("message")))
        self.code = str((fault.get("data") or {}).get("code", ""))


class Line:
    """One blocking connection. Errors: OSError from every method when the hub is gone."""

    def __init__(
        self, path: Path, on_notice: Notice | None = None, timeout_s: float = 10.0
    ) -> None:
        self._socket = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self._socket.settimeout(timeout_s)
        try:
            self._socket.connect(str(path))
        except OSError:
            self._socket.close()
            raise
        self._timeout_s = timeout_s
        self._on_notice = on_notice
        self._buffer = b""
        self._number = 0

    def close(self) -> None:
        """Let the connection go."""
        self._socket.close()

    def send(self, raw: bytes) -> None:
        """Send bytes as they are."""
        self._socket.sendall(raw)

    def half_close(self) -> None:
        """Say that nothing more comes, and go on reading."""
        self._socket.shutdown(socket.SHUT_WR)

    def ask(self, method: str, **params: object) -> dict[str, Any]:
        """Ask and return the result. Errors: Refused."""
        self._number += 1
        request = {"jsonrpc": "2.0", "id": self._number, "method": method, "params": params}
        self.send(json.dumps(request).encode() + b"\n")
        deadline = time.monotonic() + self._timeout_s
        while True:
            message = self.read(deadline - time.monotonic())
            if "method" in message:
                self._take(message)
            elif message.get("id") == self._number:
                if "error" in message:
                    raise Refused(message["error"])
                result: dict[str, Any] = message["result"]
                return result

    def listen(self, for_s: float) -> None:
        """Take notices for so long at the most; return after the first."""
        try:
            message = self.read(for_s)
        except TimeoutError:
            return
        self._take(message)

    def read(self, within_s: float) -> dict[str, Any]:
        """Return the next whole line. Errors: TimeoutError, ConnectionError at its end."""
        deadline = time.monotonic() + within_s
        while b"\n" not in self._buffer:
            left_s = deadline - time.monotonic()
            if left_s <= 0:
                raise TimeoutError("no line")
            self._socket.settimeout(left_s)
            chunk = self._socket.recv(1 << 16)
            if not chunk:
                raise ConnectionError("the hub closed the control socket")
            self._buffer += chunk
        line, self._buffer = self._buffer.split(b"\n", 1)
        message: dict[str, Any] = json.loads(line)
        return message

    def _take(self, message: dict[str, Any]) -> None:
        if self._on_notice is not None:
            self._on_notice(message)

"""The control socket: JSON lines in, one reply for each, events for those who subscribe.

Owns the lines. Knows nothing of what the verbs do.
Shape:  {"id": 1, "do": "join", "device": "sos-1"} -> {"id": 1, "ok": true, ...}
        a request that makes no sense -> {"id": 1, "error": "what: got, wanted"}
"""

import asyncio
import contextlib
import json
import os
from collections.abc import Callable
from pathlib import Path
from typing import Protocol

from .device import State
from .request import Refused, Reply, Request

LINE_MAX = 256 * 1024
BACKLOG_MAX = 1024 * 1024  # A subscriber that does not read is let go.


CarryOut = Callable[[Request, Reply], None]


class Teller(Protocol):
    """Who has events to tell."""

    def listen(self, listener: Callable[[State], None]) -> None: ...

    def forget(self, listener: Callable[[State], None]) -> None: ...


async def serve_control(path: Path, carry_out: CarryOut, teller: Teller) -> asyncio.Server:
    """Listen on a Unix socket that only its owner may open.

    `carry_out` raises Refused for a request that makes no sense.
    """
    remove_socket(path)

    async def client(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await _Session(carry_out, teller, writer).run(reader)

    server = await asyncio.start_unix_server(client, path, limit=LINE_MAX)
    os.chmod(path, 0o600)
    return server


def remove_socket(path: Path) -> None:
    """Remove the socket of this or of an earlier run."""
    with contextlib.suppress(FileNotFoundError):
        path.unlink()


class _Session:
    def __init__(self, carry_out: CarryOut, teller: Teller, writer: asyncio.StreamWriter) -> None:
        self._carry_out = carry_out
        self._teller = teller
        self._writer = writer

    async def run(self, reader: asyncio.StreamReader) -> None:
        try:
            while line := await reader.readline():
                self._take(line)
                await self._writer.drain()
        except ValueError:
            self._write({"id": None, "error": f"line: got more than {LINE_MAX} bytes"})
        except ConnectionError:
            pass  # The client is gone: so is the need to answer it.
        finally:
            self._teller.forget(self._event)
            self._writer.close()

    def _take(self, line: bytes) -> None:
        number: object = None
        try:
            values = _object(line)
            number = values.pop("id", None)
            verb = values.pop("do", None)
            if not isinstance(verb, str):
                raise Refused(f"do: got {verb!r}, wanted a verb")
            if verb == "subscribe":
                Request(verb, values).only()
                self._teller.listen(self._event)
                self._write({"id": number, "ok": True})
                return
            self._carry_out(Request(verb, values), self._replier(number))
        except Refused as error:
            self._write({"id": number, "error": str(error)})

    def _replier(self, number: object) -> Callable[[State], None]:
        return lambda values: self._write({"id": number, "ok": True} | values)

    def _event(self, event: State) -> None:
        if self._writer.transport.get_write_buffer_size() > BACKLOG_MAX:
            self._teller.forget(self._event)
            self._writer.transport.abort()
            return
        self._write(event)

    def _write(self, values: State) -> None:
        if not self._writer.is_closing():
            self._writer.write(json.dumps(values).encode() + b"\n")


def _object(line: bytes) -> dict[str, object]:
    try:
        values = json.loads(line)
    except (UnicodeDecodeError, json.JSONDecodeError, RecursionError) as error:
        raise Refused(f"line: got {error}, wanted a JSON object") from error
    if not isinstance(values, dict):
        raise Refused(f"line: got {type(values).__name__}, wanted a JSON object")
    return values

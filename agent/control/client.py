"""Asks the hub over its control socket; used by the command line and by link.

One connection, many requests at once. Notifications go to the callback given at the start.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

from pydantic import ValidationError

from agent.control.schema import METHODS, NOTIFICATIONS, Shape
from agent.core.errors import CommandRefused, TransportError
from agent.core.limits import CONTROL_LINE_BYTES, CONTROL_REPLY_S

ResultT = TypeVar("ResultT", bound=Shape)
Notify = Callable[[str, Shape], None]


class ControlClient:
    """One open connection to guard. Use `connect`, then `ask`; `closed` is set when guard has gone
    away."""

    def __init__(
        self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, notify: Notify | None
    ) -> None:
        self._reader = reader
        self._writer = writer
        self._notify = notify
        self._waiting: dict[int, asyncio.Future[dict[str, Any]]] = {}
        self._next_id = 0
        self.closed = asyncio.Event()
        self._listener = asyncio.get_running_loop().create_task(
            self._listen(), name="control-client"
        )

    @classmethod
    async def connect(cls, socket: Path, notify: Notify | None = None) -> ControlClient:
        """Connect to guard. Errors: TransportError when nobody listens there."""
        try:
            reader, writer = await asyncio.open_unix_connection(
                str(socket), limit=CONTROL_LINE_BYTES
            )
        except OSError as error:
            raise TransportError(
                f"control socket {socket}: {error.strerror or error}. "
                "Is the hub running? Start it with: anju up --config FILE"
            ) from error
        return cls(reader, writer, notify)

    async def ask(
        self,
        method: str,
        params: Shape,
        result: type[ResultT],
        *,
        timeout_s: float | None = CONTROL_REPLY_S,
    ) -> ResultT:
        """Ask and return the answer.

        Errors: CommandRefused when guard says no, TransportError when it is gone or does not
        answer.
        """
        if method not in METHODS:
            raise ValueError(f"no such method: {method}")
        self._next_id += 1
        request_id = self._next_id
        future: asyncio.Future[dict[str, Any]] = asyncio.get_running_loop().create_future()
        self._waiting[request_id] = future
        line = json.dumps(
            {
                "jsonrpc": "2.0",
                "id": request_id,
                "method": method,
                "params": params.model_dump(mode="json"),
            }
        )
        try:
            if self.closed.is_set():
                raise TransportError("the hub closed the control socket; ask again when it is back")
            self._writer.write(line.encode() + b"\n")
            async with asyncio.timeout(timeout_s):
                answer = await future
        except TimeoutError as error:
            raise TransportError(f"{method}: no answer from the hub in {timeout_s} s") from error
        finally:
            self._waiting.pop(request_id, None)
        if "error" in answer:
            fault = answer["error"]
            data = fault.get("data") or {}
            raise CommandRefused(str(data.get("code", "error")), str(fault.get("message", fault)))
        return result.model_validate(answer.get("result"))

    async def close(self) -> None:
        """Close the connection and wait until it is gone."""
        self._listener.cancel()
        self._writer.close()
        await asyncio.gather(self._listener, return_exceptions=True)

    async def _listen(self) -> None:
        try:
            while line := await self._reader.readline():
                self._take(json.loads(line))
        except (OSError, ValueError):
            pass  # A broken line from guard is the same as guard gone: the caller connects again.
        finally:
            self.closed.set()
            for future in self._waiting.values():
                if not future.done():
                    future.set_exception(TransportError("the hub closed the control socket"))
            self._writer.close()

    def _take(self, message: dict[str, Any]) -> None:
        if "id" in message:
            future = self._waiting.get(message["id"])
            if future is not None and not future.done():
                future.set_result(message)
            return
        shape = NOTIFICATIONS.get(str(message.get("method")))
        if shape is None or self._notify is None:
            return
        try:
            self._notify(str(message["method"]), shape.model_validate(message.get("params")))
        except ValidationError:
            return  # A newer guard may say things that this client does not know.

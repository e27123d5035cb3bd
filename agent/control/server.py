"""Answers on the control socket: parses, checks the role and the shape, and asks the handlers.

Owns the wire and its bounds. Knows nothing of what a method does: a handler takes the parsed
request and the caller and returns the answer's shape. Garbage is answered, counted and never more
than that.
"""

from __future__ import annotations

import asyncio
import json
import logging
import os
import pwd
import socket
import struct
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from agent.control import schema
from agent.control.schema import METHODS, Shape
from agent.core.command import Caller, Role
from agent.core.errors import CommandRefused, HubError
from agent.core.limits import CONTROL_CLIENTS, CONTROL_LINE_BYTES

log = logging.getLogger(__name__)

_ANSWERS_WAITING = 256  # A client that does not read loses its connection, not the hub its memory.
_REQUESTS_AT_ONCE = 16


@dataclass(eq=False, slots=True)
class Peer:
    """One connection: who it is, what it may do, and a way to send it notifications."""

    caller: Caller
    roles: frozenset[Role]
    notify: Callable[[str, Shape], None]
    following: bool = False


Handler = Callable[[Any, Peer], Awaitable[Shape]]


@dataclass(slots=True)
class Counts:
    """What came in over the socket."""

    requests: int = 0
    refused: int = 0
    garbage: int = 0


class ControlServer:
    """Serves `handlers` (method name to handler) on a Unix socket for the hub's own group."""

    def __init__(self, path: Path, handlers: Mapping[str, Handler]) -> None:
        missing = METHODS.keys() - handlers.keys()
        assert not missing, f"no handler for {missing}"
        self._path = path
        self._handlers = handlers
        self._peers: set[Peer] = set()
        self._writers: set[asyncio.StreamWriter] = set()
        self.counts = Counts()

    async def serve(self) -> None:
        """Listen until cancelled. Errors: OSError when the socket cannot be made."""
        self._path.parent.mkdir(parents=True, exist_ok=True, mode=0o750)
        self._path.unlink(missing_ok=True)
        server = await asyncio.start_unix_server(
            self._connected, str(self._path), limit=CONTROL_LINE_BYTES
        )
        self._path.chmod(0o660)
        try:
            # Not serve_forever: since Python 3.12 it ends only when every client has gone away.
            await asyncio.get_running_loop().create_future()
        finally:
            server.close()
            for writer in tuple(self._writers):
                writer.close()

    def tell_followers(self, method: str, shape: Shape) -> None:
        """Send a notification to every connection that follows the journal."""
        for peer in tuple(self._peers):
            if peer.following:
                peer.notify(method, shape)

    async def _connected(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        outbox: asyncio.Queue[dict[str, Any]] = asyncio.Queue(_ANSWERS_WAITING)

        def send(message: dict[str, Any]) -> None:
            try:
                outbox.put_nowait(message)
            except asyncio.QueueFull:
                writer.transport.abort()

        def notify(method: str, shape: Shape) -> None:
            send({"jsonrpc": "2.0", "method": method, "params": shape.model_dump(mode="json")})

        peer = _peer_of(writer, notify)
        if len(self._peers) >= CONTROL_CLIENTS:
            send(_error(None, schema.REFUSED, "too many connections; close one of them", "busy"))
            writer.write(_line(outbox.get_nowait()))
            writer.close()
            return
        self._peers.add(peer)
        self._writers.add(writer)
        try:
            async with asyncio.TaskGroup() as group:
                tasks = {group.create_task(_write(outbox, writer), name="control-write")}
                await self._read(reader, peer, send, tasks, group)
                for task in tasks:
                    task.cancel()
        except* OSError:
            pass  # The client went away: its requests have been cancelled with it.
        except* asyncio.CancelledError:
            pass  # The hub stops, and this task is the connection: nothing is left to tell.
        finally:
            self._peers.discard(peer)
            self._writers.discard(writer)
            writer.close()

    async def _read(
        self,
        reader: asyncio.StreamReader,
        peer: Peer,
        send: Callable[[dict[str, Any]], None],
        tasks: set[asyncio.Task[None]],
        group: asyncio.TaskGroup,
    ) -> None:
        """Take requests until the client goes away or sends a line without end."""
        while True:
            try:
                line = await reader.readline()
            except ValueError:  # Longer than the limit: there is no telling where it ends.
                self.counts.garbage += 1
                wanted = f"a line of at most {CONTROL_LINE_BYTES} bytes"
                send(_error(None, schema.PARSE_ERROR, f"line too long, wanted {wanted}"))
                await asyncio.sleep(0)  # Lets the answer go out before the connection closes.
                return
            if not line:
                return
            if len(tasks) > _REQUESTS_AT_ONCE:
                send(_error(None, schema.REFUSED, "too many requests at once; wait", "busy"))
                continue
            task = group.create_task(self._serve_line(line, peer, send), name="control-request")
            tasks.add(task)
            task.add_done_callback(tasks.discard)

    async def _serve_line(
        self, line: bytes, peer: Peer, send: Callable[[dict[str, Any]], None]
    ) -> None:
        """Answer one line, whatever is in it."""
        self.counts.requests += 1
        try:
            request = json.loads(line)
            if not isinstance(request, dict) or not isinstance(request.get("method"), str):
                raise ValueError("not a JSON-RPC request object with a method")
        except (ValueError, RecursionError) as error:
            self.counts.garbage += 1
            send(_error(None, schema.PARSE_ERROR, f"request cannot be read: {error}"))
            return
        request_id = request.get("id")
        if request_id is not None and not isinstance(request_id, int | str):
            request_id = None
        try:
            result = await self._answer(request["method"], request.get("params") or {}, peer)
            send({"jsonrpc": "2.0", "id": request_id, "result": result.model_dump(mode="json")})
        except CommandRefused as refusal:
            self.counts.refused += 1
            send(_error(request_id, schema.REFUSED, str(refusal), refusal.code))
        except HubError as error:
            send(_error(request_id, schema.REFUSED, str(error), type(error).__name__))
        except ValidationError as error:
            self.counts.refused += 1
            send(_error(request_id, schema.INVALID_PARAMS, _sentence(error), "invalid_params"))
        except Exception:  # A bug behind one request must not end the hub.
            log.exception("control.crashed method=%s", request["method"])
            message = "the hub made an error; see its log"
            send(_error(request_id, schema.INTERNAL_ERROR, message, "internal"))

    async def _answer(self, name: str, params: object, peer: Peer) -> Shape:
        method = METHODS.get(name)
        if method is None:
            known = ", ".join(sorted(METHODS))
            raise CommandRefused("unknown_method", f"no method {name[:64]!r}; there are: {known}")
        if not method.roles & peer.roles:
            wanted = " or ".join(sorted(method.roles))
            raise CommandRefused(
                "forbidden", f"{name} is for the role {wanted}; you are {peer.caller.role}"
            )
        return await self._handlers[name](method.params.model_validate(params), peer)


async def _write(outbox: asyncio.Queue[dict[str, Any]], writer: asyncio.StreamWriter) -> None:
    while True:
        writer.write(_line(await outbox.get()))
        await writer.drain()


def _line(message: dict[str, Any]) -> bytes:
    # Half a surrogate pair, which JSON can say and UTF-8 cannot, comes back as a question mark.
    return json.dumps(message, ensure_ascii=False).encode(errors="replace") + b"\n"


def _error(request_id: int | str | None, number: int, says: str, code: str = "") -> dict[str, Any]:
    fault: dict[str, Any] = {"code": number, "message": says}
    if code:
        fault["data"] = {"code": code}
    return {"jsonrpc": "2.0", "id": request_id, "error": fault}


def _sentence(error: ValidationError) -> str:
    first = error.errors(include_url=False)[0]
    key = ".".join(str(part) for part in first["loc"])
    says = first["msg"][:1].lower() + first["msg"][1:]
    return f"{key or 'params'} = {str(first['input'])[:80]!r}: {says}"


def _peer_of(writer: asyncio.StreamWriter, notify: Callable[[str, Shape], None]) -> Peer:
    """Say who is at the other end from what the kernel knows of it.

    The hub's own user and root may do everything; anybody else who may open the socket (the group)
    is an operator.
    """
    sock = writer.get_extra_info("socket")
    raw = sock.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, struct.calcsize("3i"))
    _, uid, _ = struct.unpack("3i", raw)
    try:
        name = pwd.getpwuid(uid).pw_name
    except KeyError:
        name = str(uid)
    trusted = uid in (0, os.getuid())
    role = Role.INSTALLER if trusted else Role.OPERATOR
    roles = frozenset(Role) if trusted else frozenset({Role.OPERATOR})
    return Peer(Caller(role, f"cli:{name}", on_site=True), roles, notify)

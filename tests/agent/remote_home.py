"""A home that the platform asks things of: the journal is real, the keys are made for the test."""

from __future__ import annotations

import asyncio
import json
import sqlite3
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, closing
from itertools import count
from pathlib import Path
from typing import Any, TypeVar

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from agent.config import Config
from agent.control.schema import ChangeResult, PlatformRequest, Shape, SignedParams
from agent.control.server import Peer
from agent.core.command import Caller, Role
from agent.core.errors import CommandRefused
from agent.core.row import Kind
from tests.agent.home import OWN_RULES, Home
from tests.clocks import HandClock
from tests.platform.signing import Signer, document

ShapeT = TypeVar("ShapeT", bound=Shape)
SIGNER = Signer("ops", Ed25519PrivateKey.from_private_bytes(bytes(range(32))))
STRANGER = Signer("ops", Ed25519PrivateKey.from_private_bytes(bytes(32)))
LINK = Peer(Caller(Role.LINK, "link", on_site=False), frozenset(Role), lambda method, shape: None)
NUMBERS = count(1)


class Over(Exception):
    """Ends a home's tasks."""


class RemoteHome:
    """A home and what the platform says to it. `again` is the hub after a power cut."""

    def __init__(self, folder: Path, clock: HandClock, group: asyncio.TaskGroup) -> None:
        self.folder = folder
        self.clock = clock
        self._group = group
        self.home = self._made()

    def _made(self) -> Home:
        config = Config.model_validate(
            {
                "hub": {
                    "id": "hub-1",
                    "district": "d1",
                    "data_dir": self.folder / "data",
                    "runtime_dir": self.folder,
                },
                "uplink": {
                    "host": "old.example",
                    "command_keys": {"ops": SIGNER.public},
                    "ca_file": self.folder / "ca.pem",
                },
                "rules": OWN_RULES,
            }
        )
        return Home(self.folder, self.clock, self._group, config)

    def again(self) -> None:
        """Lose power and come back."""
        self.home.close()
        self.home = self._made()

    async def ask(self, method: str, params: PlatformRequest, result: type[ShapeT]) -> ShapeT:
        """Return what guard answers link."""
        found = await self.home.remote.handlers()[method](params, LINK)
        assert isinstance(found, result)
        return found

    async def refused(self, method: str, params: PlatformRequest) -> str:
        """Return the code with which guard says no."""
        with pytest.raises(CommandRefused) as caught:
            await self.ask(method, params, Shape)
        return caught.value.code

    def signed(
        self, name: Any, version: int, content: Any, *, signer: Signer = SIGNER, **said: Any
    ) -> SignedParams:
        """Return a signed request. `said` goes into the document."""
        return self.signed_as(name, {"version": version, "content": content, **said}, signer)

    def signed_as(self, name: Any, said: dict[str, Any], signer: Signer = SIGNER) -> SignedParams:
        """Return a request with a signed document that says `said`, also of itself."""
        request_id = f"s-{next(NUMBERS)}"
        text = document(
            name,
            request_id,
            "hub-1",
            "d1",
            self.clock.wall_s,
            said,
        )
        return SignedParams(request_id=request_id, life_s=60, name=name, **signer.params(text))

    async def change(self, name: str, version: int, content: Any, **said: Any) -> ChangeResult:
        """Have a signed change begun."""
        return await self.ask("change", self.signed(name, version, content, **said), ChangeResult)

    def pass_time(self, seconds: float) -> None:
        """Let time pass; what is due is done."""
        self.home.pass_time(seconds)
        self.home.remote.look()

    def rows(self, kind: Kind) -> list[dict[str, Any]]:
        """Return the bodies of the rows on disk."""
        with closing(sqlite3.connect(self.home.store.file.path)) as db:
            found = db.execute("SELECT body FROM journal WHERE kind = ? ORDER BY seq", (kind,))
            return [json.loads(body) for (body,) in found]

    async def rows_are(self, kind: Kind, count: int) -> list[dict[str, Any]]:
        """Wait until there are so many rows of a kind; return them."""
        await self.home.until(lambda: len(self.rows(kind)) >= count)
        found = self.rows(kind)
        assert len(found) == count, found
        return found


@asynccontextmanager
async def remote_home(folder: Path) -> AsyncIterator[RemoteHome]:
    """Give a home; its tasks end with it."""
    made: RemoteHome | None = None
    try:
        async with asyncio.TaskGroup() as group:
            made = RemoteHome(folder, HandClock(), group)
            yield made
            raise Over
    except* Over:
        pass
    finally:
        if made is not None:
            made.home.close()

"""Does once what the platform asks: the act, its record and the memory of its id are one
transaction.

Owns what becomes of a request before and after it is done. Knows nothing of what it does.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import TypeVar

from agent import requests
from agent.control.schema import EvidenceParams, PlatformRequest, Shape, SignedParams
from agent.core.clock import Clock
from agent.core.errors import CommandRefused
from agent.core.row import Kind, Lane, Row
from agent.journal.schema import Table
from agent.journal.store import JournalStore
from agent.journal.writer import Put
from agent.transaction import Transaction

REFUSALS_A_MINUTE = 20
"""Refusals that guard itself writes down; more are counted by link, once a minute."""

ShapeT = TypeVar("ShapeT", bound=Shape)
Then = Callable[[], None]


class Once:
    """The requests of this home that were done, and how one more is done."""

    def __init__(self, clock: Clock, store: JournalStore) -> None:
        self._clock = clock
        self._store = store
        self._minute_s = 0.0
        self._refused = 0

    def recall(self, request: requests.Request, result_type: type[ShapeT]) -> ShapeT | None:
        """Return the answer that the same request got before. Errors: CommandRefused "replayed"."""
        kept = requests.recall(self._store.state[Table.SETTING], request)
        return None if kept is None else result_type.model_validate_json(kept)

    def make_room(self) -> list[Put]:
        """Return the changes that make room for one more. Errors: CommandRefused "rate_limited"."""
        return requests.make_room(self._store.state[Table.SETTING], self._clock.now().at_s)

    async def run(
        self,
        name: str,
        params: PlatformRequest,
        result_type: type[ShapeT],
        act: Callable[[Transaction], tuple[ShapeT, Then]],
    ) -> ShapeT:
        """Do what `act` says, or give the answer that the same request got before.

        `act` refuses before it adds anything; what it returns besides the answer is done once all
        of it is on disk. Errors: CommandRefused, which is on record then.
        """
        request = request_of(name, params)
        tx = Transaction(self._clock.now(), self._store, urgent=True)
        try:
            known = self.recall(request, result_type)
            if known is not None:
                return known
            tx.puts += self.make_room()
            result, then = act(tx)
        except CommandRefused as refused:
            self.refuse(name, params, refused)
            raise
        tx.add(command_row(tx, name, params))
        tx.puts.append(requests.remember(request, result.model_dump_json(), tx.stamp.at_s))
        await self._commit(tx, request, then)
        return result

    async def _commit(self, tx: Transaction, request: requests.Request, then: Then) -> None:
        """Wait until it is on disk; `then` is done when it is, whether or not anybody waits."""
        written: asyncio.Future[bool] = asyncio.get_running_loop().create_future()

        def done(durable: bool) -> None:
            if durable:
                then()
            else:
                self.forget(request)
            if not written.done():
                written.set_result(durable)

        self._store.append(tx.rows, tx.puts, urgent=True, done=done)
        if not await written:
            raise not_on_disk()

    def forget(self, request: requests.Request) -> None:
        """Undo the memory of a request whose transaction did not reach the disk."""
        self._store.append((), [requests.forget(request)], urgent=False)

    def refuse(self, name: str, params: PlatformRequest, refused: CommandRefused) -> None:
        """Write a refusal down, unless there were too many of them in this minute."""
        now = self._clock.now()
        if now.at_s - self._minute_s >= 60.0:
            self._minute_s, self._refused = now.at_s, 0
        self._refused += 1
        if self._refused > REFUSALS_A_MINUTE:
            return
        tx = Transaction(now, self._store)
        tx.add(command_row(tx, name, params, refused=refused.code))
        self._store.append(tx.rows, (), urgent=True)


def command_row(tx: Transaction, name: str, params: PlatformRequest, **more: str) -> Row:
    """Return the record of what the platform asked: for signed requests `by` is the key's id."""
    who = params.kid if isinstance(params, SignedParams) else getattr(params, "by", "")
    body: dict[str, object] = {
        "command": name,
        "by": f"platform:{who}",
        "on_site": False,
        "request_id": params.request_id,
        **more,
    }
    if isinstance(params, EvidenceParams):
        body["alarm"] = params.alarm
    return Row(Kind.COMMAND, Lane.BULK, tx.stamp, body)


def request_of(name: str, params: PlatformRequest) -> requests.Request:
    """Return what makes the request itself."""
    content = params.model_dump(mode="json", exclude={"life_s"})
    return requests.Request(params.request_id, requests.digest_of(name, content), params.life_s)


def not_on_disk() -> CommandRefused:
    """Return the refusal of what the disk did not take."""
    return CommandRefused("unavailable", "the disk did not take it, so it was not done; ask again")

"""Reads the whole journal as the platform's `pull` would, page by page, without any network.

The rows go through the code that answers a `pull` and are encoded as they would be sent. Every
event is then held against the published shapes. What is not tested: broker, admission, rate.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from pydantic import ValidationError

from agent.cli import text
from agent.cli.journal_files import Files
from agent.cli.progress import Progress
from agent.cli.session import Session
from agent.clock import SystemClock
from agent.control.schema import Text, UplinkReport
from agent.core.row import JournalId, Kind
from agent.journal.places import connect
from agent.journal.reader import JournalReader

if TYPE_CHECKING:
    from sync.messages import Response

FAULTS_SHOWN = 20


@dataclass(frozen=True, slots=True)
class PullFault:
    """Something that the platform would stumble over. `about` names the event, or the request."""

    code: str
    about: str
    detail: str = ""


@dataclass(slots=True)
class Pulled:
    """What a platform would get of one journal. `bytes` of JSON; `set_aside` events come without
    their content."""

    journal_id: str
    events: int = 0
    pages: int = 0
    bytes: int = 0
    first_seq: int = 0
    last_seq: int = 0
    set_aside: int = 0
    took_s: float = 0.0
    faults: list[PullFault] = field(default_factory=list)
    more_faults: int = 0

    def wrong(self, code: str, about: str, detail: str = "") -> None:
        """Take a fault; of too many only the number."""
        if len(self.faults) < FAULTS_SHOWN:
            self.faults.append(PullFault(code, about, detail))
        else:
            self.more_faults += 1


def pull_all(session: Session, files: Files) -> list[Pulled]:
    """Pull every journal of the files. Errors: JournalError when they cannot be read at all."""
    progress = Progress()
    try:
        return asyncio.run(_Puller(session, files, progress).run())
    finally:
        progress.end()


class _Puller:
    """A platform that asks for everything, and the hub that answers, in one process."""

    def __init__(self, session: Session, files: Files, progress: Progress) -> None:
        from sync.codec import Origin
        from sync.commands import Commands
        from sync.guard_line import GuardLine
        from sync.rows import JournalFiles

        hub = session.config.hub
        self._files = files
        self._progress = progress
        self._paths: dict[JournalId, Path] = {}
        self._marks: dict[JournalId, int] = {}
        for place in files.places:
            with _reading(place.path) as reader:
                for journal_id in reader.journals():
                    self._paths[journal_id] = place.path
                    self._marks[journal_id] = reader.last_seq(journal_id)
        self._rows = JournalFiles("pull-test")
        self._rows.know(self._paths)
        # Never connected: a pull asks guard nothing, and this one must not either.
        guard = GuardLine(
            session.config.control_socket, lambda _: None, lambda _: None, _says_nothing
        )
        origin = Origin(hub.district, hub.id)
        self._commands = Commands(
            guard, self._rows, origin, lambda: self._marks, SystemClock().now, _says_nothing
        )

    async def run(self) -> list[Pulled]:
        """Pull everything."""
        try:
            return [await self._journal(journal_id) for journal_id in self._marks]
        finally:
            self._rows.close()

    async def _journal(self, journal_id: JournalId) -> Pulled:
        found, after = Pulled(journal_id), 0
        began_s = time.monotonic()
        while after < self._marks[journal_id]:
            reached = await self._request(journal_id, after, found)
            if reached is None or reached <= after:
                break
            after = reached
        found.took_s = time.monotonic() - began_s
        # Counted afterwards: rows only get fewer, so what is there now must have come.
        with _reading(self._paths[journal_id]) as reader:
            kept = reader.count(journal_id, self._marks[journal_id])
        if found.events < kept:
            found.wrong("missing", journal_id, f"{found.events} < {kept}")
        return found

    async def _request(self, journal_id: JournalId, after: int, found: Pulled) -> int | None:
        """Do one `pull` with all its pages; return where to go on, None after a refusal."""
        from sync.commands import Admitted
        from sync.limits import PULL_ROWS
        from sync.messages import PullParams, Response

        params = PullParams(journal_id=journal_id, after_seq=after, limit=PULL_ROWS)
        reached: int | None = None
        asked = Admitted("pull", "pull-test", params, issued_at_s=0.0, life_s=60.0)
        async for page in self._commands.carry_out(asked):
            if not page.ok:
                found.wrong("refused", f"after {after}", f"{page.code}: {page.says}")
                return None
            wire = page.model_dump_json(exclude_none=True).encode()
            self._take(Response.model_validate_json(wire), found)
            found.bytes += len(wire)
            reached = page.next_after_seq
            self._progress.show(
                lambda: self._files.say(
                    text.PULLING,
                    journal=journal_id,
                    events=found.events,
                    last=self._marks[journal_id],
                )
            )
        return reached

    def _take(self, page: Response, found: Pulled) -> None:
        from sync.contract.bodies import BODIES
        from sync.messages import TYPE_PREFIX

        found.pages += 1
        for event in page.events:
            found.events += 1
            found.first_seq = found.first_seq or event.seq
            if event.seq <= found.last_seq:
                found.wrong("order", event.id, f"after {found.last_seq}")
            found.last_seq = event.seq
            if event.setaside is not None:
                found.set_aside += 1
                continue
            kind = event.type.removeprefix(TYPE_PREFIX)
            if kind not in list(Kind):
                found.wrong("kind", event.id, event.type)
                continue
            try:
                BODIES[Kind(kind)].model_validate(event.data)
            except ValidationError as error:
                first = error.errors(include_url=False, include_input=False)[0]
                where = ".".join(map(str, first["loc"]))
                found.wrong("body", event.id, f"{kind}: {where}: {first['msg']}")


def _says_nothing() -> UplinkReport:
    return UplinkReport(connected=False, says=Text(zh="", en=""))


@contextmanager
def _reading(path: Path) -> Iterator[JournalReader]:
    reader = JournalReader(path, connect(path))
    try:
        yield reader
    finally:
        reader.close()

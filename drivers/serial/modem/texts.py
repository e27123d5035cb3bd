"""Text messages out and in, over one connection.

Owns which report belongs to which text, and that the SIM's storage is kept empty: it holds a few
dozen messages, and a full one lets none in. Knows the listener as somebody who says which numbers
are known; what a text means is not decided here.
"""

from __future__ import annotations

import asyncio
import logging
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Protocol

from agent.core.errors import DeviceError, FrameError
from drivers.serial.modem.decode import parts, pdu
from drivers.serial.modem.decode.at import Question, Said, fields
from drivers.serial.modem.decode.number import same
from drivers.serial.modem.decode.parts import Kept, Whole
from drivers.serial.modem.decode.pdu import StatusReport, TextFate
from drivers.serial.modem.decode.state import stored_at
from drivers.serial.modem.talk import Refused, Talk

log = logging.getLogger(__name__)

PART_S = 30.0  # What the network may take for one part; 2 to 5 s is usual. A call waits for it.
WATCHED = 64
"""Texts whose report is still awaited. Beyond it the oldest is told to be unknown."""
WATCHED_S = 86_400.0  # As long as the network tries: TP-VP.

RECORD_S = 5.0  # A disk that takes longer is a trouble of its own; the text is read again later.
EARLY = 16
"""Reports kept that belong to no text yet. Beyond it the oldest goes: its text stays "sent"."""

_STORED = Question("AT+CMGL=4", "+CMGL:", within_s=20.0)
_ACKS = frozenset("1１")


@dataclass(frozen=True, slots=True)
class Text:
    """A text from somebody known. `acks`: it says "1", which is how a contact takes an alarm on."""

    sender: str
    text: str
    sent_at_s: float | None
    complete: bool
    acks: bool


@dataclass(frozen=True, slots=True)
class Delivery:
    """One text to one number, and what became of it. `id` counts since guard began; `detail` is
    for people."""

    id: int
    number: str
    fate: TextFate
    parts: int
    detail: str = ""


class Listener(Protocol):
    """Who wants to know. No call raises; all but `text_came` return at once."""

    def knows(self, number: str) -> bool:
        """Return whether texts of this number are to be delivered."""
        ...

    async def text_came(self, text: Text) -> None:
        """Take a text of somebody known, and return when it is on record: only then is it struck
        out of the SIM. So the same one may come twice, after a power cut."""
        ...

    def text_went(self, delivery: Delivery) -> None:
        """Take what became of a text after `send_sms` had returned."""
        ...


@dataclass(frozen=True, slots=True)
class _Watched:
    delivery: Delivery
    open_references: frozenset[int]
    since_s: float


class Texts:
    """All texts of a driver; what waits for a report or for further parts outlives a connection."""

    def __init__(self, now_s: Callable[[], float]) -> None:
        self.listener: Listener | None = None
        self.refused = 0
        self._now_s = now_s
        self._count = 0
        self._watched: dict[int, _Watched] = {}
        self._kept = Kept()
        self._early: deque[StatusReport] = deque(maxlen=EARLY)

    # --- out ------------------------------------------------------------------------------------

    async def send(self, talk: Talk, number: str, text: str) -> Delivery:
        """Hand a text to the network, part by part, and return how far it came.

        `number` is checked already. Errors: FrameError when the text is too long, TransportError
        when the modem is gone.
        """
        self._count += 1
        count, references = self._count, set()
        submits = pdu.submit(number, text, reference=count % 256, wants_report=True)
        delivery = Delivery(count, number, TextFate.SENT, len(submits))
        for place, one in enumerate(submits, 1):
            question = Question(f"AT+CMGS={one.length}", "+CMGS:", payload=one.pdu, within_s=PART_S)
            try:
                said = await talk.ask(question)
            except DeviceError as error:
                detail = f"part {place} of {len(submits)}: {error}"
                return replace(delivery, fate=TextFate.FAILED, detail=detail)
            reference = fields(said[0].text)[0] if said else ""
            if reference.isdecimal():
                references.add(int(reference))
        if references:
            self._watch(_Watched(delivery, frozenset(references), self._now_s()))
            asyncio.get_running_loop().call_soon(self._look_back)  # Once the caller has the id.
        return delivery

    def _watch(self, watched: _Watched) -> None:
        self._watched[watched.delivery.id] = watched
        if len(self._watched) > WATCHED:
            self._settle(next(iter(self._watched)), TextFate.UNKNOWN, "too many texts since")

    def _look_back(self) -> None:
        early = tuple(self._early)
        self._early.clear()
        for report in early:
            self._reported(report)

    def _settle(self, count: int, fate: TextFate, detail: str = "") -> None:
        watched = self._watched.pop(count)
        if self.listener is not None:
            self.listener.text_went(replace(watched.delivery, fate=fate, detail=detail))

    def _reported(self, report: StatusReport) -> None:
        # References are 0-255 and begin again: number and age tell texts apart.
        found = [
            count
            for count, watched in self._watched.items()
            if report.reference in watched.open_references
            and same(watched.delivery.number, report.recipient)
        ]
        if not found:
            self._early.append(report)  # Of a text whose later parts are still on their way.
            return
        count = found[-1]
        watched = self._watched[count]
        if report.fate is TextFate.FAILED:
            self._settle(count, TextFate.FAILED, f"the network gave up: 0x{report.status:02x}")
        elif report.fate is TextFate.DELIVERED:
            left = watched.open_references - {report.reference}
            self._watched[count] = replace(watched, open_references=left)
            if not left:
                self._settle(count, TextFate.DELIVERED)

    # --- in -------------------------------------------------------------------------------------

    async def empty(self, talk: Talk) -> None:
        """Take every stored message, then strike it out.

        Errors: DeviceError, TransportError. A message is struck out only after it was taken: a
        power cut between the two delivers it twice, and never loses it.
        """
        for said in await talk.ask(_STORED):
            place = stored_at(said.text)
            if await self.take(said) and place is not None:
                try:
                    await talk.ask(Question(f"AT+CMGD={place}"))
                except Refused:
                    log.debug("modem.not_struck_out place=%d", place)
            await asyncio.sleep(0)  # A full SIM must not be one long turn of the loop.

    async def take(self, said: Said) -> bool:
        """Take one message, stored or handed over at once; what is no message is counted.

        Return False when the listener did not have it on record in time: it is to be read again.
        """
        if not said.pdu:
            return True
        try:
            message = pdu.decode(said.pdu)
        except FrameError as error:
            self.refused += 1
            log.debug("modem.text_refused why=%s", error)
            return True
        if isinstance(message, StatusReport):
            self._reported(message)
            return True
        kept, found = parts.join(self._kept, message, self._now_s())
        if not await self._deliver(found):
            return False
        self._kept = kept
        return True

    async def tidy(self) -> None:
        """Give up what has waited too long."""
        kept, found = parts.expire(self._kept, self._now_s())
        if await self._deliver(found):
            self._kept = kept
        late = [c for c, w in self._watched.items() if self._now_s() - w.since_s >= WATCHED_S]
        for count in late:
            self._settle(count, TextFate.UNKNOWN, "the network never said")

    async def _deliver(self, found: tuple[Whole, ...]) -> bool:
        """Return whether the listener has them all."""
        for one in found:
            if self.listener is None or not self.listener.knows(one.sender):
                self.refused += 1  # Advertising, mostly; the sender is nobody's business.
                continue
            acks = one.text.strip() in _ACKS
            text = Text(one.sender, one.text, one.sent_at_s, one.complete, acks=acks)
            try:
                async with asyncio.timeout(RECORD_S):
                    await self.listener.text_came(text)
            except TimeoutError:
                log.warning("modem.text_not_recorded limit_s=%s", RECORD_S)
                return False
        return True

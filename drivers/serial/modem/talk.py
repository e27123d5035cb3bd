"""One question at a time to the modem, and what it says unasked between the answers.

Owns whose answer a statement is, also after a question that was not answered in time. Knows
nothing of texts and calls.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field

from agent.core.errors import DeviceError, TransportError
from drivers.serial.modem.decode.at import (
    CTRL_Z,
    ESCAPE,
    Ear,
    Question,
    Said,
    Sort,
    error_code,
    sort,
)
from drivers.serial.modem.decode.at import hear as hear_bytes

ANSWERS = 512
"""Lines of one answer that are kept: a SIM holds 50 texts, a module 255. The rest is dropped."""

SETTLE_S = 2.0
SETTLE_TRIES = 2
_SETTLE = Question("AT+CMEE?", "+CMEE:", within_s=SETTLE_S, demands=True)


class NoAnswer(DeviceError):
    """The modem did not answer in time."""


class Refused(DeviceError):
    """The modem said no. `code` is the number of its reason, `said` its own words."""

    def __init__(self, question: Question, said: str) -> None:
        super().__init__(f"modem: {question.command.split('=')[0]}: got {said}, wanted OK")
        self.code = error_code(said)
        self.said = said


@dataclass(slots=True)
class _Asked:
    question: Question
    done: asyncio.Future[tuple[Said, ...]]
    prompted: asyncio.Future[None]
    answers: list[Said] = field(default_factory=list)


class Talk:
    """The conversation over one open line. `news` gets in the loop what nobody asked for."""

    def __init__(
        self, write: Callable[[bytes], Awaitable[None]], news: Callable[[Said], None]
    ) -> None:
        self._write = write
        self._news = news
        self._turn = asyncio.Lock()
        self._ear = Ear()
        self._asked: _Asked | None = None
        self._unsure = False
        self._lost = ""
        self.lines_in = 0

    async def ask(self, question: Question) -> tuple[Said, ...]:
        """Return the answers when the modem has said OK. Questions are asked in turn.

        Errors: Refused, NoAnswer when it takes too long, TransportError when the line is gone.
        """
        async with self._turn:
            if self._unsure:
                await self._settle()
            return await self._ask(question)

    def hear(self, data: bytes) -> None:
        """Take bytes of the line."""
        self._ear, found = hear_bytes(self._ear, data)
        for said in found:
            self._take(said)

    def check(self) -> None:
        """Return while the line is there. Errors: TransportError."""
        if self._lost:
            raise self._gone()

    def lose(self, why: str) -> None:
        """End the question that waits and refuse all that come."""
        self._lost = self._lost or why
        asked = self._asked
        if asked is not None and not asked.done.done():
            asked.done.set_exception(self._gone())

    # --- inside ---------------------------------------------------------------------------------

    def _gone(self) -> TransportError:
        return TransportError(f"the modem is gone: {self._lost}")

    async def _ask(self, question: Question) -> tuple[Said, ...]:
        self.check()
        loop = asyncio.get_running_loop()
        asked = self._asked = _Asked(question, loop.create_future(), loop.create_future())
        answered = False
        try:
            async with asyncio.timeout(question.within_s):
                await self._send(f"{question.command}\r")
                if question.payload:
                    await _first(asked.prompted, asked.done)
                    if not asked.done.done():
                        await self._send(question.payload + CTRL_Z)
                answers = await asked.done
                answered = True
                return answers
        except TimeoutError as error:
            what = question.command.split("=")[0]
            raise NoAnswer(f"modem: {what}: no answer within {question.within_s:g} s") from error
        except Refused:
            answered = True
            raise
        finally:
            self._unsure = not answered
            self._asked = None
            _forget(asked.done)

    async def _send(self, text: str) -> None:
        try:
            await self._write(text.encode("ascii"))
        except TimeoutError as error:  # An OSError too, but the port is still there.
            raise NoAnswer("modem: its port takes no bytes") from error
        except OSError as error:
            self._lost = self._lost or str(error)
            raise self._gone() from error

    async def _settle(self) -> None:
        """Find out whether the modem lives, and leave behind what it still says of earlier things.

        It may wait for a payload: escape ends that. The answer of this question cannot be mistaken
        for one of another.
        """
        for tries_left in reversed(range(SETTLE_TRIES)):
            await self._send(ESCAPE)
            try:
                await self._ask(_SETTLE)
            except NoAnswer:
                if not tries_left:
                    raise
            else:
                return

    def _take(self, said: Said) -> None:
        self.lines_in += 1
        asked = self._asked
        what = sort(None if asked is None else asked.question, said)
        if asked is None or asked.done.done() or what is Sort.NEWS:
            self._news(said)
            return
        early = asked.question.demands and not asked.answers
        match what:
            case Sort.PROMPT if not asked.prompted.done():
                asked.prompted.set_result(None)
            case Sort.ANSWER if len(asked.answers) < ANSWERS:
                asked.answers.append(said)
            case Sort.DONE if not early:
                asked.done.set_result(tuple(asked.answers))
            case Sort.REFUSED if not early:
                asked.done.set_exception(Refused(asked.question, said.text))


async def _first(one: asyncio.Future[None], other: asyncio.Future[tuple[Said, ...]]) -> None:
    """Wait until either is done."""
    either: asyncio.Event = asyncio.Event()
    one.add_done_callback(lambda _: either.set())
    other.add_done_callback(lambda _: either.set())
    await either.wait()


def _forget(future: asyncio.Future[tuple[Said, ...]]) -> None:
    """Let go of an answer that nobody waits for any more, be it an error or not to come."""
    if not future.cancel() and not future.cancelled():
        future.exception()

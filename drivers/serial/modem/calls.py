"""One telephone call at a time, over one connection.

Owns the line: who has it, and that it is hung up whatever happens. How a call goes on is decided
in `decode.call`.
"""

from __future__ import annotations

import asyncio
from contextlib import suppress

from agent.core.errors import CommandRefused, DeviceError, TransportError
from drivers.serial.modem.decode import call as calls
from drivers.serial.modem.decode.at import Question, Said
from drivers.serial.modem.decode.call import Call, CallOutcome, CallPlan
from drivers.serial.modem.decode.dialect import Dialect
from drivers.serial.modem.decode.state import calls_of
from drivers.serial.modem.talk import NoAnswer, Refused, Talk

DIAL_S = 20.0
LOOK_S = 0.5  # How often the modem is asked for its calls: one vendor never tells by itself.
SAY_AGAIN_S = 12.0  # After this the sentence is spoken again, for who took up late.
SAY_SIGNS = 160
"""Characters of a sentence that are spoken: the command line of both modules is that short."""

_LIST = Question("AT+CLCC", "+CLCC:")
_HANG_UP = Question("AT+CHUP")


class Calls:
    """The voice line of one connection."""

    def __init__(self, talk: Talk, dialect: Dialect) -> None:
        self._talk = talk
        self._dialect = dialect
        self._call: Call | None = None
        self._plan = CallPlan()
        self._changed = asyncio.Event()

    @property
    def busy(self) -> bool:
        """Return whether a call is under way."""
        return self._call is not None

    def heard(self, said: Said) -> None:
        """Take what the modem says unasked."""
        if self._call is None:
            return
        now_s = asyncio.get_running_loop().time()
        after = calls.heard(self._call, said.text, self._dialect, self._plan, now_s)
        if after != self._call:
            self._call = after
            self._changed.set()

    async def call(self, number: str, says: str, plan: CallPlan) -> CallOutcome:
        """Call, speak `says` while somebody listens, and return when the call is over.

        `number` is checked already. Errors: CommandRefused when the line is taken, TransportError
        when the modem is gone. Cancelled, it hangs up first.
        """
        if self._call is not None:
            raise CommandRefused("line_busy", "a call is under way; end it or wait for its end")
        loop = asyncio.get_running_loop()
        self._call, self._plan = Call(loop.time()), plan
        self._changed.clear()
        try:
            await self._dial(number)
            await self._follow(says)
            return calls.outcome(self._call, number, loop.time())
        finally:
            self._call = None
            # Without a look at how it ended: hanging up twice does no harm, once too few does.
            with suppress(DeviceError, TransportError):
                await self._talk.ask(_HANG_UP)

    async def refuse_incoming(self) -> None:
        """End a call that comes in: the line belongs to those who call for help."""
        if self._call is None:
            with suppress(Refused):
                await self._talk.ask(_HANG_UP)

    async def _dial(self, number: str) -> None:
        assert self._call is not None
        try:
            await self._talk.ask(Question(f"ATD{number};", within_s=DIAL_S))
        except Refused as error:
            now_s = asyncio.get_running_loop().time()
            after = calls.heard(self._call, error.said, self._dialect, self._plan, now_s)
            if after.end is None:
                after = calls.refused(after)
            self._call = after
        except NoAnswer:
            self._call = calls.refused(self._call)

    async def _follow(self, says: str) -> None:
        """Follow the call until it has ended."""
        loop = asyncio.get_running_loop()
        say_at_s: float | None = None
        while self._call is not None and self._call.end is None:
            with suppress(TimeoutError):
                async with asyncio.timeout(LOOK_S):
                    await self._changed.wait()
            self._changed.clear()
            await self._look()
            is_heard = self._call.end is None and self._call.connected_s is not None
            if says and is_heard and (say_at_s is None or loop.time() >= say_at_s):
                say_at_s = loop.time() + SAY_AGAIN_S
                await self._say(says)

    async def _look(self) -> None:
        """Ask the modem for its calls, and look at the clock."""
        assert self._call is not None
        loop = asyncio.get_running_loop()
        with suppress(Refused, NoAnswer):
            found = calls_of([said.text for said in await self._talk.ask(_LIST)])
            self._call = calls.listed(self._call, found, loop.time())
        self._call = calls.timed(self._call, self._plan, loop.time())

    async def _say(self, says: str) -> None:
        """Speak. A module that cannot is still a call: a key may be pressed without a word."""
        coded = says[:SAY_SIGNS].encode("utf-16-be", "replace").hex().upper()
        with suppress(Refused, NoAnswer):
            await self._talk.ask(Question(self._dialect.say.format(coded)))

"""One connection to the module: open it, set it up, watch it, close it.

Owns the tasks of a connection and what wakes them. A lost connection is not mended but replaced:
the driver makes a new one.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable
from contextlib import suppress

from agent.core.errors import TransportError
from agent.core.text import Sentence
from drivers.serial.modem import faults, start
from drivers.serial.modem.calls import Calls
from drivers.serial.modem.decode.at import Question, Said, fields
from drivers.serial.modem.decode.state import (
    Registration,
    Signal,
    Sim,
    is_registered,
    registration_of,
    signal_of,
)
from drivers.serial.modem.faults import Down, Outage
from drivers.serial.modem.line import Line
from drivers.serial.modem.start import ReadPin
from drivers.serial.modem.talk import NoAnswer, Refused, Talk
from drivers.serial.modem.texts import Texts

PING_EVERY_S = 5.0
LOOK_EVERY_S = 15.0  # SIM, network and signal; also a look into the SIM's storage.
NO_NETWORK_S = 60.0  # A handover or a lift takes seconds: only then is it a trouble.
RESET_S = 3.0
HANDED = 64  # Reports that wait to be taken. Beyond it the oldest goes: its text stays "sent".
REFUSALS = 3  # In a row; then its settings are not what we think they are.

_RESET = Question("AT+CFUN=1,1", within_s=RESET_S)
_RINGING = ("RING", "+CRING:", "+CLIP:")
_SEARCHING = Sentence(zh="通信模块正在搜索移动网络。", en="The modem looks for a mobile network.")
_STORED = ("+CMTI:", "+CDSI:")


class Connection:
    """The module, once. `texts` outlives it: reports may come over the next one."""

    def __init__(self, line: Line, port: str, texts: Texts) -> None:
        self._line = line
        self._port = port
        self._texts = texts
        self.talk = Talk(line.write, self._news)
        self._calls: Calls | None = None
        self._wakes = asyncio.Event()
        self._has_mail = True  # Whatever came while nobody was there.
        self._handed: deque[Said] = deque(maxlen=HANDED)
        self._rings = False
        self._restarted = False
        self._signal = Signal(None)
        self._operator = ""
        self._lost_network_s: float | None = None
        self._registered = False

    @property
    def lines_in(self) -> int:
        """Return how many statements were heard."""
        return self.talk.lines_in

    @property
    def calls(self) -> Calls:
        """Return the voice line. Errors: TransportError before the module is set up."""
        if self._calls is None:
            raise TransportError("the modem is still starting")
        return self._calls

    async def open(self, *, reset: bool) -> None:
        """Open the port; `reset` restarts the module by command. Errors: Down."""
        try:
            await self._line.open(self.talk.hear, self._lose)
        except OSError as error:  # A TimeoutError is one too.
            # It looks through the machine's ports: not in the loop that carries the alarms.
            outage = await asyncio.to_thread(faults.unopened, error, self._port)
            raise Down(outage) from error
        if reset:
            with suppress(NoAnswer, Refused):
                await self.talk.ask(_RESET)

    async def bring_up(self, read_pin: ReadPin | None) -> None:
        """Set the module up. Errors: Down, TransportError."""
        await start.wake(self.talk, self._port)
        self._restarted = False  # From here on a restart would take the settings with it.
        dialect = await start.set_up(self.talk, self._port, read_pin)
        self._calls = Calls(self.talk, dialect)

    @property
    def registered(self) -> bool:
        """Return whether a mobile network has taken the module in."""
        return self._registered

    def close(self) -> None:
        """Let go of the port and of everything that waits for it."""
        self._lose("closed")
        self._line.close()

    def says(self) -> Sentence:
        """Return how the module is."""
        if not self._registered:
            return _SEARCHING
        dbm = "?" if self._signal.dbm is None else str(self._signal.dbm)
        return Sentence(
            zh=f"通信模块工作正常：{self._operator or '网络已注册'}，信号 {dbm} dBm。",
            en=f"The modem works: {self._operator or 'on the network'}, signal {dbm} dBm.",
        )

    # --- watching -------------------------------------------------------------------------------

    async def watch(self, tell: Callable[[Outage | None], None]) -> None:
        """Serve the module until it is lost; `tell` gets how the network is.

        Errors: Down, TransportError.
        """
        loop = asyncio.get_running_loop()
        self._lost_network_s = loop.time()
        look_at_s, refusals = loop.time(), 0
        while True:
            try:
                if loop.time() >= look_at_s:
                    look_at_s = loop.time() + LOOK_EVERY_S
                    self._has_mail = True
                    await self._look(tell)
                elif not self._wakes.is_set():
                    await self.talk.ask(Question("AT"))
                await self._do_chores()
                refusals = 0
            except NoAnswer as error:
                raise Down(faults.silent(self._port)) from error
            except Refused as error:  # It lives. One line of noise can look like a refusal.
                refusals += 1
                if refusals > REFUSALS:
                    raise Down(faults.refused(self._port, str(error))) from error
            with suppress(TimeoutError):
                async with asyncio.timeout(PING_EVERY_S):
                    await self._wakes.wait()

    async def _do_chores(self) -> None:
        """Do what the module's news ask for."""
        self._wakes.clear()
        self.talk.check()
        if self._restarted:
            raise Down(faults.restarted(self._port))
        if self._rings:
            self._rings = False
            await self.calls.refuse_incoming()
        if self._has_mail:
            self._has_mail = False
            await self._texts.empty(self.talk)
        while self._handed:
            await self._texts.take(self._handed.popleft())
        await self._texts.tidy()

    async def _look(self, tell: Callable[[Outage | None], None]) -> None:
        """Ask for the SIM, the network and the signal."""
        sim = await start.sim_state(self.talk)
        if sim not in (Sim.READY, Sim.BUSY):
            raise Down(faults.no_sim(sim))
        states = [await self._registration(name) for name in ("CREG", "CEREG")]
        self._signal = signal_of(await self._one(Question("AT+CSQ", "+CSQ:"), "+CSQ: 99,99"))
        named = fields(await self._one(Question("AT+COPS?", "+COPS:", within_s=10.0), "+COPS: 0"))
        self._operator = named[2] if len(named) > 2 else ""
        now_s = asyncio.get_running_loop().time()
        self._registered = is_registered(states)
        if self._registered:
            self._lost_network_s = None
            tell(None)
            return
        if self._lost_network_s is None:
            self._lost_network_s = now_s
        away_s = now_s - self._lost_network_s
        if away_s >= NO_NETWORK_S or Registration.DENIED in states:
            tell(faults.no_network(tuple(states), away_s))

    async def _registration(self, name: str) -> Registration:
        return registration_of(
            await self._one(Question(f"AT+{name}?", f"+{name}:"), f"+{name}: 0,4")
        )

    async def _one(self, question: Question, otherwise: str) -> str:
        """Return the last answer; `otherwise` when the module refuses or says nothing."""
        try:
            said = await self.talk.ask(question)
        except Refused:
            return otherwise
        return said[-1].text if said else otherwise

    # --- what it says unasked -------------------------------------------------------------------

    def _lose(self, why: str) -> None:
        self.talk.lose(why)
        self._wakes.set()

    def _news(self, said: Said) -> None:
        text = said.text
        if said.pdu:
            self._handed.append(said)
            self._wakes.set()
        elif text.startswith(_STORED):
            self._has_mail = True
            self._wakes.set()
        elif text.startswith(_RINGING):
            self._rings = True
            self._wakes.set()
        elif text == "RDY":
            self._restarted = True
            self._wakes.set()
        elif self._calls is not None:
            self._calls.heard(said)

"""From a port that opened to a module that is ready: who it is, its SIM, its settings.

Owns the order of the start and the rule of the PIN: it is tried only while all three tries are
left, so that the hub can never be what blocks a SIM. Errors are `faults.Down`.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from pathlib import Path

from agent.core.errors import ConfigError
from drivers.serial.modem import faults
from drivers.serial.modem.decode import dialect as dialects
from drivers.serial.modem.decode.at import ANY_BARE, Question, fields
from drivers.serial.modem.decode.dialect import Dialect
from drivers.serial.modem.decode.state import Sim, sim_of, sim_of_refusal
from drivers.serial.modem.faults import Down
from drivers.serial.modem.talk import NoAnswer, Refused, Talk

WAKE_S = 20.0  # A module that was just given power speaks after 12 to 15 s.
SIM_S = 20.0  # And reads its SIM for some seconds more.
ASK_AGAIN_S = 0.5
ALL_TRIES = 3

_HELLO = Question("AT", within_s=1.0)
_BASICS = (Question("ATE0"), Question("AT+CMEE=1"), Question("AT+CMGF=0"))
_STORAGE = Question('AT+CPMS="SM","SM","SM"', "+CPMS:", within_s=10.0)
_WISHES = (
    Question("AT+CHUP"),  # A call that an earlier run of the hub has left behind.
    Question("AT+CREG=1"),
    Question("AT+CEREG=1"),
    Question("AT+COPS=3,0", within_s=10.0),
)
_NEWS_OF_TEXTS = Question("AT+CNMI=2,1,0,1,0")

ReadPin = Callable[[], Awaitable[str]]


async def set_up(talk: Talk, port: str, read_pin: ReadPin | None) -> Dialect:
    """Return the module's dialect when it can send texts and call. Errors: Down, TransportError."""
    try:
        for question in _BASICS:
            await talk.ask(question)
        said = await talk.ask(Question("AT+CGMM", ANY_BARE))
        model = said[0].text if said else ""
        dialect = dialects.of_model(model)
        if dialect is None:
            raise Down(faults.stranger(port, model))
        await _open_sim(talk, dialect, read_pin)
        await _until_ready(talk, _STORAGE)
        await talk.ask(_NEWS_OF_TEXTS)
        extra = (Question(one) for one in (*dialect.set_up, dialect.keys_on))
        for question in (*_WISHES, *extra):
            await _wish(talk, question)
    except NoAnswer as error:
        raise Down(faults.silent(port)) from error
    except Refused as error:
        raise Down(faults.refused(port, str(error))) from error
    return dialect


async def wake(talk: Talk, port: str) -> None:
    """Ask until the module answers. Errors: Down, TransportError."""
    loop = asyncio.get_running_loop()
    until_s = loop.time() + WAKE_S
    while True:
        try:
            await talk.ask(_HELLO)
        except Refused:
            pass  # It half heard what an earlier run had left on the line: ask again.
        except NoAnswer as error:
            if loop.time() >= until_s:
                raise Down(faults.silent(port)) from error
            continue
        else:
            return
        if loop.time() >= until_s:
            raise Down(faults.silent(port))
        await asyncio.sleep(ASK_AGAIN_S)


async def _wish(talk: Talk, question: Question) -> None:
    """Ask for what is good to have: firmware that lacks it goes on without it."""
    try:
        await talk.ask(question)
    except Refused:
        return


# --- the SIM --------------------------------------------------------------------------------------


async def sim_state(talk: Talk) -> Sim:
    """Return how the SIM is. Errors: NoAnswer, TransportError."""
    try:
        said = await talk.ask(Question("AT+CPIN?", "+CPIN:"))
    except Refused as error:
        return sim_of_refusal(error.code)
    return sim_of(said[0].text) if said else Sim.BUSY


async def _settled_sim(talk: Talk) -> Sim:
    """Return how the SIM is once it is not busy any more, or still is after SIM_S."""
    loop = asyncio.get_running_loop()
    until_s = loop.time() + SIM_S
    while True:
        sim = await sim_state(talk)
        if sim is not Sim.BUSY or loop.time() >= until_s:
            return sim
        await asyncio.sleep(ASK_AGAIN_S)


async def _open_sim(talk: Talk, dialect: Dialect, read_pin: ReadPin | None) -> None:
    sim = await _settled_sim(talk)
    if sim is Sim.WANTS_PIN:
        await _enter_pin(talk, dialect, read_pin)
        sim = await _settled_sim(talk)
    if sim is not Sim.READY:
        raise Down(faults.no_sim(sim))


async def _enter_pin(talk: Talk, dialect: Dialect, read_pin: ReadPin | None) -> None:
    if read_pin is None:
        raise Down(faults.no_pin())
    try:
        pin = await read_pin()
    except ConfigError as error:
        raise Down(faults.bad_pin_file(str(error))) from error
    left = await _tries_left(talk, dialect)
    if left != ALL_TRIES:
        raise Down(faults.wrong_pin(left))
    try:
        await talk.ask(Question(f'AT+CPIN="{pin}"', within_s=15.0))
    except Refused as error:
        raise Down(faults.wrong_pin(await _tries_left(talk, dialect))) from error


async def _tries_left(talk: Talk, dialect: Dialect) -> int | None:
    """Return how often the PIN may still be tried, None when the module does not say."""
    try:
        said = await talk.ask(Question(dialect.tries, dialect.tries_head))
    except Refused:
        return None
    found = fields(said[0].text) if said else ()
    place = dialect.tries_field
    return int(found[place]) if place < len(found) and found[place].isdecimal() else None


async def _until_ready(talk: Talk, question: Question) -> None:
    """Ask until the SIM's storage is there: it comes some seconds after the SIM itself."""
    loop = asyncio.get_running_loop()
    until_s = loop.time() + SIM_S
    while True:
        try:
            await talk.ask(question)
        except Refused as error:
            if loop.time() >= until_s:
                raise Down(faults.no_sim(Sim.BUSY)) from error
        else:
            return
        await asyncio.sleep(ASK_AGAIN_S)


def pin_of(path: Path) -> str:
    """Return the PIN in the file. Errors: ConfigError."""
    try:
        text = path.read_text(encoding="ascii").strip()
    except (OSError, UnicodeDecodeError) as error:
        reason = error.strerror if isinstance(error, OSError) else "not text"
        raise ConfigError(
            f"[modem] pin_file {path}: cannot be read ({reason}); wanted a file with the PIN that "
            "the group anju may read"
        ) from error
    if not (text.isdecimal() and 4 <= len(text) <= 8):
        # The text itself may be nearly the PIN: it is not shown.
        raise ConfigError(
            f"[modem] pin_file {path}: got {len(text)} signs, wanted the 4 to 8 digits of the PIN"
        )
    return text

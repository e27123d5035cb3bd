"""What single statements of the modem mean: the SIM, the network, the signal, the calls."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import IntEnum, StrEnum

from drivers.serial.modem.decode.at import fields


class Sim(StrEnum):
    """How the SIM is."""

    READY = "ready"
    WANTS_PIN = "wants_pin"
    WANTS_PUK = "wants_puk"
    ABSENT = "absent"
    BUSY = "busy"  # It starts: ask again.
    BROKEN = "broken"


class Registration(IntEnum):
    """TS 27.007 section 7.2: what the network thinks of us."""

    IDLE = 0
    HOME = 1
    SEARCHING = 2
    DENIED = 3
    UNKNOWN = 4
    ROAMING = 5


class CallState(IntEnum):
    """TS 27.007 section 7.18, AT+CLCC."""

    ACTIVE = 0
    HELD = 1
    DIALLING = 2
    ALERTING = 3
    INCOMING = 4
    WAITING = 5


_CME_SIM = {10: Sim.ABSENT, 11: Sim.WANTS_PIN, 12: Sim.WANTS_PUK, 13: Sim.BROKEN, 14: Sim.BUSY}
_REGISTERED = (Registration.HOME, Registration.ROAMING)


@dataclass(frozen=True, slots=True)
class Signal:
    """How well the network is heard. `dbm` None: not known."""

    dbm: int | None


def sim_of(said: str) -> Sim:
    """Return the SIM's state from an answer to AT+CPIN?.

    >>> sim_of("+CPIN: SIM PIN"), sim_of("+CPIN: READY")
    (<Sim.WANTS_PIN: 'wants_pin'>, <Sim.READY: 'ready'>)
    """
    match fields(said)[0].upper():
        case "READY":
            return Sim.READY
        case "SIM PIN":
            return Sim.WANTS_PIN
        case "SIM PUK":
            return Sim.WANTS_PUK
        case "NOT INSERTED" | "NOT READY" | "SIM REMOVED":
            return Sim.ABSENT
        case _:
            return Sim.BROKEN  # A lock that only its owner can open (PH-SIM PIN, SIM PIN2).


def sim_of_refusal(code: int | None) -> Sim:
    """Return the SIM's state from the number that AT+CPIN? was refused with."""
    return Sim.BUSY if code is None else _CME_SIM.get(code, Sim.BROKEN)


def registration_of(said: str) -> Registration:
    """Return the state in an answer (`+CREG: 2,1,...`) or in news of it (`+CREG: 1`).

    >>> registration_of('+CREG: 2,5,"1A2B","00C3D4E5",7').name, registration_of("+CEREG: 3").name
    ('ROAMING', 'DENIED')
    """
    found = fields(said)
    # News have the state first, and a quoted area after it; answers have the mode before it.
    quoted = said.partition(",")[2].lstrip().startswith('"')
    place = 0 if len(found) == 1 or quoted else 1
    number = int(found[place]) if found[place].isdecimal() else Registration.UNKNOWN
    try:
        return Registration(number)
    except ValueError:
        return Registration.UNKNOWN


def is_registered(states: Sequence[Registration]) -> bool:
    """Return whether any of the networks has taken us in."""
    return any(state in _REGISTERED for state in states)


def signal_of(said: str) -> Signal:
    """Return the signal in an answer to AT+CSQ.

    >>> signal_of("+CSQ: 21,99")
    Signal(dbm=-71)
    """
    first = fields(said)[0]
    level = int(first) if first.isdecimal() else 99
    if level <= 31:
        return Signal(2 * level - 113)
    if 100 <= level <= 191:  # EC20 on TD-SCDMA counts from 100.
        return Signal(level - 216)
    return Signal(None)


def calls_of(answers: Sequence[str]) -> tuple[CallState, ...]:
    """Return the states of our outgoing voice calls in the lines of an answer to AT+CLCC.

    >>> calls_of(['+CLCC: 1,0,3,0,0,"13800138000",129', '+CLCC: 2,0,0,1,0'])
    (<CallState.ALERTING: 3>,)
    """
    found = []
    for answer in answers:
        parts = fields(answer)
        if len(parts) < 4 or not all(part.isdecimal() for part in parts[:4]):
            continue
        _, direction, state, mode = (int(part) for part in parts[:4])
        if direction == 0 and mode == 0 and state <= max(CallState):
            found.append(CallState(state))
    return tuple(found)


def stored_at(said: str) -> int | None:
    """Return where a message lies, of `+CMTI: "SM",3`, `+CDSI: "SM",4` or `+CMGL: 5,1,,24`."""
    found = fields(said)
    place = found[0] if said.startswith("+CMGL:") else found[-1]
    return int(place) if place.isdecimal() else None

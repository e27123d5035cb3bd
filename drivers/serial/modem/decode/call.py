"""How one outgoing call goes on, and how it ended. Pure: what was heard and the time come in."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from enum import StrEnum

from drivers.serial.modem.decode.dialect import Dialect, key
from drivers.serial.modem.decode.state import CallState

DIGITS = 32
"""Keys of one call that are kept; who presses more plays with the telephone."""

UNSEEN_S = 8.0
"""The modem may list no call for so long after it took the number; then there is none."""


class CallEnd(StrEnum):
    """How a call ended."""

    ANSWERED = "answered"  # It was connected, and is over.
    KEY = "key"  # A key that was waited for was pressed.
    BUSY = "busy"
    NO_ANSWER = "no_answer"
    NO_CARRIER = "no_carrier"  # The network could not connect it, or the other side refused.
    REFUSED = "refused"  # The modem did not take the number.


@dataclass(frozen=True, slots=True)
class CallPlan:
    """`ring_s` how long it may ring, `talk_s` how long it may last, `keys` which keys end it."""

    ring_s: float = 45.0
    talk_s: float = 90.0
    keys: str = ""


@dataclass(frozen=True, slots=True)
class Call:
    """One call so far. A connected call may be a mailbox, and some networks connect while it still
    rings: only a key proves that a person has heard."""

    began_s: float
    connected_s: float | None = None
    seen: bool = False
    digits: str = ""
    end: CallEnd | None = None


@dataclass(frozen=True, slots=True)
class CallOutcome:
    """What a caller gets: how it ended, the keys in order, how long it rang and was connected."""

    number: str
    end: CallEnd
    digits: str
    rang_s: float
    talked_s: float


def heard(call: Call, text: str, dialect: Dialect, plan: CallPlan, now_s: float) -> Call:
    """Go on after a statement of the modem."""
    if call.end is not None:
        return call
    pressed = key(dialect, text)
    if pressed is not None:
        # Keys prove the connection, whatever was heard of it before.
        call = _connected(replace(call, digits=(call.digits + pressed)[:DIGITS]), now_s)
        return replace(call, end=CallEnd.KEY) if pressed in plan.keys else call
    if text == "BUSY":
        return replace(call, end=CallEnd.BUSY)
    if text == "NO ANSWER":
        return replace(call, end=CallEnd.NO_ANSWER)
    if dialect.began and text.startswith(dialect.began):
        return _connected(call, now_s)
    if text in ("NO CARRIER", "NO DIALTONE"):
        return _over(call)
    if dialect.ended and text.startswith(dialect.ended) and call.connected_s is not None:
        return _over(call)  # Of one that was not connected the next statement says why.
    return call


def listed(call: Call, calls: Sequence[CallState], now_s: float) -> Call:
    """Go on after the modem's own list of calls: it finds what a lost statement has hidden."""
    if call.end is not None:
        return call
    if any(state in (CallState.ACTIVE, CallState.HELD) for state in calls):
        return _connected(call, now_s)
    if calls:
        return replace(call, seen=True)
    if call.seen or now_s - call.began_s >= UNSEEN_S:
        return _over(call)
    return call


def timed(call: Call, plan: CallPlan, now_s: float) -> Call:
    """End what has lasted long enough."""
    if call.end is not None:
        return call
    if call.connected_s is None:
        late = now_s - call.began_s >= plan.ring_s
        return replace(call, end=CallEnd.NO_ANSWER) if late else call
    late = now_s - call.connected_s >= plan.talk_s
    return replace(call, end=CallEnd.ANSWERED) if late else call


def refused(call: Call) -> Call:
    """End a call that the modem did not take."""
    return replace(call, end=CallEnd.REFUSED)


def outcome(call: Call, number: str, now_s: float) -> CallOutcome:
    """Return what the caller gets of a call that has ended."""
    assert call.end is not None, "the call goes on"
    connected_s = now_s if call.connected_s is None else call.connected_s
    return CallOutcome(
        number, call.end, call.digits, connected_s - call.began_s, now_s - connected_s
    )


def _connected(call: Call, now_s: float) -> Call:
    if call.connected_s is not None:
        return call
    return replace(call, seen=True, connected_s=now_s)


def _over(call: Call) -> Call:
    ended = CallEnd.NO_CARRIER if call.connected_s is None else CallEnd.ANSWERED
    return replace(call, end=ended)

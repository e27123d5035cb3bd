"""The lifecycle of an alarm as one table: (state, input) -> where it goes and what is recorded.

Owns the only statement of it. The drawing in the docs is made from the table, so it cannot drift.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum

from agent.core.alarm import AlarmState
from agent.core.row import Kind


class Input(StrEnum):
    """What can happen to an alarm."""

    RAISE = "RAISE"  # The condition is reported, for the first time or anew.
    ASK = "ASK"  # The same, of a rule that asks the person at home before it calls for help.
    HOLD = "HOLD"  # The same, of a rule that is muted.
    PROMPT = "PROMPT"  # It is time to ask again.
    DUE = "DUE"  # Nobody has answered in time, or the mute is over.
    RESTORE = "RESTORE"  # The condition is over.
    ANSWER = "ANSWER"  # A person in the home says, while being asked, that no help is needed.
    ACK = "ACK"  # A person has taken it on.
    RESOLVE = "RESOLVE"  # A person has dealt with it.


@dataclass(frozen=True, slots=True)
class Move:
    """Where the alarm goes, and the row that tells of it."""

    to: AlarmState
    kind: Kind


@dataclass(frozen=True, slots=True)
class Cell:
    """The move for an alarm that ends by itself, for one that is latched, and for a trouble (S4 and
    S5): nobody needs to say that he has seen a fault that is gone."""

    plain: Move
    latched: Move
    trouble: Move


def _same(to: AlarmState, kind: Kind) -> Cell:
    return Cell(Move(to, kind), Move(to, kind), Move(to, kind))


_NORMAL, _ACTIVE, _ACKED = AlarmState.NORMAL, AlarmState.ACTIVE, AlarmState.ACKED
_RTN, _CLOSED = AlarmState.RTN_UNACKED, AlarmState.CLOSED
_SHELVED, _PRE = AlarmState.SHELVED, AlarmState.PRE_ALARM

_BEGINS: Mapping[Input, Cell] = {
    # For CLOSED: as a new alarm with its own id.
    Input.RAISE: _same(_ACTIVE, Kind.ALARM_RAISED),
    Input.ASK: _same(_PRE, Kind.ALARM_PRE_ALARM),
    Input.HOLD: _same(_SHELVED, Kind.ALARM_SHELVED),
}
_HELP = _same(_ACTIVE, Kind.ALARM_RAISED)
_AGAIN = _same(_ACTIVE, Kind.ALARM_REPEATED)
_CALLED_OFF = _same(_CLOSED, Kind.ALARM_CALLED_OFF)

TABLE: Mapping[tuple[AlarmState, Input], Cell] = {
    # What is not here changes nothing and is no error. A report is here for every state, and leads
    # to ACTIVE wherever an alarm stands already: help that was asked for again is never taken for
    # old news, and a person who does not answer is not asked from the beginning. Only what a mute
    # holds back stays so.
    **{(_NORMAL, happened): cell for happened, cell in _BEGINS.items()},
    (_SHELVED, Input.RAISE): _HELP,
    (_SHELVED, Input.ASK): _HELP,
    (_SHELVED, Input.HOLD): _same(_SHELVED, Kind.ALARM_SHELVED),
    (_SHELVED, Input.DUE): _HELP,
    (_SHELVED, Input.RESTORE): _CALLED_OFF,
    (_SHELVED, Input.RESOLVE): _CALLED_OFF,
    (_PRE, Input.RAISE): _HELP,
    (_PRE, Input.ASK): _HELP,
    (_PRE, Input.HOLD): _HELP,
    (_PRE, Input.PROMPT): _same(_PRE, Kind.ALARM_PROMPTED),
    (_PRE, Input.DUE): _HELP,
    (_PRE, Input.RESTORE): _CALLED_OFF,
    (_PRE, Input.ANSWER): _CALLED_OFF,
    (_PRE, Input.RESOLVE): _CALLED_OFF,
    (_ACTIVE, Input.RAISE): _AGAIN,
    (_ACTIVE, Input.ASK): _AGAIN,
    (_ACTIVE, Input.HOLD): _AGAIN,
    (_ACTIVE, Input.RESTORE): Cell(
        plain=Move(_RTN, Kind.ALARM_RESTORED),
        latched=Move(_RTN, Kind.ALARM_RESTORED),
        trouble=Move(_CLOSED, Kind.ALARM_CLOSED),
    ),
    (_ACTIVE, Input.ACK): _same(_ACKED, Kind.ALARM_ACKED),
    (_ACTIVE, Input.RESOLVE): _same(_CLOSED, Kind.ALARM_CLOSED),
    (_ACKED, Input.RAISE): _AGAIN,
    (_ACKED, Input.ASK): _AGAIN,
    (_ACKED, Input.HOLD): _AGAIN,
    (_ACKED, Input.RESTORE): Cell(
        plain=Move(_CLOSED, Kind.ALARM_CLOSED),
        latched=Move(_ACKED, Kind.ALARM_RESTORED),
        trouble=Move(_CLOSED, Kind.ALARM_CLOSED),
    ),
    (_ACKED, Input.RESOLVE): _same(_CLOSED, Kind.ALARM_CLOSED),
    (_RTN, Input.RAISE): _AGAIN,
    (_RTN, Input.ASK): _AGAIN,
    (_RTN, Input.HOLD): _AGAIN,
    (_RTN, Input.ACK): Cell(
        plain=Move(_CLOSED, Kind.ALARM_CLOSED),
        latched=Move(_ACKED, Kind.ALARM_ACKED),
        trouble=Move(_CLOSED, Kind.ALARM_CLOSED),
    ),
    (_RTN, Input.RESOLVE): _same(_CLOSED, Kind.ALARM_CLOSED),
    **{(_CLOSED, happened): cell for happened, cell in _BEGINS.items()},
}

STATES = (_NORMAL, _SHELVED, _PRE, _ACTIVE, _ACKED, _RTN, _CLOSED)
"""The states, in the order in which an alarm may go through them. NORMAL stands for "no alarm"."""


def move(
    state: AlarmState, happened: Input, *, latched: bool, trouble: bool = False
) -> Move | None:
    """Return the move for an alarm in `state`, None when nothing changes."""
    cell = TABLE.get((state, happened))
    if cell is None:
        return None
    if latched:
        return cell.latched
    return cell.trouble if trouble else cell.plain


def as_markdown() -> str:
    """Return the table for the docs: one line an input, one column a state."""
    lines = [
        "| | " + " | ".join(STATES) + " |",
        "|---" * (len(STATES) + 1) + "|",
    ]
    for happened in Input:
        cells = " | ".join(_text(TABLE.get((state, happened))) for state in STATES)
        lines.append(f"| {happened} | {cells} |")
    return "\n".join(lines) + "\n"


def _text(cell: Cell | None) -> str:
    if cell is None:
        return "-"
    text = _arrow(cell.plain)
    if cell.latched != cell.plain:
        text += f"; latched: {_arrow(cell.latched)}"
    if cell.trouble != cell.plain:
        text += f"; trouble: {_arrow(cell.trouble)}"
    return text


def _arrow(made: Move) -> str:
    return f"{made.to} ({made.kind})"

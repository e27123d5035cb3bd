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
    RESTORE = "RESTORE"  # The condition is over.
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

TABLE: Mapping[tuple[AlarmState, Input], Cell] = {
    # What is not here changes nothing and is no error. A RAISE is here for every state, and always
    # leads to ACTIVE: help that was asked for again is never taken for old news.
    (_NORMAL, Input.RAISE): _same(_ACTIVE, Kind.ALARM_RAISED),
    (_ACTIVE, Input.RAISE): _same(_ACTIVE, Kind.ALARM_REPEATED),
    (_ACTIVE, Input.RESTORE): Cell(
        plain=Move(_RTN, Kind.ALARM_RESTORED),
        latched=Move(_RTN, Kind.ALARM_RESTORED),
        trouble=Move(_CLOSED, Kind.ALARM_CLOSED),
    ),
    (_ACTIVE, Input.ACK): _same(_ACKED, Kind.ALARM_ACKED),
    (_ACTIVE, Input.RESOLVE): _same(_CLOSED, Kind.ALARM_CLOSED),
    (_ACKED, Input.RAISE): _same(_ACTIVE, Kind.ALARM_REPEATED),
    (_ACKED, Input.RESTORE): Cell(
        plain=Move(_CLOSED, Kind.ALARM_CLOSED),
        latched=Move(_ACKED, Kind.ALARM_RESTORED),
        trouble=Move(_CLOSED, Kind.ALARM_CLOSED),
    ),
    (_ACKED, Input.RESOLVE): _same(_CLOSED, Kind.ALARM_CLOSED),
    (_RTN, Input.RAISE): _same(_ACTIVE, Kind.ALARM_REPEATED),
    (_RTN, Input.ACK): Cell(
        plain=Move(_CLOSED, Kind.ALARM_CLOSED),
        latched=Move(_ACKED, Kind.ALARM_ACKED),
        trouble=Move(_CLOSED, Kind.ALARM_CLOSED),
    ),
    (_RTN, Input.RESOLVE): _same(_CLOSED, Kind.ALARM_CLOSED),
    (_CLOSED, Input.RAISE): _same(_ACTIVE, Kind.ALARM_RAISED),  # As a new alarm with its own id.
}

STATES = (_NORMAL, _ACTIVE, _ACKED, _RTN, _CLOSED)
"""The states in use. NORMAL stands for "no alarm"; PRE_ALARM waits for rules that ask first."""


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
    """Return the table for the docs: one line a state, one column an input."""
    lines = [
        "| from | " + " | ".join(Input) + " |",
        "|---" * (len(Input) + 1) + "|",
    ]
    for state in STATES:
        cells = " | ".join(_text(TABLE.get((state, happened))) for happened in Input)
        lines.append(f"| {state} | {cells} |")
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

"""The AT line: bytes in, statements out, and which statement answers which command.

Shape:  3GPP TS 27.007 and ITU-T V.250: statements end with CR LF, a prompt is `> ` at the start of
        a line. Statements that nobody asked for come between the lines of an answer.
Knows nothing of what a statement means.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum, auto

LINE_BYTES = 2_048
"""A longer line is noise and dropped: the longest of ours, a text with its head, has 400."""

CTRL_Z = "\x1a"
ESCAPE = "\x1b"

PROMPT = "> "
ANY_BARE = "*"
"""Answers of a question whose answer has no head: the name of the model."""

_HEADS = ("+CMGL:", "+CMGR:", "+CMT:", "+CDS:")
"""Statements whose second line is a text message in hex digits."""

_REFUSALS = ("+CME ERROR:", "+CMS ERROR:")
_OF_CALLS = ("NO CARRIER", "BUSY", "NO ANSWER", "NO DIALTONE")
_BARE_NEWS = (
    *("RING", "RDY", "MISSED_CALL", "VOICE CALL", "SMS DONE", "PB DONE", "SMS READY"),
    *("CALL READY", "POWERED DOWN", "NORMAL POWER DOWN"),
)
_HEX = frozenset("0123456789ABCDEFabcdef")


@dataclass(frozen=True, slots=True)
class Said:
    """One statement. `pdu` is the line of hex digits that belongs to it, "" without one."""

    text: str
    pdu: str = ""


@dataclass(frozen=True, slots=True)
class Ear:
    """What was heard of a statement that is not complete yet. `heads` still lack their second
    line, the newest last. `skipping` the rest of a line that was too long."""

    buffer: bytes = b""
    heads: tuple[str, ...] = ()
    skipping: bool = False


@dataclass(frozen=True, slots=True)
class Question:
    """One command. `answers` is how its answers begin, "" when there is only a result; `payload`
    is sent when the modem prompts for it; `within_s` bounds the wait for the result. With `demands`
    a result that comes without an answer belongs to an earlier question."""

    command: str
    answers: str = ""
    payload: str = ""
    within_s: float = 5.0
    demands: bool = False


class Sort(Enum):
    """What a statement is to the question that is being asked."""

    ECHO = auto()
    PROMPT = auto()
    ANSWER = auto()
    DONE = auto()
    REFUSED = auto()
    NEWS = auto()  # Nobody asked.


def hear(ear: Ear, data: bytes) -> tuple[Ear, tuple[Said, ...]]:
    r"""Return the statements that are complete with `data`, in order, and what is left.

    >>> hear(Ear(), b"\r\n+CSQ: 21,99\r\n\r\nOK\r\n")[1]
    (Said(text='+CSQ: 21,99', pdu=''), Said(text='OK', pdu=''))
    """
    found: list[Said] = []
    *lines, rest = (ear.buffer + data).replace(b"\r", b"\n").split(b"\n")
    heads, skipping = ear.heads, ear.skipping
    for line in lines:
        if skipping or len(line) > LINE_BYTES:
            skipping = False
            continue
        text = line.decode("ascii", "replace").strip("\0 ")
        if text == PROMPT.strip():
            found.append(Said(PROMPT))  # It waits, and something else was said meanwhile.
        elif text:
            heads, said = _complete(heads, text)
            found += said
    if not skipping and rest.lstrip(b"\0") == PROMPT.encode():
        found.append(Said(PROMPT))
        rest = b""
    if skipping or len(rest) > LINE_BYTES:
        return Ear(b"", heads, True), tuple(found)
    return Ear(rest, heads), tuple(found)


def _complete(heads: tuple[str, ...], text: str) -> tuple[tuple[str, ...], list[Said]]:
    """Return the heads that still wait after the line `text`, and what is complete with it."""
    if text.startswith(_HEADS):
        return (*heads, text)[-8:], []
    if heads and set(text) <= _HEX and len(text) % 2 == 0:
        return heads[:-1], [Said(heads[-1], text)]
    if heads and _is_result(text):  # Its second line is lost: no later one may pass for it.
        return (), [*(Said(head) for head in heads), Said(text)]
    return heads, [Said(text)]


def sort(question: Question | None, said: Said) -> Sort:
    """Return what a statement is to `question`, the one that is being asked (None: no one).

    >>> sort(Question("AT+CSQ", "+CSQ:"), Said("+CMTI: \\"SM\\",3"))
    <Sort.NEWS: 6>
    """
    text = said.text
    if question is None:
        return Sort.NEWS
    if text in (question.command, question.payload, question.payload + CTRL_Z):
        return Sort.ECHO
    if text == PROMPT:
        return Sort.PROMPT
    if text.startswith(PROMPT) and question.payload and question.payload in text:
        return Sort.ECHO  # Prompt and echoed payload share a line.
    if text == "OK":
        return Sort.DONE
    if text == "ERROR" or text.startswith(_REFUSALS):
        return Sort.REFUSED
    if text in _OF_CALLS and question.command.startswith("ATD"):
        return Sort.REFUSED
    if question.answers == ANY_BARE:
        return Sort.NEWS if _is_news(text) else Sort.ANSWER
    if question.answers and text.startswith(question.answers):
        return Sort.ANSWER
    return Sort.NEWS


def _is_result(text: str) -> bool:
    return text in ("OK", "ERROR") or text.startswith(_REFUSALS)


def _is_news(text: str) -> bool:
    return text.startswith(("+", "^", "*", *_OF_CALLS, *_BARE_NEWS))


def error_code(text: str) -> int | None:
    """Return the number of a refusal, None for a bare ERROR.

    >>> error_code("+CME ERROR: 10")
    10
    """
    _, found, number = text.partition(" ERROR:")
    return int(number) if found and number.strip().isdecimal() else None


def fields(text: str) -> tuple[str, ...]:
    """Return the fields after the head of a statement, without quotes.

    >>> fields('+COPS: 0,0,"CHINA, MOBILE",7')
    ('0', '0', 'CHINA, MOBILE', '7')
    """
    _, _, rest = text.partition(":")
    found, quoted, part = [], False, ""
    for sign in rest:
        if sign == '"':
            quoted = not quoted
        elif sign == "," and not quoted:
            found.append(part.strip())
            part = ""
        else:
            part += sign
    return (*found, part.strip())

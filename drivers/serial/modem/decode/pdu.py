"""Text messages as bytes: SMS-SUBMIT out; SMS-DELIVER and SMS-STATUS-REPORT in.

Source: 3GPP TS 23.040 sections 9.1.2.5 (addresses), 9.2.2 (messages), 9.2.3.24 (parts);
        TS 23.038 section 4 (coding).
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta, timezone
from enum import StrEnum

from agent.core.errors import FrameError
from drivers.serial.modem.decode import gsm7

TEXT_PARTS = 8
"""Parts of one text at most. A longer one is refused: each part costs seconds on the air."""

_SUBMIT, _RELATIVE_VALIDITY, _WANTS_REPORT, _HAS_HEADER = 0x01, 0x10, 0x20, 0x40
_ONE_DAY = 0xA7  # TP-VP: later than this nobody needs to know that help was wanted.
_INTERNATIONAL, _UNKNOWN, _ALPHANUMERIC = 0x91, 0x81, 5
_UCS2 = 0x08
_SEPTETS, _SEPTETS_OF_PART = 160, 153
_OCTETS, _OCTETS_OF_PART = 140, 134
_CONCAT_8, _CONCAT_16 = 0x00, 0x08
_DIGITS = "0123456789*#abc"


class TextFate(StrEnum):
    """What became of a text, as far as is known."""

    SENT = "sent"  # The network has it.
    DELIVERED = "delivered"  # The telephone has it.
    FAILED = "failed"  # It will not arrive.
    UNKNOWN = "unknown"  # The network never said.


@dataclass(frozen=True, slots=True)
class Part:
    """Which part of a long text this is: `number` of `total`, from 1."""

    reference: int
    total: int
    number: int


@dataclass(frozen=True, slots=True)
class Deliver:
    """A text that came in. `sender` is digits with or without +, or a name."""

    sender: str
    text: str
    sent_at_s: float | None
    part: Part | None = None


@dataclass(frozen=True, slots=True)
class StatusReport:
    """What became of a text that we sent. `fate` is SENT while the network still tries."""

    reference: int
    recipient: str
    fate: TextFate
    status: int


@dataclass(frozen=True, slots=True)
class Submit:
    """One message to send: hex digits for the modem, and the length that AT+CMGS wants."""

    pdu: str
    length: int


# --- out ------------------------------------------------------------------------------------------


def submit(number: str, text: str, *, reference: int, wants_report: bool) -> tuple[Submit, ...]:
    """Return the messages that carry `text`, in order; more than one is marked as parts.

    `number` as `number.check` returns it, `reference` 0-255 ties the parts together.
    Errors: FrameError when the text needs more than TEXT_PARTS.

    >>> submit("+46708251358", "hellohello", reference=0, wants_report=False)[0].pdu
    '0011000B916407281553F80000A70AE8329BFD4697D9EC37'
    """
    codes = [gsm7.encode(sign) for sign in text]
    if None in codes:
        units = [sign.encode("utf-16-be", "replace") for sign in text]
        pieces = _pieces(units, _OCTETS, _OCTETS_OF_PART)
        coded = [(_UCS2, b"".join(piece)) for piece in pieces]
    else:
        septets = [bytes(code) for code in codes if code is not None]
        coded = [(0, b"".join(one)) for one in _pieces(septets, _SEPTETS, _SEPTETS_OF_PART)]
    if len(coded) > TEXT_PARTS:
        raise FrameError(f"text of {len(text)} characters: got {len(coded)} parts, wanted 1 to 8")
    first = _SUBMIT | _RELATIVE_VALIDITY | (_WANTS_REPORT if wants_report else 0)
    made = []
    for place, (coding, data) in enumerate(coded, 1):
        head = bytes([5, _CONCAT_8, 3, reference, len(coded), place]) if len(coded) > 1 else b""
        octets = bytes([first | (_HAS_HEADER if head else 0), 0]) + encode_address(number)
        octets += bytes([0, coding, _ONE_DAY]) + _user_data(head, coding, data)
        made.append(Submit(f"00{octets.hex()}".upper(), len(octets)))
    return tuple(made)


def _pieces(units: list[bytes], whole: int, part: int) -> list[list[bytes]]:
    """Cut between characters: an escape or a surrogate pair stays together."""
    if sum(map(len, units)) <= whole:
        return [units]
    pieces: list[list[bytes]] = [[]]
    room = part
    for unit in units:
        if len(unit) > room:
            pieces.append([])
            room = part
        pieces[-1].append(unit)
        room -= len(unit)
    return pieces


def _user_data(head: bytes, coding: int, data: bytes) -> bytes:
    if coding == _UCS2:
        return bytes([len(head) + len(data)]) + head + data
    fill_bits = -8 * len(head) % 7
    head_septets = (8 * len(head) + fill_bits) // 7
    return bytes([head_septets + len(data)]) + head + gsm7.pack(data, fill_bits)


def encode_address(number: str) -> bytes:
    """Return length, type and digits of a number.

    >>> encode_address("10086").hex()
    '05810180f6'
    """
    digits = number.removeprefix("+")
    kind = _INTERNATIONAL if number.startswith("+") else _UNKNOWN
    nibbles = [_DIGITS.index(digit) for digit in digits] + [0xF] * (len(digits) % 2)
    pairs = (low | high << 4 for low, high in zip(nibbles[::2], nibbles[1::2], strict=True))
    return bytes([len(digits), kind, *pairs])


# --- in -------------------------------------------------------------------------------------------


def decode(pdu: str) -> Deliver | StatusReport:
    """Return the message that the modem read out, service centre first.

    Errors: FrameError when it is cut off, of another kind, or compressed.

    >>> decode("07911326040000F0040B911346610089F60000208062917314080CC8F71D14969741F977FD07").text
    'How are you?'
    """
    try:
        octets = _Octets(bytes.fromhex(pdu))
    except ValueError as error:
        raise FrameError(f"text message: {error}, wanted hex digits: {pdu[:40]!r}") from error
    octets.take(octets.one())  # The service centre.
    first = octets.one()
    match first & 0x03:
        case 0:
            return _deliver(octets, first)
        case 2:
            return _status_report(octets)
        case kind:
            raise FrameError(f"text message: got kind {kind}, wanted 0 or 2: {pdu[:40]}")


def _deliver(octets: _Octets, first: int) -> Deliver:
    sender = octets.address()
    octets.one()  # TP-PID says nothing that we need.
    coding = octets.one()
    sent_at_s = octets.moment()
    count = octets.one()
    data = octets.rest()
    head = b""
    if first & _HAS_HEADER:
        if not data or len(data) < data[0] + 1:
            raise FrameError(f"text message: its header is cut off: {data.hex()}")
        head = data[: data[0] + 1]
    text = _text(data, head, coding, count)
    return Deliver(sender, text, sent_at_s, _part(head))


def _text(data: bytes, head: bytes, coding: int, count: int) -> str:
    alphabet = _alphabet(coding)
    if alphabet == "7bit":
        fill_bits = -8 * len(head) % 7
        head_septets = (8 * len(head) + fill_bits) // 7
        septets = gsm7.unpack(data[len(head) :], count - head_septets, fill_bits)
        return gsm7.decode(septets)
    body = data[len(head) : count]
    if alphabet == "8bit":
        return body.decode("latin-1")
    return body[: len(body) // 2 * 2].decode("utf-16-be", "replace")


def _alphabet(coding: int) -> str:
    """Return "7bit", "8bit" or "ucs2" (TS 23.038 section 4)."""
    group = coding >> 4
    if group < 0x8:
        if coding & 0x20:
            raise FrameError(f"text message: coding 0x{coding:02x} is compressed, wanted plain")
        return ("7bit", "8bit", "ucs2", "7bit")[coding >> 2 & 0x03]
    if group == 0xE:
        return "ucs2"
    return "8bit" if group == 0xF and coding & 0x04 else "7bit"


def _part(head: bytes) -> Part | None:
    for element, body in _elements(head[1:]):
        if element == _CONCAT_8 and len(body) == 3:
            part = Part(body[0], body[1], body[2])
        elif element == _CONCAT_16 and len(body) == 4:
            part = Part(body[0] << 8 | body[1], body[2], body[3])
        else:
            continue
        if part.total > 1 and 1 <= part.number <= part.total:
            return part
    return None  # Also for nonsense: TS 23.040 asks to ignore it.


def _elements(head: bytes) -> Iterator[tuple[int, bytes]]:
    while len(head) >= 2:
        size = head[1]
        yield head[0], head[2 : 2 + size]
        head = head[2 + size :]


def _status_report(octets: _Octets) -> StatusReport:
    reference = octets.one()
    recipient = octets.address()
    octets.moment()
    octets.moment()
    status = octets.one()
    if status < 0x20:
        fate = TextFate.DELIVERED
    elif status < 0x40:
        fate = TextFate.SENT
    else:
        fate = TextFate.FAILED
    return StatusReport(reference, recipient, fate, status)


class _Octets:
    """Takes fields off the front of a message; a message that ends too soon is a FrameError."""

    def __init__(self, data: bytes) -> None:
        self._data = data
        self._at = 0

    def take(self, count: int) -> bytes:
        end = self._at + count
        if end > len(self._data):
            raise FrameError(
                f"text message: got {len(self._data)} bytes, wanted at least {end}: "
                f"{self._data[:24].hex()}"
            )
        taken = self._data[self._at : end]
        self._at = end
        return taken

    def one(self) -> int:
        return self.take(1)[0]

    def rest(self) -> bytes:
        return self.take(len(self._data) - self._at)

    def address(self) -> str:
        digits, kind = self.one(), self.one()
        octets = self.take((digits + 1) // 2)
        if kind >> 4 & 0x07 == _ALPHANUMERIC:
            return gsm7.decode(gsm7.unpack(octets, digits * 4 // 7))
        nibbles = [nibble for octet in octets for nibble in (octet & 0xF, octet >> 4)]
        number = "".join(_DIGITS[nibble] for nibble in nibbles[:digits] if nibble < len(_DIGITS))
        return f"+{number}" if kind >> 4 & 0x07 == 1 else number

    def moment(self) -> float | None:
        """Return the service centre's time as seconds since 1970; None when it is no time."""
        swapped = [octet >> 4 | (octet & 0xF) << 4 for octet in self.take(7)]
        *figures, zone = swapped
        if any(figure & 0xF > 9 or figure >> 4 > 9 for figure in figures):
            return None
        year, month, day, hour, minute, second = ((f >> 4) * 10 + (f & 0xF) for f in figures)
        quarters = (zone >> 4 & 0x07) * 10 + (zone & 0xF)
        ahead = timedelta(minutes=15 * (-quarters if zone & 0x80 else quarters))
        try:
            at = datetime(2000 + year, month, day, hour, minute, second, tzinfo=timezone(ahead))
        except ValueError:
            return None
        return at.timestamp()

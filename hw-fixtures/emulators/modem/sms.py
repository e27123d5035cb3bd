"""Text messages as strings of bits: SMS-SUBMIT in; SMS-DELIVER and SMS-STATUS-REPORT out.

Source: 3GPP TS 23.040 section 9.2.2 and TS 23.038 section 6.
"""

from collections.abc import Sequence
from dataclasses import dataclass

_ROWS = (
    "@£$¥èéùìòÇ\nØø\rÅåΔ_ΦΓΛΩΠΨΣΘΞ\x1bÆæßÉ !\"#¤%&'()*+,-./0123456789:;<=>?"
    "¡ABCDEFGHIJKLMNOPQRSTUVWXYZÄÖÑÜ§¿abcdefghijklmnopqrstuvwxyzäöñüà"
)
_ESCAPED = dict(zip("\f^{}\\[~]|€", (10, 20, 40, 41, 47, 60, 61, 62, 64, 101), strict=True))
_MOMENT = "62113251403223"  # 2026-11-23 15:04:23, UTC+8, as the service centre writes it.
_PER_PART = 67  # Two-byte characters of a part with its header.


class BadSms(ValueError):
    """The host gave bytes that are no message to send."""


@dataclass(frozen=True, slots=True)
class Outgoing:
    """A message as the network sees it. `part` is (reference, total, number) or None."""

    number: str
    text: str
    part: tuple[int, int, int] | None
    wants_report: bool
    coding: int


def read_submit(pdu: str, length: int) -> Outgoing:
    """Return what the host wants sent; `length` is what it told AT+CMGS. Errors: BadSms."""
    try:
        octets = bytes.fromhex(pdu)
    except ValueError as error:
        raise BadSms(f"payload: {error}") from error
    if not octets or len(octets) != 1 + octets[0] + length:
        raise BadSms(f"payload: got {len(octets)} bytes, wanted {length} after the service centre")
    tpdu = octets[1 + octets[0] :]
    try:
        return _submit(tpdu)
    except IndexError as error:
        raise BadSms(f"payload: cut off: {tpdu.hex()}") from error


def _submit(tpdu: bytes) -> Outgoing:
    first, digits, kind = tpdu[0], tpdu[2], tpdu[3]
    if first & 3 != 1:
        raise BadSms(f"payload: got kind {first & 3}, wanted 1")
    at = 4 + (digits + 1) // 2
    written = "".join(f"{octet & 15:x}{octet >> 4:x}" for octet in tpdu[4:at])[:digits]
    coding = tpdu[at + 1]
    at += 2 + {0: 0, 2: 1, 1: 7, 3: 7}[first >> 3 & 3]
    count, data = tpdu[at], tpdu[at + 1 :]
    head = data[: data[0] + 1] if first & 0x40 else b""
    part = (head[3], head[4], head[5]) if head[1:3] == b"\x00\x03" else None
    if coding & 0x0C == 0x08:
        if count != len(data):
            raise BadSms(f"payload: got {len(data)} bytes of text, wanted {count}")
        text = data[len(head) :].decode("utf-16-be")
    else:
        text = _from_septets(data, count, len(head))
    return Outgoing(("+" if kind == 0x91 else "") + written, text, part, bool(first & 0x20), coding)


def _from_septets(data: bytes, count: int, head: int) -> str:
    bits = "".join(f"{octet:08b}"[::-1] for octet in data)
    codes = [int(bits[7 * n : 7 * n + 7][::-1], 2) for n in range(count)]
    text, named = "", {code: sign for sign, code in _ESCAPED.items()}
    codes = codes[-(-8 * head // 7) :]
    while codes:
        code = codes.pop(0)
        text += named[codes.pop(0)] if code == 27 else _ROWS[code]
    return text


def make_delivers(sender: str, text: str, reference: int) -> list[str]:
    """Return the messages in which a text reaches us, service centre first."""
    if all(sign in _ROWS or sign in _ESCAPED for sign in text) and len(text) <= 70:
        return [_deliver(sender, 0, *_as_septets(text), header="")]
    chunks = [text[at : at + _PER_PART] for at in range(0, len(text), _PER_PART)] or [""]
    if len(text) <= 70:
        chunks = [text]
    made = []
    for number, chunk in enumerate(chunks, 1):
        header = f"050003{reference:02X}{len(chunks):02X}{number:02X}" if len(chunks) > 1 else ""
        body = chunk.encode("utf-16-be").hex()
        made.append(_deliver(sender, 8, len(header + body) // 2, body, header=header))
    return made


def _deliver(sender: str, coding: int, count: int, body: str, *, header: str) -> str:
    first = "44" if header else "04"
    pdu = f"00{first}{_address(sender)}00{coding:02X}{_MOMENT}{count:02X}{header}{body}"
    return pdu.upper()


def _as_septets(text: str) -> tuple[int, str]:
    codes: list[int] = []
    for sign in text:
        codes += [27, _ESCAPED[sign]] if sign in _ESCAPED else [_ROWS.index(sign)]
    return len(codes), _octets(codes).hex()


def _octets(codes: Sequence[int]) -> bytes:
    bits = "".join(f"{code:07b}"[::-1] for code in codes)
    bits += "0" * (-len(bits) % 8)
    return bytes(int(bits[at : at + 8][::-1], 2) for at in range(0, len(bits), 8))


def _address(number: str) -> str:
    if not number.lstrip("+").isdecimal():
        body = _octets([_ROWS.index(sign) for sign in number]).hex()
        return f"{-(-len(number) * 7 // 4):02X}D0{body}"
    digits = number.lstrip("+")
    padded = digits + "F" * (len(digits) % 2)
    swapped = "".join(padded[at + 1] + padded[at] for at in range(0, len(padded), 2))
    return f"{len(digits):02X}{'91' if number.startswith('+') else '81'}{swapped}"


def make_report(reference: int, number: str, status: int) -> str:
    """Return the message that says what became of a text."""
    return f"0006{reference:02X}{_address(number)}{_MOMENT}{_MOMENT}{status:02X}".upper()

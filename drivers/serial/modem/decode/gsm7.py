"""The GSM 7-bit default alphabet with its extension table: 3GPP TS 23.038, sections 6.2.1."""

from __future__ import annotations

from collections.abc import Sequence

ESC = 0x1B

_BASIC = (
    "@£$¥èéùìòÇ\nØø\rÅå"
    "Δ_ΦΓΛΩΠΨΣΘΞ\x1bÆæßÉ"
    " !\"#¤%&'()*+,-./"
    "0123456789:;<=>?"
    "¡ABCDEFGHIJKLMNO"
    "PQRSTUVWXYZÄÖÑÜ§"
    "¿abcdefghijklmno"
    "pqrstuvwxyzäöñüà"
)
_EXTENSION = {
    0x0A: "\f",
    0x14: "^",
    0x28: "{",
    0x29: "}",
    0x2F: "\\",
    0x3C: "[",
    0x3D: "~",
    0x3E: "]",
    0x40: "|",
    0x65: "€",
}
_CODES: dict[str, tuple[int, ...]] = {
    sign: (code,) for code, sign in enumerate(_BASIC) if code != ESC
} | {sign: (ESC, code) for code, sign in _EXTENSION.items()}


def encode(sign: str) -> tuple[int, ...] | None:
    """Return the one or two septets of a character, None when the alphabet does not have it."""
    return _CODES.get(sign)


def decode(septets: Sequence[int]) -> str:
    """Return the text. An unknown extension is shown as the basic character, as TS 23.038 asks."""
    text, escaped = "", False
    for septet in septets:
        if escaped:
            text += _EXTENSION.get(septet, _BASIC[septet] if septet != ESC else " ")
            escaped = False
        elif septet == ESC:
            escaped = True
        else:
            text += _BASIC[septet]
    return text


def pack(septets: Sequence[int], fill_bits: int = 0) -> bytes:
    """Return septets as octets, the first one after `fill_bits` zero bits.

    >>> pack([0x68, 0x65, 0x6C, 0x6C, 0x6F]).hex()
    'e8329bfd06'
    """
    bits = 0
    for place, septet in enumerate(septets):
        bits |= septet << (7 * place + fill_bits)
    return bits.to_bytes((7 * len(septets) + fill_bits + 7) // 8, "little")


def unpack(octets: bytes, count: int, fill_bits: int = 0) -> tuple[int, ...]:
    """Return `count` septets, or as many as there are bits for.

    >>> decode(unpack(bytes.fromhex("e8329bfd06"), 5))
    'hello'
    """
    bits = int.from_bytes(octets, "little") >> fill_bits
    count = max(0, min(count, (len(octets) * 8 - fill_bits) // 7))
    return tuple(bits >> (7 * place) & 0x7F for place in range(count))

"""Telephone numbers: which may be dialled, and which are the same telephone.

Digits only ever reach the AT line from here, so nothing that a person typed can be a command.
"""

from __future__ import annotations

import re

from agent.core.errors import ConfigError

_SEPARATORS = str.maketrans("", "", " -()./\u00a0\u2011\u3000")
_WIDE = str.maketrans("０１２３４５６７８９＋", "0123456789+")
_HOME = "86"
_PUBLIC = frozenset(["110", "112", "119", "120", "122", "911", "999", "12110"])
_MOBILE = re.compile(r"1[3-9]\d{5}")  # Area code 10 is Beijing; five and six digits are services.
_SAME_DIGITS = 7  # A local line: the least by which two telephones can be told apart.


def check(given: str) -> str:
    """Return the number as it is dialled: digits, with a leading + when it names its country.

    Errors: ConfigError when it cannot be a telephone, or is a public emergency line: those are
    called by a person, never by a machine.

    >>> check("138-0013 8000")
    '13800138000'
    """
    number = given.translate(_WIDE).translate(_SEPARATORS)
    digits = number.removeprefix("+")
    if not digits.isascii() or not digits.isdecimal():
        raise ConfigError(
            f"telephone number {given!r}: got other signs than digits, wanted 13800138000, "
            "02187654321 or +8613800138000. Correct the contact."
        )
    if digits in _PUBLIC:
        raise ConfigError(
            f"telephone number {given!r}: got a public emergency line, wanted a person. "
            "Such a line is called by somebody who can answer questions. Choose another contact."
        )
    if number.startswith("00"):
        number, digits = f"+{digits[2:]}", digits[2:]
    least = 8 if number.startswith("+") else 5
    if not least <= len(digits) <= 15:
        raise ConfigError(
            f"telephone number {given!r}: got {len(digits)} digits, wanted {least} to 15 "
            "(ITU-T E.164). Correct the contact."
        )
    mobile = _national(number)
    is_ours = not number.startswith("+") or number.startswith(f"+{_HOME}")
    if is_ours and _MOBILE.match(mobile) and len(mobile) != 11:
        raise ConfigError(
            f"telephone number {given!r}: got {len(mobile)} digits beginning with {mobile[:2]}, "
            "wanted the 11 digits of a mobile. Correct the contact."
        )
    return number


def same(one: str, other: str) -> bool:
    """Return whether two numbers are the same telephone, however each of them is written.

    >>> same("+8613800138000", "13800138000")
    True
    """
    first, second = _national(one), _national(other)
    if not first.isdecimal() or not second.isdecimal():
        return one == other
    return first == second and len(first) >= _SAME_DIGITS


def _national(number: str) -> str:
    """Return the number without the country, when that is ours, and without a trunk zero."""
    for prefix in (f"+{_HOME}", f"00{_HOME}"):
        if number.startswith(prefix):
            return number.removeprefix(prefix).removeprefix("0")
    if number.startswith(_HOME) and len(number) == 13 and number[2] == "1":
        return number[2:]  # Some networks leave the + away.
    if number.startswith("+"):
        return number[1:]
    return number.removeprefix("0") if not number.startswith("00") else number[2:]

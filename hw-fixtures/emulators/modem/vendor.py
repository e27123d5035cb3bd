"""What differs between the two vendors, as their manuals have it."""

import re
from collections.abc import Mapping
from dataclasses import dataclass

_CODES = {key: str(ord(key)) for key in "0123456789*#ABCD"}


@dataclass(frozen=True, slots=True)
class Vendor:
    """One vendor's module. `tries`, `key`, `begun` and `ended` are filled with format()."""

    model: str
    ready: tuple[str, ...]
    tries_command: str
    tries: str
    keys_on: str
    key: str
    key_codes: Mapping[str, str]
    say: re.Pattern[str]
    said: str
    begun: str
    ended: str
    known: frozenset[str]


VENDORS: dict[str, Vendor] = {
    "sim7600": Vendor(
        model="SIMCOM_SIM7600CE",
        ready=("RDY", "+CPIN: {0}", "SMS DONE", "PB DONE"),
        tries_command="AT+SPIC",
        tries="+SPIC: {0},10,3,10",
        keys_on="AT+DDET=1",
        key="+RXDTMF: {0}",
        key_codes={},
        say=re.compile(r'AT\+CTTS=1,"([0-9A-F]*)"'),
        said="+CTTS: 0",
        begun="VOICE CALL: BEGIN",
        ended="VOICE CALL: END: {0:06d}",
        known=frozenset(["AT+CVHU=0", "AT+CDTAM=1", "AT+CTTS=0"]),
    ),
    "ec20": Vendor(
        model="EC20F",
        ready=("RDY", "+CFUN: 1", "+CPIN: {0}", "+QIND: SMS DONE", "+QIND: PB DONE"),
        tries_command='AT+QPINC="SC"',
        tries='+QPINC: "SC",{0},10',
        keys_on="AT+QTONEDET=1",
        key="+QTONEDET: {0}",
        key_codes=_CODES,
        say=re.compile(r'AT\+QWTTS=1,1,1,"([0-9A-F]*)"'),
        said="+QWTTS: 0",
        begun="",
        ended="",
        known=frozenset(["AT+CVHU=0", 'AT+QURCCFG="urcport","usbat"', "AT+QWTTS=0"]),
    ),
}

"""What differs between vendors, as data. The rest is 3GPP TS 27.007 and 27.005.

From the vendors' AT manuals (SIM7500/SIM7600 V1.07, EC25/EC21/EC20 V2.2) and field reports; no
module at hand was asked.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Dialect:
    """One vendor.

    `models`      words of which one is in the answer to AT+CGMM.
    `set_up`      commands after the common ones; a firmware that lacks one goes on without it.
    `tries`       asks how often the PIN may still be tried; `tries_field` is where the answer has
                  it.
    `keys_on`     has keys of the far end reported, each as `key_head` and the key, or its ASCII
                  code where `key_is_code`.
    `say`         speaks UCS-2 in hex digits to the far end of a call; {0} is the text.
    `hush`        ends the speaking.
    `began`, `ended` how statements on a call that is answered, and over, begin; "" where there are
                  none.
    """

    name: str
    models: tuple[str, ...]
    set_up: tuple[str, ...]
    tries: str
    tries_head: str
    tries_field: int
    keys_on: str
    key_head: str
    key_is_code: bool
    say: str
    hush: str
    began: str
    ended: str


SIM7600 = Dialect(
    name="SIMCom SIM7600",
    models=("SIM7600", "SIM7500", "SIM7670", "A7670", "A7672"),
    set_up=("AT+CVHU=0", "AT+CDTAM=1"),  # CDTAM: speech goes to the far end.
    tries="AT+SPIC",
    tries_head="+SPIC:",
    tries_field=0,
    keys_on="AT+DDET=1",
    key_head="+RXDTMF:",
    key_is_code=False,
    say='AT+CTTS=1,"{0}"',
    hush="AT+CTTS=0",
    began="VOICE CALL: BEGIN",
    ended="VOICE CALL: END",
)

EC20 = Dialect(
    name="Quectel EC20",
    models=("EC20", "EC21", "EC25", "EG25"),
    set_up=("AT+CVHU=0", 'AT+QURCCFG="urcport","usbat"'),
    tries='AT+QPINC="SC"',
    tries_head="+QPINC:",
    tries_field=1,
    keys_on="AT+QTONEDET=1",
    key_head="+QTONEDET:",
    key_is_code=True,
    say='AT+QWTTS=1,1,1,"{0}"',
    hush="AT+QWTTS=0",
    began="",  # It says nothing of the kind unless asked: the list of calls does.
    ended="",
)

DIALECTS = (SIM7600, EC20)

KEYS = "0123456789*#ABCD"


def of_model(model: str) -> Dialect | None:
    """Return the dialect of what AT+CGMM answered, None for a stranger.

    >>> of_model("SIMCOM_SIM7600CE").name
    'SIMCom SIM7600'
    """
    upper = model.upper()
    return next((d for d in DIALECTS if any(word in upper for word in d.models)), None)


def key(dialect: Dialect, text: str) -> str | None:
    """Return the key that the far end pressed, None when `text` says something else.

    >>> key(EC20, "+QTONEDET: 49"), key(SIM7600, "+RXDTMF: #")
    ('1', '#')
    """
    heads = (dialect.key_head, "+DTMF:")  # Older firmware of both vendors says +DTMF.
    head = next((head for head in heads if text.startswith(head)), None)
    if head is None:
        return None
    said = text.removeprefix(head).strip().split(",")[0]
    if head == dialect.key_head and dialect.key_is_code:
        said = chr(int(said)) if said.isdecimal() and int(said) < 0x80 else ""
    return said if len(said) == 1 and said in KEYS else None

"""One handler for each command that the module knows; the rest is refused."""

import re
import time
from collections.abc import Callable
from typing import TYPE_CHECKING

from .air import ACTIVE, DENIED, HOME, INCOMING, ROAMING
from .card import WANTS_PIN, WANTS_PUK, WRONG_PASSWORD
from .sms import BadSms, read_submit

if TYPE_CHECKING:
    from .unit import Unit

NOT_ALLOWED, BAD_INDEX, MEMORY_FAILURE = 3, 321, 320
NO_NETWORK, BAD_PDU = 331, 304
_WORDS = {10: "SIM not inserted", 11: "SIM PIN required", 12: "SIM PUK required"}

Handler = Callable[["Unit", tuple[str, ...]], None]


def carry_out(unit: "Unit", command: str) -> None:
    """Answer one command."""
    if command in unit.refusing:
        unit.say(unit.refusing[command])
        return
    if command in unit.vendor.known:
        unit.say("OK")
        return
    if command == unit.vendor.keys_on:
        unit.keys_on = True
        unit.say("OK")
        return
    if command == unit.vendor.tries_command:
        unit.say(unit.vendor.tries.format(unit.card.tries), "OK")
        return
    spoken = unit.vendor.say.fullmatch(command)
    if spoken is not None:
        _speak(unit, spoken[1])
        return
    for pattern, needs_sim, handler in _COMMANDS:
        found = pattern.fullmatch(command)
        if found is None:
            continue
        error = unit.card.error()
        if needs_sim and error is not None:
            refuse(unit, error)
        else:
            handler(unit, found.groups(""))
        return
    unit.say("ERROR")


def refuse(unit: "Unit", code: int, kind: str = "CME") -> None:
    """Say no in the form that the host has chosen with AT+CMEE."""
    if unit.errors == 0:
        unit.say("ERROR")
    elif unit.errors == 2 and code in _WORDS:
        unit.say(f"+{kind} ERROR: {_WORDS[code]}")
    else:
        unit.say(f"+{kind} ERROR: {code}")


def send_text(unit: "Unit", payload: bytes, length: int) -> None:
    """Take the payload of AT+CMGS to the network."""
    try:
        sms = read_submit(payload.decode("ascii", "replace").strip(), length)
    except BadSms as error:
        unit.emit({"event": "bad_sms", "why": str(error)})
        refuse(unit, BAD_PDU, "CMS")
        return
    if unit.failing or unit.registration not in (HOME, ROAMING):
        refuse(unit, unit.failing.pop(0) if unit.failing else NO_NETWORK, "CMS")
        return
    reference = unit.reference()
    sent: dict[str, object] = {
        "number": sms.number,
        "text": sms.text,
        "part": list(sms.part) if sms.part else None,
        "wants_report": sms.wants_report,
        "coding": sms.coding,
        "reference": reference,
        "read_ns": unit.read_ns,
        "at_ns": time.monotonic_ns(),
    }
    unit.sent.append(sent)
    unit.emit({"event": "text_sent", **sent})
    unit.loop.call_later(unit.network_s, unit.say, f"+CMGS: {reference}", "OK")
    status = unit.report_status
    if sms.wants_report and status is not None:
        delay_s = unit.network_s + unit.report_s
        unit.loop.call_later(delay_s, unit.report, reference, sms.number, status)


def _speak(unit: "Unit", coded: str) -> None:
    if unit.call is None or unit.call.state != ACTIVE:
        refuse(unit, NOT_ALLOWED)
        return
    text = bytes.fromhex(coded).decode("utf-16-be", "replace")
    unit.spoken.append(text)
    unit.emit({"event": "spoken", "text": text})
    unit.say("OK")
    unit.loop.call_later(0.05, unit.say, unit.vendor.said)


def _ok(unit: "Unit", _: tuple[str, ...]) -> None:
    unit.say("OK")


def _echo(unit: "Unit", said: tuple[str, ...]) -> None:
    unit.echo = said[0] == "1"
    unit.say("OK")


def _errors(unit: "Unit", said: tuple[str, ...]) -> None:
    unit.errors = int(said[0])
    unit.say("OK")


def _errors_now(unit: "Unit", _: tuple[str, ...]) -> None:
    unit.say(f"+CMEE: {unit.errors}", "OK")


def _model(unit: "Unit", _: tuple[str, ...]) -> None:
    unit.say(unit.vendor.model, "OK")


def _pin_now(unit: "Unit", _: tuple[str, ...]) -> None:
    error = unit.card.error()
    if error is None or unit.card.says() != "READY":
        unit.say(f"+CPIN: {unit.card.says()}", "OK")
    else:
        refuse(unit, error)


def _pin(unit: "Unit", said: tuple[str, ...]) -> None:
    if unit.card.error() != WANTS_PIN:
        refuse(unit, unit.card.error() or NOT_ALLOWED)
        return
    unit.pins_tried += 1
    right = unit.card.enter(said[0])
    unit.emit({"event": "pin", "right": right})
    if right:
        unit.say("OK", "+CPIN: READY")
    else:
        refuse(unit, WRONG_PASSWORD if unit.card.tries else WANTS_PUK)


def _reset(unit: "Unit", _: tuple[str, ...]) -> None:
    unit.say("OK")
    unit.restart()


def _format(unit: "Unit", said: tuple[str, ...]) -> None:
    unit.pdu_mode = said[0] == "0"
    unit.say("OK")


def _storage(unit: "Unit", _: tuple[str, ...]) -> None:
    used = f"{len(unit.card.stored)},{unit.card.size}"
    unit.say(f"+CPMS: {used},{used},{used}", "OK")


def _news(unit: "Unit", said: tuple[str, ...]) -> None:
    unit.news_of_texts = said[0] == "2"
    unit.say("OK")


def _registration(unit: "Unit", said: tuple[str, ...]) -> None:
    unit.say(f"+{said[0]}: 1,{unit.registration}", "OK")


def _signal(unit: "Unit", _: tuple[str, ...]) -> None:
    unit.say("+CSQ: 23,99" if unit.registration in (HOME, ROAMING) else "+CSQ: 99,99", "OK")


def _operator(unit: "Unit", _: tuple[str, ...]) -> None:
    there = unit.registration in (HOME, ROAMING)
    unit.say('+COPS: 0,0,"CHINA MOBILE",7' if there else "+COPS: 0", "OK")


def _list(unit: "Unit", _: tuple[str, ...]) -> None:
    unit.say_stored(
        [
            (f"+CMGL: {place},1,,{len(pdu) // 2 - 1}", pdu)
            for place, pdu in sorted(unit.card.stored.items())
        ]
    )


def _delete(unit: "Unit", said: tuple[str, ...]) -> None:
    if unit.card.stored.pop(int(said[0]), None) is None:
        refuse(unit, BAD_INDEX, "CMS")
        return
    unit.emit({"event": "deleted", "place": int(said[0])})
    unit.say("OK")
    unit.deliver_waiting()


def _send(unit: "Unit", said: tuple[str, ...]) -> None:
    if unit.pdu_mode:
        unit.prompt(int(said[0]))
    else:
        refuse(unit, MEMORY_FAILURE, "CMS")


def _dial(unit: "Unit", said: tuple[str, ...]) -> None:
    if unit.call is not None:
        refuse(unit, NOT_ALLOWED)
    elif unit.registration == DENIED or unit.registration not in (HOME, ROAMING):
        unit.say("NO CARRIER")
    else:
        unit.dial(said[0])


def _hang_up(unit: "Unit", _: tuple[str, ...]) -> None:
    unit.hang_up()
    unit.say("OK")


def _calls(unit: "Unit", _: tuple[str, ...]) -> None:
    lines = []
    if unit.call is not None:
        lines.append(f'+CLCC: 1,0,{unit.call.state},0,0,"{unit.call.number}",129')
    if unit.ringing_from:
        lines.append(f'+CLCC: 2,1,{INCOMING},0,0,"{unit.ringing_from}",129')
    unit.say(*lines, "OK")


def _row(
    pattern: str, handler: Handler, *, sim: bool = True
) -> tuple[re.Pattern[str], bool, Handler]:
    return re.compile(pattern), sim, handler


_COMMANDS = (
    _row(r"AT", _ok, sim=False),
    _row(r"ATE([01])", _echo, sim=False),
    _row(r"AT\+CMEE=([012])", _errors, sim=False),
    _row(r"AT\+CMEE\?", _errors_now, sim=False),
    _row(r"AT\+CGMM", _model, sim=False),
    _row(r"AT\+CPIN\?", _pin_now, sim=False),
    _row(r'AT\+CPIN="(\d+)"', _pin, sim=False),
    _row(r"AT\+CFUN=1,1", _reset, sim=False),
    _row(r"AT\+CMGF=([01])", _format, sim=False),
    _row(r'AT\+CPMS="SM","SM","SM"', _storage),
    _row(r"AT\+CNMI=([012]),[012],[012],[012],[01]", _news),
    _row(r"AT\+C(?:E|G)?REG=[012]", _ok, sim=False),
    _row(r"AT\+(C(?:E|G)?REG)\?", _registration, sim=False),
    _row(r"AT\+CSQ", _signal, sim=False),
    _row(r"AT\+COPS=3,0", _ok, sim=False),
    _row(r"AT\+COPS\?", _operator, sim=False),
    _row(r"AT\+CMGL=4", _list),
    _row(r"AT\+CMGD=(\d+)", _delete),
    _row(r"AT\+CMGS=(\d+)", _send),
    _row(r"ATD(\+?[0-9*#]+);", _dial),
    _row(r"AT\+CHUP", _hang_up, sim=False),
    _row(r"AT\+CLCC", _calls),
)

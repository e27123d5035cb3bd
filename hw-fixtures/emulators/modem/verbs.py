"""The verbs of the control socket: what the module, its SIM, the network and people do next."""

from collections.abc import Callable, Mapping

from znp.request import Refused, Reply, Request

from .air import DENIED, HOME, ROAMING, SEARCHING, Habit
from .sms import make_delivers
from .unit import Unit

NOISE_MAX = 65_536
STORM_MAX = 1_000
_NETWORKS = {"home": HOME, "searching": SEARCHING, "denied": DENIED, "roaming": ROAMING}
_HABITS = ("answer", "busy", "no_answer", "no_carrier", "refuse")
_ADVERT = "A text that nobody has read."

Verb = Callable[[Unit, Request], dict[str, object]]


def carry_out(unit: Unit, request: Request, reply: Reply) -> None:
    """Carry a request out; one that makes no sense raises Refused."""
    verb = VERBS.get(request.verb)
    if verb is None:
        raise Refused(f"do: got {request.verb!r}, wanted one of {', '.join(VERBS)}")
    reply(verb(unit, request))


def _state(unit: Unit, request: Request) -> dict[str, object]:
    request.only()
    return {
        "port": unit.port.address,
        "plugged": unit.port.plugged,
        "echo": unit.echo,
        "registration": unit.registration,
        "sim": unit.card.says() if unit.card.present else "absent",
        "tries": unit.card.tries,
        "pins_tried": unit.pins_tried,
        "stored": len(unit.card.stored),
        "waiting": len(unit.waiting_texts),
        "sent": unit.sent,
        "dialled": unit.dialled,
        "spoken": unit.spoken,
        "in_call": unit.call is not None,
        "ringing": bool(unit.ringing_from),
        "resets": unit.resets,
    }


def _set(unit: Unit, request: Request) -> dict[str, object]:
    request.only("silent", "slow_s", "storm", "echo", "network_s", "report_s", "network", "report")
    unit.silent = request.flag("silent", unit.silent)
    unit.slow_s = request.number("slow_s", unit.slow_s)
    unit.storm = request.integer("storm", unit.storm, high=STORM_MAX)
    unit.echo = request.flag("echo", unit.echo)
    unit.network_s = request.number("network_s", unit.network_s)
    unit.report_s = request.number("report_s", unit.report_s)
    report = request.integer("report", -1, low=-1, high=0xFF)
    if "report" in request.values:
        unit.report_status = None if report < 0 else report
    name = request.text("network")
    if name and name not in _NETWORKS:
        raise Refused(f"set: network: got {name!r}, wanted one of {', '.join(_NETWORKS)}")
    unit.registration = _NETWORKS.get(name, unit.registration)
    return {}


def _sim(unit: Unit, request: Request) -> dict[str, object]:
    request.only("present", "broken", "pin", "tries")
    unit.card.present = request.flag("present", unit.card.present)
    unit.card.broken = request.flag("broken", unit.card.broken)
    unit.card.pin = request.text("pin", unit.card.pin)
    unit.card.tries = request.integer("tries", unit.card.tries, high=3)
    return {}


def _fill(unit: Unit, request: Request) -> dict[str, object]:
    request.only("sender")
    pdu = make_delivers(request.text("sender", "10086"), _ADVERT, 0)[0]
    while unit.card.keep(pdu) is not None:
        pass
    return {"stored": len(unit.card.stored)}


def _store(unit: Unit, request: Request) -> dict[str, object]:
    request.only("pdu")
    place = unit.card.keep(request.text("pdu"))
    if place is not None and unit.news_of_texts:
        unit.say(f'+CMTI: "SM",{place}')
    return {"place": place}


def _text(unit: Unit, request: Request) -> dict[str, object]:
    request.only("sender", "text")
    unit.text_arrives(request.text("sender"), request.text("text"))
    return {}


def _report(unit: Unit, request: Request) -> dict[str, object]:
    request.only("reference", "number", "status")
    reference = request.integer("reference", 0, high=0xFF)
    unit.report(reference, request.text("number"), request.integer("status", 0, high=0xFF))
    return {}


def _fail_texts(unit: Unit, request: Request) -> dict[str, object]:
    request.only("code", "count")
    code = request.integer("code", 500)
    unit.failing += [code] * request.integer("count", 1, low=1, high=100)
    return {}


def _refuse(unit: Unit, request: Request) -> dict[str, object]:
    request.only("command", "answer")
    unit.refusing[request.text("command")] = request.text("answer", "ERROR")
    return {}


def _person(unit: Unit, request: Request) -> dict[str, object]:
    request.only("number", "does", "after_s", "keys", "keys_after_s", "hangs_up_after_s")
    does = request.text("does", "answer")
    if does not in _HABITS:
        raise Refused(f"person: does: got {does!r}, wanted one of {', '.join(_HABITS)}")
    unit.habits[request.text("number")] = Habit(
        does,
        request.number("after_s", 0.2),
        request.text("keys"),
        request.number("keys_after_s", 0.2),
        request.number("hangs_up_after_s", 0.0),
    )
    return {}


def _press(unit: Unit, request: Request) -> dict[str, object]:
    request.only("keys")
    if unit.call is None:
        raise Refused("press: there is no call")
    unit.call.press(request.text("keys"))
    return {}


def _ring(unit: Unit, request: Request) -> dict[str, object]:
    request.only("number")
    unit.ringing_from = request.text("number", "13800138000")
    unit.say("RING")
    return {}


def _line(unit: Unit, request: Request) -> dict[str, object]:
    request.only("text")
    unit.say(request.text("text"))
    return {}


def _noise(unit: Unit, request: Request) -> dict[str, object]:
    request.only("hex", "count")
    count = request.integer("count", 0, high=NOISE_MAX)
    unit.port.send(request.hexadecimal("hex") + unit.rng.randbytes(count))
    return {}


def _reset(unit: Unit, request: Request) -> dict[str, object]:
    request.only()
    unit.restart()
    return {}


def _unplug(unit: Unit, request: Request) -> dict[str, object]:
    request.only()
    unit.port.unplug()
    unit.emit({"event": "unplugged"})
    return {}


def _replug(unit: Unit, request: Request) -> dict[str, object]:
    request.only()
    unit.port.plug()
    unit.silent = False  # It was without power.
    unit.restart()
    unit.emit({"event": "plugged"})
    return {"port": unit.port.address}


VERBS: Mapping[str, Verb] = {
    "state": _state,
    "set": _set,
    "sim": _sim,
    "fill": _fill,
    "store": _store,
    "text": _text,
    "report": _report,
    "fail_texts": _fail_texts,
    "refuse": _refuse,
    "person": _person,
    "press": _press,
    "ring": _ring,
    "line": _line,
    "noise": _noise,
    "reset": _reset,
    "unplug": _unplug,
    "replug": _replug,
}

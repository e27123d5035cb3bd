"""The verbs of the control socket that act on devices, and the table of all verbs.

Owns the vocabulary and the refusals. Knows nothing of sockets: a request comes in as values, the
reply goes out through a callback, at once or when the frame has been written.
"""

from collections.abc import Callable, Mapping

from . import clusters
from .device import Device
from .kinds import (
    ALARM1,
    ALARM2,
    BATTERY,
    IAS_ACE,
    MEASUREMENTS,
    ON_OFF,
    POLL_CONTROL,
    POWER,
    TAMPER,
    TROUBLE,
)
from .packets import DEFAULT_RADIUS, Outcome
from .request import Refused, Reply, Request, Verb
from .stick_verbs import STICK_VERBS
from .world import World

JOIN_FOR_S = 60.0
WAIT_FOR_S = 10.0
LOW_BATTERY_PCT = 10  # Below this a device raises the Battery bit of its zone.
FLOOD_MAX = 100_000
REPEAT_MAX = 100
ACE_EMERGENCY, ACE_FIRE, ACE_PANIC = 0x02, 0x03, 0x04
ACE_COMMANDS = {"emergency": ACE_EMERGENCY, "fire": ACE_FIRE, "panic": ACE_PANIC}


def carry_out(world: World, request: Request, reply: Reply) -> None:
    """Carry a request out; one that makes no sense raises Refused."""
    verb = VERBS.get(request.verb)
    if verb is None:
        raise Refused(f"do: got {request.verb!r}, wanted one of {', '.join(VERBS)}")
    verb(world, request, reply)


def _sent(reply: Reply) -> Callable[[Outcome], None]:
    def done(outcome: Outcome) -> None:
        sent = outcome.written_ns is not None
        answer: dict[str, object] = {"sent": sent, "written_ns": outcome.written_ns}
        reply(answer if sent else answer | {"why": outcome.why})

    return done


def _join(world: World, request: Request, reply: Reply) -> None:
    request.only("device", "for_s")
    device = request.device(world)
    for_s = request.number("for_s", JOIN_FOR_S)
    if device.network is not None:
        raise Refused(f"join: {device.name} has a network already, wanted a device that left")
    until = world.loop.time() + for_s
    device.joining_until = until
    joined = world.air.admit(device)

    def give_up() -> None:
        if device.joining_until == until:
            device.joining_until = None
            world.emit({"event": "join_failed", "device": device.name})

    if not joined:
        world.loop.call_later(for_s, give_up)
    reply({"joined": joined})


def _leave(world: World, request: Request, reply: Reply) -> None:
    request.only("device", "rejoin")
    device = _joined(world, request)
    world.air.left(device, rejoin=request.flag("rejoin"))
    reply({})


def _rejoin(world: World, request: Request, reply: Reply) -> None:
    request.only("device")
    world.air.come_back(_joined(world, request))
    reply({})


def _trip(world: World, request: Request, reply: Reply) -> None:
    request.only(
        "device", "status", "alarm2", "tamper", "battery", "trouble", "tsn", "radius", "repeat",
        "corrupt", "momentary",
    )  # fmt: skip
    device = _zoned(world, request)
    alarm = ALARM2 if request.flag("alarm2", device.spec.alarm2) else ALARM1
    status = device.spec.idle_status | alarm
    for name, bit in (("tamper", TAMPER), ("battery", BATTERY), ("trouble", TROUBLE)):
        status |= bit if request.flag(name) else 0
    _notify(request, device, request.integer("status", status), reply)
    if request.flag("momentary", device.spec.momentary):
        # The contact has sprung back and the device keeps quiet about it.
        device.set_zone(0x0002, device.spec.idle_status)


def _restore(world: World, request: Request, reply: Reply) -> None:
    request.only("device", "status", "tsn", "radius", "repeat", "corrupt")
    device = _zoned(world, request)
    _notify(request, device, request.integer("status", device.spec.idle_status), reply)


def _notify(request: Request, device: Device, status: int, reply: Reply) -> None:
    repeat = request.integer("repeat", 1, low=1, high=REPEAT_MAX)
    tsn = request.integer("tsn", device.next_tsn(), high=0xFF)
    radius = request.integer("radius", DEFAULT_RADIUS, high=0xFF)
    corrupt = request.flag("corrupt")
    for index in range(repeat):
        last = index == repeat - 1
        device.notify(
            status,
            done=_sent(reply) if last else _silent,
            tsn=tsn,
            radius=radius,
            corrupt=corrupt,
        )


def _silent(outcome: Outcome) -> None:
    del outcome


def _press(world: World, request: Request, reply: Reply) -> None:
    device = request.device(world)
    endpoint = next((e.number for e in device.model.endpoints if IAS_ACE in e.outputs), None)
    if endpoint is None:
        _trip(world, request, reply)
        return
    request.only("device", "command", "tsn", "radius")
    name = request.text("command", "emergency")
    if name not in ACE_COMMANDS:
        raise Refused(f"press: command: got {name!r}, wanted one of {', '.join(ACE_COMMANDS)}")
    device.send_command(
        endpoint,
        IAS_ACE,
        ACE_COMMANDS[name],
        b"",
        to_client=False,
        done=_sent(reply),
        tsn=request.integer("tsn", device.next_tsn(), high=0xFF),
        radius=request.integer("radius", DEFAULT_RADIUS, high=0xFF),
    )


def _tamper(world: World, request: Request, reply: Reply) -> None:
    request.only("device", "on")
    device = _zoned(world, request)
    device.notify(_with_bit(device, TAMPER, request.flag("on", True)), done=_sent(reply))


def _battery(world: World, request: Request, reply: Reply) -> None:
    request.only("device", "percent", "force")
    device = request.device(world)
    percent = request.number("percent", 100, high=100)
    key = next((k for k in device.attributes.values if k[1:] == (POWER, 0x0021)), None)
    if key is None:
        raise Refused(f"battery: {device.name} has no battery")
    device.attributes.set(key, round(2 * percent))
    device.attributes.set((key[0], POWER, 0x0020), round(22 + 8 * percent / 100))
    if device.zone_endpoint is not None:
        low = _with_bit(device, BATTERY, percent <= LOW_BATTERY_PCT)
        if low != device.zone(0x0002):
            device.notify(low)
    device.report([key], forced=request.flag("force"), done=_sent(reply))


def _report(world: World, request: Request, reply: Reply) -> None:
    request.only("device", "force", *MEASUREMENTS)
    device = request.device(world)
    places = [
        (name, key)
        for name, (cluster, number, _) in MEASUREMENTS.items()
        if name in request.values
        for key in device.attributes.values
        if key[1:] == (cluster, number)
    ]
    missing = {n for n in request.values if n in MEASUREMENTS} - {n for n, _ in places}
    if missing or not places:
        raise Refused(f"report: {device.name} does not measure {sorted(missing) or 'nothing'}")
    groups: dict[tuple[int, int], list[tuple[int, int, int]]] = {}
    for name, key in places:
        scale = MEASUREMENTS[name][2]
        value = int(request.flag(name)) if key[1] == ON_OFF else _scaled(request, name, scale)
        device.attributes.set(key, value)
        groups.setdefault(key[:2], []).append(key)
    last = len(groups) - 1
    for index, keys in enumerate(groups.values()):
        done = _sent(reply) if index == last else _silent
        device.report(keys, forced=request.flag("force"), done=done)


def _scaled(request: Request, name: str, scale: float) -> int:
    return round(request.number(name, 0.0, low=-327.0, high=32767.0) * scale)


def _check_in(world: World, request: Request, reply: Reply) -> None:
    request.only("device")
    device = _joined(world, request)
    endpoint = next((e.number for e in device.model.endpoints if POLL_CONTROL in e.inputs), None)
    if endpoint is None:
        raise Refused(f"check_in: {device.name} has no poll control")
    clusters.check_in(device, endpoint)
    reply({})


def _mute(world: World, request: Request, reply: Reply) -> None:
    request.only("device")
    request.device(world).muted = True
    reply({})


def _unmute(world: World, request: Request, reply: Reply) -> None:
    request.only("device")
    device = request.device(world)
    device.muted = False
    world.air.woke(device)
    reply({})


def _renumber(world: World, request: Request, reply: Reply) -> None:
    request.only("device", "announce")
    device = _joined(world, request)
    device.nwk = world.air.free_nwk()
    if request.flag("announce"):
        world.air.announce(device)
    reply({"nwk": device.nwk})


def _announce(world: World, request: Request, reply: Reply) -> None:
    request.only("device")
    world.air.announce(_joined(world, request))
    reply({})


def _fail_sends(world: World, request: Request, reply: Reply) -> None:
    request.only("device", "status", "count")
    device = request.device(world)
    status = request.integer("status", 0xE9, high=0xFF)
    device.failures = [status] * request.integer("count", 1, high=10_000)
    reply({})


def _flood(world: World, request: Request, reply: Reply) -> None:
    request.only("device", "count", "rate_per_s")
    device = _zoned(world, request)
    count = request.integer("count", 1000, low=1, high=FLOOD_MAX)
    rate = request.number("rate_per_s", 0.0)
    status = device.zone(0x0002)
    outcomes: list[int | None] = []
    first_s = world.loop.time()

    def done(outcome: Outcome) -> None:
        outcomes.append(outcome.written_ns)
        if len(outcomes) == count:
            written = [at_ns for at_ns in outcomes if at_ns is not None]
            reply({"sent": len(written), "written_ns": written[-1] if written else None})

    def send(index: int) -> None:
        # The delay field numbers the frames: no two are alike, so no host may call one a repeat.
        device.notify(status, done=done, delay=index & 0xFFFF)
        if index + 1 < count and rate:
            world.loop.call_at(first_s + (index + 1) / rate, send, index + 1)

    for index in range(1 if rate else count):
        send(index)


def _wait_for(world: World, request: Request, reply: Reply) -> None:
    """Reply when every named value of the device's state has the given value."""
    device = request.device(world)
    timeout_s = request.number("timeout_s", WAIT_FOR_S, high=3600.0)
    wanted = {k: v for k, v in request.values.items() if k not in ("device", "timeout_s")}
    state = device.describe()
    unknown = [k for k in wanted if k not in state and k not in ("mode", "strobe", "duration_s")]
    if unknown or not wanted:
        raise Refused(f"wait_for: got {unknown or 'nothing'}, wanted some of {', '.join(state)}")
    deadline_s = world.loop.time() + timeout_s

    def look() -> None:
        now = device.describe()
        met = all(now.get(key) == value for key, value in wanted.items())
        if met or world.loop.time() >= deadline_s:
            reply({"met": met, "state": now})
        else:
            world.loop.call_later(0.005, look)

    look()


def _joined(world: World, request: Request) -> Device:
    device = request.device(world)
    if device.network is None:
        raise Refused(f"{request.verb}: {device.name} has not joined")
    return device


def _zoned(world: World, request: Request) -> Device:
    device = request.device(world)
    if device.zone_endpoint is None:
        raise Refused(f"{request.verb}: {device.name} has no IAS zone")
    return device


def _with_bit(device: Device, bit: int, on: bool) -> int:
    status = device.zone(0x0002)
    return status | bit if on else status & ~bit


VERBS: Mapping[str, Verb] = {
    **STICK_VERBS,
    "join": _join,
    "leave": _leave,
    "rejoin": _rejoin,
    "announce": _announce,
    "renumber": _renumber,
    "trip": _trip,
    "restore": _restore,
    "press": _press,
    "tamper": _tamper,
    "battery": _battery,
    "report": _report,
    "check_in": _check_in,
    "mute": _mute,
    "unmute": _unmute,
    "fail_sends": _fail_sends,
    "flood": _flood,
    "wait_for": _wait_for,
}

"""The verbs that act on the stick: its port, its firmware, its flash, the line."""

from collections.abc import Callable, Mapping

from .request import Reply, Request, Verb
from .stick import RESET_WATCHDOG
from .world import World

NOISE_MAX = 65536


def _devices(world: World, request: Request, reply: Reply) -> None:
    request.only()
    stick = world.stick
    network = stick.network
    reply(
        {
            "devices": [device.describe() for device in world.devices.values()],
            "stick": {
                "ieee": f"{stick.ieee:016x}",
                "plugged": world.port.plugged,
                "port": world.port.address,
                "running": stick.running,
                "hung": stick.hung,
                "permits": stick.permits,
                "endpoints": sorted(stick.endpoints),
                "pan_id": network.pan_id if network else None,
                "ext_pan_id": f"{network.ext_pan_id:016x}" if network else None,
                "channel": network.channel if network else None,
            },
        }
    )


def _unplug(world: World, request: Request, reply: Reply) -> None:
    request.only()
    world.unplug()
    reply({})


def _replug(world: World, request: Request, reply: Reply) -> None:
    request.only()
    world.replug()
    reply({"port": world.port.address})


def _reset(world: World, request: Request, reply: Reply) -> None:
    request.only("reason")
    world.stick.boot(request.integer("reason", RESET_WATCHDOG, high=0xFF))
    reply({})


def _hang(world: World, request: Request, reply: Reply) -> None:
    request.only()
    world.stick.hung = True
    reply({})


def _unhang(world: World, request: Request, reply: Reply) -> None:
    request.only()
    world.stick.hung = False
    reply({})


def _noise(world: World, request: Request, reply: Reply) -> None:
    request.only("hex", "count")
    count = request.integer("count", 0, high=NOISE_MAX)
    world.port.send(request.hexadecimal("hex") + world.rng.randbytes(count), _written(reply))


def _raw(world: World, request: Request, reply: Reply) -> None:
    request.only("hex")
    world.port.send(request.hexadecimal("hex"), _written(reply))


def _written(reply: Reply) -> Callable[[int | None], None]:
    return lambda at_ns: reply({"sent": at_ns is not None, "written_ns": at_ns})


def _formation_failure(world: World, request: Request, reply: Reply) -> None:
    request.only("count")
    world.stick.formation_failures = request.integer("count", 1, high=1000)
    reply({})


def _swap_blank(world: World, request: Request, reply: Reply) -> None:
    _swap(world, request, reply, formed=False)


def _swap_other(world: World, request: Request, reply: Reply) -> None:
    _swap(world, request, reply, formed=True)


def _swap(world: World, request: Request, reply: Reply, *, formed: bool) -> None:
    request.only()
    plugged = world.port.plugged
    world.unplug()
    world.swap(formed=formed)
    if plugged:
        world.replug()
    reply({"ieee": f"{world.stick.ieee:016x}"})


STICK_VERBS: Mapping[str, Verb] = {
    "devices": _devices,
    "unplug": _unplug,
    "replug": _replug,
    "reset": _reset,
    "hang": _hang,
    "unhang": _unhang,
    "noise": _noise,
    "raw": _raw,
    "formation_failure": _formation_failure,
    "swap_blank": _swap_blank,
    "swap_other": _swap_other,
}

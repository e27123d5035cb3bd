"""Makes a siren sound and a valve close, through an air that may be jammed for half a minute.

Owns the commands and the patience. Knows nothing of who may ask: that was decided before.
"""

from __future__ import annotations

import asyncio
import random
from collections.abc import Callable
from dataclasses import dataclass

from agent.core.actuation import Actuation, ActuationKind
from agent.core.errors import DeviceError, TransportError
from agent.core.reading import Quantity
from drivers.zigbee.decode import channel
from drivers.zigbee.definitions import ON_OFF, WARNING, Description
from drivers.zigbee.radio import Radio

ATTEMPT_S = 5.0  # A device on mains answers within 0.1 s; the radio's own retries take up to 4.5 s.
GIVE_UP_S = 35.0  # zigpy's three tries are over in 0.36 s, a burst of interference is not.
FIRST_PAUSE_S = 0.1
LONGEST_PAUSE_S = 2.0

SIREN_S = 180  # When the caller gives no time: the hub must never start a siren that does not end.
_LONGEST_SIREN_S = 0xFFFE
# Mode 3 "emergency" in the high four bits, strobe 1, level 3 "very high" (ZCL r8, table 8-22).
_LOUD = 3 << 4 | 1 << 2 | 3
_STROBE_DUTY_PCT, _STROBE_VERY_HIGH = 50, 3


class CannotDo(DeviceError):
    """The device has no such function, or is no device of ours: trying again does not help."""


@dataclass(frozen=True, slots=True)
class Order:
    """One command to one endpoint, and the state that it leads to.

    `lasts_s` is the time after which the device ends the state by itself, 0 for never.
    """

    endpoint: int
    cluster: int
    command: int
    args: tuple[int, ...]
    quantity: Quantity
    value: bool
    channel: str = ""
    lasts_s: int = 0


def order(said: Description, actuation: Actuation) -> Order:
    """Return what to send to a device that said this of itself.

    Errors: CannotDo when the device has no such function.
    """
    match actuation.kind:
        case ActuationKind.SIREN_ON:
            lasts_s = min(actuation.duration_s or SIREN_S, _LONGEST_SIREN_S)
            args = (_LOUD, lasts_s, _STROBE_DUTY_PCT, _STROBE_VERY_HIGH)
            at = _serving(said, WARNING, "siren")
            return Order(at, WARNING, 0x00, args, Quantity.SIREN_ON, True, lasts_s=lasts_s)
        case ActuationKind.SIREN_OFF:
            at = _serving(said, WARNING, "siren")
            return Order(at, WARNING, 0x00, (0, 0, 0, 0), Quantity.SIREN_ON, False)
        case ActuationKind.SWITCH_ON | ActuationKind.VALVE_OPEN:
            on = True
        case ActuationKind.SWITCH_OFF | ActuationKind.VALVE_CLOSE:
            on = False
        case ActuationKind.SPEAK:
            raise CannotDo(f"{said.manufacturer} {said.model} has no voice: it cannot speak")
    at = _serving(said, ON_OFF, "switch")
    return Order(at, ON_OFF, int(on), (), Quantity.SWITCHED_ON, on, channel=channel(at))


def _serving(said: Description, cluster: int, what: str) -> int:
    for endpoint in said.endpoints:
        if cluster in endpoint.inputs:
            return endpoint.id
    raise CannotDo(f"{said.manufacturer} {said.model} has no {what}: it cannot do that")


async def carry_out(
    ieee: str, actuation: Actuation, radio: Callable[[], Radio | None], rng: random.Random
) -> Order:
    """Send the order until the device confirms it, for `GIVE_UP_S` at the most; return the order.

    The first attempt leaves at once. `radio` gives the connection of the moment, so that an order
    outlives a stick that is plugged out and in again.
    Errors: DeviceError when the device did not confirm or is not one that can, TransportError when
    there was no stick.
    """
    now = asyncio.get_running_loop().time
    until = now() + GIVE_UP_S
    pause = FIRST_PAUSE_S
    while True:
        try:
            return await _attempt(ieee, actuation, radio(), min(ATTEMPT_S, until - now()))
        except CannotDo:
            raise
        except (DeviceError, TransportError) as error:
            rest = pause * rng.uniform(0.75, 1.25)
            if now() + rest >= until:
                raise _given_up(error, ieee) from error
        await asyncio.sleep(rest)
        pause = min(2 * pause, LONGEST_PAUSE_S)


async def _attempt(ieee: str, actuation: Actuation, radio: Radio | None, timeout_s: float) -> Order:
    if radio is None:
        raise TransportError("Zigbee is down: the stick is not connected")
    said = radio.describe(ieee)
    if said is None:
        raise CannotDo(f"zb:{ieee} is not known to the Zigbee network. Pair it again.")
    made = order(said, actuation)
    await radio.command(
        ieee, made.endpoint, made.cluster, made.command, *made.args, timeout_s=timeout_s
    )
    return made


def _given_up(error: DeviceError | TransportError, ieee: str) -> DeviceError | TransportError:
    text = f"tried for {GIVE_UP_S:g} s without success. Last: {error}"
    if isinstance(error, TransportError):
        return TransportError(f"{text}. Plug the Zigbee stick in, then try again.")
    return DeviceError(f"zb:{ieee} {text}. Check that it has power and is within range.")

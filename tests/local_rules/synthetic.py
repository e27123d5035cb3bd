"""Homes that never were: people who rise, rest, go out and sleep, by a seed."""

from __future__ import annotations

import random
from collections.abc import Iterator
from dataclasses import dataclass

from agent.core.device import DeviceId
from agent.core.event import Observed
from agent.core.reading import Quantity
from local_rules.day import DAY_S
from tests.local_rules.kit import says
from tests.local_rules.rehearsal import at_hour

HOUR_S = 3600.0
_ROOMS = ("客厅", "厨房", "卫生间", "卧室")


@dataclass(frozen=True)
class Person:
    """How somebody lives: `signs` an hour while awake, when the day begins and ends, how far that
    varies (hours), and how many outings and naps a day has."""

    signs: float = 6.0
    up_h: float = 7.0
    down_h: float = 22.5
    varies_h: float = 0.6
    outings: float = 0.8
    naps: float = 0.5


def days(person: Person, count: int, seed: int) -> Iterator[Observed]:
    """Yield what the sensors of the home say in `count` days: a sensor for motion in each room,
    which never says that it ends, and a contact on the door."""
    rng = random.Random(seed)
    # Hub time 0 is no midnight.
    midnight_s = at_hour(0)
    for number in range(count):
        yield from _day(person, midnight_s + number * DAY_S, rng)


def _day(person: Person, midnight_s: float, rng: random.Random) -> Iterator[Observed]:
    at_s = midnight_s + HOUR_S * rng.gauss(person.up_h, person.varies_h)
    end_s = midnight_s + HOUR_S * rng.gauss(person.down_h, person.varies_h)
    out_s = at_s + HOUR_S * rng.uniform(1.5, 8) if rng.random() < person.outings else end_s
    nap_s = midnight_s + HOUR_S * rng.gauss(13, 0.5) if rng.random() < person.naps else end_s
    while at_s < end_s:
        yield _motion(at_s, rng)
        at_s += 2 + rng.expovariate(person.signs / HOUR_S)
        if at_s > out_s:
            out_s, back_s = end_s, at_s + HOUR_S * min(rng.lognormvariate(0.6, 0.6), 6)
            back_s = max(at_s + 600, min(back_s, end_s - 600))
            yield from _passes(at_s)
            yield from _passes(back_s)
            at_s = back_s + 90
        elif at_s > nap_s:
            nap_s, at_s = end_s, at_s + HOUR_S * abs(rng.gauss(1.3, 0.4))
    yield _motion(max(at_s, end_s), rng)


def _motion(at_s: float, rng: random.Random) -> Observed:
    room = rng.choice(_ROOMS)
    return says(Quantity.MOTION, True, at_s, device=DeviceId(f"zb:{room}"), room=room)


def _passes(at_s: float) -> Iterator[Observed]:
    for later_s, is_open in ((0, True), (8, False)):
        device = DeviceId("zb:door")
        yield says(Quantity.CONTACT_OPEN, is_open, at_s + later_s, device=device, room="玄关")

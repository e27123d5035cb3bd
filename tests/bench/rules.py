"""Readings through the whole safety table on one core, beside the same loop over no rules."""

from __future__ import annotations

import random
import time
from collections.abc import Iterator

from agent.core.clock import BootId, Stamp, TimeQuality
from agent.core.device import DeviceId
from agent.core.event import Observed
from agent.core.reading import Quantity, Reading, Value
from local_rules.catalog import book
from local_rules.engine import EngineState, step
from local_rules.rule import RuleBook
from local_rules.snapshot import dump
from tests.bench.figures import percentile, show

_ROOMS = ("卧室", "厨房", "卫生间", "玄关", "客厅")
_DEVICES = 40
_EVERY_S = 1.3  # Mean time between two readings of a home with forty devices.


def readings(count: int) -> Iterator[Observed]:
    """Yield what a home of forty devices says: by weight mostly what sensors repeat all day."""
    rng = random.Random(7)
    boot, at_s = BootId("bench"), 1e6
    for _ in range(count):
        at_s += rng.expovariate(1 / _EVERY_S)
        number = rng.randrange(_DEVICES)
        quantity, value = _said(rng)
        now = Stamp(at_s, int(at_s * 1000), boot, 1.795e9 + at_s, TimeQuality.SYNCED)
        reading = Reading(DeviceId(f"zb:{number:016x}"), quantity, value, now)
        yield Observed(reading, room=_ROOMS[number % len(_ROOMS)])


def _said(rng: random.Random) -> tuple[Quantity, Value]:
    kind = rng.random()
    if kind < 0.30:
        return Quantity.TEMP_C, round(rng.gauss(21, 1), 2)
    if kind < 0.50:
        return Quantity.HUMIDITY_PCT, round(rng.gauss(50, 5), 1)
    if kind < 0.75:
        return Quantity.MOTION, rng.random() < 0.5
    if kind < 0.85:
        return Quantity.POWER_W, round(rng.random() * 400, 1)
    if kind < 0.90:
        return Quantity.CONTACT_OPEN, rng.random() < 0.5
    if kind < 0.95:
        return Quantity.WATER_FLOW_LPH, max(0.0, round(rng.gauss(0, 5), 1))
    return Quantity.BATTERY_PCT, 80


def _through(rules: RuleBook, events: list[Observed]) -> tuple[EngineState, list[float], int]:
    """Return the state at the end, the time of each step in microseconds, and what it kept."""
    state, spent_us, kept = EngineState(), list[float](), 0
    for event in events:
        began = time.perf_counter_ns()
        made = step(state, event, rules)
        spent_us.append((time.perf_counter_ns() - began) / 1000)
        state, kept = made.state, kept + len(made.changed)
    return state, spent_us, kept


def run(count: int) -> None:
    """Measure with `count` readings. Timers are not delivered: they are few beside readings."""
    rules = book()
    events = list(readings(count))
    _, floor_us, _ = _through(RuleBook.of(()), events)
    state, spent_us, kept = _through(rules, events)
    show(
        "rules",
        rules=len(rules.by_id),
        readings_s=round(count / (sum(spent_us) / 1e6)),
        floor_readings_s=round(count / (sum(floor_us) / 1e6)),
        p50_us=round(percentile(spent_us, 0.50), 1),
        p99_us=round(percentile(spent_us, 0.99), 1),
        kept_per_reading=round(kept / count, 2),
        states=len(state.states),
        state_bytes=sum(len(dump(state, key, rules)) for key in state.states),
        n=count,
    )


if __name__ == "__main__":
    run(100_000)

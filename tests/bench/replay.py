"""Home-days a minute through `anju rules replay`'s own code, from a CSV on the disk, beside a bare
loop of the engine over the same readings."""

from __future__ import annotations

import random
import time
from collections.abc import Iterator
from pathlib import Path
from tempfile import TemporaryDirectory

from agent.replay import table
from agent.replay.home import RecordedHome
from agent.replay.map_file import HomeMap, Sensor
from agent.replay.outcome import Outcome
from agent.replay.trace import Read, play
from local_rules.catalog import book
from local_rules.engine import EngineState, step
from tests.bench.figures import show

_ROOMS = ("bedroom", "kitchen", "bathroom", "living room", "entry")
_BEGIN_S = 1_793_491_200
_DAY_S = 86_400


def lines(days: int) -> Iterator[str]:
    """Yield the lines of a usual home: some 400 readings a day, most of them motion by day."""
    rng = random.Random(7)
    yield "time,device,quantity,value\n"
    for day in range(days):
        times = sorted(rng.gauss(14.0, 4.5) for _ in range(300))
        for hour in times:
            at_s = _BEGIN_S + day * _DAY_S + int(min(max(hour, 0.1), 23.8) * 3600)
            yield from _said(rng, at_s)


def _said(rng: random.Random, at_s: int) -> Iterator[str]:
    kind, room = rng.random(), rng.randrange(len(_ROOMS))
    if kind < 0.72:
        yield f"{at_s},M{room},motion,on\n"
        if kind < 0.12:
            yield f"{at_s + 40},M{room},motion,off\n"
    elif kind < 0.84:
        yield f"{at_s},T{room},temp_c,{rng.gauss(21, 1):.1f}\n"
    elif kind < 0.9:
        yield f"{at_s},D,contact_open,open\n{at_s + 20},D,contact_open,closed\n"
    else:
        yield f"{at_s},W,water_flow_lph,300\n{at_s + 45},W,water_flow_lph,0\n"


def household() -> HomeMap:
    """Return where the sensors of `lines` are."""
    rooms = {f"{letter}{n}": Sensor(room=room) for letter in "MT" for n, room in enumerate(_ROOMS)}
    return HomeMap({**rooms, "D": Sensor(room="entry"), "W": Sensor()})


def run(days: int) -> None:
    """Measure with `days` days. A minute of the core is told apart from a minute of the clock: only
    one is that of a machine that does other things too."""
    with TemporaryDirectory() as folder:
        path, home, rules = Path(folder) / "home.csv", household(), book()
        path.write_text("".join(lines(days)))
        read, outcome = Read(), Outcome()
        began_s, began_cpu_s = time.perf_counter(), time.process_time()
        for _ in play(table.moments(path, home, read), [RecordedHome(rules, tell=outcome.take)]):
            pass
        took_s, cpu_s = time.perf_counter() - began_s, time.process_time() - began_cpu_s
        events = list(table.moments(path, home, Read()))
    state = EngineState()
    began_cpu_s = time.process_time()
    for event in events:
        state = step(state, event, rules).state
    floor_cpu_s = time.process_time() - began_cpu_s
    show(
        "replay",
        home_days_min=round(days / took_s * 60),
        home_days_cpu_min=round(days / cpu_s * 60),
        floor_home_days_cpu_min=round(days / floor_cpu_s * 60),
        readings_a_day=round(read.readings / days),
        readings_cpu_s=round(read.readings / cpu_s),
        alarms=len(outcome.alarms),
        days=days,
    )


if __name__ == "__main__":
    run(200)

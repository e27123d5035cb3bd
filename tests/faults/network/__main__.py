"""`python -m tests.faults.network`: spoils an uplink in every way, again and again, and judges.

One round plays every scenario once with moments of its own. Exit code 0 when nothing was found, 1
when something was, with the folder of that scenario kept for a look; the last line is JSON.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import random
import shutil
import sys
import time
from pathlib import Path
from tempfile import mkdtemp

from tests.faults.network.outcome import Outcome, Play
from tests.faults.network.scenarios import SCENARIOS

LONGEST_S = 300.0
"""No scenario takes longer: what is not done by then has failed."""


def main() -> int:
    """Do what the command line says."""
    args = _parser().parse_args()
    seed = args.seed if args.seed is not None else time.time_ns() % 1_000_000
    names = args.only or list(SCENARIOS)
    folder = Path(mkdtemp(prefix="anju-network-"))
    sys.stdout.write(f"network: seed {seed}, {args.rounds} rounds of {len(names)}, {folder}\n")
    began_s = time.monotonic()
    outcomes: list[Outcome] = []
    for number in range(args.rounds):
        for name in names:
            where = folder / f"{number}-{name}"
            rng = random.Random(f"{seed}/{number}/{name}")
            outcome = asyncio.run(play(name, Play(where, rng, args.cuts)))
            outcomes.append(outcome)
            _show(number, outcome, time.monotonic() - began_s)
            if not outcome.faults:
                shutil.rmtree(where)
    return _report(outcomes, folder, seed, time.monotonic() - began_s)


async def play(name: str, how: Play) -> Outcome:
    """Play one scenario; whatever ends it early is a fault too."""
    try:
        async with asyncio.timeout(LONGEST_S):
            return await SCENARIOS[name](how)
    except Exception as error:  # noqa: BLE001 # Any of them is the finding of this round.
        return Outcome(name, [f"{type(error).__name__}: {error}"])


def _show(number: int, outcome: Outcome, took_s: float) -> None:
    """Print one line, and one for each fault."""
    facts = dict(outcome.facts)
    first = facts.pop("first_alarms_ms", None)
    if isinstance(first, list) and first:
        facts["first_alarm_ms_max"] = max(first)
        facts["first_alarm_ms_median"] = sorted(first)[len(first) // 2]
    said = " ".join(f"{name}={value}" for name, value in facts.items())
    sys.stdout.write(f"network: {took_s:4.0f} s, round {number}, {outcome.name}: {said}\n")
    for fault in outcome.faults:
        sys.stdout.write(f"FAULT round {number}, {outcome.name}: {fault}\n")
    sys.stdout.flush()


def _report(outcomes: list[Outcome], folder: Path, seed: int, took_s: float) -> int:
    """Print one line of JSON; return the exit code."""
    faults = sum(len(outcome.faults) for outcome in outcomes)
    first_ms = sorted(ms for outcome in outcomes for ms in _list(outcome, "first_alarms_ms"))
    summary = {
        "what": "network-faults",
        "seed": seed,
        "scenarios": len(outcomes),
        "rows": sum(_number(outcome, "rows") for outcome in outcomes),
        "cuts": sum(_number(outcome, "cuts") for outcome in outcomes),
        "kills": sum(_number(outcome, "kills") for outcome in outcomes),
        "lines_up": sum(_number(outcome, "ups") for outcome in outcomes),
        "copies_over": sum(_number(outcome, "copies_over") for outcome in outcomes),
        "first_alarm_ms_median": first_ms[len(first_ms) // 2] if first_ms else None,
        "first_alarm_ms_max": first_ms[-1] if first_ms else None,
        "faults": faults,
        "took_s": round(took_s),
    }
    sys.stdout.write(json.dumps(summary) + "\n")
    if faults:
        sys.stdout.write(f"What failed is kept in {folder}; try again with --seed {seed}\n")
        return 1
    shutil.rmtree(folder)
    return 0


def _list(outcome: Outcome, name: str) -> list[int]:
    value = outcome.facts.get(name, [])
    return value if isinstance(value, list) else []


def _number(outcome: Outcome, name: str) -> float:
    value = outcome.facts.get(name, 0)
    return 0 if isinstance(value, list) else value


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m tests.faults.network", description=__doc__)
    add = parser.add_argument
    add("--rounds", type=int, default=1, help="how often every scenario is played (1)")
    add("--seed", type=int, default=None, help="of the random moments; printed when not given")
    add("--cuts", type=int, default=40, help="how many cuts in the scenario of cuts (40)")
    add("--only", action="append", choices=tuple(SCENARIOS), help="this scenario only; repeatable")
    return parser


if __name__ == "__main__":
    sys.exit(main())

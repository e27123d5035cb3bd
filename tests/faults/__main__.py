"""`python -m tests.faults`: kills guard and link under traffic, and judges what is left.

Several homes run side by side, each with processes of its own. Exit code 0 when the checker found
nothing, 1 when it found something, with the folder of that home kept for a look.
"""

from __future__ import annotations

import argparse
import json
import shutil
import sys
import threading
import time
import traceback
from dataclasses import dataclass, field
from pathlib import Path
from tempfile import mkdtemp

from tests.faults.rounds import Rounds

PROGRESS_EVERY_S = 15.0


@dataclass(slots=True)
class Home:
    """One home under test and what became of it."""

    rounds: Rounds
    kills: int
    faults: list[str] = field(default_factory=list)
    done: bool = False

    def run(self) -> None:
        """Run it; whatever ends it early is a fault too."""
        try:
            self.faults = self.rounds.run(self.kills)
        except Exception as error:  # noqa: BLE001 # Any of them is the finding of this run.
            self.faults = [f"{type(error).__name__}: {error}", traceback.format_exc(limit=-4)]
        self.done = True


def main() -> int:
    """Do what the command line says."""
    args = _parser().parse_args()
    seed = args.seed if args.seed is not None else time.time_ns() % 1_000_000
    folder = Path(mkdtemp(prefix="anju-faults-"))
    sys.stdout.write(f"faults: seed {seed}, {args.kills} kills, {args.homes} homes, {folder}\n")
    began_s = time.monotonic()
    share, rest = divmod(args.kills, args.homes)
    homes = [
        Home(Rounds(folder / f"home-{n}", seed=seed, number=n), share + (n < rest))
        for n in range(args.homes)
    ]
    threads = [threading.Thread(target=home.run, name="home") for home in homes]
    for thread in threads:
        thread.start()
    try:
        _watch(homes, threads, began_s)
    except KeyboardInterrupt:
        for home in homes:
            home.rounds.stop()
        for thread in threads:
            thread.join()
    return _report(homes, folder, seed, time.monotonic() - began_s)


def _watch(homes: list[Home], threads: list[threading.Thread], began_s: float) -> None:
    """Show progress until every home is done."""
    while any(thread.is_alive() for thread in threads):
        waited_until_s = time.monotonic() + PROGRESS_EVERY_S
        for thread in threads:
            thread.join(max(0.0, waited_until_s - time.monotonic()))
        kills = sum(len(home.rounds.evidence.kills) for home in homes)
        presses = sum(home.rounds.traffic.presses for home in homes)
        took_s = time.monotonic() - began_s
        sys.stdout.write(f"faults: {took_s:4.0f} s, {kills} kills, {presses} presses\n")
        sys.stdout.flush()


def _report(homes: list[Home], folder: Path, seed: int, took_s: float) -> int:
    """Print what was found and one line of JSON; return the exit code."""
    faults = [f"{home.rounds.house.folder.name}: {line}" for home in homes for line in home.faults]
    for line in faults:
        sys.stdout.write(f"FAULT {line}\n")
    evidence = [home.rounds.evidence for home in homes]
    killed = [name for found in evidence for _, name in found.kills]
    summary = {
        "what": "faults",
        "seed": seed,
        "kills": len(killed),
        "guard_kills": killed.count("guard"),
        "link_kills": killed.count("link"),
        "presses": sum(len(found.presses) for found in evidence),
        "rows": sum(len(found.journal) for found in evidence),
        "rows_told": sum(len(found.told.rows) for found in evidence),
        "alarms_told": sum(len({a["id"] for a in found.told.alarms}) for found in evidence),
        "events_at_platform": sum(len(found.platform) for found in evidence),
        "sirens": sum(len(found.sirens) for found in evidence),
        "faults": len(faults),
        "took_s": round(took_s),
    }
    sys.stdout.write(json.dumps(summary) + "\n")
    if faults:
        sys.stdout.write(f"The homes are kept in {folder}; try again with --seed {seed}\n")
    else:
        shutil.rmtree(folder)
    return 1 if faults else 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m tests.faults", description=__doc__)
    add = parser.add_argument
    add("--kills", type=int, default=500, help="how many processes are killed (500)")
    add("--seed", type=int, default=None, help="of the random moments; printed when not given")
    add("--homes", type=int, default=3, help="how many homes run side by side (3)")
    return parser


if __name__ == "__main__":
    sys.exit(main())

"""Plant every small fault in the safety core, one at a time, and see that a test fails.

Prints a line a survivor, a table, and one line of JSON. Exit status: 0 when every survivor has its
reason in survivors.toml and every reason its survivor, 1 when not, 2 when a trial went wrong.
Who killed whom is kept in .cache/mutate.json: while neither the program nor a test has changed
nothing is tried again, and after a change a mutant meets its old killer first.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
import time
from collections import Counter
from collections.abc import Sequence
from pathlib import Path

import pytest

from tests.mutate import survivors
from tests.mutate.forks import Fate, Outcome, fork, run_all
from tests.mutate.memory import Memory, digest
from tests.mutate.operators import Members, Mutant, members_of, mutants
from tests.mutate.targets import TARGETS
from tests.mutate.trial import Session, options, settle, try_module

ROOT = Path(__file__).resolve().parents[2]
CACHE = ROOT / ".cache/mutate.json"
EVERY_S = 5.0
"""How often the progress is told."""


class Progress:
    """Tells how far it is, and keeps what came of each mutant."""

    def __init__(self, total: int, memory: Memory) -> None:
        self._total, self._memory = total, memory
        self._begun_s = self._told_s = time.monotonic()
        self.outcomes: list[Outcome] = []

    def take(self, outcome: Outcome) -> None:
        """Note one outcome; what no test noticed is shown at once."""
        self.outcomes.append(outcome)
        self._memory.keep(outcome)
        now_s = time.monotonic()
        if outcome.fate in (Fate.SURVIVED, Fate.BROKEN):
            _say(f"{outcome.fate} (line {outcome.mutant.line}): {outcome.mutant.name}")
        if now_s - self._told_s >= EVERY_S:
            self._told_s = now_s
            done = len(self.outcomes)
            left_s = (now_s - self._begun_s) / done * (self._total - done)
            _say(f"{done} of {self._total}, about {left_s:.0f} s left")


def _say(line: str) -> None:
    sys.stderr.write(f"{line}\n")
    sys.stderr.flush()


def read(path: str) -> str:
    return (ROOT / path).read_text(encoding="utf-8")


def every_member() -> dict[str, list[str]]:
    """Return the enumerations of the vocabulary and of what is mutated."""
    texts = [path.read_text(encoding="utf-8") for path in sorted(ROOT.glob("agent/core/*.py"))]
    return members_of([*texts, *map(read, TARGETS)])


def run(todo: Sequence[Mutant], members: Members, jobs: int, memory: Memory) -> list[Outcome]:
    """Try the mutants. Errors: SystemExit when the tests fail without one."""
    progress = Progress(len(todo), memory)
    try:
        _inside([mutant for mutant in todo if mutant.function], members, jobs, progress, memory)
        killers = memory.killers()
        whole = (
            (
                mutant,
                try_module(
                    ROOT, mutant, members, TARGETS[mutant.path], killers.get(mutant.name, "")
                ),
            )
            for mutant in todo
            if not mutant.function
        )
        run_all(whole, jobs, progress.take)
    finally:
        memory.write(CACHE)
    return progress.outcomes


def _inside(
    todo: Sequence[Mutant], members: Members, jobs: int, progress: Progress, memory: Memory
) -> None:
    """Try the mutants of functions, in a process that has collected the tests."""
    if not todo:
        return
    tests = list(dict.fromkeys(test for mutant in todo for test in TARGETS[mutant.path]))
    reads, writes = os.pipe()

    def work() -> tuple[int, str]:
        with os.fdopen(writes, "w", encoding="utf-8") as stream:

            def told(outcome: Outcome) -> None:
                line = [todo.index(outcome.mutant), outcome.fate, outcome.test]
                stream.write(json.dumps(line) + "\n")
                stream.flush()

            session = Session(ROOT, todo, members, TARGETS, memory.killers(), jobs, told)
            pytest.main(options(tests), plugins=[session])
        return 0, session.fault

    child = fork(work)
    os.close(writes)
    with os.fdopen(reads, encoding="utf-8") as stream:
        for line in stream:
            number, fate, by = json.loads(line)
            progress.take(Outcome(todo[number], Fate(fate), by))
    fault = child.said()
    os.waitpid(child.pid, 0)
    if fault or len(progress.outcomes) != len(todo):
        _say(f"mutate: nothing is proven: {fault or 'the trials ended early'}")
        sys.exit(2)


def main(arguments: Sequence[str]) -> int:
    """Try what is asked for; return the exit status."""
    parser = argparse.ArgumentParser(prog="python -m tests.mutate", description=__doc__)
    parser.add_argument("--only", default="", help="files whose path holds these words")
    parser.add_argument("--jobs", type=int, default=2)
    parser.add_argument("--anew", action="store_true", help="believe nothing of earlier runs")
    asked = parser.parse_args(arguments)
    paths = [path for path in TARGETS if asked.only in path]
    if not paths:
        parser.error(f"--only {asked.only} is in none of: {', '.join(TARGETS)}")
    excused = survivors.read(survivors.FILE.read_text(encoding="utf-8"))
    begun_s = time.monotonic()
    settle()
    members = every_member()
    every = [mutant for path in paths for mutant in mutants(path, read(path), members)]
    memory = Memory.read(CACHE, digest(ROOT))
    known = [] if asked.anew else memory.known(every)
    settled = {outcome.mutant for outcome in known}
    _say(f"{len(every)} mutants in {len(paths)} files, of {len(known)} the fate is known")
    todo = [mutant for mutant in every if mutant not in settled]
    outcomes = [*known, *run(todo, members, asked.jobs, memory)]
    return report(outcomes, paths, excused, time.monotonic() - begun_s)


def report(
    outcomes: Sequence[Outcome],
    paths: Sequence[str],
    excused: Sequence[survivors.Excused],
    took_s: float,
) -> int:
    """Print what came of it; return the exit status."""
    for path in paths:
        fates = Counter(outcome.fate for outcome in outcomes if outcome.mutant.path == path)
        _say(f"{path:40}" + "".join(f"{fates[fate]:6} {fate}" for fate in Fate))
    by_fate = {
        fate: [outcome.mutant.name for outcome in outcomes if outcome.fate is fate] for fate in Fate
    }
    verdict = survivors.judge(
        by_fate[Fate.SURVIVED], [outcome.mutant.name for outcome in outcomes], paths, excused
    )
    for name in verdict.unexcused:
        _say(f"no test notices, and no reason says why that cannot matter: {name}")
    for line in verdict.stale:
        _say(f"survivors.toml has a reason without a survivor, remove it: {line}")
    for name in by_fate[Fate.BROKEN]:
        _say(f"the trial went wrong, which proves nothing: {name}")
    summary = {
        "what": "mutate",
        "mutants": len(outcomes),
        "killed": len(by_fate[Fate.KILLED]),
        "survived": len(by_fate[Fate.SURVIVED]),
        "excused": len(by_fate[Fate.SURVIVED]) - len(verdict.unexcused),
        "timeouts": len(by_fate[Fate.TIMEOUT]),
        "broken": len(by_fate[Fate.BROKEN]),
        "took_s": round(took_s, 1),
    }
    sys.stdout.write(json.dumps(summary) + "\n")
    if by_fate[Fate.BROKEN]:
        return 2
    return 1 if verdict.unexcused or verdict.stale else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))

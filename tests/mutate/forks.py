"""Processes of their own for mutants: what they may use, and what their end says.

What does not end as it should is no kill: a mutant counts as killed only when a test failed.
"""

from __future__ import annotations

import os
import resource
import signal
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from enum import StrEnum

from tests.mutate.operators import Mutant

MEMORY_BYTES = 1 << 30
"""A mutant that gathers without end must not take the machine with it."""


class Fate(StrEnum):
    """What became of a mutant."""

    KILLED = "killed"
    SURVIVED = "survived"
    TIMEOUT = "timeout"  # It ran for too long, which a test notices as well.
    BROKEN = "broken"  # The trial itself went wrong, which proves nothing.


@dataclass(frozen=True)
class Outcome:
    """The fate of a mutant, and the test that killed it where one did."""

    mutant: Mutant
    fate: Fate
    test: str = ""


Told = Callable[[Outcome], None]
Work = Callable[[], tuple[int, str]]
"""What a forked process does: its exit status, and what it says."""


@dataclass(frozen=True)
class Child:
    """A forked process, and where it writes what it has to say."""

    pid: int
    reads: int

    def said(self) -> str:
        with os.fdopen(self.reads, encoding="utf-8") as stream:
            return stream.read()


def bound(cpu_s: float) -> None:
    """End this process when it has used that much of the processor from now on, or too much memory.

    Of the processor, not of the clock: others use this machine too.
    """
    signal.signal(signal.SIGPROF, signal.SIG_DFL)
    signal.setitimer(signal.ITIMER_PROF, cpu_s)
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY_BYTES, MEMORY_BYTES))


def fork(work: Work) -> Child:
    """Run `work` in a process of its own that ends with its number and says its text."""
    reads, writes = os.pipe()
    pid = os.fork()
    if pid:
        os.close(writes)
        return Child(pid, reads)
    code, said = 70, ""
    try:
        os.close(reads)
        quiet = os.open(os.devnull, os.O_RDWR)
        for stream in (0, 1, 2):
            os.dup2(quiet, stream)
        code, said = work()
    finally:
        signal.setitimer(signal.ITIMER_PROF, 0)
        os.write(writes, said.encode())
        os._exit(code)


SURVIVED, KILLED = 0, 1


def fate_of(status: int) -> Fate:
    """Return what the way in which the process ended says; whatever is odd is no kill."""
    if os.WIFSIGNALED(status):
        return Fate.TIMEOUT if os.WTERMSIG(status) == signal.SIGPROF else Fate.BROKEN
    return {SURVIVED: Fate.SURVIVED, KILLED: Fate.KILLED}.get(os.WEXITSTATUS(status), Fate.BROKEN)


def run_all(trials: Iterator[tuple[Mutant, Work]], jobs: int, told: Told) -> None:
    """Run the trials, `jobs` at a time, and tell the outcome of each as it comes."""
    running: dict[int, tuple[Mutant, Child]] = {}
    left = iter(trials)
    while True:
        while len(running) < jobs and (trial := next(left, None)) is not None:
            mutant, work = trial
            child = fork(work)
            running[child.pid] = (mutant, child)
        if not running:
            return
        pid, status = os.wait()
        mutant, child = running.pop(pid)
        told(Outcome(mutant, fate_of(status), child.said()))

"""One recording with all its cuts: the piece of work of one process."""

from __future__ import annotations

import os
import random
import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

from tests.faults.power_cut.block_log import entry_count
from tests.faults.power_cut.cuts import plan
from tests.faults.power_cut.disk import make_image, recorded
from tests.faults.power_cut.replay import Looked, Recording, read_notes, replay

_LOAD_WITHIN_S = 240.0


@dataclass(frozen=True, slots=True)
class Job:
    """One recording and the cuts of it. `ends` says how each run of the hub on the disk ends."""

    name: str
    folder: Path
    cuts: int
    seed: str
    by_mount: bool
    ends: tuple[str, ...]
    synchronous: str = "FULL"
    options: str = ""
    control: bool = False


@dataclass(frozen=True, slots=True)
class Result:
    """What became of a job. `journals` is how many identities the rows told had."""

    job: Job
    looked: tuple[Looked, ...]
    told: int
    journals: int
    requests: int

    @property
    def losing(self) -> int:
        """Return how many cuts lost a told row."""
        return sum(one.verdict.lost > 0 for one in self.looked)

    @property
    def broken(self) -> int:
        """Return after how many cuts something was wrong."""
        return sum(bool(one.verdict.faults) for one in self.looked)


def do(job: Job) -> Result:
    """Record one disk and replay its cuts; for a process that ends when it is interrupted."""
    try:
        return _recorded_and_replayed(job)
    except KeyboardInterrupt:
        # Everything is given back by now. Going on would mean to begin with the next job.
        os._exit(1)


def _recorded_and_replayed(job: Job) -> Result:
    job.folder.mkdir()
    recording = _record(job)
    told = read_notes(recording.notes).told
    rng = random.Random(f"{job.seed}/cuts")
    moments = [note.at for note in told]
    cuts = plan(rng, job.cuts, first=recording.first, last=recording.last, told=moments)
    looked = tuple(replay(recording, cuts, by_mount=job.by_mount))
    keys = [key for note in told for key, _ in note.rows]
    result = Result(job, looked, len(keys), len({name for name, _ in keys}), recording.last)
    if job.control or not result.broken:
        shutil.rmtree(job.folder)
    return result


def _record(job: Job) -> Recording:
    """Let hubs work on the disk, one after the other."""
    image, notes, runtime = (job.folder / name for name in ("image", "notes", "run"))
    make_image(image)
    notes.touch()
    with recorded(job.folder, image, job.options) as disk:
        first = _length(disk.record)
        for number, end in enumerate(job.ends):
            shutil.rmtree(runtime, ignore_errors=True)  # As after a boot.
            runtime.mkdir()
            command = [
                *(sys.executable, "-m", "tests.faults.power_cut.load"),
                *("--disk", str(disk.mount), "--runtime", str(runtime)),
                *("--record", str(disk.record), "--notes", str(notes)),
                *("--seed", f"{job.seed}/{number}"),
                *("--synchronous", job.synchronous, "--end", end),
            ]
            subprocess.run(command, check=True, timeout=_LOAD_WITHIN_S)
        last = _length(disk.record)
    return Recording(image, disk.record, notes, first, last)


def _length(record: Path) -> int:
    with record.open("rb") as file:
        return entry_count(file.read(64))

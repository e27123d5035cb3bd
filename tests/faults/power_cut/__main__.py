"""`python -m tests.faults.power_cut`: cuts the power of the journal's disk, again and again.

Exit code 0 when no told row was ever lost and both controls were caught losing some, 1 otherwise;
also 0, with the reason in one line, where disks cannot be made (not root, no FUSE, no loop device).
"""

from __future__ import annotations

import argparse
import json
import multiprocessing
import os
import random
import shutil
import signal
import sys
import time
from collections import Counter
from collections.abc import Sequence
from concurrent.futures import Future, ProcessPoolExecutor, as_completed
from pathlib import Path
from tempfile import gettempdir, mkdtemp

from tests.faults.power_cut.disk import be_a_worker, own_mounts, what_is_missing
from tests.faults.power_cut.jobs import Job, Result, do
from tests.faults.power_cut.load import ENDS

CUTS_A_RECORDING = 250
CONTROL_CUTS = 40

_ROOM_BYTES = 512 << 20


def main() -> int:
    """Do what the command line says."""
    args = _parser().parse_args()
    missing = what_is_missing() or _mounts_missing()
    if missing:
        sys.stdout.write(f"power-cut: left out, {missing}\n")
        return 1 if args.must else 0
    signal.signal(signal.SIGTERM, _interrupt)
    seed = args.seed if args.seed is not None else time.time_ns() % 1_000_000
    shared = Path("/dev/shm")
    roomy = shared.is_dir() and shutil.disk_usage(shared).free > _ROOM_BYTES
    folder = Path(mkdtemp(prefix="anju-power-cut-", dir=shared if roomy else gettempdir()))
    sys.stdout.write(f"power-cut: seed {seed}, {args.cuts} cuts, {args.jobs} at a time, {folder}\n")
    sys.stdout.flush()
    keep = False
    try:
        began_s = time.monotonic()
        results = _do(_jobs(args, folder, seed), args.jobs)
        faults = [line for result in results for line in _faults(result)]
        keep = any(result.broken for result in results if not result.job.control)
        return _report(results, faults, folder if keep else None, seed, time.monotonic() - began_s)
    except KeyboardInterrupt:
        sys.stdout.write("power-cut: interrupted\n")
        return 1
    finally:
        if not keep:
            shutil.rmtree(folder, ignore_errors=True)


def _interrupt(*_: object) -> None:
    """Do on SIGTERM what Ctrl-C does, which reaches the workers too."""
    for worker in multiprocessing.active_children():
        assert worker.pid is not None
        os.kill(worker.pid, signal.SIGINT)
    raise KeyboardInterrupt


def _mounts_missing() -> str:
    try:
        own_mounts()
    except OSError as error:
        return f"mounting is not allowed: {error.strerror}"
    return ""


def _jobs(args: argparse.Namespace, folder: Path, seed: int) -> list[Job]:
    """Return the controls and the recordings that share the cuts among them."""
    by_mount = args.look == "mount"
    count = max(2, -(-args.cuts // CUTS_A_RECORDING))
    share, rest = divmod(args.cuts, count)

    def control(name: str, synchronous: str, options: str) -> Job:
        place, its_seed = folder / name, f"{seed}/{name}"
        return Job(
            name,
            place,
            CONTROL_CUTS,
            its_seed,
            by_mount,
            ends=("stop",),
            synchronous=synchronous,
            options=options,
            control=True,
        )

    jobs = [control("normal", "NORMAL", ""), control("no-barrier", "FULL", "barrier=0")]
    for number in range(count):
        rng = random.Random(f"{seed}/{number}/ends")
        ends = tuple(rng.sample(ENDS, len(ENDS)))
        cuts = share + (number < rest)
        name = f"full-{number}"
        jobs.append(Job(name, folder / name, cuts, f"{seed}/{number}", by_mount, ends))
    return jobs


def _do(jobs: Sequence[Job], at_a_time: int) -> list[Result]:
    """Do the jobs, a process each, and show how far they are."""
    began_s = time.monotonic()
    results: list[Result] = []
    context = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(at_a_time, context, be_a_worker) as pool:
        futures: list[Future[Result]] = [pool.submit(do, job) for job in jobs]
        try:
            for future in as_completed(futures):
                results.append(future.result())
                _progress(results, len(jobs), time.monotonic() - began_s)
        except BaseException:
            pool.shutdown(cancel_futures=True)
            raise
    return results


def _progress(results: Sequence[Result], jobs: int, took_s: float) -> None:
    last = results[-1]
    cuts = sum(len(result.looked) for result in results)
    sys.stdout.write(
        f"power-cut: {took_s:4.0f} s, {len(results)} of {jobs} recordings, {cuts} cuts; "
        f"{last.job.name}: {last.told} rows told, {last.requests} requests, "
        f"{last.losing} of {len(last.looked)} cuts lost told rows\n"
    )
    sys.stdout.flush()


# --- what came of it ------------------------------------------------------------------------------


def _faults(result: Result) -> list[str]:
    """Return what speaks against the store, or, of a control, against the rig."""
    name = result.job.name
    if result.job.control:
        blind = f"{name}: this control lost no told row in {len(result.looked)} cuts: rig is blind"
        return [] if result.losing else [blind]
    faults = []
    if "full" in result.job.ends and result.journals < 2:
        faults.append(f"{name}: the disk was to fill up and never did")
    for one in result.looked:
        cut = one.cut
        where = f"{name}, cut at {cut.position} ({cut.fate}, {cut.seed})"
        faults += [f"{where}: {line}" for line in one.verdict.faults[:5]]
    return faults


def _report(
    results: Sequence[Result], faults: Sequence[str], kept: Path | None, seed: int, took_s: float
) -> int:
    """Print what was found and one line of JSON; return the exit code."""
    for line in faults[:60]:
        sys.stdout.write(f"FAULT {line}\n")
    real = [result for result in results if not result.job.control]
    looked = [one for result in real for one in result.looked]
    controls = {
        result.job.name: {
            "cuts": len(result.looked),
            "losing": result.losing,
            "most_lost": max(one.verdict.lost for one in result.looked),
        }
        for result in results
        if result.job.control
    }
    summary = {
        "what": "power_cut",
        "seed": seed,
        "cuts": len(looked),
        "fates": dict(Counter(str(one.cut.fate) for one in looked)),
        "recordings": len(real),
        "rows_told": sum(result.told for result in real),
        "full_disks": sum(result.journals - 1 for result in real),
        "needed_fsck": sum(one.fsck for one in looked),
        "losing": sum(result.losing for result in real),
        "faults": len(faults),
        "controls": controls,
        "cuts_per_min": round(60 * sum(len(r.looked) for r in results) / took_s),
        "took_s": round(took_s),
    }
    sys.stdout.write(json.dumps(summary) + "\n")
    if kept:
        sys.stdout.write(f"The recordings with faults are kept in {kept}\n")
    return 1 if faults else 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m tests.faults.power_cut", description=__doc__)
    add = parser.add_argument
    add("--cuts", type=int, default=500, help="how often the power is cut (500)")
    add("--seed", type=int, default=None, help="of loads and cuts; printed when not given")
    add(
        "--jobs", type=int, default=os.cpu_count() or 1, help="how many disks at a time (all cores)"
    )
    add("--must", action="store_true", help="fail where disks cannot be made")
    add(
        "--look",
        choices=("mount", "fsck"),
        default="mount",
        help="mend a disk by mounting it, or by e2fsck alone (mount)",
    )
    return parser


if __name__ == "__main__":
    sys.exit(main())

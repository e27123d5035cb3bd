"""How figures are made from samples and printed."""

from __future__ import annotations

import json
import os
import sys
import time
from collections.abc import Sequence
from pathlib import Path


def percentile(samples: Sequence[float], share: float) -> float:
    """Return the sample that `share` (0-1) of the samples do not exceed (nearest rank)."""
    ordered = sorted(samples)
    return ordered[min(len(ordered) - 1, max(0, -(-int(share * 1000) * len(ordered) // 1000) - 1))]


def summary(samples: Sequence[float]) -> dict[str, float]:
    """Return p50, p99, max and count of samples in milliseconds, rounded to 0.01."""
    return {
        "p50_ms": round(percentile(samples, 0.50), 2),
        "p99_ms": round(percentile(samples, 0.99), 2),
        "max_ms": round(max(samples), 2),
        "n": len(samples),
    }


def show(name: str, **figures: object) -> None:
    """Print one figure as one line of JSON."""
    sys.stdout.write(json.dumps({"figure": name, **figures}, ensure_ascii=False) + "\n")
    sys.stdout.flush()


def resident_mb(pid: int) -> float:
    """Return the resident memory of a process in megabytes (2^20 bytes)."""
    for line in Path(f"/proc/{pid}/status").read_text().splitlines():
        if line.startswith("VmRSS:"):
            return int(line.split()[1]) / 1024
    raise ValueError(f"/proc/{pid}/status has no VmRSS")


class FsyncProbe:
    """Times one fdatasync after an append the size of a small WAL commit, on the same disk."""

    def __init__(self, folder: Path) -> None:
        self._path = folder / "fsync.probe"
        self._file = os.open(self._path, os.O_CREAT | os.O_WRONLY | os.O_APPEND)
        self.samples_ms: list[float] = []

    def sample(self) -> None:
        """Take one sample."""
        began = time.monotonic_ns()
        os.write(self._file, b"x" * 12_288)
        os.fdatasync(self._file)
        self.samples_ms.append((time.monotonic_ns() - began) / 1e6)

    def close(self) -> None:
        """Remove the probe's file."""
        os.close(self._file)
        self._path.unlink()

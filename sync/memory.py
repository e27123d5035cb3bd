"""Gives memory that is no longer used back to the system.

glibc keeps what the imports and a burst of messages needed; link is to stay small for months on a
board with little memory, and a tenth of its size is such leftovers.
"""

from __future__ import annotations

import ctypes
import gc

_TRIM_THRESHOLD, _MMAP_THRESHOLD, _ARENA_MAX = -1, -3, -8  # mallopt(3)
_LARGE = 64 << 10


def keep_small() -> None:
    """Let all threads share one heap, and let large pieces go back at once. To be called before
    there are threads: link has a few that do little, and a heap each is a hundredth of its size.
    """
    mallopt = getattr(ctypes.CDLL(None), "mallopt", None)
    if mallopt is not None:
        for parameter, value in (
            (_ARENA_MAX, 1),
            (_MMAP_THRESHOLD, _LARGE),
            (_TRIM_THRESHOLD, _LARGE),
        ):
            mallopt(parameter, value)


def give_back(*, settled: bool = False) -> None:
    """Collect garbage and return free pages. `settled`: what lives now will live for ever, so the
    collector need not look at it again."""
    gc.collect()
    if settled:
        gc.freeze()
    trim = getattr(ctypes.CDLL(None), "malloc_trim", None)  # glibc only; musl has none.
    if trim is not None:
        trim(0)

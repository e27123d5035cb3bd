"""Gives memory that is no longer used back to the system.

glibc keeps what the imports and a burst of messages needed; link is to stay small for months on a
board with little memory, and a tenth of its size is such leftovers.
"""

from __future__ import annotations

import ctypes
import gc


def give_back(*, settled: bool = False) -> None:
    """Collect garbage and return free pages. `settled`: what lives now will live for ever, so the
    collector need not look at it again."""
    gc.collect()
    if settled:
        gc.freeze()
    trim = getattr(ctypes.CDLL(None), "malloc_trim", None)  # glibc only; musl has none.
    if trim is not None:
        trim(0)

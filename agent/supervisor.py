"""Keeps drivers running: whatever ends one is written down and the driver is started again.

Owns when a crashed driver is tried again. A lost wire is not a crash: drivers reopen wires
themselves.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable

from drivers.base import Driver

log = logging.getLogger(__name__)

_FIRST_RETRY_S = 0.5
_LONGEST_RETRY_S = 30.0
_HEALTHY_AFTER_S = 60.0  # A driver that ran this long begins again with the first retry.

Fault = Callable[[str, str, bool, str], None]
"""(part, channel, active, detail): how the shell says that a part of the hub is not well."""


async def supervise(driver: Driver, fault: Fault) -> None:
    """Run `driver` until cancelled, starting it again with back-off whenever it ends."""
    loop = asyncio.get_running_loop()
    retry_s = _FIRST_RETRY_S
    while True:
        began_s = loop.time()
        cleared = loop.call_later(_HEALTHY_AFTER_S, fault, driver.name, "crashed", False, "")
        try:
            await driver.run()
            detail = "ended by itself"
        except Exception as error:  # The one place that takes everything: that is its job.
            log.exception("driver.crashed driver=%s", driver.name)
            detail = f"{type(error).__name__}: {error}"
        finally:
            cleared.cancel()
        if loop.time() - began_s > _HEALTHY_AFTER_S:
            retry_s = _FIRST_RETRY_S
        fault(driver.name, "crashed", True, f"{detail}; started again in {retry_s:.1f} s")
        await asyncio.sleep(retry_s)
        retry_s = min(_LONGEST_RETRY_S, retry_s * 2)

"""Runs guard and link as children of one console: development, demo, and hubs without systemd.

Owns that a child which dies comes back, guard at once. Knows nothing of what they do.
"""

from __future__ import annotations

import asyncio
import ctypes
import logging
import signal
import sys
from pathlib import Path

from agent import logs
from agent.config import load
from agent.core.errors import ConfigError

log = logging.getLogger(__name__)

_FIRST_RETRY_S = 0.1
_LONGEST_RETRY_S = 10.0
_HEALTHY_AFTER_S = 10.0
_STOP_BUDGET_S = 5.0

_PR_SET_PDEATHSIG = 1  # prctl(2)
_libc = ctypes.CDLL(None)  # Loaded before the fork: between fork and exec little is allowed.


def main(config_path: Path) -> int:
    """Run both until SIGTERM or Ctrl-C; return 0, or 2 when the configuration is wrong."""
    logs.begin()
    try:
        config = load(config_path)
    except ConfigError as error:
        sys.stderr.write(f"{error}\n")
        return 2
    children = ["guard"] if config.uplink is None else ["guard", "link"]
    asyncio.run(_run(config_path, children))
    return 0


async def _run(config_path: Path, children: list[str]) -> None:
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stop.set)
    async with asyncio.TaskGroup() as group:
        tasks = [group.create_task(_keep(name, config_path, stop), name=name) for name in children]
        await stop.wait()
        await asyncio.wait(tasks, timeout=_STOP_BUDGET_S * 2)


async def _keep(name: str, config_path: Path, stop: asyncio.Event) -> None:
    """Run one child again and again until `stop` is set, then end it."""
    loop = asyncio.get_running_loop()
    retry_s = _FIRST_RETRY_S
    while not stop.is_set():
        began_s = loop.time()
        child = await asyncio.create_subprocess_exec(
            *(sys.executable, "-m", "agent", name, "--config", str(config_path)),
            preexec_fn=_end_with_parent,
        )
        log.info("up.started child=%s pid=%d", name, child.pid)
        waiting = {loop.create_task(child.wait()), loop.create_task(stop.wait())}
        _, left = await asyncio.wait(waiting, return_when=asyncio.FIRST_COMPLETED)
        for task in left:
            task.cancel()
        if stop.is_set():
            await _end(child)
            return
        if loop.time() - began_s > _HEALTHY_AFTER_S:
            retry_s = _FIRST_RETRY_S
        log.warning("up.died child=%s code=%s again_in_s=%.1f", name, child.returncode, retry_s)
        try:
            await asyncio.wait_for(stop.wait(), retry_s)
        except TimeoutError:
            retry_s = min(_LONGEST_RETRY_S, retry_s * 2)


def _end_with_parent() -> None:
    """Have the kernel end this child when its parent dies: two guards must not share a home."""
    _libc.prctl(_PR_SET_PDEATHSIG, signal.SIGTERM)


async def _end(child: asyncio.subprocess.Process) -> None:
    """End a child in good order, or without ceremony when it does not."""
    if child.returncode is None:
        child.terminate()
    try:
        async with asyncio.timeout(_STOP_BUDGET_S):
            await child.wait()
    except TimeoutError:
        child.kill()
        await child.wait()

"""Mains and battery of the hub, from the kernel's power supplies.

Owns what is looked at and how often. The kernel's word of a change makes it look at once.
"""

from __future__ import annotations

from pathlib import Path

from agent.core.clock import Clock
from agent.core.errors import FrameError, TransportError
from agent.core.reading import Quantity, Value
from agent.core.text import Sentence
from drivers.base import Inbox
from drivers.host import faults, files
from drivers.host.decode import Power, power
from drivers.host.faults import Ill
from drivers.host.part import Part
from drivers.host.watch import Findings, WatchDriver

LOOK_EVERY_S = 10.0
_NAMES = ("type", "online", "status", "capacity", "present", "scope")


def power_driver(sysfs: Path, clock: Clock, inbox: Inbox) -> WatchDriver:
    """Return the driver of `hub:power`."""
    return WatchDriver(
        Part("power", clock, inbox),
        lambda: look(sysfs / "class" / "power_supply"),
        channels=("unreadable",),
        every_s=LOOK_EVERY_S,
        about="power_supply",
    )


def look(supplies: Path) -> Findings:
    """Return what the power supplies say now."""
    found: list[dict[str, str]] = []
    parts: list[str] = []
    ills: list[Ill] = []
    for folder in files.folders(supplies):
        parts.append(folder.name)
        try:
            supply = files.attributes(folder, _NAMES)
            power([supply])  # One that lies must not take the word of the others away.
        except (FrameError, TransportError) as error:
            ills.append(faults.unreadable(folder.name, str(error)))
        else:
            found.append(supply)
    state = power(found)
    return Findings(_says(state), _values(state), tuple(ills), frozenset(parts))


def _values(state: Power) -> dict[Quantity, Value]:
    values: dict[Quantity, Value] = {}
    if state.mains_lost is not None:
        values[Quantity.MAINS_LOST] = state.mains_lost
    if state.battery_pct is not None:
        values[Quantity.HUB_BATTERY_PCT] = state.battery_pct
    return values


def _says(state: Power) -> Sentence:
    if state == Power():
        return Sentence("本机没有电源监测。", "This board does not watch its power.")
    zh, en = {
        None: ("外部供电状态未知", "mains: not known"),
        False: ("外部供电正常", "mains: there"),
        True: ("外部供电中断，正在使用电池", "mains: lost, running on battery"),
    }[state.mains_lost]
    if state.battery_pct is None:
        return Sentence(f"{zh}；没有备用电池。", f"{en}; no battery.")
    return Sentence(f"{zh}；电池 {state.battery_pct}%。", f"{en}; battery {state.battery_pct} %.")

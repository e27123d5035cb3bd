"""The process that helps: drivers, rules, alarms, journal and actuators. It needs no network.

Owns how the parts are put together, and the order of a start: journal first, then the socket and
the radio at once. Nothing that is broken keeps the rest from starting.
"""

from __future__ import annotations

import asyncio
import gc
import logging
import os
import random
import shutil
import signal
import sys
import time
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path

from agent import logs
from agent.answers import LINK_SILENT_S, Answers, Hub, release
from agent.clock import LastTime, SystemClock
from agent.config import Config, load
from agent.control.schema import Committed as CommittedNotice
from agent.control.schema import Nothing
from agent.control.server import ControlServer
from agent.core.command import Caller, EndDrills, Role
from agent.core.device import Device, DeviceId
from agent.core.errors import ConfigError
from agent.core.reading import Reading
from agent.core.row import Kind
from agent.dispatch import Dispatch
from agent.housekeeping import Housekeeping
from agent.journal.files import OpenFile
from agent.journal.schema import Table
from agent.journal.store import Committed, JournalStore
from agent.journal.writer import Put
from agent.measures import Measures
from agent.own_parts import OwnParts
from agent.own_state import OwnState
from agent.pairing import Pairing
from agent.pipeline import Pipeline, device_put
from agent.registry import Registry
from agent.remote import Remote
from agent.resume import resume
from agent.site.changes import Changes
from agent.supervisor import supervise
from agent.watchdog import feed, notify
from drivers.base import Driver, PairStep

log = logging.getLogger(__name__)

_TIME_KEPT_EVERY_S = 60.0
_LAST_TIME = "last_time"
_STOP_BUDGET_S = 3.0
_INSTALLER = Caller(Role.INSTALLER, "pairing", on_site=True)
_STALLED_S = 30.0  # A commit under way for longer than this is no progress.


def main(config_path: Path) -> int:
    """Run guard until SIGTERM; return the exit code: 0 stopped, 2 wrong configuration."""
    logs.begin()
    try:
        config = load(config_path)
    except ConfigError as error:
        sys.stderr.write(f"{error}\n")
        return 2
    # The writer thread must get the interpreter at once when an alarm has to reach the disk.
    sys.setswitchinterval(0.00005)
    begins_again = asyncio.run(_run(config))
    if begins_again:
        os.execv(sys.executable, [sys.executable, *sys.orig_argv[1:]])
    return 0


async def _run(config: Config) -> bool:
    """Run until a signal, or until guard has to begin again; return whether it has to.

    It has to when it began without its disk and the disk is back: what only the record knows, open
    alarms and devices, is to be taken into account from the first reading on.
    """
    guard = Guard(config)
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, guard.stop.set)
    try:
        async with asyncio.TaskGroup() as group:
            guard.start(group)
            await guard.stop.wait()
            log.info("guard.stopping")
            guard.closing()
            raise _Stop
    except* _Stop:
        pass
    finally:
        guard.close()
    return guard.begins_again


class _Stop(Exception):
    """Ends the task group of an orderly stop."""


class Guard:
    """All parts of the process, put together. Creating it opens the journal; `start` starts the
    tasks."""

    def __init__(self, config: Config) -> None:
        self._config = config
        first = SystemClock()
        self._store = JournalStore(config.journal_file, config.fallback_file, first)
        kept = self._store.state[Table.SETTING].get(_LAST_TIME, "")
        self._clock = SystemClock(LastTime.decode(kept))
        self._store.use_clock(self._clock)
        self._started = self._clock.now()
        self._began_without_disk = self._store.file.fallback
        self.stop = asyncio.Event()
        self.begins_again = False
        self._registry = Registry(
            self._store.state[Table.DEVICE], config.hub.data_dir / "devices.json"
        )
        self._changes = Changes(self._clock, self._store, config)
        self._pipeline = Pipeline(
            self._clock,
            self._store,
            self._registry,
            self._changes.rules,
            config.hub.language,
        )
        self._remote = Remote(
            self._clock, self._store, self._registry, self._pipeline, self._changes
        )
        self._pairing = Pairing(self._clock, self._adopt)
        self._strangers = 0
        self._copying: set[asyncio.Task[None]] = set()
        self._group: asyncio.TaskGroup | None = None
        self._parts = OwnParts(config, self._clock, self, self._registry, self._pipeline.order)
        self._drivers = (*self._make_drivers(), *self._parts.drivers)
        self._answers = Answers(
            Hub(
                config,
                self._clock,
                self._store,
                self._registry,
                self._pipeline,
                self._pairing,
                self._remote,
                self._drivers,
                self._started,
                self._counters,
            )
        )
        self._housekeeping = Housekeeping(
            self._clock,
            self._store,
            self._pipeline,
            config.hub.data_dir,
            self._changes.config.journal.max_mb * 1024 * 1024,
        )
        self._own = OwnState(
            self._clock,
            self._store,
            self._pipeline.observe,
            config.hub.data_dir,
            self._ways if config.uplink is not None else None,
        )
        self._housekeeping.on_step = self._own.clock_stepped
        self._measures = Measures(
            self._clock, self._store, lambda: self._pipeline.counts.unjournaled
        )
        handlers = self._answers.handlers() | self._measures.handlers()
        self._server = ControlServer(config.control_socket, handlers)

    # --- start and stop -------------------------------------------------------------------------

    def start(self, group: asyncio.TaskGroup) -> None:
        """Start everything, the quickest way to a working SOS first."""
        self._group = group
        self._store.on_commit = self._committed
        self._store.on_file = self._on_file
        self._store.start()
        if self._registry.restored_from_copy:
            # A journal that then knew only the next new device would hide the copy for ever.
            puts = [device_put(self._registry, device.id) for device in self._registry.paired()]
            self._store.append((), puts, urgent=True)
        dispatch = Dispatch(self._drivers, group, self._pipeline.reported)
        self._pipeline.release = dispatch.release
        pending = resume(self._pipeline, self._store, self._started)
        self._parts.annunciator.resume(self._pipeline.visible)
        self._pipeline.announce = self._parts.annunciator.heard
        for driver in self._drivers:
            group.create_task(supervise(driver, self._pipeline.fault), name=f"driver-{driver.name}")
        group.create_task(self._store.watch(), name="journal")
        group.create_task(self._serve(), name="control")
        group.create_task(self._keep_time(), name="keep-time")
        house = self._housekeeping
        group.create_task(house.watch_clock(), name="clock")
        group.create_task(house.keep_tidy(), name="retention")
        group.create_task(self._own.watch(), name="own-state")
        group.create_task(house.salvage(self._store.file), name="salvage")
        group.create_task(self._watch_link(), name="watch-link")
        group.create_task(self._watch_remote(), name="watch-remote")
        group.create_task(feed(self._is_well), name="watchdog")
        self._own.begin()  # Before the urgent row, which takes it to the disk with it.
        self._pipeline.record(
            Kind.HUB_STARTED,
            {"release": release(), "journal": self._store.journal_id},
            puts=[*self._kept(), self._own.begun()],
            urgent=True,
        )
        self._on_file(self._store.file)
        self._changes.on_change = self._changed
        self._changes.begin_run()
        self._changed()
        dispatch.release(pending)
        notify("READY=1")
        gc.freeze()  # What exists now lives as long as the process: never look at it again.

    def closing(self) -> None:
        """Write down that the hub stops in good order."""
        notify("STOPPING=1")
        puts = [*self._kept(), self._own.ended()]
        self._pipeline.record(Kind.HUB_STOPPED, {}, puts=puts, urgent=True)

    def close(self) -> None:
        """Let the journal commit what waits."""
        if not self._store.stop(_STOP_BUDGET_S):
            log.error("journal.unfinished budget_s=%s", _STOP_BUDGET_S)

    # --- drivers.base.Inbox ---------------------------------------------------------------------

    def observe(self, readings: Sequence[Reading]) -> None:
        """Take readings of this home's devices, of the hub's parts, and of the device being
        paired."""
        first = readings[0] if readings else None
        if first is None:
            return
        is_ours = first.device.startswith("hub:") or self._registry.get(first.device) is not None
        if is_ours and not self._pairing.awaits(first.device):
            self._pipeline.observe(self._pairing.still_drilling(readings))
            return
        ours = self._pairing.heard(readings)
        if not ours:
            self._strangers += 1
            return
        self._pipeline.observe(ours)
        if not self._pairing.awaits(first.device):
            self._pipeline.command(EndDrills(first.device, _INSTALLER), lambda outcome: None)

    def device_found(self, device: Device) -> None:
        """Take a device that is set up: one of ours that says more of itself, or a new one."""
        known = self._registry.get(device.id)
        if self._pairing.found(device, known) or known is None:
            return
        if self._registry.renew(device) is not None:
            self._keep(device.id)

    def device_left(self, device: DeviceId) -> None:
        """Write down that a device said goodbye to the network; it stays in the ledger."""
        if self._registry.get(device) is not None:
            self._pipeline.record(Kind.DEVICE_LEFT, {}, device=device, urgent=True)

    def pair_step(self, step: PairStep) -> None:
        """Hand a step to the pairing that is under way."""
        self._pairing.step(step)

    # --- inside ---------------------------------------------------------------------------------

    def _make_drivers(self) -> list[Driver]:
        made: list[Driver] = []
        zigbee, modem = self._config.zigbee, self._config.modem
        if zigbee is not None:
            from drivers.zigbee.driver import ZigbeeDriver  # Only homes with a stick pay for it.

            made.append(
                ZigbeeDriver(
                    port=zigbee.port,
                    baudrate=zigbee.baudrate,
                    channel=zigbee.channel,
                    database=self._database(),
                    clock=self._clock,
                    inbox=self,
                    ledger=self._registry.get,
                    rng=random.Random(),
                )
            )
        if modem is not None:
            from drivers.serial.modem.driver import ModemDriver

            made.append(
                ModemDriver(
                    port=modem.port,
                    baudrate=modem.baudrate,
                    pin_file=modem.pin_file,
                    clock=self._clock,
                    inbox=self,
                    rng=random.Random(),
                )
            )
        return made

    def _database(self) -> Path:
        """Return where the radio keeps its network: on the disk, or a working copy when that
        fails."""
        kept = self._config.hub.data_dir / "zigbee.db"
        if not self._store.file.fallback:
            return kept
        working = self._config.hub.runtime_dir / "zigbee.db"
        with suppress(OSError):
            shutil.copyfile(kept, working)
        return working

    async def _serve(self) -> None:
        """Serve the control socket; when it cannot be made, say so and try again."""
        while True:
            try:
                await self._server.serve()
            except OSError as error:
                self._pipeline.fault("control", "socket", True, f"control socket: {error}")
            await asyncio.sleep(5.0)

    async def _keep_time(self) -> None:
        while True:
            await asyncio.sleep(_TIME_KEPT_EVERY_S)
            self._store.append((), self._kept(), urgent=False)

    async def _watch_link(self) -> None:
        """Say so when link has not reported for a while: the home would be alone and not know."""
        while self._config.uplink is not None:
            await asyncio.sleep(LINK_SILENT_S)
            silent = self._answers.link_is_silent()
            self._pipeline.fault("uplink", "process", silent, "link is not running")

    def _ways(self) -> dict[str, bool]:
        """Return the ways out of the home, and whether each is lost. A modem will be a second."""
        return {"mqtt": self._answers.way_out_is_lost()}

    async def _watch_remote(self) -> None:
        while True:
            await asyncio.sleep(1.0)
            self._remote.look()

    def _changed(self) -> None:
        """Go by what holds of the platform's wishes now, and keep the copy of it."""
        changes = self._changes
        self._pipeline.use_rules(changes.rules)
        self._housekeeping.max_bytes = changes.config.journal.max_mb * 1024 * 1024
        self._pipeline.fault("site", "left_out", bool(changes.trouble), changes.trouble)
        assert self._group is not None
        self._group.create_task(self._write_site(), name="copy-site")
        if changes.site.trial is None:
            # Only then: on trial link hears of it when the platform has had its answer.
            self._server.tell_followers("sync.changed", Nothing())

    async def _write_site(self) -> None:
        try:
            await asyncio.to_thread(self._changes.write_copy)
        except OSError as error:
            self._pipeline.fault("site", "copy", True, f"site.json: {error}")
        else:
            self._pipeline.fault("site", "copy", False, "")

    def _kept(self) -> list[Put]:
        """Return what the next run is to know: the time, and what this one has written."""
        last_time = LastTime.of(self._clock.now()).encode()
        return [Put(Table.SETTING, _LAST_TIME, last_time), self._measures.put()]

    def _committed(self, committed: Committed) -> None:
        notice = CommittedNotice(
            journal_id=committed.journal_id, last_seq=committed.last_seq, urgent=committed.urgent
        )
        self._server.tell_followers("journal.committed", notice)

    def _on_file(self, file: OpenFile) -> None:
        if self._began_without_disk and not file.fallback:
            log.warning("guard.begins_again reason=%s", "the disk with the record is back")
            self.begins_again = True
            self.stop.set()
        self._pipeline.fault("journal", "disk", file.fallback, file.trouble)
        if file.quarantined is not None:
            self._pipeline.fault("journal", "quarantine", True, file.trouble)

    def _adopt(self, device: Device) -> None:
        """Take a device that has proved itself into the home."""
        self._registry.put(device)
        body: dict[str, object] = {
            "kind": device.kind,
            "name": device.name,
            "room": device.room,
            "manufacturer": device.manufacturer,
            "model": device.model,
        }
        self._pipeline.record(
            Kind.DEVICE_PAIRED,
            body,
            device=device.id,
            puts=[device_put(self._registry, device.id)],
            urgent=True,
        )
        self._copy_ledger()

    def _keep(self, device: DeviceId) -> None:
        self._store.append((), (device_put(self._registry, device),), urgent=False)
        self._copy_ledger()

    def _copy_ledger(self) -> None:
        assert self._group is not None
        self._group.create_task(self._write_ledger(), name="copy-ledger")

    async def _write_ledger(self) -> None:
        try:
            await asyncio.to_thread(self._registry.write_copy)
        except OSError as error:
            self._pipeline.fault("ledger", "copy", True, f"devices.json: {error}")
        else:
            self._pipeline.fault("ledger", "copy", False, "")

    def _is_well(self) -> bool:
        return self._store.stalled_s(time.monotonic()) < _STALLED_S

    def _counters(self) -> dict[str, int]:
        counts, control = self._pipeline.counts, self._server.counts
        return {
            "events": counts.events,
            "repeats": counts.repeats,
            "strangers": self._strangers,
            "control_requests": control.requests,
            "control_refused": control.refused,
            "control_garbage": control.garbage,
        }

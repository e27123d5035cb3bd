"""What the hub answers on its control socket: one handler for each method.

Owns how the inside of the hub looks from outside. Tells only what is on disk: alarms are shown as
of the last commit.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable
from dataclasses import asdict, dataclass
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

from agent.alarm_answers import AlarmAnswers
from agent.config import Config
from agent.control.schema import (
    AdvanceParams,
    AuditParams,
    DeviceInfo,
    DeviceList,
    DriverInfo,
    Hello,
    JournalHealth,
    JournalInfo,
    Nothing,
    PairParams,
    PairProgress,
    PairResult,
    RowInfo,
    RowList,
    Status,
    SyncState,
    TailParams,
    Text,
    UplinkReport,
)
from agent.control.server import Handler, Peer
from agent.core.alarm import Severity
from agent.core.clock import Clock, Stamp
from agent.core.device import Device
from agent.core.errors import CommandRefused
from agent.core.row import JournalId, Kind, Lane
from agent.journal.reader import JournalReader
from agent.journal.row import StoredRow, is_json_object
from agent.journal.store import JournalStore
from agent.pairing import Pairing, Progress, Wanted
from agent.pipeline import Pipeline
from agent.registry import Registry
from agent.remote import Remote
from drivers.base import Driver, Health, PairingDriver

LINK_SILENT_S = 20.0  # Link reports every few seconds; three missed reports are a dead link.


@dataclass(slots=True)
class Hub:
    """The parts of the running hub that answers are made from."""

    config: Config
    clock: Clock
    store: JournalStore
    registry: Registry
    pipeline: Pipeline
    pairing: Pairing
    remote: Remote
    drivers: tuple[Driver, ...]
    started: Stamp
    counters: Callable[[], dict[str, int]]


def release() -> str:
    """Return the installed version of the hub."""
    try:
        return version("anju-hub")
    except PackageNotFoundError:
        return "0+source"


class Answers:
    """All handlers over one hub."""

    def __init__(self, hub: Hub) -> None:
        self._hub = hub
        self._alarms = AlarmAnswers(hub.clock, hub.registry, hub.pipeline, hub.remote.evidence)
        self._uplink: UplinkReport | None = None
        self._uplink_at_s = hub.started.at_s

    def handlers(self) -> dict[str, Handler]:
        """Return method name to handler."""
        return {
            "hello": self._hello,
            "status": self._status,
            "devices.list": self._devices,
            "journal.tail": self._tail,
            "journal.follow": self._follow,
            "pair.start": self._pair,
            "pair.stop": self._pair_stop,
            "sync.state": self._sync_state,
            "sync.advance": self._advance,
            "sync.report": self._report,
            "audit": self._audit,
            **self._alarms.handlers(),
            **self._hub.remote.handlers(),
        }

    # --- reading --------------------------------------------------------------------------------

    async def _hello(self, _: Nothing, peer: Peer) -> Hello:
        hub = self._hub.config.hub
        return Hello(release=release(), hub=hub.id, district=hub.district, role=peer.caller.role)

    async def _status(self, _: Nothing, __: Peer) -> Status:
        hub = self._hub
        now = hub.clock.now()
        open_alarms = hub.pipeline.visible.open.values()
        health = [driver.health() for driver in hub.drivers]
        return Status(
            hub=hub.config.hub.id,
            district=hub.config.hub.district,
            release=release(),
            up_s=now.at_s - hub.started.at_s,
            sos_ready=any(one.ok and one.hears_devices for one in health),
            time_quality=now.quality,
            drivers=tuple(map(_driver_info, health)),
            journal=await self._journal_health(),
            uplink=self._uplink_now(),
            devices=len(hub.registry.all()),
            alarms_open=sum(alarm.severity is not Severity.S4 for alarm in open_alarms),
            troubles=tuple(
                self._alarms.info(alarm) for alarm in open_alarms if alarm.severity is Severity.S4
            ),
            counters=hub.counters(),
            mode=hub.remote.mode(),
            site=hub.remote.changes.info(),
            mutes=self._alarms.mutes(),
            alarms_waiting=sum(alarm.waiting is not None for alarm in open_alarms),
        )

    async def _devices(self, _: Nothing, __: Peer) -> DeviceList:
        return DeviceList(devices=tuple(self._device(d) for d in self._hub.registry.all()))

    async def _tail(self, params: TailParams, _: Peer) -> RowList:
        store = self._hub.store
        journal_id, path = store.journal_id, store.file.path
        if params.journal_id not in (None, journal_id):
            known = {info.journal_id: info.path for info in await self._journals()}
            if params.journal_id not in known:
                raise CommandRefused("unknown_journal", f"there are: {', '.join(known)}")
            journal_id = JournalId(params.journal_id)
            path = Path(known[journal_id])

        def read() -> list[StoredRow]:
            reader = JournalReader(path)
            try:
                if params.after_seq is None:
                    return reader.tail(journal_id, params.limit, params.kinds)
                return reader.rows(
                    journal_id, after_seq=params.after_seq, limit=params.limit, kinds=params.kinds
                )
            finally:
                reader.close()

        rows = await asyncio.to_thread(read)
        return RowList(rows=tuple(_row(row) for row in rows))

    async def _follow(self, _: Nothing, peer: Peer) -> Nothing:
        peer.following = True
        return Nothing()

    # --- acting ---------------------------------------------------------------------------------

    async def _pair(self, params: PairParams, peer: Peer) -> PairResult:
        driver = next((d for d in self._hub.drivers if hasattr(d, "open_joining")), None)
        if driver is None:
            raise CommandRefused(
                "no_radio", "no radio is configured; add [zigbee] port = … to the configuration"
            )

        def tell(progress: Progress) -> None:
            peer.notify("pair.progress", PairProgress(**asdict(progress)))

        wanted = Wanted(params.window_s, params.name, params.room)
        pairing_driver: PairingDriver = driver  # type: ignore[assignment] # It can open joining.
        paired = await self._hub.pairing.run(pairing_driver, wanted, tell)
        device = None if paired.device is None else self._device(paired.device)
        return PairResult(outcome=paired.outcome, device=device)

    async def _pair_stop(self, _: Nothing, __: Peer) -> Nothing:
        self._hub.pairing.stop()
        return Nothing()

    # --- for link -------------------------------------------------------------------------------

    async def _sync_state(self, _: Nothing, __: Peer) -> SyncState:
        hub = self._hub.config.hub
        return SyncState(
            hub=hub.id,
            district=hub.district,
            journals=await self._journals(),
            uplink=self._hub.remote.changes.uplink(),
        )

    async def _advance(self, params: AdvanceParams, _: Peer) -> Nothing:
        store = self._hub.store
        journal_id = JournalId(params.journal_id)
        last = {info.journal_id: info.last_seq for info in await self._journals()}
        if params.through_seq > last.get(journal_id, 0):
            raise CommandRefused(
                "beyond_journal",
                f"journal {journal_id} ends at {last.get(journal_id, 0)}, not {params.through_seq}",
            )
        store.advance(journal_id, Lane(params.lane), params.through_seq)
        return Nothing()

    async def _report(self, report: UplinkReport, _: Peer) -> Nothing:
        before = self._uplink
        self._uplink, self._uplink_at_s = report, self._hub.clock.now().at_s
        well = report.connected and report.platform_answers
        if before is None or well != (before.connected and before.platform_answers):
            self._hub.pipeline.fault("uplink", "platform", not well, report.says.en)
        self._hub.remote.changes.heard(report)
        return Nothing()

    async def _audit(self, params: AuditParams, _: Peer) -> Nothing:
        body: dict[str, object] = {"what": params.what, "detail": params.detail}
        self._hub.pipeline.record(Kind.AUDIT, body, urgent=True)
        return Nothing()

    # --- how things look ------------------------------------------------------------------------

    async def _journals(self) -> tuple[JournalInfo, ...]:
        store = self._hub.store
        found = await asyncio.to_thread(store.journals)
        return tuple(
            JournalInfo(
                journal_id=journal_id,
                path=str(path),
                writing=journal_id == store.journal_id,
                last_seq=last_seq,
                urgent_through=store.cursor(journal_id, Lane.URGENT),
                bulk_through=store.cursor(journal_id, Lane.BULK),
            )
            for journal_id, path, last_seq in found
        )

    async def _journal_health(self) -> JournalHealth:
        store = self._hub.store
        if store.trouble:
            says = Text(
                zh=f"事件日志异常：{store.trouble}。请检查存储卡和剩余空间。",
                en=f"{store.trouble}. Check the card and its free space.",
            )
        else:
            says = Text(zh="事件日志正常", en="the journal is well")
        return JournalHealth(
            ok=not store.trouble,
            says=says,
            journals=await self._journals(),
            commits=store.commits,
            rows=store.counters.rows,
            fsync_p50_ms=store.commit_ms(0.5),
            fsync_p99_ms=store.commit_ms(0.99),
            unjournaled=self._hub.pipeline.counts.unjournaled,
            dropped=store.counters.dropped,
        )

    def _uplink_now(self) -> UplinkReport:
        if self._hub.config.uplink is None:
            says = Text(
                zh="未配置平台，本机独立运行", en="no platform is configured; the hub works alone"
            )
            return UplinkReport(connected=False, says=says)
        if self._uplink is None or self.link_is_silent():
            says = Text(
                zh="上行进程没有运行。请查看：systemctl status anju-link",
                en="link is not running. See: systemctl status anju-link",
            )
            return UplinkReport(connected=False, says=says)
        return self._uplink

    def link_is_silent(self) -> bool:
        """Return whether link has said nothing for longer than it ever should."""
        return self._hub.clock.now().at_s - self._uplink_at_s > LINK_SILENT_S

    def way_out_is_lost(self) -> bool:
        """Return whether the platform cannot be told anything. Until link has reported it is not
        known to be so."""
        report = self._uplink
        answers = report is None or (report.connected and report.platform_answers)
        return self.link_is_silent() or not answers

    def _device(self, device: Device) -> DeviceInfo:
        heard = self._hub.registry.heard(device.id)
        now = self._hub.clock.now()
        return DeviceInfo(
            id=device.id,
            kind=device.kind,
            name=device.name,
            room=device.room,
            manufacturer=device.manufacturer,
            model=device.model,
            paired=device.paired_at_s is not None,
            last_seen_s_ago=None if heard is None else now.at_s - heard.at_s,
            readings=self._hub.registry.latest(device.id),
        )


def _row(row: StoredRow) -> RowInfo:
    return RowInfo(
        journal_id=row.journal_id,
        seq=row.seq,
        lane=row.lane,
        kind=row.kind,
        severity=row.severity,
        device=row.device,
        received_at_s=row.received_at,
        recorded_at_s=row.recorded_at,
        time_quality=row.time_quality,
        body=json.loads(row.body) if is_json_object(row.body) else {"body_text": str(row.body)},
    )


def _driver_info(health: Health) -> DriverInfo:
    return DriverInfo(
        driver=health.driver,
        ok=health.ok,
        says=Text(zh=health.says.zh, en=health.says.en),
        port=health.port,
        restarts=health.restarts,
        frames_in=health.frames_in,
        frames_refused=health.frames_refused,
    )

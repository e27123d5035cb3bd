"""The line to guard: what link learns from it and what link tells it.

Owns the connection to the control socket, for ever. While guard is away cursors to advance and
complaints to audit are kept here, coalesced: one number a lane, one line a complaint.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from agent.control.client import ControlClient
from agent.control.schema import (
    AckParams,
    AdvanceParams,
    AlarmInfo,
    AuditParams,
    ChangeResult,
    Committed,
    DrillParams,
    DrillResult,
    EvidenceParams,
    EvidenceResult,
    ModeInfo,
    ModeParams,
    Nothing,
    ResolveParams,
    Shape,
    SignedParams,
    SpeakParams,
    SpeakResult,
    Status,
    SyncState,
    UplinkReport,
)
from agent.core.errors import CommandRefused, TransportError
from agent.core.row import JournalId, Lane
from sync import limits

log = logging.getLogger(__name__)

CHANGE_REPLY_S = 20.0
"""A signed change may make a key and wait for a slow disk several times."""

OnState = Callable[[SyncState], None]
OnCommitted = Callable[[Committed], None]


@dataclass(slots=True)
class _Complaint:
    """One kind of complaint: what was said last, how often, and when it may be audited again."""

    detail: str
    count: int
    not_before_s: float


class GuardLine:
    """Talks to guard. `advance`, `audit`, `report` and `refresh` return at once; `run` does the
    work."""

    def __init__(
        self,
        socket: Path,
        on_state: OnState,
        on_committed: OnCommitted,
        report: Callable[[], UplinkReport],
    ) -> None:
        self._socket = socket
        self._on_state = on_state
        self._on_committed = on_committed
        self._report = report
        self._client: ControlClient | None = None
        self._advances: dict[tuple[JournalId, Lane], int] = {}
        self._complaints: dict[str, _Complaint] = {}
        self._wake = asyncio.Event()
        self._soon: asyncio.TimerHandle | None = None
        self._refresh = False
        self._report_now = False

    def advance(self, journal_id: JournalId, lane: Lane, through_seq: int) -> None:
        """Have guard move a cursor; of several the furthest counts. That of telemetry moves every
        ADVANCE_EVERY_S: guard has better things to do than to follow every message."""
        key = (journal_id, lane)
        self._advances[key] = max(through_seq, self._advances.get(key, 0))
        if lane is Lane.URGENT:
            self._wake.set()
        elif self._soon is None:
            self._soon = asyncio.get_running_loop().call_later(
                limits.ADVANCE_EVERY_S, self._tell_soon
            )

    def _tell_soon(self) -> None:
        self._soon = None
        self._wake.set()

    def audit(self, code: str, detail: str) -> None:
        """Have guard write a complaint into the audit record, at most once in AUDIT_EVERY_S for
        each code, with a count. Codes are constants of this program, so there are few."""
        known = self._complaints.setdefault(code, _Complaint(detail, 0, 0.0))
        known.detail = detail
        known.count += 1
        self._wake.set()

    def report(self) -> None:
        """Have guard told how the uplink is, now."""
        self._report_now = True
        self._wake.set()

    def refresh(self) -> None:
        """Ask guard again which journals there are."""
        self._refresh = True
        self._wake.set()

    async def acknowledge(self, params: AckParams) -> AlarmInfo:
        """Acknowledge an alarm for the platform. Errors: CommandRefused, TransportError."""
        return await self._present().ask("alarm.ack", params, AlarmInfo)

    async def resolve(self, params: ResolveParams) -> AlarmInfo:
        """Close an alarm for the platform. Errors: CommandRefused, TransportError."""
        return await self._present().ask("alarm.resolve", params, AlarmInfo)

    async def change(self, params: SignedParams) -> ChangeResult:
        """Hand a signed change over. Errors: CommandRefused, TransportError."""
        return await self._present().ask("change", params, ChangeResult, timeout_s=CHANGE_REPLY_S)

    async def set_mode(self, params: ModeParams) -> ModeInfo:
        """Set the mode of the home. Errors: CommandRefused, TransportError."""
        return await self._present().ask("mode.set", params, ModeInfo)

    async def speak(self, params: SpeakParams) -> SpeakResult:
        """Have the speakers say something. Errors: CommandRefused, TransportError."""
        return await self._present().ask("speak", params, SpeakResult)

    async def drill(self, params: DrillParams) -> DrillResult:
        """Run a drill. Errors: CommandRefused, TransportError."""
        return await self._present().ask("drill", params, DrillResult)

    async def add_evidence(self, params: EvidenceParams) -> EvidenceResult:
        """Add evidence to an alarm. Errors: CommandRefused, TransportError."""
        return await self._present().ask("evidence.add", params, EvidenceResult)

    async def status(self) -> Status:
        """Return how the hub is. Errors: CommandRefused, TransportError."""
        return await self._present().ask("status", Nothing(), Status)

    async def run(self) -> None:
        """Be connected to guard, for ever; ends only by being cancelled."""
        away = False
        while True:
            try:
                self._client = await ControlClient.connect(self._socket, self._notified)
                if away:
                    log.info("guard.back")
                away = False
                await self._serve(self._client)
            except (TransportError, CommandRefused) as error:
                if not away:
                    log.warning("guard.away reason=%s", error)
                away = True
            finally:
                client, self._client = self._client, None
                if client is not None:
                    await client.close()
            await asyncio.sleep(limits.GUARD_RETRY_S)

    async def _serve(self, client: ControlClient) -> None:
        # First follow, then ask: a row committed in between is told twice and never missed.
        await client.ask("journal.follow", Nothing(), Nothing)
        self._refresh = self._report_now = True
        loop = asyncio.get_running_loop()
        report_at = state_at = 0.0
        while True:
            if client.closed.is_set():
                raise TransportError("the hub closed the control socket")
            await self._tell(client, loop.time())
            if self._refresh or loop.time() >= state_at:
                self._refresh = False
                self._on_state(await client.ask("sync.state", Nothing(), SyncState))
                state_at = loop.time() + limits.STATE_REFRESH_S
            if self._report_now or loop.time() >= report_at:
                self._report_now = False
                await client.ask("sync.report", self._report(), Nothing)
                report_at = loop.time() + limits.REPORT_S
            await self._pause(client, report_at - loop.time())

    async def _pause(self, client: ControlClient, longest_s: float) -> None:
        """Wait until there is something to tell, guard is gone, or `longest_s` has passed."""
        if not (self._refresh or self._report_now):
            try:
                async with asyncio.timeout(max(min(longest_s, 1.0), 0.0)):
                    await self._wake.wait()
            except TimeoutError:
                pass
        self._wake.clear()

    async def _tell(self, client: ControlClient, now_s: float) -> None:
        for key, through_seq in tuple(self._advances.items()):
            journal_id, lane = key
            params = AdvanceParams(journal_id=journal_id, lane=lane.value, through_seq=through_seq)
            try:
                await client.ask("sync.advance", params, Nothing)
            except CommandRefused as refusal:
                # The journal may be gone since; the rows' own cursor is guard's to judge.
                log.warning("advance.refused journal=%s reason=%s", journal_id, refusal)
                self._refresh = True
            if self._advances.get(key) == through_seq:
                del self._advances[key]
        for code, complaint in tuple(self._complaints.items()):
            if complaint.count and now_s >= complaint.not_before_s:
                count, complaint.count = complaint.count, 0
                complaint.not_before_s = now_s + limits.AUDIT_EVERY_S
                detail = complaint.detail if count == 1 else f"{count} times; {complaint.detail}"
                params_ = AuditParams(what=code, detail=detail[:1000])
                await client.ask("audit", params_, Nothing)

    def _notified(self, method: str, shape: Shape) -> None:
        if isinstance(shape, Committed):
            self._on_committed(shape)
        elif method == "sync.changed":
            self.refresh()

    def _present(self) -> ControlClient:
        if self._client is None:
            raise TransportError("the hub's guard is not running")
        return self._client

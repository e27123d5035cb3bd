"""The process with the network: puts session, journal, guard and broker together. `anju link`.

Owns the tasks and what one tells the other. Decides nothing: `session.step` does. Keeps nothing: it
may be killed at any moment, and the next one begins at guard's cursors.
"""

from __future__ import annotations

import asyncio
import logging
import random
import signal
import sys
from contextlib import suppress
from dataclasses import replace
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

from agent import logs
from agent.clock import SystemClock
from agent.config import Config, UplinkSection, load
from agent.control.schema import Committed, SyncState, Text, UplinkReport, UplinkSettings
from agent.core.clock import Clock
from agent.core.errors import CommandRefused, ConfigError, FrameError, JournalError
from agent.core.limits import HEARTBEAT_S
from agent.core.row import JournalId, Lane
from agent.core.text import Sentence
from agent.watchdog import feed as feed_watchdog
from agent.watchdog import notify
from sync import limits, reasons, session
from sync.codec import (
    BATCH_TYPE,
    EVENT_TYPE,
    Origin,
    decode_ack,
    encode_batch,
    encode_event,
    pack,
    rfc3339,
)
from sync.commands import SIGNED, Commands, Door, refusal, request_id_of
from sync.dialer import Dialer, delay_s
from sync.guard_line import GuardLine
from sync.history import History
from sync.memory import give_back, keep_small
from sync.messages import Heartbeat, JournalMark, Response, Sent, Status, Topics
from sync.mqtt import Connection, Endpoint
from sync.reasons import UplinkDown
from sync.rows import JournalFiles
from sync.session import Advance, Input, Load, Note, PublishAlarm, PublishBatch, Session

log = logging.getLogger(__name__)

_LOADS = 64
_JSON = "application/json"


def main(config_path: Path) -> int:
    """Run link until SIGTERM; return 0, or 2 when the configuration is wrong."""
    logs.begin()
    try:
        config = load(config_path)
    except ConfigError as error:
        sys.stderr.write(f"{error}\n")
        return 2
    if config.uplink is None:
        log.info("link.not_wanted reason=no_uplink_section")
        return 0
    keep_small()
    asyncio.run(run(config, clock=SystemClock(), rng=random.Random()))
    return 0


async def run(config: Config, *, clock: Clock, rng: random.Random) -> None:
    """Serve the uplink until SIGTERM, SIGINT or cancellation; ends with an orderly "offline"."""
    if config.uplink is None:
        raise ConfigError("[uplink] is missing: this hub works alone and needs no link")
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stop.set)
    link = Link(config, config.uplink, clock=clock, rng=rng)
    try:
        await link.run(stop)
    finally:
        for number in (signal.SIGTERM, signal.SIGINT):
            loop.remove_signal_handler(number)


class Link:
    """One run of the uplink."""

    def __init__(
        self, config: Config, settings: UplinkSection, *, clock: Clock, rng: random.Random
    ) -> None:
        self._file_settings = self._settings = settings
        self._serial = 0
        self._told = asyncio.Event()
        self._resettled = asyncio.Event()
        self._clock = clock
        self._rng = rng
        self._origin = Origin(config.hub.district, config.hub.id)
        self._topics = Topics(config.hub.district, config.hub.id)
        self._state = Session(rows_per_s=settings.bulk_rows_per_s)
        self._files = JournalFiles("link-rows")
        self._guard = GuardLine(
            config.control_socket, self._take_state, self._take_committed, self._report
        )
        # A pull may read for seconds: it has readers and a thread of its own.
        self._pull_files = JournalFiles("link-pull")
        self._door = Door(self._origin)
        self._commands = Commands(
            self._guard,
            self._pull_files,
            self._origin,
            self._last_seqs,
            clock.now,
            self._report,
        )
        self._loads: asyncio.Queue[Load] = asyncio.Queue(_LOADS)
        self._requests: asyncio.Queue[tuple[str, bytes]] = asyncio.Queue(limits.REQUEST_QUEUE)
        self._history = History(since_s=clock.now().wall_s)
        self._waiting: dict[tuple[JournalId, Lane], int] = {}
        self._connection: Connection | None = None
        self._says = reasons.NOT_YET
        self._warning: Sentence | None = None
        self._timer: asyncio.TimerHandle | None = None
        self._journal_well = True
        self._was_online = False
        self._answered = False
        self._mistake: BaseException | None = None

    async def run(self, stop: asyncio.Event) -> None:
        """Run every part until `stop`, then say goodbye to the platform.

        A mistake of this program ends it with that exception: who started it starts it again.
        """

        def failed(loop: asyncio.AbstractEventLoop, context: dict[str, Any]) -> None:
            loop.default_exception_handler(context)
            if "handle" in context:  # A callback: what it left undone nobody would notice.
                self._mistake = context.get("exception")
                stop.set()

        asyncio.get_running_loop().set_exception_handler(failed)
        try:
            async with asyncio.TaskGroup() as group:
                parts = {
                    "guard": self._guard.run(),
                    "broker": self._keep_connected(),
                    "rows": self._serve_loads(),
                    "requests": self._serve_requests(),
                    "heartbeat": self._heartbeat(),
                    "count": self._count_waiting(),
                    "watchdog": feed_watchdog(lambda: True),
                }
                tasks = [group.create_task(part, name=name) for name, part in parts.items()]
                notify("READY=1")
                give_back(settled=True)
                await stop.wait()
                notify("STOPPING=1")
                if self._connection is not None:
                    await self._connection.close(self._status("offline", "stopped"))
                for task in tasks:
                    task.cancel()
        finally:
            if self._timer is not None:
                self._timer.cancel()
            self._files.close()
            self._pull_files.close()
        if self._mistake is not None:
            raise self._mistake

    # --- the session ------------------------------------------------------------------------------

    def _feed(self, event: Input) -> None:
        """Take one step and carry out what it asks. Never called from within itself."""
        now = self._clock.now()
        self._state, actions = session.step(self._state, event, now)
        for action in actions:
            self._do(action)
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        wait_s = session.wake_in_s(self._state, now)
        if wait_s is not None:
            loop = asyncio.get_running_loop()
            self._timer = loop.call_later(wait_s, self._feed, session.Ticked())

    def _do(self, action: session.Action) -> None:
        match action:
            case PublishAlarm(out):
                self._publish(self._topics.alarm, encode_event(out, self._origin), EVENT_TYPE)
            case PublishBatch(outs):
                payload = encode_batch(outs, self._origin)
                self._publish(self._topics.events, payload, BATCH_TYPE)
            case Load():
                self._ask_for(action)
            case Advance(journal_id, lane, through_seq):
                self._guard.advance(journal_id, lane, through_seq)
            case Note(code, detail, audit):
                self._note(code, detail, audit)

    def _note(self, code: str, detail: str, audit: bool = True) -> None:
        if audit:
            self._history.note(code, detail, self._clock.now().wall_s)
            log.warning("%s detail=%s", code, detail)
            self._guard.audit(code, detail)
        else:
            self._history.count(code)

    def _publish(
        self, topic: str, payload: bytes, kind: str, *, retain: bool = False
    ) -> asyncio.Future[bool] | None:
        if self._connection is None:
            return None
        return self._connection.publish(topic, pack(payload), retain=retain, content_type=kind)

    # --- the journal ------------------------------------------------------------------------------

    def _take_state(self, state: SyncState) -> None:
        paths = {JournalId(info.journal_id): Path(info.path) for info in state.journals}
        self._files.know(paths)
        self._pull_files.know(paths)
        first_written = sorted(state.journals, key=lambda info: not info.writing)
        marks = tuple(
            session.Mark(
                JournalId(info.journal_id), info.last_seq, info.urgent_through, info.bulk_through
            )
            for info in first_written
        )
        self._feed(session.Journals(marks))
        if state.uplink is not None:
            self._use(state.uplink)
        self._told.set()

    def _use(self, wanted: UplinkSettings) -> None:
        """Go by the settings that guard says hold; a connection made by others is given up."""
        if wanted.serial == self._serial:
            return
        log.info("uplink.settings serial=%d", wanted.serial)
        self._serial = wanted.serial
        changed = wanted.model_dump(exclude={"serial", "identity_file"})
        if wanted.identity_file:
            file = Path(wanted.identity_file)
            changed |= {"cert_file": file, "key_file": file}
        settings = self._file_settings.model_copy(update=changed)
        if settings != self._settings:
            self._settings = settings
            self._state = replace(self._state, rows_per_s=settings.bulk_rows_per_s)
            self._resettled.set()
            if self._connection is not None:
                self._connection.give_up(reasons.RESETTLED)
        self._guard.report()

    def _take_committed(self, committed: Committed) -> None:
        journal_id = JournalId(committed.journal_id)
        if journal_id not in self._last_seqs():
            self._guard.refresh()  # Guard has changed to another file.
        self._feed(session.Grown(journal_id, committed.last_seq, committed.urgent))

    def _last_seqs(self) -> dict[JournalId, int]:
        return {journal.id: journal.last_seq for journal in self._state.journals}

    def _ask_for(self, load: Load) -> None:
        try:
            self._loads.put_nowait(load)
        except asyncio.QueueFull:  # Only with many journals at once: it is asked for again.
            asyncio.get_running_loop().call_soon(self._feed, session.LoadFailed(load))

    async def _serve_loads(self) -> None:
        while True:
            load = await self._loads.get()
            try:
                rows = await self._files.page(
                    load.journal_id, load.lane, load.after_seq, load.limit
                )
            except JournalError as error:
                if self._journal_well:
                    log.warning("journal.unreadable reason=%s", error)
                self._journal_well = False
                self._files.forget()
                self._guard.refresh()
                self._feed(session.LoadFailed(load))
                continue
            if not self._journal_well:
                log.info("journal.readable journal=%s", load.journal_id)
            self._journal_well = True
            self._feed(session.Loaded(load, rows))

    async def _count_waiting(self) -> None:
        """Count what is not loaded yet, for the report. What is loaded needs no asking."""
        while True:
            counts: dict[tuple[JournalId, Lane], int] = {}
            for journal in self._state.journals:
                for lane, at in ((Lane.URGENT, journal.urgent), (Lane.BULK, journal.bulk)):
                    if at.loaded >= journal.last_seq:
                        continue
                    try:
                        key = (journal.id, lane)
                        counts[key] = await self._files.waiting(journal.id, lane, at.loaded)
                    except JournalError as error:
                        log.debug("journal.uncounted reason=%s", error)
            self._waiting = counts
            await asyncio.sleep(limits.REPORT_S)

    # --- the broker -------------------------------------------------------------------------------

    async def _keep_connected(self) -> None:
        endpoint = Endpoint(
            client_id=f"{self._origin.district}-{self._origin.hub}",
            will_topic=self._topics.status,
            will=self._status("offline", "lost"),
            subscriptions=(self._topics.ack, self._topics.requests),
            on_message=self._take_message,
            complain=self._complain,
            unheard=self._take_unheard,
        )
        with suppress(TimeoutError):  # Without guard's word the file's settings hold.
            await asyncio.wait_for(self._told.wait(), limits.GUARD_FIRST_S)
        dialer = Dialer(self._settings, endpoint)
        loop = asyncio.get_running_loop()
        failures = 0
        while True:
            if self._resettled.is_set():
                self._resettled.clear()
                dialer, failures = Dialer(self._settings, endpoint), 0
            try:
                connection = await dialer.dial()
            except UplinkDown as error:
                failures += 1
                self._offline(error.says, failures == 1)
            else:
                if self._resettled.is_set():  # Other settings came while it was made.
                    connection.give_up(reasons.RESETTLED)
                    continue
                up_s = loop.time()
                self._online(connection)
                await connection.lost.wait()
                self._connection = None
                self._history.since_s = self._clock.now().wall_s
                self._feed(session.Disconnected())
                failures = 0 if loop.time() - up_s >= limits.STABLE_S else failures + 1
                self._offline(connection.why, True)
            pause_s = delay_s(failures, self._settings.reconnect_max_s, self._rng)
            with suppress(TimeoutError):
                await asyncio.wait_for(self._resettled.wait(), pause_s)

    def _online(self, connection: Connection) -> None:
        self._connection = connection
        self._history.since_s = self._clock.now().wall_s
        self._says, self._warning = reasons.CONNECTED, None
        reason = "reconnected" if self._was_online else "started"
        self._was_online = True
        self._answered = False
        log.info("uplink.up protocol=%s broker=%s", connection.protocol, self._broker())
        birth = self._status("online", reason)
        self._publish(self._topics.status, birth, _JSON, retain=True)
        self._feed(session.Connected())
        self._beat()
        self._guard.report()

    def _offline(self, why: Sentence, is_news: bool) -> None:
        if is_news or why != self._says:
            log.warning("uplink.down reason=%s", why.en)
            self._guard.report()
        self._says = why

    def _complain(self, code: str, says: Sentence) -> None:
        """Take what is wrong with a connection that stands."""
        self._warning = says
        self._note(code, says.en)

    def _take_unheard(self) -> None:
        waits = self._state.asked_s is not None  # A status or heartbeat nobody wants is no matter.
        if waits:
            self._warning = reasons.UNHEARD
            self._feed(session.Unheard())

    def _take_message(self, topic: str, payload: bytes) -> None:
        if topic == self._topics.ack:
            try:
                self._feed(session.Acked(decode_ack(payload)))
                if not self._answered:
                    self._answered = True
                    self._guard.report()
                self._history.last_ack_s = self._clock.now().wall_s
                if self._warning is reasons.UNHEARD:
                    self._warning = None
            except FrameError as error:
                self._note("ack.rubbish", str(error))
            return
        name = self._topics.request_name(topic)
        if name is None:
            self._note("message.unknown", "a topic we did not ask for")
            return
        try:
            self._requests.put_nowait((name, payload))
        except asyncio.QueueFull:
            self._note("request.refused", "rate_limited: too many requests wait")

    # --- requests and reports ---------------------------------------------------------------------

    async def _serve_requests(self) -> None:
        while True:
            name, payload = await self._requests.get()
            try:
                admitted = self._door.judge(name, payload, self._clock.now())
            except CommandRefused as refused:
                self._note("request.refused", f"{name[:64]}: {refused.code}")
                await self._respond(refusal(name, request_id_of(payload), refused))
                continue
            async for page in self._commands.carry_out(admitted):
                if not page.ok:
                    self._note("request.refused", f"{name}: {page.code}")
                await self._respond(page)
            if name in SIGNED:
                self._guard.refresh()  # Now that the answer is out, other settings may hold.

    async def _respond(self, response: Response) -> None:
        """Send one answer and wait until the broker has it: a long pull never piles up here."""
        payload = response.model_dump_json(exclude_none=True).encode()
        taken = self._publish(self._topics.response, payload, _JSON)
        if taken is not None:
            await taken

    async def _heartbeat(self) -> None:
        while True:
            await asyncio.sleep(HEARTBEAT_S)
            self._beat()
            give_back()

    def _beat(self) -> None:
        now = self._clock.now()
        beat = Heartbeat.model_validate(
            {
                "at": rfc3339(now.wall_s),
                "time_quality": now.quality.value,
                "boot_id": now.boot_id,
                "urgent_waiting": self._count(Lane.URGENT),
                "bulk_waiting": self._count(Lane.BULK),
                "journals": tuple(
                    JournalMark(
                        journal_id=journal.id,
                        last_seq=journal.last_seq,
                        urgent_through=journal.urgent.through,
                        bulk_through=journal.bulk.through,
                    )
                    for journal in self._state.journals
                ),
            }
        )
        self._publish(self._topics.heartbeat, _json(beat), _JSON)

    def _status(self, state: str, reason: str) -> bytes:
        now = self._clock.now()
        status = Status.model_validate(
            {
                "state": state,
                "reason": reason,
                "hub": self._origin.hub,
                "district": self._origin.district,
                "release": release(),
                "boot_id": now.boot_id,
                "since": rfc3339(now.wall_s),
                "time_quality": now.quality.value,
            }
        )
        return _json(status)

    def _report(self) -> UplinkReport:
        connected = self._connection is not None and not self._connection.lost.is_set()
        silent = session.unanswered_s(self._state, self._clock.now()) >= limits.PLATFORM_SILENT_S
        says = reasons.SILENT if connected and silent else self._warning or self._says
        history = self._history
        return UplinkReport(
            connected=connected,
            platform_answers=connected and not silent,
            says=Text(zh=says.zh, en=says.en),
            protocol="" if self._connection is None or not connected else self._connection.protocol,
            broker=self._broker(),
            urgent_waiting=self._count(Lane.URGENT),
            bulk_waiting=self._count(Lane.BULK),
            sent=self._state.sent_rows,
            settings=self._serial,
            answered=connected and self._answered,
            acked=self._state.acked_rows,
            refused=sum(history.counts.values()) - history.counts["ack.duplicate"],
            since_s=history.since_s,
            last_ack_s=history.last_ack_s,
            counts=dict(history.counts),
            faults=history.faults,
        )

    def _count(self, lane: Lane) -> int:
        """Return how many rows of the lane the platform has not confirmed, as last counted."""
        count = sum(n for (_, counted), n in self._waiting.items() if counted is lane)
        for journal in self._state.journals:
            if lane is Lane.URGENT:
                count += sum(1 for slot in journal.urgent.slots if not slot.received)
            else:
                count += len(journal.bulk.queue)
                count += sum(len(flight.items) for flight in journal.bulk.flights)
        return count

    def _broker(self) -> str:
        return f"{self._settings.host}:{self._settings.port}"


def release() -> str:
    """Return the installed version of the hub."""
    try:
        return version("anju-hub")
    except PackageNotFoundError:
        return "0+source"


def _json(message: Sent) -> bytes:
    return message.model_dump_json().encode()

"""What the platform may have done in the home, besides answering alarms: one handler a request.

Owns that each is done once, that what it does, its record and the memory of it are one transaction,
and the mode of the home. Whether something may move is the gate's matter, whether a signed change
is good that of `agent.site`.
"""

from __future__ import annotations

import json
import logging
from dataclasses import asdict
from typing import Any

from agent.control.schema import (
    ChangeResult,
    DrillParams,
    EvidenceNote,
    EvidenceParams,
    EvidenceResult,
    ModeInfo,
    ModeParams,
    Shape,
    SignedParams,
    SpeakParams,
    SpeakResult,
)
from agent.control.server import Handler, Peer
from agent.core.actuation import Actuation, ActuationKind, Requester, Speech
from agent.core.alarm import AlarmId
from agent.core.clock import Clock
from agent.core.device import Device, DeviceKind, hub_part
from agent.core.errors import CommandRefused
from agent.core.mode import Mode, ModeSet
from agent.core.reading import Quantity, Reading
from agent.core.row import Kind, Lane, Row
from agent.dispatch import Asked
from agent.drills import Drills
from agent.journal.schema import Table
from agent.journal.store import JournalStore
from agent.journal.writer import Put
from agent.once import Once, Then, request_of
from agent.pipeline import Pipeline
from agent.registry import Registry
from agent.response import gate
from agent.site.changes import Changes, Wish
from agent.transaction import Transaction

log = logging.getLogger(__name__)

EVIDENCE_MAX = 20
"""Notes of one alarm: a shift may write as much about one; more is a loop in a program."""

EVIDENCE_LISTED = 100
"""Notes in one list of alarms, those of the newest: a line of the control socket holds 1 MiB.
The journal has them all."""

_MODE = "mode"
_EVIDENCE = "evidence/"


class Remote:
    """The platform's requests over one hub. Handlers end only when what they did is on disk."""

    def __init__(
        self,
        clock: Clock,
        store: JournalStore,
        registry: Registry,
        pipeline: Pipeline,
        changes: Changes,
    ) -> None:
        self._clock = clock
        self._store = store
        self._registry = registry
        self._pipeline = pipeline
        self.changes = changes
        changes.forgets = pipeline.forgets
        self._mode = _read_mode(store.state[Table.SETTING].get(_MODE, ""))
        self._once = Once(clock, store)
        self._drills = Drills(clock, registry, pipeline, self._once)

    def handlers(self) -> dict[str, Handler]:
        """Return method name to handler."""
        return {
            "mode.set": self._set_mode,
            "speak": self._speak,
            "drill": self._drill,
            "evidence.add": self._add_evidence,
            "change": self._change,
        }

    # --- how things stand -------------------------------------------------------------------------

    def mode(self) -> ModeInfo:
        """Return the mode of the home now."""
        if self._mode.is_over(self._clock.now().at_s):
            return ModeInfo()
        until_at_s = self._mode.until_wall_s if self._mode.until_s else None
        return ModeInfo(mode=self._mode.mode, until_at_s=until_at_s, by=self._mode.by)

    def evidence(self, alarm: AlarmId) -> tuple[EvidenceNote, ...]:
        """Return what was added to an alarm that is still known, oldest first."""
        kept = self._store.state[Table.SETTING].get(_EVIDENCE + alarm)
        return _read_evidence(kept) if kept else ()

    def look(self) -> None:
        """End what has had its time: a mode, a trial. Called every second."""
        if self._mode.is_over(self._clock.now().at_s):
            self._mode = ModeSet()
            body = {"mode": Mode.HOME.value, "by": "", "why": "its time is over"}
            put = Put(Table.SETTING, _MODE, None)
            self._pipeline.record(Kind.MODE_CHANGED, body, puts=[put], urgent=True)
        self.changes.look()

    # --- the requests -----------------------------------------------------------------------------

    async def _set_mode(self, params: ModeParams, _: Peer) -> Shape:
        """Note what people say of the home. No rule that saves a life asks for it."""

        def act(tx: Transaction) -> tuple[ModeInfo, Then]:
            if (params.mode is Mode.AWAY) != bool(params.for_s):
                raise CommandRefused("malformed", "until: wanted for away, and for nothing else")
            now = tx.stamp
            end = (now.at_s + params.for_s, now.wall_s + params.for_s) if params.for_s else (0, 0)
            after = ModeSet(params.mode, f"platform:{params.by}", *end)
            body: dict[str, object] = {"mode": after.mode.value, "by": after.by}
            if after.until_s:
                body["until_s"] = after.until_wall_s
            tx.add(Row(Kind.MODE_CHANGED, Lane.BULK, now, body))
            tx.puts.append(Put(Table.SETTING, _MODE, json.dumps(asdict(after))))
            shown = ModeInfo(mode=after.mode, until_at_s=after.until_wall_s or None, by=after.by)
            return shown, lambda: self._take_mode(after, params.for_s)

        return await self._once.run("mode.set", params, ModeInfo, act)

    def _take_mode(self, after: ModeSet, for_s: float) -> None:
        """Go by the mode from now on. The rules hear of it as of a reading, which tells them how
        long it holds: it ends there by itself, whatever becomes of this process."""
        self._mode = after
        now = self._clock.now()
        said = Reading(hub_part("mode"), Quantity.AWAY_FOR_S, for_s, now, detail=after.by)
        self._pipeline.observe([said])

    async def _speak(self, params: SpeakParams, _: Peer) -> Shape:
        """Have every speaker say it, as far as the gate lets it."""

        def act(tx: Transaction) -> tuple[SpeakResult, Then]:
            speech = Speech(params.text, params.language, params.repeat)
            actuation = Actuation(ActuationKind.SPEAK, speech=speech)
            speakers = self._speakers(actuation)
            for device in speakers:
                # The words stay out of the record: they are for the person, not for the file.
                key = f"{params.request_id}/{actuation.kind}/{device.id}"
                asked = Asked(key, device.id, actuation, AlarmId(""), tx.stamp.at_s)
                body = {"key": key, "actuation": actuation.kind, "duration_s": 0, "drill": False}
                tx.add(Row(Kind.ACTUATION_ASKED, Lane.BULK, tx.stamp, body, device.id))
                tx.orders.append(asked)
            result = SpeakResult(devices=tuple(device.id for device in speakers))
            return result, lambda: self._pipeline.release(tx.orders)

        return await self._once.run("speak", params, SpeakResult, act)

    def _speakers(self, actuation: Actuation) -> list[Device]:
        """Errors: CommandRefused "no_speaker" when there is none, "not_allowed" by the gate."""
        speakers = self._registry.of_kind(DeviceKind.SPEAKER)
        if not speakers:
            raise CommandRefused("no_speaker", "no device of this home can speak")
        alarms = self._pipeline.visible.open.values()
        rooms = {device.id: device.room for device in self._registry.all()}
        verdicts = [
            gate.allowed(actuation, one, Requester.PLATFORM, alarms, rooms, drill=False)
            for one in speakers
        ]
        allowed = [one for one, verdict in zip(speakers, verdicts, strict=True) if verdict.ok]
        if not allowed:
            raise CommandRefused("not_allowed", verdicts[0].sentence.en)
        return allowed

    async def _add_evidence(self, params: EvidenceParams, _: Peer) -> Shape:
        """Add a row that belongs to an alarm."""

        def act(tx: Transaction) -> tuple[EvidenceResult, Then]:
            alarm = AlarmId(params.alarm)
            if not (params.text or params.uri):
                raise CommandRefused("malformed", "text or uri: wanted at least one of them")
            if self._pipeline.visible.get(alarm) is None:
                raise CommandRefused("unknown_alarm", f"alarm {alarm} is not known here (any more)")
            notes = self.evidence(alarm)
            if len(notes) >= EVIDENCE_MAX:
                raise CommandRefused("too_much", f"an alarm has at most {EVIDENCE_MAX} notes")
            by = f"platform:{params.by}"
            said = {"text": params.text, "uri": params.uri}
            body = {"alarm": alarm, "by": by, **{k: v for k, v in said.items() if v}}
            seq = tx.add(Row(Kind.EVIDENCE_ADDED, Lane.BULK, tx.stamp, body))
            note = EvidenceNote(at_s=tx.stamp.wall_s, by=by, **said)
            kept = [one.model_dump() for one in (*notes, note)]
            tx.puts += [
                *self._stale_evidence(),
                Put(Table.SETTING, _EVIDENCE + alarm, json.dumps(kept, ensure_ascii=False)),
            ]
            row = f"{self._store.journal_id}-{seq}"
            return EvidenceResult(alarm=alarm, row=row), lambda: None

        return await self._once.run("evidence.add", params, EvidenceResult, act)

    def _stale_evidence(self) -> list[Put]:
        """Return the changes that forget notes of alarms nobody can ask for any more."""
        known = self._pipeline.visible
        return [
            Put(Table.SETTING, key, None)
            for key in self._store.state[Table.SETTING]
            if key.startswith(_EVIDENCE) and known.get(AlarmId(key.removeprefix(_EVIDENCE))) is None
        ]

    async def _drill(self, params: DrillParams, _: Peer) -> Shape:
        return await self._drills.run(params)

    async def _change(self, params: SignedParams, _: Peer) -> Shape:
        """Judge a signed change and put it on trial."""
        request = request_of(params.name, params)
        wish: Wish
        try:
            known = self._once.recall(request, ChangeResult)
            if known is not None:
                return known
            wish = await self.changes.open(params)
        except CommandRefused as refused:
            self._once.refuse(params.name, params, refused)
            raise
        return await self._once.run(
            params.name, params, ChangeResult, lambda tx: self.changes.try_out(tx, wish)
        )


def _read_mode(body: str) -> ModeSet:
    """Return the mode that was kept; one that cannot be read is HOME."""
    try:
        kept: dict[str, Any] = json.loads(body) if body else {}
        if not kept:
            return ModeSet()
        until_s, until_wall_s = float(kept["until_s"]), float(kept["until_wall_s"])
        return ModeSet(Mode(kept["mode"]), str(kept["by"]), until_s, until_wall_s)
    except (ValueError, TypeError, KeyError) as error:
        log.error("mode.unreadable error=%s", error)
        return ModeSet()


def _read_evidence(body: str) -> tuple[EvidenceNote, ...]:
    try:
        return tuple(EvidenceNote.model_validate(note) for note in json.loads(body))
    except (ValueError, TypeError) as error:
        log.error("evidence.unreadable error=%s", error)
        return ()

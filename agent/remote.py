"""What the platform may have done in the home, besides answering alarms: one handler a request.

Owns that each is done once, that what it does, its record and the memory of it are one transaction,
and the mode of the home. Whether something may move is the gate's matter, whether a signed change
is good that of `agent.site`.
"""

from __future__ import annotations

import asyncio
import json
import logging
from collections.abc import Callable, Mapping
from dataclasses import asdict
from typing import Any, TypeVar

from agent import requests
from agent.control.schema import (
    ChangeResult,
    DrillParams,
    DrillResult,
    EvidenceNote,
    EvidenceParams,
    EvidenceResult,
    ModeInfo,
    ModeParams,
    PlatformRequest,
    Shape,
    SignedParams,
    SpeakParams,
    SpeakResult,
)
from agent.control.server import Handler, Peer
from agent.core.actuation import Actuation, ActuationKind, Requester, Speech
from agent.core.alarm import Alarm, AlarmId
from agent.core.clock import Clock
from agent.core.command import Caller, EndDrills, Role
from agent.core.device import Device, DeviceId, DeviceKind
from agent.core.errors import CommandRefused
from agent.core.mode import Mode, ModeSet
from agent.core.reading import Quantity, Reading
from agent.core.row import Kind, Lane, Row
from agent.dispatch import Asked
from agent.journal.schema import Table
from agent.journal.store import JournalStore
from agent.journal.writer import Put
from agent.pipeline import Pipeline
from agent.registry import Registry
from agent.response import gate
from agent.response.lifecycle import AlarmBook
from agent.site.changes import Changes, Wish
from agent.transaction import Transaction

log = logging.getLogger(__name__)

EVIDENCE_MAX = 20
"""Notes of one alarm: a shift may write as much about one; more is a loop in a program."""

EVIDENCE_LISTED = 100
"""Notes in one list of alarms, those of the newest: a line of the control socket holds 1 MiB.
The journal has them all."""

REFUSALS_A_MINUTE = 20
"""Refusals that guard itself writes down; more are counted by link, once a minute."""

_MODE = "mode"
_EVIDENCE = "evidence/"
_CHANNEL = "drill"
_DRILLS: Mapping[str, tuple[DeviceKind, ...]] = {
    Quantity.SOS: (DeviceKind.CALL_BUTTON, DeviceKind.PENDANT, DeviceKind.PULL_CORD),
    Quantity.SMOKE: (DeviceKind.SMOKE,),
    Quantity.GAS: (DeviceKind.GAS,),
    Quantity.CO: (DeviceKind.CO,),
    Quantity.WATER_LEAK: (DeviceKind.LEAK,),
}

ShapeT = TypeVar("ShapeT", bound=Shape)
Then = Callable[[], None]


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
        self._mode = _read_mode(store.state[Table.SETTING].get(_MODE, ""))
        self._minute_s = 0.0
        self._refused = 0

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
            return shown, lambda: self._take_mode(after)

        return await self._once("mode.set", params, ModeInfo, act)

    def _take_mode(self, after: ModeSet) -> None:
        self._mode = after

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

        return await self._once("speak", params, SpeakResult, act)

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

        return await self._once("evidence.add", params, EvidenceResult, act)

    def _stale_evidence(self) -> list[Put]:
        """Return the changes that forget notes of alarms nobody can ask for any more."""
        known = self._pipeline.visible
        return [
            Put(Table.SETTING, key, None)
            for key in self._store.state[Table.SETTING]
            if key.startswith(_EVIDENCE) and known.get(AlarmId(key.removeprefix(_EVIDENCE))) is None
        ]

    async def _drill(self, params: DrillParams, _: Peer) -> Shape:
        """Take an alarm for a test, on the way of a real one, and close it again."""
        request = _request("drill", params)
        answer: asyncio.Future[DrillResult | CommandRefused]
        answer = asyncio.get_running_loop().create_future()
        began = self._clock.now()
        try:
            kept = requests.recall(self._store.state[Table.SETTING], request)
            if kept is not None:
                return DrillResult.model_validate_json(kept)
            puts = requests.make_room(self._store.state[Table.SETTING], began.at_s)
            device = self._drilled(params)
        except CommandRefused as refused:
            self._refuse("drill", params, refused)
            raise
        quantity = Quantity(params.kind)

        def also(tx: Transaction, book: AlarmBook) -> None:
            alarm = next(
                (a for a in book.open.values() if a.drill and _is_of(a, device, params.kind)), None
            )
            if alarm is None:
                refused = CommandRefused("too_soon", "the last drill of it is hardly over; wait")
                tx.add(_command_row(tx, "drill", params, refused=refused.code))
                tx.done = lambda durable: tell(refused)
                return
            result = DrillResult(
                alarm=alarm.id,
                rule=alarm.rule,
                severity=alarm.severity,
                asked_at_s=began.wall_s,
                raised_at_s=alarm.raised.wall_s,
            )
            tx.add(_command_row(tx, "drill", params, alarm=alarm.id, detail=params.kind))
            kept = result.model_dump_json()
            tx.puts += [*puts, requests.remember(request, kept, tx.stamp.at_s)]
            tx.done = lambda durable: done(durable, result)

        def done(durable: bool, result: DrillResult) -> None:
            if not durable:
                self._store.append((), [requests.forget(request)], urgent=False)
            tell(result if durable else _not_on_disk())

        def tell(outcome: DrillResult | CommandRefused) -> None:
            if not answer.done():
                answer.set_result(outcome)

        self._pipeline.drill(self._reading(device, quantity, active=True), also)
        # The test is over at once: what it raised is closed, and the next drill is news again.
        self._pipeline.observe([self._reading(device, quantity, active=False)])
        caller = Caller(Role.LINK, f"platform:{params.by}", on_site=False)
        self._pipeline.command(EndDrills(device.id, caller), lambda outcome: None)
        outcome = await answer
        if isinstance(outcome, CommandRefused):
            raise outcome
        return outcome

    def _drilled(self, params: DrillParams) -> Device:
        """Return the device that plays. Errors: CommandRefused "unknown_device"."""
        kinds = _DRILLS[params.kind]
        if params.device:
            device = self._registry.get(DeviceId(params.device))
            if device is None or device.kind not in kinds:
                raise CommandRefused("unknown_device", f"no {params.kind} device of this id here")
            return device
        device = next((one for one in self._registry.all() if one.kind in kinds), None)
        if device is None:
            raise CommandRefused("unknown_device", f"this home has no device for {params.kind}")
        return device

    def _reading(self, device: Device, quantity: Quantity, *, active: bool) -> Reading:
        return Reading(device.id, quantity, active, self._clock.now(), _CHANNEL, drill=True)

    async def _change(self, params: SignedParams, _: Peer) -> Shape:
        """Judge a signed change and put it on trial."""
        request = _request(params.name, params)
        wish: Wish
        try:
            kept = requests.recall(self._store.state[Table.SETTING], request)
            if kept is not None:
                return ChangeResult.model_validate_json(kept)
            wish = await self.changes.open(params)
        except CommandRefused as refused:
            self._refuse(params.name, params, refused)
            raise
        return await self._once(
            params.name, params, ChangeResult, lambda tx: self.changes.try_out(tx, wish)
        )

    # --- once, and on record ----------------------------------------------------------------------

    async def _once(
        self,
        name: str,
        params: PlatformRequest,
        result_type: type[ShapeT],
        act: Callable[[Transaction], tuple[ShapeT, Then]],
    ) -> ShapeT:
        """Do what `act` says, record it and remember it, in one transaction; or give the answer
        that the same request got before. `act` refuses before it adds anything."""
        settings = self._store.state[Table.SETTING]
        request = _request(name, params)
        tx = Transaction(self._clock.now(), self._store, urgent=True)
        try:
            kept = requests.recall(settings, request)
            if kept is not None:
                return result_type.model_validate_json(kept)
            tx.puts += requests.make_room(settings, tx.stamp.at_s)
            result, then = act(tx)
        except CommandRefused as refused:
            self._refuse(name, params, refused)
            raise
        tx.add(_command_row(tx, name, params))
        kept = result.model_dump_json()
        tx.puts.append(requests.remember(request, kept, tx.stamp.at_s))
        await self._commit(tx, request, then)
        return result

    async def _commit(self, tx: Transaction, request: requests.Request, then: Then) -> None:
        """Wait until it is on disk; `then` is done when it is, whether or not anybody waits."""
        written: asyncio.Future[bool] = asyncio.get_running_loop().create_future()

        def done(durable: bool) -> None:
            if durable:
                then()
            else:
                self._store.append((), [requests.forget(request)], urgent=False)
            if not written.done():
                written.set_result(durable)

        self._store.append(tx.rows, tx.puts, urgent=True, done=done)
        if not await written:
            raise _not_on_disk()

    def _refuse(self, name: str, params: PlatformRequest, refused: CommandRefused) -> None:
        """Write a refusal down, unless there were too many of them in this minute."""
        now = self._clock.now()
        if now.at_s - self._minute_s >= 60.0:
            self._minute_s, self._refused = now.at_s, 0
        self._refused += 1
        if self._refused > REFUSALS_A_MINUTE:
            return
        tx = Transaction(now, self._store)
        tx.add(_command_row(tx, name, params, refused=refused.code))
        self._store.append(tx.rows, (), urgent=True)


def _command_row(tx: Transaction, name: str, params: PlatformRequest, **more: str) -> Row:
    who = params.kid if isinstance(params, SignedParams) else getattr(params, "by", "")
    body: dict[str, object] = {
        "command": name,
        "by": f"platform:{who}",
        "on_site": False,
        "request_id": params.request_id,
        **more,
    }
    if isinstance(params, EvidenceParams):
        body["alarm"] = params.alarm
    return Row(Kind.COMMAND, Lane.BULK, tx.stamp, body)


def _is_of(alarm: Alarm, device: Device, kind: str) -> bool:
    return alarm.why.device == device.id and alarm.hazard.value == kind


def _request(name: str, params: PlatformRequest) -> requests.Request:
    content = params.model_dump(mode="json", exclude={"life_s"})
    return requests.Request(params.request_id, requests.digest_of(name, content), params.life_s)


def _not_on_disk() -> CommandRefused:
    return CommandRefused("unavailable", "the disk did not take it, so it was not done; ask again")


def _read_mode(body: str) -> ModeSet:
    """Return the mode that was kept; one that cannot be read is HOME."""
    try:
        kept: dict[str, Any] = json.loads(body) if body else {}
        return ModeSet(**{**kept, "mode": Mode(kept["mode"])}) if kept else ModeSet()
    except (ValueError, TypeError, KeyError) as error:
        log.error("mode.unreadable error=%s", error)
        return ModeSet()


def _read_evidence(body: str) -> tuple[EvidenceNote, ...]:
    try:
        return tuple(EvidenceNote.model_validate(note) for note in json.loads(body))
    except (ValueError, TypeError) as error:
        log.error("evidence.unreadable error=%s", error)
        return ()

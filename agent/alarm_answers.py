"""What the hub answers about alarms and mutes, and how a person's word on them comes in.

Tells only what is on disk: alarms and mutes are shown as of the last commit.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable

from agent.control.schema import (
    AckParams,
    AlarmInfo,
    AlarmList,
    AlarmsQuery,
    EvidenceNote,
    MuteInfo,
    MuteParams,
    ResolveParams,
    Text,
    UnmuteParams,
    UnmuteResult,
)
from agent.control.server import Handler, Peer
from agent.core.alarm import Alarm, AlarmId, RuleId
from agent.core.clock import Clock, Stamp
from agent.core.command import (
    AckAlarm,
    Caller,
    Command,
    MuteRule,
    ResolveAlarm,
    Role,
    UnmuteRule,
)
from agent.core.errors import CommandRefused
from agent.pipeline import Outcome, Pipeline
from agent.registry import Registry
from agent.remote import EVIDENCE_LISTED
from agent.response.lifecycle import held_of
from agent.response.mutes import Mute

Evidence = Callable[[AlarmId], tuple[EvidenceNote, ...]]


class AlarmAnswers:
    """The handlers for alarms and mutes of one hub."""

    def __init__(
        self, clock: Clock, registry: Registry, pipeline: Pipeline, evidence: Evidence
    ) -> None:
        self._clock = clock
        self._registry = registry
        self._pipeline = pipeline
        self._evidence = evidence

    def handlers(self) -> dict[str, Handler]:
        """Return method name to handler."""
        return {
            "alarms.list": self._list,
            "alarm.ack": self._ack,
            "alarm.resolve": self._resolve,
            "rules.mute": self._mute,
            "rules.unmute": self._unmute,
        }

    async def _list(self, query: AlarmsQuery, _: Peer) -> AlarmList:
        book = self._pipeline.visible
        found = [*book.open.values()] + ([] if query.open_only else [*book.closed.values()])
        newest = sorted(found, key=lambda alarm: alarm.detected.at_s, reverse=True)
        told: list[AlarmInfo] = []
        left = EVIDENCE_LISTED
        for alarm in newest[: query.limit]:
            notes = self._evidence(alarm.id)[:left]
            left -= len(notes)
            told.append(self.info(alarm, notes))
        return AlarmList(alarms=tuple(told), mutes=self.mutes())

    async def _ack(self, params: AckParams, peer: Peer) -> AlarmInfo:
        caller = _on_behalf(peer.caller, params.by)
        return await self._answered(AckAlarm(AlarmId(params.alarm), caller, params.note))

    async def _resolve(self, params: ResolveParams, peer: Peer) -> AlarmInfo:
        caller = _on_behalf(peer.caller, params.by)
        return await self._answered(ResolveAlarm(AlarmId(params.alarm), caller, params.cause))

    async def _answered(self, command: AckAlarm | ResolveAlarm) -> AlarmInfo:
        outcome = await self._command(command)
        assert isinstance(outcome, Alarm), "an answer is to an alarm"
        return self.info(outcome)

    async def _mute(self, params: MuteParams, peer: Peer) -> MuteInfo:
        command = MuteRule(RuleId(params.rule), params.for_s, peer.caller, params.why)
        outcome = await self._command(command)
        assert isinstance(outcome, Mute), "a mute that is not refused holds"
        return self._mute_info(outcome, self._clock.now())

    async def _unmute(self, params: UnmuteParams, peer: Peer) -> UnmuteResult:
        rule = RuleId(params.rule)
        held = held_of(self._pipeline.visible, rule)
        await self._command(UnmuteRule(rule, peer.caller))
        raised = (self._pipeline.visible.get(release.alarm) for release in held)
        told = tuple(self.info(alarm) for alarm in raised if alarm is not None)
        return UnmuteResult(rule=rule, raised=told)

    async def _command(self, command: Command) -> Outcome:
        """Return the outcome once it is on disk. Errors: CommandRefused."""
        future: asyncio.Future[Outcome] = asyncio.get_running_loop().create_future()

        def answer(outcome: Outcome) -> None:
            if future.cancelled():
                return
            if isinstance(outcome, CommandRefused):
                future.set_exception(outcome)
            else:
                future.set_result(outcome)

        self._pipeline.command(command, answer)
        return await future

    # --- how things look ------------------------------------------------------------------------

    def mutes(self) -> tuple[MuteInfo, ...]:
        """Return the rules that are muted now, the next to be heard first."""
        now = self._clock.now()
        found = self._pipeline.muted.by_rule.values()
        ahead = sorted(found, key=lambda one: one.until_s)
        return tuple(self._mute_info(one, now) for one in ahead)

    def _mute_info(self, found: Mute, now: Stamp) -> MuteInfo:
        name = self._pipeline.rule_name(found.rule)
        left_s = max(0.0, found.until_s - now.at_s)
        return MuteInfo(
            rule=found.rule,
            name=Text(zh=name.zh, en=name.en),
            left_s=left_s,
            until_at_s=now.wall_s + left_s,
            by=found.by,
            why=found.why,
            holds=len(held_of(self._pipeline.visible, found.rule)),
        )

    def info(self, alarm: Alarm, evidence: tuple[EvidenceNote, ...] = ()) -> AlarmInfo:
        """Return an alarm as it is shown."""
        device = self._registry.get(alarm.why.device)
        waiting, help_in_s = alarm.waiting, None
        if waiting is not None:
            help_in_s = max(0.0, waiting.until_s - self._clock.now().at_s)
        return AlarmInfo(
            id=alarm.id,
            rule=alarm.rule,
            hazard=alarm.hazard,
            severity=alarm.severity,
            state=alarm.state,
            subject=alarm.subject,
            device_name=device.name if device else str(alarm.why.device),
            count=alarm.count,
            drill=alarm.drill,
            code=alarm.code,
            latched=alarm.latched,
            condition_active=alarm.condition_active,
            why=Text(zh=alarm.why.sentence.zh, en=alarm.why.sentence.en),
            detected_at_s=alarm.detected.wall_s,
            pre_alarm_at_s=_wall(alarm.pre_alarm),
            raised_at_s=_wall(alarm.raised),
            help_in_s=help_in_s,
            prompts=waiting.prompts if waiting is not None else 0,
            acked_at_s=_wall(alarm.acked),
            acked_by=alarm.acked_by,
            restored_at_s=_wall(alarm.restored),
            closed_at_s=_wall(alarm.closed),
            cause=alarm.cause,
            evidence=evidence,
        )


def _on_behalf(caller: Caller, by: str) -> Caller:
    """Return the caller, or the person at the platform for whom link asks: never on site."""
    if not by:
        return caller
    return Caller(Role.LINK, f"platform:{by}", on_site=False)


def _wall(stamp: Stamp | None) -> float | None:
    return None if stamp is None else stamp.wall_s

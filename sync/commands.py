"""Requests of the platform: which are let in, and what is done with them.

Owns the list of requests, their bounds and their codes. `Door` judges and is pure but for its
memory; `Commands` carries out. Whatever comes, there is an answer with a code, and no crash.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass
from typing import Any, TypeVar

from pydantic import BaseModel, ValidationError

from agent.control import schema as guard
from agent.control.schema import AckParams, ResolveParams, Shape
from agent.core.clock import Stamp, TimeQuality
from agent.core.errors import CommandRefused, JournalError, TransportError
from agent.core.mode import AWAY_MAX_S
from agent.core.row import JournalId
from agent.journal.row import StoredRow
from sync import diagnostics, limits
from sync.codec import Origin, Outgoing, encode_event, fault_of, first_fault, rfc3339
from sync.guard_line import GuardLine
from sync.messages import (
    AlarmAckParams,
    AlarmResolveParams,
    DiagnosticsParams,
    DrillParams,
    Event,
    EvidenceAddParams,
    ModeSetParams,
    PullParams,
    Request,
    Response,
    SignedParams,
    SpeakParams,
)
from sync.rows import JournalFiles

PARAMS: dict[str, type[BaseModel]] = {
    "pull": PullParams,
    "alarm.ack": AlarmAckParams,
    "alarm.resolve": AlarmResolveParams,
    "mode.set": ModeSetParams,
    "speak": SpeakParams,
    "drill": DrillParams,
    "evidence.add": EvidenceAddParams,
    "diagnostics.collect": DiagnosticsParams,
    "config.apply": SignedParams,
    "rules.apply": SignedParams,
    "identity.renew": SignedParams,
}
SIGNED = frozenset(name for name, params in PARAMS.items() if params is SignedParams)
REMEMBERED = SIGNED | {"mode.set", "speak", "drill", "evidence.add"}
"""Requests whose ids guard keeps on disk: the same one again gets the same answer, from guard."""

ParamsT = TypeVar("ParamsT", bound=BaseModel)
_SCAN_ROWS = 500


@dataclass(frozen=True, slots=True)
class Admitted:
    """A request that may be carried out."""

    name: str
    request_id: str
    params: BaseModel
    issued_at_s: float
    life_s: float


class Door:
    """Lets requests in, one at a time, or says why not."""

    def __init__(self, origin: Origin) -> None:
        self._origin = origin
        self._seen: OrderedDict[str, None] = OrderedDict()
        self._tokens = float(limits.REQUEST_BURST)
        self._filled_s = 0.0

    def judge(self, name: str, payload: bytes, now: Stamp) -> Admitted:
        """Return the request. Errors: CommandRefused with the code for the answer."""
        now_s = now.mono_ms / 1000
        gained = max(now_s - self._filled_s, 0.0) * limits.REQUESTS_PER_S
        self._tokens = min(self._tokens + gained, float(limits.REQUEST_BURST))
        self._filled_s = now_s
        if self._tokens < 1.0:
            raise CommandRefused("rate_limited", "too many requests; wait a second")
        self._tokens -= 1.0
        if len(payload) > limits.REQUEST_BYTES:
            raise CommandRefused("malformed", f"more than {limits.REQUEST_BYTES} bytes")
        request = _parsed(Request, payload)
        if name not in PARAMS:
            raise CommandRefused("unknown_request", f"there are: {', '.join(sorted(PARAMS))}")
        _check_address(request, self._origin)
        _check_time(request, now)
        if name not in REMEMBERED:
            self._remember(request.request_id)
        return Admitted(
            name,
            request.request_id,
            _checked(PARAMS[name], request.params),
            request.issued_at.timestamp(),
            _life_s(request),
        )

    def _remember(self, request_id: str) -> None:
        if request_id in self._seen:
            raise CommandRefused("replayed", "this request_id was used before")
        self._seen[request_id] = None
        if len(self._seen) > limits.REQUEST_MEMORY:
            self._seen.popitem(last=False)


def request_id_of(payload: bytes) -> str | None:
    """Return the request_id of a request that may be wrong in everything else."""
    if len(payload) > limits.REQUEST_BYTES:
        return None
    try:
        return Request.model_validate_json(payload).request_id
    except ValidationError:
        return None


def refusal(name: str, request_id: str | None, refused: CommandRefused) -> Response:
    """Return the answer to a request that is not carried out."""
    return Response(
        request_id=request_id, name=name[:64], ok=False, code=refused.code, says=str(refused)
    )


class Commands:
    """Carries out what the door let in."""

    def __init__(
        self,
        line: GuardLine,
        files: JournalFiles,
        origin: Origin,
        marks: Callable[[], dict[JournalId, int]],
        now: Callable[[], Stamp],
        report: Callable[[], guard.UplinkReport],
    ) -> None:
        self._report = report
        self._guard = line
        self._files = files
        self._origin = origin
        self._marks = marks
        self._now = now

    async def carry_out(self, admitted: Admitted) -> AsyncIterator[Response]:
        """Yield the answer, in several pages for a `pull`. Never raises for what the platform asked
        or for what is away: that is an answer too."""
        try:
            match admitted.params:
                case PullParams() as pull:
                    async for page in self._pull(admitted, pull):
                        yield page
                case AlarmAckParams() as ack:
                    by = AckParams(alarm=ack.alarm, note=ack.note, by=ack.by)
                    alarm = await self._guard.acknowledge(by)
                    yield _done(admitted, {"alarm": alarm.id, "state": alarm.state})
                case AlarmResolveParams() as resolve:
                    what = ResolveParams(alarm=resolve.alarm, cause=resolve.cause, by=resolve.by)
                    alarm = await self._guard.resolve(what)
                    yield _done(admitted, {"alarm": alarm.id, "state": alarm.state})
                case DiagnosticsParams():
                    status = await self._guard.status()
                    for found in diagnostics.pages(status, self._report()):
                        yield _done(admitted, found.part, number=found.number, more=found.more)
                case _:
                    yield _done(admitted, _on_wire(await self._forward(admitted)))
        except CommandRefused as refused:
            yield refusal(admitted.name, admitted.request_id, refused)
        except (TransportError, JournalError) as error:
            away = CommandRefused("unavailable", str(error))
            yield refusal(admitted.name, admitted.request_id, away)

    async def _forward(self, admitted: Admitted) -> Shape:
        """Have guard do it, once, and return what it says."""
        head = {"request_id": admitted.request_id, "life_s": admitted.life_s}
        said = admitted.params.model_dump(exclude={"until"})
        match admitted.params:
            case ModeSetParams(until=until):
                for_s = 0.0 if until is None else until.timestamp() - admitted.issued_at_s
                if until is not None and not 0 < for_s <= AWAY_MAX_S:
                    raise CommandRefused("malformed", "params.until: want it within 90 days")
                asked = guard.ModeParams.model_validate({**head, **said, "for_s": for_s})
                return await self._guard.set_mode(asked)
            case SpeakParams():
                return await self._guard.speak(guard.SpeakParams.model_validate({**head, **said}))
            case DrillParams():
                return await self._guard.drill(guard.DrillParams.model_validate({**head, **said}))
            case EvidenceAddParams():
                note = guard.EvidenceParams.model_validate({**head, **said})
                return await self._guard.add_evidence(note)
            case _:
                signed = {**head, **said, "name": admitted.name}
                return await self._guard.change(guard.SignedParams.model_validate(signed))

    async def _pull(self, admitted: Admitted, pull: PullParams) -> AsyncIterator[Response]:
        """Read from the journal whatever the cursors say, and answer page by page."""
        journals = self._marks()
        named = JournalId(pull.journal_id) if pull.journal_id else next(iter(journals), None)
        if named is None or named not in journals:
            raise CommandRefused("unknown_journal", f"there are: {', '.join(journals) or 'none'}")
        after, left, number = pull.after_seq or 0, pull.limit, 0
        from_s = pull.from_at.timestamp() if pull.from_at else None
        to_s = pull.to_at.timestamp() if pull.to_at else None
        page: list[Event] = []
        size = 0
        while left > 0:
            scan = min(_SCAN_ROWS, left)
            rows = await self._files.any_lane(named, after, scan, pull.kinds, from_s, to_s)
            for row in rows:
                after = row.seq
                event = self._event(row)
                page.append(event)
                left -= 1
                size += len(row.body)
                if len(page) >= limits.PULL_PAGE_ROWS or size > limits.BATCH_BYTES:
                    yield _page(admitted, named, number, page, after, more=True)
                    page, size, number = [], 0, number + 1
            if not rows:
                break
        yield _page(admitted, named, number, page, after, more=False)

    def _event(self, row: StoredRow) -> Event:
        now = self._now()
        queued_ms = max(int((now.wall_s - row.recorded_at) * 1000), 0)
        out = Outgoing(row, 0, 0, True, queued_ms, fault_of(row))
        return Event.model_validate_json(encode_event(out, self._origin))


def _page(
    admitted: Admitted,
    journal_id: JournalId,
    number: int,
    events: list[Event],
    after: int,
    *,
    more: bool,
) -> Response:
    return Response(
        request_id=admitted.request_id,
        name=admitted.name,
        ok=True,
        code="ok",
        page=number,
        more=more,
        journal_id=journal_id,
        next_after_seq=after,
        events=tuple(events),
    )


def _done(
    admitted: Admitted, result: dict[str, Any], *, number: int = 0, more: bool = False
) -> Response:
    return Response(
        request_id=admitted.request_id,
        name=admitted.name,
        ok=True,
        code="ok",
        result=result,
        page=number,
        more=more,
    )


def _on_wire(shape: Shape) -> dict[str, Any]:
    """Return guard's answer as it is sent: times as text, what does not apply left out.

    >>> _on_wire(guard.ModeInfo(by="platform:li.na", until_at_s=1767225600.25))
    {'mode': 'home', 'until_at': '2026-01-01T00:00:00.250Z', 'by': 'platform:li.na'}
    """
    said = shape.model_dump(mode="json")
    return {
        key.removesuffix("_s") if key.endswith("_at_s") else key: (
            rfc3339(value) if key.endswith("_at_s") else value
        )
        for key, value in said.items()
        if value is not None
    }


def _check_address(request: Request, origin: Origin) -> None:
    if request.hub not in (None, origin.hub) or request.district not in (None, origin.district):
        raise CommandRefused("wrong_hub", "the request is addressed to another hub")


def _life_s(request: Request) -> float:
    return (request.expires_at - request.issued_at).total_seconds()


def _check_time(request: Request, now: Stamp) -> None:
    """Refuse what is too old, too long-lived or from the future, as far as our clock can tell.

    A clock that was never set cannot judge: then only the length of life counts, guard's memory of
    requests, and the version of what is signed. What else there is does no harm when done twice.
    """
    if not 0 < _life_s(request) <= limits.REQUEST_LIFETIME_S:
        raise CommandRefused("malformed", "expires_at: want it after issued_at, at most a day")
    if now.quality is TimeQuality.UNKNOWN:
        return
    if request.expires_at.timestamp() < now.wall_s:
        raise CommandRefused("expired", "expires_at has passed")
    ahead_s = request.issued_at.timestamp() - now.wall_s
    if now.quality is TimeQuality.SYNCED and ahead_s > limits.REQUEST_SKEW_S:
        raise CommandRefused("not_yet", "issued_at is in the future")


def _parsed(model: type[ParamsT], payload: bytes) -> ParamsT:
    try:
        return model.model_validate_json(payload)
    except ValidationError as error:
        raise CommandRefused("malformed", first_fault(error)) from error


def _checked(model: type[ParamsT], params: dict[str, Any]) -> ParamsT:
    try:
        return model.model_validate(params)
    except ValidationError as error:
        raise CommandRefused("malformed", f"params.{first_fault(error)}") from error

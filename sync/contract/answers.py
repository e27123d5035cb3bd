"""The answer to each request, as narrow as it really is. `sync.messages.Response` is their union.

Owns what every code of a refusal means.
"""

from __future__ import annotations

from typing import Any, Literal

from pydantic import AwareDatetime, BaseModel, Field

from agent.core.alarm import AlarmState, Severity
from sync.diagnostics import TROUBLES_A_PAGE
from sync.limits import PULL_PAGE_ROWS
from sync.messages import JOURNAL_ID, Event, Sent

REQUEST_ID = r"^[A-Za-z0-9._:-]{1,64}$"

REFUSALS: dict[str, str] = {
    "malformed": "the request or its params are not as the schema wants. Do not repeat it",
    "unknown_request": "no request has this name",
    "expired": "`expires_at` has passed by the hub's clock",
    "not_yet": "`issued_at` is more than 5 minutes ahead of the hub's clock",
    "replayed": "this `request_id` was used before",
    "rate_limited": "too many requests. Wait a second",
    "unknown_journal": "the hub has no such journal (any more)",
    "unknown_alarm": "the hub has no such alarm, or closed it long ago",
    "condition_active": "`alarm.resolve` of smoke, gas or CO that is still reported: "
    "it can be closed only in the home",
    "wrong_hub": "the request, or the signed document in it, is for another hub",
    "unknown_key": "no key of this `kid` is in the hub's configuration",
    "bad_signature": "the signature does not fit the document's bytes",
    "wrong_document": "the document was signed for another request or another `request_id`",
    "stale_version": "the version is not above every one that the hub has let in for this part",
    "trial_running": "another change is on trial. Ask again when it holds or was undone",
    "forbidden_key": "the document names a setting that is the installer's alone",
    "bad_content": "the document's content is refused whole: an unknown rule or parameter, a value "
    "out of its hard range, an S1 rule to be turned off",
    "no_pending_key": "no key of this version waits for a certificate",
    "bad_certificate": "the certificate is not of the hub's key, not valid now, or of no authority "
    "that the hub knows",
    "no_speaker": "no device of the home can speak",
    "not_allowed": "the home's safety gate does not let it happen now",
    "unknown_device": "the home has no such device for this drill",
    "too_soon": "the drill before it is hardly over. Wait a second",
    "too_much": "the alarm has as many notes as the hub keeps",
    "internal": "the hub made an error, which is in its log",
    "unavailable": "the hub's inner process or its disk is away. Ask again",
}


class PullPage(Sent):
    """One page of what a `pull` found."""

    version: Literal[1]
    request_id: str = Field(pattern=REQUEST_ID)
    name: Literal["pull"]
    ok: Literal[True]
    code: Literal["ok"]
    says: str
    page: int = Field(ge=0)
    more: bool
    journal_id: str = Field(pattern=JOURNAL_ID)
    next_after_seq: int = Field(ge=0)
    events: tuple[Event, ...] = Field(max_length=PULL_PAGE_ROWS)


class AlarmNow(Sent):
    """An alarm after the request."""

    alarm: str
    state: AlarmState


class Done(Sent):
    """What every answer of one page has that says that it was done."""

    version: Literal[1]
    request_id: str = Field(pattern=REQUEST_ID)
    name: str
    ok: Literal[True]
    code: Literal["ok"]
    says: str
    page: Literal[0]
    more: Literal[False]
    events: tuple[Event, ...] = Field(max_length=0)


class AlarmAnswer(Done):
    """The answer to `alarm.ack` and `alarm.resolve` that were done."""

    result: AlarmNow


class ModeNow(Sent):
    """The mode of the home after the request; `until_at` when `away` ends by itself."""

    mode: Literal["home", "away"]
    until_at: AwareDatetime | None = None
    by: str


class ModeAnswer(Done):
    """The answer to `mode.set`."""

    result: ModeNow


class Spoken(Sent):
    """Who was told to speak; the outcome comes as `actuation.done` or `actuation.failed`."""

    devices: tuple[str, ...] = Field(min_length=1)


class SpeakAnswer(Done):
    """The answer to `speak`."""

    result: Spoken


class Drilled(Sent):
    """The alarm of the drill, when the hub took the request and when it raised the alarm."""

    alarm: str
    rule: str
    severity: Severity
    asked_at: AwareDatetime
    raised_at: AwareDatetime


class DrillAnswer(Done):
    """The answer to `drill`."""

    result: Drilled


class Added(Sent):
    """The alarm, and the id of the row that holds the evidence."""

    alarm: str
    row: str


class EvidenceAnswer(Done):
    """The answer to `evidence.add`."""

    result: Added


class Change(Sent):
    """What became of a signed change: on trial until `until_at`, or a request for a certificate."""

    part: Literal["config", "rules", "identity"]
    version: int = Field(ge=1)
    state: Literal["trial", "csr"]
    until_at: AwareDatetime | None = None
    csr: str
    """PEM, PKCS #10; empty on trial."""


class ChangeAnswer(Done):
    """The answer to `config.apply`, `rules.apply` and `identity.renew`."""

    result: Change


class Section(Sent):
    """One part of a diagnosis; the field of the section's name is there."""

    section: Literal["hub", "drivers", "journal", "uplink", "counters", "troubles"]
    hub: dict[str, Any] | None = None
    drivers: tuple[dict[str, Any], ...] | None = None
    journal: dict[str, Any] | None = None
    uplink: dict[str, Any] | None = None
    counters: dict[str, int] | None = None
    troubles: tuple[dict[str, Any], ...] | None = Field(default=None, max_length=TROUBLES_A_PAGE)


class DiagnosticsPage(Sent):
    """One page of the answer to `diagnostics.collect`."""

    version: Literal[1]
    request_id: str = Field(pattern=REQUEST_ID)
    name: str
    ok: Literal[True]
    code: Literal["ok"]
    says: str
    page: int = Field(ge=0)
    more: bool
    result: Section
    events: tuple[Event, ...] = Field(max_length=0)


class Refusal(Sent):
    """The answer to a request that was not done. `request_id` is missing when it could not be read;
    `name` is what was asked, at most 64 characters of it."""

    version: Literal[1]
    request_id: str | None = Field(default=None, pattern=REQUEST_ID)
    name: str = Field(max_length=64)
    ok: Literal[False]
    code: str = Field(json_schema_extra={"x-extensible-enum": [*REFUSALS]})
    says: str
    page: Literal[0]
    more: Literal[False]
    events: tuple[Event, ...] = Field(max_length=0)


ANSWERS: dict[str, type[BaseModel]] = {
    "pull": PullPage,
    "alarm.ack": AlarmAnswer,
    "alarm.resolve": AlarmAnswer,
    "mode.set": ModeAnswer,
    "speak": SpeakAnswer,
    "drill": DrillAnswer,
    "evidence.add": EvidenceAnswer,
    "diagnostics.collect": DiagnosticsPage,
    "config.apply": ChangeAnswer,
    "rules.apply": ChangeAnswer,
    "identity.renew": ChangeAnswer,
}

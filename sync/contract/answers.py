"""The answer to each request, as narrow as it really is. `sync.messages.Response` is their union.

Owns what every code of a refusal means.
"""

from __future__ import annotations

from typing import Literal

from pydantic import BaseModel, Field

from agent.core.alarm import AlarmState
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


class AlarmAnswer(Sent):
    """The answer to `alarm.ack` and `alarm.resolve` that were done."""

    version: Literal[1]
    request_id: str = Field(pattern=REQUEST_ID)
    name: str
    ok: Literal[True]
    code: Literal["ok"]
    says: str
    result: AlarmNow
    page: Literal[0]
    more: Literal[False]
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
}

"""Which requests of the platform were done already, so that none is done twice. Pure.

Owns the entries in the journal's settings: they are written in the transaction of what the request
does, so they hold over a restart of link and of guard. An entry goes when its request has expired.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass

from agent.core.errors import CommandRefused
from agent.journal.schema import Table
from agent.journal.writer import Put

KEPT_MAX = 1024
"""Requests remembered at once. Beyond it a new one is refused: forgetting one that may still come
again would be worse. At a life of one minute each this is 17 a second."""

_PREFIX = "request/"


@dataclass(frozen=True, slots=True)
class Request:
    """What makes a request itself: `digest` of what it asks, and how long it lives."""

    id: str
    digest: str
    life_s: float


def digest_of(name: str, params: Mapping[str, object]) -> str:
    """Return what tells two requests apart that have one id."""
    text = json.dumps([name, params], sort_keys=True, ensure_ascii=False)
    return hashlib.sha256(text.encode()).hexdigest()


def recall(settings: Mapping[str, str], request: Request) -> str | None:
    """Return the answer that this request got before, None when it is new.

    Errors: CommandRefused "replayed" when its id was used for something else.
    """
    kept = _read(settings.get(_PREFIX + request.id, ""))
    if kept is None:
        return None
    _, digest, answer = kept
    if digest != request.digest:
        raise CommandRefused("replayed", "this request_id was used before, for something else")
    return answer


def make_room(settings: Mapping[str, str], at_s: float) -> list[Put]:
    """Return the changes that forget expired requests.

    Errors: CommandRefused "rate_limited" when too many live at once.
    """
    entries = {key: _read(body) for key, body in settings.items() if key.startswith(_PREFIX)}
    gone = [key for key, kept in entries.items() if kept is None or kept[0] <= at_s]
    if len(entries) - len(gone) >= KEPT_MAX:
        raise CommandRefused(
            "rate_limited",
            f"{KEPT_MAX} requests live at once; wait, and let them expire sooner",
        )
    return [Put(Table.SETTING, key, None) for key in gone]


def remember(request: Request, answer: str, at_s: float) -> Put:
    """Return the change that keeps the answer for as long as the request may come again."""
    body = json.dumps([at_s + request.life_s, request.digest, answer], ensure_ascii=False)
    return Put(Table.SETTING, _PREFIX + request.id, body)


def forget(request: Request) -> Put:
    """Return the change that undoes `remember`: what was asked did not reach the disk."""
    return Put(Table.SETTING, _PREFIX + request.id, None)


def _read(body: str) -> tuple[float, str, str] | None:
    try:
        until_s, digest, answer = json.loads(body)
        return float(until_s), str(digest), str(answer)
    except (ValueError, TypeError):
        return None

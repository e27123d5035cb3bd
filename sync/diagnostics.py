"""How the hub is, in pages for the platform. Pure.

Owns what may leave the home for a diagnosis: ids, counts, versions and what the hub says of its own
parts. Names of people, rooms and devices, and sentences with them in, stay at home.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from agent.control.schema import AlarmInfo, Status, UplinkReport

TROUBLES_A_PAGE = 20
TROUBLES_MAX = 200
"""Open troubles that are told; a home with more has one cause, which is among the newest."""

COUNTERS_MAX = 100


@dataclass(frozen=True, slots=True)
class Page:
    """One page of the answer."""

    number: int
    more: bool
    part: dict[str, Any]


def pages(status: Status, uplink: UplinkReport) -> Iterator[Page]:
    """Yield the hub, its drivers, its journal, its uplink, its counters and its open troubles."""
    parts = [
        _hub(status),
        {"section": "drivers", "drivers": [_driver(d.model_dump()) for d in status.drivers]},
        {"section": "journal", "journal": _journal(status)},
        {"section": "uplink", "uplink": _uplink(uplink)},
        {"section": "counters", "counters": dict(list(status.counters.items())[:COUNTERS_MAX])},
        *_troubles(status.troubles[:TROUBLES_MAX]),
    ]
    for number, part in enumerate(parts):
        yield Page(number, number < len(parts) - 1, part)


def _hub(status: Status) -> dict[str, Any]:
    kept = {"release", "up_s", "sos_ready", "time_quality", "devices", "alarms_open"}
    hub = status.model_dump(mode="json", include=kept)
    hub |= {"mode": status.mode.mode.value, **status.site.model_dump()}
    return {"section": "hub", "hub": hub}


def _driver(driver: dict[str, Any]) -> dict[str, Any]:
    kept = ("driver", "ok", "port", "restarts", "frames_in", "frames_refused")
    return {**{name: driver[name] for name in kept}, "says": driver["says"]["en"]}


def _journal(status: Status) -> dict[str, Any]:
    journal = status.journal
    kept = {"ok", "commits", "rows", "fsync_p50_ms", "fsync_p99_ms", "unjournaled", "dropped"}
    marks = {"journal_id", "writing", "last_seq", "urgent_through", "bulk_through"}
    return {
        **journal.model_dump(include=kept),
        "journals": [one.model_dump(include=marks) for one in journal.journals],
    }


def _uplink(report: UplinkReport) -> dict[str, Any]:
    kept = {"protocol", "broker", "urgent_waiting", "bulk_waiting", "sent", "refused"}
    return {**report.model_dump(include=kept), "says": report.says.en}


def _troubles(found: tuple[AlarmInfo, ...]) -> Iterator[dict[str, Any]]:
    for first in range(0, max(len(found), 1), TROUBLES_A_PAGE):
        page = found[first : first + TROUBLES_A_PAGE]
        yield {"section": "troubles", "troubles": [_trouble(alarm) for alarm in page]}


def _trouble(alarm: AlarmInfo) -> dict[str, Any]:
    kept = {"id", "rule", "hazard", "severity", "state", "subject", "count", "drill"}
    return alarm.model_dump(include=kept)

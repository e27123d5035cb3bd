"""What is demanded of a fleet that comes back, as sentences about what is wrong.

Knows nothing of brokers and sessions: it compares what the hubs wrote with what the platform has.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

ALARM_WITHIN_MS = 5_000


@dataclass(frozen=True, slots=True)
class HubRecord:
    """One hub: when it wrote each row, which are urgent, when it came up, where its cursors are,
    and when the platform first had each row (all monotonic ns). `copies` counts what came again."""

    name: str
    written_ns: Mapping[int, int]
    urgent: frozenset[int]
    ups_ns: Sequence[int]
    settled: bool
    complaints: Sequence[str]
    came_ns: Mapping[int, int]
    copies: int


def judge(hubs: Sequence[HubRecord], back_ns: int) -> list[str]:
    """Return what is wrong, at most ten sentences for each claim."""
    claims = (nothing_is_lost, all_came_back, alarms_came_in_time, alarms_went_first, quiet)
    return [fault for claim in claims for fault in list(claim(hubs, back_ns))[:10]]


def nothing_is_lost(hubs: Sequence[HubRecord], back_ns: int) -> Iterator[str]:
    """The platform has each row of each hub, nothing else, and the hub knows it."""
    for hub in hubs:
        lost = hub.written_ns.keys() - hub.came_ns.keys()
        if lost:
            yield f"{hub.name}: {len(lost)} rows never arrived, {min(lost)} is the first"
        if hub.came_ns.keys() - hub.written_ns.keys():
            yield f"{hub.name}: the platform has rows that were never written"
        if not hub.settled:
            yield f"{hub.name}: its cursors are behind its rows"


def all_came_back(hubs: Sequence[HubRecord], back_ns: int) -> Iterator[str]:
    """Each hub was up again after the broker was back."""
    for hub in hubs:
        if up_after(hub, back_ns) is None:
            yield f"{hub.name} never came back"


def alarms_came_in_time(hubs: Sequence[HubRecord], back_ns: int) -> Iterator[str]:
    """No alarm waits longer than the limit once its own hub is up."""
    for name, seq, waited_ms in alarm_waits_ms(hubs, back_ns):
        if waited_ms > ALARM_WITHIN_MS:
            yield f"{name}: alarm {seq} came {waited_ms:.0f} ms after its hub was up"


def alarms_went_first(hubs: Sequence[HubRecord], back_ns: int) -> Iterator[str]:
    """Of what waited while the broker was away, alarms came before history."""
    for hub in hubs:
        up_ns = up_after(hub, back_ns)
        if up_ns is None:
            continue
        waited = {seq for seq, at_ns in hub.written_ns.items() if at_ns < up_ns}
        bulk = [hub.came_ns.get(seq, up_ns) for seq in waited - hub.urgent]
        first_bulk_ns = min((at_ns for at_ns in bulk if at_ns > up_ns), default=None)
        alarms = [at_ns for seq in waited & hub.urgent if (at_ns := hub.came_ns.get(seq, 0))]
        if first_bulk_ns is not None and any(at_ns > first_bulk_ns for at_ns in alarms):
            yield f"{hub.name}: history came before an alarm that waited with it"


def quiet(hubs: Sequence[HubRecord], back_ns: int) -> Iterator[str]:
    """No hub complained."""
    for what, count in Counter(c for hub in hubs for c in hub.complaints).items():
        yield f"{count} hubs complained: {what}"


def up_after(hub: HubRecord, back_ns: int) -> int | None:
    """Return when the hub was first up after an instant."""
    return next((up_ns for up_ns in hub.ups_ns if up_ns >= back_ns), None)


def alarm_waits_ms(hubs: Sequence[HubRecord], back_ns: int) -> list[tuple[str, int, float]]:
    """Return (hub, seq, ms) of each alarm that came after the broker was back: how long since it
    was written and its hub was up, whichever was later."""
    found: list[tuple[str, int, float]] = []
    for hub in hubs:
        up_ns = up_after(hub, back_ns)
        if up_ns is None:
            continue
        for seq in hub.urgent:
            came_ns = hub.came_ns.get(seq, 0)
            if came_ns >= up_ns:
                found.append((hub.name, seq, (came_ns - max(hub.written_ns[seq], up_ns)) / 1e6))
    return found


def curve(hubs: Sequence[HubRecord], back_ns: int) -> list[int]:
    """Return how many hubs came up in each second after the broker was back."""
    ups = [up_ns for hub in hubs if (up_ns := up_after(hub, back_ns)) is not None]
    seconds = Counter((up_ns - back_ns) // 1_000_000_000 for up_ns in ups)
    return [seconds[second] for second in range(max(seconds, default=-1) + 1)]

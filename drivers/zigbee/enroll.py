"""Makes a device that has joined send us its alarms and its measurements.

Owns the order of steps that a zone needs before it speaks. Knows nothing of when to do it: the
driver calls, and calls again when a device that slept through it speaks the next time.
"""

from __future__ import annotations

from collections.abc import Awaitable, Iterator
from contextlib import suppress

from agent.core.errors import DeviceError
from drivers.zigbee.definitions import ACE, ON_OFF, REPORTS, ZONE, Description, Report
from drivers.zigbee.radio import NoAnswer, Radio

_STATE, _TYPE, _STATUS = 0x0000, 0x0001, 0x0002


def zone_id(ieee: str) -> int:
    """Return the number under which a zone is enrolled: 1-254, the same after every restart.

    Two devices may share one; the hub tells devices apart by their addresses.

    >>> zone_id("00124b0001020304")
    104
    """
    return 1 + sum(bytes.fromhex(ieee)) % 254


def zones(said: Description) -> tuple[int, ...]:
    """Return the endpoints that carry an alarm zone; it need not be endpoint 1."""
    return tuple(endpoint.id for endpoint in said.endpoints if ZONE in endpoint.inputs)


async def enrol(radio: Radio, ieee: str, said: Description) -> str:
    """Make every zone of the device send its alarms to us; return a doubt, "" when there is none.

    A zone sends nothing before it knows our address. Some ask to be enrolled and some never do, so
    the answer is always sent. A zone that still says "not enrolled" is a doubt and not an error:
    detectors are in use that say so and send every alarm.
    Errors: DeviceError when a zone did not take our address, TransportError.
    """
    doubts = []
    for endpoint in zones(said):
        await _willing(radio.bind(ieee, endpoint, ZONE))
        await radio.write_own_address(ieee, endpoint)
        await radio.enrol(ieee, endpoint, zone_id(ieee))
        if not await _is_enrolled(radio, ieee, endpoint):
            await radio.enrol(ieee, endpoint, zone_id(ieee))
            if not await _is_enrolled(radio, ieee, endpoint):
                doubts.append(f"the zone on endpoint {endpoint} says that it is not enrolled")
    for pad in said.endpoints:
        if ACE in pad.outputs:
            await _willing(radio.bind(ieee, pad.id, ACE))
    return "; ".join(doubts)


async def learn_zone_types(radio: Radio, ieee: str, said: Description) -> None:
    """Ask the zones for their types, so that `Radio.describe` knows them."""
    for endpoint in zones(said):
        await radio.read(ieee, endpoint, ZONE, [_TYPE])


async def ask_for_reports(radio: Radio, ieee: str, said: Description) -> bool:
    """Ask the device to report what it measures; return False when it stopped answering.

    What a device refuses it refuses for good: that is not asked again.
    Errors: TransportError.
    """
    for endpoint, report in _reports(said):
        try:
            await radio.bind(ieee, endpoint, report.cluster)
            await radio.report(ieee, endpoint, report)
        except NoAnswer:
            return False
        except DeviceError:
            continue
    return True


async def read_state(radio: Radio, ieee: str, said: Description) -> None:
    """Read how zones and switches stand; the answers arrive as readings. Best effort."""
    for endpoint in said.endpoints:
        if ON_OFF in endpoint.inputs:
            await _willing(radio.read(ieee, endpoint.id, ON_OFF, [0x0000]))
        if ZONE in endpoint.inputs:
            await _willing(radio.read(ieee, endpoint.id, ZONE, [_STATUS]))


async def is_enrolled(radio: Radio, ieee: str, said: Description) -> bool:
    """Return whether every zone says that it knows us. Errors: DeviceError, TransportError."""
    for endpoint in zones(said):
        if not await _is_enrolled(radio, ieee, endpoint):
            return False
    return True


async def _is_enrolled(radio: Radio, ieee: str, endpoint: int) -> bool:
    told = await radio.read(ieee, endpoint, ZONE, [_STATE])
    return bool(told.get(_STATE))


async def _willing(asked: Awaitable[object]) -> None:
    """Wait for an answer, and go on without one: not every device does what the standard says."""
    with suppress(DeviceError):
        await asked


def _reports(said: Description) -> Iterator[tuple[int, Report]]:
    for endpoint in said.endpoints:
        for report in REPORTS:
            if report.cluster in endpoint.inputs:
                yield endpoint.id, report

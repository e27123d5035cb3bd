"""Turns one ZCL frame into statements about the home.

Owns the meaning of zone bits, alarm commands and measured values. Knows nothing of time, of the
journal or of who is allowed to speak: it says what the bytes say.

Channels: endpoint 1 is not named, every other endpoint is ("ep35"). The two alarm bits of a zone
are channels of their own ("alarm1", "ep35.alarm2"), and so are the commands of a key pad ("panic").
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

from agent.core.device import DeviceKind
from agent.core.errors import FrameError
from agent.core.reading import Quantity, Value
from drivers.zigbee import zcl

HOME_AUTOMATION = 0x0104
LIGHT_LINK = 0xC05E
PROFILES = (HOME_AUTOMATION, LIGHT_LINK)

ZONE = 0x0500
ACE = 0x0501
_ZONE_STATUS = 0x0002

ALARM_BITS = {0x001: "alarm1", 0x002: "alarm2"}
STATE_BITS = {
    0x004: Quantity.TAMPER,
    0x008: Quantity.BATTERY_LOW,
    0x010: Quantity.SUPERVISION_REPORTS,
    0x020: Quantity.RESTORE_REPORTS,
    0x040: Quantity.DEVICE_FAULT,
    0x080: Quantity.MAINS_LOST,
    0x100: Quantity.TEST,
    0x200: Quantity.BATTERY_DEFECT,
}

QUANTITY_OF_KIND = {
    DeviceKind.CALL_BUTTON: Quantity.SOS,
    DeviceKind.PENDANT: Quantity.SOS,
    DeviceKind.PULL_CORD: Quantity.SOS,
    DeviceKind.CONTACT: Quantity.CONTACT_OPEN,
    DeviceKind.MOTION: Quantity.MOTION,
    DeviceKind.SMOKE: Quantity.SMOKE,
    DeviceKind.GAS: Quantity.GAS,
    DeviceKind.CO: Quantity.CO,
    DeviceKind.LEAK: Quantity.WATER_LEAK,
}
"""What the alarm bits of a device's zone mean. Every other kind's zone is a `zone_alarm`."""

_ACE_CALLS = {0x02: "emergency", 0x03: "fire", 0x04: "panic"}


@dataclass(frozen=True, slots=True)
class Statement:
    """One thing a device said: a reading without its sender and time."""

    quantity: Quantity
    value: Value
    channel: str = ""


@dataclass(frozen=True, slots=True)
class Decoded:
    """All that one frame said.

    `asked`       the frame answers a question of ours, so it has no identity as a report.
    `zone_status` the zone's new status, to be handed in with the next frame of this endpoint.
    `wants_enrolment` the device asks to be enrolled as a zone.
    """

    statements: tuple[Statement, ...] = ()
    asked: bool = False
    zone_status: int | None = None
    wants_enrolment: bool = False


def channel(endpoint: int, part: str = "") -> str:
    """Return the name of one input of a device.

    >>> channel(1), channel(1, "alarm1"), channel(35), channel(35, "alarm1")
    ('', 'alarm1', 'ep35', 'ep35.alarm1')
    """
    named = "" if endpoint == 1 else f"ep{endpoint}"
    return f"{named}.{part}" if named and part else named or part


def decode(
    frame: bytes,
    *,
    profile: int,
    cluster: int,
    endpoint: int,
    kind: DeviceKind,
    zone_before: int | None = None,
) -> Decoded:
    """Return what one frame of a device of `kind` says; nothing when it is no concern of the hub.

    `zone_before` is the last known status of this endpoint's zone, None when not known.
    Errors: FrameError when the bytes are not what ZCL allows. Nothing else, whatever the bytes.
    Source: ZCL r8 sections 2.5 (attributes) and 8.2-8.3 (zones, key pads).

    A press of a button, zone type 0x002c, first as Alarm1 and then held as Alarm2:

    >>> first = decode(bytes.fromhex("09 1a 00 0100 00 00 0000"), profile=0x0104, cluster=0x0500,
    ...     endpoint=1, kind=DeviceKind.CALL_BUTTON, zone_before=0)
    >>> first.statements
    (Statement(quantity=<Quantity.SOS: 'sos'>, value=True, channel='alarm1'),)
    >>> decode(bytes.fromhex("09 1b 00 0200 00 00 0000"), profile=0x0104, cluster=0x0500,
    ...     endpoint=1, kind=DeviceKind.CALL_BUTTON, zone_before=first.zone_status).statements[1]
    Statement(quantity=<Quantity.SOS: 'sos'>, value=True, channel='alarm2')
    """
    if profile not in PROFILES:
        return Decoded()
    header, payload = zcl.split(frame)
    if header.manufacturer is not None:
        return Decoded()
    if header.cluster_specific:
        if cluster == ZONE and not header.to_server:
            return _zone_command(header.command, payload, endpoint, kind, zone_before)
        if cluster == ACE and header.to_server:
            return _call(header.command, endpoint)
        return Decoded()
    if header.command == zcl.General.REPORT:
        return _attributes(zcl.reported(payload), cluster, endpoint, kind, zone_before, asked=False)
    if header.command == zcl.General.READ_RESPONSE:
        return _attributes(zcl.read(payload), cluster, endpoint, kind, zone_before, asked=True)
    return Decoded()


def zone_statements(
    status: int, before: int | None, endpoint: int, kind: DeviceKind
) -> tuple[Statement, ...]:
    """Return what the bits of a zone status say, each bit for itself.

    A set alarm bit is always said anew: a second press is a second press. Every other bit is said
    when it changed, and all are said when the status before is not known. Idle devices in the field
    rest at 0x00, 0x20, 0x30, 0x22 and 0x100, so "not zero" means nothing.

    >>> [s.quantity.value for s in zone_statements(0x0024, 0x0020, 1, DeviceKind.SMOKE)]
    ['tamper']
    """
    changed = 0xFFFF if before is None else status ^ before
    quantity = QUANTITY_OF_KIND.get(kind, Quantity.ZONE_ALARM)
    alarms = (
        Statement(quantity, bool(status & bit), channel(endpoint, name))
        for bit, name in ALARM_BITS.items()
        if (status | changed) & bit
    )
    states = (
        Statement(what, bool(status & bit), channel(endpoint))
        for bit, what in STATE_BITS.items()
        if changed & bit
    )
    return (*alarms, *states)


def _zone_command(
    command: int, payload: bytes, endpoint: int, kind: DeviceKind, before: int | None
) -> Decoded:
    if command == 0x01:
        return Decoded(wants_enrolment=True)
    if command != 0x00:
        return Decoded()
    # Old devices send the status and the extended status only; zone id and delay came later.
    if len(payload) < 2:
        raise FrameError(f"zone status: got {len(payload)} bytes, want 2: {payload.hex(' ')}")
    status = int.from_bytes(payload[:2], "little")
    return Decoded(zone_statements(status, before, endpoint, kind), zone_status=status)


def _call(command: int, endpoint: int) -> Decoded:
    # "Fire" on a key pad is a person who calls for help, not a detector that smells smoke: it is an
    # SOS, so that it rings like one; the channel tells the responder which button it was.
    if command not in _ACE_CALLS:
        return Decoded()
    return Decoded((Statement(Quantity.SOS, True, channel(endpoint, _ACE_CALLS[command])),))


def _attributes(
    attributes: tuple[zcl.Attribute, ...],
    cluster: int,
    endpoint: int,
    kind: DeviceKind,
    before: int | None,
    *,
    asked: bool,
) -> Decoded:
    said: list[Statement] = []
    status = before
    for attribute in attributes:
        if (cluster, attribute.id) == (ZONE, _ZONE_STATUS) and isinstance(attribute.value, int):
            said += zone_statements(attribute.value & 0xFFFF, status, endpoint, kind)
            status = attribute.value & 0xFFFF
        else:
            said += _measured(attribute, cluster, endpoint)
    return Decoded(
        tuple(said), asked=asked, zone_status=status if cluster == ZONE and said else None
    )


def _measured(attribute: zcl.Attribute, cluster: int, endpoint: int) -> Iterator[Statement]:
    known = _MEASURED.get((cluster, attribute.id))
    if known is None or not isinstance(attribute.value, (bool, int, float)):
        return
    quantity, convert = known
    value = convert(attribute.value)
    if value is not None:
        yield Statement(quantity, value, channel(endpoint))


def _scaled(
    factor: float, lowest: float, highest: float, digits: int
) -> Callable[[float], float | None]:
    """Return a conversion to the hub's unit that gives None outside of what can be."""

    def convert(raw: float) -> float | None:
        value = raw * factor
        return round(value, digits) if lowest <= value <= highest else None

    return convert


def _lux(raw: float) -> float | None:
    # Raw is 10000 * log10(lx) + 1; 0 means "too dark to measure" (ZCL r8, section 4.2.2).
    if raw < 0 or raw > 0xFFFF:
        return None
    return 0.0 if raw == 0 else float(round(10 ** ((raw - 1) / 10_000), 1))


def _yes(raw: float) -> bool:
    return raw != 0


def _occupied(raw: float) -> bool:
    return bool(int(raw) & 1)


_MEASURED: dict[tuple[int, int], tuple[Quantity, Callable[[float], Value | None]]] = {
    (0x0001, 0x0020): (Quantity.BATTERY_V, _scaled(0.1, 0, 25.4, 1)),
    (0x0001, 0x0021): (Quantity.BATTERY_PCT, _scaled(0.5, 0, 100, 1)),  # Half percents.
    (0x0006, 0x0000): (Quantity.SWITCHED_ON, _yes),
    (0x0400, 0x0000): (Quantity.ILLUMINANCE_LX, _lux),
    (0x0402, 0x0000): (Quantity.TEMP_C, _scaled(0.01, -100, 300, 2)),
    (0x0405, 0x0000): (Quantity.HUMIDITY_PCT, _scaled(0.01, 0, 100, 2)),
    (0x0406, 0x0000): (Quantity.MOTION, _occupied),
    # Watts when multiplier and divisor are 1 (the ZCL default). A plug that divides by 10 reads ten
    # times too high; the hub only asks "on or off" of it.
    (0x0B04, 0x050B): (Quantity.POWER_W, _scaled(1, -32_767, 32_767, 1)),
}

"""What a device is, judged by what it says of itself in the interview.

Owns the table of makers and models that the standard's own fields do not describe. Knows nothing of
frames and radios.

Order of belief: the table of models, then the zone type, then the clusters. The table is first
because zone types lie where it matters: 0x002b is "gas" in one maker's firmware and "carbon
monoxide" in another's, and 0x8000, 0x0808 and 0x0016 are in the field without being in the
standard.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from agent.core.device import DeviceKind, PowerClass

BASIC = 0x0000
POWER = 0x0001
ON_OFF = 0x0006
LEVEL = 0x0008
ILLUMINANCE = 0x0400
TEMPERATURE = 0x0402
HUMIDITY = 0x0405
OCCUPANCY = 0x0406
ZONE = 0x0500
ACE = 0x0501
WARNING = 0x0502
METERING = 0x0702
ELECTRICAL = 0x0B04


@dataclass(frozen=True, slots=True)
class Endpoint:
    """One simple descriptor of a device: `inputs` are its servers, `outputs` its clients."""

    id: int
    device_type: int = 0
    inputs: frozenset[int] = frozenset()
    outputs: frozenset[int] = frozenset()


@dataclass(frozen=True, slots=True)
class Description:
    """All that a device said of itself. `zone_types` are those of its zone endpoints, in order;
    `mains` is the power bit of its node descriptor, None when not known."""

    manufacturer: str = ""
    model: str = ""
    endpoints: tuple[Endpoint, ...] = ()
    zone_types: tuple[int, ...] = ()
    mains: bool | None = None


@dataclass(frozen=True, slots=True)
class Definition:
    """What the hub makes of a device."""

    kind: DeviceKind
    power: PowerClass


ZONE_KINDS = {
    0x000D: DeviceKind.MOTION,
    0x0015: DeviceKind.CONTACT,
    0x0028: DeviceKind.SMOKE,
    0x002A: DeviceKind.LEAK,
    0x002B: DeviceKind.GAS,
    0x002C: DeviceKind.CALL_BUTTON,
    0x010F: DeviceKind.CALL_BUTTON,  # Remote control.
    0x0115: DeviceKind.CALL_BUTTON,  # Key fob.
    0x0225: DeviceKind.SIREN,
}
"""Zone types of ZCL r8, table 8-5. Any other type has no word of its own: its zone is an alarm."""

_MODELS: dict[str, DeviceKind] = {
    # Carbon monoxide: most of these say zone type 0x002b, "gas".
    "COSensor-EM": DeviceKind.CO,
    "COSensor-N": DeviceKind.CO,
    "COSensor-EF-3.0": DeviceKind.CO,
    "CO_V15": DeviceKind.CO,
    "CO_V16": DeviceKind.CO,
    "CO_YDLV10": DeviceKind.CO,
    "1ccaa94c49a84abaa9e38687913947ba": DeviceKind.CO,
    "HS1CA-E": DeviceKind.CO,
    "HS1CA-M": DeviceKind.CO,
    "HS3CA-EF-3.0": DeviceKind.CO,
    "SCAZB-143": DeviceKind.CO,
    "Alarm_SD_Device": DeviceKind.CO,
    # Combustible gas.
    "GASSensor-EM": DeviceKind.GAS,
    "GASSensor-N": DeviceKind.GAS,
    "GASSensor-EN": DeviceKind.GAS,
    "GAS_V15": DeviceKind.GAS,
    "TS0204": DeviceKind.GAS,
    # Smoke.
    "SmokeSensor-EM": DeviceKind.SMOKE,
    "SmokeSensor-N": DeviceKind.SMOKE,
    "SmokeSensor-N-3.0": DeviceKind.SMOKE,
    "SmokeSensor-EF-3.0": DeviceKind.SMOKE,
    "SMSZB-120": DeviceKind.SMOKE,
    "TS0205": DeviceKind.SMOKE,
    # Buttons that call for help, whatever zone type they carry.
    "SOS-EM": DeviceKind.CALL_BUTTON,
    "SOS-EF-3.0": DeviceKind.CALL_BUTTON,
    "EmergencyButton": DeviceKind.CALL_BUTTON,
    "TS0215A": DeviceKind.CALL_BUTTON,
    "PBTZB-110": DeviceKind.PENDANT,
    # Doors, people, water.
    "TS0203": DeviceKind.CONTACT,
    "TS0202": DeviceKind.MOTION,
    "TS0207": DeviceKind.LEAK,
    "WaterSensor-EM": DeviceKind.LEAK,
    "FLSZB-110": DeviceKind.LEAK,
    # Sirens that carry a zone of another type beside their warning cluster.
    "WarningDevice": DeviceKind.SIREN,
    "WarningDevice-EF-3.0": DeviceKind.SIREN,
    "SIRZB-110": DeviceKind.SIREN,
    "SIRZB-111": DeviceKind.SIREN,
    "TS0216": DeviceKind.SIREN,
    "TS0219": DeviceKind.SIREN,
    # Plugs that call themselves a plain on/off output.
    "TS011F": DeviceKind.PLUG,
}
"""Model id -> kind, for devices whose zone type or clusters do not tell. Model ids as
published in zigbee-herdsman-converters (MIT)."""

_MAKERS: dict[tuple[str, str], DeviceKind] = {
    # One Tuya model id serves many products: here the maker's code decides.
    ("_TZ3000_5ucujjts", "TS0001"): DeviceKind.VALVE,
    ("_TZ3000_o4cjetlm", "TS0001"): DeviceKind.VALVE,
    ("_TZ3000_iedbgyxt", "TS0001"): DeviceKind.VALVE,
}

_TYPES: dict[int, DeviceKind] = {
    # Device ids of the Home Automation profile, for devices without a zone.
    0x0009: DeviceKind.PLUG,  # Mains power outlet.
    0x0051: DeviceKind.PLUG,  # Smart plug.
    0x0100: DeviceKind.LIGHT,
    0x0101: DeviceKind.LIGHT,
    0x0102: DeviceKind.LIGHT,
    0x010A: DeviceKind.PLUG,
    0x010B: DeviceKind.PLUG,
    0x010C: DeviceKind.LIGHT,
    0x010D: DeviceKind.LIGHT,
}


def define(said: Description) -> Definition:
    """Return what the device is to the hub; its kind is UNKNOWN when nothing fits.

    >>> define(Description("HEIMAN", "COSensor-EM", zone_types=(0x002B,))).kind.value
    'co'
    >>> define(Description("HEIMAN", "GASSensor-EM", zone_types=(0x002B,))).kind.value
    'gas'
    """
    power = {True: PowerClass.MAINS, False: PowerClass.BATTERY, None: PowerClass.UNKNOWN}
    return Definition(kind=_kind(said), power=power[said.mains])


def _kind(said: Description) -> DeviceKind:
    maker = _MAKERS.get((said.manufacturer, said.model)) or _MODELS.get(said.model)
    if maker is not None:
        return maker
    for zone_type in said.zone_types:
        if zone_type in ZONE_KINDS:
            return ZONE_KINDS[zone_type]
    return _by_clusters(said)


def _by_clusters(said: Description) -> DeviceKind:
    serves = _union(endpoint.inputs for endpoint in said.endpoints)
    asks = _union(endpoint.outputs for endpoint in said.endpoints)
    if ACE in asks:
        return DeviceKind.CALL_BUTTON
    if WARNING in serves:
        return DeviceKind.SIREN
    if ON_OFF in serves:
        return _switched(said, serves)
    if OCCUPANCY in serves:
        return DeviceKind.MOTION
    if serves & {TEMPERATURE, HUMIDITY}:
        return DeviceKind.CLIMATE
    return DeviceKind.UNKNOWN


def _switched(said: Description, serves: frozenset[int]) -> DeviceKind:
    for endpoint in said.endpoints:
        if ON_OFF in endpoint.inputs and endpoint.device_type in _TYPES:
            return _TYPES[endpoint.device_type]
    if serves & {ELECTRICAL, METERING}:
        return DeviceKind.PLUG
    return DeviceKind.LIGHT if LEVEL in serves else DeviceKind.UNKNOWN


def _union(sets: Iterable[frozenset[int]]) -> frozenset[int]:
    return frozenset[int]().union(*sets)


@dataclass(frozen=True, slots=True)
class Report:
    """A measured attribute that a device is asked to report by itself.

    Units: `at_least_s` between reports at most this often, `at_most_s` at the latest after this
           time even when nothing changes; `change` in the attribute's own raw unit.
    """

    cluster: int
    attribute: int
    at_least_s: int
    at_most_s: int
    change: int


REPORTS = (
    # Half an hour at the latest: these reports are also the sign of life of a sensor that has
    # nothing to say, and three missed ones make it a silent device.
    Report(POWER, 0x0021, at_least_s=300, at_most_s=1_800, change=2),
    Report(TEMPERATURE, 0x0000, at_least_s=60, at_most_s=1_800, change=20),
    Report(HUMIDITY, 0x0000, at_least_s=60, at_most_s=1_800, change=100),
    Report(ILLUMINANCE, 0x0000, at_least_s=60, at_most_s=1_800, change=2_000),
    Report(OCCUPANCY, 0x0000, at_least_s=0, at_most_s=1_800, change=1),
    # Mains devices: silent for ten minutes means gone.
    Report(ON_OFF, 0x0000, at_least_s=0, at_most_s=600, change=1),
    Report(ELECTRICAL, 0x050B, at_least_s=10, at_most_s=600, change=5),
)

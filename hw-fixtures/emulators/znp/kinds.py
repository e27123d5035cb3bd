"""What a device of each kind is made of: endpoints, clusters, attributes, names. A table, pure.

Names, endpoints and codes are those of devices on sale; where a model sits on an odd endpoint or
uses an odd profile, that is kept, because the host must not assume otherwise.
Source: Zigbee Home Automation profile device ids; ZCL zone types (8.2.2.2.1).
"""

from collections.abc import Mapping
from dataclasses import dataclass, field

from .zcl import Attribute, Kind

HOME_AUTOMATION = 0x0104

BASIC = 0x0000
POWER = 0x0001
IDENTIFY = 0x0003
ON_OFF = 0x0006
POLL_CONTROL = 0x0020
TEMPERATURE = 0x0402
HUMIDITY = 0x0405
IAS_ZONE = 0x0500
IAS_ACE = 0x0501
IAS_WD = 0x0502
ELECTRICAL = 0x0B04
DIAGNOSTICS = 0x0B05
OTA = 0x0019
TIME = 0x000A

DEVICE_IAS_ZONE = 0x0402
DEVICE_IAS_WARNING = 0x0403
DEVICE_IAS_ANCILLARY = 0x0401
DEVICE_SMART_PLUG = 0x0051
DEVICE_ON_OFF_OUTPUT = 0x0002
DEVICE_TEMPERATURE = 0x0302

MFR_HEIMAN = 0x120B  # Also claimed by a Tuya range: one host waits 10 s for it in the interview.
MFR_FRIENT = 0x1015
MFR_SONOFF = 0x1286
MFR_TUYA = 0x1141

ALARM1 = 0x0001
ALARM2 = 0x0002
TAMPER = 0x0004
BATTERY = 0x0008
TROUBLE = 0x0040

MAX_SIREN_S = 1800  # IAS WD MaxDuration as shipped; the standard's default is 240.


@dataclass(frozen=True, slots=True)
class Endpoint:
    """A simple descriptor."""

    number: int
    device_id: int
    inputs: tuple[int, ...]
    outputs: tuple[int, ...] = ()
    profile: int = HOME_AUTOMATION


@dataclass(frozen=True, slots=True)
class Model:
    """One row of the table."""

    manufacturer: str
    model: str
    manufacturer_code: int
    endpoints: tuple[Endpoint, ...]
    zone_type: int | None = None
    mains: bool = False
    measured: Mapping[tuple[int, int], Attribute] = field(default_factory=dict)


def _zone(
    *more: int, device_id: int = DEVICE_IAS_ZONE, outputs: tuple[int, ...] = (OTA,)
) -> tuple[Endpoint, ...]:
    inputs = (BASIC, POWER, IDENTIFY, *more, IAS_ZONE)
    return (Endpoint(1, device_id, inputs, outputs),)


_CLIMATE = {
    (TEMPERATURE, 0x0000): Attribute(Kind.I16, 2150),
    (TEMPERATURE, 0x0001): Attribute(Kind.I16, -4000),
    (TEMPERATURE, 0x0002): Attribute(Kind.I16, 12500),
    (HUMIDITY, 0x0000): Attribute(Kind.U16, 4800),
    (HUMIDITY, 0x0001): Attribute(Kind.U16, 0),
    (HUMIDITY, 0x0002): Attribute(Kind.U16, 10000),
}
# Attributes of a client: hosts ask for the firmware version in every interview.
_OTA_CLIENT = {
    0x0000: Attribute(Kind.IEEE, 0xFFFFFFFFFFFFFFFF),
    0x0002: Attribute(Kind.U32, 0x00010006),
    0x0006: Attribute(Kind.ENUM8, 0),
}
_METER = {
    (ELECTRICAL, 0x0000): Attribute(Kind.MAP32, 0x00000009),  # Active and AC measurement.
    (ELECTRICAL, 0x0505): Attribute(Kind.U16, 230),
    (ELECTRICAL, 0x0508): Attribute(Kind.U16, 0),
    (ELECTRICAL, 0x050B): Attribute(Kind.I16, 0),
    (ELECTRICAL, 0x0604): Attribute(Kind.U16, 1),
    (ELECTRICAL, 0x0605): Attribute(Kind.U16, 1),
}
_FRIENT_SMOKE = (
    # The first endpoint carries a private profile: a host that only asks endpoint 1 finds nothing.
    Endpoint(1, 0x0001, (IDENTIFY, 0x0005, ON_OFF), (), 0xC0C9),
    Endpoint(
        35,
        DEVICE_IAS_ZONE,
        (BASIC, POWER, IDENTIFY, 0x000F, POLL_CONTROL, IAS_ZONE, IAS_WD),
        (TIME, OTA),
    ),
    Endpoint(38, DEVICE_TEMPERATURE, (BASIC, IDENTIFY, TEMPERATURE), (IDENTIFY,)),
)

MODELS: Mapping[str, Model] = {
    "sos_button": Model("HEIMAN", "SOS-EM", MFR_HEIMAN, _zone(DIAGNOSTICS), zone_type=0x002C),
    "ace_button": Model(
        "HEIMAN",
        "RC-EM",
        MFR_HEIMAN,
        (Endpoint(1, DEVICE_IAS_ANCILLARY, (BASIC, POWER, IDENTIFY), (IAS_ACE, OTA)),),
    ),
    "contact": Model("SONOFF", "SNZB-04P", MFR_SONOFF, _zone(POLL_CONTROL), zone_type=0x0015),
    "motion": Model("SONOFF", "SNZB-03P", MFR_SONOFF, _zone(POLL_CONTROL), zone_type=0x000D),
    "smoke": Model(
        "frient A/S",
        "SMSZB-120",
        MFR_FRIENT,
        _FRIENT_SMOKE,
        zone_type=0x0028,
        measured={(TEMPERATURE, 0x0000): Attribute(Kind.I16, 2100)},
    ),
    "gas": Model(
        "HEIMAN",
        "GASSensor-EM",
        MFR_HEIMAN,
        (Endpoint(1, DEVICE_IAS_ZONE, (BASIC, IDENTIFY, IAS_ZONE), (OTA,)),),
        zone_type=0x002B,
        mains=True,
    ),
    # Carbon monoxide has no zone type of its own in use: only the model tells it from gas.
    "co": Model("HEIMAN", "COSensor-EM", MFR_HEIMAN, _zone(DIAGNOSTICS), zone_type=0x002B),
    "leak": Model("SONOFF", "SNZB-05P", MFR_SONOFF, _zone(POLL_CONTROL), zone_type=0x002A),
    "siren": Model(
        "HEIMAN",
        "WarningDevice-EF-3.0",
        MFR_HEIMAN,
        _zone(IAS_WD, device_id=DEVICE_IAS_WARNING),
        zone_type=0x0225,
        mains=True,
    ),
    "plug": Model(
        "frient A/S",
        "SPLZB-131",
        MFR_FRIENT,
        (Endpoint(2, DEVICE_SMART_PLUG, (BASIC, IDENTIFY, ON_OFF, ELECTRICAL), (TIME, OTA)),),
        mains=True,
        measured=_METER,
    ),
    "valve": Model(
        "_TZ3000_5ucujjts",
        "TS0001",
        MFR_TUYA,
        (Endpoint(1, DEVICE_ON_OFF_OUTPUT, (BASIC, IDENTIFY, ON_OFF), (TIME, OTA)),),
        mains=True,
    ),
    "climate": Model(
        "SONOFF",
        "SNZB-02P",
        MFR_SONOFF,
        (
            Endpoint(
                1,
                DEVICE_TEMPERATURE,
                (BASIC, POWER, IDENTIFY, POLL_CONTROL, TEMPERATURE, HUMIDITY),
                (OTA,),
            ),
        ),
        measured=_CLIMATE,
    ),
}

# What a report verb may name: cluster, attribute, and how many wire units one of our units is.
MEASUREMENTS: Mapping[str, tuple[int, int, float]] = {
    "temperature": (TEMPERATURE, 0x0000, 100),  # degrees Celsius
    "humidity": (HUMIDITY, 0x0000, 100),  # per cent
    "power": (ELECTRICAL, 0x050B, 1),  # watts
    "voltage": (ELECTRICAL, 0x0505, 1),  # volts
    "on_off": (ON_OFF, 0x0000, 1),
    "battery": (POWER, 0x0021, 2),  # per cent
}

AttributeKey = tuple[int, int, int]


def attributes_of(model: Model, *, idle_status: int, battery: int) -> dict[AttributeKey, Attribute]:
    """Return every attribute of every endpoint as the device leaves the factory."""
    by_cluster = _server_attributes(model, idle_status=idle_status, battery=battery)
    values = {
        (endpoint.number, cluster, number): attribute
        for endpoint in model.endpoints
        for cluster in endpoint.inputs
        for number, attribute in by_cluster.get(cluster, {}).items()
    }
    for endpoint in model.endpoints:
        if OTA in endpoint.outputs:
            for number, attribute in _OTA_CLIENT.items():
                values[endpoint.number, OTA, number] = attribute
    return values


def _server_attributes(
    model: Model, *, idle_status: int, battery: int
) -> dict[int, dict[int, Attribute]]:
    clusters: dict[int, dict[int, Attribute]] = {
        BASIC: {
            0x0000: Attribute(Kind.U8, 3),  # ZCL version
            0x0001: Attribute(Kind.U8, 1),  # Application version
            0x0002: Attribute(Kind.U8, 2),  # Stack version
            0x0003: Attribute(Kind.U8, 1),  # Hardware version
            0x0004: Attribute(Kind.STRING, model.manufacturer),
            0x0005: Attribute(Kind.STRING, model.model),
            0x0006: Attribute(Kind.STRING, "20240613"),  # Date code
            0x0007: Attribute(Kind.ENUM8, 0x01 if model.mains else 0x03),  # Power source
            0x4000: Attribute(Kind.STRING, "1.0.6"),  # Software build
        },
        POWER: {
            0x0020: Attribute(Kind.U8, 30 if battery > 20 else 24),  # 100 mV units
            0x0021: Attribute(Kind.U8, 2 * battery),  # Half per cents
        },
        IDENTIFY: {0x0000: Attribute(Kind.U16, 0, writable=True)},
        ON_OFF: {0x0000: Attribute(Kind.BOOL, 0)},
        POLL_CONTROL: {
            0x0000: Attribute(Kind.U32, 14400, writable=True),  # Check-in, quarter seconds
            0x0001: Attribute(Kind.U32, 24),  # Long poll
            0x0002: Attribute(Kind.U16, 1),  # Short poll
            0x0003: Attribute(Kind.U16, 40, writable=True),  # Fast poll timeout
        },
        IAS_ZONE: {
            0x0000: Attribute(Kind.ENUM8, 0),  # Zone state: not enrolled
            0x0001: Attribute(Kind.ENUM16, model.zone_type or 0),
            0x0002: Attribute(Kind.MAP16, idle_status),
            0x0010: Attribute(Kind.IEEE, 0, writable=True),  # CIE address
            0x0011: Attribute(Kind.U8, 0xFF),  # Zone id
        },
        IAS_WD: {0x0000: Attribute(Kind.U16, MAX_SIREN_S, writable=True)},
    }
    for numbers in clusters.values():
        # Cluster revision, which every server of ZCL 6 and later has.
        numbers[0xFFFD] = Attribute(Kind.U16, 1)
    for (cluster, number), attribute in model.measured.items():
        clusters.setdefault(cluster, {})[number] = attribute
    return clusters

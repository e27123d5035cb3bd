"""MAP.toml: what the sensors of a CSV are, where they are, and who lives there."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from agent import rule_files
from agent.core.device import DeviceKind
from agent.core.reading import Quantity
from agent.core.text import Sentence
from local_rules.fault import RuleFault, shown
from local_rules.rows.profiles import TWO_RESIDENTS
from local_rules.wish import Wish, read

TABLES = ("devices", "sensors")
"""Two words for the table of devices; a file has one of them, or both."""

KEYS = ("residents", "city", "profiles", *TABLES)

SAYS: Mapping[DeviceKind, Quantity] = {
    DeviceKind.CALL_BUTTON: Quantity.SOS,
    DeviceKind.PENDANT: Quantity.SOS,
    DeviceKind.PULL_CORD: Quantity.SOS,
    DeviceKind.CONTACT: Quantity.CONTACT_OPEN,
    DeviceKind.MOTION: Quantity.MOTION,
    DeviceKind.SMOKE: Quantity.SMOKE,
    DeviceKind.GAS: Quantity.GAS,
    DeviceKind.CO: Quantity.CO,
    DeviceKind.LEAK: Quantity.WATER_LEAK,
    DeviceKind.PLUG: Quantity.POWER_W,
    DeviceKind.CLIMATE: Quantity.TEMP_C,
}
"""What a line without a quantity means, by the kind of its device."""

_MOST_RESIDENTS = 20


@dataclass(frozen=True, slots=True)
class Sensor:
    """What one device is and where."""

    kind: DeviceKind = DeviceKind.UNKNOWN
    room: str = ""


@dataclass(frozen=True, slots=True)
class HomeMap:
    """Sensors by the name that the CSV has for them, and what the household is."""

    sensors: Mapping[str, Sensor] = field(default_factory=dict)
    residents: int = 1
    wish: Wish = field(default_factory=Wish)

    def under(self, wish: Wish) -> Wish:
        """Return `wish` with what the map says of the household where it says nothing itself."""
        profiles = self.wish.profiles if wish.profiles is None else wish.profiles
        if self.residents > 1 and TWO_RESIDENTS not in (profiles or ()):
            profiles = (*(profiles or ()), TWO_RESIDENTS)
        city = wish.city or self.wish.city
        return Wish(wish.version, city, profiles, wish.off, wish.values)


def load(path: Path) -> HomeMap:
    """Return what the file says. Errors: ConfigError with file, and line where it can be told."""
    text, raw = rule_files.parse(path)
    try:
        return _map(raw)
    except RuleFault as fault:
        raise rule_files.at_line(path, text, fault) from fault


def _map(raw: Mapping[str, Any]) -> HomeMap:
    for key in raw:
        if key not in KEYS:
            raise _wrong((key,), key, ", ".join(KEYS))
    residents = raw.get("residents", 1)
    is_whole = isinstance(residents, int) and not isinstance(residents, bool)
    if not is_whole or not 1 <= residents <= _MOST_RESIDENTS:
        raise _wrong(("residents",), residents, f"1-{_MOST_RESIDENTS}")
    sensors = {}
    for table in TABLES:
        entries = raw.get(table, {})
        if not isinstance(entries, dict):
            raise _wrong((table,), entries, f"[{table}.NAME]")
        for name, entry in entries.items():
            if name in sensors:
                raise _wrong((table, name), name, "each once")
            sensors[name] = _sensor((table, name), entry)
    wish = read({key: raw[key] for key in ("city", "profiles") if key in raw})
    return HomeMap(sensors, residents, wish)


def _sensor(where: tuple[str, ...], entry: object) -> Sensor:
    if not isinstance(entry, dict):
        raise _wrong(where, entry, 'a table: { kind = "motion", room = "bedroom" }')
    for key in entry:
        if key not in ("kind", "room"):
            raise _wrong((*where, key), key, "kind, room")
    kind, room = entry.get("kind", DeviceKind.UNKNOWN.value), entry.get("room", "")
    if kind not in list(DeviceKind):
        raise _wrong((*where, "kind"), kind, ", ".join(DeviceKind))
    if not isinstance(room, str) or len(room) > 64:
        raise _wrong((*where, "room"), room, '"bedroom"')
    return Sensor(DeviceKind(kind), room)


def _wrong(where: tuple[str, ...], got: object, wanted: str) -> RuleFault:
    key = ".".join(where)
    return RuleFault(
        where,
        Sentence(
            f"{key}：得到 {shown(got)}，应为 {wanted}。请改正。",
            f"{key}: got {shown(got)}, wanted {wanted}. Correct it.",
        ),
    )

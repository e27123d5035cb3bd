"""The home file: which devices are within range of the stick. Parses and refuses; builds nothing.

Shape:  TOML, one [[device]] table for each; a key that is not known is refused.
"""

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, fields, replace
from hashlib import sha256
from pathlib import Path

from .kinds import MODELS, Model
from .wire import parse_ieee

POLL_S = 6.0  # Below the stick's 7 s indirect timeout, as makers choose it.
_TI_PREFIX = 0x00124B00  # Texas Instruments' block: no device here pretends to be a real serial.


class HomeError(ValueError):
    """The home file says something we cannot build; the person who wrote it must act."""


@dataclass(frozen=True, slots=True)
class DeviceSpec:
    """One device as the home file describes it."""

    name: str
    kind: str
    ieee: int = 0
    sleepy: bool = True
    poll_s: float = POLL_S
    endpoint: int = 0  # 0: where the model has it.
    trip_to_pair: bool = True  # Asks for enrolment by itself.
    sends_unenrolled: bool = False
    idle_status: int = 0
    alarm2: bool = False  # Signals with Alarm2 instead of Alarm1.
    momentary: bool = False  # Sends an alarm and never a restore.
    constant_tsn: bool = False
    announce: bool = True
    deaf_after_join: bool = False
    electrical: bool = True
    battery: int = 100
    manufacturer: str = ""
    model: str = ""
    manufacturer_code: int = -1
    lqi: int = 180

    @property
    def parts(self) -> Model:
        """Return the table row with this device's own changes."""
        row = MODELS[self.kind]
        endpoints = row.endpoints
        if not self.electrical:
            endpoints = tuple(
                replace(e, inputs=tuple(c for c in e.inputs if c != 0x0B04)) for e in endpoints
            )
        if self.endpoint:
            main = len(endpoints) - 1 if len(endpoints) == 1 else 1
            moved = replace(endpoints[main], number=self.endpoint)
            endpoints = (*endpoints[:main], moved, *endpoints[main + 1 :])
        return replace(
            row,
            manufacturer=self.manufacturer or row.manufacturer,
            model=self.model or row.model,
            manufacturer_code=(
                row.manufacturer_code if self.manufacturer_code < 0 else self.manufacturer_code
            ),
            endpoints=endpoints,
        )


_TYPES: Mapping[str, tuple[type, ...]] = {
    "bool": (bool,),
    "int": (int,),
    "float": (int, float),
    "str": (str,),
}


def load_home(path: Path | None) -> tuple[DeviceSpec, ...]:
    """Return the devices of a home file; without one, one device of every kind."""
    if path is None:
        return tuple(_spec({"name": f"{_short(kind)}-1", "kind": kind}) for kind in MODELS)
    try:
        return parse_home(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise HomeError(f"home {path}: {error.strerror}") from error


def parse_home(text: str) -> tuple[DeviceSpec, ...]:
    """Return the devices of a home file's text; anything not understood raises HomeError."""
    try:
        tables = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise HomeError(f"home file: {error}") from error
    unknown = set(tables) - {"device"}
    rows = tables.get("device", [])
    if unknown or not isinstance(rows, list):
        raise HomeError(f"home file: got {sorted(tables)}, wanted [[device]] tables only")
    specs = tuple(_spec(row) for row in rows)
    for what in ("name", "ieee"):
        seen = [getattr(spec, what) for spec in specs]
        if len(set(seen)) != len(seen):
            raise HomeError(f"home file: two devices have the same {what}")
    return specs


def ieee_from(name: str) -> int:
    """Return an address that belongs to a name for good."""
    return _TI_PREFIX << 32 | int.from_bytes(sha256(name.encode()).digest()[:4], "big")


def _spec(row: Mapping[str, object]) -> DeviceSpec:
    known = {field.name: str(field.type) for field in fields(DeviceSpec)}
    name, kind = row.get("name"), row.get("kind")
    if not isinstance(name, str) or not name:
        raise HomeError(f"device: got name {name!r}, wanted text")
    if kind not in MODELS:
        raise HomeError(f"device {name}: got kind {kind!r}, wanted one of {', '.join(MODELS)}")
    values: dict[str, object] = {"sleepy": not MODELS[str(kind)].mains}
    for key, value in row.items():
        if key not in known:
            raise HomeError(f"device {name}: got key {key!r}, wanted one of {', '.join(known)}")
        values[key] = _ieee(name, value) if key == "ieee" else _typed(name, key, known[key], value)
    values.setdefault("ieee", ieee_from(name))
    # The loop above has checked every value against its field's type.
    return DeviceSpec(**values)  # type: ignore[arg-type]


def _typed(name: str, key: str, kind: str, value: object) -> object:
    wanted = _TYPES[kind.removeprefix("<class '").removesuffix("'>")]
    if not isinstance(value, wanted) or (isinstance(value, bool) and bool not in wanted):
        raise HomeError(f"device {name}: {key}: got {value!r}, wanted {wanted[-1].__name__}")
    return value


def _ieee(name: str, value: object) -> int:
    if not isinstance(value, str):
        raise HomeError(f"device {name}: ieee: got {value!r}, wanted text like 00:12:4b:...")
    try:
        return parse_ieee(value)
    except ValueError as error:
        raise HomeError(f"device {name}: {error}") from error


def _short(kind: str) -> str:
    return {"sos_button": "sos", "ace_button": "ace"}.get(kind, kind)

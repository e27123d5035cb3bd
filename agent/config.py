"""The hub's configuration file: one TOML file, parsed once, refused as a whole when anything in it
is wrong.

Owns every key, its default and its hard range. A wrong file starts nothing: `load` raises one
ConfigError whose message names file, key, what was found, what was wanted and the next step.
"""

from __future__ import annotations

import os
import tomllib
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import (
    AfterValidator,
    BaseModel,
    ConfigDict,
    Field,
    StringConstraints,
    ValidationError,
)
from pydantic_core import PydanticCustomError

from agent.core.errors import ConfigError

_SOCKET = "control.sock"
_SOCKET_PATH_BYTES = 107  # unix(7): a longer name cannot be bound.

PublicKey = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9+/]{43}=$")]
"""A raw Ed25519 public key in base64: 32 bytes."""

Name = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$")]

DeviceName = Annotated[str, StringConstraints(pattern=r"^zb:[0-9a-f]{16}$")]
"""The id of a device of the home, as `anju devices` shows it."""


def _openable(path: Path) -> Path:
    if "\0" in str(path):
        raise PydanticCustomError("path_nul", "input should be a path without a zero byte")
    return path


def _short_enough(path: Path) -> Path:
    most = _SOCKET_PATH_BYTES - len(_SOCKET) - 1
    if len(os.fsencode(path)) > most:
        wanted = "input should be a path of at most {most} bytes, for a socket is made in it"
        raise PydanticCustomError("path_long", wanted, {"most": most})
    return path


AnyPath = Annotated[Path, AfterValidator(_openable)]
SocketFolder = Annotated[AnyPath, AfterValidator(_short_enough)]


class Section(BaseModel):
    """Base of every section: unknown keys are refused, numbers are not guessed from text."""

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True)


class HubSection(Section):
    """`[hub]`: who this hub is and where it keeps its things."""

    id: Name
    district: Name = "district"
    data_dir: AnyPath = Field(default=Path("/var/lib/anju"), strict=False)
    runtime_dir: SocketFolder = Field(default=Path("/run/anju"), strict=False)
    language: Literal["zh", "en"] = "zh"


class ZigbeeSection(Section):
    """`[zigbee]`: the stick. Without this section there is no Zigbee."""

    port: str = Field(min_length=1, max_length=256)
    baudrate: int = Field(default=115_200, ge=9_600, le=1_000_000)
    channel: int = Field(default=15, ge=11, le=26)


class ModemSection(Section):
    """`[modem]`: the 4G module that texts and calls. Without this section nobody is called."""

    port: str = Field(min_length=1, max_length=256)
    """Its AT port: `/dev/anju-modem`, or one of `/dev/serial/by-id/`."""
    baudrate: int = Field(default=115_200, ge=9_600, le=921_600)
    pin_file: AnyPath | None = Field(default=None, strict=False)
    """A file with the PIN of the SIM and nothing else; without it the SIM must ask for none."""


class UplinkSection(Section):
    """`[uplink]`: the district's broker. Without this section the hub works alone."""

    host: str = Field(min_length=1, max_length=255)
    port: int = Field(default=8883, ge=1, le=65_535)
    tls: bool = True
    ca_file: AnyPath | None = Field(default=None, strict=False)
    cert_file: AnyPath | None = Field(default=None, strict=False)
    key_file: AnyPath | None = Field(default=None, strict=False)
    username: str | None = Field(default=None, max_length=256)
    password_file: AnyPath | None = Field(default=None, strict=False)
    protocol: Literal["auto", "5", "3.1.1"] = "auto"
    keepalive_s: int = Field(default=30, ge=10, le=120)
    reconnect_max_s: float = Field(default=60.0, ge=1.0, le=300.0)
    bulk_rows_per_s: float = Field(default=500.0, ge=1.0, le=100_000.0)
    command_keys: dict[Name, PublicKey] = Field(default_factory=dict, max_length=8)
    """Whose signature may change this hub, by key id. Without any, nobody's."""


class JournalSection(Section):
    """`[journal]`: how much room the record may take on the disk."""

    max_mb: int = Field(default=512, ge=64, le=65_536)
    card_tbw: float = Field(default=10.0, gt=0.0, le=10_000.0)
    """TB that the card takes before it wears out. The default is a guess for a consumer card of
    32 GB; take the figure from the card's data sheet."""
    write_budget_mb: int = Field(default=512, ge=1, le=1_000_000)
    """MB that guard may write in a day. The default lets the default card live for six years."""


class SirenSection(Section):
    """`[siren]`: how the sirens of the home behave."""

    sos_s: int = Field(default=60, ge=10, le=600)
    danger_s: int = Field(default=300, ge=60, le=1_800)


class HostSection(Section):
    """`[host]`: the hub's own parts. Without this section none of them is looked at; with it, those
    that are there."""

    sysfs: AnyPath = Field(default=Path("/sys"), strict=False)
    gpio_chip: AnyPath = Field(default=Path("/dev/gpiochip0"), strict=False)
    button_line: int | None = Field(default=None, ge=0, le=1_023)
    """The line of the call button; pressed it is low (a button to ground, held up by the chip)."""
    lamp_line: int | None = Field(default=None, ge=0, le=1_023)
    """The line of the lamp; high is lit."""


class SoundSection(Section):
    """`[sound]`: what the person hears from the hub itself. Without this section it is mute."""

    device: str = Field(default="default", min_length=1, max_length=128)
    volume_pct: int = Field(default=90, ge=30, le=100)
    """How loud the tones are. Not below 30: an alarm that is not heard is none."""
    recordings: AnyPath | None = Field(default=None, strict=False)
    """A folder of recorded words: `<key>.wav`, for a dialect or for a voice that is known."""
    shows: tuple[DeviceName, ...] = Field(default=(), max_length=8, strict=False)
    """For who cannot hear: the lights and vibrating plugs that are on while a tone sounds."""


class Config(Section):
    """The whole file.

    `rules` is kept as it is written: which rules and limits there are the safety table knows, and
    only who runs or shows rules needs to load that.
    """

    hub: HubSection
    zigbee: ZigbeeSection | None = None
    modem: ModemSection | None = None
    uplink: UplinkSection | None = None
    host: HostSection | None = None
    sound: SoundSection | None = None
    siren: SirenSection = SirenSection()
    journal: JournalSection = JournalSection()
    rules: dict[str, Any] = Field(default_factory=dict)

    @property
    def control_socket(self) -> Path:
        """Return where guard listens for the command line and for link."""
        return self.hub.runtime_dir / _SOCKET

    @property
    def journal_file(self) -> Path:
        """Return the journal's own file."""
        return self.hub.data_dir / "journal.db"

    @property
    def fallback_file(self) -> Path:
        """Return where the journal goes on while the disk fails: on tmpfs."""
        return self.hub.runtime_dir / "journal-fallback.db"


def load(path: Path) -> Config:
    """Return the configuration in `path`.

    Errors: ConfigError in one line when the file cannot be read, is not TOML, or a key is wrong.
    """
    try:
        text = path.read_bytes().decode()
        raw = tomllib.loads(text)
    except OSError as error:
        raise ConfigError(
            f"{path}: cannot be read ({error.strerror}). Give the right file with --config FILE."
        ) from error
    except RecursionError as error:
        raise ConfigError(f"{path}: nested too deeply. Keep to [sections] of keys.") from error
    except ValueError as error:  # Not TOML, not UTF-8, or a number of thousands of digits.
        raise ConfigError(f"{path}: not TOML: {error}. Correct that line and try again.") from error
    try:
        config = Config.model_validate(raw)
    except ValidationError as error:
        raise ConfigError(_sentence(path, error)) from error
    if config.rules:
        from agent.rule_files import judged  # Link, which has no rules, need not load the table.

        judged(path, text, config.rules)
    return config


def _sentence(path: Path, error: ValidationError) -> str:
    """Say the first fault (and how many more there are) as file, key, got, wanted, next step."""
    faults = error.errors(include_url=False)
    first = faults[0]
    parts = [str(part) for part in first["loc"]]
    key = ".".join(part if part.isprintable() else repr(part) for part in parts) or "the file"
    if first["type"] == "extra_forbidden":
        known = ", ".join(_known_keys(first["loc"][:-1]))
        wanted = f"is not a key here; wanted one of: {known}. Remove it or correct its spelling."
    elif first["type"] == "missing":
        wanted = "is missing. Add it."
    else:
        says = _WANTED.get(first["type"], first["msg"][:1].lower() + first["msg"][1:])
        wanted = f"= {repr(first['input'])[:80]}: {says}. Correct the value."
    more = f" ({len(faults) - 1} more after this one)" if len(faults) > 1 else ""
    return f"{path}: {key} {wanted}{more}"


_WANTED = {
    "model_type": "input should be a section: its name in brackets and its keys below it",
    "path_type": "input should be a path in quotes",
}
"""Words for the faults that pydantic would explain with the names of Python classes."""


def _known_keys(where: tuple[Any, ...]) -> list[str]:
    """Return the keys allowed in the section at `where`."""
    model: type[BaseModel] = Config
    for part in where:
        annotation = model.model_fields[str(part)].annotation
        candidates = [annotation, *getattr(annotation, "__args__", ())]
        model = next(c for c in candidates if isinstance(c, type) and issubclass(c, BaseModel))
    return sorted(model.model_fields)

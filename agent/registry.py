"""The device ledger: which devices belong to this home, and what was last heard of each.

Owns the ledger and its copy outside the journal: a home must not lose its devices because a
database file was damaged. The copy is replaced whole, and never by an empty one.
"""

from __future__ import annotations

import json
import logging
import threading
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import asdict, replace
from pathlib import Path

from agent import kept_copy
from agent.core.clock import Stamp
from agent.core.device import Device, DeviceId, DeviceKind, PowerClass
from agent.core.reading import Reading, Value

log = logging.getLogger(__name__)


class Registry:
    """All devices of the home by id. Only paired devices are in it, and the hub's own parts that
    take orders."""

    def __init__(self, kept: Mapping[str, str], copy: Path) -> None:
        """Take the ledger from the journal (`kept`: id to JSON), or from the copy if that has
        none."""
        self._copy = copy
        self._copying = threading.Lock()
        self._devices = _read_kept(kept)
        self.restored_from_copy = False
        if not self._devices:
            self._devices = _read_copy(copy)
            self.restored_from_copy = bool(self._devices)
        self._parts: set[DeviceId] = set()
        self._latest: dict[DeviceId, dict[str, Value]] = {}
        self._heard: dict[DeviceId, Stamp] = {}

    def get(self, device: DeviceId) -> Device | None:
        """Return the device, None when it does not belong to this home."""
        return self._devices.get(device)

    def all(self) -> list[Device]:
        """Return all devices in the order in which they were paired."""
        return sorted(self._devices.values(), key=lambda d: (d.paired_at_s or 0.0, d.id))

    def paired(self) -> list[Device]:
        """Return all devices but the hub's own parts."""
        return [device for device in self.all() if device.id not in self._parts]

    def of_kind(self, kind: DeviceKind) -> list[Device]:
        """Return all devices of a kind."""
        return [device for device in self.all() if device.kind is kind]

    def put(self, device: Device) -> None:
        """Take a device in, or take better knowledge of it."""
        self._devices[device.id] = device

    def put_part(self, part: Device) -> None:
        """Take in a part of the hub itself: it can be given orders, and is in no copy."""
        self._parts.add(part.id)
        self._devices[part.id] = part

    def renew(self, found: Device) -> Device | None:
        """Take what a device now says of itself; name, room and kind stay. None when it is not
        ours."""
        known = self._devices.get(found.id)
        if known is None:
            return None
        better = replace(
            known, manufacturer=found.manufacturer, model=found.model, power=found.power
        )
        self._devices[found.id] = better
        return better if better != known else None

    def hear(self, reading: Reading) -> None:
        """Take note of the latest value of one input of one device."""
        name = f"{reading.quantity}/{reading.channel}" if reading.channel else reading.quantity
        self._latest.setdefault(reading.device, {})[name] = reading.value
        self._heard[reading.device] = reading.received

    def latest(self, device: DeviceId) -> dict[str, Value]:
        """Return the latest value of each input: `quantity` or `quantity/channel` to value."""
        return dict(self._latest.get(device, {}))

    def heard(self, device: DeviceId) -> Stamp | None:
        """Return when the device was last heard in this run, None when it was not."""
        return self._heard.get(device)

    def write_copy(self) -> None:
        """Replace the copy on disk, durably; the one before it stays as `.old`. Errors: OSError."""
        with self._copying:  # Two pairings in quick succession would write the same file.
            self._replace_copy()

    def _replace_copy(self) -> None:
        ours = self.paired()
        if not ours:
            return
        text = json.dumps([json.loads(encode_device(d)) for d in ours], ensure_ascii=False)
        kept_copy.write(self._copy, "devices", text)


def encode_device(device: Device) -> str:
    """Return the JSON text of a device."""
    return json.dumps(asdict(device), ensure_ascii=False)


def decode_device(body: str) -> Device:
    """Return the device of a JSON text made by `encode_device`."""
    fields = json.loads(body)
    return Device(
        **{
            **fields,
            "id": DeviceId(fields["id"]),
            "kind": DeviceKind(fields["kind"]),
            "power": PowerClass(fields["power"]),
        }
    )


def _read_kept(kept: Mapping[str, str]) -> dict[DeviceId, Device]:
    """Return the devices of the journal; an entry that cannot be read never keeps the hub from
    starting."""
    devices: dict[DeviceId, Device] = {}
    for key, body in kept.items():
        try:
            devices[DeviceId(key)] = decode_device(body)
        except (ValueError, KeyError, TypeError) as error:
            log.error("ledger.unreadable key=%s error=%s", key, error)
    return devices


def _read_copy(copy: Path) -> dict[DeviceId, Device]:
    """Return the devices of the newest copy that is whole, none when there is none."""
    for text in kept_copy.read(copy, "devices"):
        with suppress(ValueError, KeyError, TypeError, AttributeError):
            devices = [decode_device(json.dumps(d)) for d in json.loads(text)]
            return {device.id: device for device in devices}
    return {}

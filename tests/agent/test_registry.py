"""A home does not lose its devices: not by a damaged journal, a torn copy or an empty ledger."""

from __future__ import annotations

import json
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path

import pytest

from agent.core.device import Device, DeviceId, DeviceKind, PowerClass, hub_part
from agent.core.reading import Quantity, Reading
from agent.registry import Registry, decode_device, encode_device
from tests.agent.home import BUTTON, DEVICES, SIREN, SMOKE
from tests.clocks import HandClock

FULL = Device(
    DeviceId("zb:00124b0001020304"),
    DeviceKind.CONTACT,
    '大门 "front"',
    "玄关",
    "HEIMAN",
    "DoorSensor-EM",
    PowerClass.BATTERY,
    1_795_000_000.25,
)


@pytest.fixture
def copy(tmp_path: Path) -> Path:
    return tmp_path / "devices.json"


def ledger(copy: Path, *devices: Device) -> Registry:
    return Registry({str(device.id): encode_device(device) for device in devices}, copy)


def kept(copy: Path) -> list[Device]:
    """Return what a hub whose journal has gone finds."""
    return Registry({}, copy).all()


@pytest.mark.parametrize("device", [FULL, BUTTON, replace(FULL, paired_at_s=None)])
def test_a_device_is_read_as_it_was_written(device: Device) -> None:
    found = decode_device(encode_device(device))
    assert found == device
    assert isinstance(found.kind, DeviceKind)
    assert isinstance(found.power, PowerClass)


def test_devices_stand_in_the_order_in_which_they_were_paired(copy: Path) -> None:
    registry = ledger(copy, SIREN, SMOKE, BUTTON)
    assert registry.all() == [BUTTON, SMOKE, SIREN]
    assert registry.of_kind(DeviceKind.SIREN) == [SIREN]
    assert registry.get(SMOKE.id) == SMOKE
    assert registry.get(DeviceId("zb:ff")) is None


def test_a_device_may_say_more_of_itself_but_not_change_its_name_room_or_kind(copy: Path) -> None:
    registry = ledger(copy, replace(FULL, manufacturer="", model="", power=PowerClass.UNKNOWN))
    says = replace(FULL, name="x", room="y", kind=DeviceKind.SMOKE, paired_at_s=None)
    assert registry.renew(says) == FULL
    assert registry.get(FULL.id) == FULL
    assert registry.renew(says) is None, "nothing new the second time"
    assert registry.renew(replace(FULL, id=DeviceId("zb:ff"))) is None
    assert registry.get(DeviceId("zb:ff")) is None, "a stranger was taken in"


def test_the_latest_value_of_each_input_is_known(copy: Path) -> None:
    registry, clock = ledger(copy, FULL), HandClock()
    assert (registry.latest(FULL.id), registry.heard(FULL.id)) == ({}, None)
    for value in (1.0, 2.0):
        clock.advance(1)
        registry.hear(Reading(FULL.id, Quantity.TEMP_C, value, clock.now()))
    registry.hear(Reading(FULL.id, Quantity.CONTACT_OPEN, True, clock.now(), "alarm1"))
    assert registry.latest(FULL.id) == {"temp_c": 2.0, "contact_open/alarm1": True}
    assert registry.heard(FULL.id) == clock.now()


def test_the_copy_gives_the_devices_back_when_the_journal_has_none(copy: Path) -> None:
    ledger(copy, *DEVICES, FULL).write_copy()
    registry = Registry({}, copy)
    assert registry.restored_from_copy
    assert set(registry.all()) == {*DEVICES, FULL}


def test_the_journal_counts_when_it_has_devices(copy: Path) -> None:
    ledger(copy, SIREN).write_copy()
    registry = ledger(copy, BUTTON)
    assert not registry.restored_from_copy
    assert registry.all() == [BUTTON]


def test_without_journal_and_copy_the_home_is_empty(copy: Path) -> None:
    registry = Registry({}, copy)
    assert registry.all() == []
    assert not registry.restored_from_copy


def test_an_empty_ledger_never_replaces_a_copy(copy: Path) -> None:
    empty = Registry({}, copy)
    ledger(copy, *DEVICES).write_copy()
    before = copy.read_bytes()
    empty.write_copy()
    assert copy.read_bytes() == before


def test_the_copy_before_stays_as_old(copy: Path) -> None:
    registry = ledger(copy, BUTTON)
    registry.write_copy()
    first = copy.read_bytes()
    registry.put(SIREN)
    registry.write_copy()
    assert copy.with_suffix(".old").read_bytes() == first
    assert kept(copy) == [BUTTON, SIREN]
    assert not copy.with_suffix(".new").exists()


@pytest.mark.parametrize("share", [0.0, 0.1, 0.5, 0.9, 0.999])
def test_a_torn_copy_gives_way_to_the_one_before(copy: Path, share: float) -> None:
    registry = ledger(copy, BUTTON)
    registry.write_copy()
    registry.put(SIREN)
    registry.write_copy()
    whole = copy.read_bytes()
    copy.write_bytes(whole[: int(len(whole) * share)])
    assert kept(copy) == [BUTTON]


def test_a_copy_with_one_changed_letter_is_not_trusted(copy: Path) -> None:
    ledger(copy, BUTTON).write_copy()
    copy.write_bytes(copy.read_bytes().replace(b"call_button", b"siren"))
    assert kept(copy) == []


@pytest.mark.parametrize(
    "text",
    [
        b"\xff\xfe\x00",
        b"null",
        b"[]",
        b"3",
        b"{}",
        b'{"devices": 3, "sha256": "x"}',
        b'{"devices": null, "sha256": null}',
        b'{"devices": "[]"}',
    ],
)
def test_rubbish_in_place_of_the_copy_keeps_nothing_from_starting(copy: Path, text: bytes) -> None:
    copy.write_bytes(text)
    assert kept(copy) == []
    ledger(copy.with_suffix(".old"), FULL).write_copy()
    assert kept(copy) == [FULL], "the copy before was not looked at"


def test_a_power_cut_between_the_two_renames_loses_nothing(copy: Path) -> None:
    ledger(copy, *DEVICES).write_copy()
    copy.rename(copy.with_suffix(".old"))
    copy.with_suffix(".new").write_text("half a fi")
    assert kept(copy) == list(DEVICES)


def test_the_copy_says_what_it_holds_in_plain_text(copy: Path) -> None:
    ledger(copy, FULL).write_copy()
    assert "大门" in json.loads(copy.read_text())["devices"]


def test_a_folder_that_is_gone_is_an_error_for_the_caller(tmp_path: Path) -> None:
    with pytest.raises(OSError, match="No such file"):
        ledger(tmp_path / "none" / "devices.json", BUTTON).write_copy()


def test_copies_written_at_the_same_time_do_not_spoil_each_other(copy: Path) -> None:
    registry = ledger(copy, *DEVICES)
    with ThreadPoolExecutor(8) as pool:
        writing = [pool.submit(registry.write_copy) for _ in range(40)]
        for one in writing:
            one.result(timeout=10)
    assert kept(copy) == list(DEVICES)
    assert kept(copy.with_suffix(".old")) == list(DEVICES)


@pytest.mark.parametrize(
    "body",
    ["", "{}", "[]", "not json", encode_device(FULL).replace('"contact"', '"bed_mat"')],
)
def test_an_entry_that_cannot_be_read_costs_no_other_device(copy: Path, body: str) -> None:
    entries = {str(BUTTON.id): encode_device(BUTTON), str(FULL.id): body}
    assert Registry(entries, copy).all() == [BUTTON]


def test_a_part_of_the_hub_takes_orders_and_is_in_no_copy(copy: Path) -> None:
    speaker = Device(hub_part("speaker"), DeviceKind.SPEAKER, "hub speaker")
    registry = ledger(copy, BUTTON)
    registry.put_part(speaker)
    assert registry.of_kind(DeviceKind.SPEAKER) == [speaker]
    assert registry.paired() == [BUTTON]
    registry.write_copy()
    assert kept(copy) == [BUTTON]


def test_a_hub_with_nothing_but_its_own_parts_overwrites_no_copy(copy: Path) -> None:
    ledger(copy, FULL).write_copy()
    empty = Registry({}, copy.with_name("other.json"))
    empty.put_part(Device(hub_part("speaker"), DeviceKind.SPEAKER, "hub speaker"))
    empty.write_copy()
    assert not copy.with_name("other.json").exists()
    assert kept(copy) == [FULL]

"""What a frame says: every bit, every measured value, and nothing for bytes that say nothing."""

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from agent.core.device import DeviceKind
from agent.core.errors import FrameError
from agent.core.reading import Quantity, Value
from drivers.zigbee.decode import (
    HOME_AUTOMATION,
    QUANTITY_OF_KIND,
    STATE_BITS,
    Decoded,
    Statement,
    decode,
    zone_statements,
)
from drivers.zigbee.definitions import Description, Endpoint, define
from drivers.zigbee.frames import FrameNames


def hear(
    frame: str,
    cluster: int,
    *,
    kind: DeviceKind = DeviceKind.CALL_BUTTON,
    endpoint: int = 1,
    before: int | None = 0,
    profile: int = HOME_AUTOMATION,
) -> Decoded:
    return decode(
        bytes.fromhex(frame),
        profile=profile,
        cluster=cluster,
        endpoint=endpoint,
        kind=kind,
        zone_before=before,
    )


def notification(status: int) -> str:
    return f"09 1a 00 {status.to_bytes(2, 'little').hex()} 00 00 0000"


@pytest.mark.parametrize(("kind", "quantity"), QUANTITY_OF_KIND.items())
@pytest.mark.parametrize(("bit", "name"), [(1, "alarm1"), (2, "alarm2")])
def test_either_alarm_bit_is_the_alarm_of_the_device(
    kind: DeviceKind, quantity: Quantity, bit: int, name: str
) -> None:
    said = hear(notification(bit), 0x0500, kind=kind)
    assert said.statements == (Statement(quantity, True, name),)
    assert said.zone_status == bit


@pytest.mark.parametrize(("bit", "quantity"), STATE_BITS.items())
def test_each_state_bit_is_said_alone_when_it_changes(bit: int, quantity: Quantity) -> None:
    assert zone_statements(bit, 0, 1, DeviceKind.SMOKE) == (Statement(quantity, True),)
    assert zone_statements(0, bit, 1, DeviceKind.SMOKE) == (Statement(quantity, False),)
    assert zone_statements(bit, bit, 1, DeviceKind.SMOKE) == ()


@pytest.mark.parametrize("idle", [0x0000, 0x0020, 0x0030, 0x0100])
@pytest.mark.parametrize("kind", QUANTITY_OF_KIND)
def test_statuses_at_which_devices_rest_are_no_alarm(idle: int, kind: DeviceKind) -> None:
    said = zone_statements(idle, None, 1, kind)
    alarms = [one for one in said if one.quantity == QUANTITY_OF_KIND[kind]]
    assert [(one.channel, one.value) for one in alarms] == [("alarm1", False), ("alarm2", False)]
    assert len(said) == 10


def test_a_motion_sensor_that_signals_with_the_second_alarm_is_heard() -> None:
    assert Statement(Quantity.MOTION, True, "alarm2") in zone_statements(
        0x0022, 0x0020, 1, DeviceKind.MOTION
    )


def test_a_second_press_is_a_second_press() -> None:
    first = hear(notification(1), 0x0500)
    assert hear(notification(1), 0x0500, before=first.zone_status) == first


def test_an_alarm_that_ends_is_said_once() -> None:
    assert hear(notification(0), 0x0500, before=1).statements == (
        Statement(Quantity.SOS, False, "alarm1"),
    )
    assert hear(notification(0), 0x0500, before=0).statements == ()


def test_a_zone_on_another_endpoint_has_channels_of_its_own() -> None:
    said = hear(notification(0x0005), 0x0500, endpoint=35, kind=DeviceKind.SMOKE)
    assert said.statements == (
        Statement(Quantity.SMOKE, True, "ep35.alarm1"),
        Statement(Quantity.TAMPER, True, "ep35"),
    )


def test_a_zone_without_a_word_of_its_own_is_a_zone_alarm() -> None:
    said = hear(notification(1), 0x0500, kind=DeviceKind.UNKNOWN)
    assert said.statements == (Statement(Quantity.ZONE_ALARM, True, "alarm1"),)


@pytest.mark.parametrize(
    ("command", "channel"), [("02", "emergency"), ("03", "fire"), ("04", "panic")]
)
def test_every_call_from_a_key_pad_is_an_sos(command: str, channel: str) -> None:
    assert hear(f"01 07 {command}", 0x0501).statements == (Statement(Quantity.SOS, True, channel),)


def test_arming_a_key_pad_is_not_an_sos() -> None:
    assert hear("01 07 00 03 00 00", 0x0501) == Decoded()


def test_a_command_in_the_wrong_direction_is_not_an_alarm() -> None:
    assert hear("01 1a 00 0100 00 00 0000", 0x0500) == Decoded()
    assert hear("09 07 02", 0x0501) == Decoded()


def test_a_zone_asks_to_be_enrolled() -> None:
    assert hear("09 05 01 2c00 0b12", 0x0500).wants_enrolment


@pytest.mark.parametrize(
    ("frame", "cluster", "quantity", "value"),
    [
        ("18 01 0a 0000 29 fc08", 0x0402, Quantity.TEMP_C, 23.0),
        ("18 01 0a 0000 29 0cfe", 0x0402, Quantity.TEMP_C, -5.0),
        ("18 01 0a 0000 21 8813", 0x0405, Quantity.HUMIDITY_PCT, 50.0),
        ("18 01 0a 0000 21 0000", 0x0400, Quantity.ILLUMINANCE_LX, 0.0),
        ("18 01 0a 0000 21 1127", 0x0400, Quantity.ILLUMINANCE_LX, 10.0),
        ("18 01 0a 0000 18 01", 0x0406, Quantity.MOTION, True),
        ("18 01 0a 2100 20 c8", 0x0001, Quantity.BATTERY_PCT, 100.0),
        ("18 01 0a 2000 20 1e", 0x0001, Quantity.BATTERY_V, 3.0),
        ("18 01 0a 0000 10 01", 0x0006, Quantity.SWITCHED_ON, True),
        ("18 01 0a 0b05 29 dc05", 0x0B04, Quantity.POWER_W, 1500.0),
    ],
)
def test_measured_values(frame: str, cluster: int, quantity: Quantity, value: Value) -> None:
    assert hear(frame, cluster).statements == (Statement(quantity, value),)


@pytest.mark.parametrize(
    ("frame", "cluster"),
    [
        ("18 01 0a 0000 29 0080", 0x0402),  # The temperature is not known.
        ("18 01 0a 0000 21 ffff", 0x0405),
        ("18 01 0a 0000 21 1127", 0x0405),  # 100.01 %.
        ("18 01 0a 0000 21 ffff", 0x0400),
        ("18 01 0a 2100 20 ff", 0x0001),
        ("18 01 0a 2100 20 c9", 0x0001),  # 100.5 %.
        ("18 01 0a 0000 10 ff", 0x0006),
        ("18 01 0a 0b05 29 0080", 0x0B04),
        ("18 01 0a 0000 42 03 616263", 0x0402),  # Text where a number belongs.
        ("18 01 0a 0400 42 06 48454943414e", 0x0000),
        ("1c 0b12 01 0a 0000 29 fc08", 0x0402),  # Of the maker's own making.
        ("18 01 0b 00 00", 0x0006),
    ],
)
def test_what_is_not_valid_is_not_said(frame: str, cluster: int) -> None:
    assert hear(frame, cluster) == Decoded()


def test_an_answer_to_a_question_is_marked_as_one() -> None:
    said = hear("18 01 01 0200 00 19 2100", 0x0500, before=None, kind=DeviceKind.LEAK)
    assert said.asked
    assert said.zone_status == 0x21
    assert Statement(Quantity.WATER_LEAK, True, "alarm1") in said.statements


def test_a_refused_attribute_does_not_hide_the_next() -> None:
    said = hear("18 01 01 0000 86 2100 00 20 64", 0x0001)
    assert said.statements == (Statement(Quantity.BATTERY_PCT, 50.0),)


def test_another_profile_is_no_concern_of_ours() -> None:
    assert hear(notification(1), 0x0500, profile=0xC0C9) == Decoded()


@pytest.mark.parametrize(
    "frame", ["", "09", "09 1a", "0b 1a 00", "0d 0b 12 01", "09 1a 00 01", "18 01 0a 0000 29 fc"]
)
def test_cut_frames_are_refused(frame: str) -> None:
    with pytest.raises(FrameError):
        hear(frame, 0x0500)


CLUSTERS = st.sampled_from(
    [0x0001, 0x0006, 0x0400, 0x0402, 0x0405, 0x0406, 0x0500, 0x0501, 0x0B04, 0xEF00]
)


@given(
    frame=st.one_of(
        st.binary(max_size=64),
        st.binary(max_size=48).map(lambda tail: b"\x18\x01\x0a\x00\x00" + tail),
        st.binary(max_size=48).map(lambda tail: b"\x18\x01\x01\x00\x00\x00" + tail),
    ),
    cluster=CLUSTERS,
    endpoint=st.integers(1, 240),
    kind=st.sampled_from(DeviceKind),
    before=st.none() | st.integers(0, 0xFFFF),
)
@example(b"\x18\x01\x0a\x00\x00\x48\x00\xfe\xff", 0x0402, 1, DeviceKind.CLIMATE, None)
@example(b"\x18\x01\x0a\x00\x00" + b"\x4c\x01\x00" * 20, 0x0402, 1, DeviceKind.CLIMATE, None)
@example(b"\x18\x01\x0a\x00\x00\x39\x00\x00\xc0\x7f", 0x0402, 1, DeviceKind.CLIMATE, None)
def test_any_bytes_are_understood_or_refused(
    frame: bytes, cluster: int, endpoint: int, kind: DeviceKind, before: int | None
) -> None:
    try:
        said = decode(
            frame,
            profile=HOME_AUTOMATION,
            cluster=cluster,
            endpoint=endpoint,
            kind=kind,
            zone_before=before,
        )
    except FrameError:
        return
    assert all(isinstance(one.value, (bool, int, float)) for one in said.statements)


@given(status=st.integers(0, 0xFFFF), before=st.none() | st.integers(0, 0xFFFF))
def test_an_alarm_bit_that_is_set_is_always_said(status: int, before: int | None) -> None:
    said = zone_statements(status, before, 1, DeviceKind.SMOKE)
    for bit, name in ((1, "alarm1"), (2, "alarm2")):
        assert (Statement(Quantity.SMOKE, True, name) in said) == bool(status & bit)


@pytest.mark.parametrize(
    ("model", "zone_type", "kind"),
    [
        ("COSensor-EM", 0x002B, DeviceKind.CO),
        ("GASSensor-EM", 0x002B, DeviceKind.GAS),
        ("", 0x002B, DeviceKind.GAS),
        ("SOS-EM", 0x0016, DeviceKind.CALL_BUTTON),
        ("TS0202", 0x8000, DeviceKind.MOTION),
        ("", 0x8000, DeviceKind.UNKNOWN),
        ("", 0x0808, DeviceKind.UNKNOWN),
        ("", 0x0115, DeviceKind.CALL_BUTTON),
        ("", 0x010F, DeviceKind.CALL_BUTTON),
        ("", 0x0225, DeviceKind.SIREN),
    ],
)
def test_the_model_is_believed_before_the_zone_type(
    model: str, zone_type: int, kind: DeviceKind
) -> None:
    assert define(Description(model=model, zone_types=(zone_type,))).kind == kind


@pytest.mark.parametrize(
    ("endpoint", "kind"),
    [
        (Endpoint(1, outputs=frozenset({0x0501})), DeviceKind.CALL_BUTTON),
        (Endpoint(1, inputs=frozenset({0x0502})), DeviceKind.SIREN),
        (Endpoint(1, 0x0051, frozenset({0x0006})), DeviceKind.PLUG),
        (Endpoint(1, 0x0002, frozenset({0x0006, 0x0B04})), DeviceKind.PLUG),
        (Endpoint(1, 0x0101, frozenset({0x0006, 0x0008})), DeviceKind.LIGHT),
        (Endpoint(1, 0x0002, frozenset({0x0006})), DeviceKind.UNKNOWN),
        (Endpoint(1, inputs=frozenset({0x0406})), DeviceKind.MOTION),
        (Endpoint(1, inputs=frozenset({0x0402})), DeviceKind.CLIMATE),
        (Endpoint(1), DeviceKind.UNKNOWN),
    ],
)
def test_clusters_tell_what_a_device_without_a_zone_is(
    endpoint: Endpoint, kind: DeviceKind
) -> None:
    assert define(Description(endpoints=(endpoint,))).kind == kind


def test_a_retransmission_has_the_name_of_its_frame() -> None:
    names = FrameNames()
    frame = bytes.fromhex("09 1a 00 0100 00 00 0000")
    first = names.name("a", 35, 0x0500, frame)
    assert first == "35.0500.1a.00010000000000"
    assert names.name("a", 35, 0x0500, frame) == first
    other = bytes.fromhex("09 1b 00 0000 00 00 0000")
    assert names.name("a", 35, 0x0500, other) != first
    assert names.name("a", 35, 0x0500, frame) == first  # Late, and still the same.


def test_names_of_a_device_that_never_counts_its_frames_tell_alarms_apart() -> None:
    names = FrameNames()
    alarm, quiet = (bytes.fromhex(f"09 00 00 0{bit}00 00 00 0000") for bit in (1, 0))
    given = [names.name("a", 1, 0x0500, frame) for frame in (alarm, quiet, quiet, alarm)]
    assert given[1] == given[2]
    assert given[0] != given[3]


def test_a_frame_too_short_for_a_name_has_none() -> None:
    assert FrameNames().name("a", 1, 0x0500, b"\x09") is None

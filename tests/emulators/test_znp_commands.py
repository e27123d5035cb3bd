"""Every MT command's answer, byte by byte, and what a reset does."""

import os
import time

import pytest

from tests.emulators.mt_line import MtLine
from znp.client import ControlError, StickControl
from znp.launch import StickProcess
from znp.wire import u8, u16, u32, u64


def test_ping_shows_z_stack_3(line: MtLine) -> None:
    assert line.ask(0x2101).hex() == "5906"


def test_version_is_3_x_0_with_a_build_date(line: MtLine) -> None:
    version = line.ask(0x2102)
    assert version[:5] == bytes((2, 1, 2, 7, 1))
    assert int.from_bytes(version[5:9], "little") >= 20211029
    assert len(version) == 14


def test_reset_says_why_and_who(line: MtLine) -> None:
    line.send(0x4100, u8(1))
    assert line.areq(0x4180) == bytes((1, 2, 1, 2, 7, 1))


def test_unknown_commands_are_refused_and_known_ones_too_short_as_well(line: MtLine) -> None:
    line.send(0x21EE)
    assert line.areq(0x6000) == bytes((2, 0x21, 0xEE))
    line.send(0x2113, b"\x01")
    assert line.areq(0x6000) == bytes((4, 0x21, 0x13))


def test_led_control_is_never_answered(line: MtLine) -> None:
    line.send(0x270A, bytes((0xFF, 0)))
    assert line.silent(0.3)
    assert line.ask(0x2101)


@pytest.mark.parametrize(
    ("item", "length"), [(0x21, 116), (0x4C, 20), (0x82, 24), (0x3A, 17), (0x62, 16), (0x7777, 0)]
)
def test_nv_lengths_are_those_of_an_aligned_build(line: MtLine, item: int, length: int) -> None:
    assert line.ask(0x2113, u16(item)) == u16(length)


def test_an_nv_item_is_made_written_read_and_deleted(line: MtLine) -> None:
    item = u16(0x0060)
    assert line.ask(0x2113, item) == u16(0)
    assert line.ask(0x211D, item + u16(0) + u16(1) + b"\x55") == b"\x0a"
    assert line.ask(0x2107, item + u16(2) + u8(1) + b"\x55") == b"\x09"
    assert line.ask(0x2107, item + u16(2) + u8(1) + b"\x55") == b"\x00"
    assert line.ask(0x211D, item + u16(1) + u16(1) + b"\xaa") == b"\x00"
    assert line.ask(0x211C, item + u16(0)).hex() == "000255aa"
    assert line.ask(0x2112, item + u16(1)) == b"\x0c"
    assert line.ask(0x2112, item + u16(2)) == b"\x00"
    assert line.ask(0x211C, item + u16(0)) == b"\x02\x00"


@pytest.mark.parametrize(("table", "rows", "size"), [(1, 257, 12), (4, 200, 20), (7, 12, 12)])
def test_nv_tables_have_their_real_sizes(line: MtLine, table: int, rows: int, size: int) -> None:
    def length(sub: int) -> int:
        answer = line.ask(0x2132, u8(1) + u16(table) + u16(sub))
        assert len(answer) == 4
        return int.from_bytes(answer, "little")

    assert length(0) == length(rows - 1) == size
    assert length(rows) == 0


def test_a_table_row_is_written_and_read(line: MtLine) -> None:
    key = u8(1) + u16(7) + u16(0)
    assert line.ask(0x2134, key + u16(4) + u8(2) + b"\x11\x22") == b"\x00"
    assert line.ask(0x2133, key + u16(4) + u8(2)).hex() == "00021122"
    assert line.ask(0x2133, u8(1) + u16(7) + u16(12) + u16(0) + u8(2)) == b"\x02\x00"
    assert line.ask(0x2130, u8(1) + u16(9) + u16(0) + u32(4)) == b"\x09"
    assert line.ask(0x2131, u8(1) + u16(9) + u16(0)) == b"\x00"


def test_the_association_struct_is_aligned(line: MtLine) -> None:
    assert len(line.ask(0x2749, u8(0))) == 36
    assert len(line.ask(0x274A, u64(0) + u16(1))) == 36
    assert line.ask(0x2763, u64(1)) == b"\x01"
    assert line.ask(0x2764, u16(1) + u64(1) + u8(1)) == b"\x00"


def test_a_blank_stick_forms_and_a_formed_one_restores(line: MtLine) -> None:
    line.ask(0x2F08, u8(1) + u32(1 << 20))
    assert line.ask(0x2F05, u8(4)) == b"\x00"
    assert [line.next().data for _ in range(3)] == [b"\x08", b"\x09", bytes((0, 2, 0))]
    nib = line.ask(0x211C, u16(0x21) + u16(0))[2:]
    assert nib[24] == 20
    line.send(0x4100, u8(1))
    line.areq(0x4180)
    assert line.ask(0x2F05, u8(4)) == b"\x00"
    seen = [(f.code, f.data) for f in (line.next() for _ in range(4))]
    assert seen == [
        (0x45C0, b"\x08"),
        (0x4F80, bytes((0x0D, 0, 4))),
        (0x45C0, b"\x09"),
        (0x4F80, bytes((8, 2, 0))),
    ]
    assert line.ask(0x211C, u16(0x21) + u16(0))[2:][36:38] == nib[36:38]


def test_startup_from_app_restores_as_well(line: MtLine) -> None:
    line.form()
    line.send(0x4100, u8(1))
    line.areq(0x4180)
    assert line.ask(0x2540, u16(100)) == b"\x00"
    assert line.areq(0x45C0) == b"\x08"
    assert line.areq(0x45C0) == b"\x09"


def test_the_startup_option_wipes_the_network(line: MtLine) -> None:
    line.form()
    line.ask(0x211D, u16(3) + u16(0) + u16(1) + b"\x03")
    line.send(0x4100, u8(1))
    line.areq(0x4180)
    assert line.ask(0x211C, u16(0x55) + u16(0)).hex() == "000100"
    assert line.ask(0x211C, u16(0x03) + u16(0)).hex() == "000100"


def test_formation_failure_leaves_the_network_down(line: MtLine, control: StickControl) -> None:
    control.do("formation_failure", count=1)
    assert line.ask(0x2F05, u8(4)) == b"\x00"
    assert line.next().data == bytes((8, 2, 0))
    assert line.silent(0.2)


def test_device_info_and_network_info_follow_the_state(line: MtLine) -> None:
    before = line.ask(0x2700)
    line.form()
    after = line.ask(0x2700)
    assert (before[12], after[12]) == (0, 9)
    assert after[1:9] == line.ask(0x2104)
    info = line.ask(0x2550)
    assert (len(info), info[2], info[-1]) == (24, 9, 15)


def test_an_endpoint_is_registered_once(line: MtLine) -> None:
    line.form()
    assert line.ask(0x2400, u8(1) + u16(0x0104) + bytes(6)) == b"\xb8"


def test_data_without_an_endpoint_is_refused(line: MtLine) -> None:
    assert line.unicast(0x1234, 1, 6, 1, b"\x01\x01\x01") == b"\x02"


def test_data_to_nobody_is_confirmed_with_no_route_after_the_answer(line: MtLine) -> None:
    line.form()
    assert line.unicast(0x1234, 1, 6, 0x77, b"\x01\x01\x01") == b"\x00"
    assert line.areq(0x4480) == bytes((0xCD, 1, 0x77))


def test_own_descriptors_come_in_both_dialects(line: MtLine) -> None:
    line.form()
    assert line.ask(0x2502, u16(0) + u16(0)) == b"\x00"
    specific, message = line.next(), line.next()
    assert specific.code == 0x4582
    assert specific.data[:5] == b"\x00\x00\x00\x00\x00"
    assert message.code == 0x45FF
    assert message.data[3:5] == u16(0x8002)
    assert message.data[9:] == specific.data[2:]
    assert len(specific.data) == 18


def test_the_message_dialect_is_only_for_those_who_registered(line: MtLine) -> None:
    line.ask(0x2F05, u8(4))
    line.areq(0x4F80)
    line.ask(0x2505, u16(0) + u16(0))
    assert line.next().code == 0x4585
    assert line.silent(0.1)


def test_an_energy_scan_of_the_stick_itself_is_answered(line: MtLine) -> None:
    line.form()
    scan = u8(2) + u64(0) + u8(0) + u16(0) + u8(0) + u16(0x0038) + u8(9) + u8(0) + u8(0)
    payload = u8(9) + u32(0x07FFF800) + u8(1) + u8(1)
    assert line.ask(0x2402, scan + u16(len(payload)) + payload) == b"\x00"
    result = line.areq(0x45B8)
    assert result[11] == 16
    assert len(result) == 12 + 16


def test_a_join_is_shown_to_the_trust_centre_then_announced(
    line: MtLine, control: StickControl
) -> None:
    line.form()
    assert control.do("join", device="sos-1")["joined"] is False
    line.permit()
    seen = line.areq(0x45CA)
    announced = line.areq(0x45C1)
    assert seen[:2] == announced[:2] == announced[2:4]
    assert seen[2:10] == announced[4:12]
    assert announced[12] == 0x80
    message = line.areq(0x45FF)
    assert message[2:5] == b"\x01" + u16(0x0013)
    assert message[9:] == announced[2:]


def test_incoming_data_has_the_undocumented_trailer(line: MtLine, control: StickControl) -> None:
    nwk = _joined(line, control, "contact-1")
    reply = control.do("battery", device="contact-1", percent=55, force=True)
    assert reply["sent"] is True
    data = line.areq(0x4481)
    assert data[2:4] == u16(0x0001)
    assert data[4:6] == u16(nwk) == data[-3:-1]
    assert data[-1] == 29
    assert data[16] == len(data) - 20


def test_zone_enrolment_byte_by_byte(line: MtLine, control: StickControl) -> None:
    nwk = _joined(line, control, "sos-1")
    silent = control.do("trip", device="sos-1")
    assert (silent["sent"], silent["why"]) == (False, "not enrolled")
    cie = b"\x00\x01\x02\x10\x00\xf0" + line.ask(0x2104)
    line.unicast(nwk, 1, 0x0500, 1, cie)
    assert line.areq(0x4480) == bytes((0, 1, 1))
    assert _zcl(line.areq(0x4481)) == bytes((0x18, 1, 0x04, 0))
    asked = _zcl(line.areq(0x4481))
    assert asked[0] == 0x09
    assert asked[2:] == b"\x01" + u16(0x002C) + u16(0x120B)
    line.unicast(nwk, 1, 0x0500, 2, bytes((0x01, asked[1], 0x00, 0x00, 0x05)))
    assert _zcl(line.areq(0x4481)) == bytes((0x18, asked[1], 0x0B, 0x00, 0x00))
    control.wait_for("sos-1", enrolled=True)
    reply = control.do("trip", device="sos-1", tsn=0x33, alarm2=True, battery=True)
    assert isinstance(reply["written_ns"], int)
    assert reply["written_ns"] <= time.monotonic_ns()
    assert _zcl(line.areq(0x4481)) == bytes((0x09, 0x33, 0x00, 0x0A, 0, 0, 5, 0, 0))


def test_devices_answer_reads_writes_and_reporting(line: MtLine, control: StickControl) -> None:
    nwk = _joined(line, control, "climate-1")
    line.unicast(nwk, 1, 0x0402, 1, b"\x00\x07\x00\x00\x00\x99\x99")
    assert _zcl(line.areq(0x4481)) == b"\x18\x07\x01\x00\x00\x00\x29\x66\x08\x99\x99\x86"
    configure = b"\x00\x08\x06\x00\x00\x00\x29\x0a\x00\x10\x0e\x64\x00"
    line.unicast(nwk, 1, 0x0402, 2, configure)
    assert _zcl(line.areq(0x4481)) == b"\x18\x08\x07\x00"
    line.unicast(nwk, 1, 0x0402, 3, b"\x00\x09\x02\x00\x00\x29\x01\x00")
    assert _zcl(line.areq(0x4481)) == b"\x18\x09\x04\x88\x00\x00"
    line.unicast(nwk, 1, 0x0402, 4, b"\x01\x0a\x77")
    assert _zcl(line.areq(0x4481)) == b"\x18\x0a\x0b\x77\x81"
    unbound = control.do("report", device="climate-1", temperature=-3.5)
    assert unbound["why"] == "cluster 0x0402 is not bound"
    control.do("report", device="climate-1", temperature=-3.5, force=True)
    assert _zcl(line.areq(0x4481))[2:] == b"\x0a\x00\x00\x29\xa2\xfe"


def test_a_mains_device_that_is_gone_gives_no_ack(line: MtLine, control: StickControl) -> None:
    nwk = _joined(line, control, "plug-1")
    control.do("mute", device="plug-1")
    line.unicast(nwk, 2, 6, 5, b"\x01\x01\x01")
    assert line.areq(0x4480) == bytes((0xE9, 1, 5))
    control.do("unmute", device="plug-1")
    control.do("fail_sends", device="plug-1", status=0xE1, count=1)
    line.unicast(nwk, 2, 6, 6, b"\x01\x01\x01")
    assert line.areq(0x4480) == bytes((0xE1, 1, 6))
    line.unicast(nwk, 2, 6, 7, b"\x01\x02\x01")
    assert line.areq(0x4480) == bytes((0, 1, 7))
    assert _zcl(line.areq(0x4481)) == b"\x18\x02\x0b\x01\x00"


def test_a_sleeping_device_that_is_gone_expires_after_seven_seconds(
    line: MtLine, control: StickControl
) -> None:
    nwk = _joined(line, control, "motion-1")
    control.do("mute", device="motion-1")
    started = time.monotonic()
    line.unicast(nwk, 1, 0x0500, 5, b"\x00\x01\x00\x00\x00")
    assert line.areq(0x4480, timeout_s=9) == bytes((0xF0, 1, 5))
    assert 6.9 < time.monotonic() - started < 7.6


def test_repeats_keep_their_tsn_and_may_change_their_radius(
    line: MtLine, control: StickControl
) -> None:
    _enrolled(line, control, "leak-1")
    control.do("trip", device="leak-1", tsn=9, repeat=3)
    control.do("trip", device="leak-1", tsn=9, radius=28)
    frames = [line.areq(0x4481) for _ in range(4)]
    assert {_zcl(frame) for frame in frames} == {_zcl(frames[0])}
    assert [frame[-1] for frame in frames] == [29, 29, 29, 28]


def test_a_corrupt_frame_and_noise_do_not_hide_the_next(
    line: MtLine, control: StickControl
) -> None:
    _enrolled(line, control, "leak-1")
    control.do("trip", device="leak-1", corrupt=True)
    control.do("noise", hex="00ff1234fe03", count=50)
    control.do("raw", hex="fe")
    for index in range(8):
        control.do("trip", device="leak-1", tsn=index)
    heard = [_zcl(line.areq(0x4481))[1] for _ in range(5)]
    assert heard[-1] in range(8)


def test_leave_and_return(line: MtLine, control: StickControl) -> None:
    nwk = _joined(line, control, "plug-1")
    control.do("leave", device="plug-1", rejoin=True)
    assert line.areq(0x45C9)[:2] == u16(nwk)
    assert line.areq(0x45CA)[:2] == u16(nwk)
    assert line.ask(0x2534, u16(nwk) + u64(0) + u8(0)) == b"\x00"
    assert line.areq(0x45B4) == u16(nwk) + b"\x00"
    assert line.areq(0x45C9)[-1] == 0
    assert control.state("plug-1")["joined"] is False


def test_a_watchdog_reset_drops_the_network_and_the_endpoints(
    line: MtLine, control: StickControl
) -> None:
    nwk = _enrolled(line, control, "leak-1")
    control.do("reset")
    assert line.areq(0x4180)[0] == 2
    assert line.ask(0x2101)
    assert line.unicast(nwk, 1, 0x0500, 1, b"\x00\x01\x00\x00\x00") == b"\x02"
    assert control.do("trip", device="leak-1")["sent"] is False


def test_a_hung_stick_says_nothing_until_it_is_freed(line: MtLine, control: StickControl) -> None:
    control.do("hang")
    line.send(0x2101)
    assert line.silent(0.3)
    control.do("unhang")
    assert line.ask(0x2101)


def test_joining_needs_an_open_network(line: MtLine, control: StickControl) -> None:
    line.form()
    control.subscribe()
    control.do("join", device="plug-1", for_s=0.2)
    control.event("join_failed", device="plug-1")
    line.permit(0)
    assert control.do("join", device="plug-1", for_s=0.2)["joined"] is False


def test_the_siren_stops_by_itself_and_tells_when_it_was_told(
    line: MtLine, control: StickControl
) -> None:
    nwk = _joined(line, control, "siren-1")
    control.subscribe()
    sent_ns = time.monotonic_ns()
    line.unicast(nwk, 1, 0x0502, 1, b"\x01\x01\x00\x37\x01\x00\x32\x01")
    on = control.event("siren", device="siren-1", on=True)
    assert isinstance(on["read_ns"], int)
    assert sent_ns < on["read_ns"] < time.monotonic_ns()
    assert (on["mode"], on["strobe"], on["level"], on["duration_s"]) == (3, 1, 3, 1)
    control.event("siren", device="siren-1", on=False)


@pytest.mark.parametrize(
    ("request_", "error"),
    [
        ({"do": "dance"}, "do: got 'dance', wanted one of devices"),
        ({"do": "trip", "device": "x"}, "trip: device: got 'x', wanted one of sos-1"),
        ({"do": "trip", "device": "sos-1", "colour": 1}, "got 'colour', wanted one of device"),
        ({"do": "trip", "device": "sos-1", "status": 70000}, "status: got 70000, wanted 0 to"),
        ({"do": "trip", "device": "plug-1"}, "plug-1 has no IAS zone"),
        ({"do": "report", "device": "plug-1", "humidity": 3}, "does not measure"),
        ({"do": "noise", "hex": "zz"}, "wanted hex digits"),
        ({"do": "wait_for", "device": "sos-1", "on": True}, "wait_for: got"),
    ],
)
def test_bad_requests_are_refused_with_what_was_wanted(
    control: StickControl, request_: dict[str, object], error: str
) -> None:
    verb = str(request_.pop("do"))
    with pytest.raises(ControlError, match=error):
        control.do(verb, **request_)
    assert control.do("devices")["ok"] is True


def test_garbage_on_the_control_socket_does_no_harm(
    tcp_stick: StickProcess, control: StickControl
) -> None:
    import socket

    with socket.socket(socket.AF_UNIX) as other:
        other.settimeout(5)
        other.connect(str(tcp_stick.control_path))
        other.sendall(b"\xff\xfe\n[1]\n{}\n" + b'{"id": {}, "do": 3}\n' + b"[" * 5000 + b"\n")
        got = b""
        while got.count(b"\n") < 5:
            got += other.recv(65536)
        assert got.count(b'"error"') == 5
        other.sendall(os.urandom(4096))
    assert control.do("devices")["ok"] is True


def _joined(line: MtLine, control: StickControl, device: str) -> int:
    line.form()
    control.do("join", device=device)
    line.permit()
    nwk = int.from_bytes(line.areq(0x45CA)[:2], "little")
    line.areq(0x45C1)
    line.areq(0x45FF)
    return nwk


def _enrolled(line: MtLine, control: StickControl, device: str) -> int:
    nwk = _joined(line, control, device)
    line.unicast(nwk, 1, 0x0500, 1, b"\x00\x01\x02\x10\x00\xf0" + line.ask(0x2104))
    line.areq(0x4481)
    line.areq(0x4481)
    line.unicast(nwk, 1, 0x0500, 2, b"\x01\x02\x00\x00\x05")
    line.areq(0x4481)
    return nwk


def _zcl(incoming: bytes) -> bytes:
    return incoming[17:-3]

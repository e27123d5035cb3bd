"""The home file, the NV file, the process, and the devices that misbehave on purpose."""

import os
import signal
from pathlib import Path

import pytest

from tests.emulators.mt_line import MtLine
from znp.home import HomeError, ieee_from, load_home, parse_home
from znp.kinds import MODELS
from znp.launch import LaunchError, StickProcess
from znp.wire import u8, u16

ODD_HOME = """
[[device]]
name = "pendant"
kind = "sos_button"
ieee = "00:12:4b:00:aa:bb:cc:dd"
momentary = true
constant_tsn = true
sends_unenrolled = true
trip_to_pair = false
idle_status = 0x30
poll_s = 0.05

[[device]]
name = "deaf"
kind = "plug"
deaf_after_join = true
electrical = false

[[device]]
name = "smoke"
kind = "smoke"
endpoint = 40
"""


def test_without_a_home_file_there_is_one_device_of_each_kind() -> None:
    assert sorted(spec.kind for spec in load_home(None)) == sorted(MODELS)


def test_a_home_file_is_read_with_its_own_addresses() -> None:
    pendant, deaf, smoke = parse_home(ODD_HOME)
    assert pendant.ieee == 0x00124B00AABBCCDD
    assert deaf.ieee == ieee_from("deaf") != ieee_from("smoke")
    assert (pendant.sleepy, deaf.sleepy) == (True, False)
    assert 0x0B04 not in deaf.parts.endpoints[0].inputs
    assert [e.number for e in smoke.parts.endpoints] == [1, 40, 38]


@pytest.mark.parametrize(
    ("text", "error"),
    [
        ("[[device]]\nname = 1", "got name 1, wanted text"),
        ('[[device]]\nname = "a"\nkind = "b"', "got kind 'b', wanted one of sos_button"),
        ('[[device]]\nname = "a"\nkind = "leak"\ncolour = 1', "got key 'colour'"),
        ('[[device]]\nname = "a"\nkind = "leak"\nsleepy = 1', "sleepy: got 1, wanted bool"),
        ('[[device]]\nname = "a"\nkind = "leak"\nieee = "00"', "got 1 bytes, wanted 8"),
        (2 * '[[device]]\nname = "a"\nkind = "leak"\n', "two devices have the same name"),
        ("home = 1", "wanted .* tables only"),
        ("[[device", "home file"),
    ],
)
def test_a_home_file_that_makes_no_sense_is_refused(text: str, error: str) -> None:
    with pytest.raises(HomeError, match=error):
        parse_home(text)


def test_a_process_that_cannot_start_says_why(tmp_path: Path) -> None:
    with pytest.raises(LaunchError, match="No such file"):
        StickProcess(tmp_path, home=tmp_path / "absent.toml").start()


def test_the_end_leaves_neither_link_nor_socket(tmp_path: Path) -> None:
    with StickProcess(tmp_path) as stick:
        assert Path(stick.port).is_symlink()
        os.kill(stick.pid, signal.SIGTERM)
    assert not Path(stick.port).is_symlink()
    assert not stick.control_path.exists()


def test_a_new_pty_is_behind_the_same_link_after_a_replug(tmp_path: Path) -> None:
    with StickProcess(tmp_path) as stick, stick.control() as control:
        for _ in range(3):
            before = os.open(stick.port, os.O_RDWR | os.O_NOCTTY)
            control.do("unplug")
            assert not Path(stick.port).is_symlink()
            assert os.read(before, 16) == b""
            os.close(before)
            control.do("replug")
            assert Path(stick.port).exists()


def test_devices_that_misbehave_do_so_as_told(tmp_path: Path) -> None:
    home = tmp_path / "home.toml"
    home.write_text(ODD_HOME)
    with (
        StickProcess(tmp_path, tcp="127.0.0.1:0", home=home) as stick,
        stick.control() as control,
        MtLine(stick.port) as line,
    ):
        line.form()
        line.permit()
        control.do("join", device="pendant")
        line.areq(0x45C1)
        line.areq(0x45FF)
        for _ in range(2):
            assert control.do("press", device="pendant")["sent"] is True
            frame = line.areq(0x4481)[17:-3]
            assert frame == bytes((0x09, 0, 0x00, 0x31, 0, 0, 0xFF, 0, 0))
        assert control.state("pendant")["zone_status"] == 0x30
        control.do("join", device="deaf")
        nwk = int.from_bytes(line.areq(0x45CA)[:2], "little")
        line.areq(0x45C1)
        line.areq(0x45FF)
        line.unicast(nwk, 2, 6, 1, b"\x01\x01\x01")
        assert line.areq(0x4480) == bytes((0xE9, 1, 1))


def test_flash_and_devices_survive_a_restart(tmp_path: Path) -> None:
    nv = tmp_path / "nv.json"
    with (
        StickProcess(tmp_path, tcp="127.0.0.1:0", nv=nv) as stick,
        stick.control() as control,
        MtLine(stick.port) as line,
    ):
        line.form()
        pan = line.ask(0x2550)[3:5]
        line.permit()
        control.do("join", device="valve-1")
        line.areq(0x45C1)
        line.areq(0x45FF)
        before = control.state("valve-1")
    with (
        StickProcess(tmp_path, tcp="127.0.0.1:0", nv=nv, seed=2) as stick,
        stick.control() as control,
        MtLine(stick.port) as line,
    ):
        assert control.state("valve-1") == before
        line.ask(0x2F05, u8(4))
        assert line.areq(0x4F80)[0] == 0x0D
        assert line.areq(0x4F80)[0] == 0x08
        assert line.ask(0x2550)[3:5] == pan
        assert line.ask(0x2546, u16(int(str(before["nwk"]))) + u8(1) + u8(3)) == b"\x00"

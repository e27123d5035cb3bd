"""The emulated module by itself, over pyserial: what its manual says, and what its verbs do."""

from __future__ import annotations

import time
from collections.abc import Iterator
from pathlib import Path

import pytest
import serial

from modem.launch import modem_process
from znp.client import ControlError, StickControl

CONTACT = "+8613800138000"
# SMS-SUBMIT to 10086, "hello", no report: written by hand from TS 23.040.
HELLO = "0011000581" + "0180F6" + "0000A705E8329BFD06"


class Host:
    """A host that types commands."""

    def __init__(self, port: str) -> None:
        self._port = serial.Serial(port, 115_200, timeout=0.05)

    def close(self) -> None:
        self._port.close()

    def until(self, end: str, within_s: float = 5.0) -> str:
        """Return what the module says until `end`, without empty lines."""
        heard, deadline_s = "", time.monotonic() + within_s
        while end not in heard:
            assert time.monotonic() < deadline_s, f"no {end!r} in {heard!r}"
            heard += self._port.read(256).decode("latin-1")
        return "|".join(line for line in heard.replace("\r", "\n").split("\n") if line.strip())

    def ask(self, command: str, end: str = "OK") -> str:
        self._port.write(f"{command}\r".encode())
        return self.until(f"{end}\r\n")

    def write(self, data: bytes) -> None:
        self._port.write(data)

    def silent(self, for_s: float = 0.3) -> bool:
        self._port.timeout = for_s
        heard = self._port.read(1)
        self._port.timeout = 0.05
        return not heard


@pytest.fixture(params=["sim7600", "ec20"])
def vendor(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture
def bench(tmp_path: Path, vendor: str) -> Iterator[tuple[Host, StickControl]]:
    with (
        modem_process(tmp_path, vendor=vendor, pin="4711", storage=3) as module,
        module.control() as control,
    ):
        host = Host(module.port)
        yield host, control
        host.close()


def test_a_sim_is_opened_by_its_pin_and_blocked_by_three_wrong_ones(
    bench: tuple[Host, StickControl], vendor: str
) -> None:
    host, control = bench
    asks, full = {
        "sim7600": ("AT+SPIC", "+SPIC: 3,10,3,10"),
        "ec20": ('AT+QPINC="SC"', '+QPINC: "SC",3,10'),
    }[vendor]
    assert host.ask("ATE0") == "ATE0|OK"
    assert host.ask(asks) == f"{full}|OK"
    assert host.ask("AT+CPIN?") == "+CPIN: SIM PIN|OK"
    assert host.ask("AT+CMGL=4", "ERROR") == "ERROR"
    host.ask("AT+CMEE=1")
    assert host.ask("AT+CMGL=4", "11") == "+CME ERROR: 11"
    for left in (2, 1):
        assert host.ask('AT+CPIN="0000"', "16") == "+CME ERROR: 16"
        assert f"{left},10" in host.ask(asks)
    assert host.ask('AT+CPIN="4711"', "READY").startswith("OK")
    assert "3,10" in host.ask(asks)
    control.do("sim", tries=0)
    assert host.ask("AT+CPIN?") == "+CPIN: SIM PUK|OK"
    control.do("sim", present=False)
    assert host.ask("AT+CPIN?", "10") == "+CME ERROR: 10"


def opened(host: Host) -> None:
    host.ask("ATE0")
    host.ask("AT+CMEE=1")
    host.ask('AT+CPIN="4711"', "READY")
    host.ask("AT+CNMI=2,1,0,1,0")


def test_a_text_is_prompted_for_checked_and_recorded(bench: tuple[Host, StickControl]) -> None:
    host, control = bench
    opened(host)
    control.subscribe()
    host.write(b"AT+CMGS=16\r")
    assert host.until("> ") == "> "
    host.write(HELLO.encode() + b"\x1a")
    event = control.event("text_sent")
    assert (event["number"], event["text"], event["part"]) == ("10086", "hello", None)
    assert host.until("OK\r\n") == "+CMGS: 1|OK"
    host.write(b"AT+CMGS=99\r")
    host.until("> ")
    host.write(HELLO.encode() + b"\x1a")
    assert "wanted 99" in str(control.event("bad_sms")["why"])
    assert host.until("304\r\n") == "+CMS ERROR: 304"
    host.write(b"AT+CMGS=16\r")
    host.until("> ")
    host.write(b"\x1b")
    assert host.until("OK\r\n") == "OK"
    control.do("set", network="searching")
    host.write(b"AT+CMGS=16\r")
    host.until("> ")
    host.write(HELLO.encode() + b"\x1a")
    assert host.until("331\r\n") == "+CMS ERROR: 331"


def test_a_full_sim_lets_no_text_in_until_one_is_struck_out(
    bench: tuple[Host, StickControl],
) -> None:
    host, control = bench
    opened(host)
    assert control.do("fill")["stored"] == 3
    control.do("text", sender=CONTACT, text="1")
    state = control.do("state")
    assert (state["stored"], state["waiting"]) == (3, 1)
    assert host.ask('AT+CPMS="SM","SM","SM"').endswith("+CPMS: 3,3,3,3,3,3|OK")
    assert host.ask("AT+CMGL=4").count("+CMGL: ") == 3
    host.write(b"AT+CMGD=2\r")
    assert host.until('+CMTI: "SM",2\r\n') == 'OK|+CMTI: "SM",2'
    assert host.ask("AT+CMGD=9", "321") == "+CMS ERROR: 321"


def test_a_call_goes_its_way_and_keys_are_said_only_when_asked_for(
    bench: tuple[Host, StickControl], vendor: str
) -> None:
    host, control = bench
    opened(host)
    control.subscribe()
    host.ask("ATD13800138000;")
    control.event("active")
    assert '+CLCC: 1,0,0,0,0,"13800138000",129' in host.ask("AT+CLCC")
    control.do("press", keys="1")
    keys_on = {"sim7600": "AT+DDET=1", "ec20": "AT+QTONEDET=1"}[vendor]
    assert "1" not in host.ask(keys_on)
    control.do("press", keys="2")
    host.until({"sim7600": "+RXDTMF: 2", "ec20": "+QTONEDET: 50"}[vendor])
    host.ask("AT+CHUP")
    assert control.event("hung_up")["by"] == "host"
    assert host.ask("AT+CLCC") == "OK"
    with pytest.raises(ControlError, match="there is no call"):
        control.do("press", keys="1")
    control.do("person", number="10086", does="busy", after_s=0.1)
    host.ask("ATD10086;")
    assert host.until("BUSY\r\n") == "BUSY"


def test_silence_storm_echo_and_restart(bench: tuple[Host, StickControl]) -> None:
    host, control = bench
    host.ask("ATE0")
    control.do("set", storm=3)
    assert host.ask("AT+CSQ").count("|") == 7  # Two lines of ours and six of the storm.
    control.do("set", storm=0, silent=True)
    host.write(b"AT\r")
    assert host.silent()
    control.do("set", silent=False)
    control.do("reset")
    assert "RDY" in host.until("PB DONE\r\n")
    assert host.ask("AT").startswith("AT")  # Echo is on again.
    with pytest.raises(ControlError, match="wanted one of home, searching, denied, roaming"):
        control.do("set", network="moon")
    with pytest.raises(ControlError, match="wanted one of state"):
        control.do("explode")

"""General rule (g): what saves a life runs apart from the uplink and from the editing of rules."""

from __future__ import annotations

import os
import signal
import socket
from contextlib import suppress
from pathlib import Path

import pytest

from tests.hub import wait_for
from tests.system.conftest import MakeHome
from tests.system.home import Home


def test_an_uplink_that_hangs_or_dies_costs_no_call(make_home: MakeHome) -> None:
    """The uplink is stopped in its tracks, killed, and not there at all; help comes each time."""
    home = make_home(broker_port=1)
    home.plug_in()
    home.start("guard", "link")
    home.wait_ready()
    link = home.hub.processes["link"]
    link.send_signal(signal.SIGSTOP)
    try:
        home.sounds("press", "sos")
        home.sounds("trip", "smoke")
    finally:
        link.send_signal(signal.SIGCONT)
    home.hub.kill("link")
    home.sounds("press", "pendant")
    assert home.hub.processes["guard"].poll() is None


@pytest.mark.parametrize(
    "rules",
    [
        "[rules]\noff = ['smoke', 'sos']\n",
        "[rules.smoke]\nrearm_s = 1e99\n",
        "[rules.no_such_rule]\nlimit = 1\n",
        "[rules\n",
        "\x00" * 4096,
    ],
    ids=["S1 off", "beyond the hard range", "unknown rule", "no TOML", "zeroes"],
)
def test_rules_that_are_edited_to_nonsense_cost_no_call(rules: str, home: Home) -> None:
    """The rules in force stay in force while the file of the next start is being written."""
    before = home.hub.config.read_text()
    home.hub.config.write_text(before + rules)
    home.hub.anju("rules", "check", str(home.hub.config))  # Whatever it says, guard does not care.
    home.sounds("press", "sos")
    home.sounds("trip", "smoke")
    assert home.hub.processes["guard"].poll() is None


def test_guard_feeds_its_watchdog_while_link_hangs_and_starves_it_when_it_hangs_itself(
    make_home: MakeHome, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """With a real systemd socket: it is guard alone that keeps guard from being restarted."""
    home = make_home(broker_port=1)
    home.plug_in()
    home.start("link")
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as systemd:
        systemd.bind(str(tmp_path / "notify"))
        systemd.setblocking(False)
        monkeypatch.setenv("NOTIFY_SOCKET", str(tmp_path / "notify"))
        monkeypatch.setenv("WATCHDOG_USEC", "400000")
        home.start("guard")
        monkeypatch.undo()

        def fed() -> int:
            words = list[bytes]()
            with suppress(BlockingIOError):
                while True:
                    words.append(systemd.recv(4096))
            return words.count(b"WATCHDOG=1")

        home.wait_ready()
        link, guard = home.hub.processes["link"], home.hub.processes["guard"]
        link.send_signal(signal.SIGSTOP)
        fed()
        wait_for(fed, 10.0, "guard feeds its watchdog while link hangs")
        guard.send_signal(signal.SIGSTOP)
        os.waitid(os.P_PID, guard.pid, os.WSTOPPED | os.WNOWAIT)
        fed()
        with pytest.raises(TimeoutError):
            wait_for(fed, 2.0, "a guard that hangs is not fed")
        for process in (guard, link):
            process.send_signal(signal.SIGCONT)
        wait_for(fed, 10.0, "it goes on")

"""systemd is told the truth, over a real datagram socket, and cannot hold up the hub."""

from __future__ import annotations

import asyncio
import socket
import threading
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import pytest

from agent.watchdog import feed, notify
from tests.agent.home import until


@pytest.fixture
def systemd(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[socket.socket]:
    path = tmp_path / "notify"
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as channel:
        channel.bind(str(path))
        channel.setblocking(False)
        monkeypatch.setenv("NOTIFY_SOCKET", str(path))
        yield channel


def heard(systemd: socket.socket) -> list[bytes]:
    found: list[bytes] = []
    with suppress(BlockingIOError):
        while True:
            found.append(systemd.recv(4096))
    return found


def test_a_notification_arrives_as_it_was_said(systemd: socket.socket) -> None:
    notify("READY=1")
    notify("STATUS=一切正常")
    assert heard(systemd) == [b"READY=1", "STATUS=一切正常".encode()]


def test_an_abstract_socket_is_reached(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    name = f"anju-test-{tmp_path.name}-{id(tmp_path)}"
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as channel:
        channel.bind(f"\0{name}")
        channel.settimeout(5)
        monkeypatch.setenv("NOTIFY_SOCKET", f"@{name}")
        notify("READY=1")
        assert channel.recv(100) == b"READY=1"


def test_without_systemd_nothing_happens(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("NOTIFY_SOCKET", raising=False)
    notify("READY=1")
    monkeypatch.setenv("NOTIFY_SOCKET", "")
    notify("READY=1")


@pytest.mark.parametrize("name", ["gone", "x" * 200])
def test_a_socket_that_is_gone_costs_nothing_but_a_line_in_the_log(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
    name: str,
) -> None:
    monkeypatch.setenv("NOTIFY_SOCKET", str(tmp_path / name))
    notify("READY=1")
    assert "watchdog.unreachable" in caplog.text


def test_a_systemd_that_does_not_read_does_not_hold_up_the_hub(systemd: socket.socket) -> None:
    def tell_much() -> None:
        for _ in range(5_000):
            notify("WATCHDOG=1")

    teller = threading.Thread(target=tell_much, daemon=True)
    teller.start()
    teller.join(10)
    held_up = teller.is_alive()
    while teller.is_alive():
        heard(systemd)
    assert not held_up


async def test_the_watchdog_is_fed_while_all_is_well_and_starved_when_not(
    systemd: socket.socket, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("WATCHDOG_USEC", "20000")
    well = True
    asked = 0

    def is_well() -> bool:
        nonlocal asked
        asked += 1
        return well

    async with asyncio.TaskGroup() as group:
        feeding = group.create_task(feed(is_well))
        await until(lambda: asked >= 3)
        assert set(heard(systemd)) == {b"WATCHDOG=1"}
        well = False
        heard(systemd)
        now = asked
        await until(lambda: asked >= now + 3)
        assert heard(systemd) == []
        well = True
        now = asked
        await until(lambda: asked >= now + 2)
        assert heard(systemd)
        feeding.cancel()


@pytest.mark.parametrize("interval", [None, "0"])
async def test_without_a_watchdog_nobody_is_fed(
    systemd: socket.socket, monkeypatch: pytest.MonkeyPatch, interval: str | None
) -> None:
    monkeypatch.delenv("WATCHDOG_USEC", raising=False)
    if interval is not None:
        monkeypatch.setenv("WATCHDOG_USEC", interval)
    await asyncio.wait_for(feed(lambda: True), 5)
    assert heard(systemd) == []

"""`anju up` keeps both processes alive and ends them in good order."""

from __future__ import annotations

import os
import re
import signal
import socket
import sqlite3
from collections.abc import Iterator
from contextlib import closing, suppress
from pathlib import Path

import pytest

from tests.hub import Hub, wait_for

WAIT_S = 20.0


@pytest.fixture
def broker_port() -> Iterator[int]:
    """A port at which nobody answers MQTT."""
    with socket.socket() as deaf:
        deaf.bind(("127.0.0.1", 0))
        deaf.listen()
        yield int(deaf.getsockname()[1])


@pytest.fixture
def hub(tmp_path: Path, broker_port: int) -> Iterator[Hub]:
    made = Hub(tmp_path, broker_port=broker_port)
    yield made
    left = children(made, "guard") + children(made, "link")
    made.close()
    for pid in left:
        with suppress(ProcessLookupError):
            os.kill(pid, signal.SIGKILL)


def children(hub: Hub, name: str) -> list[int]:
    """Return the process ids of the children that were started so far, oldest first."""
    text = hub.log.read_text() if hub.log.exists() else ""
    return [int(pid) for pid in re.findall(rf"up\.started child={name} pid=(\d+)", text)]


def alive(pid: int) -> bool:
    """Return whether the process runs."""
    with suppress(OSError):
        return Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[0] != "Z"
    return False


def started(hub: Hub, name: str, count: int) -> int:
    """Wait for the `count`th start of a child; return its process id."""
    wait_for(lambda: len(children(hub, name)) >= count, WAIT_S, f"{name} started {count} times")
    return children(hub, name)[count - 1]


def kinds(hub: Hub) -> list[str]:
    try:
        with closing(sqlite3.connect(f"file:{hub.data}/journal.db?mode=ro", uri=True)) as db:
            return [k for (k,) in db.execute("SELECT kind FROM journal ORDER BY seq")]
    except sqlite3.Error:
        return []


def test_both_run_come_back_after_a_kill_and_end_in_good_order(hub: Hub) -> None:
    hub.start("up")
    guard, link = started(hub, "guard", 1), started(hub, "link", 1)
    wait_for(lambda: "hub.started" in kinds(hub), WAIT_S)

    os.kill(guard, signal.SIGKILL)
    again = started(hub, "guard", 2)
    assert again != guard
    wait_for(lambda: kinds(hub).count("hub.started") == 2, WAIT_S, "guard is back")
    assert alive(link), "link went with guard"

    os.kill(link, signal.SIGKILL)
    link = started(hub, "link", 2)
    assert alive(again), "guard went with link"

    assert hub.stop("up") == 0
    assert not alive(again)
    assert not alive(link)
    assert kinds(hub)[-1] == "hub.stopped"
    assert "hub.stopped" not in kinds(hub)[:-1]
    assert len(children(hub, "guard")) == 2, "a child was started while it stopped"


def test_a_child_that_dies_again_and_again_is_started_less_often(tmp_path: Path) -> None:
    hub = Hub(tmp_path)
    try:
        hub.start("up")
        for number in range(1, 4):
            os.kill(started(hub, "guard", number), signal.SIGKILL)
        started(hub, "guard", 4)
        pauses = re.findall(
            r"up\.died child=guard code=-9 again_in_s=([\d.]+)", hub.log.read_text()
        )
        assert pauses == ["0.1", "0.2", "0.4"]
        assert children(hub, "link") == [], "link is for a hub with a platform"
    finally:
        assert hub.stop("up") == 0


def test_a_stop_does_not_wait_for_the_pause_of_a_child_that_died(tmp_path: Path) -> None:
    hub = Hub(tmp_path)
    hub.run_dir.mkdir()
    hub.start("up")
    try:
        first = started(hub, "guard", 1)
        os.kill(first, signal.SIGKILL)
        wait_for(lambda: "up.died" in hub.log.read_text(), WAIT_S)
    finally:
        assert hub.stop("up") == 0
    assert not any(alive(pid) for pid in children(hub, "guard"))


def test_children_do_not_outlive_a_console_that_was_killed(hub: Hub) -> None:
    hub.start("up")
    pids = [started(hub, "guard", 1), started(hub, "link", 1)]
    wait_for(lambda: "hub.started" in kinds(hub), WAIT_S)
    hub.kill("up")
    wait_for(lambda: not any(alive(pid) for pid in pids), WAIT_S, "both have ended")


@pytest.mark.parametrize("text", ["", "[hub]\n", '[hub]\nid = "h"\nnonsense = 1\n'])
def test_a_wrong_configuration_starts_nothing_and_ends_with_2(tmp_path: Path, text: str) -> None:
    hub = Hub(tmp_path)
    hub.config.write_text(text)
    ended = hub.anju("up")
    assert ended.returncode == 2
    assert str(hub.config) in ended.stderr
    assert "up.started" not in ended.stderr
    assert not hub.data.exists()


def test_a_configuration_that_is_not_there_ends_with_2(tmp_path: Path) -> None:
    hub = Hub(tmp_path)
    hub.config.unlink()
    ended = hub.anju("up")
    assert ended.returncode == 2
    assert "cannot be read" in ended.stderr

"""Homes for the tests of whole hubs; pairing is done once and copied."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Protocol

import pytest

from tests.hub import wait_for
from tests.system.home import Home


class MakeHome(Protocol):
    """Makes a provisioned home; nothing of it runs yet."""

    def __call__(self, *, broker_port: int | None = None, extra: str = "") -> Home:
        """Return the home."""
        ...


@pytest.fixture(scope="session")
def template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return the folder of a home whose network is formed and whose devices are paired."""
    folder = tmp_path_factory.mktemp("template")
    home = Home(folder)
    try:
        home.plug_in()
        home.start()
        home.wait_ready()
        home.pair_all()
        paired_ns = time.time_ns()
        good = home.hub.data / "zigbee.db.good"
        wait_for(
            lambda: good.exists() and good.stat().st_mtime_ns > paired_ns,
            60.0,
            "the radio's database has a good copy",
        )
    finally:
        home.close()
    return folder


@pytest.fixture
def make_home(tmp_path: Path, template: Path) -> Iterator[MakeHome]:
    """Return what makes a home; it ends with the test."""
    with ExitStack() as stack:

        def make(*, broker_port: int | None = None, extra: str = "") -> Home:
            home = Home(tmp_path, template=template, broker_port=broker_port, extra=extra)
            stack.callback(home.close)
            return home

        yield make


@pytest.fixture
def home(make_home: Callable[[], Home]) -> Home:
    """Return a home that runs and is ready for an SOS."""
    home = make_home()
    home.plug_in()
    home.start()
    home.wait_ready()
    return home

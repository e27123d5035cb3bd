"""An emulated module for each test; most tests run on both vendors'."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from modem.launch import modem_process
from tests.drivers.modem.bench import Bench


@pytest.fixture(params=["sim7600", "ec20"])
def vendor(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture
def bench(tmp_path: Path, vendor: str) -> Iterator[Bench]:
    with modem_process(tmp_path, vendor=vendor) as module, module.control() as control:
        yield Bench(module, control)


@pytest.fixture
def locked(tmp_path: Path, vendor: str) -> Iterator[Bench]:
    """A module whose SIM asks for the PIN 4711."""
    with modem_process(tmp_path, vendor=vendor, pin="4711") as module, module.control() as control:
        yield Bench(module, control)

"""Emulated sticks for the tests: each test has a process of its own."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.emulators.mt_line import MtLine
from znp.client import StickControl
from znp.launch import StickProcess


@pytest.fixture
def tcp_stick(tmp_path: Path) -> Iterator[StickProcess]:
    with StickProcess(tmp_path, tcp="127.0.0.1:0") as stick:
        yield stick


@pytest.fixture
def pty_stick(tmp_path: Path) -> Iterator[StickProcess]:
    with StickProcess(tmp_path) as stick:
        yield stick


@pytest.fixture
def line(tcp_stick: StickProcess) -> Iterator[MtLine]:
    with MtLine(tcp_stick.port) as line:
        yield line


@pytest.fixture
def control(tcp_stick: StickProcess) -> Iterator[StickControl]:
    with tcp_stick.control() as control:
        yield control

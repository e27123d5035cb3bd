"""The house is tidy, and each rule would notice if it were not."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.tidy import bans, imports, repository, sizes
from tests.tidy.__main__ import faults
from tests.tidy.source import ROOT, Source, files, parse, sources


def test_the_house_is_tidy() -> None:
    assert faults() == []


def test_the_whole_repository_is_looked_at() -> None:
    names = files()
    assert {"pyproject.toml", "agent/core/alarm.py", "tests/tidy/imports.py"} <= set(names)
    assert not [name for name in names if ".venv" in name or "__pycache__" in name]
    assert len(sources()) > 50


def test_without_git_the_same_files_are_found(tmp_path: Path) -> None:
    for name in ("agent/core/alarm.py", ".venv/x.py", "agent/__pycache__/y.py", "README.md"):
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text("")
    assert files(tmp_path) == ["README.md", "agent/core/alarm.py"]


CORE = parse("agent/core/alarm.py", "")
OTHERS = [
    parse(path, "")
    for path in (
        "agent/core/__init__.py",
        "agent/guard.py",
        "agent/pipeline.py",
        "agent/control/client.py",
        "agent/control/server.py",
        "agent/journal/reader.py",
        "agent/journal/store.py",
        "drivers/base.py",
        "local_rules/engine.py",
        "sync/session.py",
        "tests/clocks.py",
    )
]


def table(path: str, text: str) -> list[str]:
    return imports.check_table([parse(path, text), CORE, *OTHERS])


@pytest.mark.parametrize(
    ("path", "text"),
    [
        ("agent/core/x.py", "from agent.journal import reader"),
        ("agent/core/x.py", "from ..journal.reader import JournalReader"),
        ("agent/journal/x.py", "import drivers.base"),
        ("agent/response/x.py", "from agent.pipeline import Pipeline"),
        ("drivers/zigbee/x.py", "from local_rules import engine"),
        ("local_rules/x.py", "def f():\n    from sync import session"),
        ("sync/x.py", "from agent.journal.store import JournalStore"),
        ("sync/x.py", "from agent.control import server"),
        ("agent/x.py", "import sync.session"),
        ("agent/x.py", "from agent.guard import main"),
        ("sync/x.py", "from agent import guard"),
        ("agent/x.py", "from tests.clocks import Turned"),
    ],
)
def test_an_import_across_the_table_is_found(path: str, text: str) -> None:
    assert len(table(path, text)) == 1


@pytest.mark.parametrize(
    ("path", "text"),
    [
        ("agent/core/x.py", "from agent.core.alarm import Alarm\nimport dataclasses"),
        ("agent/x.py", "from drivers.base import Driver\nfrom agent.control.server import Peer"),
        ("sync/x.py", "from agent.journal.reader import R\nfrom agent.control.client import C"),
        ("agent/guard.py", "import sync.session, local_rules.engine"),
        ("agent/cli/x.py", "from agent.guard import main"),
    ],
)
def test_an_import_within_the_table_is_fine(path: str, text: str) -> None:
    assert table(path, text) == []


@pytest.mark.parametrize(
    ("path", "text"),
    [
        ("agent/core/x.py", "import time"),
        ("local_rules/x.py", "from random import random"),
        ("sync/session.py", "import asyncio"),
        ("drivers/zigbee/decode.py", "import logging"),
        ("drivers/serial/decode/meter.py", "def f(): return open('x')"),
    ],
)
def test_a_pure_module_that_is_not_is_found(path: str, text: str) -> None:
    assert len(imports.check_purity([parse(path, text)])) == 1


def test_a_pure_module_is_as_pure_as_what_it_imports() -> None:
    pure = parse("sync/session.py", "from sync.lanes import Lane")
    lanes = parse("sync/lanes.py", "import socket")
    assert imports.check_purity([pure, lanes]) == [
        "sync/lanes.py:1: sync.lanes must be pure, and sync.session reaches it, but imports socket"
    ]
    assert imports.check_purity([parse("sync/mqtt.py", "import socket")]) == []


def one(text: str, path: str = "agent/x.py") -> list[Source]:
    return [parse(path, text)]


def test_a_print_is_found() -> None:
    assert bans.check_prints(one("print('x')"))
    assert not bans.check_prints(one("print('x')", "agent/cli/x.py"))


@pytest.mark.parametrize(
    "call",
    [
        "asyncio.create_task(f())",
        "asyncio.ensure_future(f())",
        "asyncio.get_running_loop().create_task(f())",
        "self._loop.create_task(f())",
    ],
)
def test_a_task_without_an_owner_is_found(call: str) -> None:
    assert bans.check_tasks(one(call))
    assert not bans.check_tasks(one("group.create_task(f())"))


@pytest.mark.parametrize("call", sorted(bans.CLOCKS))
def test_a_look_at_the_wall_clock_is_found(call: str) -> None:
    assert bans.check_clocks(one(f"{call}()"))
    assert not bans.check_clocks(one(f"{call}()", "agent/clock.py"))


@pytest.mark.parametrize(
    "handler", ["except:", "except Exception:", "except (OSError, BaseException) as error:"]
)
def test_a_handler_for_everything_is_found(handler: str) -> None:
    text = f"try:\n    f()\n{handler}\n    pass\n"
    assert bans.check_catches(one(text))
    assert not bans.check_catches(one(text, "agent/supervisor.py"))
    assert not bans.check_catches(one("try:\n    f()\nexcept OSError:\n    pass\n"))


@pytest.mark.parametrize(
    "text",
    [
        "from unittest." + "mock import Mock",
        "import unittest." + "mock",
        "from unittest import " + "mock",
        "def test(monkeypatch):\n    monkeypatch." + "setattr(serial, 'Serial', Fake)",
    ],
)
def test_a_mock_is_found(text: str) -> None:
    assert bans.check_mocks(one(text, "tests/x.py"))
    assert not bans.check_mocks(one("monkeypatch.setenv('A', 'b')", "tests/x.py"))


def test_a_shortened_constant_is_no_mock() -> None:
    for target in ("radio, 'PING_S'", "'zigpy_znp.api.STARTUP_TIMEOUT'"):
        assert not bans.check_mocks(one(f"monkeypatch.setattr({target}, 0.5)", "tests/x.py"))


def test_a_name_that_says_nothing_is_found() -> None:
    assert bans.check_names(["agent/utils.py"])
    assert bans.check_names(["drivers/common/frame.py"])
    assert not bans.check_names(["agent/registry.py", "systemd/anju.service"])


def test_a_note_for_later_is_found() -> None:
    assert bans.check_texts({"agent/x.py": "x = 1  # " + "TO" + "DO: y"})
    assert bans.check_texts({"README.md": "FIX" + "ME"})


def test_a_path_of_one_machine_is_found() -> None:
    assert bans.check_texts({"Makefile": "PYTHON = /ho" + "me/li/python"})
    assert bans.check_texts({"a.py": "'/ro" + "ot/x'"})
    assert not bans.check_texts({"a.service": "WorkingDirectory=/var/lib/anju"})


def test_a_permission_without_its_module_is_found() -> None:
    assert len(bans.unused_permissions([])) >= len(bans.MAY_CATCH_EVERYTHING)


def test_a_big_file_is_found() -> None:
    sizes_of = {"a.png": 200_001, "hw-fixtures/captures/a.bin": 200_001, "b.md": 200_000}
    assert len(repository.check_blobs(sizes_of)) == 1


GOOD = """# Changelog

## Unreleased

- A button
  works.

## 0.1.0 - 2026-01-31

- It runs.
"""


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("# Changelog", "# Changes"),
        ("2026-01-31", "January"),
        ("- It runs.", "- It runs"),
        ("  works.", "  works"),
        ("## Unreleased", "## 0.0.9 - 2026-01-01"),
    ],
)
def test_a_changelog_out_of_shape_is_found(old: str, new: str) -> None:
    assert repository.check_changelog(GOOD) == []
    assert len(repository.check_changelog(GOOD.replace(old, new))) == 1


def test_a_map_that_leads_nowhere_is_found() -> None:
    good = "## A map of the code\n\n| Folder | |\n|---|---|\n| `agent/core` | x |\n\n## Next\n"
    assert repository.check_map("README.md", good, ROOT) == []
    assert repository.check_map("README.md", good.replace("core", "heart"), ROOT)
    assert repository.check_map("README.md", "# x", ROOT)
    assert repository.check_map("README.md", "## 代码地图\n\nx", ROOT)


def test_the_longest_are_listed_longest_first() -> None:
    code = [parse("a.py", "def f():\n    pass\n"), parse("b.py", "def g():\n    x\n    y\n")]
    assert sizes.longest_files(code) == ["    3  b.py", "    2  a.py"]
    assert sizes.longest_functions(code) == ["    3  b.py:1 g", "    2  a.py:1 f"]

"""Help: there at once, in two languages, with an example for each command, and written down."""

from __future__ import annotations

import subprocess
import sys
from time import perf_counter

import pytest

from agent.cli import reference
from agent.cli.root import MEMBERS
from tests.cli.hub import anju

COMMANDS = [
    *MEMBERS,
    *("alarm ack", "alarm resolve", "config check"),
    *("journal tail", "journal show", "journal export", "journal stats", "journal verify"),
    *("sync status", "sync drain", "sync pull-test"),
    *("rules list", "rules show", "rules check", "rules explain", "rules replay"),
]


@pytest.mark.parametrize("command", COMMANDS)
@pytest.mark.parametrize(("language", "word"), [("zh", "示例"), ("en", "Example")])
def test_every_command_explains_itself_with_an_example(
    command: str, language: str, word: str
) -> None:
    ended = anju("--lang", language, *command.split(), "--help")
    assert ended.code == 0, ended.err
    assert f"{word}:\n  anju {command}" in ended.out


@pytest.mark.serial
def test_help_is_there_at_once() -> None:
    def took() -> float:
        began = perf_counter()
        assert anju("--help").code == 0
        return perf_counter() - began

    assert min(took() for _ in range(5)) < 0.3


def test_help_imports_neither_rich_nor_pydantic_nor_a_driver() -> None:
    script = (
        "import sys\nfrom agent.cli.root import anju\n"
        "anju(['--help'], standalone_mode=False)\n"
        "heavy = {'rich', 'pydantic', 'zigpy', 'asyncio', 'paho', 'sqlite3'} & set(sys.modules)\n"
        "sys.exit(f'imported: {heavy}' if heavy else 0)"
    )
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, check=False)
    assert done.returncode == 0, done.stderr.decode()


def test_a_question_to_the_hub_imports_neither_a_driver_nor_the_network() -> None:
    script = (
        "import sys\nimport agent.cli.status, agent.cli.pair, agent.cli.journal, agent.cli.sync\n"
        "heavy = {'rich', 'zigpy', 'paho', 'bleak', 'drivers', 'sync'} & set(sys.modules)\n"
        "sys.exit(f'imported: {heavy}' if heavy else 0)"
    )
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, check=False)
    assert done.returncode == 0, done.stderr.decode()


def test_an_unknown_command_is_a_usage_error() -> None:
    ended = anju("stauts")
    assert ended.code == 2
    assert "stauts" in ended.err


def test_the_version_is_said() -> None:
    assert anju("--version").out.startswith("anju-hub ")


def test_the_reference_is_what_the_program_says() -> None:
    assert reference.FILE.read_text(encoding="utf-8") == reference.reference(), "run: make docs"


def test_a_reference_that_drifted_is_found() -> None:
    written = reference.FILE.read_text(encoding="utf-8")
    assert reference.drifted(written) is False
    assert reference.drifted(written.replace("--json", "--jsno", 1)) is True

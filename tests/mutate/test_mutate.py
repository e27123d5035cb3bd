"""The mutants and their trials are tried themselves, with faults whose fate is known."""

from __future__ import annotations

import ast
import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.mutate import survivors
from tests.mutate.__main__ import ROOT
from tests.mutate.forks import Fate, Outcome, fate_of
from tests.mutate.memory import Memory
from tests.mutate.operators import Mutant, members_of, mutants, mutated
from tests.mutate.targets import TARGETS
from tests.mutate.trial import code_in, function_in

TEXT = '''
"""Words that are no program."""
from enum import StrEnum

LIMIT = 3

class Side(StrEnum):
    HIGH = "high"
    LOW = "low"

class Door:
    @property
    def is_open(self) -> bool:
        """Return nothing of interest."""
        assert LIMIT > 0
        return not self.shut and LIMIT >= 3

def far(value: float, side: Side = Side.HIGH) -> float:
    if side is Side.LOW:
        return -value
    return value
'''
MEMBERS = members_of([TEXT])


def test_the_faults_of_a_small_file_are_these() -> None:
    found = [(one.function, one.mutation) for one in mutants("door.py", TEXT, MEMBERS)]
    assert found == [
        ("", "LIMIT = 3 -> LIMIT = 4"),
        ("Door.is_open", "not self.shut and LIMIT >= 3 -> not self.shut or LIMIT >= 3"),
        ("Door.is_open", "not self.shut and LIMIT >= 3 -> LIMIT >= 3"),
        ("Door.is_open", "not self.shut and LIMIT >= 3 -> not self.shut"),
        ("Door.is_open", "not self.shut -> self.shut"),
        ("Door.is_open", "LIMIT >= 3 -> LIMIT > 3"),
        ("Door.is_open", "LIMIT >= 3 -> LIMIT < 3"),
        ("Door.is_open", "LIMIT >= 3 -> LIMIT >= 4"),
        ("", "Side.HIGH -> Side.LOW"),
        ("far", "side is Side.LOW -> side is not Side.LOW"),
        ("far", "if side is Side.LOW -> if True"),
        ("far", "if side is Side.LOW -> if False"),
        ("far", "side is Side.LOW -> side is Side.HIGH"),
        ("far", "-value -> value"),
    ]


@pytest.mark.parametrize("path", list(TARGETS))
def test_every_fault_is_a_program_and_not_the_one_that_was(path: str) -> None:
    text = (ROOT / path).read_text(encoding="utf-8")
    sources = [*ROOT.glob("agent/core/*.py"), ROOT / path]
    members = members_of([source.read_text(encoding="utf-8") for source in sources])
    plain = ast.unparse(ast.parse(text))
    found = mutants(path, text, members)
    assert len({mutant.name for mutant in found}) == len(found)
    for mutant in found[:: max(1, len(found) // 12)]:
        tree = mutated(text, mutant.number, members)
        assert ast.unparse(tree) != plain, mutant.name
        compile(tree, path, "exec")
    for test in TARGETS[path]:
        assert (ROOT / test).exists(), test


def test_a_name_stays_when_lines_move() -> None:
    moved = "\n\n# A comment.\n" + TEXT
    names = [one.name for one in mutants("door.py", TEXT, MEMBERS)]
    assert [one.name for one in mutants("door.py", moved, MEMBERS)] == names


def test_a_fault_that_is_not_there_is_an_error() -> None:
    with pytest.raises(LookupError, match="no fault 999"):
        mutated(TEXT, 999, MEMBERS)


def test_a_function_is_given_the_code_of_its_name_in_its_class() -> None:
    module = sys.modules[__name__]
    code = compile(TEXT, "door.py", "exec")
    assert code_in(code, "Door.is_open").co_name == "is_open"
    assert function_in(module, "code_of").__name__ == "code_of"
    with pytest.raises(AssertionError, match="TEXT is no function"):
        function_in(module, "TEXT")


def code_of() -> None:
    """Is a function, to be found by its name."""


@pytest.mark.parametrize(
    ("status", "fate"),
    [
        (0, Fate.SURVIVED),
        (1 << 8, Fate.KILLED),
        (70 << 8, Fate.BROKEN),
        (27, Fate.TIMEOUT),
        (9, Fate.BROKEN),
        (11, Fate.BROKEN),
    ],
)
def test_only_a_test_that_fails_is_a_kill(status: int, fate: Fate) -> None:
    assert fate_of(status) is fate


# Reasons

ENTRY = """
[[survivor]]
file = "door.py"
function = "far"
mutation = "-value -> value"
reason = "both are the same, for a reason"
"""
NAME = "door.py::far: -value -> value"


def test_a_survivor_needs_a_reason_and_a_reason_a_survivor() -> None:
    excused = survivors.read(ENTRY)
    good = survivors.judge([NAME], [NAME], ["door.py"], excused)
    assert (good.unexcused, good.stale) == ((), ())
    assert survivors.judge([NAME], [NAME], ["door.py"], ()).unexcused == (NAME,)
    killed = survivors.judge([], [NAME], ["door.py"], excused)
    assert killed.stale == (f"{NAME} (a test notices)",)
    gone = survivors.judge([], [], ["door.py"], excused)
    assert gone.stale == (f"{NAME} (there is no such mutant)",)
    assert survivors.judge([], [], ["window.py"], excused).stale == ()


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (("both are the same, for a reason", "equivalent"), "has no reason"),
        (('function = "far"\n', ""), "wanted file, function, mutation and reason"),
        (("file =", "path ="), "wanted file, function, mutation and reason"),
    ],
)
def test_an_entry_that_is_not_whole_is_refused(change: tuple[str, str], said: str) -> None:
    with pytest.raises(ValueError, match=said):
        survivors.read(ENTRY.replace(*change))


def test_the_reasons_that_are_written_name_mutants_that_exist() -> None:
    texts = [path.read_text(encoding="utf-8") for path in ROOT.glob("agent/core/*.py")]
    texts += [(ROOT / path).read_text(encoding="utf-8") for path in TARGETS]
    members = members_of(texts)
    names = {
        mutant.name
        for path in TARGETS
        for mutant in mutants(path, (ROOT / path).read_text(encoding="utf-8"), members)
    }
    excused = survivors.read(survivors.FILE.read_text(encoding="utf-8"))
    assert [entry.name for entry in excused if entry.name not in names] == []
    assert len({entry.name for entry in excused}) == len(excused)


# Memory


def test_a_fate_is_believed_while_nothing_has_changed(tmp_path: Path) -> None:
    mutant = Mutant("door.py", "far", "-value -> value", 1, 0)
    memory = Memory("today")
    memory.keep(Outcome(mutant, Fate.KILLED, "test_x"))
    memory.write(tmp_path / "kept/fates.json")
    again = Memory.read(tmp_path / "kept/fates.json", "today")
    assert again.known([mutant]) == [Outcome(mutant, Fate.KILLED, "test_x")]
    later = Memory.read(tmp_path / "kept/fates.json", "tomorrow")
    assert later.known([mutant]) == []
    assert later.killers() == {mutant.name: "test_x"}


def test_a_trial_that_went_wrong_is_never_believed() -> None:
    mutant = Mutant("door.py", "far", "-value -> value", 1, 0)
    memory = Memory("today")
    memory.keep(Outcome(mutant, Fate.BROKEN))
    assert memory.known([mutant]) == []


@pytest.mark.parametrize("text", ["", "[]", "{", '{"a": 1}', '{"a": ["x"]}'])
def test_a_memory_that_is_damaged_is_none(text: str, tmp_path: Path) -> None:
    (tmp_path / "fates.json").write_text(text)
    assert Memory.read(tmp_path / "fates.json", "today").fates == {}


# The whole, on the smallest file of the core


def run(*words: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "tests.mutate", *words],
        cwd=ROOT,
        env={**os.environ, "PYTHONPATH": os.environ.get("PYTHONPATH", str(ROOT))},
        capture_output=True,
        text=True,
        check=False,
    )


def test_a_run_tells_its_figures_in_one_line_of_json() -> None:
    done = run("--only", "rules/blind", "--jobs", "1")
    figures = json.loads(done.stdout)
    assert figures["what"] == "mutate"
    assert figures["mutants"] == figures["killed"] + figures["survived"] + figures["timeouts"]
    assert (figures["broken"], figures["mutants"] > 5) == (0, True), done.stderr
    assert done.returncode == 0, done.stderr


def test_a_file_that_is_not_of_the_core_is_refused() -> None:
    done = run("--only", "no_such_file")
    assert done.returncode == 2
    assert "--only no_such_file is in none of: local_rules/patterns/report.py" in done.stderr

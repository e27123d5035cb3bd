"""Runs the tests on one mutant after the other, each in a forked process of its own.

A fault inside a function is planted by giving the function other code, in a process that has
collected the tests already: that takes milliseconds. A fault in the module itself (a table, a
constant, a default) is planted when the module is imported, in a process that knows nothing yet.
"""

from __future__ import annotations

import json
import os
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from importlib.abc import MetaPathFinder
from importlib.machinery import ModuleSpec, SourceFileLoader
from importlib.util import spec_from_file_location
from pathlib import Path
from types import CodeType, FrameType, FunctionType, ModuleType
from typing import Any

import hypothesis
import pytest

from tests.mutate.forks import KILLED, SURVIVED, Fate, Outcome, Told, Work, bound, fork, run_all
from tests.mutate.operators import Members, Mutant, mutated

MODULE_CPU_S = 120.0
"""Processor time for one mutant of a module as a whole: import, collection and its tests."""

LEAST_CPU_S = 1.0
"""Processor time that one test has in any case; beyond it, `SLOWER` times what it takes."""

SLOWER = 10.0


def options(tests: Sequence[str]) -> list[str]:
    """Return how pytest runs here: without plugins, words and explanations."""
    without = ("terminal", "cacheprovider", "logging", "warnings", "faulthandler")
    plain = [word for name in without for word in ("-p", f"no:{name}")]
    return [*plain, "-o", "addopts=", "--assert=plain", *tests]


def settle() -> None:
    """See to it that tests are the same each time, and that a failing one says so at once."""
    os.environ["PYTEST_DISABLE_PLUGIN_AUTOLOAD"] = "1"
    hypothesis.settings.register_profile(
        "mutate",
        derandomize=True,
        database=None,
        deadline=None,
        report_multiple_bugs=False,
        suppress_health_check=list(hypothesis.HealthCheck),
        phases=[hypothesis.Phase.explicit, hypothesis.Phase.generate],
    )
    hypothesis.settings.load_profile("mutate")


# A fault in the module itself


def module_of(path: str) -> str:
    return path.removesuffix(".py").replace("/", ".")


class _Planted(SourceFileLoader):
    """Loads the module with the fault in it."""

    def __init__(self, name: str, path: str, code: CodeType) -> None:
        super().__init__(name, path)
        self._code = code

    def get_code(self, fullname: str) -> CodeType:
        return self._code


class _Finder(MetaPathFinder):
    def __init__(self, path: Path, name: str, code: CodeType) -> None:
        self._path, self._name, self._code = path, name, code

    def find_spec(self, fullname: str, path: object, target: object = None) -> ModuleSpec | None:
        if fullname != self._name:
            return None
        loader = _Planted(self._name, str(self._path), self._code)
        return spec_from_file_location(self._name, self._path, loader=loader)


class _Watch:
    """Notes the first test that fails, and puts the likely one in front."""

    def __init__(self, first: str) -> None:
        self._first, self.failed = first, ""

    def pytest_collection_modifyitems(self, items: list[pytest.Item]) -> None:
        items.sort(key=lambda item: item.nodeid != self._first)

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        if report.failed and not self.failed:
            self.failed = report.nodeid


def try_module(
    root: Path, mutant: Mutant, members: Members, tests: Sequence[str], first: str
) -> Any:
    """Return the work that imports everything anew with the fault in it and runs the tests."""

    def work() -> tuple[int, str]:
        text = (root / mutant.path).read_text(encoding="utf-8")
        code = compile(mutated(text, mutant.number, members), mutant.path, "exec")
        bound(MODULE_CPU_S)
        sys.meta_path.insert(0, _Finder(root / mutant.path, module_of(mutant.path), code))
        watch = _Watch(first)
        ended = pytest.main(["-x", *options(tests)], plugins=[watch])
        if ended is pytest.ExitCode.INTERRUPTED:
            return KILLED, "collection"  # A test file cannot even be imported.
        return {pytest.ExitCode.OK: SURVIVED, pytest.ExitCode.TESTS_FAILED: KILLED}.get(
            pytest.ExitCode(ended), 70
        ), watch.failed

    return work


# A fault inside a function


@dataclass(frozen=True)
class Known:
    """What one test is: how long it takes, and which functions it runs."""

    took_s: float
    functions: frozenset[str]


class Session:
    """A pytest plugin: once the tests are collected, it runs them on each mutant."""

    def __init__(
        self,
        root: Path,
        todo: Sequence[Mutant],
        members: Members,
        tests: Mapping[str, Sequence[str]],
        killers: Mapping[str, str],
        jobs: int,
        told: Told,
    ) -> None:
        self._root, self._todo, self._members, self._tests = root, todo, members, tests
        self._killers, self._jobs, self._told = dict(killers), jobs, told
        self._items: dict[str, pytest.Item] = {}
        self._known: dict[str, Known] = {}
        self.fault = ""

    def pytest_runtestloop(self, session: pytest.Session) -> bool:
        self._items = {item.nodeid: item for item in session.items}
        if session.testsfailed or not self._items:
            self.fault = "the tests cannot be collected"
            return True
        child = fork(lambda: self._survey(session))
        said = child.said()
        if os.waitpid(child.pid, 0)[1]:
            self.fault = said or "the tests end without a word"
            return True
        self._known = {
            name: Known(took_s, frozenset(functions))
            for name, took_s, functions in json.loads(said)
        }
        run_all(self._trials(session), self._jobs, self._heard)
        return True

    def _heard(self, outcome: Outcome) -> None:
        if outcome.fate is Fate.KILLED:
            self._killers[outcome.mutant.name] = outcome.test
            # What killed one fault of a function is likely to kill the next.
            self._killers[f"{outcome.mutant.path}::{outcome.mutant.function}"] = outcome.test
        self._told(outcome)

    def _survey(self, session: pytest.Session) -> tuple[int, str]:
        """Run every test on the code as it is; say what each takes and which functions it runs."""
        files = {str(self._root / mutant.path): mutant.path for mutant in self._todo}
        wanted = {(mutant.path, mutant.function) for mutant in self._todo}
        seen: set[str] = set()

        def note(frame: FrameType, event: str, _: object) -> None:
            path = files.get(frame.f_code.co_filename) if event == "call" else None
            if path is not None and (path, frame.f_code.co_qualname) in wanted:
                seen.add(f"{path}::{frame.f_code.co_qualname}")

        survey: list[tuple[str, float, list[str]]] = []
        for name, item in self._items.items():
            seen.clear()
            begun_s = time.process_time()
            sys.setprofile(note)
            _run(item)
            sys.setprofile(None)
            if session.testsfailed:
                return 1, f"{name} fails without any mutant"
            survey.append((name, time.process_time() - begun_s, sorted(seen)))
        return 0, json.dumps(survey)

    def _trials(self, session: pytest.Session) -> Iterator[tuple[Mutant, Work]]:
        for mutant in self._todo:
            yield mutant, self._work(mutant, self._chosen(mutant), session)

    def _chosen(self, mutant: Mutant) -> list[str]:
        """Return the tests that run the function, those first that are likely to fail soon."""
        function = f"{mutant.path}::{mutant.function}"
        likely = (self._killers.get(mutant.name), self._killers.get(function))
        files = self._tests[mutant.path]
        return sorted(
            (
                name
                for name, known in self._known.items()
                if function in known.functions and name.partition("::")[0] in files
            ),
            key=lambda name: (
                likely.index(name) if name in likely else len(likely),
                self._known[name].took_s,
            ),
        )

    def _work(self, mutant: Mutant, names: Sequence[str], session: pytest.Session) -> Work:
        def work() -> tuple[int, str]:
            text = (self._root / mutant.path).read_text(encoding="utf-8")
            tree = mutated(text, mutant.number, self._members)
            code = compile(tree, str(self._root / mutant.path), "exec")
            module = sys.modules[module_of(mutant.path)]
            function_in(module, mutant.function).__code__ = code_in(code, mutant.function)
            for name in names:
                bound(LEAST_CPU_S + SLOWER * self._known[name].took_s)
                _run(self._items[name])
                if session.testsfailed:
                    return KILLED, name
            return SURVIVED, ""

        return work


def _run(item: pytest.Item) -> None:
    item.config.hook.pytest_runtest_protocol(item=item, nextitem=None)


def function_in(module: ModuleType, name: str) -> FunctionType:
    """Return the function called `name`, under whatever decorator and in whatever class."""
    held: Any = module
    for part in name.split("."):
        held = vars(held)[part]
    held = getattr(held, "fget", None) or getattr(held, "__func__", held)
    held = getattr(held, "__wrapped__", held)
    assert isinstance(held, FunctionType), f"{name} is no function"
    return held


def code_in(code: CodeType, name: str) -> CodeType:
    """Return the code of the function called `name` in that of its module."""
    for part in name.split("."):
        code = next(
            one for one in code.co_consts if isinstance(one, CodeType) and one.co_name == part
        )
    return code

"""What nobody may write, and the few places that may, each with its reason."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator, Mapping, Sequence
from pathlib import PurePosixPath

from tests.tidy.source import Source, calls, dotted

MAY_CATCH_EVERYTHING: dict[str, str] = {
    "agent.supervisor": "restarts whatever ends: that is its job",
    "agent.dispatch": "one actuator's fault must not keep the next from sounding",
    "agent.journal.writer": "the end of its thread must not be silent: the hub starts again",
    "agent.control.server": "a bug behind one request must not end the hub",
    "drivers.zigbee.radio": "the border to a library that raises what it likes",
    "drivers.zigbee.driver": "the border to a library that raises what it likes",
    "sync.mqtt": "foreign bytes inside a foreign library's thread",
}

MAY_START_LOOSE_TASKS: dict[str, str] = {
    "agent.control.client": "the listener lives as long as the connection; close() ends it",
    "agent.up": "waits for the first of two, and cancels the other at once",
}

MAY_READ_THE_CLOCK: dict[str, str] = {
    "agent.clock": "is the clock",
}

NOT_A_NAME = frozenset(["utils", "util", "helpers", "helper", "common", "manager", "misc"])
NOT_A_NAME |= {"service", "services", "managers"}

CLOCKS = {
    "time.time",
    "time.sleep",
    "datetime.now",
    "datetime.utcnow",
    "datetime.datetime.now",
    "datetime.datetime.utcnow",
    "date.today",
}
LATER = re.compile(r"\b(TO" + r"DO|FIX" + r"ME|XX" + r"X)\b")
MOCK = re.compile(r"\bmock\b|\bMagicMock\b|\bmonkeypatch\.setattr\b|\bmocker\b")
SOMEBODYS_PLACE = re.compile(r"(?<![\w.])/(?:(?:home|Users)/[a-z]\w*|root|work)/[\w.]")


def check_prints(sources: Sequence[Source]) -> list[str]:
    """Return every print of the product outside the command line."""
    return [
        f"{source.path}:{line}: print: return it, or log the transition"
        for source in sources
        if source.is_product and not source.module.startswith("agent.cli")
        for call, line in calls(source.tree)
        if call == "print"
    ]


def check_tasks(sources: Sequence[Source]) -> list[str]:
    """Return every task that no group owns."""
    faults = []
    for source in sources:
        if not source.is_product or source.module in MAY_START_LOOSE_TASKS:
            continue
        for call, line in calls(source.tree):
            owner, _, name = call.rpartition(".")
            loose = name == "create_task" and owner.split(".")[-1] in (
                "asyncio",
                "loop",
                "_loop",
                "get_running_loop()",
                "get_event_loop()",
            )
            if loose or name == "ensure_future":
                faults.append(f"{source.path}:{line}: {call}: use the TaskGroup that owns the task")
    return faults


def check_clocks(sources: Sequence[Source]) -> list[str]:
    """Return every look at the wall clock past the Clock, and every blocking sleep."""
    return [
        f"{source.path}:{line}: {call}: use the Clock that is passed in, or await"
        for source in sources
        if source.is_product and source.module not in MAY_READ_THE_CLOCK
        for call, line in calls(source.tree)
        if call in CLOCKS
    ]


def check_catches(sources: Sequence[Source]) -> list[str]:
    """Return every handler that takes any error, outside the places that have a reason."""
    faults = []
    for source in sources:
        if not source.is_product or source.module in MAY_CATCH_EVERYTHING:
            continue
        faults += [
            f"{source.path}:{node.lineno}: takes every error: name the one that is expected"
            for node in ast.walk(source.tree)
            if isinstance(node, ast.ExceptHandler) and _takes_everything(node.type)
        ]
    return faults


def _takes_everything(kind: ast.expr | None) -> bool:
    match kind:
        case None:
            return True
        case ast.Tuple(elts=several):
            return any(_takes_everything(one) for one in several)
        case ast.Name(id=name):
            return name in ("Exception", "BaseException")
        case _:
            return False


def check_mocks(sources: Sequence[Source]) -> list[str]:
    """Return every mock: a driver is tested against its real library and an emulated wire.

    A test may shorten a constant (`monkeypatch.setattr(radio, "PING_S", 0.5)`); it may not replace
    what does something.
    """
    return [
        f"{source.path}:{line}: {name}: emulate the wire instead"
        for source in sources
        if not source.is_product
        for line, name in _stand_ins(source.tree)
        if MOCK.search(name)
    ]


def _stand_ins(tree: ast.Module) -> Iterator[tuple[int, str]]:
    """Yield what is imported, and what is replaced by monkeypatch unless it is a constant."""
    for node in ast.walk(tree):
        match node:
            case ast.Import(names=names):
                yield node.lineno, " ".join(alias.name for alias in names)
            case ast.ImportFrom(module=module, names=names):
                yield node.lineno, " ".join([module or "", *(alias.name for alias in names)])
            case ast.Call(func=func, args=args) if dotted(func).endswith("patch.setattr"):
                words = [one.value for one in args if isinstance(one, ast.Constant)]
                target = str(words[0]).rpartition(".")[2] if words else ""
                if not target.isupper():
                    yield node.lineno, dotted(func)


def check_names(paths: Sequence[str]) -> list[str]:
    """Return every Python file or folder whose name says nothing."""
    return [
        f"{path}: say what it is for instead of {part}"
        for path in paths
        if path.endswith(".py")
        for part in PurePosixPath(path).with_suffix("").parts
        if part in NOT_A_NAME
    ]


def check_texts(texts: Mapping[str, str]) -> list[str]:
    """Return every note to do something later, and every path of somebody's own machine."""
    faults = []
    for path, text in texts.items():
        for number, line in enumerate(text.splitlines(), 1):
            if LATER.search(line):
                faults.append(f"{path}:{number}: do it, or write the limit down as a sentence")
            if SOMEBODYS_PLACE.search(line):
                faults.append(f"{path}:{number}: a path that exists on one machine only")
    return faults


def unused_permissions(sources: Sequence[Source]) -> list[str]:
    """Return every exception from a ban whose module is gone."""
    modules = {source.module for source in sources}
    lists = (MAY_CATCH_EVERYTHING, MAY_START_LOOSE_TASKS, MAY_READ_THE_CLOCK)
    return [
        f"tests/tidy/bans.py: {module} does not exist: remove its permission"
        for permitted in lists
        for module in permitted
        if module not in modules
    ]

"""Who may import whom, and which modules are pure."""

from __future__ import annotations

import ast
from collections.abc import Iterator, Sequence

from tests.tidy.source import PRODUCT, Source, calls, known_modules

ROOTS = ("agent.guard", "agent.up", "agent.cli", "agent.__main__", "sync.link")
"""They put the parts together: they may import everything, and nobody imports them."""

SHELL = ("agent.core", "agent.journal", "agent.response", "local_rules", "drivers")

MAY_IMPORT: dict[str, tuple[str, ...]] = {
    "agent.core": (),
    "agent.journal": ("agent.core",),
    "agent.response": ("agent.core",),
    "drivers": ("agent.core",),
    "local_rules": ("agent.core",),
    "sync": (
        "agent.core",
        "agent.journal.reader",
        "agent.journal.row",
        "agent.control.client",
        "agent.control.schema",
        "agent.config",
    ),
    "agent": SHELL,
}
"""Area -> what it may import beside itself. The longest name that fits says where a module is."""

PURE = ("agent.core", "agent.response", "local_rules", "sync.codec", "sync.session")
"""And every `decode` module of a driver. Also pure: whatever of ours these import."""

# Whatever can wait, look around or come out differently the next time.
IMPURE = (
    frozenset(["asyncio", "concurrent", "multiprocessing", "queue", "signal", "threading", "time"])
    | frozenset(
        ["ctypes", "io", "logging", "os", "pathlib", "shutil", "sqlite3", "sys", "tempfile"]
    )
    | frozenset(["http", "select", "selectors", "socket", "ssl", "subprocess", "urllib"])
    | frozenset(["random", "secrets"])
)

Found = tuple[str, int]  # What is imported, and in which line.


def imported(source: Source, ours: frozenset[str]) -> Iterator[Found]:
    """Yield every import; `from agent.core import clock` is `agent.core.clock`."""
    package = source.module if source.is_package else source.module.rpartition(".")[0]
    for node in ast.walk(source.tree):
        if isinstance(node, ast.Import):
            yield from ((alias.name, node.lineno) for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            base = node.module or ""
            if node.level:
                parts = package.split(".")
                above = parts[: len(parts) - node.level + 1]
                base = ".".join([*above, base] if base else above)
            for alias in node.names:
                deeper = f"{base}.{alias.name}"
                yield (deeper if deeper in ours else base), node.lineno


def inside(module: str, area: str) -> bool:
    """Return whether the module is the area or in it."""
    return module == area or module.startswith(f"{area}.")


def area_of(module: str) -> str:
    """Return the area of the import table that a module of the product is in."""
    return max((area for area in MAY_IMPORT if inside(module, area)), key=len)


def check_table(all_sources: Sequence[Source]) -> list[str]:
    """Return every import that the table does not allow."""
    ours = known_modules(all_sources)
    faults = []
    for source in all_sources:
        if source.is_product:
            faults += [
                f"{source.path}:{line}: {source.module} imports {what}: {why}"
                for what, line in imported(source, ours)
                if (why := _refusal(source.module, what))
            ]
    return faults


def _refusal(importer: str, what: str) -> str:
    if what.split(".")[0] in ("tests", "znp", "modem", "emulators", "demo"):
        return "the product does not know its tests"
    if what.split(".")[0] not in PRODUCT:
        return ""
    root = next((root for root in ROOTS if inside(what, root)), None)
    own_root = next((root for root in ROOTS if inside(importer, root)), None)
    if root is not None and own_root is None:
        return f"{root} is a root, nobody imports it"
    if own_root is not None:
        return ""
    here, there = area_of(importer), area_of(what)
    if here == there or any(inside(what, allowed) for allowed in MAY_IMPORT[here]):
        return ""
    allowed = ", ".join(MAY_IMPORT[here]) or "nothing of ours"
    return f"{here} may import {allowed}"


def is_pure(module: str) -> bool:
    """Return whether a module must be pure."""
    named = any(inside(module, area) for area in PURE)
    parts = module.split(".")
    return named or (parts[0] == "drivers" and "decode" in parts[1:])


def check_purity(all_sources: Sequence[Source]) -> list[str]:
    """Return every impure import and every opened file in what pure modules reach."""
    by_name = {source.module: source for source in all_sources}
    reached = {name: name for name in by_name if is_pure(name)}
    faults, waiting = [], list(reached)
    while waiting:
        name = waiting.pop()
        for what, line in imported(by_name[name], frozenset(by_name)):
            if what.split(".")[0] in IMPURE:
                faults.append(_impure(by_name[name], line, f"imports {what}", reached[name]))
            elif what in by_name and what not in reached:
                reached[what] = reached[name]
                waiting.append(what)
        faults += [
            _impure(by_name[name], line, f"calls {call}", reached[name])
            for call, line in calls(by_name[name].tree)
            if call in ("open", "input")
        ]
    return faults


def _impure(source: Source, line: int, does: str, because_of: str) -> str:
    by = "" if source.module == because_of else f", and {because_of} reaches it"
    return f"{source.path}:{line}: {source.module} must be pure{by}, but {does}"

"""The files of the repository, read once."""

from __future__ import annotations

import ast
import subprocess
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
PRODUCT = ("agent", "drivers", "local_rules", "sync")
TEXT = {".py", ".md", ".toml", ".service", ".conf", ".rules", ".yaml", ".yml", ".json", ".sh", ""}


@dataclass(frozen=True, slots=True)
class Source:
    """One Python file. `module` is its dotted name, `path` is relative to the repository."""

    path: str
    module: str
    tree: ast.Module
    lines: int

    @property
    def is_product(self) -> bool:
        """Return whether the file runs in a home."""
        return self.module.split(".")[0] in PRODUCT

    @property
    def is_package(self) -> bool:
        """Return whether the file is a package's own."""
        return self.path.endswith("__init__.py")


def parse(path: str, text: str) -> Source:
    """Return the file as a tree."""
    module = path.removesuffix(".py").removesuffix("/__init__").replace("/", ".")
    for folder in ("hw-fixtures.emulators.", "hw-fixtures."):
        module = module.removeprefix(folder)
    return Source(path, module, ast.parse(text, path), text.count("\n"))


def files(root: Path = ROOT) -> list[str]:
    """Return the paths that belong to the repository, or would with the next `git add`."""
    if (root / ".git").exists():
        command = ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"]
        found = subprocess.run(command, cwd=root, capture_output=True, check=True).stdout.decode()
        names = found.strip("\0").split("\0")
    else:
        names = [str(path.relative_to(root)) for path in root.rglob("*")]
        names = [name for name in names if not _is_made(name)]
    return sorted(name for name in set(names) if (root / name).is_file())


def _is_made(name: str) -> bool:
    made = ("__pycache__", "node_modules", "build", "dist")
    return any(part in made or part.startswith(".") for part in Path(name).parts)


def sources(root: Path = ROOT) -> list[Source]:
    """Return every Python file."""
    return [
        parse(name, (root / name).read_text(encoding="utf-8"))
        for name in files(root)
        if name.endswith(".py")
    ]


def texts(root: Path = ROOT) -> dict[str, str]:
    """Return every text file by its path."""
    names = [name for name in files(root) if Path(name).suffix in TEXT]
    return {name: (root / name).read_text(encoding="utf-8") for name in names}


def calls(tree: ast.AST) -> list[tuple[str, int]]:
    """Return every call as (dotted name, line); `a().b()` is `a().b`."""
    return [
        (dotted(node.func), node.lineno) for node in ast.walk(tree) if isinstance(node, ast.Call)
    ]


def dotted(node: ast.expr) -> str:
    """Return the expression as a dotted name."""
    match node:
        case ast.Name(id=name):
            return name
        case ast.Attribute(value=value, attr=attr):
            return f"{dotted(value)}.{attr}"
        case ast.Call(func=func):
            return f"{dotted(func)}()"
        case _:
            return "?"


def known_modules(all_sources: Sequence[Source]) -> frozenset[str]:
    """Return the names of our own modules."""
    return frozenset(source.module for source in all_sources)

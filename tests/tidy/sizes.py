"""The longest files and functions: printed as a hint, never a reason to cut one thing in two."""

from __future__ import annotations

import ast
from collections.abc import Sequence

from tests.tidy.source import Source


def longest_files(sources: Sequence[Source], limit: int = 8) -> list[str]:
    """Return the longest files, longest first."""
    found = sorted(sources, key=lambda source: -source.lines)[:limit]
    return [f"{source.lines:5}  {source.path}" for source in found]


def longest_functions(sources: Sequence[Source], limit: int = 8) -> list[str]:
    """Return the longest functions, longest first."""
    found = [
        (_lines(node), f"{source.path}:{node.lineno} {node.name}")
        for source in sources
        for node in ast.walk(source.tree)
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
    ]
    return [f"{lines:5}  {where}" for lines, where in sorted(found, reverse=True)[:limit]]


def _lines(node: ast.FunctionDef | ast.AsyncFunctionDef) -> int:
    return (node.end_lineno or node.lineno) - node.lineno + 1

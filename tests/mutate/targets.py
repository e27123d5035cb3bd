"""What is mutated: the safety core, and for each module the tests that answer for it."""

from __future__ import annotations

from collections.abc import Mapping

_ROWS = "tests/local_rules/test_every_rule.py"
_SAID = "tests/local_rules/test_said.py"
_BOUNDS = "tests/local_rules/test_bounds.py"
_TIMERS = "tests/local_rules/test_timers.py"
_SNAPSHOT = "tests/local_rules/test_snapshot.py"
_ENGINE = "tests/local_rules/test_engine.py"
_CATALOG = "tests/local_rules/test_catalog.py"


def _oracle(pattern: str) -> tuple[str, ...]:
    own = f"tests/local_rules/test_{pattern}_oracle.py"
    more = f"tests/local_rules/test_{pattern}.py"
    return (_SAID, more, own, _TIMERS, _SNAPSHOT, _ENGINE, _BOUNDS, _ROWS)


TARGETS: Mapping[str, tuple[str, ...]] = {
    "local_rules/patterns/report.py": _oracle("report"),
    "local_rules/patterns/threshold.py": _oracle("threshold"),
    "local_rules/patterns/left_active.py": _oracle("left_active"),
    "local_rules/patterns/silence.py": _oracle("silence"),
    "local_rules/patterns/sequence.py": _oracle("sequence"),
    "local_rules/patterns/trend.py": _oracle("trend"),
    "local_rules/patterns/effects.py": (_ENGINE, _SAID, _ROWS),
    "local_rules/patterns/numbers.py": ("tests/local_rules/test_numbers.py", _ROWS),
    "local_rules/patterns/stored.py": (_SNAPSHOT, "tests/local_rules/test_numbers.py", _ROWS),
    "local_rules/engine.py": (
        _ENGINE,
        "tests/local_rules/test_derived.py",
        _BOUNDS,
        _TIMERS,
        _ROWS,
    ),
    "local_rules/snapshot.py": (_SNAPSHOT, _TIMERS, "tests/local_rules/test_bad_input.py"),
    "local_rules/day.py": ("tests/local_rules/test_day.py", _TIMERS, _ROWS),
    "local_rules/explain.py": ("tests/local_rules/test_explain.py", _CATALOG, _SAID, _ROWS),
    "local_rules/blind.py": ("tests/local_rules/test_general_rules.py", _ROWS),
    "agent/response/lifecycle.py": (
        "tests/response/test_lifecycle_details.py",
        "tests/response/test_lifecycle.py",
        "tests/response/test_silence.py",
    ),
    "agent/response/transitions.py": (
        "tests/response/test_lifecycle_details.py",
        "tests/response/test_lifecycle.py",
    ),
    "agent/response/gate.py": (
        "tests/response/test_gate_table.py",
        "tests/response/test_gate.py",
    ),
}

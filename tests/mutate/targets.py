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
_GENERAL = "tests/local_rules/test_general_rules.py"


_OPTIONS = (
    "tests/local_rules/test_shared_options.py",
    "tests/local_rules/test_options_oracle.py",
)
_BAD_INPUT = "tests/local_rules/test_bad_input.py"


def _oracle(pattern: str) -> tuple[str, ...]:
    own = f"tests/local_rules/test_{pattern}_oracle.py"
    more = f"tests/local_rules/test_{pattern}.py"
    return (_SAID, more, own, *_OPTIONS, _TIMERS, _SNAPSHOT, _ENGINE, _BOUNDS, _ROWS)


def _deriving(pattern: str, *more: str) -> tuple[str, ...]:
    own = f"tests/local_rules/test_{pattern}.py"
    return (own, *more, _GENERAL, _TIMERS, _BOUNDS, _BAD_INPUT)


def _response(*own: str) -> tuple[str, ...]:
    named = ("lifecycle_details", "lifecycle", "pre_alarm", *own)
    return tuple(f"tests/response/test_{name}.py" for name in named)


TARGETS: Mapping[str, tuple[str, ...]] = {
    "local_rules/patterns/report.py": _oracle("report"),
    "local_rules/patterns/threshold.py": _oracle("threshold"),
    "local_rules/patterns/left_active.py": _oracle("left_active"),
    "local_rules/patterns/silence.py": _oracle("silence"),
    "local_rules/patterns/sequence.py": _oracle("sequence"),
    "local_rules/patterns/trend.py": _oracle("trend"),
    "local_rules/patterns/life.py": _deriving("life"),
    "local_rules/patterns/presence.py": _deriving("presence"),
    "local_rules/patterns/alert_line.py": _deriving("alert_line"),
    "local_rules/patterns/habit.py": _deriving("habit"),
    "local_rules/patterns/tally.py": _deriving("tally"),
    "local_rules/patterns/gate.py": ("tests/local_rules/test_gate.py", *_OPTIONS, _ROWS),
    "local_rules/patterns/figure.py": (*_OPTIONS, _ROWS),
    "local_rules/patterns/amount.py": (*_OPTIONS, _ROWS),
    "local_rules/patterns/count.py": ("tests/local_rules/test_count.py", *_OPTIONS, _ROWS),
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
    "local_rules/snapshot.py": (_SNAPSHOT, _TIMERS, _BAD_INPUT),
    "local_rules/day.py": ("tests/local_rules/test_day.py", _TIMERS, _ROWS),
    "local_rules/explain.py": ("tests/local_rules/test_explain.py", _CATALOG, _SAID, _ROWS),
    "local_rules/blind.py": (_GENERAL, _ROWS),
    "local_rules/alert_line.py": _deriving("alert_line"),
    "agent/response/lifecycle.py": _response("waiting_machine", "mutes", "silence"),
    "agent/response/transitions.py": _response("waiting_machine"),
    "agent/response/waiting.py": _response("waiting", "waiting_machine", "mutes"),
    "agent/response/mutes.py": ("tests/response/test_mutes.py", _GENERAL),
    "agent/response/silence.py": _response("silence"),
    "agent/response/gate.py": (
        "tests/response/test_gate_table.py",
        "tests/response/test_gate.py",
    ),
}

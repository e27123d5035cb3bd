"""Writes the safety table as the page that an auditor reads. Made from the table alone."""

from __future__ import annotations

from collections.abc import Iterable

from agent.core.text import Sentence
from local_rules.catalog import ROWS, SIREN, Act, Parameter, Row

_LISTED = 8  # More inputs than these are not a list that anybody reads.


def as_markdown() -> str:
    """Return the rules, their limits with source, and the sirens, as four Markdown tables."""
    parts = (
        _table(
            ("no.", "rule", "name", "名称", "severity", "pattern", "listens to", "does at once"),
            (_rule(row) for row in ROWS),
        ),
        _table(
            ("rule", "clears when", "blind", "pitfalls"),
            ((f"`{row.id}`", *_both(row.clears, row.blind, row.pitfalls)) for row in ROWS),
        ),
        _table(
            ("parameter", "default", "hard range", "source"),
            (line for row in ROWS for line in _limits(row)),
        ),
        _table(
            ("siren", "default", "hard range", "source"),
            ((f"`{name}`", *_limit(parameter)) for name, parameter in SIREN.items()),
        ),
    )
    return "\n".join(parts)


def _rule(row: Row) -> tuple[str, ...]:
    kind = f"{row.pattern.name}, momentary" if row.momentary else row.pattern.name
    inputs = ", ".join(f"`{quantity}`" for quantity in row.inputs)
    return (
        str(row.number),
        f"`{row.id}`",
        row.name.en,
        row.name.zh,
        row.severity.value,
        f"{kind}, latched" if row.latched else kind,
        inputs if len(row.inputs) <= _LISTED else "whatever a device says of its own accord",
        ", ".join(_act(act) for act in row.acts) or "-",
    )


def _both(*sentences: Sentence | None) -> Iterable[str]:
    """Yield each sentence in both languages."""
    for sentence in sentences:
        yield "-" if sentence is None else f"{sentence.en} {sentence.zh}"


def _act(act: Act) -> str:
    what = f"`{act.target}` {act.kind}"
    return f"{what} ({act.lasts})" if act.lasts else what


def _limits(row: Row) -> Iterable[tuple[str, ...]]:
    """Yield the parameters that apply to the rule: those that leave a choice."""
    for name, parameter in row.parameters.items():
        if parameter.low < parameter.high:
            yield (f"`{row.id}.{name}`", *_limit(parameter))


def _limit(parameter: Parameter) -> tuple[str, ...]:
    unit = parameter.unit
    return (
        f"{parameter.default:g} {unit}".rstrip(),
        f"{parameter.low:g}-{parameter.high:g} {unit}".rstrip(),
        parameter.source,
    )


def _table(head: tuple[str, ...], lines: Iterable[tuple[str, ...]]) -> str:
    rows = [head, ("---",) * len(head), *lines]
    return "\n".join(f"| {' | '.join(cells)} |" for cells in rows) + "\n"

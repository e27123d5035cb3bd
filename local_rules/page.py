"""Writes the safety table as the page that an auditor reads. Made from the table alone."""

from __future__ import annotations

from collections.abc import Iterable

from local_rules.catalog import ROWS, SIREN, Act, Parameter, Row


def as_markdown() -> str:
    """Return the rules, their limits with source, and the sirens, as three Markdown tables."""
    parts = (
        _table(
            (
                "no.",
                "rule",
                "名称",
                "severity",
                "listens to",
                "kind",
                "does at once",
                "clears when",
            ),
            (_rule(row) for row in ROWS),
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
    kind = "momentary" if row.momentary else "held"
    return (
        str(row.number),
        f"`{row.id}`",
        row.name.zh,
        row.severity.value,
        ", ".join(f"`{quantity}`" for quantity in row.inputs),
        f"{kind}, latched" if row.latched else kind,
        ", ".join(_act(act) for act in row.acts) or "-",
        row.clears.en,
    )


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
        f"{parameter.default:g} {unit}",
        f"{parameter.low:g}-{parameter.high:g} {unit}",
        parameter.source,
    )


def _table(head: tuple[str, ...], lines: Iterable[tuple[str, ...]]) -> str:
    rows = [head, ("---",) * len(head), *lines]
    return "\n".join(f"| {' | '.join(cells)} |" for cells in rows) + "\n"

"""How values look to a person: spans of time, moments, readings, tables."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import TYPE_CHECKING

import click

from agent.cli import text

if TYPE_CHECKING:
    from rich.table import Table
    from rich.text import Text

Value = bool | int | float | str

TWO_SIDED = frozenset(["contact_open", "motion", "switched_on", "siren_on"])


def span(seconds: float, language: str) -> str:
    """Return a span of time in its two largest units.

    >>> span(3725, "en"), span(59, "zh")
    ('1 h 2 min', '59 秒')
    """
    whole = max(0, int(seconds))
    if whole < 60:
        return text.say(text.SECONDS, language, n=whole)
    if whole < 3600:
        return text.say(text.MINUTES, language, n=whole // 60)
    if whole < 86_400:
        return text.say(text.HOURS, language, n=whole // 3600, m=whole % 3600 // 60)
    return text.say(text.DAYS, language, n=whole // 86_400, m=whole % 86_400 // 3600)


def ago(seconds: float | None, language: str) -> str:
    """Return how long ago something was; None is never."""
    if seconds is None:
        return text.say(text.NEVER, language)
    return text.say(text.AGO, language, time=span(seconds, language))


def moment(wall_s: float) -> str:
    """Return a wall time (seconds since 1970 UTC) in the machine's zone, to the second; one that no
    calendar has, out of a damaged file, as the number that it is."""
    try:
        return datetime.fromtimestamp(wall_s).strftime("%Y-%m-%d %H:%M:%S")
    except (OverflowError, ValueError, OSError):
        return f"{wall_s:g} s"


def size(count: float) -> str:
    """Return a number of bytes in the unit that suits it.

    >>> size(812), size(5_120_000), size(1.2e13)
    ('812 B', '5.1 MB', '12.0 TB')
    """
    for unit, least in (("TB", 1e12), ("GB", 1e9), ("MB", 1e6), ("kB", 1e3)):
        if count >= least:
            return f"{count / least:.1f} {unit}"
    return f"{count:.0f} B"


def value(found: Value, language: str) -> str:
    """Return a reading's value: yes or no, a short number, or the word itself."""
    match found:
        case bool():
            return text.word(text.YES_NO, str(found).lower(), language)
        case float():
            return f"{found:g}"
        case _:
            return str(found)


def notable(found: Mapping[str, Value]) -> dict[str, Value]:
    """Return the readings that tell a person something: numbers, words, what is true, and the
    states of which both sides matter. A page of "no" hides the one "yes"."""
    return {
        key: one
        for key, one in found.items()
        if one is not False or (key.partition("/")[0] in TWO_SIDED and "alarm2" not in key)
    }


def readings(found: Mapping[str, Value], language: str) -> str:
    """Return `quantity[/channel] -> value` pairs as one text."""
    parts = []
    for key, one in sorted(found.items()):
        quantity, _, channel = key.partition("/")
        name = text.word(text.QUANTITIES, quantity, language)
        parts.append(f"{name}{'/' if channel else ''}{channel} {value(one, language)}")
    return ", ".join(parts)


def table(headings: Sequence[str], rows: Sequence[Sequence[str]]) -> None:
    """Print a table; Chinese characters take two columns."""
    from rich import box
    from rich.table import Table

    made = Table(box=box.SIMPLE_HEAD, pad_edge=False)
    for heading in headings:
        made.add_column(heading, overflow="fold")
    for row in rows:
        made.add_row(*map(_plain, row))
    _print(made)


def page(lines: Sequence[tuple[str, str]]) -> None:
    """Print a page of headings, each with its text; an empty heading goes on under the last."""
    from rich.table import Table

    made = Table.grid(padding=(0, 2))
    made.add_column(no_wrap=True, style="bold")
    made.add_column(overflow="fold")
    for heading, content in lines:
        made.add_row(_plain(heading), _plain(content))
    _print(made)


def _plain(content: str) -> Text:
    # A name with brackets in it is a name, not a colour.
    from rich.text import Text

    return Text(content)


def _print(what: Table) -> None:
    from rich.console import Console

    console = Console(highlight=False)
    if not console.is_terminal:
        console.width = 200  # A file or a pipe has no edge to wrap at.
    with console.capture() as printed:
        console.print(what)
    # A table is padded to its edge; a log file or a mail wants no blanks at the ends of lines.
    click.echo("\n".join(line.rstrip() for line in printed.get().rstrip().splitlines()))

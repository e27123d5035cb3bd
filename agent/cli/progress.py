"""One line on stderr that says how far long work is, for a person at a terminal."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable

import click

EVERY_S = 0.2


class Progress:
    """Shows a line and wipes it again; without a terminal it shows nothing."""

    def __init__(self) -> None:
        self._shown = False
        self._wanted = sys.stderr.isatty()
        self._next_s = 0.0
        self._began_s = time.monotonic()

    @property
    def took_s(self) -> float:
        """Return for how many seconds the work has been going on."""
        return time.monotonic() - self._began_s

    def show(self, line: Callable[[], str]) -> None:
        """Show the line in place of the last one, a few times a second at the most."""
        if not self._wanted or time.monotonic() < self._next_s:
            return
        self._next_s = time.monotonic() + EVERY_S
        self._shown = True
        click.echo(f"\r\x1b[K{line()}", nl=False, err=True)

    def end(self) -> None:
        """Wipe the line."""
        if self._shown:
            click.echo("\r\x1b[K", nl=False, err=True)
        self._shown = False

"""`anju journal`: the record of the home, asked over the hub's socket or read from its files."""

from __future__ import annotations

import click

from agent.cli import text
from agent.cli.frame import Group
from agent.cli.journal_export import export
from agent.cli.journal_show import show
from agent.cli.journal_stats import stats
from agent.cli.journal_tail import tail
from agent.cli.journal_verify import verify


@click.group(
    "journal", cls=Group, words=text.COMMANDS["journal"], example="anju journal tail -n 50"
)
def journal() -> None:
    """Read the journal."""


for member in (tail, show, export, stats, verify):
    journal.add_command(member)

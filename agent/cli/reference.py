"""Writes REFERENCE.md from the program's own help: `python -m agent.cli.reference [--check]`."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path

import click

from agent.cli.root import anju

FILE = Path(__file__).with_name("REFERENCE.md")
COLUMNS = 88

HEAD = """# The commands of `anju`

Written by `make docs` from the program's own help; `make docs-check` fails when the two differ.
`anju --lang zh COMMAND --help` says the same in Chinese.

Every command answers with exit code 0 when it did what was asked, 1 when the hub refused or is not
there, and 2 when the command or the configuration is wrong. A fault is one line on stderr.
"""


def reference() -> str:
    """Return the whole document."""
    context = click.Context(
        anju, info_name="anju", terminal_width=COLUMNS, max_content_width=COLUMNS
    )
    context.meta["anju.lang"] = "en"  # Whatever the language of the machine that writes it.
    parts = [HEAD]
    for found in commands(context):
        parts.append(f"## {found.command_path}\n\n```text\n{found.get_help().rstrip()}\n```\n")
    return "\n".join(parts)


def drifted(written: str) -> bool:
    """Return whether the document is no longer what the program says."""
    return written != reference()


def commands(context: click.Context) -> Iterator[click.Context]:
    """Yield a context for the command and for every command below it, in the order of the help."""
    yield context
    group = context.command
    if not isinstance(group, click.Group):
        return
    for name in group.list_commands(context):
        member = group.get_command(context, name)
        assert member is not None
        yield from commands(click.Context(member, parent=context, info_name=name))


def main(arguments: list[str]) -> int:
    """Write the file, or with `--check` say whether it is up to date."""
    if arguments == ["--check"]:
        stale = drifted(FILE.read_text(encoding="utf-8") if FILE.is_file() else "")
        click.echo(f"{FILE.name}: {'out of date; run: make docs' if stale else 'up to date'}")
        return int(stale)
    FILE.write_text(reference(), encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))

"""Which journal files a command is about, found with the hub running or not.

With `--file` no configuration is needed: a card out of a dead hub can be read on any machine.
"""

from __future__ import annotations

import functools
import os
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import click

from agent.cli import text
from agent.cli.frame import Fault, language_of, option
from agent.cli.session import Session, open_session
from agent.core.errors import JournalError
from agent.core.row import JournalId
from agent.core.text import Sentence
from agent.journal.places import Place, Role, connect, named, places
from agent.journal.reader import JournalReader


@dataclass(frozen=True, slots=True)
class Files:
    """The files of one call, in the order in which they were written. `session` is None when the
    caller named the files."""

    places: tuple[Place, ...]
    language: str
    session: Session | None

    def say(self, sentence: Sentence, **values: object) -> str:
        """Return our own sentence in the caller's language."""
        return text.say(sentence, self.language, **values)

    def fault(self, error: JournalError) -> Fault:
        """Return the error as one line that says what to do next."""
        return Fault(self.say(text.FAULT_JOURNAL_FILE, what=error))

    def present_id(self) -> JournalId | None:
        """Return the identity of the journal that the hub writes, or would write, now.

        Errors: JournalError when the file cannot be read.
        """
        whole = [place for place in self.places if place.role is not Role.QUARANTINED]
        for place in reversed(whole or self.places):
            reader = JournalReader(place.path, connect(place.path))
            try:
                found = reader.own_id()
            finally:
                reader.close()
            if found is not None:
                return found
        return None


def files_options(command: Callable[..., Any]) -> Callable[..., Any]:
    """Give a command `--file` and `--quarantined`, and its `Files` as the first argument."""

    @functools.wraps(command)
    def wrapped(*args: Any, file: Path | None, quarantined: bool, **kwargs: Any) -> Any:
        ctx = click.get_current_context()
        files = (
            _named(ctx, file)
            if file is not None
            else hub_files(open_session(ctx), quarantined=quarantined)
        )
        return command(files, *args, **kwargs)

    for decorate in (
        option("--quarantined", is_flag=True, words=text.OPTION_QUARANTINED),
        option("--file", metavar="PATH", type=click.Path(path_type=Path), words=text.OPTION_FILE),
    ):
        wrapped = decorate(wrapped)
    return wrapped


def around_damage(files: Files) -> Files:
    """Return the same files, to be read as damaged ones are."""
    rough = tuple(replace(place, role=Role.QUARANTINED) for place in files.places)
    return replace(files, places=rough)


def _named(ctx: click.Context, path: Path) -> Files:
    return _readable(Files((named(path),), language_of(ctx), None))


def hub_files(session: Session, *, quarantined: bool = False) -> Files:
    """Return the hub's own journal files. Errors: Fault when there are none, or not for us."""
    config = session.config
    empty = Files((), session.language, session)
    try:
        found = places(config.journal_file, config.fallback_file, quarantined=quarantined)
    except JournalError as error:
        raise empty.fault(error) from error
    if not found:
        raise Fault(session.say(text.FAULT_NO_JOURNAL, path=config.journal_file))
    return _readable(replace(empty, places=found))


def _readable(files: Files) -> Files:
    for place in files.places:
        if place.path.exists() and not os.access(place.path, os.R_OK):
            raise Fault(files.say(text.FAULT_NOT_READABLE, path=place.path))
    return files

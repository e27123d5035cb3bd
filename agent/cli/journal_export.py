"""`anju journal export`: rows for other programs, as many as there are, with the hub running or
not."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from datetime import datetime
from pathlib import Path
from typing import BinaryIO

import click

from agent.cli import text
from agent.cli.frame import Command, Fault, UsageFault, common_options, option
from agent.cli.journal_files import Files, around_damage, files_options
from agent.cli.progress import Progress
from agent.core.errors import JournalError
from agent.core.row import JournalId
from agent.journal.export import Page, Wanted, pages
from agent.journal.formats import Format, written
from agent.journal.row import StoredRow


@click.command(
    "export",
    cls=Command,
    words=text.SUBCOMMANDS["journal export"],
    example="anju journal export --format csv --from 2026-11-01 --kind alarm --out alarms.csv",
)
@option(
    "--format",
    "form",
    default=Format.NDJSON.value,
    type=click.Choice([form.value for form in Format]),
    words=text.OPTION_FORMAT,
)
@option("--json", "form", flag_value=Format.JSON.value, words=text.OPTION_FORMAT_JSON)
@option("--from", "begin", metavar="TIME", words=text.OPTION_FROM)
@option("--to", "end", metavar="TIME", words=text.OPTION_TO)
@option("--kind", "kinds", multiple=True, metavar="KIND", words=text.OPTION_KIND)
@option("--journal", "journal_id", metavar="ID", words=text.OPTION_JOURNAL)
@option("--after-seq", type=click.IntRange(0), metavar="SEQ", words=text.OPTION_AFTER_SEQ)
@option("--out", metavar="FILE", type=click.Path(path_type=Path), words=text.OPTION_OUT)
@option("--salvage", is_flag=True, words=text.OPTION_SALVAGE)
@common_options
@files_options
def export(
    files: Files,
    *,
    form: str,
    begin: str | None,
    end: str | None,
    kinds: tuple[str, ...],
    journal_id: str | None,
    after_seq: int | None,
    out: Path | None,
    salvage: bool,
) -> None:
    """Write rows."""
    wanted = Wanted(
        from_s=_moment(files, "--from", begin),
        to_s=_moment(files, "--to", end),
        kinds=kinds,
        after_seq=after_seq or 0,
        journal_id=None if journal_id is None else JournalId(journal_id),
    )
    count = _Count(around_damage(files) if salvage else files)
    try:
        if after_seq is not None and journal_id is None:
            wanted = Wanted(files.present_id(), after_seq, wanted.from_s, wanted.to_s, kinds)
        with _target(files, out) as stream:
            for chunk in written(count.sheets(wanted), Format(form)):
                stream.write(chunk.encode())
    except JournalError as error:
        raise files.fault(error) from error
    finally:
        count.progress.end()
    if out is not None:
        click.echo(files.say(text.EXPORTED, rows=count.rows, path=out))
    if count.broken:
        click.echo(files.say(text.EXPORT_BROKEN, rows=count.broken), err=True)


class _Count:
    """Hands rows through and counts them for the person who waits."""

    def __init__(self, files: Files) -> None:
        self._files = files
        self.progress = Progress()
        self.rows = 0
        self.broken = 0

    def sheets(self, wanted: Wanted) -> Iterator[tuple[StoredRow, ...]]:
        for place in self._files.places:
            for page in pages(place, wanted):
                self._take(page)
                yield page.rows

    def _take(self, page: Page) -> None:
        self.rows += len(page.rows)
        self.broken += page.broken
        self.progress.show(
            lambda: self._files.say(
                text.EXPORTING,
                rows=self.rows,
                journal=page.journal_id,
                seq=page.through_seq,
                last=page.last_seq,
                rate=round(self.rows / max(self.progress.took_s, 0.001)),
            )
        )


@contextmanager
def _target(files: Files, out: Path | None) -> Iterator[BinaryIO]:
    """Give what to write to: stdout, or a file that is whole and on disk or not there at all."""
    if out is None:
        yield sys.stdout.buffer
        sys.stdout.buffer.flush()
        return
    part = out.with_name(f".{out.name}.{os.getpid()}.part")
    try:
        # Only for the caller's eyes: it is the record of a person's home.
        with os.fdopen(os.open(part, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600), "wb") as stream:
            yield stream
            stream.flush()
            os.fsync(stream.fileno())
        os.replace(part, out)
        _sync_folder(out.parent)
    except OSError as error:
        raise Fault(files.say(text.FAULT_OUT, path=out, reason=error.strerror or error)) from error
    finally:
        with suppress(OSError):
            part.unlink()


def _sync_folder(folder: Path) -> None:
    number = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(number)
    finally:
        os.close(number)


def _moment(files: Files, name: str, given: str | None) -> float | None:
    """Return a time as wall seconds; one without a zone is in the machine's."""
    if given is None:
        return None
    try:
        return datetime.fromisoformat(given).timestamp()
    except (ValueError, OverflowError) as error:
        raise UsageFault(files.say(text.FAULT_TIME, name=name, got=given)) from error

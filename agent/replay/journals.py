"""A journal file as the rows of a trace, and where its devices are."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import suppress

from agent.journal.export import Wanted, pages
from agent.journal.places import Place, Role, connect
from agent.journal.reader import JournalReader
from agent.journal.schema import Table
from agent.registry import decode_device
from agent.replay.record import Numbered


def rows(places: Iterable[Place]) -> Iterator[Numbered]:
    """Yield every row with its seq, in the order in which they were written.

    Errors: JournalError when a file cannot be read.
    """
    for place in places:
        for page in pages(place, Wanted()):
            for row in page.rows:
                yield row.seq, row


def rooms(places: Iterable[Place]) -> dict[str, str]:
    """Return the rooms of the devices in the ledgers of the files; an entry that cannot be read is
    left out. Errors: JournalError when a file cannot be read."""
    found: dict[str, str] = {}
    for place in places:
        if place.role is Role.QUARANTINED:
            continue  # Its rows are read around the damage; its tables are not to be trusted.
        reader = JournalReader(place.path, connect(place.path))
        try:
            for body in reader.state(Table.DEVICE).values():
                with suppress(ValueError, KeyError, TypeError):
                    device = decode_device(body)
                    found[device.id] = device.room
        finally:
            reader.close()
    return found

"""What a room is for, read from the name that the installer gave it."""

from __future__ import annotations

from enum import StrEnum
from functools import lru_cache


class RoomKind(StrEnum):
    """The uses of a room that a rule may ask for."""

    BATHROOM = "bathroom"
    BEDROOM = "bedroom"
    KITCHEN = "kitchen"
    ENTRY = "entry"  # Where the door out of the home is.
    OTHER = "other"
    UNKNOWN = "unknown"  # The device has no room.


_WORDS: tuple[tuple[RoomKind, tuple[str, ...]], ...] = (
    # The first that fits counts: a "卧室卫生间" is a bathroom.
    (RoomKind.BATHROOM, ("卫生间", "浴室", "厕所", "洗手间", "bath", "toilet", "wc", "shower")),
    (RoomKind.KITCHEN, ("厨", "kitchen")),
    (
        RoomKind.ENTRY,
        ("玄关", "门厅", "入户", "大门", "entry", "entrance", "front door", "hallway"),
    ),
    (RoomKind.BEDROOM, ("卧", "睡房", "bedroom")),
)


@lru_cache(maxsize=256)  # The names of one home, and then some.
def room_kind(name: str) -> RoomKind:
    """Return what the room called `name` is for; UNKNOWN when it has no name."""
    plain = name.strip().lower()
    if not plain:
        return RoomKind.UNKNOWN
    for kind, words in _WORDS:
        if any(word in plain for word in words):
            return kind
    return RoomKind.OTHER

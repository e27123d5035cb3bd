"""What a room is for, from the name that the installer gave it."""

from __future__ import annotations

import pytest

from agent.core.room import RoomKind, room_kind


@pytest.mark.parametrize(
    ("name", "kind"),
    [
        ("卫生间", RoomKind.BATHROOM),
        ("主卧卫生间", RoomKind.BATHROOM),
        (" Bathroom ", RoomKind.BATHROOM),
        ("次卧", RoomKind.BEDROOM),
        ("厨房", RoomKind.KITCHEN),
        ("玄关", RoomKind.ENTRY),
        ("Front door", RoomKind.ENTRY),
        ("客厅", RoomKind.OTHER),
        ("", RoomKind.UNKNOWN),
        ("  ", RoomKind.UNKNOWN),
    ],
)
def test_the_name_tells_the_use(name: str, kind: RoomKind) -> None:
    assert room_kind(name) is kind

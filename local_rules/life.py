"""What counts as a sign of life (general rule b): one table, and how each sign is told from noise.

A sign is what a person does. What comes of its own accord is none: a periodic report that says
again what it said, a thermostat that clicks, a leak that runs. Nor is what the hub asked for, nor
what is played for a drill. Whether a sensor may be believed at all is the matter of the pattern
`life`, which is the only one to ask this table: all others go by what it derives.
"""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum
from typing import NamedTuple

from agent.core.event import Observed
from agent.core.reading import Quantity
from agent.core.room import RoomKind, room_kind
from agent.core.text import Sentence

DOOR = "door"
"""The name of a sign by the door of the home, which says nothing of who is left inside."""

DOORWAY = frozenset({RoomKind.ENTRY, RoomKind.UNKNOWN})
"""Where the contact of the home's door is. One without a room is taken for it: the kit has one
door contact and that is it."""


class Way(StrEnum):
    """How a quantity tells of a person."""

    PRESSED = "pressed"  # Each yes.
    TURNED = "turned"  # A yes after a no, or a no after a yes.
    BEGUN = "begun"  # From none to some.
    STEPPED = "stepped"  # A rise as of something switched on.
    TAKEN = "taken"  # Each number: nobody measures himself asleep.


class Sign(NamedTuple):
    """How a quantity tells of a person, and what to call it."""

    way: Way
    words: Sentence


SIGNS: Mapping[Quantity, Sign] = {
    Quantity.MOTION: Sign(Way.PRESSED, Sentence("检测到活动", "motion")),
    Quantity.CONTACT_OPEN: Sign(Way.TURNED, Sentence("柜门开合", "a cupboard door moved")),
    Quantity.WATER_FLOW_LPH: Sign(Way.BEGUN, Sentence("用水", "water used")),
    Quantity.POWER_W: Sign(Way.STEPPED, Sentence("使用电器", "an appliance used")),
    Quantity.STOVE_ON: Sign(Way.BEGUN, Sentence("使用灶具", "the stove used")),
    Quantity.SOS: Sign(Way.PRESSED, Sentence("按下按钮", "a button pressed")),
    Quantity.TV_KEY: Sign(Way.PRESSED, Sentence("按遥控器", "a key of the remote control")),
    Quantity.LID_OPEN: Sign(Way.TURNED, Sentence("打开药盒", "the medicine box opened")),
    Quantity.IN_BED: Sign(Way.TURNED, Sentence("上床或离床", "the bed entered or left")),
    Quantity.VISIT_SEEN: Sign(Way.PRESSED, Sentence("访客到访", "a visitor")),
    Quantity.AT_HUB: Sign(Way.PRESSED, Sentence("在主机上操作", "somebody at the hub")),
    Quantity.BP_SYSTOLIC_MMHG: Sign(Way.TAKEN, Sentence("测量血压", "a blood pressure taken")),
    Quantity.SPO2_PCT: Sign(Way.TAKEN, Sentence("测量血氧", "an oxygen saturation taken")),
    Quantity.BODY_TEMP_C: Sign(Way.TAKEN, Sentence("测量体温", "a temperature taken")),
    Quantity.GLUCOSE_MMOLL: Sign(Way.TAKEN, Sentence("测量血糖", "a glucose taken")),
}
"""Not here, and never a sign: what a device sends unattended (temperature, battery, supervision, a
radar's or a watch's pulse), what the hub itself switches, and a fall."""

WORDS: Mapping[str, Sentence] = {
    DOOR: Sentence("门开合", "the door moved"),
    "": Sentence("设备开始工作", "the devices began to report"),
    **{str(quantity): sign.words for quantity, sign in SIGNS.items()},
}
"""What to call a sign, by the name under which it is derived."""


def is_door(event: Observed) -> bool:
    """Return whether the event is of the contact of the home's door."""
    return event.reading.quantity is Quantity.CONTACT_OPEN and room_kind(event.room) in DOORWAY

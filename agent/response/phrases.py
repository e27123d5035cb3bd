"""What the hub says to the person in an alarm, in two languages, and under which name it may be
recorded.

Owns the words. They are spoken: short, without names of devices, and nothing that frightens more
than the alarm does. A pack of recordings holds `<key>.wav` for as many of them as it likes.
"""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum

from agent.core.alarm import Hazard, Severity
from agent.core.text import Sentence


class Phrase(StrEnum):
    """What can be said; the value is the key of a recording."""

    CALLING = "calling"
    SMOKE = "smoke"
    GAS = "gas"
    CO = "co"
    WATER = "water"
    STOVE = "stove"
    REMIND = "remind"
    POWER = "power"
    OPERATOR_ANSWERED = "operator_answered"
    CONTACT_ANSWERED = "contact_answered"
    HEARD_HERE = "heard_here"
    CANCELLED = "cancelled"
    OVER = "over"


SAYS: Mapping[Phrase, Sentence] = {
    Phrase.CALLING: Sentence("正在为您呼叫，请不要着急。", "Calling for help. Please stay calm."),
    Phrase.SMOKE: Sentence(
        "发现烟雾，请马上离开房间。正在呼叫。",
        "Smoke. Please leave the room now. Calling for help.",
    ),
    Phrase.GAS: Sentence(
        "发现燃气泄漏。请开窗，不要开关电器，马上离开。正在呼叫。",
        "Gas leak. Open a window, touch no switch, and leave now. Calling for help.",
    ),
    Phrase.CO: Sentence(
        "发现一氧化碳。请开窗，马上到室外去。正在呼叫。",
        "Carbon monoxide. Open a window and go outside now. Calling for help.",
    ),
    Phrase.WATER: Sentence("家里漏水，请小心地滑。", "There is a water leak. Mind the wet floor."),
    Phrase.STOVE: Sentence("炉子还开着，请去关火。", "The stove is on. Please turn it off."),
    Phrase.REMIND: Sentence("家里有一个提醒，请留意。", "Something at home needs a look."),
    Phrase.POWER: Sentence(
        "主机快没电了，请检查电源。", "The hub is running out of power. Please check its plug."
    ),
    Phrase.OPERATOR_ANSWERED: Sentence("值守人员已接到。", "The operator has answered."),
    Phrase.CONTACT_ANSWERED: Sentence("您的家人已接到。", "Your family has answered."),
    Phrase.HEARD_HERE: Sentence("已在家中确认。", "Confirmed here at home."),
    Phrase.CANCELLED: Sentence("已取消。", "Cancelled."),
    Phrase.OVER: Sentence("警报已结束。", "The alarm is over."),
}

_BY_HAZARD: Mapping[Hazard, Phrase] = {
    Hazard.SMOKE: Phrase.SMOKE,
    Hazard.FIRE_HEAT: Phrase.SMOKE,
    Hazard.GAS: Phrase.GAS,
    Hazard.CO: Phrase.CO,
    Hazard.WATER_LEAK: Phrase.WATER,
    Hazard.WATER_RUNNING: Phrase.WATER,
    Hazard.STOVE: Phrase.STOVE,
    Hazard.HUB_BATTERY: Phrase.POWER,
}

_RELATIONS: Mapping[str, Sentence] = {
    "daughter": Sentence("您的女儿", "Your daughter"),
    "son": Sentence("您的儿子", "Your son"),
    "spouse": Sentence("您的爱人", "Your partner"),
    "relative": Sentence("您的亲属", "Your relative"),
    "neighbour": Sentence("您的邻居", "Your neighbour"),
    "community": Sentence("社区工作人员", "The community worker"),
    "property": Sentence("物业", "The building's staff"),
    "volunteer": Sentence("志愿者", "The volunteer"),
    "operator": Sentence("值守人员", "The operator"),
}
_SOMEBODY = Sentence("您的联系人", "Your contact")


def raised(hazard: Hazard, severity: Severity) -> Phrase:
    """Return what is said when an alarm begins."""
    otherwise = Phrase.CALLING if severity in (Severity.S1, Severity.S2) else Phrase.REMIND
    return _BY_HAZARD.get(hazard, otherwise)


def told(relation: str) -> tuple[str, Sentence]:
    """Return key and words of "your daughter has been told"; a relation that has no words is "your
    contact"."""
    known = relation in _RELATIONS
    whom = _RELATIONS[relation] if known else _SOMEBODY
    key = f"told_{relation}" if known else "told"
    return key, Sentence(f"已通知{whom.zh}。", f"{whom.en} has been told.")

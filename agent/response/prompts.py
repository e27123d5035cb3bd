"""What the person at home is told while an alarm waits: what is wrong, what to do, what comes then.

Owns the words. They are spoken, so they name no rule and no number of a device.
"""

from __future__ import annotations

from collections.abc import Mapping

from agent.core.actuation import Actuation, ActuationKind, LocalAction, Speech
from agent.core.alarm import Alarm, Hazard
from agent.core.clock import Stamp
from agent.core.device import DeviceKind
from agent.core.text import Sentence

REPEAT = 2
"""Who dozes hears the first time only that somebody speaks."""

_WRONG: Mapping[Hazard, Sentence] = {
    Hazard.INACTIVITY: Sentence(
        "很久没有感应到您的活动。您还好吗？没事请走动一下。",
        "I have not noticed you for a long time. Are you all right? If so, please move about.",
    ),
    Hazard.DWELL: Sentence(
        "您在里面已经很久了。您还好吗？没事请出来走动一下。",
        "You have been in there for a long time. Are you all right? If so, please come out.",
    ),
    Hazard.FALL: Sentence(
        "您摔倒了吗？没事请起身走动一下。",
        "Have you fallen? If you are all right, please get up and move about.",
    ),
    Hazard.NO_WATER: Sentence(
        "今天很久没有用水了。您还好吗？没事请开一下水龙头。",
        "No water has been used for a long time. Are you all right? If so, please run a tap.",
    ),
    Hazard.WATER_RUNNING: Sentence(
        "水已经流了很久。请去看一看，把水龙头关上。",
        "The water has been running for a long time. Please go and turn it off.",
    ),
    Hazard.WATER_LEAK: Sentence(
        "地上有水。请小心地滑，去看一看，把水关上。",
        "There is water on the floor. Mind your step, and turn the water off.",
    ),
    Hazard.STOVE: Sentence(
        "炉子还开着，没有人在旁边。请去看一看，把火关上。",
        "The stove is on and nobody is with it. Please go and turn it off.",
    ),
    Hazard.DOOR_OPEN: Sentence(
        "门还开着。请去把门关上。", "The door is still open. Please go and close it."
    ),
    Hazard.NIGHT_EXIT: Sentence(
        "现在是半夜。请回到屋里，把门关上。",
        "It is the middle of the night. Please come back in and close the door.",
    ),
    Hazard.MEDICATION: Sentence(
        "到吃药的时间了。请打开药盒。", "It is time for your medicine. Please open the box."
    ),
}

_OTHERWISE = Sentence(
    "家里有一个提醒。您还好吗？没事请在主机上确认。",
    "Something at home needs a look. If you are all right, please confirm it at the hub.",
)


def sentence(alarm: Alarm, stamp: Stamp) -> Sentence:
    """Return what is said at `stamp` for an alarm that waits for an answer."""
    wrong = _WRONG.get(alarm.hazard, _OTHERWISE)
    left = _left(alarm, stamp)
    return Sentence(
        f"{wrong.zh}{left.zh}没有回应，就会通知家人。需要帮助，请按紧急按钮。",
        f"{wrong.en} Without an answer {left.en} your family is told. "
        "For help, press the red button.",
    )


def question(alarm: Alarm, stamp: Stamp, language: str) -> LocalAction:
    """Return the request to every speaker of the home to ask, in `language` ("zh" or "en")."""
    speech = Speech(sentence(alarm, stamp).in_language(language), language, REPEAT)
    return LocalAction(DeviceKind.SPEAKER, Actuation(ActuationKind.SPEAK, speech=speech))


def _left(alarm: Alarm, stamp: Stamp) -> Sentence:
    assert alarm.waiting is not None, f"alarm {alarm.id} does not wait"
    seconds = alarm.waiting.until_s - stamp.at_s
    if seconds < 90:
        return Sentence("如果马上", "very soon")
    minutes = round(seconds / 60)
    return Sentence(f"如果 {minutes} 分钟内", f"within {minutes} minutes")

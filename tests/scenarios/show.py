"""Shows a play that was played: every line, and beside it what came of it."""

from __future__ import annotations

from typing import Any

from agent.core.text import Sentence
from tests.scenarios.chronicle import Happened
from tests.scenarios.play import Change, Play
from tests.scenarios.player import Played, clock_of
from tests.scenarios.words import STATES

_CHANGES: dict[Change, Sentence] = {
    Change.ASKS: Sentence("询问", "asks"),
    Change.RAISED: Sentence("报警", "ALARM"),
    Change.AGAIN: Sentence("再次报警", "alarm again"),
    Change.ENDS: Sentence("解除", "over"),
}
_CLOSED = Sentence("已关闭", "closed")
_WELL = Sentence("与剧本一致", "as the play says")
_NOT_SO = Sentence("与剧本不符", "NOT as the play says")


def as_text(played: Played, language: str) -> str:
    """Return the play line by line with what happened and what was not as it says."""
    lines = []
    times = _times(played.play)
    for number, text in enumerate(played.play.text, 1):
        lines.append(f"{number:4}  {times.get(number, ''):>10}  {text}".rstrip())
        lines += [
            f"                → {_happened(played, one, language)}"
            for one, after in zip(played.happened, played.after, strict=True)
            if after == number
        ]
        lines += [
            f"                ✗ {failure.says.in_language(language)}"
            for failure in played.failures
            if failure.line == number
        ]
    verdict = _NOT_SO if played.failures else _WELL
    return "\n".join([*lines, f"{played.play.file}: {verdict.in_language(language)}"]) + "\n"


def as_json(played: Played) -> dict[str, Any]:
    """Return the same for a program, in both languages."""
    return {
        "file": played.play.file,
        "title": played.play.setting.title,
        "ok": not played.failures,
        "happened": [
            {
                "line": after,
                "second": one.second,
                "at": clock_of(played.play, one.second),
                "change": one.change,
                "rule": one.alarm.rule if one.alarm is not None else None,
                "severity": one.alarm.severity if one.alarm is not None else None,
                "state": one.alarm.state if one.alarm is not None else None,
                "drill": one.alarm is not None and one.alarm.drill,
                "zh": one.says.zh,
                "en": one.says.en,
            }
            for one, after in zip(played.happened, played.after, strict=True)
        ],
        "failures": [
            {"line": failure.line, "zh": failure.says.zh, "en": failure.says.en}
            for failure in played.failures
        ],
    }


def _times(play: Play) -> dict[int, str]:
    """Return for each line when it is played, the first time where it is played often."""
    times: dict[int, str] = {}
    for step in play.steps:
        times.setdefault(step.line, clock_of(play, step.at_s))
    return times


def _happened(played: Played, one: Happened, language: str) -> str:
    when, says = clock_of(played.play, one.second), one.says.in_language(language)
    if one.alarm is None:
        return f"{when}  {says}"
    change = (
        _CHANGES[one.change] if one.change is not None else STATES.get(one.alarm.state, _CLOSED)
    )
    return f"{when}  {change.in_language(language)} {one.alarm.severity} {one.alarm.rule}: {says}"

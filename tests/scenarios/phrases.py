"""Reads the parts of a line: times, spans, rooms, rules, what a thing tells, what is expected.

Each function takes text and returns a value, or None when the text is not of its kind. Owns the
forms of the sentences; the words in them are those of `words`.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cache

from agent.core.alarm import RuleId, Severity
from local_rules.catalog import ROWS
from tests.scenarios.play import (
    Blind,
    Change,
    Does,
    Happens,
    Person,
    Presence,
    Refused,
    Stands,
    Turn,
)
from tests.scenarios.words import (
    DOES,
    PEOPLE,
    PRESENCES,
    ROOMS,
    SAYINGS,
    STATES,
    THINGS,
    TURNS,
    UNITS_S,
    Saying,
)

NUMBER = r"([+-]?\d{1,9}(?:\.\d{1,6})?)"
CLOCK = r"(\d{1,2}:\d\d(?::\d\d)?)"
UNIT = "(" + "|".join(sorted(map(re.escape, UNITS_S), key=len, reverse=True)) + ")"


@dataclass(frozen=True, slots=True)
class Told:
    """A saying with its numbers; `thing`, `room`: as far as the words say."""

    saying: Saying
    numbers: tuple[float, ...]
    thing: str
    room: str


@dataclass(frozen=True, slots=True)
class Window:
    """When something is expected: a span from now, or one or two times of day."""

    within_s: float | None = None
    first: str = ""
    last: str = ""


@dataclass(frozen=True, slots=True)
class Claimed:
    """What is expected of an alarm, before its window is put on the timeline."""

    change: Change
    rule: RuleId
    window: Window
    severity: Severity | None
    room: str
    because: str
    drill: bool


def span_s(text: str) -> float | None:
    """Return the seconds of "20 min", "-2 h" or "3 天"."""
    match = re.fullmatch(NUMBER + r"\s*" + UNIT, text.strip())
    return None if match is None else float(match[1]) * UNITS_S[match[2]]


def room_in(text: str) -> tuple[str, str]:
    """Return the room that the text names, "" when none, and the text without it."""
    for word in sorted(ROOMS, key=lambda room: len(room.en), reverse=True):
        found = re.search(rf"\s+in\s+(?:the\s+)?{word.en}(?=\s|$)", text, re.IGNORECASE)
        if found is not None:
            return word.zh, (text[: found.start()] + text[found.end() :]).strip()
    for word in ROOMS:
        if text.startswith(word.zh):
            return word.zh, text[len(word.zh) :].strip()
    return "", text


@cache
def rules() -> Mapping[str, RuleId]:
    """Return the rules by every name that they go by: id, English, Chinese."""
    named: dict[str, RuleId] = {}
    for row in ROWS:
        for name in (str(row.id), row.name.en, row.name.zh):
            named[_plain(name)] = row.id
    return named


def rule_in(text: str) -> tuple[RuleId | None, str]:
    """Return the rule that the text names, and the room if it names one too."""
    whole = rules().get(_plain(text))
    if whole is not None:
        return whole, ""
    room, rest = room_in(text)
    return rules().get(_plain(rest)), room


def told(text: str) -> Told | None:
    """Return what a device tells in these words."""
    for room, rest in _with_and_without_room(text):
        for pattern, saying in _sayings():
            match = pattern.fullmatch(rest)
            if match is None:
                continue
            groups = match.groupdict()
            numbers = tuple(
                float(number) for name, number in groups.items() if name.startswith("n")
            )
            thing = saying.thing or _thing(groups["thing"])
            return Told(saying, numbers, thing, room)
    return None


def turn(text: str) -> tuple[Happens, str, str] | None:
    """Return what the house goes through, with the thing and the room it is about ("" for none)."""
    for room, rest in _with_and_without_room(text):
        for pattern, what in _turns():
            match = pattern.fullmatch(rest)
            if match is None:
                continue
            groups = match.groupdict()
            by_s = span_s(groups["t"]) if groups.get("t") else 0.0
            thing = _thing(groups["thing"]) if groups.get("thing") else ""
            return None if by_s is None else (Happens(what, None, by_s), thing, room)
    return None


def person(text: str) -> Person | None:
    """Return who answers which alarm; a rule that there is not makes it None."""
    who = "|".join(f"{one.en}|{one.zh}" for one in PEOPLE)
    match = re.fullmatch(
        rf"({who})\s*( at home|到家)?\s*(acknowledges|签收|resolves|处置)\s*(.*)",
        text,
        re.IGNORECASE,
    )
    if match is None:
        return None
    on_site, verb = match[2] is not None, match[3].lower()
    rule_text, _, cause = re.sub("：", ":", match[4]).partition(":")
    rule = rules().get(_plain(rule_text)) if rule_text.strip() else None
    if rule_text.strip() and rule is None:
        return None
    if verb in ("acknowledges", "签收"):
        return None if cause else Person(match[1], on_site, rule)
    return Person(match[1], on_site, rule, cause.strip() or "helped")


def standing(text: str) -> Stands | Does | Blind | Presence | Refused | None:
    """Return what is expected of this very moment."""
    plain = _plain(text)
    for does, words in DOES:
        if plain in (_plain(words.en), _plain(words.zh)):
            return does
    if plain in ("refusal", "被拒绝"):
        return Refused()
    if plain in ("no alarm", "无报警"):
        return Stands(None)
    for value, words in PRESENCES.items():
        if plain in (f"presence {words.en}", f"判为{words.zh}"):
            return Presence(value)
    return _of_rule(text)


def _of_rule(text: str) -> Stands | Blind | None:
    none = re.fullmatch(r"(?:no\s+|无)(.+)", text, re.IGNORECASE)
    rule = rule_in(none[1])[0] if none is not None else None
    if rule is not None:
        return Stands(rule)
    blind = re.fullmatch(r"(.+?)\s+blind|失明\s*(.+)", text, re.IGNORECASE)
    rule = rule_in(blind[1] or blind[2])[0] if blind is not None else None
    if rule is not None:
        return Blind(rule)
    for state, words in STATES.items():
        match = re.fullmatch(rf"(.+?)\s+{words.en}|(.+?)\s*{words.zh}", text, re.IGNORECASE)
        rule = rule_in(match[1] or match[2])[0] if match is not None else None
        if rule is not None:
            return Stands(rule, (state,))
    return None


_WINDOW = (
    rf"(?:at\s+{CLOCK}|在\s*{CLOCK}|by\s+{CLOCK}|{CLOCK}\s*前"
    rf"|between\s+{CLOCK}\s+and\s+{CLOCK}|{CLOCK}\s*到\s*{CLOCK}"
    rf"|within\s+(\d[\d.]*\s*{UNIT})|(\d[\d.]*\s*{UNIT})内|(at once|立即))"
)
_BECAUSE = r"(?:\s*[,，]?\s*(?:because|因为)\s*[\"“](?P<because>[^\"”]+)[\"”])?"
_RULE = r"(?P<rule>.+?)"
_CHANGES: tuple[tuple[Change, str], ...] = (
    (Change.AGAIN, rf"{_RULE}\s+again|再次报警\s*(?P<rule_zh>.+?)"),
    (Change.ENDS, rf"{_RULE}\s+to\s+end|解除\s*(?P<rule_zh>.+?)"),
    (
        Change.ASKS,
        rf"(?P<sev>S[1-5])\s+{_RULE}\s+to\s+ask|先询问\s*(?P<sev_zh>S[1-5])\s*(?P<rule_zh>.+?)",
    ),
    (
        Change.RAISED,
        rf"(?P<drill>drill\s+)?(?P<sev>S[1-5])\s+{_RULE}"
        r"|报警\s*(?P<drill_zh>演练)?\s*(?P<sev_zh>S[1-5])\s*(?P<rule_zh>.+?)",
    ),
)


def claimed(text: str) -> Claimed | None:
    """Return what is expected of an alarm in these words (without "expect")."""
    for change, form in _CHANGES:
        match = re.fullmatch(rf"(?:{form})\s+(?P<window>{_WINDOW}){_BECAUSE}", text, re.IGNORECASE)
        if match is None:
            continue
        groups = match.groupdict()
        rule, room = rule_in((groups["rule"] or groups["rule_zh"]).strip())
        window = _window(groups["window"])
        if rule is None or window is None:
            return None
        severity = groups.get("sev") or groups.get("sev_zh")
        return Claimed(
            change,
            rule,
            window,
            Severity(severity.upper()) if severity else None,
            room,
            groups["because"] or "",
            bool(groups.get("drill") or groups.get("drill_zh")),
        )
    return None


def _window(text: str) -> Window | None:
    if text.lower() in ("at once", "立即"):
        return Window(within_s=2)
    times = re.findall(CLOCK, text)
    if len(times) == 2:
        return Window(first=times[0], last=times[1])
    if times and (text.lower().startswith("by") or text.endswith("前")):
        return Window(last=times[0])
    if times:
        return Window(first=times[0])
    within_s = span_s(re.sub(r"^within\s+|内$", "", text, flags=re.IGNORECASE))
    return None if within_s is None else Window(within_s=within_s)


def _with_and_without_room(text: str) -> Iterable[tuple[str, str]]:
    """Yield the text with the room taken out, and as it is where it named one: the word of a room
    may be part of something else."""
    room, rest = room_in(text)
    yield room, rest
    if room:
        yield "", text


def _plain(text: str) -> str:
    return re.sub(r"[\s_]+", " ", text).strip().lower()


def _thing(word: str) -> str:
    plain = _plain(word)
    return next(
        key
        for key, thing in THINGS.items()
        if plain in (_plain(thing.words.en), _plain(thing.words.zh))
    )


def _pattern(words: str, units: str) -> re.Pattern[str]:
    """Return the pattern of a form of words."""
    things = sorted(
        (word for thing in THINGS.values() for word in (thing.words.en, thing.words.zh)),
        key=len,
        reverse=True,
    )
    made, count = "", 0
    for part in re.split(r"(\{\w+\}|\s+)", words):
        if part == "{n}":
            unit = rf"(?:\s*(?:{units}))?" if units else ""
            made += rf"(?P<n{count}>[+-]?\d{{1,9}}(?:\.\d{{1,6}})?){unit}"
            count += 1
        elif part == "{thing}":
            made += "(?P<thing>" + "|".join(map(re.escape, things)) + ")"
        elif part == "{t}":
            made += r"(?P<t>[+-]?\d.*)"
        else:
            made += r"\s*" if part.isspace() else re.escape(part)
    return re.compile(made, re.IGNORECASE)


@cache
def _sayings() -> tuple[tuple[re.Pattern[str], Saying], ...]:
    return tuple(
        (_pattern(words, saying.units), saying)
        for saying in SAYINGS
        for words in (saying.words.en, saying.words.zh)
    )


@cache
def _turns() -> tuple[tuple[re.Pattern[str], Turn], ...]:
    return tuple(
        (_pattern(words, ""), what)
        for what, sentence in TURNS
        for words in (sentence.en, sentence.zh)
    )

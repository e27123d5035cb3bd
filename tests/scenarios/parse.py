"""Reads a play: text in, the play as a value out, or what is wrong in which line.

Owns the timeline: a time of day is on the same day as the line before, unless the line says that
another day has come.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import replace
from difflib import get_close_matches

from agent.core.text import Sentence
from local_rules.day import DAY_S, ZONE_S
from tests.scenarios import phrases
from tests.scenarios.header import Head, Unclear
from tests.scenarios.phrases import CLOCK, UNIT, Told, Window
from tests.scenarios.play import (
    Claim,
    Deed,
    Expect,
    Fact,
    Place,
    Play,
    PlayError,
    Quiet,
    Setting,
    Step,
    Tell,
    Turn,
    Waits,
)
from tests.scenarios.words import HUB_PARTS, ROOMS, SAYINGS, THINGS, TURNS

STEPS_MAX = 100_000
"""A play of more steps was not meant: a wrong number of days, an interval of a second."""

DAYS_MAX = 800

END_OF_DAY = Sentence("一天结束", "end of day")

_DAY = r"(?:(next day|第二天)\s*|(\d{1,4})\s*(?:days? later|天后)\s*)?"
_WHEN = re.compile(rf"{_DAY}{CLOCK}(?:\s+|$)(.*)", re.IGNORECASE)
_AFTER = re.compile(rf"\+\s*(\d[\d.]*\s*{UNIT})后?(?:\s+|$)(.*)", re.IGNORECASE)
_EVERY = re.compile(
    rf"(?:every\s+(\d[\d.]*\s*{UNIT})\s+until|每\s*(\d[\d.]*\s*{UNIT})\s*直到)\s*{_DAY}{CLOCK}\s+(.*)",
    re.IGNORECASE,
)
_QUIET = re.compile(rf"(nothing until|wait until|平静到|等到)\s*{_DAY}{CLOCK}", re.IGNORECASE)
_QUIET_FOR = re.compile(
    rf"(nothing for|wait|平静|等待)\s*(\d[\d.]*\s*{UNIT})(?:后)?", re.IGNORECASE
)
_SAME_DAYS = re.compile(r"(\d{1,4})\s*(?:days? like this|天都这样)", re.IGNORECASE)


def parse(file: str, text: str) -> Play:
    """Return the play. Errors: PlayError naming file and line, what was got and wanted, and the
    next step."""
    return _Reader(file, text.splitlines()).read()


class _Reader:
    def __init__(self, file: str, lines: Sequence[str]) -> None:
        self._file = file
        self._lines = lines
        self._head = Head()
        self._setting = Setting()
        self._steps: list[Step] = []
        self._now_s = 0.0
        self._new_day = False  # Whether the next time of day may be one of a later day.
        self._number = 0

    def read(self) -> Play:
        try:
            first = self._read_head()
            self._setting = self._head.setting()
            self._read_lines(first, len(self._lines))
        except Unclear as error:
            raise PlayError(f"{self._file}:{self._number}: {error}") from error
        return Play(self._file, tuple(self._lines), self._setting, tuple(self._steps))

    def _read_head(self) -> int:
        for at, raw in enumerate(self._lines):
            self._number = at + 1
            line = _bare(raw)
            if line and not self._head.take(line):
                return at
        return len(self._lines)

    def _read_lines(self, first: int, end: int, *, inside: bool = False) -> None:
        at = first
        while at < end:
            self._number = at + 1
            line = _bare(self._lines[at])
            block = _SAME_DAYS.fullmatch(line)
            if block is None:
                if line:
                    self._line(line)
                at += 1
                continue
            if inside:
                raise Unclear(line, "no days inside days", "Write them one after the other.")
            last = self._end_of_block(at + 1, end)
            days = int(block[1])
            if days > DAYS_MAX:
                raise Unclear(line, f"at most {DAYS_MAX} days", "Make it fewer.")
            for _ in range(days):
                self._new_day = True
                self._read_lines(at + 1, last, inside=True)
            self._new_day = True
            at = last + 1

    def _end_of_block(self, first: int, end: int) -> int:
        for at in range(first, end):
            if _bare(self._lines[at]).lower() in (END_OF_DAY.en, END_OF_DAY.zh):
                return at
        raise Unclear("no end", f"a line '{END_OF_DAY.en}'", "Write it after the last line of it.")

    # --- one line -------------------------------------------------------------------------------

    def _line(self, line: str) -> None:
        when = _WHEN.fullmatch(line)
        after = _AFTER.fullmatch(line)
        every = _EVERY.fullmatch(line)
        quiet = _QUIET.fullmatch(line)
        quiet_for = _QUIET_FOR.fullmatch(line)
        if when is not None:
            self._now_s = self._time(when[1], when[2], when[3])
            self._said(when[4])
        elif after is not None:
            self._now_s += _span(after[1])
            self._said(after[3])
        elif every is not None:
            self._every(_span(every[1] or every[3]), self._time(*every.groups()[4:7]), every[8])
        elif quiet is not None:
            self._pass(quiet[1], self._time(quiet[2], quiet[3], quiet[4]))
        elif quiet_for is not None:
            self._pass(quiet_for[1], self._now_s + _span(quiet_for[2]))
        else:
            self._said(line)

    def _pass(self, word: str, until_s: float) -> None:
        is_quiet = word.lower().startswith(("nothing", "平静"))
        self._add(Quiet(until_s) if is_quiet else Waits())
        self._now_s = until_s
        self._add(Waits())

    def _every(self, step_s: float, until_s: float, said: str) -> None:
        if step_s < 1 or (until_s - self._now_s) / step_s > STEPS_MAX:
            raise Unclear(said, "an interval of a second or more", "Make it longer.")
        while self._now_s <= until_s:
            self._said(said)
            self._now_s += step_s
        self._now_s = until_s

    def _said(self, text: str) -> None:
        if not text:
            self._add(Waits())
            return
        expected = re.fullmatch(r"(?:expect\s+|应)(.+)", text, re.IGNORECASE)
        self._add(self._deed(text) if expected is None else self._claim(expected[1].strip()))

    def _add(self, what: Deed | Claim) -> None:
        if len(self._steps) >= STEPS_MAX:
            raise Unclear(f"more than {STEPS_MAX} steps", "fewer", "Make days or intervals fewer.")
        self._steps.append(Step(self._number, self._now_s, what))

    def _deed(self, text: str) -> Deed:
        drill = re.fullmatch(r"(?:drill\s*[:：]|演练\s*[:：])\s*(.+)", text, re.IGNORECASE)
        told = phrases.told(drill[1] if drill is not None else text)
        if told is not None:
            return self._tell(told, drill=drill is not None)
        turned = phrases.turn(text)
        if turned is not None:
            happens, thing, room = turned
            if happens.turn in (Turn.SILENT, Turn.HEARD):
                return replace(happens, place=self._place(thing, room))
            return happens
        person = phrases.person(text)
        if person is not None:
            return person
        known = [words for saying in SAYINGS for words in (saying.words.en, saying.words.zh)]
        known += [words for _, both in TURNS for words in (both.en, both.zh)]
        raise Unclear(text, "something that happens, or an expectation", _hint(text, known))

    def _claim(self, text: str) -> Claim:
        standing = phrases.standing(text)
        if standing is not None:
            return standing
        claimed = phrases.claimed(text)
        if claimed is None:
            raise Unclear(
                text,
                "as 'S2 bathroom dwell by 23:41', 'smoke to end within 5 min', 'no alarm', "
                "'siren sounding'",
                _hint(text, list(phrases.rules())),
            )
        from_s, to_s = self._window(claimed.window)
        return Expect(
            claimed.change,
            claimed.rule,
            from_s,
            to_s,
            claimed.severity,
            claimed.room,
            claimed.because,
            claimed.drill,
        )

    def _tell(self, told: Told, *, drill: bool) -> Tell:
        numbers = iter(told.numbers)
        facts = tuple(
            Fact(quantity, next(numbers) if value is None else value)
            for quantity, value in zip(told.saying.quantities, told.saying.values, strict=True)
        )
        return Tell(self._place(told.thing, told.room), facts, told.saying.lasts_s, drill)

    def _place(self, thing: str, room: str) -> Place:
        """Return the one device that is meant."""
        if thing in HUB_PARTS:
            return Place(thing, "")
        word = THINGS[thing].words.en
        own = [place for place in self._setting.places if place.thing == thing]
        meant = [place for place in own if room in ("", place.room)]
        if len(meant) == 1:
            return meant[0]
        if not meant:
            where = _english(room) if room else "ROOM"
            raise Unclear(
                f"{word} in {where}" if room else word,
                f"a {word} that the home has",
                f"Write 'also: {word} in {where}' at the head, or name another room.",
            )
        rooms = ", ".join(_english(place.room) for place in meant)
        raise Unclear(word, f"which one: {rooms}", f"Add 'in {_english(meant[0].room)}'.")

    # --- times ----------------------------------------------------------------------------------

    def _time(self, next_day: str | None, days: str | None, text: str) -> float:
        """Return the second of the play at which it is `text` o'clock, not before now."""
        later = int(days) if days else (1 if next_day else 0)
        if later > DAYS_MAX:
            raise Unclear(f"{later} days later", f"at most {DAYS_MAX}", "Make it fewer.")
        midnight_s = self._now_s - self._second_of_day()
        at_s = midnight_s + later * DAY_S + _clock_s(text)
        if at_s < self._now_s:
            if not self._new_day:
                raise Unclear(
                    text,
                    f"a time from {_as_clock(self._second_of_day())} on",
                    f"Write 'next day {text}' if it is on the day after.",
                )
            at_s += DAY_S
        self._new_day = False
        return at_s

    def _second_of_day(self) -> float:
        return (self._setting.begins_s + ZONE_S + self._now_s) % DAY_S

    def _window(self, window: Window) -> tuple[float, float]:
        """Return from when to when it is expected: times of day are the next ones from now."""
        if window.within_s is not None:
            return self._now_s, self._now_s + window.within_s
        if not window.first:
            return self._now_s, self._next(window.last)
        # "At 23:41" is that minute, "at 23:41:05" that second.
        whole_s = 0.999 if window.first.count(":") == 2 else 59.999
        if not window.last:
            end_s = self._next(window.first, whole_s)
            return max(self._now_s, end_s - whole_s), end_s
        end_s = self._next(window.last)
        lasts_s = (_clock_s(window.last) - _clock_s(window.first)) % DAY_S
        return max(self._now_s, end_s - lasts_s), end_s

    def _next(self, text: str, more_s: float = 0.0) -> float:
        end_s = self._now_s - self._second_of_day() + _clock_s(text) + more_s
        return end_s if end_s >= self._now_s else end_s + DAY_S


def _bare(line: str) -> str:
    """Return the line without a comment and what is around it."""
    return line.partition("#")[0].strip()


def _span(text: str) -> float:
    span_s = phrases.span_s(text)
    if span_s is None or not 0 <= span_s <= DAYS_MAX * DAY_S:
        raise Unclear(text, "a span of time, as '20 min' or '3 h'", "Correct it.")
    return span_s


def _clock_s(text: str) -> float:
    hours, minutes, seconds = [*map(int, text.split(":")), 0][:3]
    if hours > 23 or minutes > 59 or seconds > 59:
        raise Unclear(text, "a time of day from 00:00 to 23:59", "Correct it.")
    return hours * 3600.0 + minutes * 60.0 + seconds


def _as_clock(second: float) -> str:
    return f"{int(second // 3600):02}:{int(second // 60 % 60):02}"


def _english(room: str) -> str:
    return next(word.en for word in ROOMS if word.zh == room)


def _hint(text: str, known: Sequence[str]) -> str:
    near = get_close_matches(text, known, n=1, cutoff=0.5)
    if near:
        return f"Did you mean {near[0]!r}?"
    return "The words are in tests/scenarios/README.md."

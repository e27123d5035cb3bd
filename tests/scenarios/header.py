"""Reads the head of a play: when it begins, and the home in which it is set."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

from agent.core.text import Sentence
from local_rules.day import ZONE_S
from local_rules.fault import RuleFault
from local_rules.preset import Preset
from local_rules.rows.cities import CITIES
from local_rules.rows.profiles import PROFILES
from local_rules.settle import settle
from local_rules.wish import KEYS as WISH_KEYS
from local_rules.wish import read
from tests.scenarios.phrases import room_in, rule_in
from tests.scenarios.play import Place, Setting
from tests.scenarios.words import THINGS

KEYS: Mapping[str, Sentence] = {
    "title": Sentence("剧本", "play"),
    "about": Sentence("说明", "about"),
    "begins": Sentence("开始", "begins"),
    "also": Sentence("另有", "also"),
    "without": Sentence("没有", "without"),
    "clock": Sentence("时钟", "clock"),
    "city": Sentence("城市", "city"),
    "profile": Sentence("照护", "profile"),
    "set": Sentence("设定", "set"),
    "off": Sentence("关闭", "off"),
}

_KNOWN = (Sentence("已知", "known"), Sentence("未知", "unknown"))


class Unclear(Exception):
    """A piece of text that is not understood: what was got, what is wanted, and what to do."""

    def __init__(self, got: str, wanted: str, next_step: str) -> None:
        super().__init__(f"got {got!r}; wanted {wanted}. {next_step}")


@dataclass
class Head:
    """The head as it is being read, line by line."""

    title: str = ""
    about: list[str] = field(default_factory=list)
    begins_s: float | None = None
    clock_known: bool = True
    also: list[Place] = field(default_factory=list)
    without: list[Place] = field(default_factory=list)
    wishes: dict[str, object] = field(default_factory=dict)
    tables: dict[str, dict[str, object]] = field(default_factory=dict)

    def take(self, line: str) -> bool:
        """Take in `line` if it belongs to a head; return whether it does. Errors: Unclear."""
        key, colon, value = line.replace("：", ":", 1).partition(":")
        for name, words in KEYS.items():
            if colon and key.strip().lower() in (words.en, words.zh):
                getattr(self, f"_{name}")(value.strip())
                return True
        return False

    def setting(self) -> Setting:
        """Return the setting of the play. Errors: Unclear when something is missing or refused."""
        if self.begins_s is None:
            raise Unclear(
                "no beginning",
                "a line 'begins: 2026-03-14 07:00'",
                "Write it above the first line.",
            )
        usual = [Place(thing, room) for thing, kind in THINGS.items() for room in kind.usual]
        places = [place for place in usual if place not in self.without]
        places += [place for place in self.also if place not in places]
        try:
            wish = read({**self.wishes, **self.tables})
            settle(wish)
        except RuleFault as fault:
            raise Unclear(
                "a wish about the rules", "one that the safety table allows", fault.sentence.en
            ) from fault
        return Setting(
            title=self.title,
            about=" ".join(self.about),
            begins_s=self.begins_s,
            places=tuple(places),
            clock_known=self.clock_known,
            wish=wish,
        )

    def _title(self, value: str) -> None:
        self.title = value

    def _about(self, value: str) -> None:
        self.about.append(value)

    def _begins(self, value: str) -> None:
        form = re.fullmatch(r"(\d{4}-\d\d-\d\d) (\d\d:\d\d)", value)
        try:
            local = datetime.strptime(value, "%Y-%m-%d %H:%M") if form else None
        except ValueError:
            local = None
        if local is None or not 2025 <= local.year < 2100:
            raise Unclear(
                value, "a day and a time as 2026-03-14 07:00, from 2025 on", "Correct the date."
            )
        since = local.replace(tzinfo=UTC) - timedelta(seconds=ZONE_S)
        self.begins_s = since.timestamp()

    def _also(self, value: str) -> None:
        self.also += _places(value)

    def _without(self, value: str) -> None:
        for place in _places(value, whole_home=True):
            self.without.append(place)

    def _clock(self, value: str) -> None:
        known, unknown = _KNOWN
        if value not in (known.en, known.zh, unknown.en, unknown.zh):
            raise Unclear(value, "known or unknown", "Say whether the hub knows the time.")
        self.clock_known = value in (known.en, known.zh)

    def _city(self, value: str) -> None:
        self.wishes["city"] = _preset(value, CITIES)

    def _profile(self, value: str) -> None:
        self.wishes["profiles"] = [_preset(name, PROFILES) for name in _items(value)]

    def _set(self, value: str) -> None:
        match = re.fullmatch(r"(\w+)\.(\w+)\s*=\s*(.+)", value)
        if match is None or match[1] in WISH_KEYS:
            raise Unclear(
                value, "RULE.PARAMETER = VALUE, as fall.rearm_s = 20 min", "Correct the line."
            )
        number = re.fullmatch(r"[+-]?\d{1,9}(?:\.\d{1,6})?", match[3])
        self.tables.setdefault(match[1], {})[match[2]] = (
            float(match[3]) if number is not None else match[3]
        )

    def _off(self, value: str) -> None:
        off: list[str] = []
        for name in _items(value):
            rule = rule_in(name)[0]
            if rule is None:
                raise Unclear(name, "the name of a rule", "Correct its spelling.")
            off.append(str(rule))
        self.wishes["off"] = off


def _items(value: str) -> list[str]:
    return [item.strip() for item in re.split(r"[,，、]", value)]


def _preset(value: str, presets: Mapping[str, Preset]) -> str:
    """Return the id of the city or profile that goes by this name."""
    for preset in presets.values():
        if value.lower() in (preset.id, preset.name.en.lower(), preset.name.zh):
            return preset.id
    known = ", ".join(preset.name.en for preset in presets.values())
    raise Unclear(value, f"one of {known}", "Correct its spelling.")


def _places(value: str, *, whole_home: bool = False) -> list[Place]:
    """Return the things of a list. Without a room: from the whole home where `whole_home`."""
    places: list[Place] = []
    for item in _items(value):
        room, word = room_in(item)
        thing = next(
            (
                key
                for key, one in THINGS.items()
                if word.lower() in (one.words.en.lower(), one.words.zh)
            ),
            None,
        )
        if thing is None:
            known = ", ".join(one.words.en for one in THINGS.values())
            raise Unclear(word, f"one of {known}", "Correct its spelling.")
        if room:
            places.append(Place(thing, room))
        elif whole_home:
            places += [Place(thing, usual) for usual in THINGS[thing].usual]
        else:
            raise Unclear(item, "a thing and its room, as 'light in bedroom'", "Add it.")
    return places

"""Rule files: what a site wants of the rules, as TOML, with the line of what is wrong in it.

Owns the form of the file around the `[rules]` table, which `local_rules.wish` reads: a rule file is
that table alone, the hub's configuration has it beside its other sections.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from agent.core.errors import ConfigError
from agent.core.text import Sentence
from local_rules.fault import RuleFault, known, shown
from local_rules.settle import settle
from local_rules.wish import KEYS, Wish, read

TABLE = "rules"

_MOST_BYTES = 1_000_000  # A whole table of wishes is some 20 kB.
_HEADER = re.compile(r"\s*\[\[?\s*([^\[\]]+?)\s*\]\]?")
_KEY = re.compile(r"""\s*((?:[\w-]+|"[^"]*"|'[^']*')(?:\s*\.\s*(?:[\w-]+|"[^"]*"|'[^']*'))*)\s*=""")


def load(path: Path) -> Wish:
    """Return what the rule file `path` wants, found good whole.

    Errors: RuleFault with file and line.
    """
    text, raw = parse(path)
    body: dict[str, Any] = {}
    for key, value in raw.items():
        if key in KEYS:
            body[key] = value
        elif key != TABLE or not isinstance(value, dict):
            wanted = known((TABLE, *KEYS), key)
            raise at_line(
                path,
                text,
                RuleFault(
                    (key,),
                    Sentence(
                        f"{shown(key)} 不属于规则文件：应为 {wanted}。规则写成 [rules.规则名]。",
                        f"{shown(key)} is nothing of a rule file: wanted {wanted}. Write rules as "
                        "[rules.RULE].",
                    ),
                ),
            )
    for key, value in raw.get(TABLE, {}).items():
        if key in body:
            both = Sentence(f"[rules] 与文件开头都有 {key}", f"{key} stands twice")
            step = Sentence("请删去其一。", "wanted once. Remove one of them.")
            fault = RuleFault((key,), Sentence(f"{both.zh}：{step.zh}", f"{both.en}: {step.en}"))
            raise at_line(path, text, fault)
        body[key] = value
    return judged(path, text, body)


def judged(path: Path, text: str, body: Mapping[str, Any]) -> Wish:
    """Return the wish in `body`, which stands in `text` of `path`, if it is good by itself.

    Errors: RuleFault with file and line.
    """
    try:
        wish = read(body)
        settle(wish)
    except RuleFault as fault:
        raise at_line(path, text, fault) from fault
    return wish


def parse(path: Path) -> tuple[str, dict[str, Any]]:
    """Return the text of a TOML file and what it says. Errors: ConfigError in one line."""
    try:
        with path.open("rb") as file:
            content = file.read(_MOST_BYTES + 1)
    except OSError as error:
        raise ConfigError(
            f"{path}: cannot be read ({error.strerror}). Name a file that is there and readable."
        ) from error
    except ValueError as error:  # A zero byte in the name.
        raise ConfigError(f"{shown(str(path))}: not a file name: {error}. Correct it.") from error
    if len(content) > _MOST_BYTES:
        raise ConfigError(f"{path}: larger than {_MOST_BYTES} bytes, wanted a file of settings.")
    try:
        text = content.decode()
        return text, tomllib.loads(text)
    except RecursionError as error:
        raise ConfigError(f"{path}: nested too deeply. Keep to [sections] of keys.") from error
    except ValueError as error:
        # Not TOML, not UTF-8, or a number of more digits than Python reads. A table that stands
        # twice is found here too, with its line.
        says = " ".join(str(error).split())[:160]
        raise ConfigError(f"{path}: not TOML: {says}. Correct that line and try again.") from error


def at_line(path: Path, text: str, fault: RuleFault) -> RuleFault:
    """Return the fault with the file and, where it can be told, the line before it."""
    line = line_of(text, fault.where)
    place = f"{path}:{line}" if line else str(path)
    sentence = Sentence(f"{place}: {fault.sentence.zh}", f"{place}: {fault.sentence.en}")
    return RuleFault(fault.where, sentence)


def line_of(text: str, where: tuple[str, ...]) -> int:
    """Return the line in which the key `where` of the rules stands, or else its table; 0: nowhere.

    >>> line_of("[rules.cold]\\nlimit = 99", ("cold", "limit"))
    2
    """
    best, found = 0, 0
    for number, path in _keys(text):
        inner = path[1:] if path[:1] == (TABLE,) else path
        same = len(inner) if inner and inner == where[: len(inner)] else int(path == where)
        if same > best:
            best, found = same, number
    return found


def _keys(text: str) -> Iterator[tuple[int, tuple[str, ...]]]:
    """Yield the line and the path of each header and key. What looks like one inside a text of
    several lines is taken for one too: it can only move the number of a line."""
    table: tuple[str, ...] = ()
    for number, line in enumerate(text.splitlines(), 1):
        header = _HEADER.match(line)
        if header is not None:
            table = _path(header[1])
            yield number, table
            continue
        key = _KEY.match(line)
        if key is not None:
            yield number, (*table, *_path(key[1]))


def _path(dotted: str) -> tuple[str, ...]:
    parts = re.findall(r"""[\w-]+|"[^"]*"|'[^']*'""", dotted)
    return tuple(part.strip("\"'") for part in parts)

"""Which language is spoken, and that every word exists in both."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path
from string import Formatter

import pytest

import agent.cli
from agent.cli import text
from agent.cli.language import choose
from agent.core.actuation import ActuationKind
from agent.core.alarm import AlarmState, Hazard
from agent.core.clock import TimeQuality
from agent.core.device import DeviceKind
from agent.core.mode import Mode
from agent.core.reading import Quantity
from agent.core.row import Kind
from agent.core.text import Sentence
from agent.site.state import Part
from drivers.base import PairStage
from tests.cli.hub import anju, hub, status

CJK = re.compile(r"[一-鿿]")
SAME_IN_BOTH = {"TIMES"}  # A number beside a word that is already translated.


def entries() -> Iterator[tuple[str, Sentence]]:
    for name, value in vars(text).items():
        if isinstance(value, Sentence):
            yield name, value
        elif isinstance(value, dict) and not name.startswith("__"):
            for key, sentence in value.items():
                yield f"{name}[{key}]", sentence


@pytest.mark.parametrize(("name", "sentence"), list(entries()))
def test_every_entry_has_both_languages_and_the_same_fields(name: str, sentence: Sentence) -> None:
    fields = [
        {field for _, field, _, _ in Formatter().parse(said) if field}
        for said in (sentence.zh, sentence.en)
    ]
    assert sentence.zh
    assert sentence.en
    assert fields[0] == fields[1]
    assert not CJK.search(sentence.en)
    without_fields = re.sub(r"\{.*?\}", "", sentence.zh)
    if name not in SAME_IN_BOTH and re.search(r"[A-Za-z]{4}", without_fields):
        assert CJK.search(sentence.zh), "not translated"


@pytest.mark.parametrize(
    ("table", "members"),
    [
        (text.STATES, AlarmState),
        (text.HAZARDS, Hazard),
        (text.KINDS, DeviceKind),
        (text.QUANTITIES, Quantity),
        (text.ROW_KINDS, Kind),
        (text.TIME_QUALITY, TimeQuality),
        (text.ACTUATIONS, ActuationKind),
        (text.MODES, Mode),
        (text.SITE_PARTS, Part),
        (text.PAIR_STAGES, [*PairStage, "first_report"]),
    ],
)
def test_every_member_of_a_closed_set_has_a_word(
    table: dict[str, Sentence], members: list[str]
) -> None:
    assert set(table) == {str(member) for member in members}


def said_elsewhere(source: str) -> list[str]:
    """Return the string literals that look like words for a person: Chinese, or several words.

    Docstrings, keys, messages of programmers' errors and a command's `example=` are not.
    """
    tree = ast.parse(source)
    spared: set[ast.AST] = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant):
            spared.add(node.value)
        elif isinstance(node, ast.Raise | ast.Assert):
            spared.update(ast.walk(node))
        elif isinstance(node, ast.Subscript):
            spared.update(ast.walk(node.slice))
        elif isinstance(node, ast.keyword) and node.arg in ("example", "metavar"):
            spared.update(ast.walk(node.value))
    return [
        node.value
        for node in ast.walk(tree)
        if isinstance(node, ast.Constant)
        and isinstance(node.value, str)
        and node not in spared
        and (CJK.search(node.value) or re.search(r"[A-Za-z]{2,} [A-Za-z]{2,}", node.value))
    ]


def test_no_word_for_a_person_stands_outside_the_text_module() -> None:
    folder = Path(agent.cli.__file__).parent
    files = [f for f in folder.glob("*.py") if f.name not in ("text.py", "reference.py")]
    assert len(files) > 8
    found = {f.name: said_elsewhere(f.read_text(encoding="utf-8")) for f in files}
    assert not {name: words for name, words in found.items() if words}


def test_a_word_outside_the_text_module_would_be_found() -> None:
    assert said_elsewhere('click.echo("all is well")') == ["all is well"]
    assert said_elsewhere('click.echo(f"{n} 台设备")')
    assert not said_elsewhere('"""A docstring of words."""')


@pytest.mark.parametrize(
    ("asked", "environment", "configured", "want"),
    [
        ("en", {"ANJU_LANG": "zh", "LANG": "zh_CN.UTF-8"}, "zh", "en"),
        (None, {"ANJU_LANG": "zh", "LANG": "en_US.UTF-8"}, "en", "zh"),
        (None, {"LANG": "zh_CN.UTF-8"}, "en", "en"),
        (None, {"LANG": "zh_CN.UTF-8"}, None, "zh"),
        (None, {"LC_ALL": "zh_TW", "LANG": "en_US.UTF-8"}, None, "zh"),
        (None, {"LANG": "C.UTF-8"}, None, "en"),
        (None, {}, None, "en"),
    ],
)
def test_the_language_is_the_nearest_wish(
    asked: str | None, environment: dict[str, str], configured: str | None, want: str
) -> None:
    assert choose(asked=asked, environment=environment, configured=configured) == want


async def test_the_configuration_may_choose_the_language(tmp_path: Path) -> None:
    async with hub(tmp_path, status=status()) as home:
        file = tmp_path / "zh.toml"
        file.write_text(home.config.read_text() + 'language = "zh"\n')
        assert "就绪" in (await home.anju("status", "--config", str(file))).out
        assert "ready" in (await home.anju("--config", str(file), "status", "--lang", "en")).out


def test_help_follows_the_system() -> None:
    assert "命令" in anju("--help", LANG="zh_CN.UTF-8").out
    assert "Commands" in anju("--help", LANG="en_US.UTF-8").out

"""Rule files: what is wrong is said with file and line; the hub's file has the same table."""

from __future__ import annotations

from pathlib import Path

import pytest

from agent.config import load as load_config
from agent.core.alarm import RuleId
from agent.core.errors import CommandRefused, ConfigError
from agent.rule_files import line_of, load
from agent.site.overlay import rules_of, settled_of
from local_rules.fault import RuleFault
from local_rules.settle import Layer
from local_rules.wish import Wish

HUB = '[hub]\nid = "hub-1"\n'
GOOD = """
version = 7
[rules]
city = "ningbo"
profiles = ["frail"]
off = ["heat"]

[rules.inactivity]
limit_s = "9 h"   # Asked for by the daughter.
night_limit_s = 30000
"""


def test_a_rule_file_says_version_city_profiles_rules_off_and_values(tmp_path: Path) -> None:
    file = tmp_path / "rules.toml"
    file.write_text(GOOD)
    values = {"inactivity.limit_s": 32_400.0, "inactivity.night_limit_s": 30_000.0}
    assert load(file) == Wish(7, "ningbo", ("frail",), (RuleId("heat"),), values)


@pytest.mark.parametrize(
    ("text", "line", "says"),
    [
        ("[rules.smok]\n", 1, "is not a rule"),
        ("[rules.inactivity]\n\nlimit_s = 9\n", 3, "wanted 10800-86400 s"),
        ("[rules]\ninactivity.limit_s = 9\n", 2, "wanted 10800-86400 s"),
        ("rules.inactivity.limit_s = 9\n", 1, "wanted 10800-86400 s"),
        ("[rules]\ninactivity = { limit_s = 9 }\n", 2, "wanted 10800-86400 s"),
        ('[rules.inactivity]\nlimit_s = "9 miles"\n', 2, "not a unit"),
        ("[rules.inactivity]\nlimit_s = nan\n", 2, "safety limits"),
        ("[rules.inactivity]\nlimit_s = inf\n", 2, "safety limits"),
        ("[rules.inactivity]\nlimit_s = 2026-11-01\n", 2, "not a number"),
        ("[rules]\noff = [\n  'smoke',\n]\n", 2, "cannot be turned off"),
        ('\ncity = "atlantis"\n', 2, "shanghai"),
        ('[rules]\nprofiles = ["immortal"]\n', 2, "independent"),
        ("[rules.cold]\nlimit = 17\n[rules.cold_hint]\nlimit = 16.5\n", 2, "contradicts"),
        ('[hub]\nid = "x"\n', 1, "nothing of a rule file"),
        ("rules = 5\n", 1, "nothing of a rule file"),
        ('city = "anji"\n[rules]\ncity = "anji"\n', 1, "stands twice"),
    ],
)
def test_a_fault_has_its_line(tmp_path: Path, text: str, line: int, says: str) -> None:
    file = tmp_path / "rules.toml"
    file.write_text(text)
    with pytest.raises(RuleFault) as caught:
        load(file)
    assert str(caught.value).startswith(f"{file}:{line}: ")
    assert says in str(caught.value)
    assert caught.value.sentence.zh.startswith(f"{file}:{line}: ")


@pytest.mark.parametrize(
    ("content", "says"),
    [
        (b"[rules.cold]\nlimit = 15\n[rules.cold]\nlimit = 15\n", "line 3"),
        (b"[rules.cold]\nlimit = 15\nlimit = 15\n", "line 3"),
        (b"[rules.cold\n", "line 1"),
        (b"\xff\xfe", "not TOML"),
        (b"[rules.cold]\nlimit = " + b"9" * 5000, "not TOML"),
        (b"x = " + b"[" * 20_000, "nested too deeply"),
        (b"#" * 1_000_001, "larger than"),
    ],
)
def test_what_is_no_toml_is_refused_in_one_line(tmp_path: Path, content: bytes, says: str) -> None:
    file = tmp_path / "rules.toml"
    file.write_bytes(content)
    with pytest.raises(ConfigError) as caught:
        load(file)
    assert str(caught.value).startswith(f"{file}: ")
    assert says in str(caught.value)
    assert len(str(caught.value).splitlines()) == 1


def test_a_file_that_is_not_there_is_said_to_be_so(tmp_path: Path) -> None:
    for path in (tmp_path / "none.toml", tmp_path, Path("a\0b")):
        with pytest.raises(ConfigError):
            load(path)


def test_the_line_of_what_stands_nowhere_is_that_of_its_table() -> None:
    text = "[rules.cold]\nlimit = 15\n"
    assert line_of(text, ("cold", "hold_s")) == 1
    assert line_of(text, ("heat",)) == 0


def test_the_hubs_own_file_has_the_same_table_and_it_reaches_the_rules(tmp_path: Path) -> None:
    file = tmp_path / "anju.toml"
    file.write_text(HUB + GOOD.replace("version = 7\n", ""))
    config = load_config(file)
    rules = rules_of(config, {})
    assert rules.by_id[RuleId("inactivity")].values["limit_s"] == 32_400
    assert RuleId("heat") not in rules.by_id
    # The platform's wishes come on top, and the hard ranges hold for them as well.
    settled = settled_of(config, {"tuned": {"inactivity.limit_s": 28_800}})
    assert settled.values["inactivity.limit_s"].value == 28_800
    assert settled.values["inactivity.limit_s"].layer is Layer.PLATFORM
    assert settled.values["inactivity.night_limit_s"].layer is Layer.SITE
    with pytest.raises(CommandRefused, match="safety limits"):
        settled_of(config, {"tuned": {"inactivity.limit_s": 1}})


def test_a_wrong_table_in_the_hubs_file_starts_nothing(tmp_path: Path) -> None:
    file = tmp_path / "anju.toml"
    file.write_text(HUB + "[rules.inactivity]\nlimit_s = 1\n")
    with pytest.raises(ConfigError) as caught:
        load_config(file)
    assert str(caught.value).startswith(f"{file}:4: [rules.inactivity] limit_s = 1 is outside")
    file.write_text(HUB + "rules = 5\n")
    with pytest.raises(ConfigError, match=r"hub.rules is not a key|rules"):
        load_config(file)
    file.write_text(HUB + "[siren]\nsos_s = " + "9" * 5000)
    with pytest.raises(ConfigError, match="not TOML"):
        load_config(file)

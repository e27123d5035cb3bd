"""A wrong configuration: one line that says what to do, exit code 2, and nothing is started."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from tests.hub import ROOT

WHOLE = """
[hub]
id = "hub-1"
data_dir = "{folder}/data"
runtime_dir = "{folder}/run"
{hub}

[zigbee]
port = "{folder}/stick"
{zigbee}

[uplink]
host = "127.0.0.1"
{uplink}
"""
CASES = {
    "an unknown key": ({"hub": 'colour = "red"'}, "hub.colour", "wanted one of", "Remove it"),
    "a wrong type": ({"uplink": 'port = "1883"'}, "uplink.port", "'1883'", "integer"),
    "a value below its range": ({"uplink": "keepalive_s = 1"}, "uplink.keepalive_s", "= 1", "10"),
    "a value above its range": ({"zigbee": "channel = 27"}, "zigbee.channel", "= 27", "26"),
    "a word that is no choice": ({"hub": 'language = "fr"'}, "hub.language", "'fr'", "'zh'"),
    "an unknown section": ({"uplink": "[zigbeee]"}, "zigbeee", "wanted one of", "spelling"),
    "something that is not TOML": ({"uplink": "keepalive_s == 1"}, "TOML", "line", "try again"),
}


def start(name: str, config: Path) -> subprocess.CompletedProcess[str]:
    """Run a process of the hub that must end by itself."""
    command = [sys.executable, "-m", "agent", name, "--config", str(config), "--lang", "en"]
    return subprocess.run(
        command, cwd=ROOT, capture_output=True, text=True, timeout=30, check=False
    )


def refused(done: subprocess.CompletedProcess[str], config: Path, words: tuple[str, ...]) -> None:
    """Demand one line with these words, exit code 2 and nothing started."""
    assert done.returncode == 2, done.stderr
    assert done.stdout == ""
    assert len(done.stderr.splitlines()) == 1, done.stderr
    for word in (str(config), *words):
        assert word in done.stderr, done.stderr
    assert not (config.parent / "data").exists()
    assert not (config.parent / "run").exists()


@pytest.mark.parametrize(
    ("case", "name"),
    [
        *((case, "guard") for case in CASES),
        *((case, name) for case in list(CASES)[:3] for name in ("link", "up")),
    ],
)
def test_a_wrong_file_starts_nothing(case: str, name: str, tmp_path: Path) -> None:
    parts, *words = CASES[case]
    config = tmp_path / "anju.toml"
    empty = {"hub": "", "zigbee": "", "uplink": ""}
    config.write_text(WHOLE.format(folder=tmp_path, **{**empty, **parts}))
    refused(start(name, config), config, tuple(words))


@pytest.mark.parametrize("name", ["guard", "link", "up"])
def test_a_missing_file_starts_nothing(name: str, tmp_path: Path) -> None:
    config = tmp_path / "nowhere.toml"
    refused(start(name, config), config, ("cannot be read", "--config"))


def test_a_file_of_bytes_starts_nothing(tmp_path: Path) -> None:
    config = tmp_path / "anju.toml"
    config.write_bytes(bytes(range(256)))
    refused(start("guard", config), config, ("TOML",))


def test_a_folder_in_place_of_the_file_starts_nothing(tmp_path: Path) -> None:
    config = tmp_path / "anju.toml"
    config.mkdir()
    refused(start("guard", config), config, ("cannot be read",))


def test_a_missing_key_is_named(tmp_path: Path) -> None:
    config = tmp_path / "anju.toml"
    config.write_text(f'[hub]\ndata_dir = "{tmp_path}/data"\nruntime_dir = "{tmp_path}/run"\n')
    refused(start("guard", config), config, ("hub.id", "is missing", "Add it"))

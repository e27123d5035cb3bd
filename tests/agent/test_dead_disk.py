"""A disk that hangs or fails takes no row with it and comes back to a whole record."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.hub import ROOT

SHIM = Path(__file__).with_name("dead_disk.c")


@pytest.fixture(scope="module")
def shim(tmp_path_factory: pytest.TempPathFactory) -> Path:
    compiler = shutil.which("cc") or shutil.which("gcc")
    if compiler is None:
        pytest.skip("a dying disk needs a C compiler for the preloaded fsync")
    built = tmp_path_factory.mktemp("shim") / "dead_disk.so"
    command = [compiler, "-shared", "-fPIC", "-o", str(built), str(SHIM), "-ldl"]
    subprocess.run(command, check=True, timeout=60)
    return built


@pytest.mark.parametrize(("sickness", "says"), [("dead", "does not answer"), ("fail", "I/O error")])
def test_every_row_is_kept_once_while_the_disk_is_sick_and_after(
    tmp_path: Path, shim: Path, sickness: str, says: str
) -> None:
    (tmp_path / "disk").mkdir()
    done = subprocess.run(
        [sys.executable, "-m", "tests.agent.dead_disk", str(tmp_path), sickness],
        cwd=ROOT,
        env={
            **os.environ,
            "LD_PRELOAD": str(shim),
            "DEAD_DISK": str(tmp_path / "disk"),
            "DEAD_WHILE": str(tmp_path / "dead"),
            "FAIL_WHILE": str(tmp_path / "fail"),
        },
        capture_output=True,
        text=True,
        timeout=100,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    saw = json.loads(done.stdout)
    assert saw["told"] == [True] * 9
    assert saw["left"]
    assert says in saw["trouble"]
    assert saw["whole"] == "ok"
    assert saw["seqs"] == list(range(1, 10)), "each row once"
    assert saw["in_main"] == [True] * 3 + [False] * 3 + [True] * 3
    assert saw["stopped"]

"""What the rules say and keep is what is written down."""

from __future__ import annotations

import pytest

from local_rules.catalog import Row
from tests.local_rules.said import FILE, chosen, scenes

WRITTEN = FILE.read_text(encoding="utf-8")


@pytest.mark.parametrize("row", chosen(), ids=lambda row: row.id)
@pytest.mark.parametrize("drill", [False, True], ids=["real", "drill"])
def test_it_says_and_keeps_what_is_written(row: Row, drill: bool) -> None:
    """Where it is meant to differ: python -m tests.local_rules.said"""
    assert "\n".join(scenes(row, drill)) + "\n" in WRITTEN


def test_nothing_is_written_that_no_rule_says() -> None:
    written = [line for line in WRITTEN.splitlines() if line.startswith("## ")]
    said = [line for row in chosen() for drill in (False, True) for line in scenes(row, drill)]
    assert written == [line for line in said if line.startswith("## ")]

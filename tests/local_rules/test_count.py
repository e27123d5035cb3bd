"""How often is enough: what counts, what is too old, and what has not come yet."""

from __future__ import annotations

import pytest

from local_rules.patterns.count import counted, is_enough, recent

VALUES = {"times": 3.0, "times_within_s": 100.0}


@pytest.mark.parametrize(
    ("hit", "counts"),
    [(899.9, False), (900.0, True), (999.0, True), (1000.0, True), (1000.1, False)],
)
def test_what_is_not_too_old_counts_up_to_this_very_moment(hit: float, counts: bool) -> None:
    assert recent((hit,), VALUES, 1000.0) == ((hit,) if counts else ())


def test_the_latest_are_kept_and_so_many_are_enough() -> None:
    hits: tuple[float, ...] = ()
    for number, enough in enumerate((False, False, True, True)):
        hits = counted(hits, VALUES, 1000.0 + number)
        assert is_enough(hits, VALUES) is enough
    assert hits == (1001.0, 1002.0, 1003.0)

"""What opens and closes a gate, and what is none of its business."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from agent.core.reading import Quantity, Value
from local_rules.patterns.gate import Gate, listens
from local_rules.patterns.sequence import Match
from tests.local_rules.kit import says

VALUES = {"given": 12.0}


def empty() -> Gate:
    """Return a gate that is open while the home is empty; made anew, so that its making is tried as
    well."""
    return Gate(
        opens=(Match(Quantity.PRESENCE, values=("away",)),), closes=(Match(Quantity.MOTION),)
    )


def cold() -> Gate:
    """Return a gate that is open while it is cold."""
    return Gate(level=Quantity.TEMP_C, below=True)


def test_a_gate_goes_by_what_opens_it_what_closes_it_or_its_level_and_by_nothing_else() -> None:
    assert empty().heard == (Quantity.PRESENCE, Quantity.MOTION)
    assert cold().heard == (Quantity.TEMP_C,)
    assert listens((empty(), cold()), Quantity.TEMP_C)
    assert not listens((empty(), cold()), Quantity.SMOKE)


@pytest.mark.parametrize("was", [True, False])
@pytest.mark.parametrize("gate", [empty, cold], ids=["matches", "level"])
def test_a_reading_of_another_quantity_leaves_it_as_it_was(
    gate: Callable[[], Gate], was: bool
) -> None:
    for value in (True, False, 5.0, 50.0, "away"):
        assert gate().after(VALUES, says(Quantity.HUMIDITY_PCT, value, 1.0), was) is was


@pytest.mark.parametrize(
    ("quantity", "value", "was", "now"),
    [
        (Quantity.PRESENCE, "away", False, True),
        (Quantity.PRESENCE, "home", False, False),
        (Quantity.PRESENCE, "home", True, True),
        (Quantity.MOTION, True, True, False),
        (Quantity.MOTION, True, False, False),
    ],
)
def test_what_it_hears_opens_or_closes_it(
    quantity: Quantity, value: Value, was: bool, now: bool
) -> None:
    assert empty().after(VALUES, says(quantity, value, 1.0), was) is now


@pytest.mark.parametrize(("value", "now"), [(11.9, True), (12.0, True), (12.1, False), ("", True)])
def test_a_level_opens_it_at_the_limit_and_what_is_no_number_says_nothing(
    value: Value, now: bool
) -> None:
    assert cold().after(VALUES, says(Quantity.TEMP_C, value, 1.0), True) is now

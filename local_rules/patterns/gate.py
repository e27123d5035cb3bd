"""What must hold beside its own input for a rule to count: somebody in bed, the home empty.

A gate opens and closes by readings of others; a rule counts while all its gates are open. Doubt is
settled by the row: `at_first` says what holds until anything was heard of it.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from agent.core.event import Observed
from agent.core.reading import Quantity
from local_rules.patterns.numbers import as_number
from local_rules.patterns.sequence import Match, fits_any


@dataclass(frozen=True, slots=True)
class Gate:
    """Opened by what fits `opens`, closed by what fits `closes`; what fits both opens.

    `level` instead: a quantity, and the gate is open while its number is at least the rule's
    parameter `given` (`below`: at most). `ends`: closing also ends what stands. `heard`: what it
    goes by.
    """

    opens: tuple[Match, ...] = ()
    closes: tuple[Match, ...] = ()
    at_first: bool = True
    ends: bool = False
    level: Quantity | None = None
    below: bool = False
    heard: tuple[Quantity, ...] = field(init=False)

    def __post_init__(self) -> None:
        named = (match.quantity for match in (*self.opens, *self.closes))
        heard = tuple(dict.fromkeys(named)) if self.level is None else (self.level,)
        object.__setattr__(self, "heard", heard)

    def after(self, values: Mapping[str, float], event: Observed, was: bool) -> bool:
        """Return whether the gate is open after the event."""
        if event.reading.quantity not in self.heard:
            return was
        if self.level is not None:
            number = as_number(event.reading.value)
            if number is None:
                return was
            return number <= values["given"] if self.below else number >= values["given"]
        if was and not fits_any(self.closes, event):
            return True
        return fits_any(self.opens, event)


def at_first(gates: tuple[Gate, ...]) -> tuple[bool, ...]:
    """Return which gates are open before anything was heard."""
    return tuple([gate.at_first for gate in gates])


def after(
    gates: tuple[Gate, ...], values: Mapping[str, float], event: Observed, was: tuple[bool, ...]
) -> tuple[bool, ...]:
    """Return which gates are open after the event; `was` itself if nothing differs."""
    if len(gates) == 1:  # Nearly all, and most readings change none.
        is_open = gates[0].after(values, event, was[0])
        return was if is_open is was[0] else (is_open,)
    pairs = zip(gates, was, strict=True)
    now = tuple([gate.after(values, event, is_open) for gate, is_open in pairs])
    return was if now == was else now


def listens(gates: tuple[Gate, ...], quantity: Quantity) -> bool:
    """Return whether a gate goes by this quantity."""
    for gate in gates:  # noqa: SIM110 (a generator costs more than the answer)
        if quantity in gate.heard:
            return True
    return False


def is_ended(gates: tuple[Gate, ...], now: tuple[bool, ...]) -> bool:
    """Return whether one is closed whose closing ends what stands."""
    return any(gate.ends and not is_open for gate, is_open in zip(gates, now, strict=True))


def takes(gates: tuple[Gate, ...]) -> tuple[str, ...]:
    """Return the parameters that the gates need."""
    return ("given",) if any(gate.level is not None for gate in gates) else ()

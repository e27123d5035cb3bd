"""The SIM: what it asks for, and the texts it holds. Knows nothing of the line."""

from dataclasses import dataclass, field

ABSENT, WANTS_PIN, WANTS_PUK, FAILED, WRONG_PASSWORD = 10, 11, 12, 13, 16
TRIES = 3


@dataclass(slots=True)
class Card:
    """One SIM. `size` is how many texts it holds; places count from 1."""

    pin: str = ""
    size: int = 20
    present: bool = True
    broken: bool = False
    tries: int = TRIES
    opened: bool = False
    stored: dict[int, str] = field(default_factory=dict)

    def error(self) -> int | None:
        """Return why nothing works, as the number of a CME ERROR; None when all does."""
        if not self.present:
            return ABSENT
        if self.broken:
            return FAILED
        if not self.tries:
            return WANTS_PUK
        return WANTS_PIN if self.pin and not self.opened else None

    def says(self) -> str:
        """Return the word of +CPIN."""
        return {WANTS_PIN: "SIM PIN", WANTS_PUK: "SIM PUK"}.get(self.error() or 0, "READY")

    def enter(self, pin: str) -> bool:
        """Try a PIN; return whether it was right."""
        if pin == self.pin:
            self.tries, self.opened = TRIES, True
            return True
        self.tries -= 1
        return False

    def keep(self, pdu: str) -> int | None:
        """Return where a message was put, None when there is no room."""
        place = next((n for n in range(1, self.size + 1) if n not in self.stored), None)
        if place is not None:
            self.stored[place] = pdu
        return place

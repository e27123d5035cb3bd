"""Which sound is next.

Owns the order: the more urgent first, of equals the one that came first; what is more urgent breaks
in. Pure: a waiting room that answers questions.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from agent.core.signal import Sound, Urgency

WAITING_MAX = 16
"""Sounds that may wait; one more and the least urgent goes, the longest waiting of these."""


@dataclass(eq=False)
class Turn:
    """One sound on its way. Two turns of the same sound are two. `standing`: one more round of a
    tone that is heard again and again."""

    sound: Sound
    standing: bool = False
    again: bool = False  # It was broken into once and is tried a second time.


@dataclass
class Turns:
    """The sounds that wait."""

    waiting: list[Turn] = field(default_factory=list)

    def put(self, turn: Turn) -> list[Turn]:
        """Take a turn; return those that are given up for it.

        These are what a newer sound about the same thing makes untrue ("calling", and then
        "answered"), and what an alarm overtakes ("cancelled", and then a press) unless it keeps.
        """
        stale = [one for one in self.waiting if _is_stale(one.sound, turn.sound)]
        self.waiting = [t for t in self.waiting if t not in stale]
        self.waiting.append(turn)
        if len(self.waiting) > WAITING_MAX:
            least = min(self.waiting, key=lambda t: t.sound.urgency)
            self.waiting.remove(least)
            stale.append(least)
        return stale

    def take(self) -> Turn | None:
        """Return the turn that is next, None when none waits."""
        if not self.waiting:
            return None
        turn = max(self.waiting, key=lambda t: t.sound.urgency)  # The first of equals.
        self.waiting.remove(turn)
        return turn

    def back(self, turn: Turn) -> bool:
        """Take back a turn that was broken into; return whether it is tried again."""
        if turn.again or not turn.sound.keeps:
            return False
        turn.again = True
        self.waiting.insert(0, turn)
        return True

    def drop(self, turn: Turn) -> None:
        """Forget a turn that nobody wants any more."""
        if turn in self.waiting:
            self.waiting.remove(turn)


def _is_stale(waiting: Sound, newer: Sound) -> bool:
    if waiting.about and waiting.about == newer.about:
        return True
    is_alarm = newer.urgency >= Urgency.LOW
    return is_alarm and waiting.urgency < newer.urgency and not waiting.keeps

"""The network and the people behind it: calls that go on by themselves, texts on their way."""

from asyncio import AbstractEventLoop, TimerHandle
from collections.abc import Callable
from dataclasses import dataclass

HOME, SEARCHING, DENIED, ROAMING = 1, 2, 3, 5
DIALLING, ALERTING, ACTIVE, INCOMING = 2, 3, 0, 4


@dataclass(frozen=True, slots=True)
class Habit:
    """What a called person does: `does` answer, busy, no_answer, no_carrier or refuse."""

    does: str = "answer"
    after_s: float = 0.2
    keys: str = ""
    keys_after_s: float = 0.2
    hangs_up_after_s: float = 0.0  # 0: never.


class VoiceCall:
    """One call. `tell` gets what happens: ringing, active, a key, or how it ended."""

    def __init__(
        self, loop: AbstractEventLoop, number: str, habit: Habit, tell: Callable[[str, str], None]
    ) -> None:
        self.number = number
        self.state = DIALLING
        self.keys = ""
        self._loop = loop
        self._habit = habit
        self._tell = tell
        self._timers: list[TimerHandle] = []
        self._active_s = loop.time()
        self._later(min(0.05, habit.after_s / 2), self._alert)
        self._later(habit.after_s, self._decide)

    @property
    def lasted_s(self) -> float:
        return self._loop.time() - self._active_s if self.state == ACTIVE else 0.0

    def press(self, keys: str) -> None:
        """Have the person press keys now."""
        for key in keys:
            self.keys += key
            self._tell("key", key)

    def stop(self) -> None:
        """Forget what would have happened."""
        for timer in self._timers:
            timer.cancel()

    def _later(self, delay_s: float, what: Callable[[], None]) -> None:
        self._timers.append(self._loop.call_later(delay_s, what))

    def _alert(self) -> None:
        self.state = ALERTING
        self._tell("ringing", "")

    def _decide(self) -> None:
        habit = self._habit
        if habit.does != "answer":
            self._tell("ended", {"busy": "BUSY", "no_answer": "NO ANSWER"}.get(habit.does, ""))
            return
        self.state, self._active_s = ACTIVE, self._loop.time()
        self._tell("active", "")
        if habit.keys:
            self._later(habit.keys_after_s, lambda: self.press(habit.keys))
        if habit.hangs_up_after_s:
            self._later(habit.hangs_up_after_s, lambda: self._tell("ended", ""))

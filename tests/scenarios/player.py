"""Plays a play and judges it: every line in turn, every expectation at its time.

At the end each alarm that began must have been expected by a line, and each expectation met by an
alarm of its own.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol, assert_never

from agent.core.alarm import Alarm, AlarmId
from agent.core.text import Sentence
from local_rules.day import DAY_S, ZONE_S
from tests.scenarios.chronicle import Happened
from tests.scenarios.house import House
from tests.scenarios.play import (
    Blind,
    Change,
    Claim,
    Does,
    Expect,
    Happens,
    Person,
    Play,
    Presence,
    Quiet,
    Refused,
    Stands,
    Step,
    Tell,
    Waits,
)


@dataclass(frozen=True, slots=True)
class Failure:
    """What was not as the play says, at `line` (0: at no line)."""

    line: int
    says: Sentence


@dataclass(frozen=True, slots=True)
class Played:
    """A play and what came of it. `after` is, for each of `happened`, the last line before it."""

    play: Play
    happened: tuple[Happened, ...]
    after: tuple[int, ...]
    failures: tuple[Failure, ...]


class Stage(Protocol):
    """What a play is played on. The house of this folder takes no time; a real hub takes its own.

    `late_s` is how much later than a hub without wires this one may be.
    """

    late_s: float
    refused: bool

    @property
    def happened(self) -> list[Happened]:
        """Return what came of it so far, in order."""
        ...

    @property
    def open_alarms(self) -> list[Alarm]:
        """Return the alarms that somebody still has to do something about."""
        ...

    @property
    def presence(self) -> str:
        """Return what the hub believes of who is at home, "" before it said anything."""
        ...

    def pass_until(self, second: float) -> None:
        """Let time pass up to `second` of the play."""
        ...

    def tell(self, told: Tell) -> None:
        """Let a device say something now."""
        ...

    def happens(self, what: Happens) -> None:
        """Let the house go through something."""
        ...

    def answer(self, person: Person) -> int:
        """Let somebody answer the open alarms that are meant; return how many there were."""
        ...

    def blind_rules(self) -> set[str]:
        """Return the rules that do not hear a device on which they rely."""
        ...

    def is_doing(self, thing: str) -> bool:
        """Return whether a thing of the kind does what it was told last: sounds, is shut, is on."""
        ...

    def comes_true(self, condition: Callable[[], bool]) -> bool:
        """Return whether `condition` holds, as soon as it can on this stage."""
        ...


def play_out(play: Play, stage: Stage | None = None) -> Played:
    """Play it on `stage`; without one on a house of its own, where only the play's time passes."""
    return _Performance(play, House(play.setting) if stage is None else stage).run()


class _Performance:
    def __init__(self, play: Play, house: Stage) -> None:
        self._play = play
        self._house = house
        self._failures: list[Failure] = []
        self._after: list[int] = []
        self._claimed: set[int] = set()

    def run(self) -> Played:
        line = 0
        for step in self._play.steps:
            self._house.pass_until(step.at_s)
            self._mark(line)
            self._do(step)
            line = step.line
            self._mark(line)
        self._house.pass_until(self._play.ends_s + self._house.late_s)
        self._mark(line)
        self._judge()
        happened = tuple(self._house.happened)
        failures = sorted(self._failures, key=lambda failure: failure.line or 10**9)
        return Played(self._play, happened, tuple(self._after), tuple(failures))

    def _mark(self, line: int) -> None:
        """Note that all that has happened since the last look came after `line`."""
        self._after += [line] * (len(self._house.happened) - len(self._after))

    def _do(self, step: Step) -> None:
        what = step.what
        if isinstance(what, Tell):
            self._house.tell(what)
        elif isinstance(what, Happens):
            self._house.happens(what)
        elif isinstance(what, Person):
            if not self._house.answer(what):
                self._fail(step, "没有可处置的报警", "there is no alarm to answer")
        else:
            self._check(step, what)

    def _check(self, step: Step, claim: Claim) -> None:
        house = self._house
        match claim:
            case Stands():
                self._check_standing(step, claim)
            case Does(thing, doing):
                if not house.comes_true(lambda: house.is_doing(thing) is doing):
                    self._fail(step, f"{thing} 不是这样", f"the {thing} does not")
            case Blind(rule):
                if not house.comes_true(lambda: rule in house.blind_rules()):
                    rules = ", ".join(sorted(house.blind_rules())) or "none"
                    self._fail(step, f"失明的规则：{rules}", f"blind rules: {rules}")
            case Presence(value):
                if not house.comes_true(lambda: house.presence == value):
                    self._fail(step, f"判断为 {house.presence}", f"believed {house.presence!r}")
            case Refused():
                if not house.refused:
                    self._fail(step, "没有被拒绝", "it was not refused")
            case Expect() | Quiet() | Waits():
                pass  # Judged when all is over.
            case _:
                assert_never(claim)

    def _check_standing(self, step: Step, claim: Stands) -> None:
        def mine() -> list[Alarm]:
            return [one for one in self._house.open_alarms if claim.rule in (None, one.rule)]

        def fits() -> bool:
            found = mine()
            return any(one.state in claim.states for one in found) if claim.states else not found

        if not self._house.comes_true(fits):
            got = ", ".join(f"{one.rule} {one.state}" for one in mine()) or "none"
            self._fail(step, f"此时的报警：{got}", f"alarms at this moment: {got}")

    # --- when all is over -------------------------------------------------------------------------

    def _judge(self) -> None:
        for step in self._play.steps:
            if isinstance(step.what, Expect) and not self._is_met(step.what):
                near = self._nearest(step.what)
                self._fail(step, f"没有发生；{near.zh}", f"did not happen; {near.en}")
            elif isinstance(step.what, Quiet):
                self._check_quiet(step, step.what)
        raised = {
            one.alarm.id
            for n, one in enumerate(self._house.happened)
            if n in self._claimed and one.alarm is not None and one.change is Change.RAISED
        }
        for n, one in enumerate(self._house.happened):
            if n not in self._claimed and _must_be_expected(one, raised):
                assert one.alarm is not None, "only alarms must be expected"
                told = f"{one.alarm.severity} {one.alarm.rule}"
                when = clock_of(self._play, one.second)
                self._failures.append(
                    Failure(
                        self._after[n],
                        Sentence(
                            f"未预料的报警 {told}（{when}）：{one.says.zh}",
                            f"unexpected alarm {told} at {when}: {one.says.en}",
                        ),
                    )
                )

    def _is_met(self, expect: Expect) -> bool:
        for n, one in enumerate(self._house.happened):
            if n not in self._claimed and _fits(expect, one, self._house.late_s):
                self._claimed.add(n)
                return True
        return False

    def _nearest(self, expect: Expect) -> Sentence:
        """Return what happened of that rule instead."""
        told = [
            f"{one.change} {one.alarm.severity} {clock_of(self._play, one.second)}"
            for one in self._house.happened
            if one.alarm is not None and one.alarm.rule == expect.rule and one.change is not None
        ]
        got = ", ".join(told[:6]) or "none"
        return Sentence(f"该规则：{got}", f"of this rule: {got}")

    def _check_quiet(self, step: Step, quiet: Quiet) -> None:
        for one in self._house.happened:
            is_within = step.at_s < one.second <= quiet.until_s
            if is_within and one.change in (Change.RAISED, Change.ASKS):
                assert one.alarm is not None, "it is a change of an alarm"
                when = clock_of(self._play, one.second)
                self._fail(
                    step,
                    f"{when} 并不平静：{one.alarm.rule}",
                    f"not quiet: {one.alarm.rule} at {when}",
                )

    def _fail(self, step: Step, zh: str, en: str) -> None:
        self._failures.append(Failure(step.line, Sentence(zh, en)))


def _fits(expect: Expect, one: Happened, late_s: float) -> bool:
    alarm = one.alarm
    if alarm is None or one.change is not expect.change or alarm.rule != expect.rule:
        return False
    if not expect.from_s <= one.second <= expect.to_s + late_s or alarm.drill is not expect.drill:
        return False
    if expect.severity not in (None, alarm.severity) or expect.room not in ("", _room(one)):
        return False
    return expect.because in one.says.zh or expect.because in one.says.en


def _room(one: Happened) -> str:
    """Return the room that the alarm is about, as its sentence or its subject names it."""
    assert one.alarm is not None, "a change of an alarm"
    subject = one.alarm.subject.removeprefix("drill:")
    return subject.removeprefix("room:") if subject.startswith("room:") else one.room


def _must_be_expected(one: Happened, raised: set[AlarmId]) -> bool:
    """Return whether it would disturb somebody: an alarm, or a question that led to none."""
    if one.alarm is None:
        return False
    if one.change is Change.ASKS:
        return one.alarm.id not in raised
    return one.change is Change.RAISED


def clock_of(play: Play, second: float) -> str:
    """Return the time of day at `second` of the play, with the day where it is not the first."""
    from_midnight = (play.setting.begins_s + ZONE_S) % DAY_S + second
    days, rest = divmod(int(from_midnight), int(DAY_S))
    clock = f"{rest // 3600:02}:{rest // 60 % 60:02}"
    clock += f":{rest % 60:02}" if rest % 60 else ""
    return f"+{days}d {clock}" if days else clock

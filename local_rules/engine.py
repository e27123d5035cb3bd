"""Runs the rules: one event in, the new state and what is to be done out.

Owns which state belongs to whom. Knows nothing of what a rule decides; that is the patterns'
matter.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, NamedTuple, assert_never

from agent.core.alarm import RuleId
from agent.core.clock import Stamp
from agent.core.command import AckAlarm, EndDrills, ResolveAlarm
from agent.core.device import DeviceId, hub_part
from agent.core.effect import Derive, Effect
from agent.core.event import Commanded, Event, Observed, Scheduled, Woken
from agent.core.reading import Quantity, Reading
from local_rules.rule import DRILL, HOME, ROOM, AnyRule, Outcome, RuleBook

_SHARED = (f"{DRILL}{HOME}", f"{DRILL}{ROOM}")
"""How the subjects of drills begin that are not of one device."""


_DEPTH = 4
"""Readings derived from derived readings, and so on: life, presence, alert line; no table needs
more, and one that goes in a circle must not hang the hub."""


STATES = 4096
"""States kept at most, all rules together: eight times what fifty devices make. Beyond it what came
last of the rule with the most subjects goes, for a flood of made-up devices must not push out those
of the home. What is not remembered may still raise."""


class StateKey(NamedTuple):
    """Whose state: one for each rule and subject."""

    rule: RuleId
    subject: str


@dataclass(frozen=True, slots=True)
class EngineState:
    """What all rules remember, each in the immutable form of its pattern. The mapping is shared
    between states and never written to."""

    states: Mapping[StateKey, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Step:
    """What came of one event: `effects` in the order in which they are to be done, the keys whose
    state is to be kept anew on disk, those whose state is gone, and of these the ones for which
    there was no more room, which is to be written down."""

    state: EngineState
    effects: tuple[Effect, ...] = ()
    changed: tuple[StateKey, ...] = ()
    forgotten: tuple[StateKey, ...] = ()
    evicted: tuple[StateKey, ...] = ()


def step(state: EngineState, event: Event, book: RuleBook) -> Step:
    """Return what `event` changes and asks for under the rules of `book`.

    What rules derive from it is taken in at once, in the same step. Never raises for anything a
    device, a timer or a person can send.
    """
    made = _first(state, event, book)
    return _with_derived(made, book) if made.effects else made


def _with_derived(made: Step, book: RuleBook) -> Step:
    """Take in what the rules derived, and what they derive from that."""
    news = made.effects
    for _ in range(_DEPTH):
        derived = [effect.reading for effect in news if isinstance(effect, Derive)]
        if not derived:
            break
        news = ()
        for reading in derived:
            more = _observe(made.state, Observed(reading), book)
            news = (*news, *more.effects)
            made = Step(
                more.state,
                (*made.effects, *more.effects),
                tuple(dict.fromkeys((*made.changed, *more.changed))),
                (*made.forgotten, *more.forgotten),
                (*made.evicted, *more.evicted),
            )
    return made


def _first(state: EngineState, event: Event, book: RuleBook) -> Step:
    match event:
        case Observed():
            return _observe(state, event, book)
        case Woken():
            return _wake(state, event, book)
        case Commanded(EndDrills(device)):
            return _end_drills(state, device, book)
        case Commanded(AckAlarm(caller=caller) | ResolveAlarm(caller=caller)) if caller.on_site:
            # Whoever answers at the hub itself is alive, and in the home.
            answered = Reading(hub_part("answer"), Quantity.AT_HUB, True, event.stamp)
            return _observe(state, Observed(answered), book)
        case Commanded() | Scheduled():
            return Step(state)  # Neither says anything about what a device reports.
        case _:
            assert_never(event)


def resume(state: EngineState, stamp: Stamp, book: RuleBook) -> Step:
    """Return the timers that the restored `state` relies on, as they are to run after a restart.

    With this no timer needs to be kept besides the state: `OnResume` is already obeyed in what
    comes out, and an overdue `WakeAt` is meant to ring at once.
    """
    turn = _Turn(state)
    for key, before in state.states.items():
        rule = book.by_id.get(key.rule)
        if rule is not None:
            turn.take(rule, key, before, rule.pattern.resume(rule, before, key.subject, stamp))
    return _with_derived(turn.done(), book)


def _observe(state: EngineState, event: Observed, book: RuleBook) -> Step:
    rules = book.by_quantity.get(event.reading.quantity)
    if rules is None:
        return Step(state)
    turn, states = _Turn(state), state.states
    by, subject = None, ""
    for rule in rules:
        if rule.subject_by is not by:  # Most neighbours in the book keep the same things apart.
            by, subject = rule.subject_by, rule.subject_of(event)
        before = states.get((rule.id, subject))  # type: ignore[call-overload]  # Equal to its key.
        outcome = rule.pattern.observe(rule, before, subject, event)
        if outcome[0] is not before or outcome[1]:  # Most readings are news to no rule.
            turn.take(rule, StateKey(rule.id, subject), before, outcome)
    return turn.done()


def _wake(state: EngineState, event: Woken, book: RuleBook) -> Step:
    # A subject may hold slashes ("hub:zigbee/stick"); the rule and the name of the timer may not.
    name, _, rest = event.key.partition("/")
    subject, _, what = rest.rpartition("/")
    key = StateKey(RuleId(name), subject)
    rule, before = book.by_id.get(key.rule), state.states.get(key)
    if rule is None or before is None:
        return Step(state)  # The timer of a rule or a device that is no longer there.
    turn = _Turn(state)
    turn.take(rule, key, before, rule.pattern.wake(rule, before, subject, what, event.stamp))
    return turn.done()


def _end_drills(state: EngineState, device: DeviceId, book: RuleBook) -> Step:
    """Forget what the drill with `device` left behind: a door that was opened for it would be left
    open in the eyes of the drill for ever. Timers of what is gone ring for nobody."""
    own = DRILL + device
    gone = tuple(
        key
        for key in state.states
        if key.subject.startswith(DRILL)
        and key.rule in book.by_id
        and book.by_id[key.rule].pattern.forgets_drills
        and (key.subject.partition("/")[0] == own or key.subject.startswith(_SHARED))
    )
    if not gone:
        return Step(state)
    left = {key: held for key, held in state.states.items() if key not in gone}
    return Step(EngineState(left), forgotten=gone)


class _Turn:
    """Gathers the outcomes of one event; the mapping is copied only if one of them differs."""

    def __init__(self, state: EngineState) -> None:
        self._state = state
        self._new: dict[StateKey, Any] = {}
        self._kept: list[StateKey] = []
        self._effects: list[Effect] = []

    def take(self, rule: AnyRule, key: StateKey, before: Any, outcome: Outcome[Any]) -> None:
        """Add what one rule made of the event."""
        after, effects = outcome
        if after is not None and after is not before:
            self._new[key] = after
            if rule.pattern.is_kept(before, after):
                self._kept.append(key)
        if effects:
            self._effects.extend(effects)

    def done(self) -> Step:
        """Return the whole."""
        if not self._new:
            return Step(self._state, tuple(self._effects))
        states = {**self._state.states, **self._new}
        if len(states) <= STATES:
            return Step(EngineState(states), tuple(self._effects), tuple(self._kept))
        evicted = _evict(states)
        kept = tuple(key for key in self._kept if key not in evicted)
        return Step(EngineState(states), tuple(self._effects), kept, evicted, evicted)


def _evict(states: dict[StateKey, Any]) -> tuple[StateKey, ...]:
    """Take out of `states` what is too much, and return it."""
    subjects = Counter(key.rule for key in states)
    evicted = []
    while len(states) > STATES:
        rule = max(subjects, key=subjects.__getitem__)
        last = next(key for key in reversed(states) if key.rule == rule)
        del states[last]
        subjects[rule] -= 1
        evicted.append(last)
    return tuple(evicted)

"""Which sound is next, whatever comes in which order."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from agent.core.signal import Sound, Urgency
from drivers.host.turns import WAITING_MAX, Turn, Turns

sounds = st.builds(
    Sound, st.sampled_from(Urgency), about=st.sampled_from(["", "a"]), keeps=st.booleans()
)


@given(st.lists(sounds, max_size=40))
def test_the_most_urgent_comes_first_and_none_is_forgotten_in_silence(
    asked: list[Sound],
) -> None:
    turns, given_up = Turns(), list[Turn]()
    put = [Turn(sound) for sound in asked]
    for turn in put:
        given_up += turns.put(turn)
        assert len(turns.waiting) <= WAITING_MAX
    heard = []
    while (turn_taken := turns.take()) is not None:
        heard.append(turn_taken)
    urgencies = [turn.sound.urgency for turn in heard]
    assert urgencies == sorted(urgencies, reverse=True)
    assert sorted(map(id, heard + given_up)) == sorted(map(id, put))
    unrelated = [sound.urgency for sound in asked if sound.keeps and not sound.about]
    if unrelated:
        assert heard[0].sound.urgency >= max(unrelated)


def test_of_equals_the_first_comes_first() -> None:
    turns = Turns()
    put = [Turn(Sound(Urgency.MESSAGE)) for _ in range(3)]
    for turn in put:
        turns.put(turn)
    assert [turns.take() for _ in put] == put


def test_what_an_alarm_overtakes_is_no_longer_true_unless_somebody_said_it() -> None:
    turns = Turns()
    cancelled, spoken = Turn(Sound(Urgency.NOTICE)), Turn(Sound(Urgency.MESSAGE, keeps=True))
    alarm = Turn(Sound(Urgency.HIGH))
    assert turns.put(cancelled) == []
    assert turns.put(spoken) == []
    assert turns.put(alarm) == [cancelled]
    assert [turns.take(), turns.take(), turns.take()] == [alarm, spoken, None]


def test_only_the_newest_word_about_an_alarm_is_still_true() -> None:
    turns = Turns()
    calling = [Turn(Sound(Urgency.HIGH, about="a", keeps=True)) for _ in range(3)]
    other, answered = Turn(Sound(Urgency.HIGH, about="b")), Turn(Sound(Urgency.MESSAGE, about="a"))
    assert [turns.put(turn) for turn in calling] == [[], calling[:1], calling[1:2]]
    assert turns.put(other) == []
    assert turns.put(answered) == calling[2:]
    assert [turns.take(), turns.take()] == [other, answered]


def test_what_was_broken_into_is_said_once_more_and_not_for_ever() -> None:
    turns, spoken = Turns(), Turn(Sound(Urgency.MESSAGE, keeps=True))
    assert turns.back(spoken)
    assert turns.take() is spoken
    assert not turns.back(spoken)
    assert not turns.back(Turn(Sound(Urgency.NOTICE)))

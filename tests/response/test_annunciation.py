"""What the person hears and sees: which tone, lamp and words belong to which state."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agent.core.alarm import Alarm, AlarmState, Hazard, Severity
from agent.core.command import Caller, Role
from agent.core.effect import RaiseAlarm
from agent.core.signal import Lamp, Urgency
from agent.response import phrases
from agent.response.annunciation import STANDING, Prompt, Shown, prompts, shown
from agent.response.lifecycle import AlarmBook, Cause
from agent.response.phrases import SAYS, Phrase
from agent.response.tones import SHAPES, Tone
from tests.response.kit import DAUGHTER, NEIGHBOUR, Desk, raised, restored

S3 = replace(raised(Hazard.MEDICATION, latched=False), severity=Severity.S3)
S4 = raised(Hazard.HUB_FAULT)
OWED = (AlarmState.ACTIVE, AlarmState.RTN_UNACKED)


def heard(desk: Desk, what: Cause) -> list[Prompt]:
    before = desk.book
    return list(prompts(before, desk.take(what).book))


def kind(said: Prompt) -> tuple[Urgency, Tone | None, Phrase]:
    return said.urgency, said.tone, said.phrase


def looks(desk: Desk) -> tuple[Tone | None, Lamp]:
    found = shown(desk.book)
    return found.tone, found.lamp


def standing(effect: RaiseAlarm, state: AlarmState) -> AlarmBook:
    """Return the book of one alarm that is in a state, however it came there."""
    desk = Desk()
    return AlarmBook.of([replace(desk.begin(effect), state=state)])


@pytest.mark.parametrize(
    ("effect", "tone", "lamp", "urgency"),
    [
        (raised(Hazard.SOS), Tone.HIGH, Lamp.FAST, Urgency.HIGH),
        (raised(Hazard.WATER_LEAK), Tone.MEDIUM, Lamp.SLOW, Urgency.MEDIUM),
        (S3, Tone.LOW, Lamp.STEADY, Urgency.LOW),
    ],
)
def test_each_grade_has_its_tone_its_lamp_and_words_at_once(
    effect: RaiseAlarm, tone: Tone, lamp: Lamp, urgency: Urgency
) -> None:
    desk = Desk()
    (said,) = heard(desk, effect)
    assert (said.tone, said.urgency) == (tone, urgency)
    assert looks(desk) == (tone, lamp)


@pytest.mark.parametrize("effect", [S4, raised(Hazard.SOS, drill=True)])
def test_a_trouble_or_a_drill_is_neither_heard_nor_seen(effect: RaiseAlarm) -> None:
    desk = Desk()
    assert heard(desk, effect) == []
    assert shown(desk.book) == Shown()


def test_every_press_is_answered_so_that_the_person_hears_that_it_worked() -> None:
    desk = Desk()
    for _ in range(3):
        (said,) = heard(desk, raised(Hazard.SOS))
        assert kind(said) == (Urgency.HIGH, Tone.HIGH, Phrase.CALLING)


def test_the_words_of_a_fire_say_what_to_do() -> None:
    assert heard(Desk(), raised(Hazard.SMOKE))[0].phrase is Phrase.SMOKE
    assert heard(Desk(), raised(Hazard.GAS))[0].phrase is Phrase.GAS
    assert heard(Desk(), raised(Hazard.CO))[0].phrase is Phrase.CO


@pytest.mark.parametrize(
    ("by", "phrase"),
    [
        (DAUGHTER, Phrase.OPERATOR_ANSWERED),
        (NEIGHBOUR, Phrase.HEARD_HERE),
        (Caller(Role.OPERATOR, "contact:1", on_site=False), Phrase.CONTACT_ANSWERED),
    ],
)
def test_who_has_answered_is_said_and_the_tone_ends(by: Caller, phrase: Phrase) -> None:
    desk = Desk()
    alarm = desk.begin(raised(Hazard.SOS))
    before = desk.book
    (said,) = prompts(before, desk.ack(alarm, by).book)
    assert kind(said) == (Urgency.MESSAGE, Tone.NOTE, phrase)
    assert looks(desk) == (None, Lamp.STEADY)


def test_an_answer_from_afar_does_not_silence_what_still_burns() -> None:
    desk = Desk()
    desk.ack(desk.begin(raised(Hazard.SMOKE)), DAUGHTER)
    assert looks(desk) == (Tone.HIGH, Lamp.FAST)
    desk.take(restored(Hazard.SMOKE))
    assert looks(desk) == (None, Lamp.STEADY)


def test_the_end_of_an_alarm_is_said_and_then_all_is_quiet() -> None:
    desk = Desk()
    alarm = desk.begin(raised(Hazard.SOS))
    before = desk.book
    (said,) = prompts(before, desk.resolve(alarm).book)
    assert kind(said) == (Urgency.NOTICE, None, Phrase.OVER)
    assert shown(desk.book) == Shown()


def test_what_was_called_off_is_said_to_be_cancelled() -> None:
    desk = Desk()
    alarm = desk.begin(raised(Hazard.SOS))
    asked = AlarmBook.of([alarm])
    closed = replace(alarm, state=AlarmState.CLOSED, cause="false_press")
    (said,) = prompts(asked, AlarmBook.of([closed]))
    assert said.phrase is Phrase.CANCELLED


def test_while_the_person_is_asked_only_the_lamp_shows_it() -> None:
    book = standing(raised(Hazard.FALL), AlarmState.PRE_ALARM)
    assert (shown(book).tone, shown(book).lamp) == (None, Lamp.SLOW)
    (alarm,) = book.open.values()
    (said,) = prompts(book, AlarmBook.of([replace(alarm, state=AlarmState.ACTIVE)]))
    assert said.phrase is Phrase.CALLING
    closed = replace(alarm, state=AlarmState.CLOSED, cause="restored")
    (said,) = prompts(book, AlarmBook.of([closed]))
    assert said.phrase is Phrase.CANCELLED


def test_what_was_held_back_is_neither_heard_nor_seen_nor_said_to_be_over() -> None:
    book = standing(raised(Hazard.INACTIVITY), AlarmState.SHELVED)
    assert shown(book) == Shown()
    (alarm,) = book.open.values()
    closed = replace(alarm, state=AlarmState.CLOSED, cause="restored")
    assert prompts(book, AlarmBook.of([closed])) == []


def test_who_answers_the_question_hears_that_nobody_is_called() -> None:
    book = standing(raised(Hazard.FALL), AlarmState.PRE_ALARM)
    (alarm,) = book.open.values()
    answered = replace(alarm, state=AlarmState.CLOSED, cause="answered", acked=alarm.detected)
    (said,) = prompts(book, AlarmBook.of([answered]))
    assert said.phrase is Phrase.CANCELLED


def test_an_alarm_that_nobody_answered_goes_before_a_graver_one_that_somebody_has() -> None:
    desk = Desk()
    desk.ack(desk.begin(raised(Hazard.SOS)), DAUGHTER)
    desk.begin(raised(Hazard.WATER_LEAK))
    assert looks(desk) == (Tone.MEDIUM, Lamp.SLOW)


def test_a_water_leak_does_not_change_what_a_fire_shows() -> None:
    desk = Desk()
    desk.begin(raised(Hazard.SMOKE))
    fire = shown(desk.book)
    desk.begin(raised(Hazard.WATER_LEAK, "zb:2"))
    assert shown(desk.book) == fire


def test_what_changes_nothing_says_nothing() -> None:
    desk = Desk()
    desk.begin(raised(Hazard.SMOKE))
    assert prompts(desk.book, desk.book) == ()
    assert heard(desk, restored(Hazard.CO)) == []


@given(
    st.lists(
        st.tuples(
            st.sampled_from(Hazard),
            st.sampled_from(list(Severity)[:3]),
            st.sampled_from(AlarmState),
        ),
        max_size=6,
    )
)
def test_however_many_alarms_the_sounding_one_is_the_most_urgent(
    alarms: list[tuple[Hazard, Severity, AlarmState]],
) -> None:
    desk, made = Desk(), list[Alarm]()
    for number, (hazard, severity, state) in enumerate(alarms):
        effect = replace(raised(hazard, f"zb:{number}"), severity=severity)
        made.append(replace(desk.begin(effect), state=state))
    book = AlarmBook.of(made)
    found = shown(book)
    unanswered = [a.severity for a in book.open.values() if a.state in OWED]
    if unanswered:
        assert found.tone is not None
        # One that was acknowledged may still sound, while its smoke is there.
        assert found.urgency >= Urgency.HIGH - int(min(unanswered)[1]) + 1
    if not book.open:
        assert found == Shown()


def test_every_phrase_has_words_in_both_languages() -> None:
    assert set(SAYS) == set(Phrase)
    assert all(words.zh and words.en for words in SAYS.values())


def test_who_was_told_is_named_by_relation() -> None:
    key, words = phrases.told("daughter")
    assert (key, words.zh, words.en) == (
        "told_daughter",
        "已通知您的女儿。",
        "Your daughter has been told.",
    )
    assert phrases.told("cousin's friend")[1].en == "Your contact has been told."


def test_an_urgent_tone_leaves_room_for_its_words() -> None:
    for tone, urgency in (
        (Tone.HIGH, Urgency.HIGH),
        (Tone.MEDIUM, Urgency.MEDIUM),
        (Tone.LOW, Urgency.LOW),
    ):
        every_s, _, calm_every_s = STANDING[urgency]
        assert SHAPES[tone].length_s + 2.5 <= every_s < calm_every_s
